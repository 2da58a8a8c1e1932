//! `craft beacon status`, and what hooks and status lines are left to read.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::beacon::applied::{Applied, Conflict, Held};
use crate::beacon::manifest::{Manifest, VERSION};
use crate::beacon::name::EVERYBODY;
use crate::clock::{self, Millis};
use crate::context::Context;
use crate::fs::lock::{self, LockGuard};
use crate::fs::{atomic, layout, read_optional};
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::ops::beacon::bell::{self, Heard as Bell};
use crate::ops::beacon::chain::{self, Link, Tip};
use crate::ops::beacon::fetch::{self, For};
use crate::ops::beacon::pull::Heard;
use crate::ops::beacon::send::{self, Queued};
use crate::ops::beacon::survey::{self, Here};
use crate::ops::beacon::{Place, applied, folders, heard, incoming, lost, notices, push, unattended};
use crate::ops::error::{Kind, OpError};
use crate::ops::{exclude, sync};
use crate::permission::Operation;
use crate::plain;
use crate::state::beacon::{Identity, Waiting};
use crate::state::file::{Loaded, Problem, StateFile};
use crate::state::tick;

/// Most paths that are kept for hooks.
const FILES: usize = 20;
/// Most characters of a text of others that are kept for them.
const TEXT: usize = 200;
/// How often it is worked out anew because somebody else moved something meanwhile.
const TRIES: usize = 3;
/// How long another process may take to put it in place. What is kept is no more than a copy, so nobody fails for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a beacon stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standing {
    /// The end of the channel; `None` where there is no message yet, or the remote was never reached.
    pub tip: Option<Tip>,
    /// What waits here.
    pub waiting: Waiting,
    /// When the remote was last reached; `None` where it never was.
    pub checked_at: Option<Millis>,
    /// The messages of that, the oldest first.
    pub messages: Vec<Heard>,
    /// Messages that are not taken in, and why.
    pub held: Vec<Held>,
    /// Files with a conflict that nobody has settled.
    pub conflicts: Vec<Conflict>,
    /// Messages of ours that wait to go out.
    pub queued: Vec<Queued>,
    /// Environments that have not taken in yet what was sent to them.
    pub unread: Vec<String>,
    /// Numbers of messages of ours that went from the channel before anybody took them in. Their files count as changed.
    pub lost: Vec<u64>,
    /// Files changed here that were not sent.
    pub changed: Vec<String>,
    /// Files that are gone here.
    pub gone: Vec<String>,
    /// What in the folders is not read, and why not: a whole folder where that is a link.
    pub left: Vec<(String, String)>,
    /// Names of the others on the channel, where nobody is named whom files are for.
    pub others: Vec<String>,
    /// Why the remote could not be asked.
    pub offline: Option<String>,
    /// What to do about that.
    pub remedy: Option<String>,
    /// Whether that is because it may not be asked.
    pub denied: bool,
    /// Why nothing is taken in, where something waits that would be.
    pub no_pull: Option<String>,
    /// Why nothing is sent, where there is something to send.
    pub no_push: Option<String>,
    /// What came of asking the bell.
    pub bell: Option<Bell>,
}

/// How the beacon stands; `ask` the remote, or only what is known.
///
/// # Errors
/// Where git or a folder cannot be read. A remote that cannot be reached is no error.
pub fn status(ctx: &Context, place: &Place, ask: bool) -> Result<Standing, OpError> {
    let git = place.git(ctx);
    // An end that nobody understands is held, and the remote was reached.
    let before = lost::Before::asking(place, &git)?;
    let asked = if ask { fetch::ask(ctx, place, &git, For::Look).map(Some) } else { Ok(None) };
    let gone = matches!(asked, Ok(Some(Ok(None))));
    let mut known = Known::of(ctx, place, &git)?;
    let offline = match asked {
        Err(error) if error.kind == Kind::Usage => return Err(error),
        // A remote that may not be asked, or is set up wrongly, is as far away as one without a network.
        asked => asked.err(),
    };
    // Where it may not be asked, nobody knows whether it is out of reach.
    let denied = offline.as_ref().is_some_and(|error| error.kind == Kind::Gate);
    let reached = (ask && !denied).then_some(offline.is_none());
    let Kept { waiting, checked_at } = known.keep(ctx, place, &git, reached)?;
    // Only who has just asked knows what is on the channel.
    let lost = if reached == Some(true) && before.is(&known.applied) && (gone || !known.garbled) {
        let end = known.tip.as_ref().map(|tip| tip.commit.clone()).filter(|_| !gone);
        lost::take_back(place, &git, &mut known.applied, end.as_deref())?.numbers
    } else {
        Vec::new()
    };
    let found = push::compared(place, &git, &known.applied)?;
    let bell = (ask && place.config.beacon.github.enabled).then(|| match bell::hear(ctx, place) {
        Ok(heard) => heard,
        Err(error) => Some(Bell { remarks: vec![error.message], ..Bell::default() }),
    });
    let unread = known.tip.as_ref().map(|tip| unread(&tip.manifest, &place.identity)).unwrap_or_default();
    let others = match &known.tip {
        Some(tip) if place.recipients().is_empty() => heard::others(place, &git, tip)?,
        _ => Vec::new(),
    };
    let comes = waiting.messages > 0;
    let goes = !(found.changed.is_empty() && found.gone.is_empty() && known.queued.is_empty());
    let (offline, remedy) = offline.map(|error| (error.message, error.remedy)).unzip();
    Ok(Standing {
        tip: known.tip,
        waiting,
        checked_at,
        messages: known.waiting.iter().filter_map(heard).collect(),
        held: known.held,
        conflicts: known.applied.state.conflicts,
        queued: known.queued,
        unread,
        lost,
        changed: found.changed,
        gone: found.gone,
        left: found.left,
        others,
        offline,
        remedy: remedy.flatten(),
        denied,
        no_pull: comes.then(|| unattended::denied(ctx, place, Operation::Pull)).flatten(),
        no_push: goes.then(|| unattended::denied(ctx, place, Operation::Push)).flatten(),
        bell: bell.flatten(),
    })
}

