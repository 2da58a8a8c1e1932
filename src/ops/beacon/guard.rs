//! What may be sent: names, bytes and words of a message go through the gate and the scan of a sync before they leave.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::context::Context;
use crate::git::command::Git;
use crate::git::objects::Content;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::ops::beacon::{Place, remote};
use crate::ops::error::{Kind, OpError};
use crate::ops::scan::{self, Comments, Item, Known, Policy, ScanError, Sieve, Sifted, Source};
use crate::plain;
use crate::sync::gate::{Candidate, Rules, first_marker, has_markers};
use crate::sync::names::{content, says_secret};
use crate::sync::outcome::{LeftOutReason, Spotted, is_unscanned};
use crate::sync::quote;
use crate::sync::tell::{self, counted};

/// What the gate of a sync says to the files of a message.
pub(super) struct Gate<'g> {
    reads: Reads<'g, 'g>,
    rules: Rules,
}

impl<'g> Gate<'g> {
    /// # Errors
    /// Where a pattern of the configuration is none.
    pub(super) fn new(place: &'g Place, git: &'g Git<'g>) -> Result<Self, OpError> {
        let rules = Rules::of_messages(&place.config).map_err(|bad| OpError::usage(bad.to_string()))?;
        Ok(Self { reads: Reads::open(&place.at, git), rules })
    }

    /// Lets a file pass, or says what is in it. `base` is the version that both sides have.
    ///
    /// # Errors
    /// It has conflict markers, or is new and no text that anybody hands to others by hand. Or it cannot be looked up.
    pub(super) fn pass(&self, path: &str, bytes: &[u8], base: Option<&str>) -> Result<(), OpError> {
        let name = plain::cut(&plain::name(path), 120);
        if let Some(line) = first_marker(bytes)
            && !self.had_markers(path, base)?
        {
            let error = format!("{name} has conflict markers, the first in line {line}, so it is not sent");
            return Err(OpError::new(Kind::Conflict, error)
                .remedy("take them out; where they are meant to be there, indent them or commit the file first"));
        }
        let candidate = Candidate {
            path: PathBuf::from(path),
            deleted: false,
            new: base.is_none(),
            bytes: bytes.len() as u64,
            readable: true,
            repository: false,
            markers: false,
            content: content(bytes),
        };
        match self.rules.leaves_out(&candidate) {
            // It has a check of its own, to which no exception is made.
            None | Some(LeftOutReason::SecretName) => Ok(()),
            Some(reason) => {
                let error = gate(format!("{name} is not sent: {}", tell::why(&reason)));
                Err(error.remedy("move it out of the folders of `beacon.folders`, or let it pass by `security.allow`"))
            }
        }
    }

    /// Whether a version that is known has markers too: a document about git may hold them rightly.
    fn had_markers(&self, path: &str, base: Option<&str>) -> Result<bool, OpError> {
        if let Some(base) = base
            && let Content::Bytes(bytes) = self.reads.content(base, u64::MAX)?
            && has_markers(&bytes)
        {
            return Ok(true);
        }
        let Some(head) = self.reads.resolve("HEAD")? else { return Ok(false) };
        Ok(self.reads.file(&head, path)?.is_some_and(|bytes| has_markers(&bytes)))
    }
}

/// The name under which the scan is given what is said of a message.
const NOTE: &str = "note of a message";

/// What is about to be sent: path and object of each file, and what is said of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) files: Vec<(String, String)>,
    pub(super) words: Vec<String>,
}

/// Lets it pass, with remarks; or says what was found and where.
pub(super) fn pass(ctx: &Context, place: &Place, git: &Git<'_>, load: &Load) -> Result<Vec<String>, OpError> {
    names(load.files.iter().map(|(path, _)| path.as_str()))?;
    if !place.config.security.scan {
        return Ok(Vec::new());
    }
    match sift(ctx, place, git, load) {
        Ok((sifted, mut remarks)) => {
            if let Some(first) = sifted.warnings().next() {
                let count = counted(sifted.warnings().count(), "value");
                remarks.push(format!(
                    "{count} that may be a credential, first {} at {}",
                    first.finding.title,
                    at(first)
                ));
            }
            verdict(ctx, place, &sifted).map(|()| remarks)
        }
        Err(error) => Err(gate(format!("the scan for credentials could not run, so nothing was sent: {error}"))),
    }
}

