//! Where a line may end: English at blanks, Chinese between any two characters but for punctuation.
//!
//! This is UAX #14 for what tables hold, with two differences: words in Latin letters stay whole (no line ends behind
//! the hyphen of `FIN-WAIT-1` or the slash of a path), and quotation marks are told apart by their direction.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What must not begin a line behind a double-width character (UAX #14 classes CL, CP, EX, IS, NS, PO, CJ).
const NOT_FIRST: &str =
    "，。、；：？！）」』】》〉〕｝］”’…‥—·,.;:!?)]}%/％‰℃ー々ゝゞっッぁァぃィぅゥぇェぉォゃャゅュょョ";
/// What must not end a line before a double-width character (class OP).
const NOT_LAST: &str = "（「『【《〈〔｛［“‘([{";
/// What begins no line, whatever stands before it.
const NEVER_FIRST: &str = "：，。、；）”";
/// Units that stay with their number.
const UNITS: [&str; 6] = ["ns", "µs", "ms", "s", "min", "h"];
/// Names that stay with the number behind them.
const NUMBERED: [&str; 6] = ["RFC", "MSS", "ack", "seq", "TLS", "SSL"];
const ARROWS: &str = "→←↔";
const JOINER: char = '\u{200d}';

/// `text` in lines of at most `columns`, the first one full, the others leaving room for `indent`.
pub(super) fn wrap(text: &str, columns: usize, indent: usize) -> Vec<String> {
    let mut lines = Lines { done: Vec::new(), line: String::new(), used: 0, columns, indent };
    for piece in pieces(text) {
        lines.push(piece);
    }
    lines.finish()
}

/// Lines that are being filled.
struct Lines {
    done: Vec<String>,
    line: String,
    /// Columns that `line` takes.
    used: usize,
    columns: usize,
    indent: usize,
}

impl Lines {
    fn room(&self) -> usize {
        let indent = if self.done.is_empty() { 0 } else { self.indent };
        self.columns.saturating_sub(indent).max(2)
    }

    fn push(&mut self, piece: &str) {
        let needed = measure(piece.trim_end());
        let is_filled = !self.line.trim_end().is_empty();
        // What no line can hold is broken anyway, so it may begin on this one if much of it is free.
        let too_long = needed > self.room();
        if is_filled && self.used + needed > self.room() && !(too_long && 2 * self.used <= self.room()) {
            self.end_line();
        }
        if self.used + needed <= self.room() {
            self.line.push_str(piece);
            self.used += measure(piece);
            return;
        }
        for atom in atoms(piece) {
            self.push_atom(atom);
        }
    }

    /// Adds what is not broken, unless no line holds it.
    fn push_atom(&mut self, atom: &str) {
        let needed = measure(atom.trim_end());
        if self.used > 0 && self.used + needed > self.room() && needed <= self.room() {
            self.end_line();
        }
        for c in atom.chars() {
            let wide = c.width().unwrap_or(0);
            if self.used + wide > self.room() {
                self.end_line();
            }
            self.line.push(c);
            self.used += wide;
        }
    }

    fn end_line(&mut self) {
        self.line.truncate(self.line.trim_end().len());
        self.done.push(std::mem::take(&mut self.line));
        self.used = 0;
    }

    fn finish(mut self) -> Vec<String> {
        self.end_line();
        self.done
    }
}

/// Columns that a piece takes: of a string, because signs that modify the one before may widen it.
fn measure(piece: &str) -> usize {
    if piece.is_ascii() { piece.len() } else { piece.width() }
}

/// What a piece that no line holds is broken into: numbers with dots and the dots that stand for a secret stay whole,
/// and what begins no line stays with the character before it.
fn atoms(piece: &str) -> impl Iterator<Item = &str> {
    let mut rest = piece;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices();
        let (_, mut before) = chars.next()?;
        let end = chars.find_map(|(at, c)| {
            let before = std::mem::replace(&mut before, c);
            let goes_on = is_numeric(before) && is_numeric(c)
                || before == '·' && c == '·'
                || c == ' '
                || NEVER_FIRST.contains(c)
                || c.width() == Some(0)
                || before == JOINER;
            (!goes_on).then_some(at)
        });
        let (atom, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind;
        Some(atom)
    })
}

