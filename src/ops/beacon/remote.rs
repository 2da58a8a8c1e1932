//! The remote that carries a channel, and the two calls that talk to it.

use std::path::Path;

use crate::beacon::name::{FALLBACK, NAMESPACE};
use crate::context::Context;
use crate::git::command::{Call, Git, GitError};
use crate::git::fault::Fault;
use crate::git::process::Finished;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::ops::beacon::fetch::For;
use crate::ops::beacon::{Place, place};
use crate::ops::error::{Kind, OpError};
use crate::permission::of;
use crate::plain;
use crate::state::beacon::Identity;
use crate::state::file::{Problem, StateFile};
use crate::sync::quote;

/// How often a look is made again because another one was made at the same moment.
const BESIDE: usize = 3;
/// What a look could not do with a remote, and what a push could not.
pub const ASKED: &str = "asked";
/// See [`ASKED`].
pub const SENT_TO: &str = "sent to";

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its name in this repository.
    pub name: String,
    /// Where it is, without credentials.
    pub url: String,
    /// Where is pushed to, without credentials, where that reads otherwise. It may be the same repository all the same
    /// (https and ssh), or another one (a fork); only looking tells.
    pub push: Option<String>,
}

/// The remote of a beacon: `beacon.remote`, or that of the branch that is checked out, or `origin`.
///
/// # Errors
/// Where there is none.
pub fn of(place: &Place, git: &Git<'_>) -> Result<Remote, OpError> {
    let reads = Reads::open(&place.at, git);
    let name = name(place, &reads)?;
    // Nothing but a name that git knows is given to it: what looks like an option or an address is neither.
    let known = reads.remotes()?.contains(&name);
    let urls = if known { reads.remote_urls(&name)? } else { None };
    match urls {
        Some(urls) => Ok(Remote { name, url: urls.fetch, push: urls.push }),
        None => {
            let error = OpError::refused(format!("there is no remote {}", plain::name(&name)));
            Err(error.remedy(format!(
                "add it with `git remote add {} URL`, or name another with `craft auto-sync config set beacon.remote NAME`",
                quote::word(&plain::name(&name))
            )))
        }
    }
}

/// What the remote of a beacon is called; whether there is one of that name is another question.
///
/// # Errors
/// Where git cannot say which branch is checked out.
pub(super) fn name(place: &Place, reads: &Reads<'_, '_>) -> Result<String, OpError> {
    if let Some(name) = &place.config.beacon.remote {
        return Ok(name.clone());
    }
    let followed = match reads.head()? {
        Head::Branch { name, .. } => reads.upstream(&name)?.map(|u| u.remote),
        Head::Detached { .. } => None,
    };
    Ok(followed.unwrap_or_else(|| "origin".to_owned()))
}

/// Takes over what a look at a remote has found out of where it keeps channels.
///
/// # Errors
/// Where that cannot be read.
pub fn refresh(ctx: &Context, place: &mut Place) -> Result<(), OpError> {
    if let Some(now) = place::identity(ctx, &place.at)?.filter(|now| now.id == place.identity.id) {
        place.identity.branches = now.branches;
    }
    Ok(())
}

impl Remote {
    /// Whether the channel is known to be a branch there. Of other channels that says nothing: a host may have had the
    /// rule at one time, or for one user, only.
    #[must_use]
    pub fn keeps_as_branch(&self, place: &Place) -> bool {
        place.identity.branches.get(&self.url).is_some_and(|channels| channels.contains(place.channel.as_str()))
    }

    /// The ref of the channel over there.
    #[must_use]
    pub fn channel(&self, place: &Place) -> String {
        let namespace = if self.keeps_as_branch(place) { FALLBACK } else { NAMESPACE };
        format!("{namespace}{}", place.channel)
    }

    /// Keeps in mind whether the channel is a branch there. The caller does not hold [`Place::lock`].
    ///
    /// # Errors
    /// Where that cannot be written.
    pub fn remember(&self, ctx: &Context, place: &mut Place, branch: bool) -> Result<(), OpError> {
        place.identity.note_branch(&self.url, place.channel.as_str(), branch);
        // Who gives the side another name meanwhile is not to be undone.
        let _lock = match place.lock(ctx) {
            Ok(lock) => lock,
            // It is found out anew, then.
            Err(error) if error.kind == Kind::Busy => return Ok(()),
            Err(error) => return Err(error),
        };
        let now = ctx.clock.now_ms();
        let file = StateFile::at(place.files(ctx).beacon());
        let loaded = file.load::<Identity>(now)?;
        let newer = matches!(loaded.problem, Some(Problem::Newer { .. }));
        let mut identity = loaded.value;
        identity.note_branch(&self.url, place.channel.as_str(), branch);
        // A working tree that is no side any more is not made one again; and what a newer program keeps is its own, so
        // that it is found out anew each time.
        let ours = identity.id == place.identity.id && !newer;
        if ours { file.store(&identity).map_err(Into::into) } else { Ok(()) }
    }

