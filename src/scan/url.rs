//! Credentials in URLs: `scheme://user:password@host`.

use std::ops::Range;

use super::placeholder::{is_placeholder, is_weak};
use super::value::{Strength, strength};

/// Longest user-info that is looked at.
const USERINFO: usize = 512;
/// Hosts to which a user name alone is a public project key.
const PUBLIC: [&[u8]; 3] = [b"sentry", b"glitchtip", b"bugsink"];

/// The password in the URL whose `://` stands at `hit`, and what it is called.
pub(super) fn password(text: &[u8], hit: usize) -> Option<(Range<usize>, &'static str)> {
    // In JSON, slashes may be escaped.
    let start = hit + if text[hit..].starts_with(b"://") { 3 } else { 5 };
    let limit = text.len().min(start + USERINFO);
    // jdbc:oracle:thin:user/password@… has no `://`; all others end their user-info at the last `@` before a path.
    let end = text[start..limit]
        .iter()
        .position(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | 0))
        .map_or(limit, |at| start + at);
    let authority = text[start..end].iter().position(|b| matches!(b, b'?' | b'#')).map_or(end, |at| start + at);
    let slash = text[start..authority].iter().position(|b| *b == b'/').map_or(authority, |at| start + at);
    // A slash in a password is a mistake that people make; then the `@` comes behind it.
    let at = match text[start..slash].iter().rposition(|b| *b == b'@') {
        Some(at) => start + at,
        None => {
            let at = text[start..authority].iter().rposition(|b| *b == b'@').map(|at| start + at)?;
            let colon = text[start..slash].iter().position(|b| *b == b':')?;
            let digits = &text[start + colon + 1..slash];
            if digits.iter().all(u8::is_ascii_digit) || text[start..at].iter().filter(|b| **b == b'/').count() > 2 {
                return None;
            }
            at
        }
    };
    let host = &text[at + 1..end];
    let scheme = {
        let from = hit.saturating_sub(24);
        let begin = text[from..hit]
            .iter()
            .rposition(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'+' | b'-' | b'.'))
            .map_or(from, |i| from + i + 1);
        &text[begin..hit]
    };
    if host.first().is_none_or(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'[' | b'{' | b'$' | b'_' | b'%' | b'('))
    {
        return None;
    }
    match text[start..at].iter().position(|b| *b == b':') {
        Some(colon) => {
            let range = start + colon + 1..at;
            let user = &text[start..start + colon];
            let secret = &text[range.clone()];
            // GitHub takes a token for the user, and this for its password.
            if secret == b"x-oauth-basic" || secret.is_empty() {
                let token = user.len() >= 20 && strength(user) == Strength::Random && !is_placeholder(user);
                return token.then_some((start..start + colon, "url-token"));
            }
            is_password(user, secret, host).then_some((range, "url-password"))
        }
        None => {
            let secret = &text[start..at];
            let token = secret.len() >= 20 && strength(secret) == Strength::Random && !is_placeholder(secret);
            let public = PUBLIC.iter().any(|p| memchr::memmem::find(host, p).is_some());
            let web = scheme.starts_with(b"http") || scheme.starts_with(b"git");
            (token && !public && web).then_some((start..at, "url-token"))
        }
    }
}

fn is_password(user: &[u8], secret: &[u8], host: &[u8]) -> bool {
    let secret = &percent_decoded(secret)[..];
    if secret.len() < 5 || secret.eq_ignore_ascii_case(user) || is_placeholder(secret) {
        return false;
    }
    let lower = secret.to_ascii_lowercase();
    // `secret@db`, `pw123@localhost`: a word that everybody uses.
    if is_weak(&lower)
        || lower.starts_with(b"pass") && lower.len() < 10
        || lower == b"x-oauth-basic"
        || lower == b"oauth2"
    {
        return false;
    }
    let example: [&[u8]; 3] = [b"example.com", b"example.org", b"example.net"];
    let strong = strength(secret) >= Strength::Password;
    if example.iter().any(|e| memchr::memmem::find(host, e).is_some()) && !strong {
        return false;
    }
    let digits = secret.iter().any(u8::is_ascii_digit);
    let letters = secret.iter().any(u8::is_ascii_alphabetic);
    let symbols = secret.iter().any(|b| !b.is_ascii_alphanumeric());
    let local = host.starts_with(b"localhost") || host.starts_with(b"127.0.0.1");
    strong || (!local && secret.len() >= 8 && letters && (digits || symbols)) || (strength(secret) > Strength::None)
}

/// The text that a percent-encoded one stands for.
pub(super) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
        match (text[at], hex(text.get(at + 1)), hex(text.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let hit = text.find("://").unwrap();
        password(text.as_bytes(), hit).map(|(range, _)| &text[range])
    }

    #[test]
    fn passwords_in_urls_are_found_and_defaults_are_not() {
        assert_eq!(found("postgres://app:Kx92mPqLw8@db.internal:5432/x"), Some("Kx92mPqLw8"));
        assert_eq!(found("redis://:q8Zt2Lw9Xk4Vb7Nm@cache:6379"), Some("q8Zt2Lw9Xk4Vb7Nm"));
        assert_eq!(found("https://q8Zt2Lw9Xk4Vb7NmR3c5@git.corp.net/x.git"), Some("q8Zt2Lw9Xk4Vb7NmR3c5"));
        assert_eq!(found("amqp://svc:p%40ssW0rd%21xK@mq/vhost"), Some("p%40ssW0rd%21xK"));
        for none in [
            "postgres://user:password@localhost/db",
            "postgres://postgres:postgres@db:5432",
            "https://example.com:8080/a@b",
            "ssh://git@github.com/x",
            "https://user:${TOKEN}@host",
            "https://host/path?mail=a:b@c",
            "mysql://root:root@127.0.0.1",
            "https://9f86d081884c7d659a2feaa0c55ad015@o1.ingest.sentry.io/2",
        ] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}
