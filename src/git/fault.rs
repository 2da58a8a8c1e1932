//! What it means when git fails: transient, final, or the user's turn.
//!
//! git has one exit code for most failures, so its messages have to be read. They are asked for in
//! English (`LC_MESSAGES=C`); what is not recognised is [`Fault::Other`], never a guess.

use super::command::Kind;
use super::process::Finished;
use crate::scan::redact::hush;

/// The meaning of a failure. The text is git's own, shortened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The remote cannot be reached.
    Offline(String),
    /// The remote did not answer in time, or the conversation broke off.
    Broken(String),
    /// The remote does not accept our credentials, or there are none.
    Authentication(String),
    /// The server's key is unknown or has changed.
    HostKey(String),
    /// There is no such repository.
    RemoteMissing(String),
    /// The remote has no such branch.
    NoSuchBranch(String),
    /// An old tracking ref lies where a new one would go (`feature` where `feature/x` came).
    StaleRef(String),
    /// Another git process holds a lock.
    Locked(String),
    /// The repository belongs to another user.
    Ownership(String),
    /// Nothing can be written here.
    ReadOnly(String),
    /// The disk is full, or a quota is.
    DiskFull(String),
    /// git knows neither name nor mail address.
    Identity(String),
    /// A commit could not be signed.
    Signing(String),
    /// A file that takes no part lies in the way.
    InTheWay(String),
    /// Commits of a submodule are not on its remote.
    Submodule(String),
    /// It took longer than allowed.
    TimedOut(String),
    /// A signal ended it.
    Signalled(String),
    /// There is no git, or it does not know an option.
    NoGit(String),
    /// Anything else.
    Other(String),
}

impl Fault {
    /// git's words.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Offline(t)
            | Self::Broken(t)
            | Self::Authentication(t)
            | Self::HostKey(t)
            | Self::RemoteMissing(t)
            | Self::NoSuchBranch(t)
            | Self::StaleRef(t)
            | Self::Locked(t)
            | Self::Ownership(t)
            | Self::ReadOnly(t)
            | Self::DiskFull(t)
            | Self::Identity(t)
            | Self::Signing(t)
            | Self::InTheWay(t)
            | Self::Submodule(t)
            | Self::TimedOut(t)
            | Self::Signalled(t)
            | Self::NoGit(t)
            | Self::Other(t) => t,
        }
    }
}

type Make = fn(String) -> Fault;

