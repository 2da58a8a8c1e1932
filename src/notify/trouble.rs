//! What the end of a sync raises, and what it settles: read off what is remembered of the repository before and
//! after it.

use std::path::Path;

use serde_json::json;

use super::model::{Draft, Kind, Severity};
use crate::state::RepoState;
use crate::sync::quote;
use crate::sync::tell::SECURITY;

/// What needs the user, of one repository. At most one of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Both sides changed the same lines.
    Conflict,
    /// A credential, or a file that could not be scanned for one.
    Security,
    /// A refusal, or a failure that will not pass.
    Failure,
    /// Automatic sync rests after too many failures, which then need no notification of their own.
    Paused,
}

/// All there are.
pub const ALL: [Trouble; 4] = [Trouble::Conflict, Trouble::Security, Trouble::Failure, Trouble::Paused];

/// What follows for the notifications.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Follows {
    /// To be raised.
    pub raised: Vec<Draft>,
    /// Keys of what has passed.
    pub passed: Vec<String>,
}

/// The key under which a trouble of a repository is raised.
#[must_use]
pub fn key(repository: &str, trouble: Trouble) -> String {
    let word = match trouble {
        Trouble::Conflict => "conflict",
        Trouble::Security => "security",
        Trouble::Failure => "failure",
        Trouble::Paused => "paused",
    };
    format!("sync:{word}:{repository}")
}

/// What follows from a sync of the working tree `worktree` of `repository` (its key in the state file), after which
/// the state is `after`. `met` is whether this sync met what needs the user, for the first time or again.
/// The sync's own notice tells of it.
#[must_use]
pub fn follows(repository: &str, worktree: &Path, before: &RepoState, after: &RepoState, met: bool) -> Follows {
    let (was, is) = (troubles(before), troubles(after));
    let mut follows = Follows::default();
    for trouble in &was {
        // A credential does not go away because the next sync stops at something else.
        let hidden = *trouble == Trouble::Security && after.attention.is_some();
        if !is.contains(trouble) && !hidden {
            follows.passed.push(key(repository, *trouble));
        }
    }
    // While it hid behind something else it was not there to be compared; a sync that went well tells.
    if before.attention.is_some() && after.attention.is_none() && !was.contains(&Trouble::Security) {
        follows.passed.push(key(repository, Trouble::Security));
    }
    for trouble in is {
        let new = !was.contains(&trouble);
        if new || (met && trouble != Trouble::Paused) {
            follows.raised.extend(draft(repository, worktree, after, trouble));
        }
    }
    follows
}

fn troubles(state: &RepoState) -> Vec<Trouble> {
    let needs = state.attention.as_ref().map(|a| match a.kind.as_str() {
        "conflict" => Trouble::Conflict,
        SECURITY => Trouble::Security,
        _ => Trouble::Failure,
    });
    let paused = state.paused.is_some();
    let needs = needs.filter(|t| !paused || *t != Trouble::Failure);
    needs.into_iter().chain(paused.then_some(Trouble::Paused)).collect()
}

fn draft(repository: &str, worktree: &Path, state: &RepoState, trouble: Trouble) -> Option<Draft> {
    let name = worktree.file_name().unwrap_or(worktree.as_os_str()).to_string_lossy();
    let (kind, severity) = match trouble {
        Trouble::Conflict => (Kind::Conflict, Severity::Warning),
        Trouble::Security => (Kind::Security, Severity::Critical),
        Trouble::Failure | Trouble::Paused => (Kind::SyncFailure, Severity::Warning),
    };
    let (message, command) = if trouble == Trouble::Paused {
        let force = format!("craft auto-sync force {}", quote::path(worktree));
        (format!("automatic sync is paused: {}", state.paused.as_ref()?), force)
    } else {
        let attention = state.attention.as_ref()?;
        (attention.message.clone(), attention.command.clone())
    };
    Some(Draft {
        kind,
        severity,
        title: format!("{name}: {message}"),
        message,
        data: Some(json!({"repository": worktree, "command": command})),
        dedupe_key: key(repository, trouble),
        told: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Attention;

    fn state(kind: Option<&str>, paused: bool) -> RepoState {
        let attention = |kind: &str| Attention {
            kind: kind.into(),
            message: format!("{kind} it is"),
            command: "git do".into(),
            files: 0,
            since: 1,
        };
        RepoState { attention: kind.map(attention), paused: paused.then(|| "why".into()), ..RepoState::default() }
    }

    #[test]
    fn what_is_new_is_raised_and_what_is_gone_has_passed() {
        use Trouble::{Conflict, Failure, Paused, Security};
        let (none, conflict, security, hook) = (
            state(None, false),
            state(Some("conflict"), false),
            state(Some(SECURITY), false),
            state(Some("hook"), false),
        );
        let paused = state(Some("hook"), true);
        type Row<'a> = (&'a RepoState, &'a RepoState, bool, &'a [Trouble], &'a [Trouble]);
        let rows: [Row<'_>; 11] = [
            (&none, &none, false, &[], &[]),
            (&none, &conflict, true, &[Conflict], &[]),
            (&conflict, &conflict, true, &[Conflict], &[]),
            (&conflict, &conflict, false, &[], &[]),
            (&conflict, &none, false, &[], &[Conflict, Security]),
            (&conflict, &hook, true, &[Failure], &[Conflict]),
            (&none, &security, true, &[Security], &[]),
            (&security, &hook, true, &[Failure], &[]),
            (&security, &none, false, &[], &[Security]),
            (&hook, &paused, true, &[Paused], &[Failure]),
            (&paused, &none, false, &[], &[Paused, Security]),
        ];
        for (before, after, met, raised, passed) in rows {
            let follows = follows("/r/.git", Path::new("/r"), before, after, met);
            let keys = |troubles: &[Trouble]| troubles.iter().map(|t| key("/r/.git", *t)).collect::<Vec<_>>();
            assert_eq!(follows.raised.iter().map(|d| d.dedupe_key.clone()).collect::<Vec<_>>(), keys(raised));
            assert_eq!(follows.passed, keys(passed));
        }
    }

    #[test]
    fn only_a_credential_is_critical_and_all_was_told_by_the_sync() {
        for (kind, expected) in [
            ("conflict", (Kind::Conflict, Severity::Warning)),
            (SECURITY, (Kind::Security, Severity::Critical)),
            ("hook", (Kind::SyncFailure, Severity::Warning)),
            ("failed", (Kind::SyncFailure, Severity::Warning)),
        ] {
            let follows = follows("k", Path::new("/w/app"), &state(None, false), &state(Some(kind), false), true);
            let draft = &follows.raised[0];
            assert_eq!(((draft.kind, draft.severity), draft.told), (expected, true));
            assert_eq!(draft.title, format!("app: {kind} it is"));
            assert_eq!(draft.data.as_ref().unwrap()["command"], "git do");
        }
    }
}
