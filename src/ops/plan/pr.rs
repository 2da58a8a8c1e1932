//! The pull request of a phase: by `gh` where it is there, else as commands to copy.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::audit::Outcome;
use crate::book::fields::Status;
use crate::book::markdown::headings;
use crate::context::Context;
use crate::git::process::{self, Finished, Invocation};
use crate::git::reads::Reads;
use crate::ops::engine::{self, hand};
use crate::ops::error::{Kind, OpError};
use crate::ops::plan::commit::locked;
use crate::ops::plan::documents::Documents;
use crate::ops::plan::needs::{branch_of, meant};
use crate::ops::plan::todo::type_of;
use crate::ops::plan::{Place, merged, store};
use crate::phase::book::Book;
use crate::phase::mark::unfilled;
use crate::phase::name::PlanName;
use crate::phase::plan;
use crate::scan::redact::hush;
use crate::sync::quote;

/// At most so many commits are looked at to tell of what type the work is.
const LOOKED_AT: usize = 200;

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PullRequest {
    /// Its title.
    pub title: String,
    /// Its body.
    pub body: String,
    /// Its branch.
    pub branch: String,
    /// The branch it goes into.
    pub base: String,
    /// Where it is, once it is.
    pub url: Option<String>,
    /// Whether it was there before.
    pub existed: bool,
    /// How many commits were pushed.
    pub pushed: usize,
    /// The commands that do the same by hand; none where it was done.
    pub commands: Vec<String>,
    /// What else is worth a word.
    pub remarks: Vec<String>,
}

/// Opens a pull request, or says how.
///
/// # Errors
/// Where there is no branch, it may not be pushed, or `gh` fails.
pub fn open(ctx: &Context, place: &Place, told: Option<u32>, dry: bool) -> Result<PullRequest, OpError> {
    let config = place.config(ctx)?;
    let book = store::need(place)?;
    let prefix = &config.plans.branch_prefix;
    let documents = Documents::load(place, &book, prefix)?;
    let begun = |d: &Documents| !d.phases.is_empty() || book.fields().execution_branch.is_some();
    let (documents, recorded) = match (documents, summarized(place, &book)?) {
        (Some(documents), _) if begun(&documents) => (documents, book.fields().execution_branch.clone()),
        (_, Some((documents, branch))) => (documents, Some(branch)),
        (Some(documents), None) => (documents, None),
        (None, None) => {
            return Err(OpError::refused("there is no active plan").remedy("`craft plan new TASK` makes one"));
        }
    };
    let git = place.git(ctx, &config);
    let reads = Reads::open(&place.books, &git);
    let here_git = engine::git_for(ctx, &place.here, &config);
    let here = branch_of(&Reads::open(&place.here, &here_git))?;
    let number = meant(&documents, told, here.as_deref(), Status::Completed)?;
    let main = merged::main(&config, &reads)?;
    let branch = match number {
        Some(number) => documents.phase(number)?.branch.clone(),
        None => recorded.unwrap_or_else(|| documents.name.branch(prefix)),
    };
    if branch.starts_with('-') {
        return Err(OpError::usage(format!("the branch {branch} has a name that looks like an option"))
            .remedy("rename it: git branch -m NEW-NAME"));
    }
    // A book comes from the repository, whoever writes there: it alone must not name what is published.
    if here.as_ref() != Some(&branch) && (prefix.is_empty() || !branch.starts_with(prefix.as_str())) {
        return Err(OpError::refused(format!(
            "the book names the branch {branch}, which does not begin with {prefix}"
        ))
        .remedy(format!("if it is to be published, check it out first: git switch {}", quote::word(&branch))));
    }
    let Some(tip) = reads.resolve(&format!("refs/heads/{branch}"))? else {
        let phase = number.map(|n| format!(" --phase={n}")).unwrap_or_default();
        return Err(
            OpError::refused(format!("there is no branch {branch} here")).remedy(format!("craft plan execute{phase}"))
        );
    };
    let Some(remote) = main.remote.clone() else {
        return Err(OpError::refused("this repository has no remote to open a pull request on").remedy(format!(
            "git switch {} && git merge {}",
            quote::word(&main.name),
            quote::word(&branch)
        )));
    };
    let (commits, _) = reads.commits(Some(&main.tip), &tip, LOOKED_AT)?;
    let subjects: Vec<&str> = commits.iter().map(|c| c.subject.as_str()).collect();
    if subjects.is_empty() {
        return Err(OpError::refused(format!("{branch} has no commit that {} lacks", main.name))
            .remedy("`craft plan status` tells whether it is merged"));
    }
    // Pushed again, a branch that was deleted after the merge would be there once more.
    if let Some(phase) = number.and_then(|n| documents.phase(n).ok()).filter(|p| p.status == Status::Completed)
        && merged::standing(place, &git, &reads, &main, phase)?.merged.is_some()
    {
        return Err(OpError::refused(format!("{branch} is merged into {} already", main.name))
            .remedy("`craft plan status` tells what comes next"));
    }
    let words = words(place, &documents, number, &subjects, &|path: &str, text: &str| {
        let same = |commit: &str| reads.file(commit, path).ok().flatten().is_some_and(|bytes| bytes == text.as_bytes());
        // That of a phase in a linked working tree is committed where the book is.
        same(&tip) || reads.resolve("HEAD").ok().flatten().is_some_and(|head| same(&head))
    })?;
    let mut request = PullRequest {
        commands: vec![
            format!("git push -u {} {}", quote::word(&remote), quote::word(&branch)),
            format!(
                "gh pr create --base {} --head {} --title {} --body {}",
                quote::word(&main.name),
                quote::word(&branch),
                quote::word(&words.title),
                quote::word(&words.body)
            ),
        ],
        title: words.title,
        body: words.body,
        branch,
        base: main.name,
        url: None,
        existed: false,
        pushed: 0,
        remarks: words.remarks,
    };
    if dry {
        return Ok(request);
    }
    let Some(gh) = ctx.program(Path::new("gh")) else {
        request.remarks.push("`gh` is not there, so nothing was pushed or opened; do it by hand".into());
        return Ok(request);
    };
    let pushed =
        locked(ctx, &place.books, &config, || Ok(hand::push(ctx, &place.books, &config, &remote, &request.branch)?))?;
    request.pushed = pushed.map_or(0, |p| p.commits);
    let phase = number.map(|n| format!(" --phase={n}")).unwrap_or_default();
    let by_hand = format!("craft plan pr{phase} --dry-run");
    let bound = config.limits.network_seconds;
    let gh = Gh { by_hand: &by_hand, ctx, program: &gh, folder: &place.books.worktree, bound };
    request.url = gh.there(&request.branch, &tip)?;
    request.existed = request.url.is_some();
    if request.url.is_none() {
        request.url = Some(gh.create(&request)?);
    }
    request.commands.clear();
    place.note(ctx, "pr", &request.branch, Outcome::Success);
    Ok(request)
}

