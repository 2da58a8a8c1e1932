//! Messages that wait to go out: a chain of commits under [`Place::queue`], so that nothing of them is collected, and
//! what was queued is still there after a power cut. Each has its message without a number, and its files.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde_json::Value;

use crate::beacon::applied::Version;
use crate::beacon::manifest::{FILE, FILES, File, LONGEST, Manifest, Message, NOTE, VERSION};
use crate::beacon::path::folded;
use crate::beacon::{name, outlook};
use crate::clock;
use crate::context::Context;
use crate::digest;
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::ops::beacon::make::{self, By, FOLDER};
use crate::ops::beacon::send::{Draft, Queued};
use crate::ops::beacon::{Place, chain};
use crate::ops::engine::fail_point;
use crate::ops::error::OpError;
use crate::plain;

/// Key of a queued manifest: the end of the channel as it was known then. What went out lies behind it.
const AFTER: &str = "after";

/// What the channel adds to a manifest, its tables of numbers, has this much room in bytes. One that is too long would
/// be the end of the queue, and of the channel: nobody reads it.
const ROOM: u64 = 1 << 20;

/// Puts a message at the end of the queue. Durable when it returns.
pub(super) fn add(ctx: &Context, place: &Place, git: &Git<'_>, draft: Draft) -> Result<Queued, OpError> {
    let reads = Reads::open(&place.at, git);
    let end = reads.resolve(&place.queue())?;
    let after = chain::seen(place, git)?.and_then(|end| end.commit().ok().map(str::to_owned));
    let now = ctx.clock.now_ms();
    let (files, objects): (Vec<_>, Vec<_>) = draft.files.into_iter().unzip();
    let said = if draft.action.is_empty() { outlook::action(&draft.to) } else { draft.action.as_str() };
    let mut message = Message {
        from: place.me(ctx),
        direction: name::direction(&place.identity.name, &draft.to),
        time: clock::rfc3339(now),
        note: plain::cut(&draft.note, NOTE),
        action: plain::cut(said, NOTE),
        to: draft.to,
        files,
        ..Message::default()
    };
    message.id = id(ctx, &message, now, [&end, &after]);
    let sent = message.files.iter().zip(objects);
    let versions: BTreeMap<_, _> =
        sent.filter_map(|(f, blob)| Some((f.path.clone(), Version { blob: blob?, mode: f.mode.clone() }))).collect();
    let tree = tree(place, git, &message, after, versions)?;
    let commit = make::commit(git, &tree, end.as_deref(), &subject(&message), By::Us)?;
    fail_point(ctx, "beacon-queueing");
    make::move_ref(git, &place.queue(), end.as_deref(), Some(&commit))?;
    fail_point(ctx, "beacon-queued");
    Ok(Queued { commit, message })
}

/// The tree of a queued message: its manifest, and its files.
fn tree(
    place: &Place,
    git: &Git<'_>,
    message: &Message,
    after: Option<String>,
    versions: BTreeMap<String, Version>,
) -> Result<String, OpError> {
    let other = after.map(|after| (AFTER.to_owned(), Value::String(after))).into_iter().collect();
    let channel = place.channel.to_string();
    let manifest = Manifest { version: VERSION, channel, message: Some(message.clone()), other, ..Manifest::default() };
    let text = serde_json::to_vec_pretty(&manifest).map_err(|e| OpError::refused(e.to_string()))?;
    if text.len() as u64 > LONGEST - ROOM {
        let error = format!("the list of {} files is longer than a message can hold", message.files.len());
        return Err(OpError::refused(error).remedy("send fewer files at once, by naming them"));
    }
    let blob = make::blobs(git, &[&text])?.remove(0);
    let mut all: BTreeMap<_, _> = versions.into_iter().map(|(path, v)| (format!("{FILES}/{path}"), v)).collect();
    all.insert(FILE.to_owned(), Version { blob, mode: "100644".to_owned() });
    make::tree(git, &all)
}

