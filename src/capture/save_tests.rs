use proptest::prelude::*;

use super::*;
use crate::capture::{Interface, Source, save_pcapng};
use crate::packet::{DeclaredFcs, LinkType, Timestamp};

/// What must survive being saved and read back.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    time: Option<Timestamp>,
    link_type: LinkType,
    original_length: u32,
    octets: Vec<u8>,
    fcs: DeclaredFcs,
    comments: Vec<String>,
}

impl Kept {
    fn frame(&self, interface: u32) -> Frame<'_> {
        Frame {
            capture: 1,
            number: 1,
            time: self.time,
            link_type: self.link_type,
            interface,
            original_length: self.original_length,
            octets: &self.octets,
            declared_fcs: self.fcs,
            is_outbound: false,
            comments: &self.comments,
        }
    }
}

fn interface(link_type: LinkType, fcs: DeclaredFcs) -> Interface {
    let name = Some("eth0".to_owned());
    let comments = vec!["behind the bridge".to_owned()];
    let ticks_per_second = 1_000_000_000;
    Interface { link_type, snap_length: 0, name, description: None, comments, ticks_per_second, fcs }
}

fn two_interfaces() -> SourceInfo {
    let interfaces = vec![
        interface(LinkType::ETHERNET, DeclaredFcs::Octets(4)),
        interface(LinkType::RAW, DeclaredFcs::Unknown),
    ];
    SourceInfo {
        name: "a.pcapng".into(),
        interfaces,
        comments: vec!["a day".into()],
        ..SourceInfo::default()
    }
}

fn read_back(path: &Path) -> (Vec<Kept>, SourceInfo) {
    let mut source = Source::open(path).unwrap();
    let mut kept = Vec::new();
    while let Some(frame) = source.next_frame().unwrap() {
        kept.push(Kept {
            time: frame.time,
            link_type: frame.link_type,
            original_length: frame.original_length,
            octets: frame.octets.to_vec(),
            fcs: frame.declared_fcs,
            comments: frame.comments.to_vec(),
        });
    }
    (kept, source.info().clone())
}

fn save(path: &Path, source: &SourceInfo, frames: &[(u32, Kept)]) -> Result<(), SaveError> {
    let mut saver = Saver::create(path, &[])?;
    for (interface, kept) in frames {
        saver.write(source, &kept.frame(*interface))?;
    }
    saver.finish()
}

fn ethernet(octets: &[u8]) -> Kept {
    Kept {
        time: Some(Timestamp::from_parts(1_700_000_000, 123_456_789)),
        link_type: LinkType::ETHERNET,
        original_length: octets.len() as u32,
        octets: octets.to_vec(),
        fcs: DeclaredFcs::Octets(4),
        comments: Vec::new(),
    }
}

prop_compose! {
    fn any_frame()(
        second in 0u32..2,
        nanos in proptest::option::of(any::<i64>()),
        octets in proptest::collection::vec(any::<u8>(), 0..70),
        more in 0u32..9,
        comment in proptest::option::of("[a-zA-Z 汉]{1,9}"),
    ) -> (u32, Kept) {
        let timed = nanos.is_some();
        let kept = Kept {
            time: nanos.map(Timestamp::from_nanos),
            link_type: if second == 0 { LinkType::ETHERNET } else { LinkType::RAW },
            original_length: octets.len() as u32 + more,
            octets,
            fcs: if second == 0 { DeclaredFcs::Octets(4) } else { DeclaredFcs::Unknown },
            // A simple packet block has no place for a comment.
            comments: comment.into_iter().filter(|_| timed).collect(),
        };
        (second, kept)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn frames_saved_as_pcapng_are_read_back_the_same(frames in proptest::collection::vec(any_frame(), 0..9)) {
        // An empty packet that was cut cannot be said without a time: a snap length of 0 means none.
        prop_assume!(frames.iter().all(|(_, k)| k.time.is_some() || !k.octets.is_empty() || k.original_length == 0));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("saved.pcapng");
        save(&path, &two_interfaces(), &frames).unwrap();
        let (kept, _) = read_back(&path);
        prop_assert_eq!(kept, frames.into_iter().map(|(_, kept)| kept).collect::<Vec<_>>());
    }
}

#[test]
fn pcapng_keeps_what_is_said_of_capture_and_interface() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.pcapng");
    save(&path, &two_interfaces(), &[(0, ethernet(&[1; 60]))]).unwrap();
    let (_, info) = read_back(&path);
    assert_eq!(info.comments, ["a day"]);
    assert_eq!(info.interfaces, [interface(LinkType::ETHERNET, DeclaredFcs::Octets(4))]);
}

