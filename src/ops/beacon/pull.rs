//! `craft beacon pull`: takes in what waits, as one transaction.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::Apply;
use super::check::Checks;
use super::planning::{self, News};
use super::send::{self, Sent};
use super::{applied, backup, bell, chain, status};
use crate::audit::Outcome;
use crate::beacon::applied::{Applied, Held};
pub use crate::beacon::fold::Became;
use crate::beacon::manifest::NOTE;
use crate::beacon::name::EVERYBODY;
use crate::context::Context;
use crate::git::command::Git;
use crate::ops::beacon::Place;
use crate::ops::beacon::chain::{For, Link, Standing, Tip};
use crate::ops::error::{Kind, OpError};
use crate::ops::{engine, exclude, permit};
use crate::permission::{Operation, Origin, Platform};
use crate::plain;

/// Longest name of an environment or machine that is told.
const SHOWN: usize = 80;
/// No message has a number behind that: it is the last that every reader of JSON can count to (RFC 8259, section 6).
const LAST: u64 = 1 << 53;

/// A file of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its path.
    pub path: String,
    /// What became of it.
    pub became: Became,
    /// Where theirs lies, or what was archived; empty otherwise.
    pub beside: String,
    /// Number of the message.
    pub seq: u64,
}

/// A message that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its number.
    pub seq: u64,
    /// Name of the environment it is from, and its machine.
    pub from: String,
    /// What is said of it.
    pub note: String,
    /// When it was written.
    pub time: String,
}

/// What came of a pull.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Messages that were taken in, the oldest first.
    pub messages: Vec<Heard>,
    /// Their files, by path.
    pub files: Vec<Taken>,
    /// Messages that were not, and why.
    pub held: Vec<Held>,
    /// Messages that were held and are dropped for good, since somebody said so.
    pub skipped: Vec<Held>,
    /// Conflicts that nobody has settled, older ones included.
    pub conflicts: Vec<String>,
    /// Where the former bytes are kept, where any were replaced: a ref.
    pub backup: Option<String>,
    /// Whether the remote could be asked; else the reason, and what had arrived before was taken in.
    pub offline: Option<String>,
    /// Remarks for people: what came of the receipt and the bell.
    pub remarks: Vec<String>,
}

/// Takes in what waits for this side. `dry` tells what would happen, and changes nothing.
///
/// # Errors
/// The gate, or git, or the file system: then no file was changed, or a second call gives what one would have given.
pub fn pull(ctx: &Context, place: &Place, dry: bool) -> Result<Pulled, OpError> {
    pull_without(ctx, place, dry, &[])
}

/// As [`pull`]; held messages with these numbers are dropped for good. What can never be accepted would otherwise keep
/// the receipt, and with it the channel from ever being idle.
///
/// # Errors
/// As [`pull`], and where no message with such a number is held: nothing was changed then.
pub fn pull_without(ctx: &Context, place: &Place, dry: bool, skip: &[u64]) -> Result<Pulled, OpError> {
    let (mut pulled, sent) = pulled(ctx, place, dry, skip)?;
    pulled.remarks.extend(bell::ring_for(ctx, place, &sent));
    Ok(pulled)
}

