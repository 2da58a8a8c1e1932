//! JSON Web Tokens (RFC 7519) that somebody could use.

use std::ops::Range;

use super::value::{decoded_text, sequential};

/// The token that begins with `eyJ` at `hit`.
pub(super) fn token(text: &[u8], hit: usize) -> Option<Range<usize>> {
    let part = |from: usize| {
        let length = text[from..]
            .iter()
            .take(8192)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            .count();
        from..from + length
    };
    let header = part(hit);
    if header.len() < 16 || text.get(header.end) != Some(&b'.') {
        return None;
    }
    let payload = part(header.end + 1);
    if payload.len() < 12 || text.get(payload.end) != Some(&b'.') {
        return None;
    }
    let signature = part(payload.end + 1);
    if signature.len() < 20 || sequential(&text[signature.clone()]) {
        return None;
    }
    let json = |range: Range<usize>| -> Option<serde_json::Value> {
        serde_json::from_slice(&decoded_text(&text[range])?).ok()
    };
    let head = json(header)?;
    if head.get("alg").is_none_or(|a| a == "none") && head.get("enc").is_none() {
        return None;
    }
    let whole = hit..signature.end;
    // An encrypted one (RFC 7516) has no payload that can be read.
    let Some(payload) = json(payload) else { return Some(whole) };
    let says = |key: &str| payload.get(key).map(ToString::to_string).unwrap_or_default().to_lowercase();
    // The token that jwt.io and half of all documentation shows, and keys that are meant for browsers.
    let example = says("sub").contains("1234567890")
        || says("name").contains("john doe")
        || says("name").contains("jane doe")
        || says("iss").contains("example")
        || says("sub").contains("example");
    (!example && says("role") != "\"anon\"").then_some(whole)
}
