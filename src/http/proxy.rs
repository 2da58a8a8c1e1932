//! Which proxy a request goes through, as curl and git have it: `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`,
//! in small letters first. What is on this machine is asked directly.

use ureq::http::Uri;

use super::token::is_loopback;
use crate::env::{self, Env};

/// A proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<'e> {
    /// The variable that names it.
    pub variable: &'static str,
    /// Its address, which may hold a password.
    pub value: &'e str,
}

/// The proxy for an address; `None` where it is asked directly.
pub(super) fn find<'e>(env: &'e Env, uri: &Uri) -> Option<Found<'e>> {
    let named: &[&'static str] = match uri.scheme_str() {
        Some("https") => &[env::HTTPS_PROXY_SMALL, env::HTTPS_PROXY, env::ALL_PROXY_SMALL, env::ALL_PROXY],
        _ => &[env::HTTP_PROXY_SMALL, env::ALL_PROXY_SMALL, env::ALL_PROXY],
    };
    let (variable, value) = named.iter().find_map(|name| Some((*name, env.str(name)?)))?;
    let without = env.str(env::NO_PROXY_SMALL).or_else(|| env.str(env::NO_PROXY)).unwrap_or_default();
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    (!is_loopback(&uri.to_string()) && !excepted(&host, without)).then_some(Found { variable, value })
}

/// Whether a list of hosts names `host`: each name stands for what is below it too, `*` for all.
fn excepted(host: &str, list: &str) -> bool {
    list.split([',', ' ']).map(|entry| entry.trim().to_ascii_lowercase()).filter(|e| !e.is_empty()).any(|entry| {
        let name = entry.trim_start_matches('*').trim_start_matches('.');
        let name =
            name.rsplit_once(':').filter(|(_, p)| p.bytes().all(|b| b.is_ascii_digit())).map_or(name, |(n, _)| n);
        entry == "*" || host == name || (!name.is_empty() && host.strip_suffix(name).is_some_and(|h| h.ends_with('.')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_found_as_git_finds_it() {
        let env = Env::from_pairs([
            ("HTTPS_PROXY", "http://big:1"),
            ("https_proxy", "http://small:2"),
            ("HTTP_PROXY", "http://cgi:3"),
            ("all_proxy", "http://all:4"),
            ("NO_PROXY", "intern.example, .corp.example,*.lab.example:443"),
        ]);
        let proxy = |url: &str| find(&env, &url.parse().unwrap()).map(|f| f.value);
        assert_eq!(proxy("https://api.github.com/x"), Some("http://small:2"));
        // Its name in capitals can come from a header of a request to a CGI script.
        assert_eq!(proxy("http://api.github.com/x"), Some("http://all:4"));
        for direct in [
            "https://intern.example/",
            "https://a.intern.example/",
            "https://a.corp.example/",
            "https://b.lab.example/",
            "http://127.0.0.1:9/",
        ] {
            assert_eq!(proxy(direct), None, "{direct}");
        }
        assert_eq!(proxy("https://notintern.example/"), Some("http://small:2"));
        let none = Env::from_pairs([("https_proxy", "http://p:1"), ("no_proxy", "*")]);
        assert_eq!(find(&none, &"https://h/".parse().unwrap()), None);
    }
}
