//! State files: any bytes are a value or a problem, nothing is ever lost, and what a newer program wrote is
//! never written to.

use std::fs;
use std::path::Path;

use claude_craft::context::Context;
use claude_craft::env::Env;
use claude_craft::fs::layout::Layout;
use claude_craft::hook::answer;
use claude_craft::hook::event::Name;
use claude_craft::notify::Book;
use claude_craft::notify::telling::Pending;
use claude_craft::ops::{jobs, notifications, record};
use claude_craft::schedule::{Kind, Schedule};
use claude_craft::state::file::Problem;
use claude_craft::state::notice::{self, Notice};
use claude_craft::state::observed::Observed;
use claude_craft::state::tick::{self, Claim};
use claude_craft::state::{State, StateFile, Versioned, announcement, heartbeat, session};
use serde_json::Value;

use super::{scratch, steers};

/// Any bytes as each of the files.
pub fn body(data: &[u8]) {
    thread_local! {
        static WORLD: (Context, tempfile::TempDir) = {
            let folder = scratch("state");
            let env = Env::from_pairs([
                ("CLAUDE_CONFIG_DIR", folder.path().as_os_str().to_owned()),
                ("CRAFT_INTERNAL__NOW_MS", "1756728000000".into()),
            ]);
            let ctx = Context::new(env).expect("a folder is named");
            for folder in [ctx.layout.sessions(), ctx.layout.answers()] {
                fs::create_dir_all(folder).expect("a folder");
            }
            (ctx, folder)
        };
    }
    WORLD.with(|(ctx, _)| {
        let craft = ctx.layout.craft();
        versioned::<State>(&craft.join("state"), data);
        versioned::<Observed>(&craft.join("observed"), data);
        schedule(ctx, data);
        versioned::<Pending>(&craft.join("pending"), data);
        // What has digits behind the point is not always read as it was written.
        if !serde_json::from_slice(data).is_ok_and(|v| holds_float(&v)) {
            versioned::<Book>(&craft.join("book"), data);
        }
        notified(ctx, data);
        updated(ctx, data);
        ticks(&craft.join("tick"), data);
        notices(&craft.join("notices"), data);
        others(&ctx.layout, data);
    });
}

fn versioned<T: Versioned + PartialEq + std::fmt::Debug>(path: &Path, data: &[u8]) {
    fs::write(path, data).expect("a file");
    let file = StateFile::at(path.to_owned());
    let seen = file.peek::<T>().expect("it can be read");
    assert_eq!(fs::read(path).expect("it is there"), data, "looking changes nothing");
    let loaded = file.load::<T>(0).expect("it can be read");
    assert_eq!(loaded.value, seen.value);
    let json = serde_json::from_slice::<Value>(data);
    match &loaded.problem {
        Some(Problem::Corrupt { kept }) => {
            assert!(!path.exists());
            assert_eq!(fs::read(kept).expect("it was put aside"), data);
            assert_eq!(loaded.value, T::default());
            fs::remove_file(kept).expect("it is there");
        }
        Some(Problem::Newer { version }) => {
            assert_eq!(fs::read(path).expect("it is there"), data);
            assert_eq!(json.expect("it has a version")["version"].as_u64(), Some(u64::from(*version)));
        }
        None => {
            assert!(json.is_ok());
            file.store_cache(&loaded.value).expect("it can be written");
            let again = file.load::<T>(0).expect("it can be read");
            assert_eq!((again.value, again.problem), (loaded.value, None));
        }
    }
}

/// Any bytes as the schedule: jobs are listed or refused, changed or left alone, and those of others are kept.
fn schedule(ctx: &Context, data: &[u8]) {
    let path = ctx.layout.schedule();
    if !serde_json::from_slice::<Value>(data).is_ok_and(|value| has_fraction(&value)) {
        versioned::<Schedule>(&ctx.layout.craft().join("schedule"), data);
    }
    fs::write(&path, data).expect("a file");
    let listed = jobs::view(ctx);
    assert_eq!(fs::read(&path).expect("it is there"), data, "looking changes nothing");
    let paused = jobs::pause(ctx, Kind::LogRotation);
    assert_eq!(listed.is_ok(), paused.is_ok());
    if paused.is_err() {
        assert_eq!(fs::read(&path).expect("it is there"), data, "a newer program's file is left alone");
        return;
    }
    let after = jobs::view(ctx).expect("it was written here");
    let job = after.jobs.iter().find(|view| view.job.kind == Kind::LogRotation).expect("each type has a job");
    assert_eq!((after.jobs.len(), job.due, job.job.schedule.enabled), (Kind::ALL.len(), false, false));
    let text = fs::read(&path).expect("it was written");
    jobs::pause(ctx, Kind::LogRotation).expect("it was written here");
    assert_eq!(fs::read(&path).expect("it is there"), text, "what is settled stays as it is");
}

/// A number with a fraction in a job that is only kept may lose its last digit on the way.
fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(has_fraction),
        Value::Object(fields) => fields.values().any(has_fraction),
        other => other.is_f64(),
    }
}

