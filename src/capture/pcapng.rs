//! pcapng: the blocks of a capture one after the other (draft-ietf-opsawg-pcapng).
//!
//! Each block says its length at both ends. Where they do not agree, or cannot be right, that is damage; then
//! the next place is looked for where a block of a known type has two lengths that agree.
//! Packet blocks are taken apart here and not by `pcap-parser`, which makes a list of the options of each and
//! does not know the obsolete packet block; its options are read one by one.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::block::{self, Clock, Order};
use super::input::Octets;
use super::window::Window;
use super::{Damage, SourceInfo};
use crate::packet::{DeclaredFcs, Frame, LinkType, Timestamp};

/// The longest block that is read, in octets.
const MAX_BLOCK: u32 = 16 << 20;
/// The longest block at which the reading is taken up again behind damage.
const MAX_LANDMARK: u32 = 1 << 20;
/// The most interfaces of one capture.
const MAX_INTERFACES: usize = 65_536;
/// Octets of names and comments that are kept of one capture, and of one packet.
const MAX_TEXT: usize = 1 << 20;
/// Octets of secrets that are kept of one capture.
const MAX_SECRETS: usize = 64 << 20;
/// How many places of damage are told of in one capture; the reading goes on behind the others as well.
const MAX_DAMAGE: u32 = 1_000;

/// Reads a pcapng.
pub(super) struct Pcapng {
    window: Window,
    info: SourceInfo,
    order: Order,
    /// The number of the section's first interface.
    section_start: usize,
    /// One for each interface.
    clocks: Vec<Clock>,
    number: u64,
    comments: Vec<String>,
    /// Octets of the block that was lent out, to be left behind.
    pending: usize,
    /// Damage was met: the next block has to be looked for.
    lost: bool,
    text_left: usize,
    secrets_left: usize,
    damage_met: u32,
}

/// A packet's place in the window, and what is said of it.
struct Found {
    octets: Range<usize>,
    interface: u32,
    link_type: LinkType,
    time: Option<Timestamp>,
    original_length: u32,
    fcs: DeclaredFcs,
    is_outbound: bool,
}

impl Pcapng {
    pub(super) fn new(octets: Octets, position: &Arc<AtomicU64>, mut info: SourceInfo) -> Self {
        info.format = "pcapng";
        Self {
            window: Window::new(octets, position),
            info,
            order: Order::Little,
            section_start: 0,
            clocks: Vec::new(),
            number: 0,
            comments: Vec::new(),
            pending: 0,
            lost: false,
            text_left: MAX_TEXT,
            secrets_left: MAX_SECRETS,
            damage_met: 0,
        }
    }

    pub(super) fn info(&self) -> &SourceInfo {
        &self.info
    }

    pub(super) fn next_frame(&mut self) -> Result<Option<(Frame<'_>, &SourceInfo)>, Damage> {
        let found = loop {
            match self.find() {
                Ok(Some(found)) => break found,
                Ok(None) => return Ok(None),
                Err(damage) => self.tell(damage)?,
            }
        };
        self.number += 1;
        let frame = Frame {
            capture: 1,
            number: self.number,
            time: found.time,
            link_type: found.link_type,
            interface: found.interface,
            original_length: found.original_length,
            octets: self.window.data().get(found.octets).unwrap_or_default(),
            declared_fcs: found.fcs,
            is_outbound: found.is_outbound,
            comments: &self.comments,
        };
        Ok(Some((frame, &self.info)))
    }

    /// Damage is told of, unless there is too much of it.
    fn tell(&mut self, mut damage: Damage) -> Result<(), Damage> {
        self.damage_met = self.damage_met.saturating_add(1);
        if self.damage_met > MAX_DAMAGE {
            return Ok(());
        }
        if self.damage_met == MAX_DAMAGE {
            damage.reason.push_str("; damage behind this is not told of");
        }
        Err(damage)
    }

    /// The next packet, past everything that is not one.
    fn find(&mut self) -> Result<Option<Found>, Damage> {
        loop {
            self.window.consume(std::mem::take(&mut self.pending));
            if self.lost && !self.look_for_landmark() || !self.window.fill(1) {
                return self.end();
            }
            let (kind, length) = self.frame_block()?;
            self.pending = length;
            match kind {
                block::SECTION => self.begin_section(length)?,
                block::INTERFACE => self.add_interface(length)?,
                block::SECRETS => self.add_secrets(length)?,
                block::ENHANCED_PACKET | block::SIMPLE_PACKET | block::OBSOLETE_PACKET => {
                    return self.read_packet(kind, length).map(Some);
                }
                _ => {}
            }
        }
    }

