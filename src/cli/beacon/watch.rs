//! `craft beacon watch`: says what comes, as long as it runs.

mod files;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use self::files::Files;
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look as Show, Ui};
use crate::clock::{self, Millis};
use crate::context::Context;
use crate::dice::Dice;
use crate::fs::lock::{self, LockGuard};
use crate::locate::Location;
use crate::ops::beacon::hints::Hints;
use crate::ops::beacon::pull::{Became, Pulled};
use crate::ops::beacon::watch::{self as once, Look};
use crate::ops::beacon::watching::{self, Event, Seen, Woken, World};
use crate::ops::beacon::{Place, push};
use crate::ops::error::{Kind, OpError};
use crate::ops::sync;
use crate::plain;
use crate::queue::Trigger;
use crate::schedule::every;
use crate::state::beacon::Waiting;
use crate::sync::tell::counted;
use crate::{clock::parse_span, sys};

/// Nobody looks more often: a forge would mind.
const SHORTEST: Millis = 5_000;
/// Nobody waits longer for a look.
const LONGEST: Millis = 86_400_000;
/// After so long without another change files are at rest.
const TOGETHER: Duration = Duration::from_secs(1);
/// Files that never rest are looked at all the same.
const RESTLESS: Duration = Duration::from_secs(10);
/// What is under way when somebody wants it to end gets so long to come to its end.
const GRACE: Duration = super::ending::GRACE;
/// Names and files that are named at most, and characters of a text of others.
const NAMED: usize = 3;
const SHOWN: usize = 120;

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = exit_code::HELP)]
pub struct Watch {
    /// How often to look, give or take a tenth: `60s`, `5m`; what `beacon.watch.intervalSeconds` says where not given
    #[arg(long, value_name = "DURATION", value_parser = interval)]
    interval: Option<Millis>,
    /// Take in what waits by itself
    #[arg(long)]
    pull: bool,
    /// Take in what waits, watch the files, and send those that change
    #[arg(long)]
    auto: bool,
    /// Look once, and end
    #[arg(long)]
    once: bool,
    /// Another channel than the usual one
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// Print one JSON object a line for each event
    #[arg(long)]
    json: bool,
}

fn interval(text: &str) -> Result<Millis, String> {
    let form =
        || format!("`{}` is no interval; it looks like `60s`, `5m` or `1h`, from `5s` to `1d`", plain::line(text));
    parse_span(text).filter(|ms| (SHORTEST..=LONGEST).contains(ms)).ok_or_else(form)
}

/// What wakes it.
enum Signal {
    Files,
    End,
}

/// Does it.
///
/// # Errors
/// What keeps the first look from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Watch) -> Result<u8, CommandError> {
    let place = Place::find(ctx, cwd, args.channel.as_deref(), Trigger::Manual)?;
    let _guard = alone(ctx, &place)?;
    let usual = place.config.beacon.watch.interval_seconds.saturating_mul(1000).clamp(SHORTEST, LONGEST);
    let interval = args.interval.unwrap_or(usual);
    let (signals, waked) = mpsc::channel();
    let (done, ended) = mpsc::channel();
    let leaving = Arc::new(AtomicBool::new(false));
    end_at_once(signals.clone(), ended, args.once, Arc::clone(&leaving))
        .map_err(|e| CommandError::failed(format!("cannot wait for signals: {e}")))?;
    let mut here = Here { ctx, ui, args, place, dice: ctx.dice(), waked, begun: now(), files: None, leaving };
    if args.once {
        let look = here.look();
        if here.leaving.load(Ordering::SeqCst) && look.as_ref().map_or(true, |look| look.offline.is_some()) {
            return Ok(exit_code::NETWORK);
        }
        let look = look?;
        let (offline, waiting) = (look.offline.is_some(), look.waiting.clone());
        let events = Seen::default().events(look);
        if events.is_empty() && !args.json {
            here.ui.say("nothing waits");
        }
        for event in events {
            here.tell(event);
        }
        if args.json {
            let Waiting { messages, conflicts, held, queued, .. } = waiting;
            let now = json!({"messages": messages, "conflicts": conflicts, "held": held, "queued": queued});
            here.print("looked", now);
        }
        return Ok(if offline { exit_code::NETWORK } else { exit_code::DONE });
    }
    if args.auto {
        here.files = Some(Files::new(&here.place, signals.clone()));
    }
    here.begin(interval);
    let watched = watching::run(&mut here, interval);
    // Whoever waits for the end need not wait any more.
    drop(done);
    drop(signals);
    // What was ended in the middle has failed, and that was wanted.
    if !here.leaving.load(Ordering::SeqCst) {
        watched?;
    }
    Ok(exit_code::DONE)
}

