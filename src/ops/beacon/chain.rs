//! The chain of commits of a channel, as far as it is here: its end, what its commits say, and how what was looked at
//! stands to it. [`fetch`](super::fetch) asks the remote.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::beacon::block::Block;
use crate::beacon::manifest::{FILE, LAST, LONGEST, Manifest, Message, parse};
use crate::beacon::outlook;
use crate::digest::is_object_id;
use crate::git::command::{Git, GitError};
use crate::git::objects::{self, Content};
use crate::git::reads::Reads;
use crate::git::repository::{Repository, Target};
use crate::ops::beacon::authors::Author;
use crate::ops::beacon::{Place, signature};
use crate::ops::error::OpError;
use crate::plain;

/// Commits that one look backwards reads.
const AT_ONCE: usize = 100;
/// Commits that are read at most for one call of [`since`]; the rest comes with the next.
const MOST: usize = 10_000;
/// The way on from a channel that somebody broke.
pub(super) const ANOTHER: &str = "use another channel, or have it taken away on the remote";

/// A commit of a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its id.
    pub commit: String,
    /// Who git says wrote it.
    pub author: Author,
    /// What it says, or why that cannot be understood.
    pub manifest: Result<Manifest, String>,
}

/// The end of a channel, as the remote has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tip {
    /// The commit.
    pub commit: String,
    /// What it says.
    pub manifest: Manifest,
}

impl Link {
    /// Its message, where it is one that can be understood.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        self.manifest.as_ref().ok().and_then(|m| m.message.as_ref())
    }

    /// Number and message, where it is one that can be understood.
    #[must_use]
    pub fn numbered(&self) -> Option<(u64, &Message)> {
        let manifest = self.manifest.as_ref().ok()?;
        Some((manifest.seq, manifest.message.as_ref()?))
    }
}

/// The end of the channel as it was last seen. Nothing is asked of the remote.
///
/// # Errors
/// Where it cannot be read, or nobody understands it.
pub fn known(place: &Place, git: &Git<'_>) -> Result<Option<Tip>, OpError> {
    judged_end(place, git)?
}

/// What is at the end of a channel: nothing yet, what it says, or why it is none of ours.
pub(super) type Judged = Result<Option<Tip>, OpError>;

/// As [`known`], with an end that is here and that nobody understands apart from one that cannot be read.
///
/// # Errors
/// Where it cannot be read.
pub(super) fn judged_end(place: &Place, git: &Git<'_>) -> Result<Judged, GitError> {
    let Some(end) = seen(place, git)? else { return Ok(Ok(None)) };
    let said = match end.commit() {
        Ok(commit) => manifest(place, git, commit)?.map(|manifest| Tip { commit: commit.to_owned(), manifest }),
        Err(why) => Err(why),
    };
    Ok(said.map(Some).map_err(|why| {
        OpError::refused(format!("the end of channel {} is none of ours: {why}", place.channel)).remedy(ANOTHER)
    }))
}

/// What lies at the end of the channel as it was last seen, whatever it is.
///
/// # Errors
/// Where it cannot be read.
pub fn seen(place: &Place, git: &Git<'_>) -> Result<Option<End>, GitError> {
    Ok(Reads::open(&place.at, git).target(&place.seen())?.map(End))
}

/// An object at the end of a channel; whoever can push there can put anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End(Target);

impl End {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The same where it is a commit.
    ///
    /// # Errors
    /// What it is instead.
    pub fn commit(&self) -> Result<&str, String> {
        if self.0.kind == "commit" { Ok(&self.0.id) } else { Err(format!("it is a {}, and no commit", self.0.kind)) }
    }
}

/// What a commit says, or why that cannot be understood.
fn manifest(place: &Place, git: &Git<'_>, commit: &str) -> Result<Result<Manifest, String>, GitError> {
    let reads = Reads::open(&place.at, git);
    let Some(entry) = reads.entries(commit, &[FILE])?.pop() else { return Ok(Err(without())) };
    Ok(judged(place, reads.content(&entry.id, LONGEST)?))
}

fn judged(place: &Place, content: Content) -> Result<Manifest, String> {
    match content {
        Content::Bytes(bytes) => understood(place, &bytes),
        Content::TooLarge(_) => Err(format!("its manifest is larger than {} MiB", LONGEST >> 20)),
        Content::Missing => Err("its manifest is not here".into()),
    }
}

fn without() -> String {
    format!("it has no {FILE}")
}