    /// Nothing is left: whether because that is all, or because the compressed data is damaged.
    fn end(&mut self) -> Result<Option<Found>, Damage> {
        match self.window.take_failure() {
            Some(reason) => Err(self.damage(reason)),
            None => Ok(None),
        }
    }

    fn damage(&self, reason: String) -> Damage {
        let name = self.info.name.clone();
        Damage { name, offset: Some(self.window.offset()), packets: self.number, reason }
    }

    /// Damage after which nobody knows where the next block begins.
    fn lose(&mut self, reason: String) -> Damage {
        let reason = self.window.take_failure().unwrap_or(reason);
        let damage = self.damage(reason);
        self.lost = true;
        damage
    }

    /// Type and length of the block at the window, all of which is then there.
    fn frame_block(&mut self) -> Result<(u32, usize), Damage> {
        if !self.window.fill(12) {
            let left = self.window.data().len();
            return Err(self.lose(format!("a block has at least 12 octets, {left} are left")));
        }
        let Some((kind, length)) = self.block_header() else {
            return Err(self.lose("a section header without a byte-order magic".into()));
        };
        if length < 12 || length % 4 != 0 || length > MAX_BLOCK {
            return Err(self.lose(format!("block of type {kind:#x} says a length of {length} octets")));
        }
        let length = length as usize;
        if !self.window.fill(length) {
            let left = self.window.data().len();
            return Err(self
                .lose(format!("block of type {kind:#x} says a length of {length} octets, {left} are left")));
        }
        let trailer = self.order.u32(self.window.data(), length - 4).unwrap_or_default();
        if trailer as usize != length {
            let damage = self.lose(format!(
                "block of type {kind:#x} says a length of {length} octets at its beginning, {trailer} at its end"
            ));
            // The length at the beginning is right if another block follows there.
            if self.is_landmark(length) {
                self.pending = length;
                self.lost = false;
            }
            return Err(damage);
        }
        Ok((kind, length))
    }

    /// Type and length that the block at the window says. A section header brings its own byte order.
    fn block_header(&mut self) -> Option<(u32, u32)> {
        let data = self.window.data();
        if data.starts_with(&block::SECTION.to_be_bytes()) {
            self.order = Order::of(data.get(8..12)?)?;
        }
        Some((self.order.u32(data, 0)?, self.order.u32(data, 4)?))
    }

    /// Moves on to the next place where a block seems to begin.
    fn look_for_landmark(&mut self) -> bool {
        loop {
            self.window.consume(4);
            if !self.window.fill(12) {
                let left = self.window.data().len();
                self.window.consume(left);
                return false;
            }
            if self.is_landmark(0) {
                self.lost = false;
                return true;
            }
        }
    }

    /// Whether a block of a known type, with two lengths that agree, begins `at` octets into the window.
    fn is_landmark(&mut self, at: usize) -> bool {
        if !self.window.fill(at + 12) {
            return false;
        }
        let Some(data) = self.window.data().get(at..) else { return false };
        let order = match data.first_chunk() {
            Some(kind) if *kind == block::SECTION.to_be_bytes() => data.get(8..12).and_then(Order::of),
            _ => Some(self.order),
        };
        let Some(order) = order else { return false };
        let (Some(kind), Some(length)) = (order.u32(data, 0), order.u32(data, 4)) else { return false };
        let known =
            matches!(kind, 1..=6 | 9 | 10 | block::SECTION | pcap_parser::CB_MAGIC | pcap_parser::DCB_MAGIC);
        if !known || !(12..=MAX_LANDMARK).contains(&length) || length % 4 != 0 {
            return false;
        }
        let end = at + length as usize;
        self.window.fill(end) && order.u32(self.window.data(), end - 4) == Some(length)
    }

    /// The body of the block at the window.
    fn body(&self, length: usize) -> &[u8] {
        self.window.data().get(8..length - 4).unwrap_or_default()
    }

    fn begin_section(&mut self, length: usize) -> Result<(), Damage> {
        self.section_start = self.info.interfaces.len();
        let order = self.order;
        let options = self.body(length).get(16..).unwrap_or_default();
        let comments: Vec<String> = order
            .options(options)
            .filter(|(code, _)| *code == block::COMMENT)
            .map(|(_, value)| block::text(value))
            .collect();
        self.afford(comments.iter().map(String::len).sum())?;
        self.info.comments.extend(comments);
        Ok(())
    }

