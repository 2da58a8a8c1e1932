//! How a sync ends when git fails, and which one command leads on.

use super::Target;
use crate::git::command::GitError;
use crate::git::fault::Fault;
use crate::locate::Location;
use crate::sync::outcome::{End, Refusal};
use crate::sync::quote;

/// What the failure of a git command means for the sync.
pub(super) fn end_of(error: &GitError, at: &Location, target: Option<&Target>) -> End {
    let here = quote::path(&at.worktree);
    let remote = target.map_or("origin", |t| t.remote.as_str());
    let refused = |kind, reason: String, command: String| End::Refused { kind, reason, command };
    let fetch = || format!("git -C {here} fetch {}", quote::word(remote));
    let text = error.fault.text();
    match &error.fault {
        Fault::Offline(_) => End::Offline { reason: text.into() },
        Fault::Broken(_) | Fault::Signalled(_) | Fault::TimedOut(_) => {
            End::Failed { reason: error.to_string(), transient: true }
        }
        Fault::Locked(_) => match super::locks::named(&error.finished.stderr) {
            Some(lock) => super::locks::in_the_way(lock),
            None => End::Busy { reason: text.into() },
        },
        Fault::Authentication(_) => {
            refused(Refusal::Authentication, format!("{remote} did not accept us: {text}"), fetch())
        }
        Fault::HostKey(_) => {
            refused(Refusal::HostKey, format!("the host key of {remote} is not trusted: {text}"), fetch())
        }
        Fault::RemoteMissing(_) => refused(
            Refusal::RemoteMissing,
            format!("there is no repository at {remote}: {text}"),
            format!("git -C {here} remote -v"),
        ),
        Fault::Ownership(_) => refused(
            Refusal::Ownership,
            format!("the repository belongs to another user: {text}"),
            format!("git config --global --add safe.directory {here}"),
        ),
        Fault::ReadOnly(_) => refused(
            Refusal::ReadOnly,
            format!("the repository cannot be written: {text}"),
            format!("ls -ld {here} {here}/.git"),
        ),
        Fault::StaleRef(_) => refused(
            Refusal::StaleRef,
            format!("an old branch of {remote} lies where the new one would go: {text}"),
            format!("git -C {here} remote prune {}", quote::word(remote)),
        ),
        Fault::DiskFull(_) => refused(Refusal::DiskFull, format!("the disk is full: {text}"), format!("df -h {here}")),
        Fault::Identity(_) => refused(
            Refusal::Identity,
            "git knows neither your name nor your mail address, so it cannot commit".into(),
            "git config --global user.email you@example.com && git config --global user.name \"Your Name\"".into(),
        ),
        Fault::Signing(_) => refused(
            Refusal::Signing,
            format!("the commit could not be signed: {text}"),
            format!("git -C {here} commit -S"),
        ),
        Fault::Submodule(_) => refused(
            Refusal::Submodule,
            format!("a submodule has commits that are on no remote: {text}"),
            format!("git -C {here} push --recurse-submodules=on-demand"),
        ),
        Fault::NoGit(_) => {
            refused(Refusal::Git, format!("git cannot do what is needed: {text}"), "git --version".into())
        }
        Fault::NoSuchBranch(_) | Fault::InTheWay(_) | Fault::Other(_) => {
            End::Failed { reason: error.to_string(), transient: false }
        }
    }
}