/// What a manifest says, or why it is none of this channel. What is put onto a channel is asked the same: it has to be
/// read by everybody.
pub(super) fn understood(place: &Place, bytes: &[u8]) -> Result<Manifest, String> {
    let manifest = parse(bytes)?;
    if manifest.channel != place.channel.as_str() {
        return Err(format!("it is of channel {}", plain::cut(&plain::name(&manifest.channel), 60)));
    }
    // Numbers only go up by one, so what is higher was made up, and would end the channel for everybody.
    if manifest.numbers().chain([manifest.seq]).any(|n| n >= LAST) {
        return Err("its number is too high to be one".into());
    }
    Ok(manifest.mended())
}

/// The commits of the channel after `position` up to `tip`, the oldest first; all of them without a position. Where that
/// is not in the history of `tip` the channel was set back or made anew: what stands there since the two parted is new
/// then. Only the chain counts, and no number in it, since anybody who can push may write any. Of very many only the
/// first come.
///
/// # Errors
/// Where git cannot read them.
pub fn since(place: &Place, git: &Git<'_>, position: Option<&str>, tip: &str) -> Result<Vec<Link>, OpError> {
    let position = match standing(place, git, position, tip) {
        Standing::Behind(position) => Some(position),
        Standing::Nowhere => None,
        Standing::Parted(base) => base,
    };
    let commits = between(place, git, position.as_deref(), tip)?;
    let oldest: Vec<_> = commits.into_iter().rev().take(MOST).collect();
    read(place, git, &oldest)
}

/// How what was last looked at stands to the end of the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was looked at yet.
    Nowhere,
    /// The end goes on from there.
    Behind(String),
    /// The end is of another history, which went its own way from this commit on; `None` where it never was the same.
    Parted(Option<String>),
}

/// How `position` stands to `tip`.
#[must_use]
pub fn standing(place: &Place, git: &Git<'_>, position: Option<&str>, tip: &str) -> Standing {
    let Some(position) = position else { return Standing::Nowhere };
    let reads = Reads::open(&place.at, git);
    // That the position is not here at all is no fault: the channel is another one then.
    if reads.is_ancestor(position, tip).unwrap_or(false) {
        return Standing::Behind(position.to_owned());
    }
    Standing::Parted(reads.merge_bases(position, tip).unwrap_or_default().into_iter().next())
}

/// The commits of a chain behind `position`, which is in its history, the newest first; all of them without one.
fn between(place: &Place, git: &Git<'_>, position: Option<&str>, tip: &str) -> Result<Vec<String>, OpError> {
    let mut found = Vec::new();
    let mut next = Some(tip.to_owned());
    while let Some(from) = next.take() {
        for (commit, _) in Reads::open(&place.at, git).first_parents(&from, AT_ONCE + 1)? {
            if position == Some(commit.as_str()) {
                return Ok(found);
            }
            if found.last() != Some(&commit) {
                found.push(commit);
            }
        }
        next = found.last().filter(|last| **last != from).cloned();
    }
    let Some(position) = position else { return Ok(found) };
    // Somebody merged: a chain of ours has no commit with two parents.
    Ok(objects::commits(git, &["--first-parent", &format!("{position}..{tip}")])?)
}