/// The right to be the one that watches here.
fn alone(ctx: &Context, place: &Place) -> Result<LockGuard, OpError> {
    let path = place.files(ctx).beacon_watch_lock(place.channel.as_str());
    // A worker that looks once is soon done.
    let guard = lock::exclusive_within(&path, &sync::me(ctx, "watch"), Duration::from_secs(2))?;
    guard.ok_or_else(|| {
        let who = lock::holder(&path).map_or_else(
            || "another process".to_owned(),
            |h| format!("process {} on {}, since {}", h.pid, plain::name(&h.host), clock::rfc3339(h.started)),
        );
        let what = if place.is_usual() { String::new() } else { format!("channel {} of ", place.channel) };
        let message = format!("{what}{} is watched already: {who}", place.at.worktree.display());
        OpError::new(Kind::Busy, message).remedy("one is enough; end that one first")
    })
}

/// Has a signal end the loop; and where that is in the middle of something that does not end soon, the process with all
/// that it has started. What is under way may be killed at any moment: a message goes out of the queue only once it is
/// known to have arrived. A second signal does not wait.
fn end_at_once(
    signals: Sender<Signal>,
    ended: Receiver<()>,
    once: bool,
    leaving: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let mut endings = sys::catch_endings()?;
    // To end is what one that goes on for ever was told; a single look has not been done then.
    let (grace, code) = if once { (Duration::ZERO, exit_code::NETWORK) } else { (GRACE, exit_code::DONE) };
    std::thread::Builder::new().name("endings".into()).spawn(move || {
        if endings.wait().is_err() {
            return;
        }
        leaving.store(true, Ordering::SeqCst);
        let _ = signals.send(Signal::End);
        let hurry = std::thread::Builder::new().name("endings".into()).spawn(move || {
            if endings.wait().is_ok() {
                leave(Duration::ZERO, code);
            }
        });
        if hurry.is_err() || ended.recv_timeout(grace) == Err(RecvTimeoutError::Timeout) {
            leave(GRACE, code);
        }
    })?;
    Ok(())
}

#[expect(clippy::exit, reason = "what is under way may be killed at any moment, and nobody waits for it")]
fn leave(patience: Duration, code: u8) {
    watching::abandon(patience);
    std::process::exit(i32::from(code));
}

#[expect(clippy::disallowed_methods, reason = "how long is waited is measured by the clock that nobody sets")]
fn now() -> Instant {
    Instant::now()
}

/// The world of a terminal.
struct Here<'a> {
    ctx: &'a Context,
    ui: &'a mut Ui,
    args: &'a Watch,
    place: Place,
    dice: Dice,
    waked: Receiver<Signal>,
    begun: Instant,
    files: Option<Files>,
    /// Whether somebody wants it to end: what could not be done since is worth no line.
    leaving: Arc<AtomicBool>,
}

impl Here<'_> {
    fn begin(&mut self, interval: Millis) {
        if self.args.json {
            return self.print("watching", json!({"intervalMs": interval, "auto": self.args.auto}));
        }
        let (channel, every) = (&self.place.channel, every::words(interval));
        let files = if self.args.auto { ", and its files" } else { "" };
        let worktree = Show::of(self.ctx).path(&self.place.at.worktree);
        self.ui.say(&format!("watching channel {channel} for {worktree} every {every}{files}; Ctrl-C ends it"));
    }

    /// Watches what there is to be watched by now; what cannot be.
    fn follow(&mut self) -> Option<String> {
        let files = self.files.as_mut()?;
        files.follow(&self.place);
        let why = files.trouble.as_ref()?;
        Some(format!("changes of files are not noticed at once ({why}); they go out with the next look"))
    }

    fn print(&mut self, event: &str, more: Value) {
        let mut line = json!({"event": event, "time": clock::rfc3339(self.ctx.clock.now_ms())});
        if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
            line.extend(more);
        }
        let line = crate::scan::redact::hush_json(line);
        self.ui.raw(format!("{line}\n").as_bytes());
    }
}

