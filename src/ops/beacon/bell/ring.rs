//! Ringing: the issue is made to say what the end of the channel says.

use super::desk::{Desk, Errand, Trouble, not_granted};
use super::{find, forget, hash, is_recent, once, see, settle};
use crate::beacon::bell::{self, Hash, LABELS, Machine, TITLE};
use crate::beacon::block::{self, Status};
use crate::beacon::manifest::BLOCK;
use crate::context::Context;
use crate::digest::is_object_id;
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::github::{Edit, Issue};
use crate::http::Ureq;
use crate::ops::beacon::Place;
use crate::ops::beacon::chain::{self, Tip};
use crate::ops::beacon::send::Sent;
use crate::ops::error::{Kind, OpError};
use crate::ops::permit::{self, Denied};
use crate::permission::{Operation, Origin, Platform, of};
use crate::scan::redact::holds_credential;
use crate::state::bell::Bells;
use crate::state::file::StateFile;

/// Ends of the channel that one command rings for at most; what comes after them, another one rings for.
const ROUNDS: usize = 8;

/// Makes the issue say what the known end of the channel says; the idle template once all is taken in, and then only if
/// it still tells of that very message. Does nothing where `beacon.github.enabled` is off, and nothing where it was rung
/// for this very end of the channel already. What keeps it from being done is a remark and no error: the message itself
/// is on the remote by then.
///
/// GitHub may not answer for long, so nobody calls this with [`Place::lock`] in hand. Of several that ring, the one at
/// the desk does so for all: it looks for a later end after it has left, and who came meanwhile has moved the end before.
#[must_use]
pub fn ring(ctx: &Context, place: &Place, git: &Git<'_>) -> Vec<String> {
    if !place.config.beacon.github.enabled {
        return Vec::new();
    }
    let web = Ureq::new(&ctx.env);
    let mut remarks = Vec::new();
    for _ in 0..ROUNDS {
        match ring_once(ctx, place, git, &web, &mut remarks) {
            Ok(Some(rung)) if matches!(chain::known(place, git), Ok(Some(now)) if now.commit != rung) => {}
            Ok(_) => break,
            Err(error) => {
                let remedy = error.remedy.map(|r| format!("; {r}")).unwrap_or_default();
                remarks.push(format!("the bell was not rung: {}{remedy}", error.message));
                break;
            }
        }
    }
    remarks
}

/// Rings where somebody rang in vain: for each look. Where GitHub said no, some time later; where it is not granted, not
/// before it is, which whoever rang was told.
#[must_use]
pub fn make_up(ctx: &Context, place: &Place, git: &Git<'_>) -> Vec<String> {
    let granted =
        || permit::check(ctx, Some(&place.at), Platform::Github, Operation::UpsertInternal, Origin::Internal).allowed;
    if !place.config.beacon.github.enabled || !granted() {
        return Vec::new();
    }
    let kept = StateFile::at(place.files(ctx).beacon_bell()).peek::<Bells>().map(|loaded| loaded.value);
    let bell = kept.unwrap_or_default().channels.remove(place.channel.as_str()).unwrap_or_default();
    if bell.owed && !is_recent(ctx, bell.refused_at) { ring(ctx, place, git) } else { Vec::new() }
}

/// Rings where something went out that moved the channel.
#[must_use]
pub fn ring_for(ctx: &Context, place: &Place, sent: &Sent) -> Vec<String> {
    if sent.receipt || !sent.messages.is_empty() { ring(ctx, place, &place.git(ctx)) } else { Vec::new() }
}

