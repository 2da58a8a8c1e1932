//! Finding lines of the journal, following it, exporting it, and what hooks leave in it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use claude_craft::audit::line::Line;
use claude_craft::audit::{Entry, Outcome, Query};
use claude_craft::journal::{self, Follow};
use claude_craft::ops::audit;
use claude_craft::state::held;
use serde_json::Value;

use super::common::{Pair, read, write};
use super::journal::{Book, DAY, HOUR, NOW};

/// Three days with four entries each: packed, turned over, and today's.
fn three_days() -> Book {
    let book = Book::new();
    for day in 0..3 {
        for n in 0..4 {
            let result = [Outcome::Success, Outcome::Error, Outcome::Skipped, Outcome::Denied][n];
            let platform = if n == 3 { "github" } else { "git" };
            let operation = if n == 0 { "pull" } else { "push" };
            let entry = Entry::new(platform, operation, result).reason(format!("{day}.{n}"));
            audit::note(&book.ctx, entry.trigger(if n % 2 == 0 { "manual" } else { "job" }));
            book.advance(HOUR);
        }
        if day == 0 {
            book.advance(DAY - 4 * HOUR);
            audit::tidy(&book.ctx).unwrap();
        } else if day == 1 {
            book.advance(DAY - 4 * HOUR);
        }
    }
    assert_eq!(book.archive().iter().map(|n| n.ends_with(".gz")).collect::<Vec<_>>(), [true, false]);
    book
}

