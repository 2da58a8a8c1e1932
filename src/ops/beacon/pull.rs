//! `craft beacon pull`: takes in what waits, as one transaction.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::Apply;
use super::check::Checks;
use super::fetch::{self, For};
use super::held::{self, Later, Unwanted};
use super::incoming::Judge;
use super::planning::{self, Edit, News};
use super::send::{self, Sent};
use super::{applied, backup, bell, chain, copies, lost, status, unattended, unread, watch};
use crate::audit::Outcome;
use crate::beacon::applied::{Applied, Held};
pub use crate::beacon::fold::Became;
use crate::beacon::manifest::{LAST, NOTE};
use crate::context::Context;
use crate::fs::lock::LockGuard;
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::ops::beacon::Place;
use crate::ops::beacon::chain::{Link, Standing, Tip};
use crate::ops::beacon::hints::Hints;
use crate::ops::error::{Kind, OpError};
use crate::ops::{engine, permit};
use crate::permission::{Operation, Origin, Platform};
use crate::plain;
use crate::sync::quote;
use crate::sync::tell::counted;

/// What is said where nobody else could be told what was taken in.
const UNTOLD: &str = "the others are not told yet what was taken in";
/// Longest name of an environment or machine that is told.
const SHOWN: usize = 80;
/// Times that the remote is asked where others send or take in something meanwhile.
const ASKED: usize = 5;
/// Most characters of why a message is held: anybody who can push may have any number of them kept.
const WHY: usize = 400;

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
    /// Numbers of messages of ours that went from the channel before anybody took them in.
    pub lost: Vec<u64>,
    /// Conflicts that nobody has settled, older ones included.
    pub conflicts: Vec<String>,
    /// Where the former bytes are kept, where any were replaced: a ref.
    pub backup: Option<String>,
    /// Whether the remote could be asked; else the reason, and what had arrived before was taken in.
    pub offline: Option<String>,
    /// What to do about that.
    pub remedy: Option<String>,
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

/// As [`pull`]; held messages with these numbers, or whose commits' ids begin so, are dropped for good. What can never be
/// accepted would otherwise keep the receipt, and with it the channel from ever being idle.
///
/// # Errors
/// As [`pull`], and where one of them means no message that is held, or several: nothing was changed then.
pub fn pull_without(ctx: &Context, place: &Place, dry: bool, skip: &[String]) -> Result<Pulled, OpError> {
    let (mut pulled, sent) = pulled(ctx, place, dry, skip)?;
    pulled.remarks.extend(bell::ring_for(ctx, place, &sent));
    Ok(pulled)
}

