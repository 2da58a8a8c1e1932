//! No credential is committed, and none leaves: what a commit would take and what a push would send is scanned as
//! objects. A scan that cannot run stops both.

use std::collections::BTreeSet;

use super::{Engine, fail_point};
use crate::git::objects;
use crate::git::porcelain::Difference;
use crate::ops::scan::{self, Comments, Item, Known, Policy, ScanError, Sieve, Sifted, Source};
use crate::plain;
use crate::sync::names::says_secret;
use crate::sync::outcome::{End, Refusal, Spotted, is_unscanned};
use crate::sync::quote;
use crate::sync::tell::counted;

/// How many findings a report has.
const REPORTED: usize = 50;

/// What a report of the progress calls it.
const SCANNING: &str = "Scanning for credentials";

/// What was about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Commit,
    Push,
}

impl Engine<'_> {
    /// Scans what is staged. The finding of a credential ends the sync.
    pub(super) fn guard_commit(&mut self) -> Result<(), End> {
        if !self.job.config.security.scan {
            return Ok(());
        }
        self.reporter.phase(SCANNING);
        let sifted = objects::staged(self.git, self.head.as_deref())
            .map_err(ScanError::from)
            .and_then(|staged| self.sift_commit(&staged));
        fail_point(self.ctx, "commit-scanned");
        self.verdict(sifted, Doing::Commit)?;
        // Hooks of the user's may take long from here on.
        self.reporter.phase("Committing");
        Ok(())
    }

    /// The same for a commit that is only computed.
    pub(super) fn rehearse_guard(&mut self) -> Result<(), End> {
        if !self.job.config.security.scan || self.work.as_ref().is_none_or(|w| w.taken().next().is_none()) {
            return Ok(());
        }
        let tree = self.patiently(|e| e.tree_of_work()).map_err(|e| self.end(&e))?;
        self.guard_tree(&tree)
    }

    /// Scans what a commit of `tree` would bring.
    pub(super) fn guard_tree(&mut self, tree: &str) -> Result<(), End> {
        if !self.job.config.security.scan {
            return Ok(());
        }
        let changed = match &self.head {
            Some(head) => objects::between(self.git, head, tree),
            None => objects::files(self.git, tree).map(|files| files.into_iter().map(objects::added).collect()),
        };
        let sifted = changed.map_err(ScanError::from).and_then(|changed| self.sift_commit(&changed));
        self.verdict(sifted, Doing::Commit)
    }

    /// Scans what a push of `head` would bring to the remote: every commit that it lacks, not only the last tree.
    pub(super) fn guard_push(&mut self, head: &str, branch: &str) -> Result<(), End> {
        if !self.job.config.security.scan || self.scanned.as_deref() == Some(head) {
            return Ok(());
        }
        self.reporter.phase(SCANNING);
        let sifted = self.sift_push(head, branch);
        fail_point(self.ctx, "push-scanned");
        self.verdict(sifted, Doing::Push)?;
        self.scanned = Some(head.to_owned());
        self.reporter.phase("Pushing");
        Ok(())
    }

    fn sift_commit(&mut self, changed: &[Difference]) -> Result<Sifted, ScanError> {
        let base = self.others_have()?.or_else(|| self.head.clone());
        let policy = self.policy(base.as_deref())?;
        let mut sieve = self.sieve(&policy)?;
        let mut known = base.as_deref().map(|base| Known::new(self.git, base, gone(changed)));
        sieve.sift(scan::list(changed, None), known.as_mut())
    }

    fn sift_push(&mut self, head: &str, branch: &str) -> Result<Sifted, ScanError> {
        self.no_grafts()?;
        let Some(remote) = self.target.as_ref().map(|t| t.remote.clone()) else { return Ok(Sifted::default()) };
        let base = match self.others_have()? {
            Some(base) => Some(base),
            None => self.default_branch(&remote)?,
        };
        let policy = self.policy(base.as_deref())?;
        let remotes = format!("--remotes={remote}");
        let mut words = vec![head, "--not", remotes.as_str()];
        words.extend(base.as_deref());
        let commits = objects::commits(self.git, &words)?;
        let (mut items, mut names) = (Vec::new(), BTreeSet::new());
        objects::changes::<ScanError>(self.git, &commits, |commit, differences| {
            let secret = differences.iter().filter(|d| d.status == b'A' && says_secret(&d.path));
            names.extend(secret.map(|d| d.path.clone()));
            items.extend(scan::list(&differences, Some(commit)));
            Ok(())
        })?;
        items.extend(commits.iter().map(|commit| Item::message_of(commit)));
        // A new branch comes from what the remote has in others, which may be none of its own HEAD's.
        let known_in = match &self.tip {
            Some(tip) => Some(tip.clone()),
            None => objects::boundary(self.git, &words)?.into_iter().next().or(base),
        };
        let changed = match &known_in {
            Some(base) if !items.is_empty() => objects::between(self.git, base, head)?,
            _ => Vec::new(),
        };
        let mut known = known_in.as_deref().map(|base| Known::new(self.git, base, gone(&changed)));
        let mut sieve = self.sieve(&policy)?;
        let mut sifted = sieve.sift(items, known.as_mut())?;
        let named = sieve.name(scan::BRANCH, branch);
        sifted.count += named.len();
        sifted.found.splice(0..0, named);
        if let Some(first) = names.first() {
            let count = counted(names.len(), "new file");
            let name = plain::name(&first.to_string_lossy());
            self.remarks.push(format!("{count} with a name that says it holds secrets, first {name}"));
        }
        Ok(sifted)
    }

    /// The commit that others have of this branch, as far as is known.
    fn others_have(&self) -> Result<Option<String>, ScanError> {
        let Some(target) = &self.target else { return Ok(None) };
        match &self.tip {
            Some(tip) => Ok(Some(tip.clone())),
            None if self.missing.is_some() => Ok(None),
            None => Ok(self.reads.resolve(&target.tracking)?),
        }
    }

    /// Where the remote's own HEAD was last seen.
    fn default_branch(&self, remote: &str) -> Result<Option<String>, ScanError> {
        let head = format!("refs/remotes/{remote}/HEAD");
        // libgit2 is not asked: it tells what a symbolic ref names only in steps.
        let found = self.git.read(["rev-parse", "--quiet", "--verify", &format!("{head}^{{commit}}")]).answer()?;
        Ok(found)
    }

    fn policy(&mut self, base: Option<&str>) -> Result<Policy, ScanError> {
        let source = Source::Commit(self.git, &self.reads, base);
        let mut policy = Policy::read(self.ctx, Some(self.at), &source, &self.job.config.security)?;
        for remark in std::mem::take(&mut policy.remarks) {
            if !self.remarks.contains(&remark) {
                self.remarks.push(remark);
            }
        }
        Ok(policy)
    }

    fn sieve<'p>(&self, policy: &'p Policy) -> Result<Sieve<'p>, ScanError>
    where
        Self: 'p,
    {
        // A disk that is full below our own folder keeps no work back: nothing that was allowed is known then, so
        // more is stopped, never less.
        let salt = scan::salt_of_repository(self.ctx, self.at).unwrap_or_else(|_| scan::passing_salt(self.ctx));
        let limit = self.job.config.security.scan_max_mib;
        Ok(Sieve::new(self.ctx, self.at, self.git, policy, salt, limit, Comments::Ignore))
    }

    /// Grafts change what git takes for the history, and so what it thinks the remote lacks.
    fn no_grafts(&self) -> Result<(), ScanError> {
        let path = self.at.common_dir.join("info/grafts");
        let any = std::fs::metadata(&path).is_ok_and(|m| m.len() > 0);
        if any { Err(ScanError(format!("{} hides parts of the history", path.display()))) } else { Ok(()) }
    }

    /// What a scan means for the sync.
    fn verdict(&mut self, sifted: Result<Sifted, ScanError>, doing: Doing) -> Result<(), End> {
        let here = quote::path(&self.at.worktree);
        let sifted = match sifted {
            Ok(sifted) => sifted,
            Err(error) => {
                let what = if doing == Doing::Commit { "committed" } else { "pushed" };
                let words = if doing == Doing::Commit { "scan" } else { "scan --outgoing" };
                return Err(End::Refused {
                    kind: Refusal::Unscanned,
                    reason: format!("the scan for credentials could not run, so nothing was {what}: {error}"),
                    command: format!("craft -C {here} {words}"),
                });
            }
        };
        if let Some(first) = sifted.warnings().next() {
            let count = counted(sifted.warnings().count(), "value");
            let f = &first.finding;
            let place = place(first);
            self.remarks.push(format!("{count} that may be a credential, first {} at {place}", f.title));
        }
        let blocking: Vec<Spotted> = sifted.blocking().cloned().collect();
        let Some(first) = blocking.first() else { return Ok(()) };
        let end = stopped(&blocking, first, sifted.commented, doing, &here);
        self.findings = blocking.into_iter().take(REPORTED).collect();
        if !self.rehearsing {
            scan::found::keep(self.ctx, self.at, &self.findings);
        }
        Err(end)
    }
}

