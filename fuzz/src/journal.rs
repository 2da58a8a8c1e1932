//! The journal: any bytes in the place of its files are read without harm, none of them is taken away by what is
//! written next, and what is written next is found again.

use std::fs;
use std::ops::ControlFlow;

use claude_craft::audit::line::Line;
use claude_craft::audit::{Entry, Outcome, Query};
use claude_craft::fs::layout::Layout;
use claude_craft::journal;

use super::{halves, scratch};

const NOW: u64 = 1_756_728_000_000;

/// Any bytes as the file that is written to, its head, and a file that was turned over.
pub fn body(data: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = scratch("journal");
    }
    FOLDER.with(|folder| {
        let layout = Layout::at(folder.path());
        fs::create_dir_all(layout.journal_archive()).expect("a folder");
        for line in data.split(|b| *b == b'\n') {
            if let Some(line) = Line::parse(line) {
                assert!(line.seq > 0);
            }
        }
        let (head, text) = halves(data);
        for (head, text) in [(None, data), (Some(head), text)] {
            walk(&layout, head, text);
        }
    });
}

fn walk(layout: &Layout, head: Option<&[u8]>, text: &[u8]) {
    let archive = layout.journal_archive();
    for old in fs::read_dir(&archive).expect("it can be listed") {
        fs::remove_file(old.expect("a name").path()).expect("it can be removed");
    }
    let _ = fs::remove_file(layout.journal_head());
    if let Some(head) = head {
        fs::write(layout.journal_head(), head).expect("a file");
        for ending in ["jsonl", "jsonl.gz"] {
            let name = format!("000000000001-20250901T000000Z-20250901T235959Z.{ending}");
            fs::write(archive.join(name), text).expect("a file");
        }
    }
    fs::write(layout.journal(), text).expect("a file");
    let before = journal::verify(layout);
    let all = found(layout, None);
    for limit in [1, 2, 1000] {
        let newest = found(layout, Some(limit));
        assert_eq!(newest, all[all.len() - limit.min(all.len())..], "the newest are the end of all");
    }
    assert!(before.is_err() || before.is_ok_and(|v| v.lines <= text.len() as u64 * 2));
    let entry = Entry { timestamp: NOW, ..Entry::new("craft", "fuzz", Outcome::Success) };
    // A head of a newer version is not written to; numbers may have come to their end.
    let Ok(added) = journal::append(layout, &entry, NOW, &|| u64::MAX) else { return };
    let mut kept = fs::read(layout.journal()).expect("it is there");
    for old in fs::read_dir(&archive).expect("it can be listed") {
        kept.extend(fs::read(old.expect("a name").path()).expect("it can be read"));
    }
    assert!(memchr_like(&kept, text), "no byte is taken away");
    let last = found(layout, Some(1));
    assert_eq!(last, [added.seq]);
    journal::append(layout, &entry, NOW, &|| u64::MAX).expect("and another");
    assert!(journal::verify(layout).is_ok());
}

fn memchr_like(all: &[u8], part: &[u8]) -> bool {
    part.is_empty() || all.windows(part.len()).any(|w| w == part)
}

fn found(layout: &Layout, limit: Option<usize>) -> Vec<u64> {
    let mut all = Vec::new();
    journal::query(layout, &Query { limit, ..Query::default() }, &mut |row| {
        all.push(row.line.seq);
        ControlFlow::Continue(())
    })
    .expect("it can be read");
    all
}
