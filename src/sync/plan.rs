//! The decision: what was seen and what is wanted, to steps. Pure; `--dry-run` prints its result.

use super::step::Step;
use crate::config::model::Action;

/// What is known of a repository, as far as the decision needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Whether the branch has a commit.
    pub born: bool,
    /// Files a commit would take.
    pub changes: usize,
    /// Whether one of them is also changed by what arrives.
    pub overlap: bool,
    /// Whether the remote was asked in this sync.
    pub fetched: bool,
    /// The other side.
    pub other: Other,
    /// What may be done with it.
    pub may: May,
}

/// What the permission gate allows with the remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct May {
    /// Take in what it has.
    pub pull: bool,
    /// Send what it has not.
    pub push: bool,
}

impl Default for May {
    fn default() -> Self {
        Self { pull: true, push: true }
    }
}

impl May {
    /// Whether an action has any business with the remote.
    fn reaches(self, action: Action) -> bool {
        match action {
            Action::Observe => false,
            Action::Pull => self.pull,
            Action::Push => self.push,
            Action::Sync => self.pull || self.push,
        }
    }
}

/// The other side of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Other {
    /// There is no remote: work is committed and stays here.
    None,
    /// The remote branch, as last fetched.
    Branch {
        /// The remote.
        remote: String,
        /// Its branch.
        branch: String,
        /// Commits it does not have.
        ahead: usize,
        /// Commits of it that are not here.
        behind: usize,
        /// Files those change.
        files: usize,
    },
    /// The remote does not have the branch, or nobody has asked it yet.
    Missing {
        /// The remote.
        remote: String,
        /// The branch it would get.
        branch: String,
        /// Whether it may be made there.
        publish: bool,
    },
}

/// The steps that can be decided now. They end with [`Step::Fetch`] where more can only be said after
/// it; an empty list says that nothing is left to do.
#[must_use]
pub fn next(seen: &Seen, action: Action) -> Vec<Step> {
    if action == Action::Observe {
        return Vec::new();
    }
    if seen.fetched { after_fetch(seen, action) } else { before_fetch(seen, action) }
}

/// All steps, for a preview: `before` and, with what the fetch brought, `after` it.
#[must_use]
pub fn whole(before: &Seen, after: &Seen, action: Action) -> Vec<Step> {
    let mut steps = next(before, action);
    let committed = steps.iter().any(|s| matches!(s, Step::Commit { .. }));
    if steps.iter().any(|s| matches!(s, Step::Fetch { .. })) {
        let after = if committed { after.clone().with_commit() } else { after.clone() };
        let more = next(&after, action);
        let kept = steps.contains(&Step::Snapshot);
        steps.extend(more.into_iter().filter(|s| !(kept && *s == Step::Snapshot)));
    }
    steps
}

fn before_fetch(seen: &Seen, action: Action) -> Vec<Step> {
    let mut steps = Vec::new();
    // The first commit of a branch waits for the remote's answer: it may have a history already.
    let first = !seen.born && seen.other != Other::None;
    let commits = action.pushes() && seen.changes > 0 && !first;
    if commits {
        steps.extend([Step::Snapshot, Step::Commit { files: seen.changes }]);
    }
    match &seen.other {
        Other::None => {}
        _ if !seen.may.reaches(action) => {}
        // Nothing to send: a push need not trouble the remote at all.
        Other::Branch { ahead: 0, .. } if action == Action::Push && !commits => {}
        Other::Missing { .. } if action == Action::Push && !seen.born && seen.changes == 0 => {}
        Other::Branch { remote, branch, .. } | Other::Missing { remote, branch, .. } => {
            steps.push(Step::Fetch { remote: remote.clone(), branch: branch.clone() });
        }
    }
    steps
}

fn after_fetch(seen: &Seen, action: Action) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut changes = seen.changes;
    let mut commit = |steps: &mut Vec<Step>| {
        let files = std::mem::take(&mut changes);
        if files > 0 {
            if !steps.contains(&Step::Snapshot) {
                steps.push(Step::Snapshot);
            }
            steps.push(Step::Commit { files });
        }
        files > 0
    };
    match &seen.other {
        Other::None => {}
        Other::Missing { remote, branch, publish } => {
            if action.pushes() {
                let born = commit(&mut steps) || seen.born;
                if *publish && born && seen.may.push {
                    steps.push(Step::Publish { remote: remote.clone(), branch: branch.clone() });
                }
            }
        }
        Other::Branch { remote, branch, ahead, behind, files } => {
            let mut ahead = *ahead;
            if *behind > 0 && !seen.may.pull {
                // What is not taken in cannot be sent over. A first commit beside a history that is there already could
                // never be joined with it.
                if action.pushes() && seen.born {
                    commit(&mut steps);
                }
                return steps;
            }
            if *behind > 0 {
                steps.push(Step::Snapshot);
                // Work that what arrives does not touch may stay as it is, but only across a
                // fast-forward: a merge commit must hold everything it was computed from.
                if (ahead > 0 || seen.overlap) && commit(&mut steps) {
                    ahead += 1;
                }
                if ahead > 0 {
                    steps.push(Step::Merge { ours: ahead, theirs: *behind });
                    ahead += 1;
                }
                steps.push(Step::FastForward { commits: *behind, files: *files });
            }
            if action.pushes() {
                if commit(&mut steps) {
                    ahead += 1;
                }
                if ahead > 0 && seen.may.push {
                    steps.push(Step::Push { remote: remote.clone(), branch: branch.clone(), commits: ahead });
                }
            }
        }
    }
    steps
}

