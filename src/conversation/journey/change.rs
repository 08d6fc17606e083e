//! What a hop added or changed: one trace compared with the one before.

use ahash::{AHashMap, AHashSet};

use super::Change;
use super::trace::Trace;

/// Changes that are told of one step.
const MAX_CHANGES: usize = 50;

/// What is different in `after`, but for Received lines.
pub(super) fn changes(before: &Trace, after: &Trace) -> Vec<Change> {
    let mut out = envelope(before, after);
    fields(before, after, &mut out);
    if before.body.is_some() && after.body.is_some() && before.body != after.body {
        out.push(Change::Body);
    }
    out.truncate(MAX_CHANGES);
    out
}

/// What is different in the envelope of `after`: all that an attempt without a message shows.
pub(super) fn envelope(before: &Trace, after: &Trace) -> Vec<Change> {
    let mut out = Vec::new();
    if let (Some(from), Some(to)) = (&before.mail_from, &after.mail_from)
        && from != to
    {
        out.push(Change::Sender { from: from.clone(), to: to.clone() });
    }
    recipients(before, after, &mut out);
    out.truncate(MAX_CHANGES);
    out
}

/// A recipient was rewritten where the client says so (ORCPT), or where the only one that is gone can only have become
/// the only one that is new.
fn recipients(before: &Trace, after: &Trace, out: &mut Vec<Change>) {
    let known: AHashSet<&str> = before.recipients.iter().map(|r| r.address.as_str()).collect();
    let now: AHashSet<&str> = after.recipients.iter().map(|r| r.address.as_str()).collect();
    let mut explained = AHashSet::new();
    for recipient in &after.recipients {
        // it stays in ORCPT on all later hops: told where the address before was still the original one
        let from = recipient.original.as_deref().filter(|from| *from != recipient.address);
        if let Some(from) =
            from.filter(|from| known.contains(from) && !known.contains(recipient.address.as_str()))
        {
            explained.insert(from);
            explained.insert(recipient.address.as_str());
            out.push(Change::Recipient { from: from.to_owned(), to: recipient.address.clone() });
        }
    }
    let gone: Vec<_> = before.recipients.iter().map(|r| r.address.as_str()).collect();
    let gone = gone.into_iter().filter(|address| !now.contains(address) && !explained.contains(address));
    let new = after.recipients.iter().map(|r| r.address.as_str());
    let new = new.filter(|address| !known.contains(address) && !explained.contains(address));
    if let ([from], [to]) = (&gone.collect::<Vec<_>>()[..], &new.collect::<Vec<_>>()[..]) {
        out.push(Change::Recipient { from: (*from).to_owned(), to: (*to).to_owned() });
    }
}

/// Fields that were added, taken out, or say something else. One name may stand several times.
fn fields(before: &Trace, after: &Trace, out: &mut Vec<Change>) {
    let mut left: AHashMap<String, Vec<u64>> = AHashMap::new();
    for (name, digest) in before.outline.iter() {
        left.entry(name.to_ascii_lowercase()).or_default().push(digest);
    }
    let mut new: Vec<(&str, u64)> = Vec::new();
    for (name, digest) in after.outline.iter() {
        let digests = left.get_mut(&name.to_ascii_lowercase());
        match digests
            .and_then(|list| list.iter().position(|known| *known == digest).map(|at| list.remove(at)))
        {
            Some(_) => {}
            None => new.push((name, digest)),
        }
    }
    for (name, _) in new {
        let replaced = left.get_mut(&name.to_ascii_lowercase()).and_then(Vec::pop).is_some();
        let name = name.to_owned();
        out.push(if replaced { Change::FieldChanged(name) } else { Change::FieldAdded(name) });
    }
    for (name, _) in before.outline.iter() {
        if left.get_mut(&name.to_ascii_lowercase()).and_then(Vec::pop).is_some() {
            out.push(Change::FieldRemoved(name.to_owned()));
        }
    }
}
