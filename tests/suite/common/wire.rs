//! Captures of several hosts on one Ethernet: 10.0.0.1, 10.0.0.2, ..., with mails that cross it.

use std::path::{Path, PathBuf};

use super::frames::{ACK, FIN, Ipv4, PSH, SYN, tcp};

/// Frames with their times in microseconds.
#[derive(Default)]
pub(crate) struct Wire {
    frames: Vec<(u64, Vec<u8>)>,
    connections: u16,
}

/// A mail as one hop transfers it.
#[derive(Clone)]
pub(crate) struct Transfer<'a> {
    /// Last octets of the addresses of client and server.
    pub(crate) hosts: (u8, u8),
    /// Microseconds.
    pub(crate) at: u64,
    /// Names that both give themselves.
    pub(crate) names: (&'a str, &'a str),
    pub(crate) mail_from: &'a str,
    pub(crate) rcpt_to: &'a str,
    /// The whole message; lines end in LF here, in CR LF on the wire.
    pub(crate) message: &'a str,
    /// The reply to the message.
    pub(crate) reply: &'a str,
}

impl Wire {
    /// A connection, each text a segment: whether the server says it, and what it is.
    pub(crate) fn dialogue(&mut self, hosts: (u8, u8), port: u16, at: u64, lines: &[(bool, String)]) {
        self.connections += 1;
        let ports = (40_000 + self.connections % 20_000, port);
        let isn = u32::from(self.connections) * 1000;
        let mut next = [isn, isn + 500];
        let mut time = at;
        let mut push = |from_server: bool, flags: u8, payload: &[u8]| {
            let own = usize::from(from_server);
            let (source, destination) = if from_server { (hosts.1, hosts.0) } else { hosts };
            let ports = if from_server { (ports.1, ports.0) } else { ports };
            let ack = if flags & ACK == 0 { 0 } else { next[1 - own] };
            let segment = tcp(source, destination, ports, (next[own], ack, flags), payload);
            next[own] += payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
            self.frames.push((time, Ipv4::new(source, destination, 6).frame(&segment)));
            time += 100;
        };
        push(false, SYN, b"");
        push(true, SYN | ACK, b"");
        push(false, ACK, b"");
        for (from_server, line) in lines {
            for piece in line.as_bytes().chunks(1400) {
                push(*from_server, PSH | ACK, piece);
            }
        }
        push(false, FIN | ACK, b"");
        push(true, FIN | ACK, b"");
        push(false, ACK, b"");
    }

    /// A mail over SMTP.
    pub(crate) fn mail(&mut self, transfer: &Transfer<'_>) {
        let Transfer { hosts, at, names, mail_from, rcpt_to, message, reply } = transfer;
        let server = |text: String| (true, format!("{text}\r\n"));
        let client = |text: String| (false, format!("{text}\r\n"));
        let message = message.replace('\n', "\r\n");
        self.dialogue(
            *hosts,
            25,
            *at,
            &[
                server(format!("220 {} ESMTP", names.1)),
                client(format!("EHLO {}", names.0)),
                server(format!("250 {}", names.1)),
                client(format!("MAIL FROM:<{mail_from}>")),
                server("250 2.1.0 Ok".into()),
                client(format!("RCPT TO:<{rcpt_to}>")),
                server("250 2.1.5 Ok".into()),
                client("DATA".into()),
                server("354 Go on".into()),
                client(format!("{message}\r\n.")),
                server((*reply).to_owned()),
                client("QUIT".into()),
                server("221 2.0.0 Bye".into()),
            ],
        );
    }

    /// The capture as a file in this folder.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> PathBuf {
        let frames = self.frames.iter().map(|(time, frame)| (*time, frame.as_slice()));
        let octets = super::timed_pcap(1, frames);
        let path = folder.join(name);
        std::fs::write(&path, octets).unwrap();
        path
    }
}