impl Seen {
    /// What would be seen after a commit.
    #[must_use]
    pub fn with_commit(mut self) -> Self {
        self.changes = 0;
        self.overlap = false;
        self.born = true;
        if let Other::Branch { ahead, .. } = &mut self.other {
            *ahead += 1;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{Pull, Push, Sync};

    fn seen(fetched: bool, changes: usize, overlap: bool, ahead: usize, behind: usize) -> Seen {
        let other = Other::Branch { remote: "origin".into(), branch: "main".into(), ahead, behind, files: behind };
        Seen { born: true, changes, overlap, fetched, other, may: May::default() }
    }

    fn names(steps: &[Step]) -> String {
        let name = |s: &Step| match s {
            Step::Snapshot => "keep",
            Step::Commit { .. } => "commit",
            Step::Fetch { .. } => "fetch",
            Step::Merge { .. } => "merge",
            Step::FastForward { .. } => "forward",
            Step::Push { .. } => "push",
            Step::Publish { .. } => "publish",
        };
        steps.iter().map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn no_history_is_begun_beside_one_that_may_not_be_taken_in() {
        let may = May { pull: false, push: true };
        let born = Seen { may, ..seen(true, 1, false, 0, 2) };
        let unborn = Seen { born: false, ..born.clone() };
        for action in [Push, Sync] {
            assert_eq!(names(&next(&unborn, action)), "");
            assert_eq!(names(&next(&born, action)), "keep commit");
            // Who may not even ask whether there is one waits, too.
            let alone = Seen { may: May { pull: false, push: false }, fetched: false, ..unborn.clone() };
            assert_eq!(names(&next(&alone, action)), "");
            assert_eq!(names(&next(&Seen { born: true, ..alone }, action)), "keep commit");
        }
    }

    #[test]
    fn every_situation_has_its_steps() {
        let table = [
            // fetched, changes, overlap, ahead, behind: pull | push | sync
            ((false, 0, false, 0, 0), "fetch", "", "fetch"),
            ((false, 2, false, 0, 0), "fetch", "keep commit fetch", "keep commit fetch"),
            ((false, 0, false, 3, 0), "fetch", "fetch", "fetch"),
            ((true, 0, false, 0, 0), "", "", ""),
            ((true, 0, false, 2, 0), "", "push", "push"),
            ((true, 0, false, 0, 2), "keep forward", "keep forward", "keep forward"),
            ((true, 1, false, 0, 2), "keep forward", "keep forward commit push", "keep forward commit push"),
            ((true, 1, false, 0, 0), "", "keep commit push", "keep commit push"),
            (
                (true, 1, true, 0, 2),
                "keep commit merge forward",
                "keep commit merge forward push",
                "keep commit merge forward push",
            ),
            ((true, 0, false, 1, 1), "keep merge forward", "keep merge forward push", "keep merge forward push"),
            (
                (true, 1, false, 1, 1),
                "keep commit merge forward",
                "keep commit merge forward push",
                "keep commit merge forward push",
            ),
        ];
        for ((fetched, changes, overlap, ahead, behind), pull, push, sync) in table {
            let seen = seen(fetched, changes, overlap, ahead, behind);
            for (action, expected) in [(Pull, pull), (Push, push), (Sync, sync)] {
                assert_eq!(names(&next(&seen, action)), expected, "{action:?} {seen:?}");
            }
        }
    }

    #[test]
    fn a_preview_keeps_once_and_counts_the_commit_it_would_make() {
        let steps = whole(&seen(false, 2, false, 0, 0), &seen(true, 2, false, 0, 1), Sync);
        assert_eq!(names(&steps), "keep commit fetch merge forward push");
        assert!(matches!(steps.last(), Some(Step::Push { commits: 2, .. })));
    }

    #[test]
    fn without_a_remote_work_is_only_committed_and_publishing_has_to_be_wanted() {
        let local = Seen { other: Other::None, ..seen(false, 1, false, 0, 0) };
        assert_eq!(names(&next(&local, Sync)), "keep commit");
        assert_eq!(names(&next(&local, Pull)), "");
        let missing = |publish, born| Seen {
            born,
            other: Other::Missing { remote: "origin".into(), branch: "main".into(), publish },
            ..seen(true, 0, false, 0, 0)
        };
        assert_eq!(names(&next(&missing(true, true), Push)), "publish");
        assert_eq!(names(&next(&missing(false, true), Push)), "");
        assert_eq!(names(&next(&missing(true, false), Push)), "", "there is nothing to publish");
        assert_eq!(names(&next(&missing(true, true), Pull)), "");
        assert_eq!(names(&next(&Seen { changes: 1, ..missing(true, false) }, Push)), "keep commit publish");
    }

    #[test]
    fn the_first_commit_waits_for_the_remotes_answer() {
        let other = Other::Missing { remote: "origin".into(), branch: "main".into(), publish: false };
        let unborn = Seen { born: false, other, ..seen(false, 3, false, 0, 0) };
        assert_eq!(names(&next(&unborn, Sync)), "fetch");
        let arrived = Seen { born: false, ..seen(true, 3, false, 0, 4) };
        assert_eq!(names(&next(&arrived, Sync)), "keep forward commit push");
    }
}
