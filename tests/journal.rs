//! The journal's files: many writers, crashes, altered and missing lines, files that are turned over, packed, removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use claude_craft::audit::chain::{Fault, Kind, Verdict};
use claude_craft::audit::line::{LONGEST, Line};
use claude_craft::audit::{Entry, Outcome, Query};
use claude_craft::clock::{Clock, ManualClock};
use claude_craft::context::Context;
use claude_craft::env::Env;
use claude_craft::journal;
use claude_craft::ops::audit;

use super::common::{read, write};

/// 2025-09-01T12:00:00Z.
pub const NOW: u64 = 1_756_728_000_000;
pub const HOUR: u64 = 3_600_000;
pub const DAY: u64 = 24 * HOUR;
const WRITER: &str = "TEST_JOURNAL_WRITER";

/// A clock that tests move from outside of the context.
struct Shared(std::rc::Rc<ManualClock>);

impl Clock for Shared {
    fn now_ms(&self) -> u64 {
        self.0.now_ms()
    }
}

/// A journal of its own and a clock that stands still.
pub struct Book {
    pub ctx: Context,
    clock: std::rc::Rc<ManualClock>,
    _tmp: tempfile::TempDir,
}

impl Book {
    pub fn new() -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let clock = std::rc::Rc::new(ManualClock::at(NOW));
        let ctx = Context { clock: Box::new(Shared(clock.clone())), ..context(&tmp.path().join("claude")) };
        Self { ctx, clock, _tmp: tmp }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.ctx.layout.craft().join("log").join(name)
    }

    pub fn advance(&self, ms: u64) {
        self.clock.advance(ms);
    }

    pub fn note(&self, reason: &str) {
        audit::note(&self.ctx, Entry::new("git", "push", Outcome::Success).item("/home/ann/app").reason(reason));
    }

    pub fn notes(&self, count: usize) {
        (0..count).for_each(|n| self.note(&format!("note {n}")));
    }

    pub fn verify(&self) -> Verdict {
        audit::verify(&self.ctx).unwrap()
    }

    #[track_caller]
    pub fn sound(&self, lines: u64) {
        let verdict = self.verify();
        assert_eq!((verdict.faults.clone(), verdict.lines), (vec![], lines), "{verdict:#?}");
    }

    fn faults(&self) -> Vec<(String, u64, u64, Kind)> {
        self.verify().faults.into_iter().map(|Fault { file, line, seq, kind }| (file, line, seq, kind)).collect()
    }

    /// Names of the files that were turned over.
    pub fn archive(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("journal")).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn lines(&self) -> Vec<String> {
        String::from_utf8(read(self.path("journal.jsonl"))).unwrap().lines().map(str::to_owned).collect()
    }

    fn rewrite(&self, change: impl FnOnce(&mut Vec<String>)) {
        let mut lines = self.lines();
        change(&mut lines);
        write(self.path("journal.jsonl"), lines.concat_lines());
    }

    /// The reasons of all entries that a query finds.
    pub fn found(&self, query: &Query) -> Vec<String> {
        let mut all = Vec::new();
        journal::query(&self.ctx.layout, query, &mut |row| {
            all.push(row.line.entry.reason.unwrap_or_default());
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        all
    }

    fn log(&self) -> String {
        String::from_utf8(fs::read(self.path("craft.log")).unwrap_or_default()).unwrap()
    }
}

trait Lines {
    fn concat_lines(&self) -> String;
}

impl Lines for Vec<String> {
    fn concat_lines(&self) -> String {
        self.iter().map(|l| format!("{l}\n")).collect()
    }
}

fn context(claude: &Path) -> Context {
    Context::new(Env::from_pairs([("CLAUDE_CONFIG_DIR", claude.as_os_str()), ("USER", "ann".as_ref())])).unwrap()
}

/// No test by itself: what the processes of the next one do.
#[test]
fn a_writer_in_a_process_of_its_own() {
    let Some(claude) = std::env::var_os(WRITER) else { return };
    let ctx = context(Path::new(&claude));
    for n in 0..2000 {
        let entry = Entry::new("craft", "job", Outcome::Success).reason(format!("{} {n}\n", std::process::id()));
        audit::note(&ctx, entry.with("padding", "x".repeat(n % 97)));
    }
}

#[test]
fn eight_processes_write_sixteen_thousand_lines_and_none_is_lost_or_mixed() {
    let tmp = tempfile::tempdir().unwrap();
    let claude = tmp.path().join("claude");
    let start = || {
        let mut writer = Command::new(std::env::current_exe().unwrap());
        writer.args(["--exact", "journal::a_writer_in_a_process_of_its_own"]).env_clear().env(WRITER, &claude);
        writer.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let writers: Vec<_> = (0..8).map(|_| start()).collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    let text = String::from_utf8(read(claude.join("craft/log/journal.jsonl"))).unwrap();
    let seqs: Vec<_> = text.lines().map(|l| Line::parse(l.as_bytes()).unwrap().seq).collect();
    assert_eq!(seqs, (1..=16_000).collect::<Vec<_>>());
    let said: std::collections::BTreeSet<_> =
        text.lines().map(|l| Line::parse(l.as_bytes()).unwrap().entry.reason).collect();
    assert_eq!(said.len(), 16_000, "each line of each process is there");
    let verdict = audit::verify(&context(&claude)).unwrap();
    assert_eq!((verdict.lines, verdict.first, verdict.last, verdict.faults), (16_000, 1, 16_000, vec![]));
}

#[test]
fn a_line_that_was_edited_by_hand_is_found_and_named() {
    let book = Book::new();
    book.notes(5);
    book.sound(5);
    book.rewrite(|lines| lines[2] = lines[2].replace("note 2", "note X"));
    let name = || "journal.jsonl".to_owned();
    assert_eq!(book.faults(), [(name(), 3, 3, Kind::Altered)]);
    book.rewrite(|lines| lines[4] = lines[4].replace("note 4", "note X"));
    assert_eq!(book.faults(), [(name(), 3, 3, Kind::Altered), (name(), 5, 5, Kind::Altered)], "the last one too");
    book.note("and on");
    assert_eq!(book.faults().len(), 2, "it does not heal");
    book.rewrite(|lines| lines[3] = "rubbish".into());
    assert_eq!(book.faults()[0], (name(), 4, 4, Kind::Damaged));
    book.rewrite(|lines| lines[0] = lines[0].replace("\"seq\":1,", "\"seq\":7,"));
    assert_eq!(book.faults()[0], (name(), 1, 7, Kind::Altered));
}

#[test]
fn lines_that_are_gone_are_missed_wherever_they_stood() {
    let name = || "journal.jsonl".to_owned();
    let cut = |change: fn(&mut Vec<String>)| {
        let book = Book::new();
        book.notes(6);
        book.rewrite(change);
        let faults = book.faults();
        book.note("and on");
        (faults, book)
    };
    let (faults, book) = cut(|lines| drop(lines.drain(4..)));
    assert_eq!(faults, [(name(), 0, 4, Kind::CutOff { first: 5, last: 6 })]);
    assert_eq!(book.faults(), [(name(), 5, 7, Kind::Missing { first: 5, last: 6 })], "the hole stays to be seen");
    assert!(book.log().contains("shorter than its head"), "{}", book.log());
    let (faults, book) = cut(|lines| drop(lines.drain(2..4)));
    assert_eq!(faults, [(name(), 3, 5, Kind::Missing { first: 3, last: 4 })]);
    assert_eq!(book.faults(), faults);
    let (faults, _) = cut(|lines| drop(lines.drain(..2)));
    assert_eq!(faults, [(name(), 1, 3, Kind::RemovedAtBeginning { first: 1, last: 2 })]);
    let (faults, _) = cut(|lines| lines.swap(1, 2));
    assert!(faults.iter().any(|f| f.3 == Kind::OutOfOrder), "{faults:?}");
    let (faults, _) = cut(|lines| lines.insert(3, "by hand".into()));
    assert_eq!(faults, [(name(), 4, 0, Kind::Damaged)]);
    let (faults, _) = cut(Vec::clear);
    assert_eq!(faults, [(name(), 0, 0, Kind::CutOff { first: 1, last: 6 })]);

    let book = Book::new();
    for _ in 0..3 {
        book.notes(2);
        book.advance(DAY);
    }
    let archive = book.archive();
    fs::remove_file(book.path("journal").join(&archive[1])).unwrap();
    assert_eq!(book.faults(), [(name(), 1, 5, Kind::Missing { first: 3, last: 4 })]);
    fs::remove_file(book.path("journal.head")).unwrap();
    assert_eq!(book.faults()[1], (name(), 0, 0, Kind::NoHead));
}

#[test]
fn what_a_crash_leaves_is_put_in_order_and_is_no_fault() {
    // Between the line and the head.
    let book = Book::new();
    book.notes(3);
    let head = read(book.path("journal.head"));
    book.notes(2);
    write(book.path("journal.head"), &head);
    let verdict = book.verify();
    assert_eq!((verdict.lines, verdict.head_behind, verdict.faults), (5, 2, vec![]));
    book.note("after");
    book.sound(6);
    assert!(book.log().contains("put in order before line 6: the head was behind"), "{}", book.log());

    // In the middle of a line: it is ended, and takes no other with it.
    let half = book.lines()[5].clone();
    let torn = [read(book.path("journal.jsonl")), half.as_bytes()[..70].to_vec()].concat();
    write(book.path("journal.jsonl"), &torn);
    book.sound(6);
    assert_eq!(book.found(&Query::default()).len(), 6);
    book.note("after the torn one");
    book.note("and on");
    let verdict = book.verify();
    assert_eq!((verdict.lines, verdict.last, verdict.torn, verdict.faults), (8, 8, 1, vec![]));
    assert!(read(book.path("journal.jsonl")).starts_with(&torn), "not a byte is taken away");

    // A whole line without its end is one.
    let text = read(book.path("journal.jsonl"));
    write(book.path("journal.jsonl"), &text[..text.len() - 1]);
    write(book.path("journal.head"), "{\"version\": 1, \"last\"");
    book.note("after the head was damaged");
    let verdict = book.verify();
    assert_eq!((verdict.lines, verdict.last, verdict.torn, verdict.faults), (9, 9, 1, vec![]));

    // What a power cut may leave.
    let text = [read(book.path("journal.jsonl")), vec![0; 4096]].concat();
    write(book.path("journal.jsonl"), text);
    book.note("after the power was back");
    assert_eq!((book.verify().last, book.verify().faults), (10, vec![]));

    // The end of the last line turned into something else, with no byte more or less.
    let mut text = read(book.path("journal.jsonl"));
    let last = text.len() - 1;
    text[last] = b' ';
    write(book.path("journal.jsonl"), &text);
    book.note("after a byte was turned");
    let found = book.found(&Query { limit: Some(1), ..Query::default() });
    assert_eq!(found, ["after a byte was turned"], "it is a line of its own");
    assert!(book.log().contains("the last line had no end"), "{}", book.log());
    assert!(read(book.path("journal.jsonl")).starts_with(&text), "not a byte is taken away");
}

#[test]
fn a_head_that_is_gone_is_made_from_the_files() {
    let book = Book::new();
    book.notes(2);
    book.advance(DAY);
    book.notes(2);
    fs::remove_file(book.path("journal.head")).unwrap();
    assert!(matches!(book.faults()[..], [(_, 0, 0, Kind::NoHead)]));
    book.note("after");
    book.sound(5);
    // Killed just after the file was renamed: there is none to write to.
    let before = read(book.path("journal.head"));
    book.advance(DAY);
    book.note("next day");
    fs::remove_file(book.path("journal.jsonl")).unwrap();
    write(book.path("journal.head"), &before);
    book.sound(5);
    book.note("again");
    book.sound(6);
    fs::remove_file(book.path("journal.head")).unwrap();
    fs::rename(book.path("journal.jsonl"), book.path("elsewhere")).unwrap();
    book.note("without both");
    assert_eq!(book.verify().last, 6);
    // A chain whose beginning was removed for its age begins at the oldest line that is kept.
    fs::remove_file(book.path("journal").join(&book.archive()[0])).unwrap();
    fs::remove_file(book.path("journal.head")).unwrap();
    book.note("without its beginning");
    book.sound(5);
    assert_eq!(book.verify().first, 3);
}

#[test]
fn damage_in_old_files_and_a_head_with_more_behind_it_stop_nothing() {
    let book = Book::new();
    book.notes(2);
    book.advance(DAY);
    let packed = book.path("journal").join("000000000001-20250901T000000Z-20250901T235959Z.jsonl.gz");
    fs::create_dir_all(packed.parent().unwrap()).unwrap();
    write(&packed, b"\x1f\x8b\x08 cut off");
    write(book.path("journal.head"), "rubbish");
    book.note("after");
    assert_eq!(book.lines().len(), 1, "{}", book.log());

    let head = [read(book.path("journal.head")), vec![b' '; 2000]].concat();
    write(book.path("journal.head"), head);
    let mended = book.log().matches("put in order").count();
    book.notes(2);
    assert_eq!(book.lines().len(), 3);
    assert_eq!(book.log().matches("put in order").count(), mended, "its head is not taken for a damaged one");
}

#[test]
fn what_a_newer_version_wrote_is_not_written_to() {
    let book = Book::new();
    book.note("one");
    let head = String::from_utf8(read(book.path("journal.head"))).unwrap().replace("\"version\":1", "\"version\":2");
    write(book.path("journal.head"), &head);
    let before = read(book.path("journal.jsonl"));
    book.note("two");
    assert_eq!(read(book.path("journal.jsonl")), before);
    assert!(book.log().contains("newer version"), "{}", book.log());
}

#[test]
fn a_new_file_is_begun_each_day_and_when_one_is_large() {
    let book = Book::new();
    book.notes(2);
    book.advance(11 * HOUR);
    book.note("same day");
    book.advance(HOUR);
    book.note("next day");
    assert_eq!(book.archive(), ["000000000001-20250901T120000Z-20250901T230000Z.jsonl"]);
    // An entry of yesterday that is written today is no new day.
    let mut old = Entry::new("craft", "hook", Outcome::Success);
    old.timestamp = NOW;
    (0..3).for_each(|_| audit::note(&book.ctx, old.clone()));
    assert_eq!((book.archive().len(), book.lines().len()), (1, 4));

    write(book.ctx.layout.config(), r#"{"logging": {"maxMib": 1}}"#);
    let long = "words and words ".repeat(2000);
    (0..40).for_each(|_| book.note(&long));
    assert_eq!(book.archive().len(), 2, "{:?}", book.archive());
    book.sound(47);
    // A clock that was set back.
    let back = Book::new();
    back.advance(10 * DAY);
    back.note("ahead");
    let clock = std::rc::Rc::new(ManualClock::at(NOW));
    let ctx = Context { clock: Box::new(Shared(clock)), ..context(back.ctx.layout.root()) };
    audit::note(&ctx, Entry::new("git", "push", Outcome::Success).reason("back"));
    back.sound(2);
    let today = Query { since: Some(NOW - HOUR), until: Some(NOW), ..Query::default() };
    assert_eq!(back.found(&today), ["back"]);
}

#[test]
fn what_was_turned_over_is_packed_and_a_crash_in_between_loses_nothing() {
    let book = Book::new();
    for _ in 0..3 {
        book.notes(20);
        book.advance(DAY);
    }
    let plain: Vec<_> = book.archive().iter().map(|n| read(book.path("journal").join(n))).collect();
    let done = audit::tidy(&book.ctx).unwrap();
    assert_eq!((done.turned_over, done.compressed, done.removed), (1, 3, 0));
    assert!(done.bytes > 0 && book.archive().iter().all(|n| n.ends_with(".jsonl.gz")), "{:?}", book.archive());
    book.sound(60);
    assert_eq!(book.found(&Query::default()).len(), 60);
    // Killed before the file it was made of was removed, and while it was being made.
    let first = book.archive()[0].replace(".gz", "");
    write(book.path("journal").join(&first), &plain[0]);
    let half = book.path("journal").join(format!(".{first}.gz.99999999.0.tmp"));
    write(&half, "half");
    book.sound(60);
    assert_eq!(book.found(&Query::default()).len(), 60, "no line twice");
    book.note("today");
    book.advance(DAY);
    audit::tidy(&book.ctx).unwrap();
    assert!(book.archive().iter().all(|n| n.ends_with(".jsonl.gz")), "{:?}", book.archive());
    book.sound(61);
    // One that is damaged takes no other with it.
    let second = book.path("journal").join(&book.archive()[1]);
    let bytes = read(&second);
    write(&second, &bytes[..bytes.len() / 2]);
    assert!(book.faults().iter().any(|f| matches!(f.3, Kind::Unreadable { .. })), "{:?}", book.faults());
    assert!(book.found(&Query::default()).len() >= 41);
}

#[test]
fn old_files_go_oldest_first_and_a_clock_that_jumps_takes_none_away() {
    let book = Book::new();
    write(book.ctx.layout.config(), r#"{"logging": {"retentionDays": 5}}"#);
    let day = |n: usize| {
        let mut removed = Vec::new();
        for _ in 0..n {
            book.note("a day");
            removed.push(audit::tidy(&book.ctx).unwrap().removed);
            book.advance(DAY);
        }
        removed
    };
    assert_eq!(day(12), [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    book.sound(7);
    assert_eq!(book.verify().first, 6);
    assert!(book.archive()[0].starts_with("000000000006"), "{:?}", book.archive());
    // A year ahead for a moment: nothing goes that was not too old before.
    let kept = book.archive().len();
    book.advance(365 * DAY);
    book.note("in a year");
    assert_eq!(audit::tidy(&book.ctx).unwrap().removed, 1);
    assert_eq!(audit::tidy(&book.ctx).unwrap().removed, 0, "and not on the same day again");
    assert!(book.archive().len() >= kept, "{:?}", book.archive());
    // Killed after the head was written and before the file was removed: it is no fault, and goes the next time.
    let oldest = book.path("journal").join(&book.archive()[0]);
    let bytes = read(&oldest);
    book.advance(2 * DAY);
    assert!(audit::tidy(&book.ctx).unwrap().removed > 0);
    write(&oldest, bytes);
    let lines = book.verify();
    assert_eq!(lines.faults, []);
    audit::tidy(&book.ctx).unwrap();
    assert!(!oldest.exists());
}

#[test]
fn no_secret_reaches_the_journal() {
    let book = Book::new();
    // Made here, so that no credential stands in the source.
    let letters = |n: u64| char::from(b'A' + u8::try_from((n * 7 + n * n * 3 + 5) % 26).unwrap());
    let key = format!("AKIA{}7{}", (0..9).map(letters).collect::<String>(), (9..15).map(letters).collect::<String>());
    let password: String = (20..34).map(letters).map(|c| c.to_ascii_lowercase()).chain("9x4".chars()).collect();
    let url = format!("https://ann:{password}@example.org/app.git");
    let entry = Entry::new("git", "push", Outcome::Error).item(&url).reason(format!("remote said {key}\nand more"));
    let entry = entry.with("password", &password).with("list", [format!("x {key}")]).with(&key, 1).trigger(&key);
    let mut entry = entry.with("deep", serde_json::json!({"url": url}));
    entry.actor.session = Some(key.clone());
    audit::note(&book.ctx, entry);
    book.note("harmless");
    book.advance(DAY);
    audit::tidy(&book.ctx).unwrap();
    book.note("harmless");
    let all: String = [book.path("journal.jsonl"), book.path("craft.log")]
        .iter()
        .map(|p| String::from_utf8_lossy(&fs::read(p).unwrap_or_default()).into_owned())
        .chain(book.found(&Query::default()))
        .collect();
    let mut rows = Vec::new();
    journal::query(&book.ctx.layout, &Query::default(), &mut |row| {
        rows.push(String::from_utf8_lossy(row.bytes).into_owned());
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    let all = all + &rows.concat();
    assert_eq!(rows.len(), 3);
    assert!(!all.contains(&key[4..]) && !all.contains(&password), "{all}");
    assert!(rows[0].contains("https://example.org/app.git"), "what is harmless stays: {}", rows[0]);
}

#[test]
fn a_line_is_never_longer_than_what_is_promised() {
    let book = Book::new();
    audit::note(
        &book.ctx,
        Entry::new("git", "push", Outcome::Error).reason("word ".repeat(50_000)).with("a", "b ".repeat(90_000)),
    );
    book.note("next");
    assert!(book.lines()[0].len() <= LONGEST);
    assert!(book.lines()[0].contains("\"cut\":"));
    book.sound(2);
}
