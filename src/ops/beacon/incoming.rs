//! What of a channel is for this side, and which of that is accepted: asked by status, push and pull alike, so that none
//! of them counts what another one holds.
//!
//! A message is judged by its manifest and its author. Its bytes, and what lies in their place here, are looked at by a
//! pull only ([`check`](super::check)), so a message that is accepted here may be held there.

use super::authors::Authors;
use crate::beacon::applied::State;
use crate::beacon::fold::is_theirs;
use crate::beacon::manifest::{Message, Party};
use crate::beacon::path::{Bad, Limits, check_all};
use crate::context::Context;
use crate::git::command::Git;
use crate::ops::beacon::Place;
use crate::ops::beacon::chain::{self, Link};
use crate::ops::error::OpError;
use crate::plain;

/// A message, or why it is held, as a sentence.
pub(super) type Verdict<'l> = Result<&'l Message, String>;

/// Judges commits of a channel, one after another.
pub(super) struct Judge<'a> {
    place: &'a Place,
    /// Which side this is.
    pub(super) me: Party,
    /// Whose messages are accepted.
    pub(super) authors: Authors<'a>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(ctx: &Context, place: &'a Place, git: &'a Git<'a>) -> Self {
        Self { place, me: place.me(ctx), authors: Authors::new(place, git) }
    }

    /// What becomes of a commit; `None` where it is nothing for this side.
    ///
    /// # Errors
    /// Where git cannot say who the user is.
    pub(super) fn verdict<'l>(&mut self, link: &'l Link) -> Result<Option<Verdict<'l>>, OpError> {
        let manifest = match &link.manifest {
            Ok(manifest) => manifest,
            // Whom it is for nobody can tell.
            Err(why) => return Ok(Some(Err(why.clone()))),
        };
        let Some(message) = manifest.message.as_ref().filter(|m| m.is_for(&self.me)) else { return Ok(None) };
        let verdict = self.authors.accept(&link.author)?;
        Ok(Some(verdict.and_then(|()| self.form(message)).map(|()| message)))
    }

    /// Whether all that the manifest says of the files may be written here.
    fn form(&self, message: &Message) -> Result<(), String> {
        let beacon = &self.place.config.beacon;
        let limits = Limits { files: beacon.max_files, bytes: beacon.max_mib.saturating_mul(1 << 20) };
        check_all(&message.files, &beacon.folders, limits).map_err(|bad| bad.to_string())?;
        match message.files.iter().find(|file| is_theirs(&file.path)) {
            Some(file) => Err(Bad {
                entry: plain::cut(&file.path, 120),
                why: "is the name of a copy of theirs, which is never sent",
            }
            .to_string()),
            None => Ok(()),
        }
    }
}

/// A commit that is for this side, or may be.
pub(super) struct Arrival {
    pub(super) link: Link,
    /// Why it is held; `None` where it is accepted.
    pub(super) held: Option<String>,
}

/// What has come up to `end` since this side last took something in, the oldest first; and whether that is all, since of
/// very much only the first part comes.
///
/// # Errors
/// Where git cannot read it.
pub(super) fn since(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    state: &State,
    end: &str,
) -> Result<(Vec<Arrival>, bool), OpError> {
    let mut judge = Judge::new(ctx, place, git);
    let mut found = Vec::new();
    let links = chain::since(place, git, state.position.as_deref(), end)?;
    let is_all = links.last().is_none_or(|link| link.commit == end);
    for link in links {
        if let Some(verdict) = judge.verdict(&link)? {
            let held = verdict.err();
            found.push(Arrival { link, held });
        }
    }
    Ok((found, is_all))
}