/// What to look for, in this order: the more telling comes first. All in lower case.
const SIGNS: &[(&[&str], Make)] = &[
    // Before all else: git hangs up on the remote after it, which looks like a broken conversation.
    (
        &[
            "not possible because you have unmerged",
            "needed to be pushed",
            "are not on any remote",
            "submodule paths contain",
        ],
        Fault::Submodule,
    ),
    (&["no space left on device", "disk quota exceeded", "file too large"], Fault::DiskFull),
    (&["detected dubious ownership", "unsafe repository"], Fault::Ownership),
    (
        &["host key verification failed", "remote host identification has changed", "no matching host key"],
        Fault::HostKey,
    ),
    (
        &[
            "could not resolve host",
            "name or service not known",
            "temporary failure in name resolution",
            "nodename nor servname",
            "network is unreachable",
            "no route to host",
            "connection refused",
            "failed to connect to",
            "couldn't connect to server",
            "could not resolve proxy",
            "network is down",
            "host is down",
        ],
        Fault::Offline,
    ),
    (
        &[
            "authentication failed",
            "could not read username",
            "could not read password",
            "unable to get password from user",
            "terminal prompts disabled",
            "permission denied (publickey",
            "permission denied, please try again",
            "invalid credentials",
            "invalid username or password",
            "invalid username or token",
            "the requested url returned error: 401",
            "the requested url returned error: 403",
            "access denied",
            "permission to ",
            "user cancelled dialog",
            "support for password authentication was removed",
        ],
        Fault::Authentication,
    ),
    (
        &[
            "repository not found",
            // fatal: repository 'https://x/y.git/' not found
            "/' not found",
            "does not appear to be a git repository",
            "the requested url returned error: 404",
            "the project you were looking for could not be found",
            "no such device or address",
        ],
        Fault::RemoteMissing,
    ),
    (&["couldn't find remote ref", "could not find remote ref"], Fault::NoSuchBranch),
    (
        &[
            "connection timed out",
            "operation timed out",
            "connection reset",
            "the remote end hung up",
            "early eof",
            "broken pipe",
            "connection closed",
            "unexpected disconnect",
            "rpc failed",
            "ssl_error",
            "gnutls",
            "the requested url returned error: 5",
            "could not read from remote repository",
            "unable to access",
            "index-pack failed",
            "fetch-pack: unexpected",
        ],
        Fault::Broken,
    ),
    (
        &["would be overwritten by merge", "would be overwritten by checkout", "would lose untracked files"],
        Fault::InTheWay,
    ),
    (
        &[
            "gpg failed to sign",
            "failed to sign the data",
            "failed to write commit object",
            "signing failed",
            "no secret key",
        ],
        Fault::Signing,
    ),
    (
        &[
            "please tell me who you are",
            "unable to auto-detect email",
            "empty ident name",
            "no email was given",
            "no name was given",
        ],
        Fault::Identity,
    ),
    (&["exists; cannot create 'refs/remotes/"], Fault::StaleRef),
    (
        &[".lock': file exists", "cannot lock ref", "another git process seems to be running", "unable to create '"],
        Fault::Locked,
    ),
    (
        &["read-only file system", "permission denied", "insufficient permission", "operation not permitted"],
        Fault::ReadOnly,
    ),
    (&["unknown option", "unknown switch", "is not a git command", "usage: git ", "unrecognized option"], Fault::NoGit),
];

/// Says what a failed call means.
#[must_use]
pub fn classify(kind: Kind, finished: &Finished) -> Fault {
    let text = excerpt(&finished.stderr);
    if finished.timed_out {
        return Fault::TimedOut(if text.is_empty() { "it was stopped at its deadline".into() } else { text });
    }
    if let Some(signal) = finished.signal {
        return Fault::Signalled(format!("ended by signal {signal}. {text}").trim_end().to_owned());
    }
    let lower = finished.stderr.to_lowercase();
    let sign = |(signs, make): &(&[&str], Make)| signs.iter().any(|s| lower.contains(s)).then_some(*make);
    let make = SIGNS.iter().find_map(sign).unwrap_or(Fault::Other);
    let fault = make(text);
    match fault {
        // Without a remote in it these words speak of the local disk, and the other way round.
        Fault::Offline(t) | Fault::Broken(t) | Fault::RemoteMissing(t) | Fault::Authentication(t)
            if kind != Kind::Network =>
        {
            if lower.contains("permission denied") {
                Fault::ReadOnly(t)
            } else {
                Fault::Other(t)
            }
        }
        Fault::Locked(t) if lower.contains("permission denied") => Fault::ReadOnly(t),
        Fault::Locked(t) if lower.contains("read-only file system") => Fault::ReadOnly(t),
        Fault::Locked(t) if lower.contains("no such file or directory") => Fault::Other(t),
        fault => fault,
    }
}

