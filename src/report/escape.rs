//! The one way for text from the wire onto a terminal.

use std::fmt::Write;

/// Appends `text` with everything that a terminal could obey made visible: C0, DEL, C1, bidi controls and
/// other format characters.
pub fn push_text(out: &mut String, text: &str) {
    for c in text.chars() {
        if is_harmful(c) {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        } else {
            out.push(c);
        }
    }
}

/// Appends octets that should be text: as [`push_text`], with invalid UTF-8 as `\xNN`.
pub fn push_octets(out: &mut String, octets: &[u8]) {
    for chunk in octets.utf8_chunks() {
        push_text(out, chunk.valid());
        for octet in chunk.invalid() {
            let _ = write!(out, "\\x{octet:02x}");
        }
    }
}

/// Whether a terminal could act on this character, or a reader be misled by it.
pub fn is_harmful(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(octets: &[u8]) -> String {
        let mut out = String::new();
        push_octets(&mut out, octets);
        out
    }

    #[test]
    fn escape_sequences_bidi_controls_and_broken_utf_8_are_made_visible() {
        assert_eq!(shown(b"220 \x1b[31mred"), "220 \\u{1b}[31mred");
        assert_eq!(shown("a\u{9b}2Jb".as_bytes()), "a\\u{9b}2Jb");
        assert_eq!(shown("\u{202e}gpj.exe".as_bytes()), "\\u{202e}gpj.exe");
        assert_eq!(shown(b"ok\xffok\r\n"), "ok\\xffok\\u{d}\\u{a}");
        assert_eq!(shown("汉字".as_bytes()), "汉字");
    }
}
