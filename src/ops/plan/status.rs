//! How the plan stands.

use std::path::Path;

use serde::Serialize;

use crate::book::fields::Status;
use crate::config::model::Config;
use crate::context::Context;
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::ops::engine;
use crate::ops::error::{Kind, OpError};
use crate::ops::plan::documents::{Documents, PhaseDocument};
use crate::ops::plan::merged::{self, Main, Standing, Way};
use crate::ops::plan::trees::{self, Health, Tree};
use crate::ops::plan::{Place, store};
use crate::phase::book::Book;
use crate::phase::mark::unfilled;
use crate::phase::name::{PLANS, PlanName};
use crate::phase::state::{self, Stage, Unit, View};

/// How the plan stands. The answer of `craft plan status --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanStatus {
    /// 1.
    pub version: u32,
    /// The working tree that has the book.
    pub repository: String,
    /// The stage.
    pub state: Stage,
    /// What is wrong with the book; nothing but the next command is known then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Broken>,
    /// The plan that is under way; of several simple ones the last.
    pub plan: Option<Plan>,
    /// All simple plans of the book.
    pub plans: Vec<String>,
    /// Its phases.
    pub phases: Vec<Phase>,
    /// The working trees of phases, and those that nobody records.
    pub worktrees: Vec<Tree>,
    /// Documents with places that wait for words.
    pub unfilled: Vec<Unfilled>,
    /// How many summaries the book lists.
    pub summaries: usize,
    /// What could not be found out.
    pub problems: Vec<String>,
    /// The next command to type.
    pub next: String,
}

/// What is wrong with a book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    /// What, with the place.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// The plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The task, as files and branches are called after it.
    pub task: String,
    /// Its title.
    pub title: String,
    /// The master plan, or the simple one.
    pub path: String,
    /// Whether that file is there.
    pub found: bool,
    /// Its branch, where it is a simple one that is under way.
    pub branch: Option<String>,
    /// The branch that it is merged into.
    pub main: Option<String>,
    /// How much is done.
    pub percent: usize,
    /// The to-dos of a simple plan.
    pub todos: Todos,
}

/// To-dos, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Todos {
    /// How many are done.
    pub done: usize,
    /// How many there are.
    pub total: usize,
    /// Each, with its box.
    pub items: Vec<Todo>,
}

/// A to-do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Todo {
    /// Its words.
    pub text: String,
    /// Whether its box is ticked.
    pub done: bool,
}

/// A phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Phase {
    /// Its number.
    pub phase: u32,
    /// Its title; empty where no document has one.
    pub title: String,
    /// How it stands.
    pub status: Status,
    /// Its plan, and whether that file is there.
    pub plan: String,
    /// Whether that file is there.
    pub found: bool,
    /// Its summary, where that file is there.
    pub summary: Option<String>,
    /// Its branch, and whether there is one.
    pub branch: String,
    /// Whether there is such a branch.
    pub branch_exists: bool,
    /// Commits that the branch has and the main branch lacks.
    pub ahead: Option<usize>,
    /// And the other way round.
    pub behind: Option<usize>,
    /// How it was merged; `null` where it was not.
    pub merged: Option<Way>,
    /// The phases it depends on.
    pub depends: Vec<u32>,
    /// Whether it can begin now: it is pending, and all it depends on are completed and merged.
    pub may_begin: bool,
    /// Its to-dos.
    pub todos: Todos,
    /// How much of it is done.
    pub percent: usize,
}

/// A document with places that wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unfilled {
    /// Its path.
    pub path: String,
    /// How many.
    pub count: usize,
}

/// How the plan stands. Only reads, nearly all of them without a process.
///
/// # Errors
/// Outside of a repository, and where the configuration or a document cannot be read. A broken book is none: it is
/// told of in the answer.
pub fn status(ctx: &Context, cwd: &Path) -> Result<PlanStatus, OpError> {
    let place = Place::find(cwd)?;
    let config = place.config(ctx)?;
    let mut status = PlanStatus {
        version: 1,
        repository: place.books.worktree.to_string_lossy().into_owned(),
        state: Stage::None,
        error: None,
        plan: None,
        plans: Vec::new(),
        phases: Vec::new(),
        worktrees: Vec::new(),
        unfilled: Vec::new(),
        summaries: 0,
        problems: Vec::new(),
        next: String::new(),
    };
    let read = store::read(&place).and_then(|book| {
        let documents = book.as_ref().map(|b| Documents::load(&place, b, &config.plans.branch_prefix)).transpose()?;
        Ok((book, documents.flatten()))
    });
    let mut current = None;
    match read {
        Ok((book, documents)) => {
            status.state = state::stage(book.as_ref());
            if let Some(book) = &book {
                Looking { ctx, place: &place, config: &config, book }.look(
                    documents.as_ref(),
                    &mut status,
                    &mut current,
                );
            }
        }
        Err(error) if error.kind == Kind::Usage => {
            status.error = Some(Broken { message: error.message, remedy: error.remedy });
        }
        Err(error) => return Err(error),
    }
    status.next = next(&status, current);
    Ok(status)
}