/// One turn at the desk; the end that was rung for.
fn ring_once(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    web: &Ureq,
    remarks: &mut Vec<String>,
) -> Result<Option<String>, OpError> {
    let Some(mut desk) = Desk::open(ctx, place, git, web, Errand::Ring)? else {
        remarks.push("another command is ringing the bell, and rings it for this too".to_owned());
        return Ok(None);
    };
    // Not before the desk is open: of two commands the one that comes second may have moved the channel first.
    let Some(tip) = chain::known(place, git)? else { return Ok(None) };
    if desk.bell().rung.as_ref() != Some(&tip.commit) {
        // Kept before, so that it is made up for whatever becomes of this.
        desk.bell().owed = true;
        desk.keep()?;
    }
    let ended = rung(&mut desk, git, &tip, remarks);
    desk.bell().owed = ended.is_err();
    settle(&mut desk, &ended);
    desk.keep()?;
    ended.map_err(|trouble| desk.error(trouble))?;
    Ok(Some(tip.commit))
}

fn rung(desk: &mut Desk<'_>, git: &Git<'_>, tip: &Tip, remarks: &mut Vec<String>) -> Result<(), Trouble> {
    if desk.bell().rung.as_ref() == Some(&tip.commit) {
        return Ok(());
    }
    may_change(desk, &tip.commit)?;
    desk.in_time()?;
    let block = block_of(git, tip);
    // The issue may be where more people look than have the repository.
    if holds_credential(&block) {
        return Err(OpError::new(Kind::Gate, "a note or a name of a file looks like a credential").into());
    }
    let machine = machine_of(desk, tip);
    let known = desk.bell().number;
    // Read just before it is written: there is no compare-and-swap.
    let issue = if known > 0 { Some(desk.look(known, None)?.value) } else { find::seek(desk, remarks)? };
    let issue = match issue {
        Some(issue) => issue,
        None => find::make(desk, &block, &machine, remarks)?,
    };
    put_right(desk, &issue, remarks)?;
    write(desk, &issue, &block, &machine, remarks)?;
    desk.bell().rung = Some(tip.commit.clone());
    Ok(())
}

/// Whether the issue may be changed at all. A denial is in the journal once for each end of the channel, however often
/// it is tried.
fn may_change(desk: &mut Desk<'_>, commit: &str) -> Result<(), Trouble> {
    let (at, trigger) = (&desk.place.at, desk.place.trigger);
    let decision = permit::check(desk.ctx, Some(at), Platform::Github, Operation::UpsertInternal, Origin::Internal);
    if decision.allowed {
        desk.bell().denied = None;
        return Ok(());
    }
    if desk.bell().denied.as_deref() != Some(commit) {
        let item = desk.item();
        permit::note(desk.ctx, &decision, &item, trigger);
        desk.bell().denied = Some(commit.to_owned());
    }
    Err(not_granted(&Denied { decision, strict: false }).into())
}

/// The seed's block as the end of the channel has it.
fn block_of(git: &Git<'_>, tip: &Tip) -> String {
    let kept = git.read(["cat-file", "blob", &format!("{}:{BLOCK}", tip.commit)]).run();
    match kept {
        Ok(finished) => String::from_utf8_lossy(&finished.stdout).into_owned(),
        Err(_) if tip.manifest.is_drained() => block::template(),
        // A commit without one: that something waits is known all the same.
        Err(_) => block::Block { status: Status::UpdateAvailable, ..block::Block::default() }.render(),
    }
}

fn machine_of(desk: &Desk<'_>, tip: &Tip) -> Machine {
    let files = tip.manifest.message.iter().flat_map(|m| &m.files);
    Machine {
        version: bell::VERSION,
        channel: desk.place.channel.to_string(),
        seq: tip.manifest.seq,
        received: tip.manifest.received_in_all(),
        commit: tip.commit.clone(),
        files: files.map(|f| Hash { path: f.path.clone(), sha256: f.sha256.clone() }).collect(),
        ..Machine::default()
    }
}

