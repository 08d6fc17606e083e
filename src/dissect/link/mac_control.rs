//! MAC control frames (IEEE 802.3 annex 31): PAUSE and priority-based flow control.

use super::super::fields::List;
use super::super::walk::{Flaw, Header, Next, Walk, be16};

/// Opcode of PAUSE (IEEE 802.3 annex 31B).
pub(crate) const PAUSE: u16 = 0x0001;
/// Opcode of priority-based flow control (IEEE 802.3 annex 31D).
pub(crate) const PFC: u16 = 0x0101;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<2>()?;
    let length = match be16(octets, 0) {
        PAUSE => 4,
        PFC => 20,
        _ => 2,
    };
    walk.claimed(length, "opcode")?;
    walk.limit(length);
    Ok(Header::new(length, Next::Payload))
}

pub(crate) fn fields(list: &mut List<'_>) {
    let opcode = list.hex("opcode", 0, 2) as u16;
    match opcode {
        PAUSE => {
            list.label("PAUSE");
            list.number("pause_time", 2, 2);
        }
        PFC => {
            list.label("priority-based flow control");
            list.hex("class_enable_vector", 2, 2);
            for class in 0..8 {
                list.number("pause_time", 4 + 2 * class, 2);
                list.label(format!("class {class}"));
            }
        }
        _ => {}
    }
}