/// The part that keeps other commands away; the bell is no part of it. And what went out with it.
fn pulled(ctx: &Context, place: &Place, dry: bool, skip: &[u64]) -> Result<(Pulled, Sent), OpError> {
    let _lock = place.lock(ctx)?;
    let git = place.git(ctx);
    let mut sent = Sent::default();
    let taken = take_in(ctx, place, &git, dry, skip);
    if !dry {
        match &taken {
            Ok((_, pulled)) if pulled.messages.is_empty() && pulled.held.is_empty() => {}
            Ok((_, pulled)) => {
                let said = format!(
                    "{} messages with {} files taken in, {} held",
                    pulled.messages.len(),
                    pulled.files.len(),
                    pulled.held.len()
                );
                place.note(ctx, "pull", Outcome::Success, &said);
            }
            Err(error) => place.note(ctx, "pull", Outcome::Error, &error.message),
        }
    }
    let (asked, mut pulled) = taken?;
    if !dry {
        for held in &pulled.skipped {
            let said = format!("message {} dropped for good: {}", held.seq, plain::line(&held.why));
            place.note(ctx, "skip", Outcome::Success, &said);
        }
        match answer(ctx, place, &git, &asked, &mut pulled.remarks) {
            Ok(answered) => sent = answered,
            Err(error) => pulled.remarks.push(format!("the receipt waits: {}", error.message)),
        }
        let reached = asked.offline.is_none();
        if let Err(error) = status::keep(ctx, place, Some(reached)) {
            pulled.remarks.push(format!("what waits could not be noted: {}", error.message));
        }
    }
    Ok((pulled, sent))
}

/// What the remote said.
struct Asked {
    /// The end of the channel, where there is one.
    end: Option<String>,
    /// What it says, where it can be understood.
    tip: Option<Tip>,
    offline: Option<String>,
}

