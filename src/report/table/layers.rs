//! `layers`: packets taken apart, all seven layers, field by field and octet by octet.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;

use super::fields::{FieldWriter, row};
use super::hexdump::{Dump, Mask, letter};
use super::style::{Style, Tone};
use super::time::{Clock, utc};
use crate::dissect::{self, Fcs, StopReason, Stopped};
use crate::lesson;
use crate::packet::{Buffer, Layer, Protocol, TcpIpLayer};
use crate::report::{Gauge, Options, PacketEvent, Sink, TimeFormat, escape, payload};

/// Writes one packet after the other.
pub(super) struct Layers {
    out: Box<dyn Write>,
    style: Style,
    reveal: bool,
    clock: Clock,
    /// Whether times count from another packet, which may not be shown.
    since: bool,
    gauge: Option<Arc<Gauge>>,
    text: String,
}

impl Layers {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self {
            out,
            style: Style::new(options),
            reveal: options.reveal_secrets,
            clock: Clock::new(options.time),
            since: matches!(options.time, TimeFormat::Relative | TimeFormat::Delta),
            gauge: options.live.as_ref().map(|live| Arc::clone(&live.gauge)),
            text: String::new(),
        }
    }
}

impl Sink for Layers {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        if self.gauge.as_ref().is_some_and(|gauge| !gauge.has_room()) {
            return Ok(());
        }
        if !self.text.is_empty() {
            self.out.write_all(b"\n")?;
        }
        self.text.clear();
        let mut time = String::new();
        self.clock.push(&mut time, event.frame.time);
        if let (true, Some(at)) = (self.since, event.frame.time) {
            time = format!("{time} ({})", utc(at));
        }
        let layers: Vec<Layer> = payload::layers(event).collect();
        let mask = if self.reveal { Mask::default() } else { Mask::of(event, &layers) };
        let page = Page { style: &self.style, event, layers: &layers, mask: &mask, reveal: self.reveal };
        page.push(&time, &mut self.text);
        self.out.write_all(self.text.as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, _summary: &crate::report::Summary) -> io::Result<()> {
        self.out.flush()
    }
}

/// One packet and all that is needed to write about it.
struct Page<'a> {
    style: &'a Style,
    event: &'a PacketEvent<'a>,
    layers: &'a [Layer],
    mask: &'a Mask,
    reveal: bool,
}