/// Works out what waits from what is known here, and keeps it for hooks and status lines. `reached` is whether the
/// remote was just asked with success; `None` where it was not asked.
///
/// # Errors
/// Where it cannot be read or written.
pub fn keep(ctx: &Context, place: &Place, reached: Option<bool>) -> Result<Waiting, OpError> {
    let git = place.git(ctx);
    Ok(Known::of(ctx, place, &git)?.keep(ctx, place, &git, reached)?.waiting)
}

/// Makes the manifest of a beacon that has no message yet, where there is none; its path.
///
/// # Errors
/// Where it cannot be written.
pub fn first(place: &Place) -> Result<Option<String>, OpError> {
    let path = format!("{}/{}", layout::SYNC, layout::SYNC_MANIFEST);
    if place.at.worktree.join(&path).exists() {
        return Ok(None);
    }
    show(place, None)?;
    Ok(Some(path))
}

/// What was kept for hooks and status lines.
struct Kept {
    waiting: Waiting,
    /// See [`Standing::checked_at`]. Kept in a file of its own: a look at which nothing has come writes nothing else.
    checked_at: Option<Millis>,
}

/// What is known here without asking anybody.
struct Known {
    /// What it was worked out from.
    marks: Marks,
    tip: Option<Tip>,
    /// Whether the end of the channel is none that can be understood.
    garbled: bool,
    waiting: Vec<Link>,
    held: Vec<Held>,
    applied: Applied,
    queued: Vec<Queued>,
}

/// The end of the channel, what was taken in, and what waits to go out.
type Marks = [Option<String>; 3];

fn marks(place: &Place, git: &Git<'_>) -> Result<Marks, OpError> {
    let reads = Reads::open(&place.at, git);
    let end = chain::seen(place, git)?.map(|end| end.id().to_owned());
    Ok([end, reads.resolve(&place.applied())?, reads.resolve(&place.queue())?])
}

impl Known {
    fn of(ctx: &Context, place: &Place, git: &Git<'_>) -> Result<Self, OpError> {
        let marks = marks(place, git)?;
        let applied = applied::read(place, git)?;
        let mut held = applied.state.held.clone();
        let mut garbled = false;
        let (tip, end) = match chain::known(place, git) {
            Ok(tip) => (tip.clone(), tip.map(|tip| tip.commit)),
            Err(error) => {
                garbled = true;
                let Some(end) = chain::seen(place, git)? else { return Err(error) };
                match end.commit() {
                    // A last message that nobody understands must not hide those before it.
                    Ok(commit) => (None, Some(commit.to_owned())),
                    Err(why) => {
                        held.push(Held { seq: 0, commit: end.id().to_owned(), why, paths: Vec::new() });
                        (None, None)
                    }
                }
            }
        };
        let mut waiting = Vec::new();
        if let Some(end) = &end {
            for incoming::Arrival { link, held: why } in incoming::since(ctx, place, git, &applied.state, end)?.0 {
                match why {
                    None => waiting.push(link),
                    Some(why) => {
                        let seq = link.numbered().map_or(0, |(seq, _)| seq);
                        held.push(Held { seq, commit: link.commit, why, paths: Vec::new() });
                    }
                }
            }
        }
        Ok(Self { marks, tip, garbled, waiting, held, applied, queued: send::queued(place, git)? })
    }

    /// The right to put it in place, with what is known by then: whoever moved the channel or took something in
    /// meanwhile has put theirs there, and what is older must not come after it. `None` where others keep at it: then
    /// nothing is put there.
    fn settled(&mut self, ctx: &Context, place: &Place, git: &Git<'_>) -> Result<Option<LockGuard>, OpError> {
        let path = place.files(ctx).beacon_waiting_lock();
        for _ in 0..TRIES {
            let guard = lock::exclusive_within(&path, &sync::me(ctx, "status"), PATIENCE)?;
            if marks(place, git)? == self.marks {
                return Ok(guard);
            }
            drop(guard);
            *self = Self::of(ctx, place, git)?;
        }
        Ok(None)
    }

