//! Getting to the branch of a phase, with the books.

use super::{Existing, Run, Unit, Way, paths_of, unwritable};
use crate::ops::engine::fail_point;
use crate::ops::error::OpError;
use crate::ops::plan::commit;
use crate::ops::plan::merged::{self, Main};
use crate::ops::plan::needs::branch_of;
use crate::ops::plan::store;
use crate::phase::book::Book;
use crate::phase::carry::carry;
use crate::sync::quote;

impl Run<'_> {
    /// A command that was killed between its switch and its commit left the note of where it came from: what the tree
    /// lacks of the books is brought from there.
    pub(super) fn finish_what_was_killed(&mut self) -> Result<(), OpError> {
        let Some(branch) = branch_of(self.reads)? else { return Ok(()) };
        let Some(from) = self.ways.came_from(&branch)? else { return Ok(()) };
        let Some(text) = self.text_at(&from, crate::book::FILE)? else { return Ok(()) };
        let Ok(before) = Book::parse(&text) else { return Ok(()) };
        let mut documents = Vec::new();
        for path in paths_of(&before) {
            documents.extend(self.text_at(&from, &path)?.map(|text| (path, text)));
        }
        self.bring_along(&before, &documents)
    }

    /// Puts into the tree what it lacks of the books that were there before.
    pub(super) fn bring_along(&self, before: &Book, documents: &[(String, String)]) -> Result<(), OpError> {
        for (path, text) in documents {
            store::create(self.place, path, text)?;
        }
        fail_point(self.ctx, "plan-documents");
        match store::read(self.place)? {
            None => {
                store::create(self.place, crate::book::FILE, before.text())?;
            }
            Some(there) => {
                let both = carry(before, &there).map_err(unwritable)?;
                if both.text() != there.text() {
                    store::replace(self.place, crate::book::FILE, there.text(), both.text())?;
                }
            }
        }
        fail_point(self.ctx, "plan-carried");
        Ok(())
    }

    /// Gets to the branch of the unit.
    pub(super) fn get_there(&mut self, main: &Main, unit: &mut Unit) -> Result<Way, OpError> {
        if main.diverged {
            let remote = main.remote.as_deref().unwrap_or("origin");
            let name = quote::word(&main.name);
            return Err(OpError::refused(format!("{0} and {remote}/{0} have come apart", main.name))
                .remedy(format!("git switch {name} && git pull --rebase {} {name}", quote::word(remote))));
        }
        if unit.branch == main.name {
            return Err(OpError::usage(format!(
                "{} is the main branch, and cannot be the branch of a phase",
                main.name
            ))
            .remedy(format!("take the field \"branch\" of {} out of {}", unit.name, crate::book::FILE)));
        }
        let here = branch_of(self.reads)?;
        if here.as_ref() == Some(&unit.branch) && !self.options.worktree {
            self.remarks.push(format!("{} is checked out already", unit.branch));
            return Ok(Way { created: false, worktree: None, linked: None });
        }
        let local = self.reads.resolve(&format!("refs/heads/{}", unit.branch))?;
        let there = merged::tip(self.reads, main, &unit.branch)?;
        let linked = self.options.worktree && self.linked_already(unit);
        if local.is_some() && !self.options.worktree && self.options.existing != Existing::New {
            self.is_checked_out_nowhere_else(unit)?;
        }
        if there.is_some() && !linked && self.options.existing == Existing::Stop {
            let again = self.again(unit);
            return Err(OpError::refused(format!("the branch {} exists already", unit.branch)).remedy(format!(
                "`{again} --existing continue` goes on there, `{again} --existing new` makes {}",
                self.free(main, &unit.branch)?
            )));
        }
        let new = there.is_none() || (self.options.existing == Existing::New && !linked);
        if there.is_some() && new {
            unit.branch = self.free(main, &unit.branch)?;
        }
        let base = new.then_some(main.tip.as_str());
        let place = self.place;
        commit::locked(self.ctx, &place.books, self.config, || {
            let linked = if self.options.worktree {
                self.ways.forward_here(main, &mut self.remarks)?;
                Some(self.ways.worktree(&unit.branch, base, &mut self.remarks)?)
            } else {
                let follows = match (&main.remote, new || local.is_some()) {
                    (Some(remote), false) => Some(format!("{remote}/{}", unit.branch)),
                    _ => None,
                };
                self.switch(unit, base, follows.as_deref())?;
                self.ways.forward(main, &mut self.remarks)?;
                None
            };
            if let Some(base) = base {
                self.remember(unit, base, Some(base));
            }
            Ok(Way { created: new, worktree: linked.as_ref().map(|l| l.0.clone()), linked: linked.map(|l| l.1) })
        })
    }

    /// git checks a branch out in one working tree only.
    fn is_checked_out_nowhere_else(&self, unit: &Unit) -> Result<(), OpError> {
        let linked = self.reads.worktrees()?;
        let Some(tree) = linked.iter().find(|l| l.branch.as_ref() == Some(&unit.branch) && !l.prunable) else {
            return Ok(());
        };
        let ours = self.linked_already(unit) && tree.path.starts_with(self.place.file(crate::book::WORKTREES));
        let remedy = match ours {
            true => format!("`{} --worktree` goes on there", self.again(unit)),
            false => format!("free it: git -C {} switch --detach", quote::path(&tree.path)),
        };
        let what = format!("{} is checked out in {}", unit.branch, tree.path.display());
        Err(OpError::refused(what).remedy(remedy))
    }

    pub(super) fn switch(&mut self, unit: &Unit, base: Option<&str>, follows: Option<&str>) -> Result<(), OpError> {
        let book = store::read(self.place)?;
        let mut documents = Vec::new();
        for path in book.iter().flat_map(paths_of) {
            documents.extend(store::text(self.place, &path)?.map(|text| (path, text)));
        }
        let again = self.again(unit);
        let stash = self.ways.settle_dirt(self.options.dirty, &again, &unit.name, &mut self.remarks)?;
        fail_point(self.ctx, "plan-stashed");
        if let Err(mut error) = self.ways.switch(&unit.branch, base, follows, &mut self.remarks) {
            if stash.is_some() {
                self.remarks.pop();
                if self.git.write(["stash", "pop", "--quiet", "--index"]).run().is_err() {
                    error.message.push_str("; what was put aside is in the newest stash: git stash pop --index");
                }
            }
            return Err(error);
        }
        match book {
            Some(book) => self.bring_along(&book, &documents),
            None => Ok(()),
        }
    }

    /// The command that does the same again.
    pub(super) fn again(&self, unit: &Unit) -> String {
        let phase = unit.phase.map(|n| format!(" --phase={n}")).unwrap_or_default();
        let worktree = if self.options.worktree { " --worktree" } else { "" };
        format!("craft plan execute{phase}{worktree}")
    }

    /// Whether the unit's linked working tree was made by a command that was killed.
    pub(super) fn linked_already(&self, unit: &Unit) -> bool {
        let name = unit.branch.rsplit('/').next().unwrap_or_default();
        self.place.file(&format!("{}/{name}/.git", crate::book::WORKTREES)).exists()
    }

    /// The first name `branch-2`, `branch-3`, … that is free.
    pub(super) fn free(&self, main: &Main, branch: &str) -> Result<String, OpError> {
        let (stem, from) = match branch.rsplit_once('-') {
            // A name that ends in a number of ours goes on counting; that of a phase does not.
            Some((stem, number)) if !stem.ends_with("-phase") => match number.parse::<u32>() {
                Ok(number) => (stem, number + 1),
                Err(_) => (branch, 2),
            },
            _ => (branch, 2),
        };
        for number in from..from + 1000 {
            let name = format!("{stem}-{number}");
            if merged::tip(self.reads, main, &name)?.is_none() {
                return Ok(name);
            }
        }
        Err(OpError::refused(format!("there are too many branches {stem}-…")))
    }
}
