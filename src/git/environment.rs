//! The environment in which git runs: the user's own, without what would redirect or stop it.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::context::Context;
use crate::env;

/// Variables of git that come from the user's set-up, not from a surrounding git process. All other
/// `GIT_*` are taken out, so that a hook of git that starts the client cannot redirect us.
const KEPT: [&str; 20] = [
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
    "GIT_SSL_VERSION",
    "GIT_SSL_NO_VERIFY",
    "GIT_PROXY_COMMAND",
    // Which transports a user allows must hold here as well.
    "GIT_ALLOW_PROTOCOL",
    "GIT_PROTOCOL_FROM_USER",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_EXEC_PATH",
];

/// The variables of every call.
pub(super) fn environment(ctx: &Context) -> Vec<(OsString, OsString)> {
    let mut kept: Vec<(OsString, OsString)> = ctx
        .env
        .iter()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            let dropped = name.starts_with("GIT_") && !KEPT.contains(&name.as_ref());
            // LC_ALL and LANGUAGE would win over LC_MESSAGES.
            !dropped && !matches!(name.as_ref(), "LC_ALL" | "LANGUAGE" | "LC_MESSAGES")
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut set = |name: &str, value: &str| kept.push((name.into(), value.into()));
    set("LC_MESSAGES", "C");
    set("GIT_TERMINAL_PROMPT", "0");
    // An empty GIT_ASKPASS means none, and keeps git from falling back to SSH_ASKPASS.
    set("GIT_ASKPASS", "");
    set("SSH_ASKPASS", "");
    set("SSH_ASKPASS_REQUIRE", "never");
    set("GCM_INTERACTIVE", "never");
    set("GIT_EDITOR", "true");
    set(env::CRAFT_SYNC_IN_PROGRESS, "1");
    kept
}

/// The ssh command for a network call: the user's own with prompts off and bounds added.
///
/// ssh takes the first value of an option, so ours stand right behind the program's name. A command
/// that is not plainly ssh is left as it is, since nobody knows its options.
#[must_use]
pub fn ssh_command(users: Option<&str>) -> Option<String> {
    const OPTIONS: &str = "-o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=2";
    let users = users.unwrap_or("ssh").trim();
    let (program, rest) = users.split_once(char::is_whitespace).unwrap_or((users, ""));
    let name = Path::new(program).file_name().and_then(OsStr::to_str)?;
    (name == "ssh").then(|| format!("{program} {OPTIONS} {rest}").trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_put_before_the_users_own_ssh_options() {
        let ours = "-o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=2";
        assert_eq!(ssh_command(None).unwrap(), format!("ssh {ours}"));
        assert_eq!(ssh_command(Some("/usr/bin/ssh -i ~/k")).unwrap(), format!("/usr/bin/ssh {ours} -i ~/k"));
        assert_eq!(ssh_command(Some("/opt/wrapper.sh --x")), None);
        assert_eq!(ssh_command(Some("plink -batch")), None);
    }

    #[test]
    fn a_surrounding_git_cannot_redirect_us() {
        let env = env::Env::from_pairs([
            ("HOME", "/h"),
            ("GIT_DIR", "/evil"),
            ("GIT_INDEX_FILE", "/evil"),
            ("GIT_CONFIG_PARAMETERS", "'core.sshCommand=evil'"),
            ("GIT_SSH_COMMAND", "ssh -i k"),
            ("LC_ALL", "de_DE.UTF-8"),
            ("SSH_AUTH_SOCK", "/s"),
        ]);
        let ctx = Context::new(env).unwrap();
        let environment = environment(&ctx);
        let names: Vec<_> = environment.iter().map(|(n, _)| n.to_str().unwrap()).collect();
        assert!(names.contains(&"GIT_SSH_COMMAND") && names.contains(&"SSH_AUTH_SOCK"));
        for gone in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_CONFIG_PARAMETERS", "LC_ALL"] {
            assert!(!names.contains(&gone), "{gone}");
        }
    }
}