    fn keep(&mut self, ctx: &Context, place: &Place, git: &Git<'_>, reached: Option<bool>) -> Result<Kept, OpError> {
        let (file, ticked) = (place.files(ctx).beacon_waiting(), place.files(ctx).beacon_reached_tick());
        let file = StateFile::at(file);
        let now = ctx.clock.now_ms();
        let usual = place.is_usual();
        // Whoever keeps at it puts in place what is newer; without the right to, this may be older.
        let guard = if usual { self.settled(ctx, place, git)? } else { None };
        let loaded = if usual { file.peek::<Waiting>()? } else { Loaded { value: Waiting::default(), problem: None } };
        let (before, newer) = (loaded.value, matches!(loaded.problem, Some(Problem::Newer { .. })));
        let was_reached = if usual { tick::read(&ticked) } else { 0 };
        let (checked_at, offline_since) = match reached {
            Some(true) => (now, 0),
            Some(false) if before.offline_since == 0 => (was_reached, now),
            _ => (was_reached, before.offline_since),
        };
        let waiting = Waiting { version: 1, offline_since, ..self.waiting() };
        if usual && reached == Some(true) {
            tick::set(&ticked, now)?;
        }
        // Of another channel than the usual one hooks tell nothing.
        if guard.is_some() {
            // A look at which nothing has come writes nothing anew.
            if !newer && waiting != before {
                file.store_cache(&waiting)?;
            }
            notices::settle(ctx, &place.at, &waiting);
            if !self.garbled && (self.tip.is_some() || folders::is_plain(place, layout::SYNC)) {
                show(place, self.tip.as_ref().map(|tip| &tip.manifest))?;
            }
        }
        Ok(Kept { waiting, checked_at: Some(checked_at).filter(|at| *at > 0) })
    }

    fn waiting(&self) -> Waiting {
        let messages = || self.waiting.iter().filter_map(Link::message);
        let paths: BTreeSet<&str> = messages().flat_map(|m| &m.files).map(|f| f.path.as_str()).collect();
        let names: BTreeSet<&str> = messages().map(|m| m.from.name.as_str()).collect();
        let newest = self.waiting.last().and_then(|link| link.manifest.as_ref().ok());
        let oldest = self.queued.iter().filter_map(|q| clock::parse_rfc3339(&q.message.time)).min();
        Waiting {
            messages: self.waiting.len() as u64,
            seq: newest.map_or(0, |m| m.seq),
            file_count: paths.len() as u64,
            files: paths.into_iter().take(FILES).map(|path| plain::cut(path, TEXT)).collect(),
            from: names.into_iter().take(FILES).map(|name| plain::cut(name, TEXT)).collect(),
            note: newest.and_then(|m| m.message.as_ref()).map(|m| plain::cut(&m.note, TEXT)).unwrap_or_default(),
            conflicts: self.applied.state.conflicts.len() as u64,
            queued: self.queued.len() as u64,
            queued_since: oldest.unwrap_or_else(Millis::default),
            held: self.held.len() as u64,
            ..Waiting::default()
        }
    }
}

fn heard(link: &Link) -> Option<Heard> {
    let manifest = link.manifest.as_ref().ok()?;
    let message = manifest.message.as_ref()?;
    let from = if message.from.host.is_empty() {
        message.from.name.clone()
    } else {
        format!("{} on {}", message.from.name, message.from.host)
    };
    Some(Heard { seq: manifest.seq, from, note: message.note.clone(), time: message.time.clone() })
}

/// Whom something was sent to that they have not taken in yet; what is for this side is told otherwise.
fn unread(manifest: &Manifest, me: &Identity) -> Vec<String> {
    let names = manifest.open().map(|(to, _)| to).filter(|to| *to != EVERYBODY && *to != me.name);
    // What others have sent to everybody waits here as well.
    let ours = manifest.waits_for_anybody(&me.id).then_some(EVERYBODY);
    ours.into_iter().chain(names).map(str::to_owned).collect()
}

/// Writes what the end of the usual channel says where people and programs look for it. Nobody else writes that file.
fn show(place: &Place, manifest: Option<&Manifest>) -> Result<(), OpError> {
    let inside = format!("{}/{}", layout::SYNC, layout::SYNC_MANIFEST);
    // What a repository brings may lead elsewhere; a pull tells of it.
    if matches!(survey::look(&place.at.worktree, &inside)?, Here::Not(_)) {
        return Ok(());
    }
    let path = place.at.worktree.join(inside);
    let none = Manifest { version: VERSION, channel: place.identity.channel.clone(), ..Manifest::default() };
    let mut text = serde_json::to_vec_pretty(manifest.unwrap_or(&none))
        .map_err(|e| OpError::refused(format!("{} cannot be written: {e}", path.display())))?;
    text.push(b'\n');
    if read_optional(&path)?.as_deref() != Some(&text) {
        exclude::keep_out_of_git(&path)?;
        atomic::place(&path, &text, 0o644)?;
    }
    Ok(())
}