/// Opens a closed issue again where that is granted; says what else is not as it should be.
pub(super) fn put_right(desk: &mut Desk<'_>, issue: &Issue, remarks: &mut Vec<String>) -> Result<(), Trouble> {
    let item = desk.item();
    if issue.locked {
        once(desk, "locked", format!("{item} is locked; unlock it on GitHub"), remarks);
    } else {
        forget(desk, "locked");
    }
    if issue.state != "closed" {
        forget(desk, "closed");
        return Ok(());
    }
    match desk.leave::<of::Close>() {
        Ok(grant) => {
            let repository = desk.repository_now();
            let opened = desk.client()?.reopen(grant, &repository, issue.number);
            desk.note("close", "opened the beacon's issue again", &opened);
            desk.heard(opened)?;
            remarks.push(format!("{item} was closed, and is open again"));
        }
        Err(error) => {
            let remedy = error.remedy.unwrap_or_default();
            remarks.push(format!("{item} is closed; {remedy}, and it is opened at the next ring"));
        }
    }
    Ok(())
}

/// Writes the text where it is not that already, and labels and title that are missing. What tells of a later state of
/// the channel stays.
fn write(
    desk: &mut Desk<'_>,
    issue: &Issue,
    block: &str,
    machine: &Machine,
    remarks: &mut Vec<String>,
) -> Result<(), Trouble> {
    let item = desk.item();
    let said = bell::parse(issue.text());
    if let Some(there) = said.machine.as_ref().filter(|there| is_newer(desk, there, machine)) {
        remarks.push(format!(
            "{item} tells of message {} and the channel here of {}; it stays (where the channel was made anew, take \
             the line `<!-- craft:beacon … -->` out of it)",
            there.seq, machine.seq
        ));
        see(desk, issue, &said);
        return Ok(());
    }
    let idle = block::Block::parse(block).is_none_or(|b| b.status == Status::Idle);
    if said.edited {
        let waits = said.machine.is_none() && said.block.as_ref().is_some_and(|b| b.status == Status::UpdateAvailable);
        if idle && waits {
            // Somebody rang by hand. Which message that is nobody can tell, so it may not have been taken in.
            let what =
                format!("{item} says by hand that something waits, and not what; it stays until the next message");
            once(desk, &hash(issue.text()), what, remarks);
            see(desk, issue, &said);
            return Ok(());
        }
        if !issue.text().trim().is_empty() {
            once(desk, &hash(issue.text()), format!("{item} was edited by hand, which is overwritten"), remarks);
        }
    }
    let marker = said.machine.map(|m| m.marker).unwrap_or_default();
    let body = bell::body(block, &Machine { marker, ..machine.clone() });
    let labels = issue.labels();
    let missing: Vec<_> = LABELS.into_iter().filter(|l| !labels.contains(l)).collect();
    let edit = Edit {
        title: (issue.title != TITLE).then(|| TITLE.to_owned()),
        body: (!same(issue.text(), &body)).then(|| body.clone()),
        labels: (!missing.is_empty()).then(|| labels.iter().chain(&missing).map(|l| (*l).to_owned()).collect()),
    };
    if edit == Edit::default() {
        see(desk, issue, &bell::parse(&body));
        return Ok(());
    }
    let (grant, repository) = (desk.leave::<of::UpsertInternal>()?, desk.repository_now());
    let written = desk.client()?.edit(grant, &repository, issue.number, &edit);
    let word = if idle { "idle" } else { "something waits" };
    desk.note("upsert-internal", &format!("rang the bell: message {}, {word}", machine.seq), &written);
    let now = desk.heard(written)?;
    if !same(now.text(), &body) {
        remarks.push(format!("{item}: GitHub keeps another text than it was sent; somebody may be editing it"));
    }
    see(desk, &now, &bell::parse(now.text()));
    Ok(())
}

/// Whether what the issue says tells of a later state of the channel. Where its commit is here the chain says so; numbers
/// may be made up.
fn is_newer(desk: &Desk<'_>, there: &Machine, here: &Machine) -> bool {
    let git = desk.place.git(desk.ctx);
    let reads = Reads::open(&desk.place.at, &git);
    let is_before = || is_object_id(&there.commit) && reads.is_ancestor(&there.commit, &here.commit).unwrap_or(false);
    there.is_newer_than(here) && !is_before()
}

/// GitHub's form has its own line ends.
fn same(one: &str, two: &str) -> bool {
    one.lines().map(str::trim_end).eq(two.lines().map(str::trim_end))
}
