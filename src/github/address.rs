//! Which repository of which host the URL of a remote names, and where that host's interface is.

use std::fmt;

/// GitHub's own host.
const GITHUB: &str = "github.com";

/// `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    /// Reads `owner/name`; `None` where it is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let good = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= 100 && part.chars().all(plain);
        (good(owner) && good(name)).then(|| Self { owner: owner.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A repository of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name of the host, in lower case; with its port where that is not the usual one of the web.
    pub host: String,
    /// Whether that is a name for ssh, whose configuration may make another host of it.
    pub ssh: bool,
    /// The repository.
    pub repository: Repository,
}

impl Address {
    /// Reads the URL of a remote: `https://…`, `ssh://…`, `git://…` and `git@host:owner/name.git`. `None` for a folder,
    /// and where the path has more or fewer parts than a repository of GitHub.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let url = url.trim();
        let (ssh, host, path) = match url.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_once('/')?;
                let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
                let web = match scheme.to_ascii_lowercase().as_str() {
                    "https" => Some(":443"),
                    "http" => Some(":80"),
                    "ssh" | "git" | "git+ssh" | "ssh+git" => None,
                    _ => return None,
                };
                let host = match web {
                    Some(usual) => host.strip_suffix(usual).unwrap_or(host),
                    // The port of ssh says nothing of that of the web.
                    None => host.split_once(':').map_or(host, |(host, _)| host),
                };
                (web.is_none() && !scheme.eq_ignore_ascii_case("git"), host, path)
            }
            // scp's form; with a slash before the colon it is a folder (git-clone(1), GIT URLS).
            None => {
                let (host, path) = url.split_once(':')?;
                let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
                if host.contains('/') {
                    return None;
                }
                (true, host, path.trim_start_matches('/'))
            }
        };
        let host = usual(host.to_ascii_lowercase());
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
        let path = path.trim_end_matches('/');
        let repository = Repository::parse(path.strip_suffix(".git").unwrap_or(path))?;
        (!host.is_empty() && host.chars().all(plain)).then_some(Self { host, ssh, repository })
    }

    /// The same at the host that ssh makes of its name.
    #[must_use]
    pub fn led_to(self, host: &str) -> Self {
        Self { host: usual(host.to_ascii_lowercase()), ..self }
    }
}

fn usual(host: String) -> String {
    match host.as_str() {
        // Their ssh on the port of https (docs.github.com, "Using SSH over the HTTPS port").
        "ssh.github.com" | "www.github.com" => GITHUB.to_owned(),
        _ => host,
    }
}

/// Where the interface of a host is: GitHub's own, that of an enterprise on GitHub's cloud (`*.ghe.com`), or that of a
/// GitHub Enterprise Server.
#[must_use]
pub fn api_of(host: &str) -> String {
    match host {
        GITHUB => "https://api.github.com".into(),
        host if host.ends_with(".ghe.com") => format!("https://api.{host}"),
        host => format!("https://{host}/api/v3"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_found_in_every_form_of_a_remotes_url() {
        for url in [
            "https://github.com/ann/plans.git",
            "https://github.com/ann/plans",
            "https://ann:pw@GitHub.com:443/ann/plans/",
            "git@github.com:ann/plans.git",
            "github.com:ann/plans",
            "git@github.com:/ann/plans.git",
            "ssh://git@github.com/ann/plans.git",
            "ssh://git@ssh.github.com:443/ann/plans.git",
            "git://github.com/ann/plans.git",
        ] {
            let address = Address::parse(url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!((address.host.as_str(), address.repository.to_string()), ("github.com", "ann/plans".into()));
        }
        let own = Address::parse("ssh://git@ghe.corp.example:2222/team/re.po_1-x.git").unwrap();
        assert_eq!((own.host.as_str(), own.repository.to_string().as_str()), ("ghe.corp.example", "team/re.po_1-x"));
        assert_eq!(Address::parse("https://ghe.example:8443/a/b").unwrap().host, "ghe.example:8443");
        for none in [
            "/srv/git/ann/plans.git",
            "../plans.git",
            "./ann:x/plans",
            "file:///srv/ann/plans.git",
            "https://github.com/plans",
            "https://github.com/a/b/c",
            "https://github.com/../plans",
            "https://github.com/ann/pl%2fans",
            "https://github.com/ann/..",
            "git@github.com:plans.git",
            "https:///ann/plans",
            "https://ho st/ann/plans",
            "",
        ] {
            assert_eq!(Address::parse(none), None, "{none}");
        }
    }

    #[test]
    fn every_kind_of_host_has_its_interface() {
        assert_eq!(api_of("github.com"), "https://api.github.com");
        assert_eq!(api_of("corp.ghe.com"), "https://api.corp.ghe.com");
        assert_eq!(api_of("ghe.corp.example"), "https://ghe.corp.example/api/v3");
    }
}