/// Takes a path out of every message of the queue, and messages of nothing else altogether; whether there were any.
/// The caller holds [`Place::lock`].
pub(super) fn without(place: &Place, git: &Git<'_>, path: &str) -> Result<bool, OpError> {
    let items = items(place, git)?;
    let end = items.last().map(|item| item.queued.commit.clone());
    let path = folded(path);
    let is = |file: &File| folded(&file.path) == path;
    if !items.iter().any(|item| item.queued.message.files.iter().any(is)) {
        return Ok(false);
    }
    let mut left = Vec::new();
    for mut item in items {
        let files = &mut item.queued.message.files;
        let before = files.len();
        files.retain(|file| !is(file));
        if !files.is_empty() {
            let changed = files.len() < before;
            left.push((item, changed));
        }
    }
    put(place, git, end.as_deref(), left)?;
    Ok(true)
}

/// Drops messages, which nobody is going to have; those that were. What was queued behind one and edited from what it
/// brings is from then on said to be edited from what that was edited from: nobody would know it otherwise, and a removal
/// would look as if the other side had gone on meanwhile. The caller holds [`Place::lock`].
pub(super) fn forget(place: &Place, git: &Git<'_>, which: impl Fn(&Message) -> bool) -> Result<Vec<Item>, OpError> {
    without_versions(place, git, Dropped::new(), which)
}

/// As [`forget`], where what was dropped is none of the queue: it went from the channel.
pub(super) fn rebase(place: &Place, git: &Git<'_>, dropped: Dropped) -> Result<(), OpError> {
    without_versions(place, git, dropped, |_| false).map(drop)
}

/// By path, what the last message about it brings, where that is dropped, and what it was edited from.
pub(super) type Dropped = BTreeMap<String, [Option<String>; 2]>;

fn without_versions(
    place: &Place,
    git: &Git<'_>,
    mut dropped: Dropped,
    which: impl Fn(&Message) -> bool,
) -> Result<Vec<Item>, OpError> {
    let items = items(place, git)?;
    let end = items.last().map(|item| item.queued.commit.clone());
    let (mut left, mut gone, mut changes) = (Vec::new(), Vec::new(), false);
    for mut item in items {
        let drops = which(&item.queued.message);
        let versions = sent(place, git, &item)?;
        let mut changed = false;
        for file in &mut item.queued.message.files {
            if let Some([brought, base]) = dropped.remove(&file.path)
                && brought == file.base
            {
                changed = true;
                file.base = base;
            }
            if drops {
                let brings = versions.get(&file.path).map(|v| v.blob.clone());
                dropped.insert(file.path.clone(), [brings, file.base.clone()]);
            }
        }
        changes |= changed || drops;
        if drops {
            gone.push(item);
            continue;
        }
        // What nobody ever had need not be taken away.
        item.queued.message.files.retain(|file| !file.deleted || file.base.is_some());
        if !item.queued.message.files.is_empty() {
            left.push((item, changed));
        }
    }
    if changes {
        put(place, git, end.as_deref(), left)?;
    }
    Ok(gone)
}

/// Puts these messages in the place of the queue, which ends with `end`; each with whether it is another one than it was.
fn put(place: &Place, git: &Git<'_>, end: Option<&str>, items: Vec<(Item, bool)>) -> Result<Vec<Item>, OpError> {
    let (mut last, mut queue): (Option<String>, _) = (None, Vec::new());
    for (mut item, changed) in items {
        let message = &item.queued.message;
        let tree = if changed {
            self::tree(place, git, message, item.after.clone(), sent(place, git, &item)?)?
        } else {
            Reads::open(&place.at, git).tree_of(&item.queued.commit)?
        };
        item.queued.commit = make::commit(git, &tree, last.as_deref(), &subject(message), By::Us)?;
        last = Some(item.queued.commit.clone());
        queue.push(item);
    }
    make::move_ref(git, &place.queue(), end, last.as_deref())?;
    Ok(queue)
}

/// By chance, and where chance is the same (a test's dice) by what it says: two messages with one id would be one.
fn id(ctx: &Context, message: &Message, now: u64, ends: [&Option<String>; 2]) -> String {
    let mut dice = ctx.dice();
    digest::short(format!("{} {} {now} {ends:?} {message:?}", dice.token(), dice.token()).as_bytes())
}