#[test]
fn a_query_finds_what_it_asks_for_across_all_files_in_order_and_of_those_the_newest() {
    let book = three_days();
    let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let all = Query::default();
    let everything = ["0.0", "0.1", "0.2", "0.3", "1.0", "1.1", "1.2", "1.3", "2.0", "2.1", "2.2", "2.3"];
    assert_eq!(book.found(&all), everything);
    for limit in 0..=13 {
        let found = book.found(&Query { limit: Some(limit), ..all.clone() });
        assert_eq!(found, everything[12 - limit.min(12)..], "limit {limit}");
    }
    let some = |query: Query| book.found(&query);
    assert_eq!(some(Query { platforms: words(&["github"]), ..all.clone() }), ["0.3", "1.3", "2.3"]);
    assert_eq!(some(Query { platforms: words(&["github"]), limit: Some(2), ..all.clone() }), ["1.3", "2.3"]);
    assert_eq!(some(Query { operations: words(&["pull"]), limit: Some(2), ..all.clone() }), ["1.0", "2.0"]);
    assert_eq!(some(Query { triggers: words(&["manual"]), limit: Some(3), ..all.clone() }), ["1.2", "2.0", "2.2"]);
    let ends = vec![Outcome::Error, Outcome::Denied];
    assert_eq!(some(Query { results: ends, limit: Some(3), ..all.clone() }), ["1.3", "2.1", "2.3"]);
    // A word that stands elsewhere in a line, and one that JSON writes with a backslash.
    assert_eq!(some(Query { operations: words(&["manual"]), ..all.clone() }), [""; 0]);
    audit::note(&book.ctx, Entry::new("git", "a \"b\"", Outcome::Success).reason("odd"));
    assert_eq!(some(Query { operations: words(&["a \"b\""]), ..all.clone() }), ["odd"]);
    let everything: Vec<_> = everything.into_iter().chain(["odd"]).collect();
    assert_eq!(some(Query { limit: Some(13), ..all.clone() }), everything);
    let range = |since, until| Query { since: Some(since), until: Some(until), ..all.clone() };
    assert_eq!(some(range(NOW + 2 * HOUR, NOW + DAY)), ["0.2", "0.3", "1.0"], "both ends are part of it");
    assert_eq!(some(range(NOW + 2 * HOUR + 1, NOW + DAY - 1)), ["0.3"]);
    assert_eq!(some(Query { limit: Some(2), ..range(NOW, NOW + DAY) }), ["0.3", "1.0"]);
    assert_eq!(some(range(0, NOW - 1)), [""; 0]);
    // Files whose names say that nothing in them is meant are not even opened.
    for name in book.archive() {
        write(book.path("journal").join(name), "no journal");
    }
    let today = Query { since: Some(NOW + 2 * DAY), ..all.clone() };
    assert_eq!(some(today.clone()), ["2.0", "2.1", "2.2", "2.3", "odd"]);
    let passed = journal::query(&book.ctx.layout, &today, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert_eq!(passed.damaged, 0);
    assert_eq!(some(Query { limit: Some(5), ..all }), ["2.0", "2.1", "2.2", "2.3", "odd"]);
}

#[test]
fn a_damaged_line_is_counted_and_passed_over() {
    let book = Book::new();
    book.note("one");
    let text = [read(book.path("journal.jsonl")), b"\n{}\n\xff\xfe\n".to_vec()].concat();
    write(book.path("journal.jsonl"), text);
    book.note("two");
    let mut found = 0;
    let passed = journal::query(&book.ctx.layout, &Query::default(), &mut |_| {
        found += 1;
        std::ops::ControlFlow::Continue(())
    });
    assert_eq!((found, passed.unwrap().damaged), (2, 3));
}

#[test]
fn who_follows_sees_every_line_once_across_files_that_are_turned_over_and_packed() {
    let book = Book::new();
    book.note("before");
    let mut follow = Follow::new(&book.ctx.layout).unwrap();
    let mut seen = || {
        let mut all = Vec::new();
        follow.poll(&mut |row| all.push(row.line.entry.reason.unwrap())).unwrap();
        all
    };
    assert_eq!(seen(), [""; 0]);
    book.note("one");
    book.note("two");
    assert_eq!(seen(), ["one", "two"]);
    book.note("three");
    for day in ["four", "five", "six"] {
        book.advance(DAY);
        book.note(day);
    }
    audit::tidy(&book.ctx).unwrap();
    assert_eq!(seen(), ["three", "four", "five", "six"]);
    assert_eq!(seen(), [""; 0]);
    // A line is given when it is whole.
    let line = read(book.path("journal.jsonl"));
    let last = line.split(|b| *b == b'\n').rev().nth(1).unwrap().to_vec();
    let next = String::from_utf8(last).unwrap().replace("\"seq\":7", "\"seq\":8").replace("six", "seven");
    write(book.path("journal.jsonl"), [line.as_slice(), &next.as_bytes()[..80]].concat());
    assert_eq!(seen(), [""; 0]);
    // Written over in place, it is still the same file.
    fs::OpenOptions::new()
        .append(true)
        .open(book.path("journal.jsonl"))
        .and_then(|mut f| std::io::Write::write_all(&mut f, &[&next.as_bytes()[80..], b"\n"].concat()))
        .unwrap();
    assert_eq!(seen(), ["seven"]);
}

#[test]
fn following_begins_where_there_is_no_journal_yet() {
    let book = Book::new();
    let mut follow = Follow::new(&book.ctx.layout).unwrap();
    book.note("first");
    let mut all = Vec::new();
    follow.poll(&mut |row| all.push(row.line.seq)).unwrap();
    assert_eq!(all, [1]);
}

#[test]
fn hooks_that_hold_a_session_are_measured_and_those_that_do_not_are_not() {
    let pair = Pair::enrolled();
    pair.configure(serde_json::json!({"autoSync": {"triggers": {"userPrompt": {"probability": 1_000_000}}}}));
    pair.session_start(&pair.a, "s1");
    pair.wait_for_worker(&pair.a);
    pair.prompt(&pair.a, "s1");
    pair.session_end(&pair.a, "s1");
    pair.wait_for_worker(&pair.a);
    pair.configure(serde_json::json!({"autoSync": {"triggers": {"userPrompt": {"probability": 1, "debounceMs": 0}}}}));
    pair.prompt(&pair.a, "s2");
    pair.wait_for_worker(&pair.a);
    // Whatever its worker came too early for is taken by the next one.
    pair.session_end(&pair.a, "s2");
    pair.wait_for_worker(&pair.a);
    let log = fs::read_to_string(pair.craft_dir().join("log/journal.jsonl")).unwrap();
    let lines = log.lines().map(|l| Line::parse(l.as_bytes()).unwrap().entry);
    let held: Vec<_> = lines
        .filter(|e| e.operation == "hook")
        .map(|e| (e.platform, e.actor.trigger, e.actor.session.unwrap(), e.item.unwrap(), e.duration_ms.is_some()))
        .collect();
    let of = |trigger: &str, session: &str| {
        let item = pair.a.display().to_string();
        ("craft".to_owned(), trigger.to_owned(), session.to_owned(), item, true)
    };
    assert_eq!(held, [of("session-start", "s1"), of("user-prompt", "s2")]);
    let layout = claude_craft::fs::layout::Layout::at(pair.home().join(".claude"));
    assert_eq!(held::take(&layout).unwrap(), [], "each line is taken once");
    let metrics: Value = serde_json::from_str(&pair.craft(&pair.a, &["metrics", "--json"]).ok().stdout).unwrap();
    assert_eq!(metrics["windows"][0]["interruptionMs"]["count"], 2);
    assert!(metrics["windows"][0]["syncs"].as_u64() >= Some(3), "{metrics}");
    assert!(pair.craft(&pair.a, &["logs", "verify"]).ok().stdout.starts_with("ok: "));
}

#[test]
fn the_command_follows_until_it_is_stopped() {
    let pair = Pair::enrolled();
    pair.force("sync").done();
    let mut command = pair.command(env!("CARGO_BIN_EXE_craft"), &pair.a);
    command.args(["logs", "--follow", "--json", "--operation", "sync"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
    let next = || {
        let line = told.recv_timeout(std::time::Duration::from_secs(60)).expect("a line in time");
        serde_json::from_str::<Value>(&line).unwrap()
    };
    let first = next();
    assert_eq!(first["operation"], "sync");
    write(pair.a.join("new.txt"), "new\n");
    pair.force("sync").done();
    let second = next();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(second["seq"].as_u64() > first["seq"].as_u64(), "{second}");
    assert_eq!(second["changes"]["files"], 1);
}