    /// Fetches `refspecs` and nothing else. `tip` is all that the remote is told of what is here.
    ///
    /// # Errors
    /// The outer one is the gate's.
    pub fn fetch(
        &self,
        ctx: &Context,
        place: &Place,
        git: &Git<'_>,
        what: For,
        refspecs: &[&str],
        tip: Option<&str>,
    ) -> Result<Result<Finished, GitError>, OpError> {
        let known = tip.map(|tip| format!("--negotiation-tip={tip}"));
        let mut words = vec![
            "--quiet",
            "--no-tags",
            "--no-prune",
            "--no-prune-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--no-recurse-submodules",
            "--no-show-forced-updates",
            // A partial clone would ask again for each file.
            "--no-filter",
            "--refmap=",
        ];
        words.extend(known.as_deref());
        words.extend(["--", &self.name]);
        words.extend(refspecs);
        // The history of a channel has nothing in common with the user's branches: to list them would only cost.
        let haves = if tip.is_some() { "consecutive" } else { "noop" };
        let mut tries = 0;
        loop {
            let words = words.iter().copied();
            let call = match what {
                For::Look => git.fetch(place.leave::<of::Read>(ctx)?, words),
                For::Pull => git.fetch(place.leave::<of::Pull>(ctx)?, words),
                For::Push => git.fetch(place.leave::<of::Push>(ctx)?, words),
            };
            let call =
                call.setting(format!("fetch.negotiationAlgorithm={haves}")).setting("fetch.writeCommitGraph=false");
            match self.bounded(ctx, place, git, call).run() {
                // A look beside this one, a watcher's for instance, has moved the ref. The remote was reached.
                Err(GitError { fault: Fault::Locked(_), .. }) if tries < BESIDE => tries += 1,
                fetched => return Ok(fetched),
            }
        }
    }

    /// Puts `commit` onto the end of the channel, where that is at `old`. No commit (an empty text) takes it away.
    ///
    /// # Errors
    /// The outer one is the gate's.
    pub fn push(
        &self,
        ctx: &Context,
        place: &Place,
        git: &Git<'_>,
        commit: &str,
        old: Option<&str>,
    ) -> Result<Result<Finished, GitError>, OpError> {
        let channel = self.channel(place);
        let lease = format!("--force-with-lease={channel}:{}", old.unwrap_or_default());
        let refspec = format!("{commit}:{channel}");
        let words = ["--porcelain", "--no-verify", "--recurse-submodules=no", &lease, "--", &self.name, &refspec];
        let call = git.push(place.leave::<of::Push>(ctx)?, words);
        Ok(self.bounded(ctx, place, git, call.setting("push.negotiate=false")).run())
    }

    /// Takes `commit`, which was put there a moment ago, away from the end of the channel, unless it moved meanwhile.
    ///
    /// # Errors
    /// The outer one is the gate's.
    pub fn take_back(
        &self,
        ctx: &Context,
        place: &Place,
        git: &Git<'_>,
        commit: &str,
    ) -> Result<Result<Finished, GitError>, OpError> {
        self.push(ctx, place, git, "", Some(commit))
    }

    /// What a call that failed says: `what` of the remote could not be done ("asked").
    #[must_use]
    pub fn out_of_reach(&self, place: &Place, what: &str, error: GitError) -> OpError {
        let name = plain::name(&self.name);
        let url = if what == ASKED { &self.url } else { self.push.as_ref().unwrap_or(&self.url) };
        if matches!(error.fault, Fault::RemoteMissing(_)) && is_gone(&place.at.worktree, url) {
            let error =
                OpError::new(Kind::Network, format!("{name} cannot be {what}: {} is not there", plain::name(url)));
            return error.remedy("put it back or mount it; `git remote -v` shows where it is looked for");
        }
        let remedy = match &error.fault {
            Fault::Authentication(_) => Some(format!("see that `git fetch {name}` works without a question")),
            Fault::HostKey(_) | Fault::RemoteMissing(_) => Some(format!("see that `git fetch {name}` works")),
            _ => None,
        };
        let text = error.fault.text().to_owned();
        let error = OpError::from(error);
        let why = if text.is_empty() { &error.message } else { &text };
        OpError {
            message: format!("{name} cannot be {what}: {why}"),
            remedy: remedy.or(error.remedy),
            kind: error.kind,
        }
    }

