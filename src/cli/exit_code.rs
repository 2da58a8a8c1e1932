//! Exit codes. They are part of the interface: `--help` lists them and a test compares.

use crate::sync::outcome::{End, Refusal};

/// All that was asked for is done.
pub const DONE: u8 = 0;
/// It failed, or was refused for a reason that has no code of its own.
pub const FAILED: u8 = 1;
/// The command line or a configuration file is wrong.
pub const USAGE: u8 = 2;
/// Both sides changed the same lines.
pub const CONFLICT: u8 = 3;
/// A gate refused.
pub const GATE: u8 = 4;
/// Another process holds the lock.
pub const BUSY: u8 = 5;
/// The remote cannot be reached, or something else that may pass by itself.
pub const NETWORK: u8 = 6;

/// The table that `--help` ends with.
pub const HELP: &str = "\
Exit codes:
  0  done (which may have been nothing)
  1  failed, or refused for a reason not listed here
  2  wrong usage or a broken configuration file
  3  conflict: both sides changed the same lines
  4  refused by a gate: conflict markers, mass deletion, an older tree, a credential, permissions
  5  busy: another process holds the lock
  6  network: the remote cannot be reached, or a failure that may pass";

/// The code for the end of a sync.
#[must_use]
pub fn of(end: &End) -> u8 {
    match end {
        End::Done => DONE,
        End::Offline { .. } | End::Failed { transient: true, .. } => NETWORK,
        End::Conflict { .. } => CONFLICT,
        End::Refused { kind, .. } if kind.by_gate() => GATE,
        End::Refused { kind: Refusal::Configuration, .. } => USAGE,
        End::Refused { .. } | End::Failed { transient: false, .. } => FAILED,
        End::Busy { .. } => BUSY,
    }
}

/// The code for several syncs: that of the one that most needs looking at.
#[must_use]
pub fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    const MILDEST_FIRST: [u8; 7] = [DONE, NETWORK, BUSY, CONFLICT, GATE, FAILED, USAGE];
    let rank = |code: &u8| MILDEST_FIRST.iter().position(|c| c == code).unwrap_or(MILDEST_FIRST.len());
    codes.into_iter().max_by_key(rank).unwrap_or(DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_documented_code() {
        let reason = String::new;
        let refused = |kind| End::Refused { kind, reason: reason(), command: reason() };
        let cases = [
            (End::Done, 0),
            (End::Failed { reason: reason(), transient: false }, 1),
            (refused(Refusal::Detached), 1),
            (refused(Refusal::Authentication), 1),
            (refused(Refusal::Configuration), 2),
            (End::Conflict { files: Vec::new(), branch: None }, 3),
            (refused(Refusal::ConflictMarkers), 4),
            (refused(Refusal::MassDeletion), 4),
            (refused(Refusal::AncestorTree), 4),
            (End::Busy { reason: reason() }, 5),
            (End::Offline { reason: reason() }, 6),
            (End::Failed { reason: reason(), transient: true }, 6),
        ];
        for (end, code) in cases {
            assert_eq!(of(&end), code, "{end:?}");
        }
        for code in [DONE, FAILED, USAGE, CONFLICT, GATE, BUSY, NETWORK] {
            assert!(HELP.contains(&format!("\n  {code}  ")), "{code} is documented");
        }
    }

    #[test]
    fn the_worst_of_several_is_the_one_that_most_needs_looking_at() {
        assert_eq!(worst([]), DONE);
        assert_eq!(worst([DONE, NETWORK, DONE]), NETWORK);
        assert_eq!(worst([CONFLICT, NETWORK, BUSY]), CONFLICT);
        assert_eq!(worst([GATE, FAILED, CONFLICT]), FAILED);
    }
}