impl Page<'_> {
    fn push(&self, time: &str, out: &mut String) {
        self.heading(time, out);
        out.push('\n');
        self.seven_layers(out);
        for (index, layer) in self.layers.iter().enumerate() {
            self.layer(index, layer, out);
        }
        self.end(out);
        out.push('\n');
        self.dump(Buffer::Frame, "layers.dump_frame", out);
        if !self.event.dissection.reassembled.is_empty() {
            out.push('\n');
            self.dump(Buffer::Reassembled, "layers.dump_reassembled", out);
        }
    }

    fn heading(&self, time: &str, out: &mut String) {
        let frame = self.event.frame;
        let style = self.style;
        let lengths = if frame.is_cut() { "layers.cut" } else { "layers.whole" };
        let parts = [
            style.say("layers.packet", &[("number", &frame.number)]),
            style.say("layers.time", &[("time", &time)]),
            style.say(lengths, &[("original", &frame.original_length), ("captured", &frame.octets.len())]),
            style.say("layers.link_type", &[("name", &frame.link_type)]),
            style.say("layers.interface", &[("number", &frame.interface)]),
        ];
        style.paragraph(out, Tone::Title, &parts.join(" · "), 2);
        for comment in frame.comments {
            let mut text = String::new();
            escape::push_text(&mut text, comment);
            let text = style.say("layers.comment", &[("text", &text)]);
            style.paragraph(out, Tone::Plain, &text, 2);
        }
    }

    /// The table of all seven OSI layers.
    fn seven_layers(&self, out: &mut String) {
        let head = ["layers.osi_column", "layers.tcpip_column", "layers.here_column"]
            .map(|key| (Tone::Title, self.style.word(key)));
        let columns = [16, 14];
        row(self.style, out, &columns, &head);
        for osi in (1..=7).rev() {
            let name = format!("{osi} {}", self.style.word(&format!("layers.osi.{osi}")));
            let found: Vec<&Layer> = self.layers.iter().filter(|l| l.protocol.osi().contains(&osi)).collect();
            let (tone, here) = match found.first() {
                Some(first) => {
                    let list: Vec<String> =
                        found.iter().map(|l| format!("{} {}", l.protocol.title(), self.span(l))).collect();
                    (Tone::of(first.protocol), list.join(&self.style.word("overview.and")))
                }
                None => (Tone::Quiet, self.why_none(osi)),
            };
            let tcpip = self.tcpip(tcpip_of(osi));
            row(self.style, out, &columns, &[(tone, name), (tone, tcpip), (tone, here)]);
        }
    }

    /// Why a layer has no octets in this packet.
    fn why_none(&self, osi: u8) -> String {
        let d = self.event.dissection;
        let has = |protocol| self.layers.iter().any(|l| l.protocol == protocol && l.length > 0);
        let later = d.fragment.is_some_and(|f| f.offset > 0 && !f.completed);
        let stopped = d.stopped.as_ref().is_some_and(|s| s.layer.osi().contains(&osi));
        let key = match osi {
            2..=4 | 7 if stopped => "layers.none_stopped",
            4 if later => "layers.none_fragment",
            4 | 7 if d.fragment.is_some_and(|f| !f.completed) => "layers.none_waiting",
            7 if has(Protocol::Tls) => "layers.none_tls",
            7 => match self.layers.iter().find(|l| l.protocol == Protocol::Data && l.length > 0) {
                Some(data) => {
                    return self.style.say("layers.unknown_data", &[("span", &self.span(data))]);
                }
                None if has(Protocol::Tcp) => "layers.none_tcp",
                None => "layers.none.7",
            },
            _ => return self.style.say(&format!("layers.none.{osi}"), &[("link_type", &d.link_type)]),
        };
        self.style.word(key)
    }

    fn tcpip(&self, layer: TcpIpLayer) -> String {
        self.style.word(&format!("layers.tcpip.{}", layer.name()))
    }

    /// `14–33`: the first octet and the last.
    fn span(&self, layer: &Layer) -> String {
        let end = layer.offset.saturating_add(layer.length.saturating_sub(1));
        let span =
            if layer.length < 2 { layer.offset.to_string() } else { format!("{}–{end}", layer.offset) };
        match layer.buffer {
            Buffer::Frame => span,
            Buffer::Reassembled => self.style.say("layers.reassembled", &[("span", &span)]),
        }
    }

    fn layer(&self, index: usize, layer: &Layer, out: &mut String) {
        let d = self.event.dissection;
        out.push('\n');
        self.style.paragraph(out, title_tone(layer.protocol), &self.title(index, layer), 4);
        let fields = dissect::fields(d, layer);
        if !fields.is_empty() {
            let writer = FieldWriter {
                style: self.style,
                mask: self.mask,
                buffer: layer.buffer,
                octets: d.buffer(layer.buffer),
                reveal: self.reveal,
            };
            writer.push(layer.protocol, &fields, out);
        }
        self.checksum(layer, out);
    }

    fn title(&self, index: usize, layer: &Layer) -> String {
        let style = self.style;
        let numbers: Vec<String> = layer.protocol.osi().iter().map(u8::to_string).collect();
        let mut parts = vec![format!("[{}] {}", letter(index), layer.protocol.title())];
        if !numbers.is_empty() {
            parts.push(
                style.say("layers.title_osi", &[("osi", &numbers.join(&self.style.word("overview.and")))]),
            );
        }
        if let Some(tcpip) = layer.protocol.tcpip() {
            parts.push(style.say("layers.title_tcpip", &[("name", &self.tcpip(tcpip))]));
        }
        let captured = self.event.dissection.octets(layer).len();
        if layer.length == 0 || captured == 0 {
            parts.push(style.word("layers.title_empty"));
        } else {
            let values: [(&str, &dyn Display); 2] = [("span", &self.span(layer)), ("length", &layer.length)];
            parts.push(style.say("layers.title_octets", &values));
        }
        let missing = (layer.length as usize).saturating_sub(captured);
        if missing > 0 {
            parts.push(style.say("layers.title_missing", &[("missing", &missing)]));
        }
        parts.join(" · ")
    }

    /// The verdict on this layer's checksum, which is known of the innermost header of each protocol.
    fn checksum(&self, layer: &Layer, out: &mut String) {
        let d = self.event.dissection;
        let verdict = d.checksums.named().into_iter().find(|(name, _)| *name == layer.protocol.name());
        if let Some((_, Some(verdict))) = verdict
            && d.layer(layer.protocol) == Some(layer)
        {
            let text = self.style.word(&format!("layers.checksum.{}", verdict.name()));
            self.note(verdict_tone(verdict.name()), &text, out);
        }
    }

    /// An indented paragraph.
    fn note(&self, tone: Tone, text: &str, out: &mut String) {
        row(self.style, out, &[1], &[(Tone::Plain, String::new()), (tone, text.to_owned())]);
    }

    /// What is known of the frame's end, and why dissection stopped.
    fn end(&self, out: &mut String) {
        let d = self.event.dissection;
        if d.stopped.is_some() || d.fcs.is_some() {
            out.push('\n');
        }
        if let Some(stopped) = &d.stopped {
            self.style.paragraph(out, Tone::Warn, &self.stopped(stopped), 2);
        }
        if let Some(fcs) = &d.fcs {
            self.style.paragraph(out, verdict_tone(fcs.state.name()), &self.fcs(fcs), 2);
        }
    }

    fn stopped(&self, stopped: &Stopped) -> String {
        let mut values: Vec<(&str, &dyn Display)> = vec![("offset", &stopped.offset)];
        let title = stopped.layer.title();
        values.push(("protocol", &title));
        values.push(("claimed_by", &stopped.claimed_by));
        match &stopped.reason {
            StopReason::TooShort { needed, left } => {
                values.extend([("needed", needed as &dyn Display), ("left", left)]);
                self.style.say("layers.stopped.too_short", &values)
            }
            StopReason::Invalid { value } => {
                values.push(("value", value));
                self.style.say("layers.stopped.invalid", &values)
            }
            StopReason::TooDeep => self.style.say("layers.stopped.too_deep", &values),
        }
    }

    fn fcs(&self, fcs: &Fcs) -> String {
        let style = self.style;
        let mut parts = vec![style.word(&format!("layers.fcs.{}", fcs.state.name()))];
        if let (Some(stored), Some(computed)) = (fcs.stored, fcs.computed) {
            let (stored, computed) = (format!("0x{stored:08x}"), format!("0x{computed:08x}"));
            parts.push(style.say("layers.fcs_values", &[("stored", &stored), ("computed", &computed)]));
        }
        parts.extend(style.find(&format!("layers.basis.{}", fcs.basis.name())));
        parts.join(" · ")
    }

    fn dump(&self, buffer: Buffer, title: &str, out: &mut String) {
        let octets = self.event.dissection.buffer(buffer);
        let style = self.style;
        style.paragraph(out, Tone::Title, &style.word(title), 2);
        let mut legend: Vec<String> = self
            .layers
            .iter()
            .enumerate()
            .filter(|(_, layer)| layer.buffer == buffer && layer.length > 0)
            .map(|(index, layer)| format!("{} {}", letter(index), layer.protocol.title()))
            .collect();
        if buffer == Buffer::Frame && !self.event.dissection.reassembled.is_empty() {
            legend.push(style.word("layers.dump_fragment"));
        }
        style.paragraph(out, Tone::Quiet, &legend.join(&style.word("overview.and")), 2);
        let left = Dump { buffer, octets, layers: self.layers, mask: self.mask }.push(style, out);
        if left > 0 {
            let text = lesson::say(style.lang, "layers.dump_bounded", &[("left", &left)]);
            style.paragraph(out, Tone::Quiet, &text, 2);
        }
        if self.mask.hides_any(buffer, 0, octets.len()) {
            style.paragraph(out, Tone::Quiet, &style.word("layers.dump_hidden"), 2);
        }
    }
}

