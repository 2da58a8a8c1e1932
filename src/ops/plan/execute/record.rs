//! Writing down that a phase has begun: in the book, in a commit, in the journal.

use super::{Executed, Run, Todo, Unit, Way, paths_of, unwritable};
use crate::audit::Outcome;
use crate::book::fields::Status;
use crate::ops::engine::fail_point;
use crate::ops::error::OpError;
use crate::ops::plan::begin::Beginning;
use crate::ops::plan::commit::{self, What};
use crate::ops::plan::merged::{self, Main};
use crate::ops::plan::place::now;
use crate::ops::plan::store;
use crate::phase::book::Book;
use crate::phase::plan;
use crate::sync::quote;

impl Run<'_> {
    pub(super) fn begin(
        &mut self,
        main: &Main,
        unit: &Unit,
        steps: &[plan::Step],
        way: &Way,
        forced: Option<&str>,
    ) -> Result<Executed, OpError> {
        let was = store::need(self.place)?;
        let documents = self.load(&was)?;
        let now = now(self.ctx);
        let beginning = Beginning {
            documents: &documents,
            phase: unit.phase,
            branch: &unit.branch,
            steps,
            worktree: way.worktree.as_deref(),
            forced,
            fresh: way.created,
            now: &now,
        };
        let mut book = was.clone();
        beginning.write(&mut book).map_err(unwritable)?;
        if let Some(text) = store::text(self.place, &unit.path)? {
            let told = plan::with_field(&text, "Status", "In Progress");
            if told != text {
                store::replace(self.place, &unit.path, &text, &told)?;
            }
        }
        if book.text() != was.text() {
            store::replace(self.place, crate::book::FILE, was.text(), book.text())?;
        }
        fail_point(self.ctx, "plan-book");
        if let Some(reason) = forced {
            self.ways.note_forced(&unit.name, reason);
        }
        let commit = self.commit(main, unit, way, &book)?;
        fail_point(self.ctx, "plan-committed");
        let base = merged::base(self.reads, &unit.branch)?;
        if let Some(tip) = merged::tip(self.reads, main, &unit.branch)? {
            // Where the note of what it came from was not written any more.
            let made_from = base.is_none() && commit.is_some();
            let bases = if made_from { self.reads.merge_bases(&tip, &main.tip)? } else { Vec::new() };
            self.remember(unit, &tip, bases.first().map(String::as_str));
        }
        self.ways.arrived(&unit.branch)?;
        self.place.note(self.ctx, "execute", &unit.name, Outcome::Success);
        let list = book.list(unit.phase);
        let todos: Vec<Todo> = list
            .iter()
            .flat_map(|l| &l.todos)
            .map(|t| Todo { number: t.number, done: t.done, text: t.text.to_owned() })
            .collect();
        Ok(Executed {
            unit: unit.name.clone(),
            title: beginning.title(),
            phase: unit.phase,
            branch: unit.branch.clone(),
            created: way.created,
            main: main.name.clone(),
            base: merged::base(self.reads, &unit.branch)?,
            commit,
            worktree: way.worktree.clone(),
            remarks: std::mem::take(&mut self.remarks),
            next: next(unit, way, &todos),
            todos,
        })
    }

    /// Without the note the main branch's own book tells what was merged, so that nothing depends on it.
    pub(super) fn remember(&mut self, unit: &Unit, tip: &str, base: Option<&str>) {
        if let Err(error) = merged::remember(self.git, &unit.branch, tip, base) {
            self.remarks.push(format!("where {} is could not be noted: {}", unit.branch, error.fault.text()));
        }
    }

    /// Commits the beginning, unless that was done before.
    pub(super) fn commit(&self, main: &Main, unit: &Unit, way: &Way, book: &Book) -> Result<Option<String>, OpError> {
        let message = format!("chore: Initialize execution context for {}", unit.name);
        if let Some(linked) = &way.linked {
            let tip = self.reads.resolve(&format!("refs/heads/{}", unit.branch))?;
            let base = match (merged::base(self.reads, &unit.branch)?, &tip) {
                // A command that was killed had no time to note it.
                (None, Some(tip)) => self.reads.merge_bases(tip, &main.tip)?.into_iter().next(),
                (base, _) => base,
            };
            if tip != base {
                return Ok(None);
            }
            return commit::commit(self.ctx, linked, &What::Nothing, &message);
        }
        let recorded = match unit.phase.and_then(|n| book.fields().phase(n)) {
            Some(phase) => phase.worktree_path.is_some(),
            None => book.fields().worktree_path.is_some(),
        };
        let head = self.reads.resolve(&format!("refs/heads/{}", unit.branch))?;
        let there = match &head {
            Some(head) => merged::book_at(self.reads, head)?,
            None => None,
        };
        let begun = there.is_some_and(|there| match unit.phase {
            Some(number) => there.fields().phase(number).is_some_and(|p| p.status == Status::InProgress),
            None => there.fields().execution_branch.as_ref() == Some(&unit.branch),
        });
        if begun || recorded {
            return Ok(None);
        }
        let paths = [crate::book::FILE.to_owned()].into_iter().chain(paths_of(book)).chain([unit.path.clone()]);
        commit::commit(self.ctx, &self.place.books, &What::Paths(paths.collect()), &message)
    }
}

fn next(unit: &Unit, way: &Way, todos: &[Todo]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(path) = &way.worktree {
        lines.push(format!("cd {}", quote::word(path)));
    }
    let phase = unit.phase.map(|n| format!(" --phase={n}")).unwrap_or_default();
    lines.push(match todos.iter().find(|t| !t.done) {
        Some(todo) => format!("craft plan todo done {}{phase} --commit \"feat: …\"", todo.number),
        None => format!("craft plan summarize{phase}"),
    });
    lines
}
