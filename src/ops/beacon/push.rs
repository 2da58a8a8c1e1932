//! `craft beacon push`: from files to a message.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::Outcome;
use crate::beacon::applied::{Applied, Version};
use crate::beacon::fold;
use crate::beacon::manifest::File;
use crate::beacon::name::{EVERYBODY, Name};
use crate::beacon::path::{self, Limits};
use crate::context::Context;
use crate::digest;
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::ops::beacon::chain::{self, Tip};
use crate::ops::beacon::fetch::{self, For};
use crate::ops::beacon::guard::{self, Gate};
use crate::ops::beacon::hints::Hints;
use crate::ops::beacon::send::{self, Draft, Sent};
use crate::ops::beacon::survey::{self, Here, Survey};
use crate::ops::beacon::{Place, applied, bell, folders, heard, lost, make, queue, remote, status, unattended, watch};
use crate::ops::error::{Kind, OpError};
use crate::permission::{Operation, of};
use crate::plain;
use crate::sync::tell::counted;

/// Longest list of names in a note that nobody wrote, in characters.
const LISTED: usize = 200;
/// Files that a remark names.
const NAMED: usize = 3;

/// What to send.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ask {
    /// Paths from the top of the repository; empty for all that was changed in the folders since it was last taken in or
    /// sent. One that is gone here is offered to be taken away.
    pub files: Vec<String>,
    /// Whom for; empty for [`Place::recipients`].
    pub to: Vec<String>,
    /// What is said of it; empty for a list of the files.
    pub note: String,
    /// What the receiver shall do; empty for the seed's words.
    pub action: String,
    /// Nobody asked for these files: what has a conflict or does not pass the gate is left out, and the others are sent.
    pub unasked: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pushed {
    /// Paths in the message; empty where nothing was changed.
    pub files: Vec<String>,
    /// Of these, those offered to be taken away.
    pub deleted: Vec<String>,
    /// Files that are gone here and were not named, so nothing is said of them.
    pub gone: Vec<String>,
    /// Whom it is for.
    pub to: Vec<String>,
    /// What went out, which may be more than this message.
    pub sent: Sent,
    /// Remarks for people: what came of the bell, and of warnings of the scan.
    pub remarks: Vec<String>,
}

/// Sends files. Where the remote cannot be reached the message waits here.
///
/// # Errors
/// A path that may not be sent, a credential in a file, an unsettled conflict in one, a message of the other side that
/// touches the same file and was not taken in yet, a permission. Nothing was queued then.
pub fn push(ctx: &Context, place: &Place, ask: &Ask) -> Result<Pushed, OpError> {
    let mut pushed = pushed(ctx, place, ask);
    match &pushed {
        Ok(pushed) => {
            let (outcome, words) = told(pushed);
            place.note(ctx, "push", outcome, &words);
        }
        // What the permission gate denied is in the journal already; a credential is not.
        Err(error) if error.kind == Kind::Gate && !unattended::allowed(ctx, place, Operation::Push) => {}
        Err(error) => place.note(ctx, "push", Outcome::Error, &error.message),
    }
    if let Ok(pushed) = &mut pushed {
        pushed.remarks.extend(bell::ring_for(ctx, place, &pushed.sent));
    }
    pushed
}

/// All of it but the journal and the bell.
fn pushed(ctx: &Context, place: &Place, ask: &Ask) -> Result<Pushed, OpError> {
    let hints = Hints::of(ctx, place);
    let to = recipients(ctx, place, ask, &hints)?;
    let git = place.git(ctx);
    remote::of(place, &git)?;
    // Asked for now, so that nothing is queued where nothing may be sent.
    drop(place.leave::<of::Push>(ctx)?);
    let mut pushed = Pushed { to, ..Pushed::default() };
    let lost = once(ctx, place, &git, ask, &hints, &mut pushed)?;
    pushed.remarks.extend(lost::told(&lost));
    if !lost.is_empty() && ask.files.is_empty() && pushed.sent.waits.is_none() {
        // These count as changed, so they are among what is to be sent.
        let mut again = Pushed { to: pushed.to.clone(), ..Pushed::default() };
        match once(ctx, place, &git, ask, &hints, &mut again) {
            Ok(_) => pushed.add(again),
            // The rest is out.
            Err(error) => pushed.remarks.push(watch::sentence(error)),
        }
    }
    after(ctx, place, &mut pushed);
    Ok(pushed)
}