fn next(status: &PlanStatus, current: Option<u32>) -> String {
    let open = |todos: &Todos| todos.items.iter().position(|t| !t.done).map(|at| at + 1);
    let mut units: Vec<_> = status
        .phases
        .iter()
        .map(|p| Unit {
            number: p.phase,
            status: p.status,
            merged: p.merged.is_some(),
            may_begin: p.may_begin,
            open: open(&p.todos),
            branch: p.branch_exists,
            worktree: status
                .worktrees
                .iter()
                .any(|t| t.linked && t.health == Health::Active && t.branch.as_ref() == Some(&p.branch)),
        })
        .collect();
    if let Some(plan) = status.plan.as_ref().filter(|_| units.is_empty() && status.state == Stage::Executing) {
        let (status, open) = (Status::InProgress, open(&plan.todos));
        units.push(Unit { number: 0, status, merged: false, may_begin: false, open, branch: false, worktree: false });
    }
    let view =
        View { broken: status.error.is_some(), stage: status.state, phases: &units, plans: &status.plans, current };
    // A summary that waits for words does not go into a pull request.
    let waits = |p: &&Phase| {
        let summary = p.summary.as_ref().is_some_and(|s| status.unfilled.iter().any(|u| u.path == *s));
        p.status == Status::Completed && p.merged.is_none() && summary
    };
    match (state::next(&view), status.phases.iter().find(waits)) {
        (next, Some(phase)) if next == format!("craft plan pr --phase={}", phase.phase) => {
            format!("craft plan summarize --phase={} --commit", phase.phase)
        }
        (next, _) => next,
    }
}

struct Looking<'a> {
    ctx: &'a Context,
    place: &'a Place,
    config: &'a Config,
    book: &'a Book,
}

