//! What the book says once a phase has begun.

use serde_json::{Value, json};

use crate::book::fields::Status;
use crate::json::document::Fault;
use crate::ops::plan::documents::Documents;
use crate::phase::book::{Book, Head};
use crate::phase::plan::Step;

/// A beginning.
pub(super) struct Beginning<'b> {
    pub documents: &'b Documents,
    /// The phase; `None` of a simple plan.
    pub phase: Option<u32>,
    pub branch: &'b str,
    pub steps: &'b [Step],
    /// The linked working tree.
    pub worktree: Option<&'b str>,
    /// Why it begins although something is missing.
    pub forced: Option<&'b str>,
    /// Whether the branch is a new one, so that to-dos of an earlier try are none of its own.
    pub fresh: bool,
    pub now: &'b str,
}

impl Beginning<'_> {
    /// `Implement User Authentication - Phase 1: Database Schema & Migrations`.
    pub(super) fn title(&self) -> String {
        match self.phase.and_then(|n| self.documents.phase(n).ok()) {
            Some(phase) => format!("{} - {}", self.documents.title, phase.heading()),
            None => self.documents.title.clone(),
        }
    }

    /// The plan's own file.
    fn plan(&self) -> &str {
        let phase = self.phase.and_then(|n| self.documents.phase(n).ok());
        phase.map_or(&self.documents.path, |p| &p.path)
    }

    /// Writes it; whether that changed anything.
    pub(super) fn write(&self, book: &mut Book) -> Result<bool, Fault> {
        let was = book.text().to_owned();
        let again = self.fresh && self.rolled_back(book);
        if again || !self.has_begun(book) {
            self.prose(book);
        }
        self.fields(book)?;
        if book.text() == was {
            return Ok(false);
        }
        book.put(&[], "execution_started", &self.now.into())?;
        book.touch(self.now)?;
        Ok(true)
    }

    fn rolled_back(&self, book: &Book) -> bool {
        let all = book.value();
        let phases = all["phased_execution"]["phases"].as_array();
        let own = phases.into_iter().flatten().find(|p| p["phase"].as_u64() == self.phase.map(u64::from));
        own.is_some_and(|p| p["status"] == "pending" && p["rolled_back"].is_object())
    }

    /// Whether the prose is about this work, with a list of its to-dos.
    fn has_begun(&self, book: &Book) -> bool {
        let line = format!("Executing: {}", self.title());
        let told = book.prose().lines().any(|l| l.trim() == line);
        let list = match self.phase {
            Some(number) => book.list(Some(number)),
            None => book.list(None),
        };
        told && list.is_some_and(|l| l.phase == self.phase || book.unnamed_phase() == self.phase)
    }

    fn prose(&self, book: &mut Book) {
        let mut lines = vec![("Branch".to_owned(), format!("`{}`", self.branch))];
        if self.phase.is_some() {
            lines.push(("Master Plan".into(), self.documents.path.clone()));
            lines.push(("Phase Plan".into(), self.plan().to_owned()));
        } else {
            lines.push(("Plan".into(), self.plan().to_owned()));
        }
        let head = Head {
            title: self.title(),
            phase: self.phase,
            lines,
            todos: self.steps.iter().map(|s| (s.text.clone(), s.done)).collect(),
        };
        let former = book.unnamed_phase();
        let others = book.fields().under_way().any(|p| Some(p.phase) != self.phase && Some(p.phase) == former);
        let earlier = match former.and_then(|n| self.documents.phase(n).ok()) {
            Some(phase) => phase.heading(),
            None => former_title(book).unwrap_or_else(|| "Earlier Work".into()),
        };
        book.begin(&head, &earlier, others && self.phase.is_some());
    }

    fn fields(&self, book: &mut Book) -> Result<(), Fault> {
        let own = self.plan().to_owned();
        let mut active = vec![self.documents.path.clone()];
        if let Some(number) = self.phase {
            // A branch or tree of its own name needs no mention, as in the books of old.
            let named = book.fields().phase(number).cloned().unwrap_or_default();
            let other = self.documents.name.of_phase(number);
            let usual = self.branch.ends_with(&format!("/{}", other.unit())) || self.branch == other.unit();
            let known = keys(book, number);
            if !usual || named.branch.is_some() || known.iter().any(|k| k == "branch") {
                book.put_in_phase(number, "branch", &self.branch.into())?;
            }
            match self.worktree {
                Some(path) => book.put_in_phase(number, "worktree_path", &path.into())?,
                None if named.worktree_path.is_some() => book.put_in_phase(number, "worktree_path", &Value::Null)?,
                None => {}
            }
            if let Some(reason) = self.forced {
                book.put_in_phase(number, "forced", &json!({"time": self.now, "reason": reason}))?;
            }
            book.set_status(number, Status::InProgress)?;
            book.set_current(Some(number))?;
            let beside = book.fields().under_way().filter(|p| p.phase != number).map(|p| p.plan.clone());
            active.extend(beside.collect::<Vec<_>>());
            active.push(own);
            // What else somebody put there is no business of this plan.
            let of_plan = self.documents.phases.iter().map(|p| &p.path).chain([&self.documents.path]);
            let of_plan: Vec<_> = of_plan
                .chain(book.fields().phased_execution.iter().flat_map(|p| p.phases.iter().map(|p| &p.plan)))
                .collect();
            let others =
                book.fields().active_context.iter().filter(|path| !of_plan.contains(path) && !active.contains(path));
            active.extend(others.cloned().collect::<Vec<_>>());
            book.set_active(&active)?;
        } else {
            if !book.fields().active_context.contains(&own) {
                let mut all = book.fields().active_context.clone();
                all.push(own);
                book.set_active(&all)?;
            }
            if let Some(path) = self.worktree {
                book.put(&[], "worktree_path", &path.into())?;
            }
        }
        book.put(&[], "execution_branch", &self.branch.into())
    }
}

fn keys(book: &Book, number: u32) -> Vec<String> {
    let all = book.value();
    let phases = all["phased_execution"]["phases"].as_array();
    let own = phases.into_iter().flatten().find(|p| p["phase"].as_u64() == Some(u64::from(number)));
    own.and_then(Value::as_object).map(|o| o.keys().cloned().collect()).unwrap_or_default()
}

/// What the head of the book is about.
fn former_title(book: &Book) -> Option<String> {
    let line = book.prose().lines().find_map(|l| l.strip_prefix("Executing:"))?;
    Some(line.trim().to_owned()).filter(|t| !t.is_empty())
}