impl Pushed {
    fn add(&mut self, again: Self) {
        self.files.extend(again.files);
        self.deleted.extend(again.deleted);
        self.gone = again.gone;
        self.sent.messages.extend(again.sent.messages);
        self.sent.receipt |= again.sent.receipt;
        self.sent.tries += again.sent.tries;
        self.sent.waits = again.sent.waits;
        let said: BTreeSet<_> = self.remarks.iter().cloned().collect();
        self.remarks.extend(again.remarks.into_iter().filter(|remark| !said.contains(remark)));
    }
}

/// Queues what is to be sent, and sends what is queued; the numbers of messages that went from the channel.
fn once(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    ask: &Ask,
    hints: &Hints,
    pushed: &mut Pushed,
) -> Result<Vec<u64>, OpError> {
    let new = enqueue(ctx, place, git, ask, hints, pushed)?;
    if new.is_none() && queue::items(place, git)?.is_empty() {
        return went(ctx, place, git);
    }
    let drained = send::drain_with(ctx, place, git, new.as_deref(), None)?;
    if new.is_some() {
        let before = match drained.end {
            Some(end) => end,
            None => chain::known(place, git).ok().flatten(),
        };
        // It is sent, or waits, whether or not that can be read.
        pushed.remarks.extend(heard::unheard(place, git, before.as_ref(), &pushed.to).ok().flatten());
    }
    pushed.sent = drained.sent;
    Ok(drained.lost)
}

/// Queues what is to be sent, before the remote is asked: whatever becomes of that, it is kept. The id of the message;
/// `None` where nothing was changed.
fn enqueue(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    ask: &Ask,
    hints: &Hints,
    pushed: &mut Pushed,
) -> Result<Option<String>, OpError> {
    let _lock = place.lock(ctx)?;
    let load = load(place, git, ask, hints, pushed)?;
    if load.is_empty() {
        return Ok(None);
    }
    pushed.files = load.iter().map(|(f, _)| f.path.clone()).collect();
    pushed.deleted = load.iter().filter(|(f, _)| f.deleted).map(|(f, _)| f.path.clone()).collect();
    let note = if ask.note.trim().is_empty() { listed(&load) } else { ask.note.clone() };
    let bytes = load.iter().filter_map(|(f, object)| Some((f.path.clone(), object.clone()?)));
    let words = vec![format!("{note}\n{}", ask.action)];
    pushed.remarks.extend(guard::pass(ctx, place, git, &guard::Load { files: bytes.collect(), words })?);
    let draft = Draft { to: pushed.to.clone(), note, action: ask.action.clone(), files: load };
    Ok(Some(send::enqueue(ctx, place, git, draft)?.message.id))
}

/// What went from the channel, where there is nothing to send and the remote was not asked. It is where something of this
/// side waits to be taken in.
fn went(ctx: &Context, place: &Place, git: &Git<'_>) -> Result<Vec<u64>, OpError> {
    let before = lost::Before::asking(place, git)?;
    let Some(sent) = applied::read(place, git)?.state.sent else { return Ok(Vec::new()) };
    let arrived = |tip: &Tip| {
        tip.manifest.is_drained() && Reads::open(&place.at, git).is_ancestor(&sent, &tip.commit).unwrap_or(false)
    };
    if chain::known(place, git).ok().flatten().is_none_or(|tip| arrived(&tip)) {
        return Ok(Vec::new());
    }
    let Ok(tip) = fetch::fetch(ctx, place, git, For::Push) else { return Ok(Vec::new()) };
    let _lock = place.lock(ctx)?;
    let end = tip.as_ref().map(|tip| tip.commit.as_str());
    lost::settle(ctx, place, git, &before, &mut applied::read(place, git)?, end)
}

