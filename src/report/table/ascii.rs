//! Tables for terminals that know no Unicode: the signs that tables are drawn with, each as one ASCII character.

use std::io::{self, Write};

use crate::report::Out;

/// Writes text with the tables' own signs replaced; what came from the wire keeps its characters.
pub(super) struct Ascii {
    out: Box<dyn Out>,
    /// The beginning of a character whose rest has not come.
    cut: Vec<u8>,
}

impl Ascii {
    pub(super) fn new(out: Box<dyn Out>) -> Self {
        Self { out, cut: Vec::new() }
    }
}

impl Write for Ascii {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.cut.extend_from_slice(octets);
        let whole = match std::str::from_utf8(&self.cut) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Ok(_) | Err(_) => self.cut.len(),
        };
        let text: String = String::from_utf8_lossy(&self.cut[..whole]).chars().map(plain).collect();
        self.cut.drain(..whole);
        self.out.write_all(text.as_bytes())?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Out for Ascii {
    fn worth_collecting(&self) -> usize {
        self.out.worth_collecting()
    }
}

/// One column stays one column.
const fn plain(c: char) -> char {
    match c {
        '─' | '–' => '-',
        '│' | '├' => '|',
        '└' => '`',
        '╌' => '~',
        '▶' | '→' => '>',
        '◀' | '←' => '<',
        '↔' => '=',
        '⋮' => ':',
        '·' | '…' => '.',
        '±' => '+',
        '✗' => 'x',
        '“' | '”' => '"',
        'Δ' => 'd',
        'µ' => 'u',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(octets)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Out for Kept {
        fn worth_collecting(&self) -> usize {
            0
        }
    }

    #[test]
    fn signs_are_replaced_even_where_two_writes_share_a_character() {
        let kept = Arc::default();
        let mut ascii = Ascii::new(Box::new(Kept(Arc::clone(&kept))));
        for octet in "│── SYN ──▶│ é".as_bytes() {
            ascii.write_all(&[*octet]).unwrap();
        }
        assert_eq!(String::from_utf8(kept.lock().unwrap().clone()).unwrap(), "|-- SYN -->| é");
    }
}
