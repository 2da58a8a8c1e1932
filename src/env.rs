//! The process environment, read once.
//!
//! Every variable the suite reads is named here, so that `README.md` can list them and a test can
//! compare the two. Nothing else in the crate may call `std::env::var` (see `clippy.toml`).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// `1` switches every hook and the worker off.
pub const CRAFT_DISABLE: &str = "CRAFT_DISABLE";
/// The Claude Code program that `craft install` and `craft doctor` ask, instead of the `claude` on `PATH`.
pub const CRAFT_CLAUDE: &str = "CRAFT_CLAUDE";
/// Path of the git program to run instead of the `git` found on `PATH`.
pub const CRAFT_GIT: &str = "CRAFT_GIT";
/// Path of the `craft` program a hook starts as worker, instead of the one beside the hook.
pub const CRAFT_WORKER: &str = "CRAFT_WORKER";
/// Set to `1` in the environment of every git process the engine starts, so that a user's own git
/// hooks can tell an automatic sync from a command typed by hand.
pub const CRAFT_SYNC_IN_PROGRESS: &str = "CRAFT_SYNC_IN_PROGRESS";
/// Set to `1` for the status line command that was there before ours, so that a `craft statusline` in it
/// does not start that command again.
pub const CRAFT_STATUSLINE: &str = "CRAFT_STATUSLINE";
/// Folder that replaces `~/.claude` (a variable of Claude Code).
pub const CLAUDE_CONFIG_DIR: &str = "CLAUDE_CONFIG_DIR";
/// Set in every shell that Claude Code runs a command in.
pub const CLAUDECODE: &str = "CLAUDECODE";
/// Process id of the client (Claude Code 2.1.214 and later).
pub const CLAUDE_PID: &str = "CLAUDE_PID";
/// The user's home folder.
pub const HOME: &str = "HOME";
/// Folder of the user's settings, `~/.config` where it is not set; git's are below it.
pub const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
/// The file of git's settings for all repositories of the user, instead of `~/.gitconfig` (a variable of git).
pub const GIT_CONFIG_GLOBAL: &str = "GIT_CONFIG_GLOBAL";
/// Name of the user, for `${user}` in commit messages.
pub const USER: &str = "USER";
/// Older spelling of [`USER`].
pub const LOGNAME: &str = "LOGNAME";
/// Editor for `craft auto-sync config edit`, tried before [`EDITOR`].
pub const VISUAL: &str = "VISUAL";
/// Editor for `craft auto-sync config edit`.
pub const EDITOR: &str = "EDITOR";
/// Any value switches colours off (<https://no-color.org>).
pub const NO_COLOR: &str = "NO_COLOR";
/// Width of the terminal in columns; Claude Code sets it for a status line (2.1.153 and later).
pub const COLUMNS: &str = "COLUMNS";
/// A token for GitHub (a variable of its program `gh`).
pub const GH_TOKEN: &str = "GH_TOKEN";
/// Older spelling of [`GH_TOKEN`].
pub const GITHUB_TOKEN: &str = "GITHUB_TOKEN";
/// A token for a GitHub Enterprise Server (a variable of `gh`): of the host that [`GH_HOST`] or `beacon.github.api` names.
pub const GH_ENTERPRISE_TOKEN: &str = "GH_ENTERPRISE_TOKEN";
/// Older spelling of [`GH_ENTERPRISE_TOKEN`].
pub const GITHUB_ENTERPRISE_TOKEN: &str = "GITHUB_ENTERPRISE_TOKEN";
/// The host that [`GH_ENTERPRISE_TOKEN`] is for (a variable of `gh`).
pub const GH_HOST: &str = "GH_HOST";
/// The proxy for `https:` addresses.
pub const HTTPS_PROXY: &str = "HTTPS_PROXY";
/// The usual spelling of [`HTTPS_PROXY`].
pub const HTTPS_PROXY_SMALL: &str = "https_proxy";
/// The proxy for `http:` addresses; only so spelled, as for curl.
pub const HTTP_PROXY_SMALL: &str = "http_proxy";
/// The proxy for all addresses.
pub const ALL_PROXY: &str = "ALL_PROXY";
/// The usual spelling of [`ALL_PROXY`].
pub const ALL_PROXY_SMALL: &str = "all_proxy";
/// Hosts that are asked without a proxy.
pub const NO_PROXY: &str = "NO_PROXY";
/// The usual spelling of [`NO_PROXY`].
pub const NO_PROXY_SMALL: &str = "no_proxy";
/// Tests only: the wall clock, in milliseconds since the epoch, frozen.
pub const CRAFT_INTERNAL_NOW: &str = "CRAFT_INTERNAL__NOW_MS";
/// Tests only: seed of the dice.
pub const CRAFT_INTERNAL_SEED: &str = "CRAFT_INTERNAL__SEED";
/// Tests only: name of a step of the engine at which the process kills itself with SIGKILL.
pub const CRAFT_INTERNAL_KILL_AT: &str = "CRAFT_INTERNAL__KILL_AT";

/// A snapshot of the environment.
#[derive(Debug, Clone, Default)]
pub struct Env {
    vars: BTreeMap<OsString, OsString>,
}

impl Env {
    /// Reads the environment of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this module owns the process environment")]
    pub fn from_process() -> Self {
        Self { vars: std::env::vars_os().collect() }
    }

    /// Makes an environment from pairs, for tests.
    pub fn from_pairs<K: Into<OsString>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self { vars: pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect() }
    }

    /// The value of `name`; an empty value counts as unset.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(OsStr::new(name)).map(OsString::as_os_str).filter(|v| !v.is_empty())
    }

    /// The value of `name` where it is valid UTF-8.
    #[must_use]
    pub fn str(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// The value of `name` as a path.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// Whether a switch is set: any value but nothing, `0` and `false`.
    #[must_use]
    pub fn switch(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| v != "0" && v != "false")
    }

    /// The same environment with one variable more, or another value of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.into(), value.into());
        self
    }

    /// All variables, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|(k, v)| (k.as_os_str(), v.as_os_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_counts_as_unset_and_switches_take_the_usual_words() {
        let env = Env::from_pairs([("A", ""), ("B", "0"), ("C", "1"), ("D", "false"), ("E", "yes")]);
        assert_eq!(env.get("A"), None);
        assert_eq!(["A", "B", "C", "D", "E", "F"].map(|n| env.switch(n)), [false, false, true, false, true, false]);
    }
}