fn ask(ctx: &Context, place: &Place, git: &Git<'_>, known: &Applied) -> Result<Asked, OpError> {
    let seen = || git.read(["rev-parse", "--verify", "-q", &format!("{}^{{commit}}", place.seen())]).answer();
    match chain::fetch(ctx, place, git, For::Pull) {
        Ok(tip) => Ok(Asked { end: tip.as_ref().map(|t| t.commit.clone()), tip, offline: None }),
        Err(error) if error.kind == Kind::Network => {
            Ok(Asked { end: seen()?, tip: chain::known(place, git).ok().flatten(), offline: Some(error.message) })
        }
        Err(error) if error.kind == Kind::Failed => {
            // A last message that nobody understands must not hide those before it.
            let Some(end) = seen()? else { return Err(error) };
            let links = chain::since(place, git, known.state.position.as_deref(), known.state.seq, &end)?;
            let garbled = match links.last() {
                Some(last) => last.manifest.is_err(),
                None => known.state.position.as_ref() == Some(&end) && chain::known(place, git).is_err(),
            };
            if garbled { Ok(Asked { end: Some(end), tip: None, offline: None }) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}

fn take_in(ctx: &Context, place: &Place, git: &Git<'_>, dry: bool, skip: &[u64]) -> Result<(Asked, Pulled), OpError> {
    let known = applied::read(place, git)?;
    let asked = ask(ctx, place, git, &known)?;
    let mut pulled = Pulled { offline: asked.offline.clone(), ..Pulled::default() };
    let step = |name: &str| engine::fail_point(ctx, &format!("beacon-pull-{name}"));
    let apply = Apply { ctx, place, git, step: &step };
    let former = apply.recover(known.commit.as_deref(), dry, &mut pulled.remarks)?;
    step("recovered");
    let mut rest = known.clone();
    pulled.skipped = rest.state.held.extract_if(.., |held| skip.contains(&held.seq)).collect();
    let mut next = rest.clone();
    let news = sort(ctx, place, git, &rest, &asked, &mut next, &mut pulled)?;
    // A status names messages as held that no pull has looked at yet.
    pulled.skipped.extend(next.state.held.extract_if(.., |held| skip.contains(&held.seq)));
    if let Some(seq) = skip.iter().find(|seq| !pulled.skipped.iter().any(|held| held.seq == **seq)) {
        return Err(
            OpError::usage(format!("no message {seq} is held")).remedy("`craft beacon pull` names those that are")
        );
    }
    let plan = planning::plan(&apply, &known, &former, &news)?;
    pulled.files = plan.fates.iter().map(|fate| fate.taken(&news)).collect();
    let mut left = BTreeSet::new();
    if !dry {
        // Nobody else is to see copies of theirs: neither a commit of the user's nor one of an auto-sync.
        let copies = known.state.conflicts.iter().map(|c| c.beside.as_str()).chain(plan.fates.iter().map(|f| f.copy()));
        for copy in copies.filter(|copy| !copy.is_empty()) {
            exclude::keep_out_of_git(&place.at.worktree.join(copy))?;
        }
        if !plan.changes.is_empty() {
            let outcome = apply.run(&plan.changes, &former, known.commit.as_deref())?;
            pulled.backup = outcome.backup;
            pulled.remarks.extend(outcome.remarks);
            left = outcome.left;
        }
        step("moved");
    }
    let mut behind: BTreeMap<usize, String> = BTreeMap::new();
    for fate in &plan.fates {
        if fate.paths().any(|path| left.contains(path)) {
            for n in fate.messages() {
                behind.entry(n).or_insert_with(|| fate.path.clone());
            }
            pulled.files.retain(|taken| taken.path != fate.path);
        } else {
            fate.settle(&news, &mut next);
        }
    }
    for (n, path) in behind {
        let why = format!("{path:?} was edited here while it was taken in; `craft beacon pull` tries again");
        next.state.held.push(Held { seq: news[n].seq, commit: news[n].commit.clone(), why });
        pulled.messages.retain(|heard| heard.seq != news[n].seq);
    }
    next.state.held.sort_by(|a, b| (a.seq, &a.commit).cmp(&(b.seq, &b.commit)));
    next.state.conflicts.sort_by(|a, b| a.path.cmp(&b.path));
    pulled.held.clone_from(&next.state.held);
    pulled.conflicts = next.state.conflicts.iter().map(|c| c.path.clone()).collect();
    if !dry {
        if next != known {
            applied::write(place, git, &mut next)?;
        }
        step("applied");
        apply.finish()?;
        for copy in plan.fates.iter().filter_map(|fate| fate.former_copy()) {
            exclude::let_into_git(&place.at.worktree.join(copy))?;
        }
        backup::prune(ctx, place, git)?;
        step("done");
    }
    Ok((asked, pulled))
}

/// Sorts what stands in the chain behind what was looked at, and what was held before: messages that are taken in now,
/// with their files; the others are noted in `next`.
fn sort(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    known: &Applied,
    asked: &Asked,
    next: &mut Applied,
    pulled: &mut Pulled,
) -> Result<Vec<News>, OpError> {
    let Some(end) = &asked.end else { return Ok(Vec::new()) };
    let mut links: Vec<(Option<u64>, Link)> = Vec::new();
    next.state.held.clear();
    for held in &known.state.held {
        match again(place, git, held, end)? {
            Some(link) => links.push((Some(held.seq), link)),
            None => pulled.remarks.push(format!("message {} that was held is gone from the channel", held.seq)),
        }
    }
    links.sort_by_key(|(seq, _)| *seq);
    let new = chain::since(place, git, known.state.position.as_deref(), known.state.seq, end)?;
    // Of very many some come with the next call.
    let position = new.last().map_or_else(|| end.clone(), |link| link.commit.clone());
    if let Standing::Parted(base) = chain::standing(place, git, known.state.position.as_deref(), end) {
        // Numbers are those of the channel as it is now, or a receipt would tell of what nobody has taken in.
        let base: Vec<_> = chain::read(place, git, &base.into_iter().collect::<Vec<_>>())?;
        let seq = base.first().and_then(|link| link.manifest.as_ref().ok()).map_or(0, |manifest| manifest.seq);
        next.state.seq = seq.min(next.state.seq);
        pulled
            .remarks
            .push("the channel was set back or made anew on the remote; what stands there now was taken in".into());
    }
    links.extend(new.into_iter().map(|link| (None, link)));
    let me = place.me(ctx);
    let mut checks = Checks::new(place, git);
    let mut news = Vec::new();
    for (held, link) in links {
        let following = next.state.seq.saturating_add(1).min(LAST);
        let commit = link.commit.clone();
        let hold = |next: &mut Applied, seq: u64, why: String| {
            let why = plain::cut(&why, NOTE);
            next.state.held.push(Held { seq: held.unwrap_or(seq), commit: commit.clone(), why });
        };
        let manifest = match &link.manifest {
            Ok(manifest) => manifest,
            Err(why) => {
                hold(next, following, why.clone());
                continue;
            }
        };
        if manifest.channel != place.channel.as_str() {
            let why = format!("it belongs to the channel {:?}", plain::cut(&manifest.channel, SHOWN));
            hold(next, following, why);
            continue;
        }
        let Some(message) = &manifest.message else { continue };
        // A held one keeps the number under which it is known. The chain's order counts, not what somebody wrote as a
        // number: one that makes no sense must not stop those behind it.
        let seq = held.unwrap_or_else(|| manifest.seq.clamp(following, LAST));
        next.state.seq = next.state.seq.max(seq);
        if !message.is_for(&me) {
            continue;
        }
        let looked_at = match chain::accepts(place, git, &link.author)? {
            Ok(()) => checks.message(&link.commit, message)?,
            Err(why) => Err(why),
        };
        let entries = match looked_at {
            Ok(entries) => entries,
            Err(why) => {
                hold(next, seq, why);
                continue;
            }
        };
        let host = plain::cut(&message.from.host, SHOWN);
        let name = plain::cut(&message.from.name, SHOWN);
        let from = if host.is_empty() { name.clone() } else { format!("{name} on {host}") };
        let (note, time) = (plain::cut(&message.note, NOTE), plain::cut(&message.time, SHOWN));
        pulled.messages.push(Heard { seq, from, note, time });
        news.push(News { seq, commit: link.commit, from: name, entries, late: held.is_some() });
    }
    next.state.position = Some(position);
    Ok(news)
}

/// A message that was held, as it stands in the chain; `None` where it is in it no more.
fn again(place: &Place, git: &Git<'_>, held: &Held, end: &str) -> Result<Option<Link>, OpError> {
    let there = git.read(["cat-file", "-e", &format!("{}^{{commit}}", held.commit)]).run().is_ok();
    if !there || git.read(["merge-base", "--is-ancestor", &held.commit, end]).answer()?.is_none() {
        return Ok(None);
    }
    let parent = git.read(["rev-parse", "--verify", "-q", &format!("{}^", held.commit)]).answer()?;
    let links = chain::since(place, git, parent.as_deref(), held.seq.saturating_sub(1), &held.commit)?;
    Ok(links.into_iter().rfind(|link| link.commit == held.commit))
}

/// Sends the receipt that is owed, and what waits to go out, where that may be sent; what went out.
fn answer(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    asked: &Asked,
    remarks: &mut Vec<String>,
) -> Result<Sent, OpError> {
    let Some(tip) = asked.tip.as_ref() else { return Ok(Sent::default()) };
    if !permit::check(ctx, Some(&place.at), Platform::Beacon, Operation::Push, Origin::Internal).allowed {
        return Ok(Sent::default());
    }
    let me = &place.identity.name;
    let got = tip.manifest.received.get(me).copied().unwrap_or(0);
    let sent = |to: &str| tip.manifest.sent.get(to).is_some_and(|sent| *sent > got);
    let owed = applied::read(place, git)?.state.received() > got && (sent(me) || sent(EVERYBODY));
    if asked.offline.is_some() {
        if owed {
            remarks.push("the receipt waits until the remote can be reached".to_owned());
        }
        return Ok(Sent::default());
    }
    if !owed && send::queued(place, git)?.is_empty() {
        return Ok(Sent::default());
    }
    let sent = send::drain(ctx, place, git)?;
    if let Some(why) = &sent.waits {
        remarks.push(format!("the receipt waits: {}", why.message));
    }
    Ok(sent)
}
