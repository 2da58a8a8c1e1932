//! The documents of the plan that is under way, read together: what the book says, and what the plan files add.

use crate::book::fields::Status;
use crate::ops::error::OpError;
use crate::ops::plan::{Place, store};
use crate::phase::book::Book;
use crate::phase::name::{PlanName, Task};
use crate::phase::plan;

/// The plan that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documents {
    /// Its name.
    pub name: PlanName,
    /// The path of the master plan, or of a simple one.
    pub path: String,
    /// Its text; `None` where the file is missing.
    pub text: Option<String>,
    /// `Implement User Authentication`.
    pub title: String,
    /// The phases in the order of their numbers; none of a simple plan.
    pub phases: Vec<PhaseDocument>,
}

/// A phase of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseDocument {
    /// Its number.
    pub number: u32,
    /// Its title; empty where no document has one.
    pub title: String,
    /// How it stands.
    pub status: Status,
    /// The path of its plan.
    pub path: String,
    /// Its text; `None` where the file is missing.
    pub text: Option<String>,
    /// The phases it depends on, as the master plan says, else its own plan, else the one before.
    pub depends: Vec<u32>,
    /// Its branch: the one the book records, or would record.
    pub branch: String,
    /// Its linked working tree, below the top of the repository or absolute.
    pub worktree: Option<String>,
}

impl Documents {
    /// Reads the plan that the book names; `None` where it names none. Of several simple plans it is the one under
    /// way, else the last.
    ///
    /// # Errors
    /// Where a document is there and cannot be read.
    pub fn load(place: &Place, book: &Book, prefix: &str) -> Result<Option<Self>, OpError> {
        let fields = book.fields();
        let path = match &fields.phased_execution {
            Some(phased) => phased.master_plan.clone(),
            None => match simple(book, prefix) {
                Some(path) => path.to_owned(),
                None => return Ok(None),
            },
        };
        let Some(name) = PlanName::read(&path) else {
            return Err(OpError::usage(format!("{path} is not the name of a plan"))
                .remedy("a plan's file is called context/plans/YYYY-MM-DD-task.md"));
        };
        let text = store::text(place, &path)?;
        let title = text.as_deref().and_then(plan::title).map_or_else(|| name.task.title(), str::to_owned);
        let parts = text.as_deref().map(plan::parts).unwrap_or_default();
        let mut phases = Vec::new();
        for phase in fields.phased_execution.iter().flat_map(|p| &p.phases) {
            let own = store::text(place, &phase.plan)?;
            let part = parts.iter().find(|p| p.number == phase.phase);
            let said = own.as_deref().and_then(|t| plan::field(t, "Dependencies"));
            let depends = part
                .and_then(|p| p.depends.clone())
                .or_else(|| said.and_then(|(said, _)| plan::dependencies(said, phase.phase)))
                .unwrap_or_else(|| (1..phase.phase).next_back().into_iter().collect());
            phases.push(PhaseDocument {
                number: phase.phase,
                title: part.map(|p| p.title.clone()).or_else(|| own.as_deref().and_then(own_title)).unwrap_or_default(),
                status: phase.status,
                path: phase.plan.clone(),
                text: own,
                depends,
                branch: phase.branch.clone().unwrap_or_else(|| name.of_phase(phase.phase).branch(prefix)),
                worktree: phase.worktree_path.clone(),
            });
        }
        phases.sort_by_key(|p| p.number);
        Ok(Some(Self { name, path, text, title, phases }))
    }

    /// The phase number `number`.
    ///
    /// # Errors
    /// Where there is none: the message lists those there are.
    pub fn phase(&self, number: u32) -> Result<&PhaseDocument, OpError> {
        self.phases.iter().find(|p| p.number == number).ok_or_else(|| {
            let there: Vec<_> = self.phases.iter().map(|p| p.number.to_string()).collect();
            let there = if there.is_empty() {
                "the plan is a simple one".into()
            } else {
                format!("there is {}", there.join(", "))
            };
            OpError::usage(format!("{} has no phase {number}; {there}", self.path))
                .remedy("`craft plan status` shows the plan")
        })
    }

    /// The task.
    #[must_use]
    pub fn task(&self) -> &Task {
        &self.name.task
    }
}

impl PhaseDocument {
    /// `Phase 1: Database Schema & Migrations`.
    #[must_use]
    pub fn heading(&self) -> String {
        if self.title.is_empty() {
            format!("Phase {}", self.number)
        } else {
            format!("Phase {}: {}", self.number, self.title)
        }
    }
}

/// Of the simple plans in the book the one under way: the head names it, or its branch is the one that is recorded.
/// The last where none is.
fn simple<'b>(book: &'b Book, prefix: &str) -> Option<&'b str> {
    let fields = book.fields();
    let plans = || {
        let all = fields.active_context.iter().filter(|p| p.starts_with(crate::phase::name::PLANS));
        all.filter_map(|p| Some((p.as_str(), PlanName::read(p)?)))
    };
    let begun = fields.execution_branch.as_ref().and_then(|branch| {
        let head = plan::field(book.prose(), "Plan").map(|(said, _)| said.trim_matches('`'));
        plans().find(|(path, _)| head == Some(*path)).or_else(|| plans().find(|(_, n)| n.branch(prefix) == *branch))
    });
    begun.or_else(|| plans().next_back()).map(|(path, _)| path)
}

/// The title in a phase's own plan: of `# Phase 1: Database` or `# Task - Phase 1: Database`, `Database`.
fn own_title(text: &str) -> Option<String> {
    let title = plan::title(text)?;
    if let Some((_, title)) = plan::numbered(title) {
        return Some(title.to_owned());
    }
    let last = title.rsplit_once(" - ").map_or(title, |(_, last)| last);
    Some(plan::numbered(last).map_or(last, |(_, title)| title).to_owned())
}
