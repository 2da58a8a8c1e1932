//! The remote that carries a channel, and the two calls that talk to it.

use crate::beacon::name::{FALLBACK, NAMESPACE};
use crate::context::Context;
use crate::git::command::{Call, Git, GitError};
use crate::git::process::Finished;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::ops::beacon::chain::For;
use crate::ops::beacon::{Place, place};
use crate::ops::error::OpError;
use crate::permission::of;
use crate::plain;
use crate::state::beacon::Identity;
use crate::state::file::{Problem, StateFile};
use crate::sync::quote;

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its name in this repository.
    pub name: String,
    /// Where it is, without credentials.
    pub url: String,
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
        Some(urls) => Ok(Remote { name, url: urls.fetch }),
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
        place.identity.branches_only = now.branches_only;
    }
    Ok(())
}

impl Remote {
    /// Whether it is known to take nothing but branches.
    #[must_use]
    pub fn takes_branches_only(&self, place: &Place) -> bool {
        place.identity.branches_only.contains_key(&self.url)
    }

    /// The ref of the channel over there.
    #[must_use]
    pub fn channel(&self, place: &Place) -> String {
        let namespace = if self.takes_branches_only(place) { FALLBACK } else { NAMESPACE };
        format!("{namespace}{}", place.channel)
    }

    /// Keeps in mind that it takes nothing but branches; `no` takes that back.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub fn remember(&self, ctx: &Context, place: &mut Place, only: bool) -> Result<(), OpError> {
        let now = ctx.clock.now_ms();
        let file = StateFile::at(place.files(ctx).beacon());
        let loaded = file.load::<Identity>(now)?;
        let newer = matches!(loaded.problem, Some(Problem::Newer { .. }));
        let mut identity = loaded.value;
        for identity in [&mut identity, &mut place.identity] {
            if only {
                identity.branches_only.entry(self.url.clone()).or_insert(now);
            } else {
                identity.branches_only.remove(&self.url);
            }
        }
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
        let call = match what {
            For::Look => git.fetch(place.leave::<of::Read>(ctx)?, words),
            For::Pull => git.fetch(place.leave::<of::Pull>(ctx)?, words),
            For::Push => git.fetch(place.leave::<of::Push>(ctx)?, words),
        };
        // The history of a channel has nothing in common with the user's branches: to list them would only cost.
        let haves = if tip.is_some() { "consecutive" } else { "noop" };
        let call = call.setting(format!("fetch.negotiationAlgorithm={haves}")).setting("fetch.writeCommitGraph=false");
        Ok(self.bounded(ctx, place, git, call).run())
    }

    /// Puts `commit` onto the end of the channel, where that is at `old`.
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
        // The user's hook is about their branches.
        let words = ["--porcelain", "--no-verify", "--recurse-submodules=no", &lease, "--", &self.name, &refspec];
        let call = git.push(place.leave::<of::Push>(ctx)?, words);
        Ok(self.bounded(ctx, place, git, call.setting("push.negotiate=false")).run())
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
