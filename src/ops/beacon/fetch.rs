//! Asking the remote for the end of a channel.

use std::ops::ControlFlow;

use crate::beacon::name::{FALLBACK, NAMESPACE};
use crate::context::Context;
use crate::git::command::{Git, GitError};
use crate::git::fault::Fault;
use crate::git::reads::Reads;
use crate::ops::beacon::chain::{self, End, Judged, Tip};
use crate::ops::beacon::remote::{self, ASKED, Remote};
use crate::ops::beacon::{Place, make};
use crate::ops::error::OpError;
use crate::sys::process_exists;

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
pub fn fetch(ctx: &Context, place: &Place, git: &Git<'_>, what: For) -> Result<Option<Tip>, OpError> {
    ask(ctx, place, git, what)?
}

/// As [`fetch`], for those who go on where the remote was reached and nobody understands the end: a last message that is
/// garbled must not hide those before it. It is [`chain::seen`] then, and the inner error says what is wrong with it.
///
/// # Errors
/// Where the remote cannot be reached (`Kind::Network`), or the gate says no.
pub(super) fn ask(ctx: &Context, place: &Place, git: &Git<'_>, what: For) -> Result<Judged, OpError> {
    let before = chain::seen(place, git)?.and_then(|end| end.commit().ok().map(str::to_owned));
    let judged = asked(ctx, place, git, what)?;
    let now = chain::seen(place, git)?.and_then(|end| end.commit().ok().map(str::to_owned));
    if let (Some(before), Some(now)) = (before, now)
        && before != now
        && !Reads::open(&place.at, git).is_ancestor(&before, &now).unwrap_or(true)
    {
        git.write(["update-ref", &place.former(), &before]).run()?;
    }
    Ok(judged)
}

fn asked(ctx: &Context, place: &Place, git: &Git<'_>, what: For) -> Result<Judged, OpError> {
    let remote = remote::of(place, git)?;
    let seen = place.seen();
    // Of a channel that is new here nobody knows where others have begun it, whatever the remote took once.
    if let Some(known) = chain::seen(place, git)? {
        let refspec = format!("+{}:{seen}", remote.channel(place));
        match remote.fetch(ctx, place, git, what, &[&refspec], known.commit().ok())? {
            Ok(_) => return Ok(chain::judged_end(place, git)?),
            // It is gone, or was made anew where this side would not look for it.
            Err(GitError { fault: Fault::NoSuchBranch(_), .. }) => {}
            Err(error) => return Err(remote.out_of_reach(place, ASKED, error)),
        }
    }
    Ok(discover(ctx, place, git, &remote, what)?.1)
}

/// As [`fetch`], in both namespaces, whatever is known of the channel; and whether it is a branch.
///
/// # Errors
/// As [`fetch`].
pub(super) fn anywhere(ctx: &Context, place: &Place, git: &Git<'_>, what: For) -> Result<Option<(bool, Tip)>, OpError> {
    let (branch, judged) = discover(ctx, place, git, &remote::of(place, git)?, what)?;
    Ok(judged?.map(|tip| (branch, tip)))
}

/// Looks in both namespaces at once, and says whether the channel is a branch. With a pattern, that nothing is there is an
/// answer and no error.
fn discover(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    remote: &Remote,
    what: For,
) -> Result<(bool, Judged), OpError> {
    let (seen, channel) = (place.seen(), &place.channel);
    let before = chain::seen(place, git)?;
    // Whoever looks at the same moment has names of their own.
    let mine = format!("{seen}-{}-{:08x}-", std::process::id(), ctx.dice().token());
    // The pattern takes other channels along that begin so; git has none for "this or nothing".
    let found = |namespace: &str| format!("{mine}{}", if namespace == NAMESPACE { "own-" } else { "branch-" });
    let refspec = |namespace: &str| format!("+{namespace}{channel}*:{}*", found(namespace));
    let refspecs = [refspec(NAMESPACE), refspec(FALLBACK)];
    let refspecs: Vec<&str> = refspecs.iter().map(String::as_str).collect();
    let fetched = remote.fetch(ctx, place, git, what, &refspecs, None)?;
    let result = match fetched {
        Ok(_) => adopt(ctx, place, git, remote, before.as_ref(), [&found(NAMESPACE), &found(FALLBACK)]),
        Err(error) => Err(remote.out_of_reach(place, ASKED, error)),
    };
    // What stays here is in nobody's way, and the next look takes it away.
    let _ = clear(git, &seen, &mine);
    result
}

/// Takes away what a look has fetched under names that begin with `mine`, and what looks left that were killed.
fn clear(git: &Git<'_>, seen: &str, mine: &str) -> Result<(), GitError> {
    let begins = format!("{seen}-");
    let all = git.read(["for-each-ref", "--format=%(refname)", &format!("{begins}*"), &format!("{begins}*/**")]);
    let left = |name: &&str| {
        let maker = name.strip_prefix(&begins).and_then(|rest| rest.split('-').next()?.parse().ok());
        name.starts_with(mine) || maker.is_none_or(|pid| !process_exists(pid))
    };
    let left: String = all.line()?.lines().filter(left).map(|name| format!("delete {name}\n")).collect();
    if left.is_empty() { Ok(()) } else { git.write(["update-ref", "--stdin"]).input(left).run().map(drop) }
}

/// Takes what was found in one of the namespaces for the channel, and says whether that is the one of branches. `before`
/// is what was known of it when it was asked for.
fn adopt(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    remote: &Remote,
    before: Option<&End>,
    found: [&str; 2],
) -> Result<(bool, Judged), OpError> {
    let reads = Reads::open(&place.at, git);
    for (branch, name) in [false, true].into_iter().zip(found) {
        let Some(end) = reads.target(name)? else { continue };
        if let Err(error) = make::move_ref(git, &place.seen(), before.map(End::id), Some(&end.id)) {
            // Whoever was faster has asked or sent at the same time, and knows as much or more.
            if chain::seen(place, git)?.as_ref() == before {
                return Err(error.into());
            }
        }
        if branch != remote.keeps_as_branch(place) {
            remote.remember(ctx, &mut place.clone(), branch)?;
        }
        return Ok((branch, chain::judged_end(place, git)?));
    }
    if chain::judged_end(place, git)?.is_err() {
        step_back(place, git)?;
    }
    Ok((false, Ok(None)))
}

/// What nobody understood is gone from the remote: what is known of the channel goes back to what stood before it.
fn step_back(place: &Place, git: &Git<'_>) -> Result<(), OpError> {
    let Some(end) = chain::seen(place, git)? else { return Ok(()) };
    let mut last = None;
    if let Ok(commit) = end.commit() {
        chain::back(place, git, commit, |link| match link.manifest {
            Ok(_) => {
                last = Some(link.commit);
                ControlFlow::Break(())
            }
            Err(_) => ControlFlow::Continue(()),
        })?;
    }
    Ok(make::move_ref(git, &place.seen(), Some(end.id()), last.as_deref())?)
}
