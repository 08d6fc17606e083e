//! Tables for terminals that know no Unicode.

use std::fmt::Write as _;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::lesson::Lang;
use crate::report::{Options, Out};

/// Writes text with the tables' own signs replaced, line by line. In English nothing but ASCII is left: a character
/// from the wire is written as `\u{e9}`. Chinese needs its characters.
pub(super) struct Ascii {
    out: Box<dyn Out>,
    lang: Lang,
    /// Columns of the terminal.
    columns: usize,
    /// The beginning of a line whose rest has not come.
    begun: Vec<u8>,
}

impl Ascii {
    pub(super) fn new(options: &Options, out: Box<dyn Out>) -> Self {
        Self { out, lang: options.lang, columns: options.width, begun: Vec::new() }
    }

    /// Writes the first octets of what has begun.
    fn pass_on(&mut self, octets: usize) -> io::Result<()> {
        let lines = String::from_utf8_lossy(&self.begun[..octets]);
        let text: String =
            lines.split_inclusive('\n').map(|line| fitted(line, self.lang, self.columns)).collect();
        self.begun.drain(..octets);
        self.out.write_all(text.as_bytes())
    }
}

impl Write for Ascii {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(octets);
        if let Some(end) = self.begun.iter().rposition(|octet| *octet == b'\n') {
            self.pass_on(end + 1)?;
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // the beginning of a character waits for its rest
        let whole = match std::str::from_utf8(&self.begun) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Ok(_) | Err(_) => self.begun.len(),
        };
        self.pass_on(whole)?;
        self.out.flush()
    }
}

impl Out for Ascii {
    fn worth_collecting(&self) -> usize {
        self.out.worth_collecting()
    }
}

/// A line with its signs replaced; one that was cut to fit the terminal still fits it.
fn fitted(line: &str, lang: Lang, columns: usize) -> String {
    let mut out = plain(line, lang);
    let end = out.trim_end_matches('\n').len();
    let more = end.saturating_sub(columns);
    if out.is_ascii()
        && more > 0
        && out[..end].ends_with("...")
        && line.trim_end_matches('\n').width() <= columns
    {
        out.replace_range(end - 3 - more..end - 3, "");
    }
    out
}

/// A line with its signs replaced. Where one becomes longer, blanks give way, so that columns stay where they are.
fn plain(line: &str, lang: Lang) -> String {
    let mut out = String::with_capacity(line.len());
    let mut longer = 0;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        // of several blanks one stays
        if c == ' ' && longer > 0 && chars.peek() == Some(&' ') {
            longer -= 1;
            continue;
        }
        let before = out.len();
        match sign(c) {
            Some(sign) => out.push_str(sign),
            None if c.is_ascii() || lang == Lang::Zh => out.push(c),
            None => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
        }
        if !c.is_ascii() && out.len() > before {
            let columns = out[before..].chars().filter_map(|c| c.width()).sum::<usize>();
            longer += columns.saturating_sub(c.width().unwrap_or(0));
        }
    }
    out
}

/// What stands for a sign of the tables.
const fn sign(c: char) -> Option<&'static str> {
    Some(match c {
        '─' | '–' | '·' => "-",
        '━' => "=",
        '│' | '├' => "|",
        '└' => "`",
        '╌' => "~",
        '┈' => ".",
        '▶' | '→' => ">",
        '◀' | '←' => "<",
        '↔' => "<>",
        '⋮' => ":",
        '…' => "...",
        '±' => "+-",
        '✗' | '×' => "x",
        '“' | '”' => "\"",
        '‘' | '’' => "'",
        'Δ' => "d",
        'µ' => "u",
        _ => return None,
    })
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
        let out = Box::new(Kept(Arc::clone(&kept)));
        let mut ascii = Ascii { out, lang: Lang::En, columns: 80, begun: Vec::new() };
        for octet in "│── SYN ──▶│\n2.5 µs · é".as_bytes() {
            ascii.write_all(&[*octet]).unwrap();
            ascii.flush().unwrap();
        }
        assert_eq!(
            String::from_utf8(kept.lock().unwrap().clone()).unwrap(),
            "|-- SYN -->|\n2.5 us - \\u{e9}"
        );
    }

    #[test]
    fn columns_stay_where_they_are_though_a_sign_becomes_longer() {
        assert_eq!(plain(" …           ↔    5 segments", Lang::En), " ...         <>   5 segments");
        assert_eq!(fitted("abcdefg…\n", Lang::En, 8), "abcde...\n");
        assert_eq!(fitted("abcdefg…\n", Lang::En, 80), "abcdefg...\n");
        assert_eq!(plain("✗ “a” … b", Lang::En), "x \"a\" ... b");
        assert_eq!(plain("“三次”→", Lang::Zh), "\"三次\">");
    }
}
