//! A commit or a push that somebody asked for, behind the same gate and the same scan as those of a sync.
//!
//! No fetch, no merge and no snapshot: nothing in the working tree is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::stage::{IndexCopy, Scope, io_error};
use super::{Engine, Flow, Job, Target, fail_point, git_for};
use crate::config::model::{Action, Config, Repository as Pin};
use crate::context::Context;
use crate::git::command::GitError;
use crate::git::fault::Fault;
use crate::git::objects;
use crate::git::porcelain::{self, Change, TreeEntry};
use crate::git::repository::Head;
use crate::locate::Location;
use crate::queue::Trigger;
use crate::scan::redact::holds_credential;
use crate::sync::outcome::{End, LeftOut, Pushed, Refusal};
use crate::sync::plan::May;
use crate::sync::quote;
use crate::sync::step::Silent;
use crate::sync::tell;

/// What HEAD's log says in front of such a commit.
const REFLOG_ACTION: &str = "craft plan";

/// What a commit takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Take<'t> {
    /// These paths as they are in the working tree; what is staged of others stays so.
    Paths(&'t [String]),
    /// What is staged and these paths; all that a sync would take where nothing is staged.
    Work(&'t [String]),
    /// Nothing.
    Nothing,
}

/// Commits; the commit, or `None` where there was nothing to commit. The caller holds the repository's lock.
///
/// # Errors
/// How it ended instead. The index is as it was then.
pub(crate) fn commit(
    ctx: &Context,
    at: &Location,
    config: &Config,
    take: Take<'_>,
    message: &str,
) -> Result<Option<String>, End> {
    in_run(ctx, at, config, |engine| engine.commit_by_hand(take, message))
}

/// Pushes a local branch to the branch of its name, which is made where the remote has none; `None` where there was
/// nothing to send. The caller holds the repository's lock.
///
/// # Errors
/// How it ended instead.
pub(crate) fn push(
    ctx: &Context,
    at: &Location,
    config: &Config,
    remote: &str,
    branch: &str,
) -> Result<Option<Pushed>, End> {
    in_run(ctx, at, config, |engine| engine.push_by_hand(remote, branch))
}

fn in_run<T>(
    ctx: &Context,
    at: &Location,
    config: &Config,
    act: impl FnOnce(&mut Engine<'_>) -> Result<T, End>,
) -> Result<T, End> {
    let pin = Pin {
        path: at.worktree.clone(),
        common_dir: at.common_dir.clone(),
        remote: None,
        remote_url: None,
        push_url: None,
        branch: "*".into(),
        upstream: None,
        publish: false,
        disabled: false,
        enrolled: String::new(),
        overrides: BTreeMap::new(),
    };
    let job = Job {
        config,
        pin: &pin,
        action: Action::Push,
        trigger: Trigger::Manual,
        session: None,
        accept: &[],
        publish: false,
    };
    let git = git_for(ctx, at, config);
    let mut silent = Silent;
    let mut engine = Engine::new(ctx, at, &job, &git, &mut silent);
    engine.begin_run()?;
    let outcome = act(&mut engine);
    engine.end_run();
    outcome
}

impl Engine<'_> {
    fn commit_by_hand(&mut self, take: Take<'_>, message: &str) -> Result<Option<String>, End> {
        let here = quote::path(&self.at.worktree);
        let refused = |kind, reason: String, command: String| Err(End::Refused { kind, reason, command });
        if let Some(name) = super::preflight::under_way(self.at) {
            let reason = format!("{name} is under way, so nothing is committed");
            return refused(Refusal::InProgress, reason, format!("git -C {here} status"));
        }
        self.index_is_free()?;
        match self.reads.head().map_err(|e| self.end(&e))? {
            Head::Branch { name, commit } => (self.branch, self.head) = (name, commit),
            Head::Detached { .. } => {
                return refused(
                    Refusal::Detached,
                    "HEAD is on no branch".into(),
                    format!("git -C {here} switch -c NAME"),
                );
            }
        }
        if self.job.config.security.scan && holds_credential(message) {
            let reason = "the message holds a credential, so nothing was committed";
            return refused(Refusal::Secret, reason.into(), format!("craft -C {here} scan"));
        }
        if !matches!(take, Take::Nothing) {
            self.look()?;
        }
        match take {
            Take::Nothing => {
                let copy = self.index_of_head().map_err(|e| self.end(&e))?;
                let was = self.head.clone();
                let made = self.call_commit(Some(copy.path()), true, message);
                made.map_err(|error| self.not_committed(&error))?;
                let commit = self.committed_now()?;
                self.index_what_a_hook_added(was.as_deref(), &commit, &[])?;
                Ok(Some(commit))
            }
            Take::Paths(paths) => self.commit_paths(paths, message),
            Take::Work(paths) => self.commit_work(paths, message),
        }
    }

    /// What was changed of `paths`; an error where one of them may not be committed.
    fn changed(&self, wanted: impl Fn(&Change) -> bool) -> Result<Vec<Change>, End> {
        let Some(work) = &self.work else { return Ok(Vec::new()) };
        let entries: Vec<_> = work.entries().filter(|(change, _)| wanted(change)).collect();
        let left_out: Vec<LeftOut> = entries
            .iter()
            .filter_map(|(c, why)| Some(LeftOut { path: c.path.display().to_string(), why: (*why)?.clone() }))
            .collect();
        if let Some(reason) = tell::left_out_of(&left_out) {
            return Err(End::Failed { reason: format!("nothing was committed: {reason}"), transient: false });
        }
        let marked = work.markers.iter().find(|path| entries.iter().any(|(change, _)| change.path == **path));
        if let Some(path) = marked {
            return Err(End::Refused {
                kind: Refusal::ConflictMarkers,
                reason: format!("{} has conflict markers, so nothing was committed", path.display()),
                command: format!("grep -n '^<<<<<<< ' {}", quote::path(&self.at.worktree.join(path))),
            });
        }
        Ok(entries.into_iter().map(|(change, _)| change.clone()).collect())
    }

    fn commit_work(&mut self, paths: &[String], message: &str) -> Result<Option<String>, End> {
        let named: BTreeSet<&Path> = paths.iter().map(Path::new).collect();
        let staged = self.work.as_ref().is_some_and(super::changes::Work::staged);
        let changes = if staged {
            self.changed(|change| change.staged() || named.contains(change.path.as_path()))?
        } else {
            let taken: BTreeSet<_> =
                self.work.iter().flat_map(|w| w.taken()).map(|change| change.path.clone()).collect();
            self.changed(|change| taken.contains(&change.path))?
        };
        if changes.is_empty() {
            return Ok(None);
        }
        let copy = self.copy_index().map_err(|e| self.end(&io_error("copy the index", &e)))?;
        let index = self.patiently(|e| e.write_tree(copy.path())).map_err(|e| self.end(&e))?;
        drop(copy);
        let put = if staged {
            let more: Vec<&Path> = named.into_iter().filter(|path| changes.iter().any(|c| c.path == *path)).collect();
            self.patiently(|e| e.add_files(None, &more))
        } else {
            self.patiently(|e| e.stage(None, Scope::Commit))
        };
        fail_point(self.ctx, "plan-staged");
        let made = match put {
            Ok(()) => self.guard_commit().and_then(|()| {
                let made = self.call_commit(None, false, message);
                made.map_err(|error| self.not_committed(&error))
            }),
            Err(error) => Err(self.end(&error)),
        };
        if let Err(end) = made {
            if self.head_is_ours()? {
                let back = self.patiently(|e| e.git.write(["read-tree", "-m", &index]).run().map(drop));
                back.map_err(|e| self.end(&e))?;
            }
            return Err(end);
        }
        self.committed_now().map(Some)
    }

    fn commit_paths(&mut self, paths: &[String], message: &str) -> Result<Option<String>, End> {
        let named: BTreeSet<&Path> = paths.iter().map(Path::new).collect();
        let changes = self.changed(|change| named.contains(change.path.as_path()))?;
        if changes.is_empty() {
            return Ok(None);
        }
        let paths: Vec<&Path> = changes.iter().map(|c| c.path.as_path()).collect();
        let before = self.index_entries(&paths).map_err(|e| self.end(&e))?;
        let outcome = self.commit_only(&paths, message);
        if !matches!(outcome, Ok(Some(_))) && self.head_is_ours()? {
            let back = info(&paths, &before, self.id_length());
            self.patiently(|e| e.set_entries(None, back.clone())).map_err(|e| self.end(&e))?;
        }
        outcome
    }

    /// First the paths are staged as they are, so that a kill leaves them staged and nothing taken back; then HEAD and
    /// they, in an index of their own, are scanned and committed.
    fn commit_only(&mut self, paths: &[&Path], message: &str) -> Result<Option<String>, End> {
        let there = |path: &&&Path| std::fs::symlink_metadata(self.at.worktree.join(path)).is_ok();
        let files: Vec<&Path> = paths.iter().filter(there).copied().collect();
        let gone: Vec<&Path> = paths.iter().filter(|p| !there(p)).copied().collect();
        let removals = info(&gone, &[], self.id_length());
        let staged = self.patiently(|e| {
            e.set_entries(None, removals.clone())?;
            e.add_files(None, &files)
        });
        staged.map_err(|e| self.end(&e))?;
        fail_point(self.ctx, "plan-staged");
        let now = self.index_entries(paths).map_err(|e| self.end(&e))?;
        let copy = self.index_of_head().map_err(|e| self.end(&e))?;
        let entries = info(paths, &now, self.id_length());
        let tree = self.set_entries(Some(copy.path()), entries).and_then(|()| self.write_tree(copy.path()));
        let tree = tree.map_err(|e| self.end(&e))?;
        if let Some(head) = &self.head
            && self.reads.tree_of(head).map_err(|e| self.end(&e))? == tree
        {
            return Ok(None);
        }
        self.guard_tree(&tree)?;
        let was = self.head.clone();
        let made = self.call_commit(Some(copy.path()), false, message);
        made.map_err(|error| self.not_committed(&error))?;
        let commit = self.committed_now()?;
        // A hook may have committed something else than was staged.
        let names: Vec<&str> = paths.iter().filter_map(|p| p.to_str()).collect();
        let committed = objects::entries(self.git, &commit, &names).map_err(|e| self.end(&e))?;
        if committed != now {
            let entries = info(paths, &committed, self.id_length());
            self.patiently(|e| e.set_entries(None, entries.clone())).map_err(|e| self.end(&e))?;
        }
        self.index_what_a_hook_added(was.as_deref(), &commit, paths)?;
        Ok(Some(commit))
    }

    /// What a hook added to a commit that was made of another index: this one would else have it as taken back, for the
    /// next commit. Entries that the user staged stay.
    fn index_what_a_hook_added(&mut self, was: Option<&str>, commit: &str, named: &[&Path]) -> Result<(), End> {
        let Some(was) = was else { return Ok(()) };
        let changed = self.reads.changed_paths(was, commit).map_err(|e| self.end(&e))?;
        let more: Vec<&Path> = changed.iter().map(|(_, p)| p.as_path()).filter(|p| !named.contains(p)).collect();
        if more.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = more.iter().filter_map(|p| p.to_str()).collect();
        let before = objects::entries(self.git, was, &names).map_err(|e| self.end(&e))?;
        let after = objects::entries(self.git, commit, &names).map_err(|e| self.end(&e))?;
        let index = self.index_entries(&more).map_err(|e| self.end(&e))?;
        let of = |entries: &[TreeEntry], path: &Path| entries.iter().find(|e| e.path == path).cloned();
        let stale: Vec<&Path> = more.into_iter().filter(|path| of(&index, path) == of(&before, path)).collect();
        let lines = info(&stale, &after, self.id_length());
        self.patiently(|e| e.set_entries(None, lines.clone())).map_err(|e| self.end(&e))
    }

    /// What the index has of `paths`.
    fn index_entries(&self, paths: &[&Path]) -> Result<Vec<TreeEntry>, GitError> {
        let words = ["ls-files", "--stage", "-z", "--"].map(std::ffi::OsString::from);
        let words = words.into_iter().chain(paths.iter().map(|p| p.as_os_str().to_owned()));
        let listed = self.git.read(words).env("GIT_LITERAL_PATHSPECS", "1").run()?;
        porcelain::staged(&listed.stdout).map_err(|e| io_error("read the index", &std::io::Error::other(e.to_string())))
    }

    /// An index of its own that has what HEAD has.
    fn index_of_head(&mut self) -> Result<IndexCopy, GitError> {
        let copy = self.copy_index().map_err(|e| io_error("copy the index", &e))?;
        let head = self.head.clone().unwrap_or_else(|| "--empty".into());
        self.git.write(["read-tree", &head]).index(Some(copy.path())).setting("core.splitIndex=false").run()?;
        Ok(copy)
    }

    /// How long the id of an object is here.
    fn id_length(&self) -> usize {
        self.head.as_ref().map_or(40, String::len)
    }

    fn call_commit(&self, index: Option<&Path>, empty: bool, message: &str) -> Result<(), GitError> {
        let mut words = vec!["commit", "--quiet", "--cleanup=whitespace", "--file=-"];
        if empty {
            words.push("--allow-empty");
        }
        let call = self.git.write(words).index(index).env("GIT_REFLOG_ACTION", REFLOG_ACTION);
        call.input(message).run()?;
        fail_point(self.ctx, "plan-commit-made");
        Ok(())
    }

    /// The commit that HEAD's branch is at now.
    fn committed_now(&mut self) -> Result<String, End> {
        match self.reads.head().map_err(|e| self.end(&e))? {
            Head::Branch { name, commit: Some(now) } if name == self.branch && self.head.as_ref() != Some(&now) => {
                self.head = Some(now.clone());
                Ok(now)
            }
            _ => Err(End::Failed { reason: "git commit said nothing and made no commit".into(), transient: false }),
        }
    }

    fn not_committed(&self, error: &GitError) -> End {
        if error.is_an_answer()
            && let Some(hook) = self.hook(&super::commit::COMMIT_HOOKS)
        {
            return End::Refused {
                kind: Refusal::Hook,
                reason: format!("the {hook} hook refused the commit: {}", error.fault.text()),
                command: format!("git -C {} commit", quote::path(&self.at.worktree)),
            };
        }
        match &error.fault {
            Fault::TimedOut(_) => End::Failed {
                reason: format!(
                    "the commit took longer than {} s (limits.commitSeconds), probably in a hook",
                    self.job.config.limits.commit_seconds
                ),
                transient: false,
            },
            _ => self.end(error),
        }
    }

    fn push_by_hand(&mut self, remote: &str, branch: &str) -> Result<Option<Pushed>, End> {
        let failed = |reason: String| End::Failed { reason, transient: false };
        let head = self.reads.resolve(&format!("refs/heads/{branch}")).map_err(|e| self.end(&e))?;
        let Some(head) = head else { return Err(failed(format!("there is no branch {branch} here"))) };
        let follows = self.reads.upstream(branch).map_err(|e| self.end(&e))?;
        let target = Target::new(remote, branch, follows.is_some());
        self.tip = self.reads.resolve(&target.tracking).map_err(|e| self.end(&e))?;
        (self.branch, self.head) = (branch.to_owned(), Some(head.clone()));
        if self.tip.as_ref() == Some(&head) {
            return Ok(None);
        }
        if let Some(tip) = &self.tip
            && !self.reads.is_ancestor(tip, &head).map_err(|e| self.end(&e))?
        {
            return Err(End::Refused {
                kind: Refusal::UpstreamRewritten,
                reason: format!("{} has commits that {branch} lacks", target.display()),
                command: format!(
                    "git -C {} pull --rebase {} {}",
                    quote::path(&self.at.worktree),
                    quote::word(remote),
                    quote::word(branch)
                ),
            });
        }
        let new = self.tip.is_none();
        self.target = Some(target);
        self.may = May { pull: false, push: true };
        self.fetched = true;
        self.recount()?;
        match self.push(new)? {
            Flow::On => Ok(self.pushed.take()),
            Flow::Again => Err(End::Busy {
                reason: format!("{remote}/{branch} is not where it was last seen; `git fetch {remote}` first"),
            }),
        }
    }
}

/// Lines for `update-index --index-info` that make of `paths` what `entries` has of them: nothing of those it lacks.
fn info(paths: &[&Path], entries: &[TreeEntry], id_length: usize) -> Vec<u8> {
    let mut lines = Vec::new();
    for path in paths {
        let found = entries.iter().find(|e| e.path == *path);
        let zeros = "0".repeat(id_length);
        let (mode, id) = found.map_or(("0", zeros.as_str()), |e| (e.mode.as_str(), e.id.as_str()));
        lines.extend_from_slice(format!("{mode} {id}\t").as_bytes());
        lines.extend_from_slice(path.as_os_str().as_encoded_bytes());
        lines.push(0);
    }
    lines
}