/// Part of a number such as `4.5.2`.
const fn is_numeric(c: char) -> bool {
    c.is_ascii_digit() || c == '.'
}

/// What stands between two places where a line may end, with the blanks behind it.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let mut chars = text[start..].char_indices();
        let (_, mut before) = chars.next()?;
        let end = chars.find_map(|(at, c)| {
            let before = std::mem::replace(&mut before, c);
            may_break(&text[..start + at], before, &text[start + at..]).then_some(start + at)
        });
        let end = end.unwrap_or(text.len());
        let piece = &text[start..end];
        start = end;
        Some(piece)
    })
}

/// Whether a line may end behind `head`, whose last character is `before`, and the next one begin with `rest`.
fn may_break(head: &str, before: char, rest: &str) -> bool {
    let Some(c) = rest.chars().next() else { return false };
    if NEVER_FIRST.contains(c) {
        return false;
    }
    if before == ' ' || c == ' ' {
        return before == ' ' && c != ' ' && !holds_together(head.trim_end_matches(' '), c, rest);
    }
    let joined = c.width() == Some(0) || before == JOINER;
    let is_octet = before == '字' && c == '节';
    (is_wide(before) || is_wide(c))
        && !joined
        && !is_octet
        && !is_last_of_a_part(before, rest)
        && !NOT_FIRST.contains(c)
        && !NOT_LAST.contains(before)
}

/// Whether `rest` has one Han character before the dot between two sentences, which it would carry to the next line.
fn is_last_of_a_part(before: char, rest: &str) -> bool {
    let mut chars = rest.chars();
    let alone = chars.next().is_some_and(is_wide) && chars.as_str().starts_with(" · ");
    alone && is_wide(before)
}

/// Whether the blank between `head` and `rest`, which begins with `c`, stands inside of a number with its sign, its
/// noun, its unit or its measure word: `第 4 个包`, `包 4`, `大于 127`, `+ 1`, `RFC 9293`, `1.5 ms`, and `← 1460` where
/// the arrow is that number's and does not stand between two ends. The dot between two sentences stays with the first.
fn holds_together(head: &str, c: char, rest: &str) -> bool {
    let mut ended = head.chars();
    let Some(last) = ended.next_back() else { return false };
    let before = ended.as_str().trim_end_matches(' ').chars().next_back();
    if c == '·' {
        return !rest.starts_with("··");
    }
    if c.is_ascii_digit() {
        if NUMBERED.iter().any(|name| head.ends_with(name)) {
            return true;
        }
        let stands_between =
            before.is_some_and(|c| c.is_alphanumeric() || NOT_FIRST.contains(c) && c.is_ascii());
        return matches!(last, '第' | '包' | '于' | '+' | '±') || ARROWS.contains(last) && !stands_between;
    }
    last.is_ascii_digit() && (is_wide(c) || UNITS.contains(&unit(rest)))
}

/// The letters that a text begins with.
fn unit(text: &str) -> &str {
    text.find(|c: char| !c.is_alphabetic() || is_wide(c)).map_or(text, |end| &text[..end])
}