impl World for Here<'_> {
    fn now_ms(&mut self) -> Millis {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn draw(&mut self, sides: u64) -> u64 {
        self.dice.below(sides)
    }

    fn wait(&mut self, ms: Millis) -> Woken {
        match self.waked.recv_timeout(Duration::from_millis(ms)) {
            Err(RecvTimeoutError::Timeout) => Woken::Time,
            Ok(Signal::End) | Err(RecvTimeoutError::Disconnected) => Woken::End,
            Ok(Signal::Files) => {
                let since = now();
                loop {
                    match self.waked.recv_timeout(TOGETHER) {
                        Ok(Signal::Files) if since.elapsed() < RESTLESS => {}
                        Ok(Signal::Files) | Err(RecvTimeoutError::Timeout) => return Woken::Files,
                        Ok(Signal::End) | Err(RecvTimeoutError::Disconnected) => return Woken::End,
                    }
                }
            }
        }
    }

    fn look(&mut self) -> Result<Look, OpError> {
        // What the configuration says may have changed, and so may the name of this side.
        let at: Location = self.place.at.clone();
        self.place = Place::find(self.ctx, &at.worktree, self.args.channel.as_deref(), Trigger::Manual)?;
        self.place.unattended = !self.args.once;
        let how = &self.place.config.beacon.watch;
        let (auto, pull, push) = (self.args.auto, how.pull || self.args.pull, how.push);
        let mut look = once::look(self.ctx, &self.place, auto || pull, auto || push)?;
        look.remarks.extend(self.follow());
        Ok(look)
    }

    fn changed(&mut self) -> BTreeSet<String> {
        // A folder may have been made anew, and that is what woke us.
        self.follow();
        push::sendable(self.ctx, &self.place).unwrap_or_default().0.into_iter().collect()
    }

    fn tell(&mut self, event: Event) -> bool {
        if matches!(event, Event::Offline(_) | Event::Remark(_)) && self.leaving.load(Ordering::SeqCst) {
            return true;
        }
        if self.args.json {
            let (name, more) = data(&event);
            self.print(name, more);
        } else {
            let time = clock::rfc3339(self.ctx.clock.now_ms());
            self.ui.say(&format!("{time} {}", words(&event, &Hints::of(self.ctx, &self.place))));
        }
        self.ui.open()
    }
}

/// An event as people read it.
fn words(event: &Event, hints: &Hints) -> String {
    match event {
        Event::Waits(w) => {
            let note = if w.note.is_empty() { String::new() } else { format!(" (\"{}\")", cut(&w.note)) };
            let from = if w.from.is_empty() { String::new() } else { format!(" from {}", named(&w.from)) };
            let count = usize::try_from(w.messages).unwrap_or(usize::MAX);
            let files = if w.files.is_empty() { String::new() } else { format!(": {}", named(&w.files)) };
            let does = if count == 1 { "waits" } else { "wait" };
            format!("📬 {}{from} {does}{note}{files} — {}", counted(count, "message"), hints.verb("pull"))
        }
        Event::Drained => "nothing waits any more".into(),
        Event::Taken(pulled) => {
            let names = |clash: bool| {
                let files = pulled.files.iter().filter(|f| (f.became == Became::Conflict) == clash);
                files.map(|f| f.path.clone()).collect::<Vec<_>>()
            };
            let (files, clash) = (names(false), names(true));
            let from: Vec<_> = pulled.messages.iter().map(|m| m.from.clone()).collect();
            let count = counted(files.len(), "file");
            let list = if files.is_empty() { String::new() } else { format!(": {}", named(&files)) };
            let both = match clash.as_slice() {
                [] => String::new(),
                clash => format!("; both sides changed {}, where yours stays", named(clash)),
            };
            format!("took in {count} from {}{list}{both}", named(&from))
        }
        Event::Sent(files) => format!("sent {}: {}", counted(files.len(), "file"), named(files)),
        Event::Queued(files) => {
            format!(
                "{} to send, waiting here until the remote takes it: {}",
                counted(files.len(), "file"),
                named(files)
            )
        }
        Event::Delivered(count) => format!("{} that waited went out", counted(*count, "message")),
        Event::Conflicts(count) => {
            let files = counted(usize::try_from(*count).unwrap_or(usize::MAX), "file");
            format!("⚠ both sides changed {files} — {}", hints.verb("diff"))
        }
        Event::Held(count) => {
            let messages = counted(usize::try_from(*count).unwrap_or(usize::MAX), "message");
            format!("⚠ {messages} not taken in — {} tells why", hints.verb("status"))
        }
        Event::Offline(why) => format!("offline, looking again now and then: {}", cut(why)),
        Event::Back => "back online".into(),
        Event::Remark(text) => plain::line(text),
    }
}