/// The simple plan that was summarized last, and its branch: the book's head still names both.
fn summarized(place: &Place, book: &Book) -> Result<Option<(Documents, String)>, OpError> {
    let field = |name: &str| plan::field(book.prose(), name).map(|(value, _)| value.trim_matches('`').to_owned());
    let (Some(path), Some(branch)) = (field("Plan"), field("Branch")) else { return Ok(None) };
    let name = PlanName::read(&path).filter(|name| book.fields().completed_summaries.contains(&name.summary()));
    let Some(name) = name else { return Ok(None) };
    let text = store::text(place, &path)?;
    let title = text.as_deref().and_then(plan::title).map_or_else(|| name.task.title(), str::to_owned);
    Ok(Some((Documents { name, path, text, title, phases: Vec::new() }, branch)))
}

struct Words {
    title: String,
    body: String,
    remarks: Vec<String>,
}

fn words(
    place: &Place,
    documents: &Documents,
    number: Option<u32>,
    subjects: &[&str],
    committed: &dyn Fn(&str, &str) -> bool,
) -> Result<Words, OpError> {
    let phase = number.and_then(|n| documents.phase(n).ok());
    let (path, text) = phase.map_or((&documents.path, &documents.text), |p| (&p.path, &p.text));
    let kind = kind(subjects);
    let title = match phase {
        Some(phase) if phase.title.is_empty() => format!("{kind}: {} - Phase {}", documents.title, phase.number),
        Some(phase) => format!("{kind}: {} - Phase {} ({})", documents.title, phase.number, phase.title),
        None => format!("{kind}: {}", documents.title),
    };
    let mut remarks = Vec::new();
    let mut body = String::new();
    let name = PlanName::read(path).map(|name| name.summary());
    let summary = match &name {
        Some(name) => store::text(place, name)?,
        None => None,
    };
    let own = summary.as_deref().map(without_head).unwrap_or_default();
    let told = headings(own).iter().any(|h| matches!(h.title, "Objective" | "Phase Objective"));
    if let Some(objective) = text.as_deref().and_then(plan::objective).filter(|_| !told) {
        let _ = write!(body, "## Objective\n\n{objective}\n\n");
    }
    let of = number.map(|n| format!(" --phase={n}")).unwrap_or_default();
    match (&summary, &name) {
        (Some(summary), Some(name)) => {
            let _ = write!(body, "{}\n\n", own.trim());
            if !unfilled(summary).is_empty() {
                remarks.push(format!("{name} still waits for words"));
            }
            if !committed(name, summary) {
                remarks.push(format!("{name} is not committed: craft plan summarize{of} --commit"));
            }
        }
        _ => {
            remarks.push(format!("there is no summary yet: craft plan summarize{of}"));
        }
    }
    let _ = writeln!(body, "Plan: `{path}`");
    // What is written here leaves the machine.
    Ok(Words { title: hush(&crate::plain::line(&title)), body: hush(&body), remarks })
}