    fn add_interface(&mut self, length: usize) -> Result<(), Damage> {
        let Some((interface, clock)) = block::interface(self.order, self.body(length)) else {
            return Err(self.damage("an interface description is too short".into()));
        };
        if self.clocks.len() >= MAX_INTERFACES {
            return Err(self.damage(format!("more than {MAX_INTERFACES} interfaces")));
        }
        let comments: usize = interface.comments.iter().map(String::len).sum();
        let names = [&interface.name, &interface.description].into_iter().flatten().map(String::len);
        let afforded = self.afford(comments + names.sum::<usize>());
        let mut interface = interface;
        if afforded.is_err() {
            interface.name = None;
            interface.description = None;
            interface.comments.clear();
        }
        self.info.interfaces.push(interface);
        self.clocks.push(clock);
        afforded
    }

    /// A decryption secrets block: the key log of TLS is kept, other kinds are passed over.
    fn add_secrets(&mut self, length: usize) -> Result<(), Damage> {
        let (order, body) = (self.order, self.body(length));
        let (Some(kind), Some(said)) = (order.u32(body, 0), order.u32(body, 4)) else {
            return Err(self.damage("a block of decryption secrets is too short".into()));
        };
        let Some(secrets) = body.get(8..).and_then(|rest| rest.get(..said as usize)) else {
            let room = body.len().saturating_sub(8);
            return Err(self.damage(format!("decryption secrets say {said} octets, their block has {room}")));
        };
        if kind != block::TLS_KEY_LOG {
            return Ok(());
        }
        let secrets: Arc<[u8]> = secrets.into();
        match self.secrets_left.checked_sub(secrets.len()) {
            Some(left) => self.secrets_left = left,
            None => {
                return Err(self.damage(format!("more than {MAX_SECRETS} octets of decryption secrets")));
            }
        }
        self.info.secrets.0.push(secrets);
        Ok(())
    }

    /// Keeps names and comments within bounds; what is beyond them is left out, and said.
    fn afford(&mut self, octets: usize) -> Result<(), Damage> {
        match self.text_left.checked_sub(octets) {
            Some(left) => self.text_left = left,
            None => {
                return Err(
                    self.damage(format!("more than {MAX_TEXT} octets of names and comments: left out"))
                );
            }
        }
        Ok(())
    }

    fn read_packet(&mut self, kind: u32, length: usize) -> Result<Found, Damage> {
        self.comments.clear();
        let body_length = length - 12;
        let Some(packet) = block::packet(self.order, kind, self.body(length)) else {
            return Err(self.damage(format!("packet block of {length} octets is too short")));
        };
        let index = self.section_start.saturating_add(packet.interface as usize);
        let (Some(interface), Some(clock)) = (self.info.interfaces.get(index), self.clocks.get(index)) else {
            let of = packet.interface;
            return Err(self.damage(format!("packet of interface {of}, which is not described")));
        };
        let room = body_length - packet.data;
        let captured = match packet.captured {
            Some(captured) => captured as usize,
            None => {
                let snap = if interface.snap_length == 0 { u32::MAX } else { interface.snap_length };
                room.min(packet.original_length.min(snap) as usize)
            }
        };
        if captured > room {
            return Err(self.damage(format!("packet says {captured} captured octets, its block has {room}")));
        }
        let mut found = Found {
            octets: 8 + packet.data..8 + packet.data + captured,
            interface: index as u32,
            link_type: interface.link_type,
            time: packet.ticks.map(|ticks| clock.time(ticks)),
            original_length: packet.original_length,
            fcs: interface.fcs,
            is_outbound: false,
        };
        if kind != block::SIMPLE_PACKET {
            self.read_options(packet.data + captured.next_multiple_of(4), length, &mut found);
        }
        Ok(found)
    }

    /// Comments and flags of a packet, in the options that begin at `at` in its body.
    fn read_options(&mut self, at: usize, length: usize, found: &mut Found) {
        let body = self.window.data().get(8..length - 4).unwrap_or_default();
        for (code, value) in self.order.options(body.get(at..).unwrap_or_default()) {
            match code {
                block::COMMENT => self.comments.push(block::text(value)),
                block::EPB_FLAGS => {
                    let flags = self.order.u32(value, 0).unwrap_or_default();
                    found.fcs = block::fcs_of_flags(flags).unwrap_or(found.fcs);
                    found.is_outbound = flags & block::DIRECTION == block::OUTBOUND;
                }
                _ => {}
            }
        }
    }
}