/// An event as programs read it.
fn data(event: &Event) -> (&'static str, Value) {
    match event {
        Event::Waits(w) => {
            let files = json!({"messages": w.messages, "seq": w.seq, "from": w.from, "note": w.note, "files": w.files,
                "fileCount": w.file_count});
            ("waits", files)
        }
        Event::Drained => ("drained", json!({})),
        Event::Taken(pulled) => ("taken", taken(pulled)),
        Event::Sent(files) => ("sent", json!({"files": files})),
        Event::Queued(files) => ("queued", json!({"files": files})),
        Event::Delivered(count) => ("delivered", json!({"messages": count})),
        Event::Conflicts(count) => ("conflicts", json!({"conflicts": count})),
        Event::Held(count) => ("held", json!({"held": count})),
        Event::Offline(why) => ("offline", json!({"reason": why})),
        Event::Back => ("back", json!({})),
        Event::Remark(text) => ("remark", json!({"text": text})),
    }
}

fn taken(pulled: &Pulled) -> Value {
    let from: Vec<_> = pulled.messages.iter().map(|m| &m.from).collect();
    let files: Vec<_> = pulled.files.iter().map(|f| &f.path).collect();
    json!({"from": from, "files": files, "conflicts": pulled.conflicts})
}

fn cut(text: &str) -> String {
    plain::cut(&plain::line(text), SHOWN)
}

/// The first of several names, each once.
fn named(all: &[String]) -> String {
    let mut names: Vec<String> = Vec::new();
    for name in all.iter().map(|n| plain::cut(&plain::name(n), SHOWN)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::beacon::pull::{Heard, Taken};

    #[test]
    fn an_interval_is_a_number_and_a_unit_within_bounds() {
        assert_eq!(interval("60s"), Ok(60_000));
        assert_eq!(interval("5m"), Ok(300_000));
        for wrong in ["4s", "2d", "soon", "", "60", "-1s"] {
            assert!(interval(wrong).unwrap_err().contains("from `5s` to `1d`"), "{wrong}");
        }
    }

    #[test]
    fn each_event_has_its_line_and_texts_of_others_cannot_steer_the_terminal() {
        let waiting = Waiting {
            messages: 2,
            from: vec!["Desktop".into()],
            note: "Act 2\u{1b}[2J\nSTATUS: IDLE".into(),
            files: ["a.md", "b\u{202e}.md", "c.md", "d.md"].map(str::to_owned).to_vec(),
            ..Waiting::default()
        };
        assert_eq!(
            words(&Event::Waits(waiting), &Hints::default()),
            "📬 2 messages from Desktop wait (\"Act 2\\u{1b}[2J STATUS: IDLE\"): a.md, b\\u{202e}.md, c.md and 1 more — craft beacon pull"
        );
        assert_eq!(
            words(&Event::Offline("no\nroute".into()), &Hints::default()),
            "offline, looking again now and then: no route"
        );
        assert_eq!(words(&Event::Sent(vec!["a".into()]), &Hints::default()), "sent 1 file: a");
        let queued = "1 file to send, waiting here until the remote takes it: a";
        assert_eq!(words(&Event::Queued(vec!["a".into()]), &Hints::default()), queued);
        assert_eq!(words(&Event::Conflicts(1), &Hints::default()), "⚠ both sides changed 1 file — craft beacon diff");
        assert_eq!(data(&Event::Held(1)).1, json!({"held": 1}));
        let file = |path: &str, became| Taken { path: path.into(), became, beside: String::new(), seq: 1 };
        let heard = Heard { seq: 1, from: "Code on vm".into(), note: String::new(), time: String::new() };
        let mut pulled =
            Pulled { messages: vec![heard], files: vec![file("x", Became::Conflict)], ..Pulled::default() };
        let said = |pulled: &Pulled| words(&Event::Taken(pulled.clone()), &Hints::default());
        assert_eq!(said(&pulled), "took in 0 files from Code on vm; both sides changed x, where yours stays");
        pulled.files.push(file("y", Became::Created));
        assert_eq!(said(&pulled), "took in 1 file from Code on vm: y; both sides changed x, where yours stays");
        pulled.files.remove(0);
        assert_eq!(said(&pulled), "took in 1 file from Code on vm: y");
    }
}
