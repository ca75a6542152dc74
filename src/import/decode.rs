//! Bytes to clean lines: encoding, line ends, invisible characters, text that was decoded wrongly before.

use super::Refusal;
use super::ledger::Ledger;
use super::line::{Line, closes, fence};

/// How many bytes a file may have.
pub const MAX_BYTES: usize = 100_000_000;

/// What windows-1252 makes of the bytes 0x80 to 0x9F; the five undefined ones stand for themselves.
const CP1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Punctuation that stands beside letters in sound texts.
const MARKS: &str = "‘’“”„‚…—–«»‹›";

/// The lines of a source as they stand there, and the repaired ones.
pub(super) struct Decoded {
    /// As decoded, line ends aside.
    pub(super) raw: Vec<String>,
    /// After repairs; at least one for each raw line.
    pub(super) lines: Vec<Line>,
}

/// Decodes and repairs a file.
pub(super) fn decode(bytes: &[u8], ledger: &mut Ledger) -> Result<Decoded, Refusal> {
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::TooLarge {
            bytes: bytes.len() as u64,
        });
    }
    let text = text(bytes, ledger)?;
    if text.chars().all(|c| c.is_whitespace() || c == '\u{feff}') {
        return Err(Refusal::Empty);
    }
    let mut text = text;
    if text.contains('\r') {
        ledger.repair(1, "", "", "line-ends");
        // A lone CR is the old Macintosh's line end.
        text = text.replace("\r\n", "\n").replace('\r', "\n");
    }
    let raw: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let mut open: Option<(char, usize)> = None;
    let mut lines = Vec::with_capacity(raw.len());
    for (index, text) in raw.iter().enumerate() {
        let no = index + 1;
        let code = open.is_some();
        match (open, fence(text)) {
            (Some((mark, length)), _) if closes(text, mark, length) => open = None,
            (None, Some((mark, length, _))) => open = Some((mark, length)),
            _ => {}
        }
        // A form feed is the page break of printed text and ends a line.
        for piece in text.split(['\u{c}', '\u{2028}', '\u{2029}']) {
            lines.push(Line::new(no, repair_line(no, piece, code, ledger)));
        }
    }
    Ok(Decoded { raw, lines })
}

fn text(bytes: &[u8], ledger: &mut Ledger) -> Result<String, Refusal> {
    // Documents of office programs begin with letters, though they are no text.
    if [b"%PDF-".as_slice(), b"{\\rtf", b"PK\x03\x04"]
        .iter()
        .any(|start| bytes.starts_with(start))
    {
        return Err(Refusal::NotText);
    }
    let utf16 = |swap: bool| {
        let units: Vec<u16> = bytes[2..]
            .chunks_exact(2)
            .map(|pair| {
                if swap {
                    u16::from_be_bytes([pair[0], pair[1]])
                } else {
                    u16::from_le_bytes([pair[0], pair[1]])
                }
            })
            .collect();
        String::from_utf16(&units).map_err(|_| Refusal::NotText)
    };
    match bytes {
        [0xff, 0xfe, ..] => {
            ledger.repair(1, "", "", "utf-16");
            return utf16(false);
        }
        [0xfe, 0xff, ..] => {
            ledger.repair(1, "", "", "utf-16");
            return utf16(true);
        }
        _ => {}
    }
    let control = bytes
        .iter()
        .filter(|&&byte| byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c | 0x0b | 0x1b))
        .count();
    if bytes.contains(&0) || control * 50 > bytes.len() {
        return Err(Refusal::NotText);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    // Western text of an old editor has few bytes beyond ASCII; anything else would come out as rubbish.
    let high = bytes.iter().filter(|byte| **byte >= 0x80).count();
    if high * 5 > bytes.len() {
        return Err(Refusal::NotUtf8);
    }
    ledger.repair(1, "", "", "windows-1252");
    ledger.notice(
        1,
        "the file is not UTF-8 and was read as windows-1252; look whether accents and quotes came out right",
    );
    Ok(bytes.iter().map(|&byte| cp1252(byte)).collect())
}

fn cp1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => CP1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The byte that windows-1252 reads as a character.
fn cp1252_byte(c: char) -> Option<u8> {
    match u32::from(c) {
        // Some decoders take the bytes from 0x80 to 0x9F for control characters.
        code @ 0x00..=0xff => Some(code as u8),
        _ => CP1252
            .iter()
            .position(|known| *known == c)
            .map(|at| 0x80 + at as u8),
    }
}

fn repair_line(no: usize, text: &str, code: bool, ledger: &mut Ledger) -> String {
    if text.is_ascii() && !text.bytes().any(|byte| byte < 0x20 && byte != b'\t') {
        return text.to_owned();
    }
    // Double damage happens; more than double was never seen.
    let once = mojibake(no, text, ledger);
    let twice = match once {
        Some(once) => mojibake(no, &once, ledger).unwrap_or(once),
        None => text.to_owned(),
    };
    invisible(no, &twice, code, ledger)
}

/// Reads runs of characters beyond ASCII as the UTF-8 that they were before someone took it for windows-1252.
fn mojibake(no: usize, text: &str, ledger: &mut Ledger) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.find(|c: char| !c.is_ascii()).unwrap_or(rest.len());
        out.push_str(&rest[..plain]);
        rest = &rest[plain..];
        let end = rest.find(|c: char| c.is_ascii()).unwrap_or(rest.len());
        let run = &rest[..end];
        rest = &rest[end..];
        if run.is_empty() {
            continue;
        }
        match decoded_run(run) {
            Some(decoded) => {
                ledger.repair(no, run, decoded.clone(), "mojibake");
                out.push_str(&decoded);
                changed = true;
            }
            None => out.push_str(run),
        }
    }
    changed.then_some(out)
}

