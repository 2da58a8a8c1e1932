//! A credential that is sent to one place only, and shown nowhere.

use std::fmt;

/// A credential, pinned to the origin (scheme, host and port) it was found for. It is not `Clone`, and its `Debug` does
/// not show it.
pub struct Token {
    secret: String,
    origin: String,
}

impl Token {
    /// A credential for the origin of `url`; `None` where that is no address, or the secret is none that a header takes.
    #[must_use]
    pub fn pinned(secret: &str, url: &str) -> Option<Self> {
        let secret = secret.trim();
        let plain = !secret.is_empty() && secret.bytes().all(|b| b.is_ascii_graphic());
        Some(Self { secret: secret.to_owned(), origin: origin(url).filter(|_| plain)? })
    }

    /// The header `Authorization` of a request to `url`; `None` for any other origin.
    #[must_use]
    pub fn header_for(&self, url: &str) -> Option<(String, String)> {
        (origin(url)? == self.origin).then(|| ("authorization".into(), format!("Bearer {}", self.secret)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Scheme, host and port of an address (RFC 6454), in lower case; `None` where it has none, or carries a user.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    let uri: ureq::http::Uri = url.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?.to_ascii_lowercase(), uri.authority()?);
    let usual = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return None;
    }
    Some(format!("{scheme}://{}:{}", authority.host().to_ascii_lowercase(), authority.port_u16().unwrap_or(usual)))
}

/// Whether an address is on this machine, by its name alone.
#[must_use]
pub fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<ureq::http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_its_origin_only_and_is_not_shown() {
        let token = Token::pinned("s3cret\n", "https://api.github.com").unwrap();
        let wanted = Some(("authorization".to_owned(), "Bearer s3cret".to_owned()));
        assert_eq!(token.header_for("https://API.github.com:443/user"), wanted);
        for other in [
            "http://api.github.com/user",
            "https://api.github.com:8443/user",
            "https://api.github.com.evil.example/user",
            "https://x@api.github.com/user",
            "https://api.github.com@evil.example/",
            "//api.github.com/user",
            "/user",
            "",
        ] {
            assert_eq!(token.header_for(other), None, "{other}");
        }
        assert!(!format!("{token:?}").contains("s3cret"));
        assert!(Token::pinned(" ", "https://h").is_none() && Token::pinned("a\r\nb", "https://h").is_none());
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for here in ["http://127.0.0.1:1/x", "http://[::1]:2", "http://localhost", "http://127.9.9.9/"] {
            assert!(is_loopback(here), "{here}");
        }
        for there in ["http://127.0.0.1.example", "http://localhost.example", "http://10.0.0.1", "http://", "x"] {
            assert!(!is_loopback(there), "{there}");
        }
    }
}