const fn tcpip_of(osi: u8) -> TcpIpLayer {
    match osi {
        5..=7 => TcpIpLayer::Application,
        4 => TcpIpLayer::Transport,
        3 => TcpIpLayer::Internet,
        _ => TcpIpLayer::Link,
    }
}

fn title_tone(protocol: Protocol) -> Tone {
    match Tone::of(protocol) {
        Tone::Plain => Tone::Title,
        tone => tone,
    }
}

fn verdict_tone(name: &str) -> Tone {
    match name {
        "good" => Tone::Good,
        "bad" => Tone::Bad,
        "absent" | "unknown" => Tone::Quiet,
        _ => Tone::Warn,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::dissect::{Dissector, Evidence, FcsMode};
    use crate::lesson::Lang;
    use crate::packet::{DeclaredFcs, Frame, LinkType};

    /// A packet and how it is to be shown.
    #[derive(Clone)]
    struct Case {
        octets: Vec<u8>,
        /// A frame that came before.
        before: Vec<u8>,
        link_type: LinkType,
        original_length: Option<u32>,
        comments: Vec<String>,
        application: Option<Protocol>,
        concealed: Vec<std::ops::Range<u32>>,
        style: Style,
        reveal: bool,
    }

    impl Case {
        fn new(octets: &[u8]) -> Self {
            Self {
                octets: octets.to_vec(),
                before: Vec::new(),
                link_type: LinkType::ETHERNET,
                original_length: None,
                comments: Vec::new(),
                application: None,
                concealed: Vec::new(),
                style: Style {
                    lang: Lang::En,
                    color: false,
                    width: 80,
                    time: TimeFormat::Relative,
                    names: None,
                },
                reveal: false,
            }
        }

        fn shown(&self) -> String {
            let frame = Frame {
                capture: 1,
                number: 7,
                time: None,
                link_type: self.link_type,
                interface: 0,
                original_length: self.original_length.unwrap_or(self.octets.len() as u32),
                octets: &self.octets,
                declared_fcs: DeclaredFcs::Unknown,
                comments: &self.comments,
                is_outbound: false,
            };
            let mut dissector = Dissector::new(FcsMode::Auto, Evidence::default());
            dissector.dissect(&Frame { octets: &self.before, ..frame });
            let dissection = dissector.dissect(&frame);
            let (application, concealed) = (self.application, &self.concealed[..]);
            let event =
                PacketEvent { frame: &frame, dissection: &dissection, place: None, application, concealed };
            let layers: Vec<Layer> = payload::layers(&event).collect();
            let mask = if self.reveal { Mask::default() } else { Mask::of(&event, &layers) };
            let mut out = String::new();
            Page { style: &self.style, event: &event, layers: &layers, mask: &mask, reveal: self.reveal }
                .push("0.000000", &mut out);
            out
        }

        fn in_chinese(mut self) -> Self {
            self.style.lang = Lang::Zh;
            self
        }
    }

    /// Ethernet, IPv4 and TCP (10.0.0.1:40000 to 10.0.0.2:25) around a payload.
    fn segment(payload: &[u8]) -> Case {
        let mut octets = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0".to_vec();
        octets.extend(b"\x45\0");
        octets.extend((40 + payload.len() as u16).to_be_bytes());
        octets.extend(b"\0\x01\x40\0\x40\x06\0\0\x0a\0\0\x01\x0a\0\0\x02");
        octets.extend(b"\x9c\x40\0\x19\0\0\0\x01\0\0\0\x01\x50\x18\x04\0\0\0\0\0");
        octets.extend(payload);
        Case::new(&octets)
    }

    fn smtp(payload: &[u8], concealed: std::ops::Range<u32>) -> Case {
        Case { application: Some(Protocol::Smtp), concealed: vec![concealed], ..segment(payload) }
    }

    #[test]
    fn all_seven_layers_are_shown_and_those_without_octets_say_why() {
        let shown = smtp(b"QUIT\r\n", 0..0).shown();
        for line in [
            "7 application    application    SMTP 54–59",
            "6 presentation   application    no header of its own in TCP/IP",
            "5 session        application    no header of its own in TCP/IP",
            "4 transport      transport      TCP 34–53",
            "3 network        internet       IPv4 14–33",
            "2 data link      link           Ethernet 0–13",
            "1 physical       link           no octets",
        ] {
            assert!(shown.contains(line), "{line}\n{shown}");
        }
        assert!(segment(b"").shown().contains("application    no data in this segment"));
        assert!(segment(b"?").shown().contains("data of no protocol that is known here: 54"));
        let tls = Case { application: Some(Protocol::Tls), ..segment(b"\x17\x03\x03\0\x01\0") }.shown();
        assert!(tls.contains("6 presentation   application    TLS 54–59"), "{tls}");
        assert!(tls.contains("7 application    application    inside the TLS records"), "{tls}");
    }

    #[test]
    fn a_field_has_its_value_its_label_and_its_meaning() {
        let shown = segment(b"").shown();
        assert!(
            shown.contains("\n  ether type               0x0800 (IPv4)             what the frame carries:")
        );
        assert!(shown.contains("\n  source address           10.0.0.1 (private)        the host that sent"));
        assert!(shown.contains("\n  ACK                      set  "), "{shown}");
        assert!(shown.contains("\n  SYN                      not set\n"), "{shown}");
    }

    #[test]
    fn chinese_keeps_the_standards_field_names_and_translates_the_meaning() {
        let shown = segment(b"").in_chinese().shown();
        assert!(shown.contains("2 数据链路层     网络接口层     Ethernet 0–13"), "{shown}");
        assert!(shown.contains("  字段                     值                        含义\n"), "{shown}");
        assert!(shown.contains("\n  time to live             64                        最多还可经过"));
        assert!(shown.contains("10.0.0.1（私有）"));
    }

    #[test]
    fn the_dump_marks_where_a_layer_begins_and_names_it_by_its_letter() {
        let shown = smtp(b"QUIT\r\n", 0..0).shown();
        assert!(shown.contains("a Ethernet, b IPv4, c TCP, d SMTP\n"), "{shown}");
        assert!(
            shown.contains("0000  02 00 00 00 00 02 02 00 00 00 00 01 08 00|45 00  ..............E. ab\n")
        );
        assert!(
            shown.contains("0030  04 00 00 00 00 00|51 55 49 54 0d 0a              ......QUIT..     cd\n")
        );
    }

    #[test]
    fn a_secret_is_hidden_in_the_dump_in_its_letters_and_in_the_fields() {
        let mut case = smtp(b"AUTH PLAIN AGFiYw==\r\n", 11..19);
        let shown = case.shown();
        assert!(shown.contains("PLAIN ··"), "{shown}");
        assert!(shown.contains(" ·· ·· ·· ·· ·· ·· ·· 0d 0a"), "{shown}");
        for secret in ["AGFiYw", "41 47 46", "GFi", "59 77 3d"] {
            assert!(!shown.contains(secret), "{secret}\n{shown}");
        }
        case.reveal = true;
        case.concealed.clear();
        let shown = case.shown();
        assert!(shown.contains("PLAIN AGFiYw=="), "{shown}");
        assert!(!shown.contains("··"), "{shown}");
    }

    #[test]
    fn an_authorization_header_of_http_is_hidden_whatever_the_conversation_knows() {
        let request = b"GET / HTTP/1.1\r\nAuthorization: Basic YTpi\r\n\r\n";
        let shown = Case { application: Some(Protocol::Http), ..segment(request) }.shown();
        assert!(shown.contains("Authorization: ··"), "{shown}");
        assert!(!shown.contains("YTpi") && !shown.contains("59 54 70"), "{shown}");
    }

    #[test]
    fn a_fragment_of_a_tcp_segment_is_hidden_while_the_others_are_awaited() {
        let mut case = segment(b"AUTH PLAIN AGFiYw==\r\n");
        case.octets[20] = 0x20;
        let shown = case.shown();
        assert!(!shown.contains("AGFiYw") && !shown.contains("41 47 46"), "{shown}");
        assert!(shown.contains("the other fragments are needed"), "{shown}");
        case.octets[23] = 17;
        assert!(case.shown().contains("AGFiYw"));
    }

    #[test]
    fn the_fragment_that_completes_a_packet_hides_its_part_of_the_secret() {
        let whole = segment(b"AUTH PLAIN AGFiYw==\r\n");
        let (mut first, mut last) = (whole.octets.clone(), whole.octets[..34].to_vec());
        first.truncate(34 + 32);
        (first[17], first[20]) = (52, 0x20);
        last.extend(&whole.octets[34 + 32..]);
        (last[17], last[21]) = (20 + 9, 4);
        let mut case = Case { before: first, octets: last, ..smtp(b"", 11..19) };
        let shown = case.shown();
        assert!(shown.contains("PLAIN ··"), "{shown}");
        assert!(shown.contains("0020  00 02|·· ·· ·· ·· ·· ·· ·· 0d 0a"), "{shown}");
        assert!(!shown.contains("47 46 69") && !shown.contains("GFiYw"), "{shown}");
        (case.reveal, case.concealed) = (true, Vec::new());
        assert!(case.shown().contains("PLAIN AGFiYw=="));
    }

    #[test]
    fn text_from_the_wire_and_from_the_capture_is_no_escape_sequence() {
        let mut case = smtp(b"220 \x1b[31m\xe2\x80\xae ready\r\n", 0..0);
        case.comments = vec!["\x1b]0;owned\x07".to_owned()];
        let shown = case.shown();
        assert!(!shown.chars().any(|c| c != '\n' && escape::is_harmful(c)), "{shown}");
        assert!(shown.contains("Comment in the capture: \\u{1b}]0;owned\\u{7}"), "{shown}");
    }

    #[test]
    fn a_header_that_cannot_be_read_says_why() {
        let mut case = segment(b"");
        case.octets[46] = 0xf0;
        let shown = case.shown();
        assert!(
            shown.contains("Stopped at TCP, octet 34: data offset asks for 60 octets, 20 left."),
            "{shown}"
        );
        assert!(shown.contains("4 transport      transport      could not be read, see below"), "{shown}");
        assert!(case.in_chinese().shown().contains("解读止于 TCP，字节 34："));
    }

    #[test]
    fn a_frame_check_sequence_is_shown_with_both_values_and_the_reason_to_believe_in_it() {
        let mut case = segment(b"0123456789");
        case.octets.extend(0x5e3f7886_u32.to_le_bytes());
        let shown = case.shown();
        assert!(shown.contains("good · stored 0x5e3f7886, computed 0x5e3f7886"), "{shown}");
        assert!(shown.contains("because\n  frames of this sender end in their own CRC-32"), "{shown}");
        assert!(shown.contains("Ethernet 0–13, FCS 64–67"), "{shown}");
    }

    #[test]
    fn a_frame_without_a_link_header_says_so() {
        let mut case = segment(b"");
        case.octets.drain(..14);
        case.link_type = LinkType::RAW;
        assert!(case.shown().contains("the capture holds no link header (link type RAW)"));
    }

    #[test]
    fn at_most_64_kib_of_a_frame_are_dumped() {
        let mut case = segment(b"");
        case.octets.resize(70_000, 0);
        let shown = case.shown();
        assert!(shown.contains("\nfff0 ") && !shown.contains("\n10000 "));
        assert!(shown.contains("4464 more octets are not shown"), "{}", &shown[shown.len() - 200..]);
    }

    #[test]
    fn the_same_text_is_there_with_colour_and_without() {
        let mut case = smtp(b"EHLO client.example.com\r\n", 0..0);
        let plain = case.shown();
        case.style.color = true;
        let mut stripped = String::new();
        for piece in case.shown().split("\x1b[") {
            let bare = piece
                .split_once('m')
                .filter(|(code, _)| code.bytes().all(|o| o.is_ascii_digit() || o == b';'));
            stripped.push_str(bare.map_or(piece, |(_, text)| text));
        }
        assert_eq!(stripped, plain);
    }

    fn fits(case: &Case) {
        for lang in Lang::ALL {
            for width in [40, 80, 132] {
                let style = Style { lang, color: false, width, time: TimeFormat::Relative, names: None };
                let shown = Case { style, ..case.clone() }.shown();
                for line in shown.lines() {
                    assert!(line.width() <= width, "{width}: {line}");
                }
                assert!(!shown.contains("layers."), "{shown}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_octets_panic_or_make_a_line_wider_than_the_terminal(
            octets in proptest::collection::vec(any::<u8>(), 0..200),
            at in any::<usize>(),
            application in prop::sample::select(vec![Protocol::Smtp, Protocol::Http, Protocol::Tls, Protocol::Dns]),
            concealed in (0u32..300, 0u32..300),
        ) {
            let mut case = Case { application: Some(application), ..segment(&octets) };
            case.concealed.push(concealed.0..concealed.1);
            fits(&case);
            let at = at % case.octets.len();
            case.octets[at] ^= 0xff;
            fits(&case);
            case.original_length = Some(case.octets.len() as u32);
            case.octets.truncate(at);
            fits(&case);
        }
    }
}
