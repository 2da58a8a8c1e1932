//! What is known of the plan: from the working tree, the main branch, and the branches of its phases.

use super::{Run, Unit, unwritable};
use crate::ops::error::OpError;
use crate::ops::plan::documents::Documents;
use crate::ops::plan::merged::{self, Main};
use crate::ops::plan::store;
use crate::phase::book::Book;
use crate::phase::carry::carry;
use crate::sync::quote;

impl Run<'_> {
    /// The book and the documents; with `main`, as all that is known of the phases has them: what the main branch's
    /// book says, and those on the branches of the phases.
    pub(super) fn documents(&self, main: Option<&Main>) -> Result<(Book, Documents), OpError> {
        let book = match (store::read(self.place)?, main) {
            (Some(book), _) => book,
            (None, Some(main)) => match merged::book_at(self.reads, &main.tip)? {
                Some(book) => book,
                None => store::need(self.place)?,
            },
            (None, None) => match merged::main(self.config, self.reads) {
                Ok(main) => merged::book_at(self.reads, &main.tip)?.map_or_else(|| store::need(self.place), Ok)?,
                Err(_) => store::need(self.place)?,
            },
        };
        let mut view = book.clone();
        let documents = self.load(&view)?;
        let Some(main) = main else { return Ok((book, documents)) };
        let mut commits = vec![main.tip.clone()];
        for phase in &documents.phases {
            commits.extend(merged::tip(self.reads, main, &phase.branch)?);
        }
        let plan = |b: &Book| b.fields().phased_execution.as_ref().map(|p| p.master_plan.clone());
        for commit in commits {
            if let Some(other) = merged::book_at(self.reads, &commit)?.filter(|other| plan(other) == plan(&view)) {
                view = carry(&view, &other).map_err(unwritable)?;
            }
        }
        let seen = if documents.phases.is_empty() { documents } else { self.load(&view)? };
        Ok((book, seen))
    }

    pub(super) fn load(&self, book: &Book) -> Result<Documents, OpError> {
        let prefix = &self.config.plans.branch_prefix;
        let fields = book.fields();
        let simple = fields.phased_execution.is_none();
        let mut book = book.clone();
        if let Some(path) = &self.options.plan {
            let path = path.trim_start_matches("./").to_owned();
            let phased = fields.phased_execution.as_ref();
            let known = phased.is_some_and(|p| p.master_plan == path || p.phases.iter().any(|p| p.plan == path));
            if simple && store::text(self.place, &path)?.is_some() {
                book.set_active(&[path]).map_err(unwritable)?;
            } else if !known {
                return Err(OpError::usage(format!("{path} is no plan of this book"))
                    .remedy("`craft plan status` shows what is under way"));
            }
        } else if simple {
            let plans = fields.active_context.iter().filter(|p| p.starts_with(crate::phase::name::PLANS));
            let plans: Vec<_> = plans.map(String::as_str).collect();
            // One that is under way is the one that is meant.
            if plans.len() > 1 && fields.execution_branch.is_none() {
                return Err(OpError::usage(format!("which plan? {}", plans.join(", ")))
                    .remedy(format!("name one: --plan {}", quote::word(plans[0]))));
            }
        }
        Documents::load(self.place, &book, prefix)?
            .ok_or_else(|| OpError::refused("there is no active plan").remedy("`craft plan new TASK` makes one"))
    }

    pub(super) fn unit(&self, documents: &Documents, book: &Book, phase: Option<u32>) -> Result<Unit, OpError> {
        let prefix = &self.config.plans.branch_prefix;
        let unit = match phase {
            Some(number) => {
                let phase = documents.phase(number)?;
                Unit {
                    phase: Some(number),
                    name: documents.name.of_phase(number).unit(),
                    branch: phase.branch.clone(),
                    text: phase.text.clone(),
                    path: phase.path.clone(),
                }
            }
            None => {
                let usual = documents.name.branch(prefix);
                let named = book.fields().execution_branch.clone().filter(|b| is_of(b, &usual));
                Unit {
                    phase: None,
                    name: documents.name.unit(),
                    branch: named.unwrap_or(usual),
                    text: documents.text.clone(),
                    path: documents.path.clone(),
                }
            }
        };
        let reference = format!("refs/heads/{}", unit.branch);
        // What `git switch` would take for an option, another branch or a commit.
        let odd = unit.branch.starts_with(['-', '@']) || unit.branch == "HEAD" || unit.branch.starts_with("refs/");
        if odd || self.git.read(["check-ref-format", &reference]).run().is_err() {
            return Err(OpError::usage(format!("`{}` cannot be the name of a branch", unit.branch))
                .remedy("rename the plan's file, or set plans.branchPrefix"));
        }
        Ok(unit)
    }

    pub(super) fn text_at(&self, commit: &str, path: &str) -> Result<Option<String>, OpError> {
        Ok(self.reads.file(commit, path)?.and_then(|bytes| String::from_utf8(bytes).ok()))
    }
}

/// Whether `branch` is `usual`, or one made beside it: `usual-2`.
fn is_of(branch: &str, usual: &str) -> bool {
    branch.strip_prefix(usual).is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n > 1))
    })
}