/// What follows a push, and is no part of it: whatever becomes of it, the message is where it is.
fn after(ctx: &Context, place: &Place, pushed: &mut Pushed) {
    let reached = pushed.sent.waits.as_ref().is_none_or(|e| e.kind != Kind::Network);
    // Who waits for another command that sends has asked nobody.
    let asked = match &pushed.sent.waits {
        Some(error) => error.kind != Kind::Busy || pushed.sent.tries > 0,
        None => !pushed.sent.messages.is_empty(),
    };
    if let Err(error) = status::keep(ctx, place, asked.then_some(reached)) {
        pushed.remarks.push(format!("what waits could not be noted: {}", error.message));
    }
}

fn told(pushed: &Pushed) -> (Outcome, String) {
    let files = counted(pushed.files.len(), "file");
    let to = pushed.to.join(", ");
    let numbers: Vec<_> = pushed.sent.messages.iter().map(|(n, _)| format!("message {n}")).collect();
    match &pushed.sent.waits {
        Some(why) if numbers.is_empty() => (Outcome::Skipped, format!("{files} for {to} wait: {}", why.message)),
        Some(why) => (Outcome::Skipped, format!("sent {}; the rest waits: {}", numbers.join(", "), why.message)),
        None if numbers.is_empty() => (Outcome::Skipped, "nothing was changed".to_owned()),
        None => (Outcome::Success, format!("sent {} with {files} for {to}", numbers.join(", "))),
    }
}

fn recipients(ctx: &Context, place: &Place, ask: &Ask, hints: &Hints) -> Result<Vec<String>, OpError> {
    let mut to = if ask.to.is_empty() { place.recipients() } else { ask.to.clone() };
    to.dedup();
    if to.is_empty() {
        let error = OpError::usage(format!("nobody has said whom the messages of {} are for", place.identity.name));
        let init = hints.craft("beacon init --to NAME");
        let git = place.git(ctx);
        let others = chain::known(place, &git).ok().flatten().map(|tip| heard::others(place, &git, &tip));
        let known = match others.and_then(Result::ok).as_deref() {
            None | Some([]) => String::new(),
            Some(known) => format!(" (known: {})", heard::listed(known.iter())),
        };
        return Err(error.remedy(format!("name somebody with --to{known}, or for good with `{init}`")));
    }
    if let Some((bad, why)) = to.iter().filter(|n| *n != EVERYBODY).find_map(|n| Some((n, Name::parse(n).err()?))) {
        return Err(OpError::usage(format!("{} is no name of an environment: {why}", plain::name(bad))));
    }
    Ok(to)
}

