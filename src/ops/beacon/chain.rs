//! The chain of commits of a channel on the remote, and asking for it.

use crate::beacon::manifest::{self, Manifest, Message};
use crate::context::Context;
use crate::git::command::Git;
use crate::ops::beacon::{BeaconError, Place};

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

/// Who wrote a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// Name, of whoever committed it.
    pub name: String,
    /// E-mail address, of whoever committed it.
    pub email: String,
    /// git's verdict on the signature (`%G?` of git-log(1)): `G` is good; `N` is none. Only asked for where it counts.
    pub signature: char,
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
}

/// What a look at the remote may take in. The gate is asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Only to tell (`read`).
    Look,
    /// To take messages in (`pull`).
    Pull,
    /// To send (`push`).
    Push,
}

/// Asks the remote for the end of the channel: one `git fetch` of exactly that ref, into [`Place::seen`]. `None` where
/// the channel has no message yet.
///
/// # Errors
/// Where the remote cannot be reached (`Kind::Network`), the gate says no, or the end is none of ours.
pub fn fetch(ctx: &Context, place: &Place, git: &Git<'_>, _what: For) -> Result<Option<Tip>, BeaconError> {
    let remote = place.config.beacon.remote.as_deref().unwrap_or("origin");
    let refspec = format!("+refs/craft/beacons/{}:{}", place.channel, place.seen());
    let words = ["-q", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules"];
    let words = [&words[..], &["--refmap=", remote, &refspec]].concat();
    match git.fetch(place.leave::<crate::permission::of::Pull>(ctx)?, words).run() {
        Ok(_) => known(place, git),
        Err(error) if matches!(error.fault, crate::git::fault::Fault::NoSuchBranch(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The end of the channel as it was last seen. Nothing is asked of the remote.
///
/// # Errors
/// Where it cannot be read.
pub fn known(place: &Place, git: &Git<'_>) -> Result<Option<Tip>, BeaconError> {
    let name = format!("{}^{{commit}}", place.seen());
    let Some(commit) = git.read(["rev-parse", "--verify", "-q", &name]).answer()? else { return Ok(None) };
    let manifest = link(git, &commit)?.manifest.map_err(BeaconError::refused)?;
    Ok(Some(Tip { commit, manifest }))
}

fn link(git: &Git<'_>, commit: &str) -> Result<Link, BeaconError> {
    let told = git.read(["log", "-1", "--format=%cn%x00%ce", commit]).line()?;
    let (name, email) = told.split_once('\0').unwrap_or_default();
    let author = Author { name: name.into(), email: email.into(), signature: 'N' };
    let object = [format!("{commit}:{}", manifest::FILE)];
    let head = super::tree::look_up(git, &object)?.pop().flatten();
    let manifest = match head {
        Some(head) if head.size <= manifest::LONGEST => {
            manifest::parse(&super::tree::bodies(git, &object)?.pop().flatten().unwrap_or_default())
        }
        Some(_) => Err("the manifest is larger than 4 MiB".into()),
        None => Err("the commit has no manifest".into()),
    };
    Ok(Link { commit: commit.into(), author, manifest })
}

/// The commits of the channel after `position` up to `tip`, the oldest first. Where `position` is not in the history of
/// `tip` (somebody made the channel anew), all commits whose number is behind `seq`.
///
/// # Errors
/// Where git cannot read them.
pub fn since(
    _place: &Place,
    git: &Git<'_>,
    position: Option<&str>,
    seq: u64,
    tip: &str,
) -> Result<Vec<Link>, BeaconError> {
    let ancestor = |p: &str| git.read(["merge-base", "--is-ancestor", p, tip]).answer().is_ok_and(|a| a.is_some());
    let position = position.filter(|p| ancestor(p));
    let range = position.map_or_else(|| tip.to_owned(), |p| format!("{p}..{tip}"));
    let listed = git.read(["rev-list", "--reverse", "--first-parent", &range]).line()?;
    let links: Result<Vec<_>, _> = listed.lines().map(|commit| link(git, commit)).collect();
    let behind = |l: &Link| position.is_some() || l.manifest.as_ref().map_or(true, |m| m.seq > seq);
    Ok(links?.into_iter().filter(behind).collect())
}

/// Whether messages of an author are accepted: `beacon.authors`, the user's own address, and a good signature where
/// `beacon.requireSignature` asks for one. The sentence says why not.
///
/// # Errors
/// Where git cannot say who the user is.
pub fn accepts(place: &Place, git: &Git<'_>, author: &Author) -> Result<Result<(), String>, BeaconError> {
    let own = git.read(["config", "user.email"]).answer()?;
    let known = own.as_ref() == Some(&author.email) || place.config.beacon.authors.contains(&author.email);
    Ok(if known { Ok(()) } else { Err(format!("{} is in no list of beacon.authors", author.email)) })
}
