//! Encodings and checksums that tokens and files use.

use super::Wrap;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// RFC 4648 base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().chain([&0, &0]).take(3).fold(0_usize, |sum, b| sum << 8 | usize::from(*b));
        for place in 0..4 {
            let digit = STANDARD[group >> (18 - 6 * place) & 63];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// RFC 4648 base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    base64(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// CRC-32 of IEEE 802.3.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// `number` in the first `base` digits of `0-9A-Za-z`, `width` digits wide.
pub fn based(mut number: u32, base: u32, width: usize) -> String {
    let mut digits = vec![b'0'; width];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[usize::try_from(number % base).unwrap_or(0)];
        number /= base;
    }
    digits.into_iter().map(char::from).collect()
}

/// The last six characters of a classic GitHub or npm token: its random part's CRC-32 in base 62.
pub fn base62_checksum(random: &str) -> String {
    based(crc32(random.as_bytes()), 62, 6)
}

/// The checksum of bech32 (BIP 173) over five-bit `data`, as the words that stand behind it.
pub fn bech32_checksum(readable: &str, data: &[u8]) -> [u8; 6] {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let high = readable.bytes().map(|b| b >> 5);
    let low = readable.bytes().map(|b| b & 31);
    let values = high.chain([0]).chain(low).chain(data.iter().copied()).chain([0; 6]);
    let sum = values.fold(1_u32, |sum, value| {
        let moved = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        (0..5).fold(moved, |moved, bit| if sum >> (25 + bit) & 1 == 1 { moved ^ GENERATOR[bit] } else { moved })
    }) ^ 1;
    std::array::from_fn(|place| u8::try_from(sum >> (5 * (5 - place)) & 31).unwrap_or(0))
}

/// As a string literal of JSON, without the quotes.
pub fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As the text of an XML element or attribute.
pub fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// As a part of a URL.
pub fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The bytes of a file with this text.
pub fn wrapped(text: &str, wrap: Wrap) -> Vec<u8> {
    match wrap {
        Wrap::Plain => text.as_bytes().to_vec(),
        Wrap::Crlf => text.replace('\n', "\r\n").into_bytes(),
        Wrap::Utf16Le => [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
        Wrap::Utf16Be => [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
    }
}