/// A message of the queue, and what sending it needs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) queued: Queued,
    /// The tree of its files; `None` where it only takes away.
    pub(super) files: Option<String>,
    /// See [`AFTER`].
    pub(super) after: Option<String>,
}

/// The queue, the oldest first.
pub(super) fn items(place: &Place, git: &Git<'_>) -> Result<Vec<Item>, OpError> {
    let Some(end) = Reads::open(&place.at, git).resolve(&place.queue())? else { return Ok(Vec::new()) };
    let mut links = Vec::new();
    chain::back(place, git, &end, |link| {
        links.push(link);
        ControlFlow::Continue(())
    })?;
    links.reverse();
    let reads = Reads::open(&place.at, git);
    let item = |link: chain::Link| {
        let commit = link.commit;
        let files = reads.entries(&commit, &[FILES])?.pop().map(|entry| entry.id);
        let manifest = link.manifest.and_then(|m| if m.message.is_some() { Ok(m) } else { Err("no message".into()) });
        match manifest {
            Ok(Manifest { message: Some(message), mut other, .. }) => {
                let after = other.remove(AFTER).and_then(|v| v.as_str().map(str::to_owned));
                Ok(Item { queued: Queued { commit, message }, files, after })
            }
            Ok(_) => Err(OpError::refused("a message that is none")),
            Err(why) => {
                let queue = place.queue();
                let way = format!(
                    "`git branch rescued-queue {queue}` keeps what there is of it, and after `git update-ref -d {queue}` \
                     the next `craft beacon push` sends your files again"
                );
                Err(OpError::refused(format!("{queue} is damaged at {commit}: {why}")).remedy(way))
            }
        }
    };
    links.into_iter().map(item).collect()
}

/// Takes messages out of the queue, which is `items`; what is left of it, and what was taken out.
pub(super) fn take(
    place: &Place,
    git: &Git<'_>,
    items: Vec<Item>,
    which: impl Fn(&Message) -> bool,
) -> Result<(Vec<Item>, Vec<Item>), OpError> {
    let end = items.last().map(|item| item.queued.commit.clone());
    let (gone, kept): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| which(&item.queued.message));
    if gone.is_empty() {
        return Ok((kept, gone));
    }
    let kept = kept.into_iter().map(|item| (item, false)).collect();
    Ok((put(place, git, end.as_deref(), kept)?, gone))
}

fn subject(message: &Message) -> String {
    format!("beacon: waits: {}", message.id)
}

/// What the other side is going to have of each path once the queue is sent: `known`, with what waits put over it.
pub(super) fn over(
    place: &Place,
    git: &Git<'_>,
    known: &BTreeMap<String, Version>,
    queue: &[Item],
) -> Result<BTreeMap<String, Version>, OpError> {
    let mut versions = known.clone();
    for item in queue {
        for file in item.queued.message.files.iter().filter(|f| f.deleted) {
            versions.remove(&file.path);
        }
        versions.extend(sent(place, git, item)?);
    }
    Ok(versions)
}

/// The files of a message as they are in it.
pub(super) fn sent(place: &Place, git: &Git<'_>, item: &Item) -> Result<BTreeMap<String, Version>, OpError> {
    let Some(tree) = &item.files else { return Ok(BTreeMap::new()) };
    let paths: Vec<_> = item.queued.message.files.iter().filter(|f| !f.deleted).map(|f| f.path.as_str()).collect();
    let files = Reads::open(&place.at, git).entries(tree, &paths)?.into_iter();
    Ok(files.filter_map(|f| Some((f.path.to_str()?.to_owned(), Version { blob: f.id, mode: f.mode }))).collect())
}

/// The entry of a message's files in the tree of a commit.
pub(super) fn entry(item: &Item) -> Option<make::Entry<'_>> {
    item.files.as_deref().map(|tree| (FOLDER, tree, FILES))
}