fn gone(changed: &[Difference]) -> BTreeSet<String> {
    changed.iter().filter(|d| d.status == b'D').map(|d| d.path.to_string_lossy().into_owned()).collect()
}

/// `config.py:3`, and the commit where there is one.
fn place(spotted: &Spotted) -> String {
    let f = &spotted.finding;
    let line = if f.line == 0 { String::new() } else { format!(":{}", f.line) };
    let commit = spotted.commit.as_ref().map(|c| format!(" in commit {}", &c[..c.len().min(7)]));
    format!("{}{line}{}", plain::name(&f.path), commit.unwrap_or_default())
}

fn stopped(blocking: &[Spotted], first: &Spotted, commented: bool, doing: Doing, here: &str) -> End {
    let f = &first.finding;
    let nothing = if doing == Doing::Commit { "nothing was committed" } else { "nothing was pushed" };
    let more = match blocking.len() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let place = place(first);
    let unscanned = blocking.iter().all(is_unscanned);
    let what = if is_unscanned(first) {
        format!("{place} was {}{more}, so {nothing}", f.title)
    } else {
        format!("{place} holds a credential: {} ({}){more}, so {nothing}", f.title, f.mask)
    };
    let way = match (unscanned, doing) {
        (true, _) => "leave it out or raise security.scanMaxMib",
        (false, Doing::Commit) => "take it out",
        // A later commit that takes it away leaves it in the history.
        (false, Doing::Push) => "take it out of the commits themselves (amend, or rebase -i)",
    };
    let comment = if commented { "; a comment lifts it only once the remote has the comment" } else { "" };
    let command = match doing {
        Doing::Commit => format!("craft -C {here} scan {}", quote::word(&f.path)),
        Doing::Push => format!("craft -C {here} scan --outgoing"),
    };
    End::Refused {
        kind: if unscanned { Refusal::Unscanned } else { Refusal::Secret },
        reason: format!(
            "{what}; {way}, or let it pass in a terminal of your own: craft scan allow {}{comment}",
            f.fingerprint
        ),
        command,
    }
}