/// The lines of git's standard error that say what happened: at most three, without progress, hints
/// and prefixes, and without credentials that a URL may carry.
#[must_use]
pub fn excerpt(stderr: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in stderr.split(['\n', '\r']).map(str::trim) {
        let dull = line.is_empty()
            || line.starts_with("hint:")
            || line.ends_with('%')
            || line.ends_with(", done.")
            || line.starts_with("To ")
            || line.starts_with("From ")
            || line.starts_with("Delta compression using")
            || (line.starts_with("Total ") && line.contains("(delta "))
            || line.contains("% (");
        if !dull && lines.len() < 3 {
            let line = line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: ")).unwrap_or(line);
            // Before anything is shortened: half a credential is not known for one any more.
            lines.push(hush(line));
        }
    }
    let text = lines.join("; ");
    if text.chars().count() > 300 { text.chars().take(297).chain("...".chars()).collect() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: Kind, stderr: &str) -> Fault {
        classify(
            kind,
            &Finished { code: Some(128), signal: None, timed_out: false, stdout: vec![], stderr: stderr.into() },
        )
    }

    #[test]
    fn the_usual_failures_are_told_apart() {
        use Kind::{Network, Write};
        let name = |f: Fault| format!("{f:?}").split('(').next().unwrap().to_owned();
        let table = [
            (Network, "fatal: unable to access 'https://x/': Could not resolve host: x", "Offline"),
            (
                Network,
                "fatal: unable to access 'http://127.0.0.1:1/': Failed to connect to 127.0.0.1 port 1",
                "Offline",
            ),
            (
                Network,
                "ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.",
                "Offline",
            ),
            (
                Network,
                "ssh: connect to host x port 22: Connection timed out\nfatal: Could not read from remote repository.",
                "Broken",
            ),
            (
                Network,
                "git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                "Authentication",
            ),
            (Network, "fatal: could not read Username for 'https://x': terminal prompts disabled", "Authentication"),
            (Network, "Host key verification failed.\nfatal: Could not read from remote repository.", "HostKey"),
            (
                Network,
                "fatal: '/gone.git' does not appear to be a git repository\nfatal: Could not read from remote repository.",
                "RemoteMissing",
            ),
            (Network, "fatal: unable to get password from user", "Authentication"),
            (Network, "fatal: repository 'https://x/y.git/' not found", "RemoteMissing"),
            (
                Network,
                "The following submodule paths contain changes that can\nnot be found on any remote:\n  sub\n\nfatal: Aborting.\nfatal: the remote end hung up unexpectedly",
                "Submodule",
            ),
            (Network, "fatal: couldn't find remote ref refs/heads/x", "NoSuchBranch"),
            (
                Network,
                "error: cannot lock ref 'refs/remotes/origin/a/b': 'refs/remotes/origin/a' exists; cannot create 'refs/remotes/origin/a/b'",
                "StaleRef",
            ),
            (Network, "fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF", "Broken"),
            (
                Write,
                "fatal: Unable to create '/r/.git/index.lock': File exists.\n\nAnother git process seems to be running",
                "Locked",
            ),
            (Write, "fatal: Unable to create '/r/.git/index.lock': Permission denied", "ReadOnly"),
            (Write, "fatal: Unable to create '/r/.git/index.lock': Read-only file system", "ReadOnly"),
            (Write, "error: gpg failed to sign the data\nfatal: failed to write commit object", "Signing"),
            (Write, "error: unable to write file: No space left on device", "DiskFull"),
            (Write, "Author identity unknown\n\n*** Please tell me who you are.", "Identity"),
            (Write, "fatal: detected dubious ownership in repository at '/r'", "Ownership"),
            (Write, "error: something new", "Other"),
        ];
        for (kind, stderr, expected) in table {
            assert_eq!(name(fault(kind, stderr)), expected, "{stderr}");
        }
    }

    #[test]
    fn what_is_passed_on_has_neither_progress_nor_credentials() {
        let stderr = "remote: Counting objects:  50% (1/2)\rfatal: unable to access 'https://ann:s3cret@x.org/r/': no\nhint: do this\n";
        assert_eq!(excerpt(stderr), "unable to access 'https://x.org/r/': no");
        let push = "Enumerating objects: 4, done.\nDelta compression using up to 2 threads\nTotal 3 (delta 0), reused 0\nremote: protected\nTo /r";
        assert_eq!(excerpt(push), "remote: protected");
        assert_eq!(excerpt("remote: leaked AKIAQ3EGRTXKWN5DLM7P"), "remote: leaked AKIA… (the rest is not shown)");
    }
}
