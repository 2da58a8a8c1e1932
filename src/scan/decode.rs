//! Text in other clothes: UTF-16 files, and base64 inside a file.

use std::ops::Range;

use super::value::decoded_text;

/// Shortest and longest run of base64 that is decoded.
const RUN: Range<usize> = 24..65_536;

/// The text of a UTF-16 file as UTF-8, line for line; `None` where it is no UTF-16.
pub(super) fn utf16(content: &[u8]) -> Option<Vec<u8>> {
    let (big, body) = match content {
        [0xff, 0xfe, rest @ ..] => (false, rest),
        [0xfe, 0xff, rest @ ..] => (true, rest),
        _ => (guess(content)?, content),
    };
    let units = body.chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    });
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Some(text.into_bytes())
}

/// Whether a file without a byte order mark is UTF-16 with mostly ASCII text: `Some(true)` for big endian.
fn guess(content: &[u8]) -> Option<bool> {
    let sample = &content[..content.len().min(512) & !1];
    if sample.len() < 32 {
        return None;
    }
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), sample.len() / 2);
    match (even * 10 >= half * 9, odd * 10 >= half * 9) {
        (true, false) if odd == 0 => Some(true),
        (false, true) if even == 0 => Some(false),
        _ => None,
    }
}

/// Whether the content is no text: it has NUL bytes and is no UTF-16.
pub(super) fn is_binary(content: &[u8]) -> bool {
    memchr::memchr(0, &content[..content.len().min(8192)]).is_some()
}

/// Runs of base64 that stand for text, decoded.
pub(super) fn base64_texts(content: &[u8]) -> Vec<(Range<usize>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at <= content.len() {
        let inside = content.get(at).is_some_and(|b| BASE64[usize::from(*b)]);
        if !inside {
            if at - start >= RUN.start && at - start < RUN.end {
                let end = at + content[at..].iter().take(2).take_while(|b| **b == b'=').count();
                let run = &content[start..at];
                // Text in base64 has all three kinds in its first characters; words and hex do not.
                if looks_encoded(run)
                    && let Some(text) = decoded_text(run)
                {
                    found.push((start..end, text));
                }
            }
            start = at + 1;
        }
        at += 1;
    }
    found
}

/// What base64 is made of, both alphabets.
const BASE64: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        table[at] = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
        at += 1;
    }
    table
};

fn looks_encoded(run: &[u8]) -> bool {
    let upper = run.iter().any(u8::is_ascii_uppercase);
    let lower = run.iter().any(u8::is_ascii_lowercase);
    let digit = run.iter().any(u8::is_ascii_digit);
    // ASCII text never begins with bits that give these letters.
    let ascii = run.first().is_some_and(|b| matches!(b, b'A'..=b'Z' | b'a'..=b'f'));
    upper && lower && digit && ascii && decoded_text(&run[..24]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_is_read_with_and_without_a_mark() {
        let text = "password = 'abc'\nsecond line of the file\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(utf16(&little).unwrap(), text.as_bytes());
        assert_eq!(utf16(&big).unwrap(), text.as_bytes());
        assert_eq!(utf16(&[&[0xff, 0xfe], &little[..]].concat()).unwrap(), text.as_bytes());
        assert_eq!(utf16(text.as_bytes()), None);
    }

    #[test]
    fn text_in_base64_is_found_and_pictures_are_not() {
        let content =
            b"data: cGFzc3dvcmQ9aHVudGVyMg0KdG9rZW49YWJjZGVm\nimage: iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ\n";
        let texts = base64_texts(content);
        assert_eq!(texts.len(), 1);
        assert_eq!(texts[0].1, b"password=hunter2\r\ntoken=abcdef");
    }
}
