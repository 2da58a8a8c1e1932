//! The token for a tracker: from the environment, from its own program, from the user's credential helpers. Kept in
//! memory only, and sent only to the host it was found for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::context::Context;
use crate::env;
use crate::git::credential;
use crate::git::process;
use crate::http::Token;

/// `gh` answers within a fifth of a second; one that asks a keychain may take longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What programs gave in this process, by user and origin: each is asked once.
static FOUND: Mutex<BTreeMap<String, (String, Source)>> = Mutex::new(BTreeMap::new());

/// Where a token is for.
#[derive(Debug, Clone, Copy)]
pub struct Host<'a> {
    /// Its name, as `gh` and git know it.
    pub name: &'a str,
    /// The address of its interface.
    pub api: &'a str,
    /// Whether the user's own configuration names it, and not only a remote's URL, which comes from elsewhere.
    pub confirmed: bool,
}

/// A token, and where it comes from.
#[derive(Debug)]
pub struct Found {
    /// The token.
    pub token: Token,
    /// Who gave it.
    pub source: Source,
}

/// Who gave a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The environment variable of this name.
    Variable(&'static str),
    /// `gh auth token`.
    Gh,
    /// The user's credential helpers, by `git credential fill`.
    Git,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::Gh => f.write_str("`gh auth token`"),
            Self::Git => f.write_str("git's credential helper"),
        }
    }
}

impl Source {
    /// What to do where the token is not taken at `host`. What a helper keeps is the user's, and is not taken away.
    #[must_use]
    pub fn way_on(self, host: &str) -> String {
        match self {
            Self::Variable(name) => format!("set {name} to one that is valid, or unset it and use `gh auth login`"),
            Self::Gh => format!("`gh auth login --hostname {host}` makes a new one"),
            Self::Git => format!("have your credential helper keep a new one for {host}, or use `gh auth login`"),
        }
    }
}

/// The user's token for a GitHub: `GH_TOKEN` or `GITHUB_TOKEN` for github.com, `GH_ENTERPRISE_TOKEN` for the host that
/// `GH_HOST` or the configuration names; `gh auth token`; `git credential fill`. `None` where none of them has one.
#[must_use]
pub fn github(ctx: &Context, folder: &Path, host: Host<'_>) -> Option<Found> {
    let of_cloud = host.name == "github.com" || host.name.ends_with(".ghe.com");
    let names = if of_cloud {
        [env::GH_TOKEN, env::GITHUB_TOKEN]
    } else {
        [env::GH_ENTERPRISE_TOKEN, env::GITHUB_ENTERPRISE_TOKEN]
    };
    // A variable does not say which host it is for, and whoever wrote a remote's URL must not choose.
    let meant = host.name == "github.com" || host.confirmed || ctx.env.str(env::GH_HOST) == Some(host.name);
    let named = names.into_iter().filter(|_| meant).find_map(|name| {
        let token = Token::pinned(ctx.env.str(name)?, host.api)?;
        Some(Found { token, source: Source::Variable(name) })
    });
    if named.is_some() {
        return named;
    }
    let key = key(ctx, host.api);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((secret, source)) = found.get(&key) {
        return Some(Found { token: Token::pinned(secret, host.api)?, source: *source });
    }
    let protocol = host.api.split("://").next().unwrap_or_default();
    let by_git = || Some((credential::password(ctx, folder, protocol, host.name)?, Source::Git));
    let (secret, source) = from_gh(ctx, host.name).map(|secret| (secret, Source::Gh)).or_else(by_git)?;
    let token = Token::pinned(&secret, host.api)?;
    found.insert(key, (secret, source));
    Some(Found { token, source })
}

/// Forgets what programs gave for a host: it was not taken there.
pub fn forget(ctx: &Context, api: &str) {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(ctx, api));
}

fn key(ctx: &Context, api: &str) -> String {
    format!("{} {api}", ctx.env.path(env::HOME).unwrap_or_default().display())
}

/// What `gh auth token` prints for a host.
fn from_gh(ctx: &Context, host: &str) -> Option<String> {
    let program = ctx.program(Path::new("gh"))?;
    // It would print these for any host that it is asked for.
    let not_its_own =
        [env::GH_TOKEN, env::GITHUB_TOKEN, env::GH_ENTERPRISE_TOKEN, env::GITHUB_ENTERPRISE_TOKEN, env::GH_HOST];
    let mut environment: Vec<(OsString, OsString)> = ctx
        .env
        .iter()
        .filter(|(name, _)| !not_its_own.iter().any(|n| name == n))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    environment.push(("GH_PROMPT_DISABLED".into(), "1".into()));
    environment.push(("GH_NO_UPDATE_NOTIFIER".into(), "1".into()));
    let arguments = process::words(["auth", "token", "--hostname", host]);
    let text = process::told_outside(&program, &arguments, &environment, PATIENCE)?;
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}