/// Lets files pass whose names do not say that they hold secrets.
pub(super) fn names<'p>(paths: impl IntoIterator<Item = &'p str>) -> Result<(), OpError> {
    match paths.into_iter().find(|path| says_secret(path.as_ref())) {
        Some(path) => {
            Err(gate(format!("{} has a name that says it holds secrets, so nothing was sent", plain::name(path)))
                .remedy("rename it, or move it out of the folders of `beacon.folders`"))
        }
        None => Ok(()),
    }
}

fn sift(ctx: &Context, place: &Place, git: &Git<'_>, load: &Load) -> Result<(Sifted, Vec<String>), ScanError> {
    let reads = Reads::open(&place.at, git);
    let base = others_have(place, git, &reads)?;
    let source = Source::Commit(git, &reads, base.as_deref());
    let mut policy = Policy::read(ctx, Some(&place.at), &source, &place.config.security)?;
    let remarks = std::mem::take(&mut policy.remarks);
    let salt = scan::salt_of_repository(ctx, &place.at).unwrap_or_else(|_| scan::passing_salt(ctx));
    let limit = place.config.security.scan_max_mib;
    let mut sieve = Sieve::new(ctx, &place.at, git, &policy, salt, limit, Comments::Ignore);
    let item = |(path, id): &(String, String)| Item {
        id: id.clone(),
        path: PathBuf::from(path),
        commit: None,
        message: false,
    };
    let mut known = base.as_deref().map(|base| Known::new(git, base, BTreeSet::new()));
    let mut sifted = sieve.sift(load.files.iter().map(item).collect(), known.as_mut())?;
    let said: Vec<_> = load.words.iter().flat_map(|words| sieve.name(NOTE, words)).collect();
    sifted.count += said.len();
    sifted.found.splice(0..0, said);
    Ok((sifted, remarks))
}

/// The commit that says what counts: what others have of the branch, or of the default one. What lifts a finding may
/// not arrive with what it lifts.
fn others_have(place: &Place, git: &Git<'_>, reads: &Reads<'_, '_>) -> Result<Option<String>, ScanError> {
    if let Head::Branch { name, .. } = reads.head()?
        && let Some(upstream) = reads.upstream(&name)?
        && let Some(commit) = reads.resolve(&format!("refs/remotes/{}/{}", upstream.remote, upstream.branch))?
    {
        return Ok(Some(commit));
    }
    let Ok(remote) = remote::of(place, git) else { return Ok(None) };
    let head = format!("refs/remotes/{}/HEAD^{{commit}}", remote.name);
    Ok(git.read(["rev-parse", "--quiet", "--verify", &head]).answer()?)
}

fn verdict(ctx: &Context, place: &Place, sifted: &Sifted) -> Result<(), OpError> {
    let blocking: Vec<Spotted> = sifted.blocking().cloned().collect();
    let Some(first) = blocking.first() else { return Ok(()) };
    scan::found::keep(ctx, &place.at, &blocking);
    let f = &first.finding;
    let more = match blocking.len() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let place = at(first);
    let (what, way) = if is_unscanned(first) {
        (format!("{place} was {}", f.title), "leave it out or raise security.scanMaxMib")
    } else {
        (format!("{place} holds a credential: {} ({})", f.title, f.mask), "take it out")
    };
    let allow =
        format!("{way}, or let it pass in a terminal of your own: craft scan allow {}", quote::word(&f.fingerprint));
    Err(gate(format!("{what}{more}, so nothing was sent")).remedy(allow))
}

/// `plan.md:3`.
fn at(spotted: &Spotted) -> String {
    let f = &spotted.finding;
    let line = if f.line == 0 { String::new() } else { format!(":{}", f.line) };
    format!("{}{line}", plain::name(&f.path))
}

fn gate(message: String) -> OpError {
    OpError::new(Kind::Gate, message)
}