/// Reads what is to be sent, and puts its bytes into the repository's objects.
fn load(
    place: &Place,
    git: &Git<'_>,
    ask: &Ask,
    hints: &Hints,
    pushed: &mut Pushed,
) -> Result<Vec<(File, Option<String>)>, OpError> {
    let beacon = &place.config.beacon;
    let applied = applied::read(place, git)?;
    let known = queue::over(place, git, &applied.files, &queue::items(place, git)?)?;
    let names = if ask.files.is_empty() {
        let mut found = survey::survey(place, git, &known)?;
        if ask.unasked {
            pushed.remarks.extend(set_aside(place, git, &mut found, &applied, &known)?);
        }
        pushed.remarks.extend(left_out(&found));
        pushed.gone = found.gone;
        found.changed
    } else {
        asked(place, git, &known, &ask.files)?
    };
    let most = beacon.max_mib.saturating_mul(1 << 20);
    let gate = Gate::new(place, git)?;
    let (mut files, mut contents) = (Vec::new(), Vec::new());
    let mut total = 0_u64;
    for name in names {
        path::check(&name, &beacon.folders).map_err(|bad| OpError {
            remedy: folders::allow(place, &name, &bad),
            ..OpError::refused(format!("{bad}, so it is not sent"))
        })?;
        // As the receiver looks at it: on some file systems cases are all the same.
        if fold::is_theirs(&name) {
            return Err(OpError::refused(format!("{name} is the copy of the other side's, and is not sent"))
                .remedy(format!("`{}` shows what is to be settled", hints.verb("diff"))));
        }
        if applied.state.conflicts.iter().any(|c| c.path == name) {
            return Err(unsettled(hints, &name));
        }
        let base = known.get(&name).map(|v| v.blob.clone());
        match survey::look(&place.at.worktree, &name)? {
            Here::Not(why) => return Err(OpError::refused(format!("{name} {why}, so it is not sent"))),
            Here::Nothing if base.is_none() => {
                let why = format!("there is no {name}, and the other side has none either");
                return Err(OpError::refused(why).remedy(format!("`{}` lists what was changed", hints.verb("status"))));
            }
            Here::Nothing => {
                files.push(File { path: name, base, deleted: true, ..File::default() });
                contents.push(None);
            }
            Here::File(..) => {
                let (bytes, mode) = survey::bytes(&place.at.worktree, &name, most)?;
                total = total.saturating_add(bytes.len() as u64);
                if total > most {
                    let error =
                        format!("{name} makes the message larger than beacon.maxMib allows ({} MiB)", beacon.max_mib);
                    return Err(OpError::refused(error).remedy("send fewer files at once"));
                }
                gate.pass(&name, &bytes, base.as_deref())?;
                let sha256 = digest::sha256(&bytes);
                let size = bytes.len() as u64;
                files.push(File { path: name, mode: mode.to_owned(), size, sha256, base, ..File::default() });
                contents.push(Some(bytes));
            }
        }
        if files.len() as u64 > beacon.max_files {
            let error = format!("there are more files than beacon.maxFiles allows ({})", beacon.max_files);
            return Err(OpError::refused(error).remedy(format!("name some of them: `{}`", hints.verb("push FILES…"))));
        }
    }
    path::check_all(&files, &beacon.folders, Limits { files: beacon.max_files, bytes: most })
        .map_err(|bad| OpError::refused(format!("{bad}, so nothing was sent")))?;
    // The names are looked at before the bytes of a file that says it holds secrets get into the objects.
    guard::names(files.iter().map(|f| f.path.as_str()))?;
    let wanted: Vec<&[u8]> = contents.iter().flatten().map(Vec::as_slice).collect();
    let mut ids = make::blobs(git, &wanted)?.into_iter();
    let objects = contents.iter().map(|bytes| bytes.as_ref().and_then(|_| ids.next()));
    Ok(files.into_iter().zip(objects.collect::<Vec<_>>()).collect())
}

/// That a file in which both sides changed the same is not sent before somebody has settled that.
pub(super) fn unsettled(hints: &Hints, path: &str) -> OpError {
    let error = format!("{} has a conflict that nobody has settled", plain::name(path));
    OpError::new(Kind::Conflict, error)
        .remedy(format!("`{}` settles it, or --theirs, or --merged", hints.resolve(path)))
}

/// The files that a command names; a folder stands for what was changed in it.
fn asked(
    place: &Place,
    git: &Git<'_>,
    known: &BTreeMap<String, Version>,
    names: &[String],
) -> Result<Vec<String>, OpError> {
    let mut all = BTreeSet::new();
    let mut changed = None;
    for name in names {
        let name = name.trim_start_matches("./").trim_end_matches('/');
        let ours = |folder: &String| {
            let folder = folder.trim_end_matches('/');
            name == folder || path::is_below(name, folder) || path::is_below(folder, name)
        };
        if place.config.beacon.folders.iter().any(ours)
            && survey::look(&place.at.worktree, name)? == Here::Not("is a folder")
        {
            if changed.is_none() {
                changed = Some(survey::survey(place, git, known)?.changed);
            }
            all.extend(changed.iter().flatten().filter(|file| path::is_below(file, name)).cloned());
        } else {
            all.insert(name.to_owned());
        }
    }
    Ok(all.into_iter().collect())
}