#[test]
fn classic_pcap_keeps_nanoseconds_and_the_declared_fcs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.pcap");
    let frame = ethernet(&[1; 61]);
    save(&path, &two_interfaces(), &[(0, frame.clone())]).unwrap();
    let (kept, info) = read_back(&path);
    assert_eq!((kept, info.format), (vec![frame], "pcap"));
    assert_eq!(info.interfaces[0].ticks_per_second, 1_000_000_000);
}

#[test]
fn a_second_link_type_in_a_classic_pcap_is_an_error_and_the_first_frames_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.cap");
    let raw = Kept { link_type: LinkType::RAW, ..ethernet(&[2; 20]) };
    let error = save(&path, &two_interfaces(), &[(0, ethernet(&[1; 60])), (1, raw)]).unwrap_err();
    assert!(error.reason.contains("link type RAW after EN10MB"), "{error}");
    assert_eq!(read_back(&path).0.len(), 1);
}

#[test]
fn a_capture_that_is_being_read_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.pcap");
    save(&path, &two_interfaces(), &[(0, ethernet(&[1; 60]))]).unwrap();
    assert!(Saver::create(&folder.path().join("./saved.pcap"), std::slice::from_ref(&path)).is_err());
    assert_eq!(read_back(&path).0.len(), 1);
}

#[test]
fn a_full_disk_is_an_error() {
    let error = save(Path::new("/dev/full"), &two_interfaces(), &[(0, ethernet(&[1; 60]))]).unwrap_err();
    assert!(error.reason.contains("space"), "{error}");
}

#[test]
fn a_capture_cut_at_any_octet_gives_its_whole_packets_and_never_more() {
    let folder = tempfile::tempdir().unwrap();
    for (name, compressed) in [("a.pcap", false), ("a.pcapng", false), ("a.pcap", true), ("a.pcapng", true)] {
        let path = folder.path().join(name);
        let frames = [(0, ethernet(&[1; 33])), (0, ethernet(&[2; 60]))];
        save(&path, &two_interfaces(), &frames).unwrap();
        let mut octets = std::fs::read(&path).unwrap();
        if compressed {
            octets = zstd::encode_all(&octets[..], 1).unwrap();
        }
        for end in 0..=octets.len() {
            let cut = std::io::Cursor::new(octets[..end].to_vec());
            let Ok(mut source) = Source::from_reader("cut", cut) else { continue };
            let mut packets = 0;
            loop {
                match source.next_frame() {
                    Ok(None) => break,
                    Ok(Some(frame)) => {
                        assert_eq!(frame.octets, frames[packets].1.octets);
                        packets += 1;
                    }
                    Err(damage) => assert_eq!(damage.packets, packets as u64),
                }
            }
            assert!(end < octets.len() || packets == 2, "{name}: {packets} packets");
        }
    }
}

#[test]
fn behind_a_corrupt_block_the_reading_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    save(&path, &two_interfaces(), &[(0, ethernet(&[0xaa; 40])), (0, ethernet(&[0xbb; 40]))]).unwrap();
    let mut octets = std::fs::read(&path).unwrap();
    let first = octets.windows(40).position(|w| w == [0xaa; 40]).unwrap() - 28;
    octets[first + 4..first + 8].copy_from_slice(&0xffff_fff0u32.to_le_bytes());
    let mut source = Source::from_reader("a", std::io::Cursor::new(octets)).unwrap();
    let damage = source.next_frame().unwrap_err();
    assert_eq!((damage.offset, damage.packets), (Some(first as u64), 0));
    assert_eq!(source.next_frame().unwrap().unwrap().octets, [0xbb; 40]);
    assert!(source.next_frame().unwrap().is_none());
}

proptest! {
    #[test]
    fn arbitrary_octets_behind_a_section_header_never_panic_or_loop(
        words in proptest::collection::vec(prop_oneof![0u32..64, any::<u32>()], 0..80),
    ) {
        let mut octets = Vec::new();
        save_pcapng::Pcapng::default().end(&mut octets);
        octets.extend(words.iter().flat_map(|w| w.to_le_bytes()));
        let mut source = Source::from_reader("any", std::io::Cursor::new(octets)).unwrap();
        while !matches!(source.next_frame(), Ok(None)) {}
    }
}
