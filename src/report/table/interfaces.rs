//! `interfaces`: what can be captured on.

use super::style::{Style, Tone, shown};
use crate::capture::LocalInterface;
use crate::report::Options;

/// The table, and what is missing. `program`: this program's file, as a shell takes it.
pub(in crate::report) fn interfaces(
    options: &Options,
    all: &[LocalInterface],
    may_capture: bool,
    program: &str,
) -> String {
    let style = Style::new(options);
    let mut out = String::new();
    if all.is_empty() {
        style.paragraph(&mut out, Tone::Plain, &style.word("interfaces.none"), 2);
        return out;
    }
    let mut table = style.grid(&["interface", "state", "kind", "addresses", "link_type", "sees_fcs"]);
    for interface in all {
        let state = match (interface.is_up, interface.is_running) {
            (true, true) => "up",
            (true, false) => "no_link",
            (false, _) => "down",
        };
        let mut addresses: Vec<String> = interface.addresses.iter().map(ToString::to_string).collect();
        addresses.extend(interface.hardware_address.map(|a| crate::packet::MacAddress(a).to_string()));
        let link = interface.link_type.map_or_else(
            || "-".to_owned(),
            |link| style.find(&format!("link_type.{}", link.0)).unwrap_or_else(|| link.to_string()),
        );
        let tone = if interface.is_up { Tone::Good } else { Tone::Quiet };
        table.add_row(vec![
            style.cell(Tone::Title, shown(&interface.name)),
            style.cell(tone, style.word(&format!("interfaces.state.{state}"))),
            style.cell(Tone::Plain, style.word(&format!("interfaces.kind.{}", interface.kind()))),
            style.cell(Tone::Plain, if addresses.is_empty() { "-".to_owned() } else { addresses.join("\n") }),
            style.cell(Tone::Plain, link),
            style.cell(Tone::Plain, style.word(&format!("interfaces.fcs.{}", interface.fcs.name()))),
        ]);
    }
    style.push_grid(&mut out, table);
    out.push('\n');
    style.paragraph(&mut out, Tone::Quiet, &style.word("interfaces.fcs_note"), 2);
    if may_capture {
        style.paragraph(&mut out, Tone::Plain, &style.word("interfaces.may"), 2);
    } else {
        let text = style.say("interfaces.may_not", &[("program", &shown(program))]);
        style.paragraph(&mut out, Tone::Warn, &text, 2);
    }
    out
}