/// The whole run decoded, or the longest damaged stretches of it among sound characters.
fn decoded_run(run: &str) -> Option<String> {
    run.chars().nth(1)?;
    let bytes: Option<Vec<u8>> = run.chars().map(cp1252_byte).collect();
    if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        return (!is_sound(run, &text)).then_some(text);
    }
    // A sound character may touch a damaged one: a quote that closes behind a damaged dash.
    let chars: Vec<char> = run.chars().collect();
    let mut out = String::new();
    let mut changed = false;
    let mut at = 0;
    while at < chars.len() {
        let lead = cp1252_byte(chars[at]).unwrap_or(0);
        let length = match lead {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 0,
        };
        let piece: String = chars.iter().skip(at).take(length).collect();
        let bytes: Option<Vec<u8>> = piece.chars().map(cp1252_byte).collect();
        // Two characters are little evidence, unless the first one hardly stands there otherwise.
        let enough = length >= 3
            || matches!(lead, 0xc2 | 0xc3) && !MARKS.contains(chars.get(at + 1).copied().unwrap_or('“'));
        let text = bytes
            .filter(|_| enough)
            .and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some(text) = text.filter(|text| !is_sound(&piece, text)) {
            out.push_str(&text);
            changed = true;
            at += length;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    changed.then_some(out)
}

/// Whether a run is letter and punctuation as they should be, though it reads as one character too: `é”—`, `Ü“`.
fn is_sound(run: &str, text: &str) -> bool {
    let mut chars = run.chars();
    let lead = chars
        .next()
        .is_some_and(|c| c.is_alphabetic() && !matches!(c, 'Ã' | 'Â' | 'â'));
    let marks = chars.all(|c| MARKS.contains(c));
    lead && marks && text.chars().nth(1).is_none()
}

/// Takes out what nobody sees: marks of order, soft hyphens, control characters; in prose also hard spaces.
fn invisible(no: usize, text: &str, code: bool, ledger: &mut Ledger) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gone = Vec::new();
    let mut spaces = 0;
    for c in text.chars() {
        match c {
            '\u{feff}' | '\u{200b}' | '\u{2060}' => gone.push((c, "zero-width")),
            '\u{ad}' if !code => gone.push((c, "soft-hyphen")),
            '\u{a0}' | '\u{202f}' | '\u{2007}' if !code => {
                spaces += 1;
                out.push(' ');
            }
            c if c.is_control() && c != '\t' => gone.push((c, "control-character")),
            _ => out.push(c),
        }
    }
    if spaces > 0 {
        ledger.repair(no, "\u{a0}".repeat(spaces), " ".repeat(spaces), "hard-space");
    }
    for (c, why) in gone {
        ledger.repair(no, c, "", why);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: &str) {
        let mut ledger = Ledger::default();
        let decoded = decode(input.as_bytes(), &mut ledger).unwrap();
        let lines: Vec<String> = decoded.lines.into_iter().map(|line| line.text).collect();
        assert_eq!(lines.join("\n"), expected);
    }

    #[test]
    fn wrong_decoding_is_undone_by_the_run() {
        check("isnâ€™t, all â€” and â†’", "isn’t, all — and →");
        check(
            "genuine “quotes”, 1s → 2s — café, naïve",
            "genuine “quotes”, 1s → 2s — café, naïve",
        );
        check("Ãœber", "Über");
        // Twice decoded wrongly.
        check("isnÃ¢â‚¬â„¢t", "isn’t");
        check("“café”—then, „MENÜ“ and MENÜ“", "“café”—then, „MENÜ“ and MENÜ“");
        check("“é”—” and “Ã‰tat”", "“é”—” and “État”");
        check("ä¸\u{ad}æ–‡", "中文");
        // Damage that touches a sound quote.
        check("“soâ€””", "“so—”");
        check("什么是闭包？", "什么是闭包？");
    }

    #[test]
    fn line_ends_and_invisible_characters() {
        check("\u{feff}a\r\nb\rc\u{c}d", "a\nb\nc\nd");
        check("a\u{a0}b so\u{ad}ft z\u{200b}w", "a b soft zw");
        check("```\na\u{a0}b\n```", "```\na\u{a0}b\n```");
        check("👩\u{200d}💻", "👩\u{200d}💻");
    }

    #[test]
    fn what_is_not_text_is_refused() {
        let refused = |bytes: &[u8]| decode(bytes, &mut Ledger::default()).err();
        assert!(matches!(refused(b"\x7fELF\0\0\0"), Some(Refusal::NotText)));
        assert!(matches!(refused(b" \n\r\n"), Some(Refusal::Empty)));
        assert!(matches!(refused(&[0xe0; 40]), Some(Refusal::NotUtf8)));
        let mut utf16 = vec![0xff, 0xfe];
        utf16.extend("Größe".encode_utf16().flat_map(u16::to_le_bytes));
        let decoded = decode(&utf16, &mut Ledger::default()).unwrap();
        assert_eq!(decoded.lines[0].text, "Größe");
        let decoded = decode(b"Gr\xf6\xdfe ist gut", &mut Ledger::default()).unwrap();
        assert_eq!(decoded.lines[0].text, "Größe ist gut");
    }
}
