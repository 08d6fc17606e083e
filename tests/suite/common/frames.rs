//! Frames, built octet by octet, with the checksums that belong to them.

/// Flags of a TCP header.
pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;

/// The station that begins, and the one that answers: last octets of MAC and IP addresses.
pub(crate) const CLIENT: u8 = 1;
pub(crate) const SERVER: u8 = 2;

/// An Ethernet II frame from `02:00:00:00:00:source`, neither padded nor with an FCS.
pub(crate) fn ethernet(source: u8, destination: u8, ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, destination, 2, 0, 0, 0, 0, source];
    frame.extend(ether_type.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// The frame, brought up to the 60 octets that Ethernet asks for.
pub(crate) fn padded(mut frame: Vec<u8>) -> Vec<u8> {
    frame.resize(frame.len().max(60), 0);
    frame
}

/// The frame with the CRC-32 that belongs to it, least significant octet first.
pub(crate) fn with_fcs(mut frame: Vec<u8>) -> Vec<u8> {
    let crc = crc32fast::hash(&frame);
    frame.extend(crc.to_le_bytes());
    frame
}

/// The frame with a CRC-32 of which one bit is wrong.
pub(crate) fn with_bad_fcs(frame: Vec<u8>) -> Vec<u8> {
    let mut frame = with_fcs(frame);
    *frame.last_mut().unwrap() ^= 1;
    frame
}

/// The Internet checksum (RFC 1071).
pub(crate) fn checksum(octets: &[u8]) -> u16 {
    let mut sum: u32 =
        octets.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !sum as u16
}

/// An IPv4 packet from 10.0.0.`source` to 10.0.0.`destination`.
#[derive(Clone, Copy)]
pub(crate) struct Ipv4 {
    pub(crate) source: u8,
    pub(crate) destination: u8,
    pub(crate) protocol: u8,
    pub(crate) identification: u16,
    /// More fragments, and the offset in units of 8 octets.
    pub(crate) fragment: u16,
    /// As it stands in the header; what is right where `None`.
    pub(crate) total_length: Option<u16>,
}

impl Ipv4 {
    pub(crate) fn new(source: u8, destination: u8, protocol: u8) -> Self {
        Self { source, destination, protocol, identification: 1, fragment: 0, total_length: None }
    }

    pub(crate) fn packet(self, payload: &[u8]) -> Vec<u8> {
        let total = self.total_length.unwrap_or(20 + payload.len() as u16);
        let mut packet = vec![0x45, 0];
        packet.extend(total.to_be_bytes());
        packet.extend(self.identification.to_be_bytes());
        packet.extend(self.fragment.to_be_bytes());
        packet.extend([64, self.protocol, 0, 0, 10, 0, 0, self.source, 10, 0, 0, self.destination]);
        let sum = checksum(&packet);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet.extend_from_slice(payload);
        packet
    }

    /// The packet in an Ethernet frame between the stations of the same numbers.
    pub(crate) fn frame(self, payload: &[u8]) -> Vec<u8> {
        ethernet(self.source, self.destination, 0x0800, &self.packet(payload))
    }
}

/// Puts the checksum over pseudo header and `octets` at `at`.
fn seal(octets: &mut [u8], at: usize, source: u8, destination: u8, protocol: u8) {
    let mut summed = vec![10, 0, 0, source, 10, 0, 0, destination, 0, protocol];
    summed.extend((octets.len() as u16).to_be_bytes());
    summed.extend_from_slice(octets);
    let sum = checksum(&summed);
    octets[at..at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// A UDP datagram (header and payload) from 10.0.0.`source`.
pub(crate) fn udp(source: u8, destination: u8, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    datagram.extend(ports.0.to_be_bytes());
    datagram.extend(ports.1.to_be_bytes());
    datagram.extend((8 + payload.len() as u16).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend_from_slice(payload);
    seal(&mut datagram, 6, source, destination, 17);
    datagram
}

/// A UDP datagram in a frame of the client.
pub(crate) fn udp_frame(payload: &[u8]) -> Vec<u8> {
    Ipv4::new(CLIENT, SERVER, 17).frame(&udp(CLIENT, SERVER, (40_000, 9999), payload))
}

/// The server's counterpart.
pub(crate) fn udp_frame_back(payload: &[u8]) -> Vec<u8> {
    Ipv4::new(SERVER, CLIENT, 17).frame(&udp(SERVER, CLIENT, (9999, 40_000), payload))
}

/// A TCP segment (header and payload) from 10.0.0.`source`.
pub(crate) fn tcp(
    source: u8,
    destination: u8,
    ports: (u16, u16),
    (seq, ack, flags): (u32, u32, u8),
    payload: &[u8],
) -> Vec<u8> {
    let mut segment = Vec::new();
    segment.extend(ports.0.to_be_bytes());
    segment.extend(ports.1.to_be_bytes());
    segment.extend(seq.to_be_bytes());
    segment.extend(ack.to_be_bytes());
    segment.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend_from_slice(payload);
    seal(&mut segment, 16, source, destination, 6);
    segment
}

/// A dialogue over TCP, frame by frame: handshake, what each side says, and the end.
pub(crate) struct Dialogue {
    pub(crate) frames: Vec<Vec<u8>>,
    port: u16,
    /// Next sequence numbers of client and server.
    next: [u32; 2],
    identification: u16,
}

impl Dialogue {
    /// The three segments that open a connection to `port`.
    pub(crate) fn open(port: u16) -> Self {
        let mut dialogue = Self { frames: Vec::new(), port, next: [1000, 5000], identification: 0 };
        dialogue.push(CLIENT, SYN, b"");
        dialogue.push(SERVER, SYN | ACK, b"");
        dialogue.push(CLIENT, ACK, b"");
        dialogue
    }

    pub(crate) fn client(&mut self, text: &[u8]) -> &mut Self {
        self.push(CLIENT, PSH | ACK, text)
    }

    pub(crate) fn server(&mut self, text: &[u8]) -> &mut Self {
        self.push(SERVER, PSH | ACK, text)
    }

    /// Both ends close.
    pub(crate) fn close(&mut self) -> &mut Self {
        self.push(CLIENT, FIN | ACK, b"").push(SERVER, FIN | ACK, b"").push(CLIENT, ACK, b"")
    }

    fn push(&mut self, from: u8, flags: u8, payload: &[u8]) -> &mut Self {
        let own = usize::from(from - CLIENT);
        let (to, ports) =
            if from == CLIENT { (SERVER, (40_000, self.port)) } else { (CLIENT, (self.port, 40_000)) };
        let ack = if flags & ACK == 0 { 0 } else { self.next[1 - own] };
        let segment = tcp(from, to, ports, (self.next[own], ack, flags), payload);
        let counted = u32::from(flags & (SYN | FIN) != 0);
        self.next[own] = self.next[own].wrapping_add(payload.len() as u32 + counted);
        self.identification += 1;
        let ip = Ipv4 { identification: self.identification, ..Ipv4::new(from, to, 6) };
        self.frames.push(ip.frame(&segment));
        self
    }
}

/// `frames` as [`super::pcap`] and others take them.
pub(crate) fn slices(frames: &[Vec<u8>]) -> Vec<&[u8]> {
    frames.iter().map(Vec::as_slice).collect()
}
