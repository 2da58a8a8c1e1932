//! Whose messages are accepted, each author judged once: to judge one may start a program.

use crate::git::command::Git;
use crate::ops::beacon::Place;
use crate::ops::beacon::chain::{self, Author};
use crate::ops::error::OpError;

/// The authors that were met so far.
pub(super) struct Authors<'a> {
    place: &'a Place,
    git: &'a Git<'a>,
    judged: Vec<(Author, Result<(), String>)>,
}

impl<'a> Authors<'a> {
    pub(super) fn new(place: &'a Place, git: &'a Git<'a>) -> Self {
        Self { place, git, judged: Vec::new() }
    }

    /// As [`chain::accepts`].
    ///
    /// # Errors
    /// As [`chain::accepts`].
    pub(super) fn accept(&mut self, author: &Author) -> Result<Result<(), String>, OpError> {
        // The name decides nothing.
        let author = Author { name: String::new(), ..author.clone() };
        if let Some((_, verdict)) = self.judged.iter().find(|(known, _)| *known == author) {
            return Ok(verdict.clone());
        }
        let verdict = chain::accepts(self.place, self.git, &author)?;
        self.judged.push((author, verdict.clone()));
        Ok(verdict)
    }
}
