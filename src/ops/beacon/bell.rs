//! The bell: an issue on GitHub that says that something waits. It has no compare-and-swap, so nothing depends on it:
//! first the channel is moved, then the bell is rung, and who hears an old one still finds the end of the channel.

mod desk;
mod find;

use sha2::{Digest, Sha256};

use self::desk::{Desk, Errand, Trouble, not_granted};
use crate::beacon::bell::{self, Hash, LABELS, Machine, Said, TITLE};
use crate::beacon::block::{self, Status};
use crate::beacon::manifest::BLOCK;
use crate::clock::Millis;
use crate::context::Context;
use crate::git::command::Git;
use crate::github::{Edit, GithubError, Issue};
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

/// After it was looked for in vain, or GitHub said no, it is not looked for again so soon.
const LOOK_AGAIN: Millis = 15 * 60_000;
/// Ends of the channel that one command rings for at most; what comes after them, another one rings for.
const ROUNDS: usize = 8;

/// What the bell said, and what came of ringing it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Number of the issue; 0 where there is none.
    pub number: u64,
    /// Its address, for people.
    pub url: String,
    /// The number of the last message that it tells of; `None` where it says nothing that can be understood.
    pub seq: Option<u64>,
    /// Whether it has changed since it was last asked.
    pub changed: bool,
    /// What is not as it should be, and what was done about it.
    pub remarks: Vec<String>,
}

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

/// Keeps when GitHub said no for a reason that stays until somebody does something about it.
fn settle<T>(desk: &mut Desk<'_>, ended: &Result<T, Trouble>) {
    use GithubError::{Forbidden, Gone, Moved, NotFound, Unauthorized};
    match ended {
        Err(Trouble::Github(Unauthorized(_) | Forbidden(_) | NotFound | Gone | Moved(_))) => {
            desk.bell().refused_at = desk.ctx.clock.now_ms();
        }
        // No token: to look for one again starts two programs.
        Err(Trouble::Here(error)) if error.kind == Kind::Failed => {
            desk.bell().refused_at = desk.ctx.clock.now_ms();
        }
        Err(_) => {}
        Ok(_) => desk.bell().refused_at = 0,
    }
}