fn is_wide(c: char) -> bool {
    c.width() == Some(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_between_words_and_between_han_characters_but_not_before_punctuation() {
        assert_eq!(wrap("one two three", 8, 2), ["one two", "three"]);
        assert_eq!(wrap("三次握手，四次挥手", 10, 0), ["三次握手，", "四次挥手"]);
        assert_eq!(wrap("三次握手，四次挥手", 8, 0), ["三次握", "手，四次", "挥手"]);
        assert_eq!(wrap("响应（推断）。", 6, 0), ["响应", "（推", "断）。"]);
        assert_eq!(wrap("", 4, 0), [""]);
    }

    #[test]
    fn words_of_latin_letters_stay_whole_though_they_have_hyphens_and_slashes() {
        assert_eq!(wrap("it is in FIN-WAIT-1", 14, 0), ["it is in", "FIN-WAIT-1"]);
        assert_eq!(wrap("see a/b/c", 7, 0), ["see", "a/b/c"]);
    }

    #[test]
    fn a_word_that_no_line_holds_begins_where_much_of_the_line_is_free() {
        assert_eq!(wrap("abcdefgh", 4, 0), ["abcd", "efgh"]);
        assert_eq!(wrap("ab cdefghijklmn", 8, 0), ["ab cdefg", "hijklmn"]);
        assert_eq!(wrap("abcdefg cdefghijklmn", 8, 0), ["abcdefg", "cdefghij", "klmn"]);
    }

    #[test]
    fn a_number_stays_with_its_measure_word_its_sign_and_its_arrow() {
        assert_eq!(wrap("由第 4 个包发送", 8, 0), ["由", "第 4 个", "包发送"]);
        assert_eq!(wrap("左移 10 位", 8, 0), ["左移", "10 位"]);
        assert_eq!(wrap("已加密（包 12）", 10, 0), ["已加密", "（包 12）"]);
        assert_eq!(wrap("允许大于 127 的字节", 10, 0), ["允许大", "于 127 的", "字节"]);
        assert_eq!(wrap("MSS：→ 1460，← 1460", 15, 0), ["MSS：→ 1460，", "← 1460"]);
        assert_eq!(wrap("ack 1 = seq 0 + 1", 15, 0), ["ack 1 = seq 0", "+ 1"]);
        assert_eq!(wrap("192.0.2.1:25 → 192.0.2.7:25", 16, 0), ["192.0.2.1:25 →", "192.0.2.7:25"]);
    }

    #[test]
    fn a_number_stays_with_its_unit_and_a_version_with_its_name() {
        assert_eq!(wrap("it took 1503.344 ms", 16, 0), ["it took", "1503.344 ms"]);
        assert_eq!(wrap("after 194.0 µs; then", 11, 0), ["after", "194.0 µs;", "then"]);
        assert_eq!(wrap("speaks TLS 1.1", 10, 0), ["speaks", "TLS 1.1"]);
        assert_eq!(wrap("共计 344 字节", 12, 0), ["共计", "344 字节"]);
    }

    #[test]
    fn no_line_begins_with_what_closes_a_clause() {
        assert_eq!(wrap("alice@example.test，好", 18, 0), ["alice@example.tes", "t，好"]);
        assert_eq!(wrap("报文 ：好", 6, 0), ["报", "文 ：", "好"]);
    }

    #[test]
    fn numbers_with_dots_and_what_stands_for_a_secret_stay_whole() {
        assert_eq!(wrap("节号为4.5.2。", 8, 0), ["节号为", "4.5.2。"]);
        assert_eq!(wrap("abcdefgh4.5.2", 10, 0), ["abcdefgh", "4.5.2"]);
        assert_eq!(wrap("AUTH PLAIN ········", 12, 0), ["AUTH PLAIN", "········"]);
    }

    #[test]
    fn the_last_word_of_a_part_is_not_torn_before_its_dot() {
        assert_eq!(wrap("声明使用 · 已使用", 8, 0), ["声明", "使用 ·", "已使用"]);
    }

    #[test]
    fn blanks_at_the_beginning_stay() {
        assert_eq!(wrap("  indented text", 11, 0), ["  indented", "text"]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_nothing_but_blanks_is_lost(text in "[a-z0-9 ，。（）“”中文字 →·/%-]{0,80}", columns in 2_usize..40) {
            let lines = wrap(&text, columns, 0);
            for line in &lines {
                prop_assert!(line.width() <= columns, "{line:?}");
            }
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }

        #[test]
        fn arbitrary_text_never_panics(text in any::<String>(), columns in 0_usize..20, indent in 0_usize..9) {
            wrap(&text, columns, indent);
        }
    }
}
