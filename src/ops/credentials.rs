//! The token for a tracker: from the environment, from its own program, from the user's credential helpers. Kept in
//! memory only, and sent only to the host it was found for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::context::Context;
use crate::env;
use crate::git::credential;
use crate::git::process::{self, Invocation};
use crate::http::Token;

/// `gh` answers within a fifth of a second; one that asks a keychain may take longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What programs gave in this process, by user and origin: each is asked once.
static FOUND: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

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

/// The user's token for a GitHub: `GH_TOKEN` or `GITHUB_TOKEN` for github.com, `GH_ENTERPRISE_TOKEN` for the host that
/// `GH_HOST` or the configuration names; `gh auth token`; `git credential fill`. `None` where none of them has one.
#[must_use]
pub fn github(ctx: &Context, folder: &Path, host: Host<'_>) -> Option<Token> {
    let of_cloud = host.name == "github.com" || host.name.ends_with(".ghe.com");
    let names = if of_cloud {
        [env::GH_TOKEN, env::GITHUB_TOKEN]
    } else {
        [env::GH_ENTERPRISE_TOKEN, env::GITHUB_ENTERPRISE_TOKEN]
    };
    // A variable does not say which host it is for, and whoever wrote a remote's URL must not choose.
    let meant = host.name == "github.com" || host.confirmed || ctx.env.str(env::GH_HOST) == Some(host.name);
    let named = names.iter().filter(|_| meant).find_map(|name| Token::pinned(ctx.env.str(name)?, host.api));
    if named.is_some() {
        return named;
    }
    let key = key(ctx, host.api);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(secret) = found.get(&key) {
        return Token::pinned(secret, host.api);
    }
    let protocol = host.api.split("://").next().unwrap_or_default();
    let secret = from_gh(ctx, host.name).or_else(|| credential::password(ctx, folder, protocol, host.name))?;
    let token = Token::pinned(&secret, host.api);
    if token.is_some() {
        found.insert(key, secret);
    }
    token
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
    let invocation = Invocation {
        program: &program,
        arguments: &arguments,
        // Nothing of a repository has a say in it.
        folder: Path::new("/"),
        environment: &environment,
        input: b"",
        deadline: PATIENCE,
    };
    let finished = process::start_hidden(&invocation).and_then(|r| r.wait(None)).ok()?;
    let text = String::from_utf8(finished.stdout).ok().filter(|_| finished.code == Some(0))?;
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}