    /// That what is pushed does not show where is fetched from, although git said that it was taken.
    #[must_use]
    pub fn elsewhere(&self, place: &Place, git: &Git<'_>) -> OpError {
        let (name, url) = (plain::name(&self.name), plain::name(&self.url));
        let push = plain::name(self.push.as_deref().unwrap_or(&self.url));
        let error = format!(
            "{name} is pushed to at {push} and fetched from at {url}, and what is sent to the one does not show at the other"
        );
        let set = Reads::open(&place.at, git).setting(&format!("remote.{}.pushurl", self.name)).ok().flatten();
        let way = match set {
            Some(_) => format!("`git config --unset-all {}`", quote::word(&format!("remote.{name}.pushurl"))),
            None => "take the `url.….pushInsteadOf` for it out of git's configuration".to_owned(),
        };
        OpError::refused(error)
            .remedy(format!("name one remote for both: `craft auto-sync config set beacon.remote NAME`, or {way}"))
    }

    /// That the remote takes the channel, and shows it to nobody.
    #[must_use]
    pub fn hidden(&self, place: &Place) -> OpError {
        let (name, channel) = (plain::name(&self.name), self.channel(place));
        let error = format!("{name} takes {channel} and does not show it, so nobody could read the message");
        OpError::refused(error).remedy(
            "see its settings `transfer.hideRefs` and `uploadpack.hideRefs`, or name another remote with \
             `craft auto-sync config set beacon.remote NAME`",
        )
    }

    /// That the remote has another end of the channel for pushes than for fetches.
    #[must_use]
    pub fn two_faced(&self, place: &Place) -> OpError {
        let (name, channel) = (plain::name(&self.name), self.channel(place));
        let error =
            format!("{name} shows {channel} to fetches otherwise than to pushes, so nothing can be put onto its end");
        OpError::new(Kind::Busy, error).remedy(
            "try again in a moment; where it stays so, see its setting `receive.hideRefs`, or name another remote with \
             `craft auto-sync config set beacon.remote NAME`",
        )
    }

    /// Adds what keeps a call from waiting for somebody, and from doing more than it was told.
    fn bounded<'g, 'a>(&self, ctx: &Context, place: &Place, git: &'g Git<'a>, call: Call<'g, 'a>) -> Call<'g, 'a> {
        // Older protocols list all refs of the remote, whichever is wanted.
        let mut call = call.setting("protocol.version=2").ssh(Reads::open(&place.at, git).ssh(&ctx.env));
        if !self.name.contains('=') {
            call = call
                .setting(format!("remote.{}.mirror=false", self.name))
                .setting(format!("remote.{}.followRemoteHEAD=never", self.name));
        }
        call
    }
}

/// Whether a URL names a place on this machine where nothing is: a drive that is not mounted, a folder that was moved.
fn is_gone(top: &Path, url: &str) -> bool {
    let path = match url.strip_prefix("file://") {
        Some(path) if path.contains('%') => return false,
        Some(path) => path,
        // As git tells a path from `host:path`.
        None if url.split('/').next().is_some_and(|first| first.contains(':')) => return false,
        None => url,
    };
    // git adds the ending by itself.
    let nothing = |path: String| matches!(top.join(path).try_exists(), Ok(false));
    !path.starts_with('~') && nothing(path.to_owned()) && nothing(format!("{path}.git"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_that_leads_nowhere_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("here.git")).unwrap();
        let gone = |url: &str| is_gone(folder.path(), url);
        let at = |name: &str| format!("{}/{name}", folder.path().display());
        for there in ["here.git", "here", "./here.git", &at("here.git"), &format!("file://{}", at("here"))] {
            assert!(!gone(there), "{there}");
        }
        for nowhere in ["away.git", "../away/x.git", &at("away"), &format!("file://{}", at("away"))] {
            assert!(gone(nowhere), "{nowhere}");
        }
        for elsewhere in
            ["https://away/x", "ssh://away/x", "git@away:x.git", "away:x", "ext::away x", "~/away", "file:///a%20b"]
        {
            assert!(!gone(elsewhere), "{elsewhere}");
        }
    }
}
