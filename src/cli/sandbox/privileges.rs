//! User, capabilities, and what else a process may do because of who it is.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::{DumpableBehavior, Gid, Uid, geteuid, set_dumpable_behavior};
use rustix::thread::{self, CapabilitySet, CapabilitySets};

use super::State;
use crate::capture::Caller;

/// Capabilities have numbers below this one.
const CAPABILITIES: u32 = 64;

/// Owner and others may make files in a folder that has both of these bits for them: write and search.
const WRITE_AND_SEARCH: u32 = 0o3;

/// Nothing that is ever executed can get a capability back. Only who has `CAP_SETPCAP` can take capabilities out of
/// that set; for others, [`no_new_privileges`] comes to the same.
pub(super) fn empty_bounding_set() {
    for number in 0..CAPABILITIES {
        let one = CapabilitySet::from_bits_retain(1 << number);
        if thread::remove_capability_from_bounding_set(one).is_err() {
            return;
        }
    }
}

/// Groups first, then the group, then the user: in any other order the right to change the next one is gone.
///
/// # Errors
/// When the kernel refuses, or would let the process become root again.
pub(super) fn become_user(owner: &Caller) -> io::Result<()> {
    let (user, group) = (Uid::from_raw(owner.user), Gid::from_raw(owner.group));
    let groups: Vec<Gid> = owner.groups.iter().copied().map(Gid::from_raw).collect();
    thread::set_thread_groups(&groups)?;
    // real, effective and saved: the saved one would be a way back
    thread::set_thread_res_gid(group, group, group)?;
    thread::set_thread_res_uid(user, user, user)?;
    if thread::set_thread_uid(Uid::ROOT).is_ok() || geteuid().is_root() {
        return Err(io::Error::other("root's place could be taken again"));
    }
    Ok(())
}

/// Gives all capabilities up. Root itself may write in another user's folder only by one of them, which is kept
/// where one of `folders` is such: Landlock bounds it to them.
pub(super) fn drop_capabilities(folders: &[PathBuf]) -> State {
    let foreign = folders.iter().find(|folder| geteuid().is_root() && !root_may_write_in(folder));
    let kept = if foreign.is_some() { CapabilitySet::DAC_OVERRIDE } else { CapabilitySet::empty() };
    // in a container root may not have it
    let kept = thread::capabilities(None).map_or(kept, |now| kept & now.permitted);
    let wanted = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    // kernels before 4.3 have no ambient set
    let _ = thread::clear_ambient_capability_set();
    let dropped = thread::set_capabilities(None, wanted).and_then(|()| thread::capabilities(None));
    match (dropped, foreign) {
        (Err(error), _) => State::Lacking(error.to_string()),
        (Ok(now), _) if now != wanted => State::Lacking("the kernel did not take them".into()),
        (Ok(_), Some(folder)) => {
            let reason = "CAP_DAC_OVERRIDE is kept, to write in a folder that is not root's";
            State::Lacking(format!("{reason}: {}", folder.display()))
        }
        (Ok(_), None) => State::Held,
    }
}

fn root_may_write_in(folder: &Path) -> bool {
    let allows = |mode: u32| mode & WRITE_AND_SEARCH == WRITE_AND_SEARCH;
    fs::metadata(folder).is_ok_and(|folder| match folder.uid() {
        0 => allows(folder.mode() >> 6),
        _ => allows(folder.mode()),
    })
}

/// # Errors
/// When the kernel has no such thing (before 3.5).
pub(super) fn no_new_privileges() -> io::Result<()> {
    Ok(thread::set_no_new_privs(true)?)
}

/// # Errors
/// When the kernel refuses.
pub(super) fn hide_memory() -> io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}