/// The one way in which the state is changed.
fn updated(ctx: &Context, data: &[u8]) {
    let path = ctx.layout.state();
    fs::write(&path, data).expect("a file");
    let before = StateFile::at(path.clone()).peek::<State>().expect("it can be read");
    let said = record::update(ctx, |state| state.statistics.conflicts = 77).expect("it can be written");
    let now = fs::read(&path).expect("it is there");
    match before.problem {
        Some(Problem::Newer { .. }) => assert_eq!(now, data, "a newer program's file is left alone"),
        problem => {
            assert_eq!(said.is_some(), problem.is_some(), "damage is told");
            let mut expected = before.value;
            expected.statistics.conflicts = 77;
            let after = StateFile::at(path).peek::<State>().expect("it can be read");
            assert_eq!((after.value, after.problem), (expected, None));
        }
    }
}

/// Notifications of any kind end up as lines and counts that can be shown, or are left alone.
fn notified(ctx: &Context, data: &[u8]) {
    let path = ctx.layout.notifications();
    fs::write(&path, data).expect("a file");
    let (_, problem) = notifications::list(ctx).expect("it can be read");
    assert_eq!(fs::read(&path).expect("it is there"), data, "looking changes nothing");
    notifications::refresh(ctx);
    if matches!(problem, Some(Problem::Newer { .. })) {
        assert_eq!(fs::read(&path).expect("it is there"), data, "a newer program's file is left alone");
    }
    let before = notifications::list(ctx).expect("it can be read").0.len();
    assert!(problem.is_none() || matches!(problem, Some(Problem::Newer { .. })) || before == 1, "damage is told");
    announced(&ctx.layout.announcement());
    fs::write(ctx.layout.announcement(), data).expect("a file");
    announced(&ctx.layout.announcement());
    fs::write(ctx.layout.pending(), data).expect("a file");
    let _ = notifications::pending(ctx);
    for file in fs::read_dir(ctx.layout.craft()).expect("a folder").flatten() {
        if file.file_name().to_string_lossy().contains(".corrupt-") {
            fs::remove_file(file.path()).expect("it is there");
        }
    }
}

/// Whatever lies there is told as harmless single lines, and what is not critical once.
fn announced(path: &Path) {
    let now = 1_756_728_000_000;
    for _ in 0..4 {
        let Some(taken) = announcement::take(path, now).expect("it can be read") else { return };
        assert!(!taken.line.chars().any(steers), "{:?}", taken.line);
        taken.told().expect("it can be written");
    }
}

fn holds_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(list) => list.iter().any(holds_float),
        Value::Object(fields) => fields.values().any(holds_float),
        _ => false,
    }
}

fn ticks(path: &Path, data: &[u8]) {
    fs::write(path, data).expect("a file");
    let last = data.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    assert_eq!(tick::read(path), last);
    let (now, window) = (data.len() as u64 * 1_000, 5_000);
    match tick::claim(path, now, window).expect("it can be written") {
        Claim::Granted => assert_eq!((tick::read(path), now.abs_diff(last) >= window), (now, true)),
        Claim::TooSoon => assert_eq!((tick::read(path), now.abs_diff(last) < window), (last, true)),
    }
}

/// What was there, torn or not, does not keep what is added from being told once.
fn notices(path: &Path, data: &[u8]) {
    fs::write(path, data).expect("a file");
    let added = Notice { user: "added".into(), model: String::from_utf8_lossy(data).into_owned() };
    notice::add(path, &added).expect("it can be written");
    let taken = notice::take(path).expect("it can be read");
    assert_eq!(taken.last(), Some(&added));
    assert!(taken.len() <= data.split(|b| *b == b'\n').count() + 1);
    assert_eq!(notice::take(path).expect("it can be read"), []);
}

fn others(layout: &Layout, data: &[u8]) {
    for (folder, name) in [(layout.sessions(), "s.json"), (layout.answers(), "1-2-3.json")] {
        fs::write(folder.join(name), data).expect("a file");
    }
    for session in session::list(layout).expect("the folder can be listed") {
        session::register(layout, &session).expect("it can be written");
        assert!(session::known(layout, &session.id));
        assert!(session::list(layout).expect("the folder can be listed").contains(&session));
        session::forget(layout, &session.id).expect("it can be removed");
        assert!(!session::known(layout, &session.id));
    }
    if let Some(answer) = answer::take(layout, "1-2-3") {
        assert!(answer::take(layout, "1-2-3").is_none(), "an answer is told once");
        assert!(serde_json::to_vec(&answer).is_ok());
    }
    fs::write(layout.heartbeat(Name::SessionStart.word()), data).expect("a file");
    if let Some(last) = heartbeat::last(layout, Name::SessionStart) {
        assert!(heartbeat::beat(layout, Name::SessionStart, &last));
        assert_eq!(heartbeat::last(layout, Name::SessionStart), Some(last));
    }
}