impl Looking<'_> {
    fn look(&self, documents: Option<&Documents>, status: &mut PlanStatus, current: &mut Option<u32>) {
        let fields = self.book.fields();
        status.summaries = fields.completed_summaries.len();
        if fields.phased_execution.is_none() {
            let plans = fields.active_context.iter().filter(|p| p.starts_with(PLANS) && PlanName::read(p).is_some());
            status.plans = plans.cloned().collect();
        }
        let git = self.place.git(self.ctx, self.config);
        let reads = Reads::open(&self.place.books, &git);
        let mut recorded: Vec<(Option<u32>, String)> = Vec::new();
        if let Some(documents) = documents {
            for phase in &documents.phases {
                recorded.extend(phase.worktree.clone().map(|path| (Some(phase.number), path)));
            }
            self.plan(documents, &git, &reads, status);
            let branch = if self.place.here == self.place.books {
                trees::on_branch(&reads)
            } else {
                let git = engine::git_for(self.ctx, &self.place.here, self.config);
                trees::on_branch(&Reads::open(&self.place.here, &git))
            };
            let branch = branch.ok().flatten();
            let checked_out = status.phases.iter().find(|p| Some(&p.branch) == branch.as_ref()).map(|p| p.phase);
            *current = checked_out.or(fields.phased_execution.as_ref().and_then(|p| p.current_phase));
        } else if status.state == Stage::Summarized
            && let Some(path) = fields.completed_summaries.last()
        {
            self.unfilled_file(path, status);
        }
        let own = fields.worktree_path.iter().filter(|path| !recorded.iter().any(|(_, r)| r == *path));
        let own: Vec<_> = own.map(|path| (None, path.clone())).collect();
        recorded.extend(own);
        match trees::survey(self.place, &reads, &recorded) {
            Ok(found) => status.worktrees = found,
            Err(error) => status.problems.push(error.to_string()),
        }
    }

    fn plan(&self, documents: &Documents, git: &Git<'_>, reads: &Reads<'_, '_>, status: &mut PlanStatus) {
        let main = merged::main(self.config, reads).map_err(|e| status.problems.push(e.message)).ok();
        for phase in &documents.phases {
            let found = self.phase(phase, git, reads, main.as_ref(), status);
            status.phases.push(found);
        }
        let ready: Vec<u32> = status
            .phases
            .iter()
            .filter(|p| p.status == Status::Completed && p.merged.is_some())
            .map(|p| p.phase)
            .collect();
        for phase in &mut status.phases {
            phase.may_begin = phase.status == Status::Pending && phase.depends.iter().all(|d| ready.contains(d));
        }
        self.unfilled(&documents.path, documents.text.as_deref(), status);
        for phase in &documents.phases {
            self.unfilled(&phase.path, phase.text.as_deref(), status);
        }
        for path in status.phases.iter().filter_map(|p| p.summary.clone()).collect::<Vec<_>>() {
            self.unfilled_file(&path, status);
        }
        let todos = if documents.phases.is_empty() {
            let begun = status.state == Stage::Executing;
            let items = if begun {
                state::todos(self.book, None, documents.text.as_deref())
            } else {
                steps(documents.text.as_deref())
            };
            counted(items)
        } else {
            Todos::default()
        };
        let percents: Vec<_> = status.phases.iter().map(|p| p.percent).collect();
        let percent = if percents.is_empty() {
            state::percent(Status::InProgress, todos.done, todos.total)
        } else {
            state::overall(&percents)
        };
        status.plan = Some(Plan {
            task: documents.task().to_string(),
            title: documents.title.clone(),
            path: documents.path.clone(),
            found: documents.text.is_some(),
            branch: self.book.fields().execution_branch.clone().filter(|_| documents.phases.is_empty()),
            main: main.map(|m| m.name),
            percent,
            todos,
        });
    }

    fn phase(
        &self,
        phase: &PhaseDocument,
        git: &Git<'_>,
        reads: &Reads<'_, '_>,
        main: Option<&Main>,
        status: &mut PlanStatus,
    ) -> Phase {
        let tip = match main {
            Some(main) => merged::tip(reads, main, &phase.branch),
            None => reads.resolve(&format!("refs/heads/{}", phase.branch)),
        };
        let tip = tip.ok().flatten();
        let nothing = Standing { tip: tip.clone(), ahead_behind: None, merged: None };
        // Whether one that is not completed is merged matters to nobody, and may cost a process to find out.
        let standing = match (main, &tip) {
            (Some(main), _) if phase.status == Status::Completed => {
                merged::standing(self.place, git, reads, main, phase).unwrap_or_else(|error| {
                    status.problems.push(format!("{}: {}", phase.branch, error.message));
                    nothing
                })
            }
            (Some(main), Some(tip)) => Standing { ahead_behind: reads.ahead_behind(tip, &main.tip).ok(), ..nothing },
            _ => nothing,
        };
        let todos = counted(state::todos(self.book, Some((phase.number, phase.status)), phase.text.as_deref()));
        let summary = PlanName::read(&phase.path).map(|name| name.summary());
        Phase {
            phase: phase.number,
            title: phase.title.clone(),
            status: phase.status,
            plan: phase.path.clone(),
            found: phase.text.is_some(),
            summary: summary.filter(|path| self.place.file(path).is_file()),
            branch: phase.branch.clone(),
            branch_exists: standing.tip.is_some(),
            ahead: standing.ahead_behind.map(|(ahead, _)| ahead),
            behind: standing.ahead_behind.map(|(_, behind)| behind),
            merged: standing.merged,
            depends: phase.depends.clone(),
            may_begin: false,
            percent: state::percent(phase.status, todos.done, todos.total),
            todos,
        }
    }

    fn unfilled_file(&self, path: &str, status: &mut PlanStatus) {
        match store::text(self.place, path) {
            Ok(text) => self.unfilled(path, text.as_deref(), status),
            Err(error) => status.problems.push(error.message),
        }
    }

    fn unfilled(&self, path: &str, text: Option<&str>, status: &mut PlanStatus) {
        let count = text.map_or(0, |text| unfilled(text).len());
        if count > 0 && !status.unfilled.iter().any(|u| u.path == path) {
            status.unfilled.push(Unfilled { path: path.to_owned(), count });
        }
    }
}

fn steps(text: Option<&str>) -> Vec<state::Item> {
    text.map(crate::phase::plan::steps).unwrap_or_default().into_iter().map(|s| (s.text, s.done)).collect()
}

fn counted(items: Vec<state::Item>) -> Todos {
    let items: Vec<_> = items.into_iter().map(|(text, done)| Todo { text, done }).collect();
    Todos { done: items.iter().filter(|t| t.done).count(), total: items.len(), items }
}