/// The commits of a chain from `tip` on, the newest first, until `each` has enough.
///
/// # Errors
/// Where git cannot read them.
pub fn back(
    place: &Place,
    git: &Git<'_>,
    tip: &str,
    mut each: impl FnMut(Link) -> ControlFlow<()>,
) -> Result<(), OpError> {
    let mut next = Some(tip.to_owned());
    while let Some(from) = next {
        let some = Reads::open(&place.at, git).first_parents(&from, AT_ONCE + 1)?;
        let mut some: Vec<_> = some.into_iter().map(|(commit, _)| commit).collect();
        next = if some.len() > AT_ONCE { some.pop() } else { None };
        for link in read(place, git, &some)? {
            if each(link).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// These commits, in this order.
///
/// # Errors
/// Where git cannot read them.
pub fn read(place: &Place, git: &Git<'_>, commits: &[String]) -> Result<Vec<Link>, OpError> {
    if commits.is_empty() {
        return Ok(Vec::new());
    }
    // A look at a hundred messages by libgit2 costs less than the start of one program.
    if !place.config.beacon.require_signature
        && let Some(links) = read_fast(place, commits)
    {
        return Ok(links);
    }
    // To judge a signature runs gpg or ssh-keygen for each commit.
    let verdict = if place.config.beacon.require_signature {
        "%G?%x00%GS%x00%GF%x00%GP%x00%GK%x00%GG"
    } else {
        "N%x00%x00%x00%x00%x00"
    };
    let format = format!("--format=%H%x00%cn%x00%ce%x00{verdict}%x00");
    let words = [
        "log",
        "--no-walk=unsorted",
        "--stdin",
        "--encoding=UTF-8",
        "--no-show-signature",
        "--no-mailmap",
        "--no-notes",
        &format,
    ];
    let told = git.read(words).env("GIT_NO_REPLACE_OBJECTS", "1").input(lines(commits, "")).run()?;
    let told = String::from_utf8_lossy(&told.stdout);
    let fields: Vec<_> = told.split('\0').map(|f| f.trim_start_matches('\n')).collect();
    let authors: BTreeMap<&str, Author> = fields
        .chunks_exact(9)
        .map(|f| {
            let (name, email, signer) = (f[1].to_owned(), f[2].to_owned(), f[4].to_owned());
            let names = signature::names(f[5], f[8]);
            let keys = f[5..8].iter().filter(|key| !key.is_empty()).map(|key| (*key).to_owned()).collect();
            (f[0], Author { name, email, signature: f[3].chars().next().unwrap_or('N'), signer, keys, names })
        })
        .collect();
    let blobs = entries(git, commits, FILE)?;
    let mut manifests = BTreeMap::new();
    let wanted: Vec<String> = blobs.iter().flatten().cloned().collect();
    objects::contents(git, &wanted, LONGEST, |id, content| {
        manifests.insert(id.to_owned(), judged(place, content));
        Ok::<_, GitError>(())
    })?;
    Ok(commits
        .iter()
        .zip(blobs)
        .map(|(commit, blob)| Link {
            commit: commit.clone(),
            author: authors.get(commit.as_str()).cloned().unwrap_or_default(),
            manifest: blob.and_then(|blob| manifests.get(&blob).cloned()).unwrap_or_else(|| Err(without())),
        })
        .collect())
}

/// As [`read`], where libgit2 can; it knows nothing of signatures.
fn read_fast(place: &Place, commits: &[String]) -> Option<Vec<Link>> {
    let repository = Repository::open(&place.at).ok()?;
    let link = |commit: &String| {
        let (name, email) = repository.committer(commit).ok()?;
        let manifest = match repository.entries(commit, &[FILE]).ok()?.pop() {
            Some(entry) => judged(place, repository.content(&entry.id, LONGEST).ok()?),
            None => Err(without()),
        };
        let author = Author { name, email, signature: 'N', ..Author::default() };
        Some(Link { commit: commit.clone(), author, manifest })
    };
    commits.iter().map(link).collect()
}

/// The object that each of `commits` has under `path`.
fn entries(git: &Git<'_>, commits: &[String], path: &str) -> Result<Vec<Option<String>>, OpError> {
    if commits.is_empty() {
        return Ok(Vec::new());
    }
    let call = git.read(["cat-file", "--batch-check=%(objectname)"]).input(lines(commits, &format!(":{path}")));
    // What a partial clone lacks is not asked for in the middle of a look.
    let told = call.env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_NO_LAZY_FETCH", "1").line()?;
    let found: Vec<_> = told.lines().map(|line| is_object_id(line).then(|| line.to_owned())).collect();
    if found.len() == commits.len() {
        Ok(found)
    } else {
        Err(OpError::refused("git told of other objects than it was asked for"))
    }
}

fn lines(commits: &[String], more: &str) -> String {
    commits.iter().flat_map(|c| [c.as_str(), more, "\n"]).collect()
}

/// What people see of the channel with this end: the seed's block, with the newest files that wait.
///
/// # Errors
/// Where git cannot read the messages.
pub fn block(place: &Place, git: &Git<'_>, tip: &Tip) -> Result<Block, OpError> {
    Ok(outlook::block(waiting(place, git, tip)?.iter().map(|(_, message)| message)))
}

/// The messages that wait for somebody, the newest first, as far as a block can hold their files.
///
/// # Errors
/// Where git cannot read them.
pub fn waiting(place: &Place, git: &Git<'_>, tip: &Tip) -> Result<Vec<(u64, Message)>, OpError> {
    let floor = outlook::floor(&tip.manifest);
    let (mut found, mut names) = (Vec::new(), 0);
    if floor >= tip.manifest.seq {
        return Ok(found);
    }
    back(place, git, &tip.commit, |link| {
        if link.manifest.as_ref().is_ok_and(|m| m.seq <= floor) || names >= outlook::NAMES {
            return ControlFlow::Break(());
        }
        if let Some((seq, message)) = link.numbered().filter(|(seq, m)| outlook::waits(&tip.manifest, *seq, m)) {
            names += message.files.len().max(1);
            found.push((seq, message.clone()));
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