/// The type that all commits have which say one, but for those that only begin a phase; else `feat`.
fn kind(subjects: &[&str]) -> &'static str {
    let own = subjects.iter().filter(|s| !s.starts_with("chore: Initialize execution context for "));
    let mut kinds: Vec<_> = own.map(|s| type_of(s)).collect();
    kinds.dedup();
    match kinds[..] {
        [Some(one)] => one,
        _ => "feat",
    }
}

/// A summary without its title and the fields below it, which are about the files here.
fn without_head(text: &str) -> &str {
    let all = headings(text);
    let Some(title) = all.iter().find(|h| h.level == 1) else { return text };
    let rest = all.iter().find(|h| h.start >= title.end).map_or(text.len(), |h| h.start);
    let head = &text[title.end..rest];
    let fields = head.lines().all(|l| l.trim().is_empty() || l.starts_with("**"));
    &text[if fields { rest } else { title.end }..]
}

/// The program `gh`.
struct Gh<'g> {
    /// The command that tells how it is done by hand.
    by_hand: &'g str,
    ctx: &'g Context,
    program: &'g Path,
    folder: &'g Path,
    bound: u64,
}

impl Gh<'_> {
    /// Where the open pull request of a branch is. One that was merged with the commit `tip` is an error, since all
    /// that lacks is to hear of it.
    fn there(&self, branch: &str, tip: &str) -> Result<Option<String>, OpError> {
        let finished = self.call(&["pr", "view", branch, "--json", "url,state,headRefOid"], "")?;
        if finished.timed_out {
            return Err(self.failed("gh pr view", &finished));
        }
        // It ends with 1 where there is none, and where something is wrong; the call that creates one tells which.
        let answer: serde_json::Value = serde_json::from_slice(&finished.stdout).unwrap_or_default();
        if finished.code == Some(0) && answer["state"] == "MERGED" && answer["headRefOid"] == tip {
            let url = answer["url"].as_str().unwrap_or_default();
            return Err(OpError::refused(format!("the pull request of {branch} is merged already: {url}"))
                .remedy("git fetch --prune"));
        }
        let open = finished.code == Some(0) && answer["state"].as_str().is_none_or(|s| s == "OPEN");
        Ok(answer["url"].as_str().filter(|_| open).map(str::to_owned))
    }

    fn create(&self, request: &PullRequest) -> Result<String, OpError> {
        let words = [
            "pr",
            "create",
            "--base",
            &request.base,
            "--head",
            &request.branch,
            "--title",
            &request.title,
            "--body-file",
            "-",
        ];
        let finished = self.call(&words, &request.body)?;
        if finished.code != Some(0) {
            return Err(self.failed("gh pr create", &finished).remedy(format!("by hand: {}", self.by_hand)));
        }
        let told = String::from_utf8_lossy(&finished.stdout).into_owned();
        told.lines().rev().find(|l| l.starts_with("http")).map(str::to_owned).ok_or_else(|| {
            OpError::refused("`gh pr create` ended well, but did not say where the pull request is")
                .remedy(format!("gh pr view {}", quote::word(&request.branch)))
        })
    }

    fn failed(&self, what: &str, finished: &Finished) -> OpError {
        if finished.timed_out {
            return OpError::new(Kind::Network, format!("`{what}` took longer than {} s", self.bound));
        }
        let said = finished.stderr.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("it said nothing");
        OpError::refused(format!("`{what}` failed: {}", hush(said.trim())))
    }

    fn call(&self, words: &[&str], input: &str) -> Result<Finished, OpError> {
        let environment: Vec<_> = self
            .ctx
            .env
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .chain(
                [("GH_PROMPT_DISABLED", "1"), ("GH_NO_UPDATE_NOTIFIER", "1"), ("NO_COLOR", "1")]
                    .map(|(n, v)| (n.into(), v.into())),
            )
            .collect();
        let invocation = Invocation {
            program: self.program,
            arguments: &process::words(words),
            folder: self.folder,
            environment: &environment,
            input: input.as_bytes(),
            deadline: Duration::from_secs(self.bound),
        };
        process::start(&invocation)
            .and_then(|running| running.wait(None))
            .map_err(|e| OpError::refused(format!("{} could not be started: {e}", self.program.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_has_the_type_that_all_commits_have() {
        let begin = "chore: Initialize execution context for x-phase-1";
        assert_eq!(kind(&["fix: a", "fix(b): c", begin]), "fix");
        assert_eq!(kind(&["fix: a", "feat: b", begin]), "feat");
        assert_eq!(kind(&["docs: a", "wip"]), "feat");
        assert_eq!(kind(&[begin]), "feat");
    }
}