/// Whether something was so lately that it is not tried again unless somebody asks for it.
fn is_recent(ctx: &Context, at: Millis) -> bool {
    at > 0 && ctx.clock.now_ms().abs_diff(at) < LOOK_AGAIN
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

/// Whether the issue may be looked at. A denial is in the journal once, however often somebody looks.
fn may_look(desk: &mut Desk<'_>) -> Result<(), Trouble> {
    let at = &desk.place.at;
    let decision = permit::check(desk.ctx, Some(at), Platform::Github, Operation::Read, Origin::Internal);
    if decision.allowed {
        desk.bell().unheard = false;
        return Ok(());
    }
    if !std::mem::replace(&mut desk.bell().unheard, true) {
        let item = desk.item();
        permit::note(desk.ctx, &decision, &item, desk.place.trigger);
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
        received: tip.manifest.received.values().fold(0, |sum: u64, seq| sum.saturating_add(*seq)),
        commit: tip.commit.clone(),
        files: files.map(|f| Hash { path: f.path.clone(), sha256: f.sha256.clone() }).collect(),
        ..Machine::default()
    }
}

/// Opens a closed issue again where that is granted; says what else is not as it should be.
fn put_right(desk: &mut Desk<'_>, issue: &Issue, remarks: &mut Vec<String>) -> Result<(), Trouble> {
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
    if let Some(there) = said.machine.as_ref().filter(|there| there.is_newer_than(machine)) {
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

/// Keeps what was last seen of the issue. Its version is another one now.
fn see(desk: &mut Desk<'_>, issue: &Issue, said: &Said) {
    let known = desk.bell();
    known.url.clone_from(&issue.html_url);
    known.seen = Some(hash(issue.text()));
    known.seq = said.machine.as_ref().map(|m| m.seq);
    known.etag = None;
}

/// Says something unless it was said already.
fn once(desk: &mut Desk<'_>, key: &str, remark: String, remarks: &mut Vec<String>) {
    let told = &mut desk.bell().told;
    if !told.iter().any(|k| k == key) {
        // A handful is enough: what is older is not seen again.
        told.truncate(7);
        told.insert(0, key.to_owned());
        remarks.push(remark);
    }
}

/// It is as it should be again, so that the next time is worth a word.
fn forget(desk: &mut Desk<'_>, key: &str) {
    desk.bell().told.retain(|k| k != key);
}

/// GitHub's form has its own line ends.
fn same(one: &str, two: &str) -> bool {
    one.lines().map(str::trim_end).eq(two.lines().map(str::trim_end))
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Asks the issue: one conditional request. `None` where there is no bell, or it may not be asked yet.
///
/// # Errors
/// Where GitHub cannot be reached, or says no.
pub fn hear(ctx: &Context, place: &Place) -> Result<Option<Heard>, OpError> {
    listen(ctx, place, false)
}

/// As [`hear`], for looks that nobody asked for by name: where GitHub said no it is `None` for some time.
///
/// # Errors
/// As [`hear`].
pub fn overhear(ctx: &Context, place: &Place) -> Result<Option<Heard>, OpError> {
    listen(ctx, place, true)
}

fn listen(ctx: &Context, place: &Place, in_passing: bool) -> Result<Option<Heard>, OpError> {
    if !place.config.beacon.github.enabled {
        return Ok(None);
    }
    let (web, git) = (Ureq::new(&ctx.env), place.git(ctx));
    let mut desk = Desk::wait(ctx, place, &git, &web, Errand::Hear)?;
    let refused_at = desk.bell().refused_at;
    if desk.pause().is_some() || desk.polled() || (in_passing && is_recent(ctx, refused_at)) {
        return Ok(None);
    }
    let heard = may_look(&mut desk).and_then(|()| heard(&mut desk));
    settle(&mut desk, &heard);
    desk.keep()?;
    heard.map_err(|trouble| desk.error(trouble))
}

fn heard(desk: &mut Desk<'_>) -> Result<Option<Heard>, Trouble> {
    let mut remarks = Vec::new();
    if desk.bell().number == 0 {
        let now = desk.ctx.clock.now_ms();
        let missed = desk.bell().missed_at;
        if missed <= now && now - missed < LOOK_AGAIN {
            return Ok(None);
        }
        let Some(issue) = find::seek(desk, &mut remarks)? else {
            desk.bell().missed_at = now;
            return Ok(None);
        };
        return Ok(Some(told(desk, &issue, None, remarks)));
    }
    let (number, etag) = (desk.bell().number, desk.bell().etag.clone());
    match desk.look(number, etag.as_deref()) {
        Ok(got) => Ok(Some(told(desk, &got.value, got.etag, remarks))),
        Err(Trouble::Github(GithubError::NotModified)) => {
            let known = desk.bell();
            Ok(Some(Heard { number, url: known.url.clone(), seq: known.seq, changed: false, remarks }))
        }
        Err(trouble) => Err(trouble),
    }
}

/// What an issue says, and what is not as it should be.
fn told(desk: &mut Desk<'_>, issue: &Issue, etag: Option<String>, mut remarks: Vec<String>) -> Heard {
    let said = bell::parse(issue.text());
    let changed = desk.bell().seen.as_deref() != Some(&hash(issue.text()));
    let item = desk.item();
    if issue.state == "closed" {
        let what = format!(
            "{item} is closed; it is opened again at the next ring where `craft permissions set github close internal` \
             allows it"
        );
        once(desk, "closed", what, &mut remarks);
    } else {
        forget(desk, "closed");
    }
    if issue.locked {
        once(desk, "locked", format!("{item} is locked; unlock it on GitHub"), &mut remarks);
    } else {
        forget(desk, "locked");
    }
    if said.edited && changed {
        once(
            desk,
            &hash(issue.text()),
            format!("{item} was edited by hand; the next ring overwrites that"),
            &mut remarks,
        );
    }
    see(desk, issue, &said);
    desk.bell().etag = etag;
    Heard { number: issue.number, url: issue.html_url.clone(), seq: said.machine.map(|m| m.seq), changed, remarks }
}

/// Finds the issue, or makes it where there is none and that is granted. One that was deleted or moved away is made
/// anew: somebody asked for it.
///
/// # Errors
/// Where GitHub cannot be reached, or says no, or making it is not granted.
pub fn set_up(ctx: &Context, place: &Place) -> Result<Heard, OpError> {
    let (web, git) = (Ureq::new(&ctx.env), place.git(ctx));
    let mut desk = Desk::wait(ctx, place, &git, &web, Errand::SetUp)?;
    let ready = ready(&mut desk);
    desk.keep()?;
    ready.map_err(|trouble| desk.error(trouble))
}

fn ready(desk: &mut Desk<'_>) -> Result<Heard, Trouble> {
    desk.in_time()?;
    let mut remarks = Vec::new();
    let (number, mut former) = (desk.bell().number, None);
    if number > 0 {
        match desk.look(number, None) {
            Ok(got) => return Ok(told(desk, &got.value, got.etag, remarks)),
            Err(Trouble::Github(error @ (GithubError::Gone | GithubError::NotFound | GithubError::Moved(_)))) => {
                remarks.push(format!("{}: {error}", desk.item()));
                let repository = desk.repository.to_string();
                let fresh = crate::state::bell::Bell { repository, ..Default::default() };
                former = Some(std::mem::replace(desk.bell(), fresh));
            }
            Err(trouble) => return Err(trouble),
        }
    }
    let sought = find::seek(desk, &mut remarks);
    if let (Err(_), Some(former)) = (&sought, former) {
        // Perhaps it is only this token that may not see it any more.
        *desk.bell() = former;
    }
    let issue = match sought? {
        Some(issue) => issue,
        None => {
            let machine = Machine { channel: desk.place.channel.to_string(), ..Machine::default() };
            find::make(desk, &block::template(), &machine, &mut remarks)?
        }
    };
    put_right(desk, &issue, &mut remarks)?;
    Ok(told(desk, &issue, None, remarks))
}