/// All of it but the bell. And what went out with it.
fn pulled(ctx: &Context, place: &Place, dry: bool, skip: &[String]) -> Result<(Pulled, Sent), OpError> {
    let git = place.git(ctx);
    let mut sent = Sent::default();
    let taken =
        arrive(ctx, place, &git).and_then(|(asked, _lock)| Ok((take_in(ctx, place, &git, &asked, dry, skip)?, asked)));
    match &taken {
        // What the permission gate denied is in the journal already.
        Err(error) if error.kind == Kind::Gate && !unattended::allowed(ctx, place, Operation::Pull) => {}
        Err(error) if !dry => place.note(ctx, "pull", Outcome::Error, &error.message),
        _ => {}
    }
    let (mut pulled, asked) = taken?;
    if !dry {
        for held in &pulled.skipped {
            let commit = held::short(&held.commit);
            let said = format!("message {} dropped for good: {} ({commit})", held.seq, plain::line(&held.why));
            place.note(ctx, "skip", Outcome::Success, &said);
        }
        match answer(ctx, place, &git, &asked, &mut pulled.remarks) {
            Ok(answered) => sent = answered,
            Err(error) => pulled.remarks.push(format!("{UNTOLD}: {}", watch::sentence(error))),
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
    /// Whether the channel is not on the remote any more, or was never there.
    gone: bool,
    offline: Option<String>,
    remedy: Option<String>,
}

/// Asks the remote, and only then keeps other commands away: a remote that never answers keeps nobody else from queueing
/// or settling.
fn arrive(ctx: &Context, place: &Place, git: &Git<'_>) -> Result<(Asked, LockGuard), OpError> {
    for _ in 0..ASKED {
        let before = applied::read(place, git)?.commit;
        let asked = ask(ctx, place, git)?;
        let lock = place.lock(ctx)?;
        // Whoever has sent or taken in something meanwhile may know of more: to them the end would have been set back.
        if applied::read(place, git)?.commit == before {
            return Ok((asked, lock));
        }
    }
    Err(OpError::new(Kind::Busy, "other commands are at the beacon here").remedy("try again in a moment"))
}

fn ask(ctx: &Context, place: &Place, git: &Git<'_>) -> Result<Asked, OpError> {
    let asked = fetch::ask(ctx, place, git, For::Pull);
    let end = chain::seen(place, git)?.and_then(|end| end.commit().ok().map(str::to_owned));
    let known = Asked { end, tip: None, gone: false, offline: None, remedy: None };
    match asked {
        Ok(Ok(Some(tip))) => Ok(Asked { end: Some(tip.commit.clone()), tip: Some(tip), ..known }),
        // Where somebody took the channel away, what had arrived before is here all the same.
        Ok(Ok(None)) => Ok(Asked { gone: true, ..known }),
        // Unless it is no commit, what stands before it can be read.
        Ok(Err(_)) if known.end.is_some() => Ok(known),
        Err(error) if error.kind == Kind::Network => {
            let tip = chain::known(place, git).ok().flatten();
            Ok(Asked { tip, offline: Some(error.message), remedy: error.remedy, ..known })
        }
        Ok(Err(error)) | Err(error) => Err(error),
    }
}

fn take_in(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    asked: &Asked,
    dry: bool,
    skip: &[String],
) -> Result<Pulled, OpError> {
    let known = applied::read(place, git)?;
    let (offline, remedy) = (asked.offline.clone(), asked.remedy.clone());
    let mut pulled = Pulled { offline, remedy, ..Pulled::default() };
    let step = |name: &str| engine::fail_point(ctx, &format!("beacon-pull-{name}"));
    let apply = Apply { ctx, place, git, step: &step };
    let former = apply.recover(known.commit.as_deref(), dry, &mut pulled.remarks)?;
    if !dry {
        // Whatever goes wrong from here on, this was done.
        for remark in &pulled.remarks {
            place.note(ctx, "pull", Outcome::Success, &plain::line(remark));
        }
    }
    step("recovered");
    let (mut rest, mut unwanted) = (known.clone(), Unwanted::new(skip));
    pulled.skipped = unwanted.take(&mut rest.state.held);
    if asked.offline.is_none() {
        let end = asked.end.as_deref().filter(|_| !asked.gone);
        let lost = lost::take_back(place, git, &mut rest, end)?;
        pulled.remarks.extend(lost::told(&lost.numbers));
        pulled.lost.clone_from(&lost.numbers);
        if !dry {
            lost.rebase_queue(place, git)?;
        }
    }
    let mut next = rest.clone();
    let news = sort(ctx, place, git, &rest, asked, &mut next, &mut pulled)?;
    // A status names messages as held that no pull has looked at yet.
    pulled.skipped.extend(unwanted.take(&mut next.state.held));
    unwanted.check(&Hints::of(ctx, place))?;
    let plan = planning::plan(&apply, &rest, &former, &news)?;
    pulled.files = plan.fates.iter().map(|fate| fate.taken(&news)).collect();
    pulled.remarks.extend(plan.remarks.iter().cloned());
    let (mut left, mut failed) = (BTreeSet::new(), BTreeMap::new());
    if !dry {
        let open = known.state.conflicts.iter().map(|c| c.beside.as_str());
        copies::hide(place, open.chain(plan.fates.iter().map(|f| f.copy())))?;
        if !plan.changes.is_empty() {
            let outcome = apply.run(&plan.changes, &former, known.commit.as_deref())?;
            pulled.backup = outcome.backup;
            pulled.remarks.extend(outcome.remarks);
            left = outcome.left;
            failed = outcome.failed;
        }
        let edited = plan.fates.iter().filter_map(|f| f.edited_copy()).filter(|(copy, _)| !left.contains(*copy));
        pulled.remarks.extend(edited.map(|(copy, edit)| match (edit, &pulled.backup) {
            (Edit::GivesWay, Some(backup)) => {
                format!("your edits of {copy:?} are kept: `git show {}`", quote::word(&format!("{backup}:{copy}")))
            }
            _ => format!("your edits of {copy:?} are kept: `git for-each-ref {}` lists where", place.backups()),
        }));
        step("moved");
    }
    let mut behind: BTreeMap<usize, BTreeMap<String, String>> = BTreeMap::new();
    for fate in &plan.fates {
        if let Some(at) = fate.paths().find(|path| left.contains(*path)) {
            let why = match failed.get(at) {
                Some(why) => why.clone(),
                None => format!("{at:?} was edited here while it was taken in; `craft beacon pull` tries again"),
            };
            for n in fate.messages() {
                behind.entry(n).or_default().insert(fate.path.clone(), why.clone());
            }
            pulled.files.retain(|taken| taken.path != fate.path);
        } else {
            fate.settle(&news, &mut next);
        }
    }
    // Each of the news has told of its message, in the same order. Two may have one number.
    let told = std::mem::take(&mut pulled.messages).into_iter().enumerate();
    pulled.messages = told.filter(|(n, _)| !behind.contains_key(n)).map(|(_, heard)| heard).collect();
    for (n, left) in behind {
        let news = &news[n];
        let why = plain::cut(left.values().next().map_or("", String::as_str), WHY);
        let paths = left.into_keys().collect();
        next.state.held.push(Held { seq: news.seq, commit: news.commit.clone(), why, paths });
    }
    next.state.dropped.extend(pulled.skipped.iter().cloned());
    if next.state.held.is_empty() {
        next.state.dropped.clear();
    }
    next.state.held.sort_by(|a, b| (a.seq, &a.commit).cmp(&(b.seq, &b.commit)));
    next.state.conflicts.sort_by(|a, b| a.path.cmp(&b.path));
    pulled.held.clone_from(&next.state.held);
    pulled.conflicts = next.state.conflicts.iter().map(|c| c.path.clone()).collect();
    if !dry {
        if next != known {
            applied::write(place, git, &mut next)?;
        }
        lost::note(ctx, place, &pulled.lost);
        // What is held still is no news.
        if !pulled.messages.is_empty() || next.state.held != known.state.held {
            let (messages, files) = (counted(pulled.messages.len(), "message"), counted(pulled.files.len(), "file"));
            let said = format!("{messages} with {files} taken in, {} held", pulled.held.len());
            place.note(ctx, "pull", Outcome::Success, &said);
        }
        step("applied");
        apply.finish()?;
        pulled.remarks.extend(copies::show(place, git, &known, &next));
        backup::prune(ctx, place, git)?;
        step("done");
    }
    Ok(pulled)
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
    next.state.held.clear();
    let recalled = held::recall(place, git, &known.state, &pulled.skipped, end)?;
    for held in &recalled.gone {
        pulled.remarks.push(format!("message {} that was held is gone from the channel", held.seq));
    }
    let mut links: Vec<(Option<&Held>, Link)> =
        recalled.links.iter().map(|(held, link)| (Some(held), link.clone())).collect();
    let new = chain::since(place, git, known.state.position.as_deref(), end)?;
    // Of very many some come with the next call.
    let position = new.last().map_or_else(|| end.clone(), |link| link.commit.clone());
    if let Standing::Parted(base) = chain::standing(place, git, known.state.position.as_deref(), end) {
        // Numbers are those of the channel as it is now, or a receipt would tell of what nobody has taken in.
        let base: Vec<_> = chain::read(place, git, &base.into_iter().collect::<Vec<_>>())?;
        let seq = base.first().and_then(|link| link.manifest.as_ref().ok()).map_or(0, |manifest| manifest.seq);
        next.state.seq = seq.min(next.state.seq);
        let news = if new.is_empty() { "" } else { "; what stands there now was looked at anew" };
        pulled.remarks.push(format!("the channel was set back or made anew on the remote{news}"));
    }
    let fresh: BTreeSet<String> = new.iter().map(|link| link.commit.clone()).collect();
    next.state.dropped.retain(|dropped| !fresh.contains(&dropped.commit));
    let (mut judge, mut later) = (Judge::new(ctx, place, git), None);
    links.extend(new.into_iter().map(|link| (None, link)));
    let mut checks = Checks::new(place, git);
    let mut news = Vec::new();
    // What was sent from here while a message before it was not accepted yet is newer than that.
    let sent = Later::sent(&links, &mut judge)?;
    for (n, (held, link)) in links.into_iter().enumerate() {
        let following = next.state.seq.saturating_add(1).min(LAST);
        let commit = link.commit.clone();
        let hold = |next: &mut Applied, seq: u64, why: String| {
            let (why, seq) = (plain::cut(&why, WHY), held.map_or(seq, |held| held.seq));
            let paths = held.map(|held| held.paths.clone()).unwrap_or_default();
            next.state.held.push(Held { seq, commit: commit.clone(), why, paths });
        };
        let mut seq = following;
        if let Some((number, _)) = link.numbered() {
            // A held one keeps the number under which it is known. The chain's order counts, not what somebody wrote as
            // a number: one that makes no sense must not stop those behind it.
            seq = held.map_or_else(|| number.clamp(following, LAST), |held| held.seq);
            next.state.seq = next.state.seq.max(seq);
        }
        let looked_at = match judge.verdict(&link)? {
            None => continue,
            Some(Ok(message)) => checks.message(&link.commit, message)?.map(|entries| (message, entries)),
            Some(Err(why)) => Err(why),
        };
        let (message, mut entries) = match looked_at {
            Ok(accepted) => accepted,
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
        let mut overtaken = BTreeMap::new();
        if let Some(held) = held {
            entries.retain(|entry| !held.is_partly() || held.paths.contains(&entry.path));
            let later: &Later = match &mut later {
                Some(later) => later,
                none @ None => none.insert(recalled.later(place, git, &mut judge, &fresh)?),
            };
            let at = recalled.position(&link.commit);
            for entry in &entries {
                overtaken.extend(later.of(at, &entry.path, entry.blob()).map(|went_on| (entry.path.clone(), went_on)));
            }
        }
        for entry in &entries {
            if let Some(went_on) = sent.of(n, &entry.path, entry.blob()) {
                *overtaken.entry(entry.path.clone()).or_default() |= went_on;
            }
        }
        news.push(News { seq, commit: link.commit, from: name, entries, held: held.is_some(), overtaken });
    }
    if asked.gone && !news.is_empty() {
        pulled.remarks.push("the channel is not on the remote any more; what had arrived before was taken in".into());
    }
    if let Some(sent) = &next.state.sent
        && Reads::open(&place.at, git).is_ancestor(sent, &position).unwrap_or(false)
    {
        next.state.sent = Some(position.clone());
    }
    next.state.position = Some(position);
    Ok(news)
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
    let owed = unread::owed(ctx, place, git, &applied::read(place, git)?, tip)?.is_some();
    if asked.offline.is_some() {
        if owed {
            remarks.push(format!("{UNTOLD}; they are once the remote can be reached"));
        }
        return Ok(Sent::default());
    }
    if !owed && send::queued(place, git)?.is_empty() {
        return Ok(Sent::default());
    }
    // The remote was asked a moment ago; who was faster since is noticed by the push.
    let sent = send::drain_with(ctx, place, git, None, Some(tip.clone()))?.sent;
    if let Some(why) = sent.waits.clone() {
        let what = if owed && !sent.receipt { UNTOLD } else { "messages of yours wait" };
        remarks.push(format!("{what}: {}", watch::sentence(why)));
    }
    Ok(sent)
}
