//! `craft beacon status`, and what hooks and status lines are left to read.

use std::collections::BTreeSet;

use super::authors::Authors;
use crate::beacon::applied::{Conflict, Held};
use crate::beacon::manifest::{Manifest, VERSION};
use crate::beacon::name::EVERYBODY;
use crate::beacon::path::{Limits, check_all};
use crate::clock::{self, Millis};
use crate::context::Context;
use crate::fs::{atomic, layout, read_optional};
use crate::git::command::Git;
use crate::ops::beacon::bell::{self, Heard as Bell};
use crate::ops::beacon::chain::{self, For, Link, Tip};
use crate::ops::beacon::pull::Heard;
use crate::ops::beacon::send::{self, Queued};
use crate::ops::beacon::survey::{self, Here};
use crate::ops::beacon::{Place, applied, folders, notices, push};
use crate::ops::error::{Kind, OpError};
use crate::ops::exclude;
use crate::plain;
use crate::state::beacon::Waiting;
use crate::state::file::StateFile;

/// Most paths that are kept for hooks.
const FILES: usize = 20;
/// Most characters of a text of others that are kept for them.
const TEXT: usize = 200;

/// How a beacon stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standing {
    /// The end of the channel; `None` where there is no message yet, or the remote was never reached.
    pub tip: Option<Tip>,
    /// What waits here.
    pub waiting: Waiting,
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
    /// Files changed here that were not sent.
    pub changed: Vec<String>,
    /// Files that are gone here.
    pub gone: Vec<String>,
    /// Why the remote could not be asked.
    pub offline: Option<String>,
    /// What came of asking the bell.
    pub bell: Option<Bell>,
}

/// How the beacon stands; `ask` the remote, or only what is known.
///
/// # Errors
/// Where git or a folder cannot be read. A remote that cannot be reached is no error.
pub fn status(ctx: &Context, place: &Place, ask: bool) -> Result<Standing, OpError> {
    let git = place.git(ctx);
    let asked = if ask { chain::fetch(ctx, place, &git, For::Look).map(drop) } else { Ok(()) };
    let known = Known::of(ctx, place, &git)?;
    let offline = match asked {
        Err(error) if error.kind == Kind::Usage => return Err(error),
        // It was reached, and what nobody understands is held.
        Err(error) if error.kind == Kind::Failed && known.garbled => None,
        // A remote that may not be asked, or is set up wrongly, is as far away as one without a network.
        asked => asked.err().map(|error| error.message),
    };
    let waiting = known.keep(ctx, place, ask.then_some(offline.is_none()))?;
    let (changed, gone) = push::changed(ctx, place)?;
    let bell = (ask && place.config.beacon.github.enabled).then(|| match bell::hear(ctx, place) {
        Ok(heard) => heard,
        Err(error) => Some(Bell { remarks: vec![error.message], ..Bell::default() }),
    });
    let unread = known.tip.as_ref().map(|tip| unread(&tip.manifest, &place.identity.name)).unwrap_or_default();
    Ok(Standing {
        tip: known.tip,
        waiting,
        messages: known.waiting.iter().filter_map(heard).collect(),
        held: known.held,
        conflicts: known.conflicts,
        queued: known.queued,
        unread,
        changed,
        gone,
        offline,
        bell: bell.flatten(),
    })
}

/// Works out what waits from what is known here, and keeps it for hooks and status lines. `reached` is whether the
/// remote was just asked with success; `None` where it was not asked. No lock is needed: what is kept is found out anew
/// each time.
///
/// # Errors
/// Where it cannot be read or written.
pub fn keep(ctx: &Context, place: &Place, reached: Option<bool>) -> Result<Waiting, OpError> {
    Known::of(ctx, place, &place.git(ctx))?.keep(ctx, place, reached)
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

/// What is known here without asking anybody.
struct Known {
    tip: Option<Tip>,
    /// Whether the end of the channel is none that can be understood.
    garbled: bool,
    waiting: Vec<Link>,
    held: Vec<Held>,
    conflicts: Vec<Conflict>,
    queued: Vec<Queued>,
}

impl Known {
    fn of(ctx: &Context, place: &Place, git: &Git<'_>) -> Result<Self, OpError> {
        let (tip, end) = match chain::known(place, git) {
            Ok(tip) => (tip.clone(), tip.map(|tip| tip.commit)),
            // A last message that nobody understands must not hide those before it.
            Err(error) => match git.read(["rev-parse", "--verify", "--quiet", &place.seen()]).answer()? {
                Some(end) => (None, Some(end)),
                None => return Err(error),
            },
        };
        let garbled = tip.is_none() && end.is_some();
        let state = applied::read(place, git)?.state;
        let mut held = state.held;
        let mut waiting = Vec::new();
        if let Some(end) = &end {
            let me = place.me(ctx);
            let beacon = &place.config.beacon;
            let limits = Limits { files: beacon.max_files, bytes: beacon.max_mib << 20 };
            let mut authors = Authors::new(place, git);
            for link in chain::since(place, git, state.position.as_deref(), state.seq, end)? {
                let hold = |seq, why| Held { seq, commit: link.commit.clone(), why, paths: Vec::new() };
                let manifest = match &link.manifest {
                    Ok(manifest) => manifest,
                    Err(why) => {
                        held.push(hold(0, why.clone()));
                        continue;
                    }
                };
                let Some(message) = manifest.message.as_ref().filter(|m| m.is_for(&me)) else { continue };
                let verdict = authors.accept(&link.author)?;
                let fits = check_all(&message.files, &beacon.folders, limits).map_err(|bad| bad.to_string());
                match verdict.and(fits) {
                    Ok(()) => waiting.push(link.clone()),
                    Err(why) => held.push(hold(manifest.seq, why)),
                }
            }
        }
        Ok(Self { tip, garbled, waiting, held, conflicts: state.conflicts, queued: send::queued(place, git)? })
    }

    fn keep(&self, ctx: &Context, place: &Place, reached: Option<bool>) -> Result<Waiting, OpError> {
        let file = StateFile::at(place.files(ctx).beacon_waiting());
        let now = ctx.clock.now_ms();
        let usual = place.identity.channel == place.channel.as_str();
        let before = if usual { file.peek::<Waiting>()?.value } else { Waiting::default() };
        let (checked_at, offline_since) = match reached {
            Some(true) => (now, 0),
            Some(false) if before.offline_since == 0 => (before.checked_at, now),
            _ => (before.checked_at, before.offline_since),
        };
        let waiting = Waiting { version: 1, checked_at, offline_since, ..self.waiting() };
        // Of another channel than the usual one hooks tell nothing.
        if usual {
            file.store_cache(&waiting)?;
        }
        if usual {
            notices::settle(ctx, &place.at, &waiting);
        }
        if usual && !self.garbled && (self.tip.is_some() || folders::is_plain(place, layout::SYNC)) {
            show(place, self.tip.as_ref().map(|tip| &tip.manifest))?;
        }
        Ok(waiting)
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
            conflicts: self.conflicts.len() as u64,
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
fn unread(manifest: &Manifest, me: &str) -> Vec<String> {
    let drained = |to: &str, sent: &u64| match to {
        EVERYBODY => manifest.received.values().any(|got| got >= sent),
        name => manifest.is_drained_for(name),
    };
    let waits = manifest.sent.iter().filter(|(to, sent)| *to != me && !drained(to, sent));
    waits.map(|(to, _)| to.clone()).collect()
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