/// What a message is about where its sender does not say.
fn listed(files: &[(File, Option<String>)]) -> String {
    let name = |(f, _): &(File, Option<String>)| f.path.rsplit('/').next().unwrap_or_default().to_owned();
    plain::cut(&files.iter().map(name).collect::<Vec<_>>().join(", "), LISTED)
}

fn left_out(found: &Survey) -> Option<String> {
    let shown: Vec<_> =
        found.left.iter().take(NAMED).map(|(name, why)| format!("{} {why}", plain::name(name))).collect();
    let more = match found.left.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    (!shown.is_empty()).then(|| format!("left out: {}{more}", shown.join("; ")))
}

/// Leaves out what has a conflict or does not pass the gate: one file that waits for a person must not keep all others
/// here. What does not pass, as sentences: nothing else tells of it.
fn set_aside(
    place: &Place,
    git: &Git<'_>,
    found: &mut Survey,
    applied: &Applied,
    known: &BTreeMap<String, Version>,
) -> Result<Vec<String>, OpError> {
    let clash = |path: &String| applied.state.conflicts.iter().any(|c| c.path == *path);
    let why = "has a conflict that nobody has settled";
    found.left.extend(found.changed.extract_if(.., |path| clash(path)).map(|path| (path, why.to_owned())));
    let gate = Gate::new(place, git)?;
    let most = place.config.beacon.max_mib.saturating_mul(1 << 20);
    let mut stopped = Vec::new();
    found.changed.retain(|path| {
        // What cannot be read is told by whoever reads it to send it.
        let Ok((bytes, _)) = survey::bytes(&place.at.worktree, path, most) else { return true };
        let passed = gate.pass(path, &bytes, known.get(path).map(|v| v.blob.as_str()));
        passed.map_err(|error| stopped.push(watch::sentence(error))).is_ok()
    });
    let more = stopped.len().saturating_sub(NAMED);
    stopped.truncate(NAMED);
    stopped.extend((more > 0).then(|| format!("{} more are not sent for such a reason", counted(more, "file"))));
    Ok(stopped)
}

/// The paths that were changed in the folders since they were last taken in or sent. And those that are gone.
///
/// # Errors
/// Where git or a folder cannot be read.
pub fn changed(ctx: &Context, place: &Place) -> Result<(Vec<String>, Vec<String>), OpError> {
    let git = place.git(ctx);
    let found = compared(place, &git, &applied::read(place, &git)?)?;
    Ok((found.changed, found.gone))
}

/// The paths that [`push`] would send unasked. And which it leaves out for what is in them, as sentences.
///
/// # Errors
/// As [`changed`].
pub fn sendable(ctx: &Context, place: &Place) -> Result<(Vec<String>, Vec<String>), OpError> {
    let git = place.git(ctx);
    let applied = applied::read(place, &git)?;
    let known = queue::over(place, &git, &applied.files, &queue::items(place, &git)?)?;
    let mut found = survey::survey(place, &git, &known)?;
    let stopped = set_aside(place, &git, &mut found, &applied, &known)?;
    Ok((found.changed, stopped))
}

/// What lies in the folders against what both sides are known to have, messages that wait to go out among it.
///
/// # Errors
/// As [`changed`].
pub(super) fn compared(place: &Place, git: &Git<'_>, applied: &Applied) -> Result<Survey, OpError> {
    let known = queue::over(place, git, &applied.files, &queue::items(place, git)?)?;
    survey::survey(place, git, &known)
}
