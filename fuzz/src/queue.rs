//! Journal and requests: any bytes are an entry or none; a file that is no request is put aside whole, and
//! every request that is listed can be put back and removed, itself and nothing else.

use std::fs;
use std::path::Path;

use claude_craft::fs::layout::Layout;
use claude_craft::ops::engine::journal;
use claude_craft::queue::{self, Request};

use super::scratch;

/// Any bytes as the journal, and as a request.
pub fn body(data: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = {
            let folder = scratch("queue");
            for inner in ["git/craft", "claude/craft/queue"] {
                fs::create_dir_all(folder.path().join(inner)).expect("a folder");
            }
            folder
        };
    }
    FOLDER.with(|folder| {
        journal(&folder.path().join("git"), data);
        requests(&Layout::at(folder.path().join("claude")), data);
    });
}

fn journal(common_dir: &Path, data: &[u8]) {
    let folder = journal::folder(common_dir);
    assert_eq!(journal::read(common_dir), None);
    let file = folder.join("journal.json");
    fs::write(&file, data).expect("a file");
    if let Some(entry) = journal::read(common_dir) {
        fs::write(&file, serde_json::to_vec(&entry).expect("JSON")).expect("a file");
        assert_eq!(journal::read(common_dir), Some(entry));
    }
    journal::close(common_dir);
    assert_eq!(journal::read(common_dir), None);
}

fn requests(layout: &Layout, data: &[u8]) {
    let folder = layout.queue();
    // The id a file holds, if it holds one, is what a hook would have named it after.
    let id = serde_json::from_slice::<Request>(data).map(|r| r.id).ok();
    let id = id.filter(|i| !i.is_empty() && i.len() < 100 && !i.contains(['/', '\0']));
    let beside = layout.craft().join("beside.json");
    fs::write(&beside, b"kept").expect("a file");
    for name in ["0000000000001-2-00000003", id.as_deref().unwrap_or("0")] {
        let path = folder.join(format!("{name}.json"));
        fs::write(&path, data).expect("a file");
        let listed = queue::list(layout).expect("the folder can be listed");
        match listed.as_slice() {
            [] => {
                assert!(!path.exists());
                let aside = path.with_extension("bad");
                assert_eq!(fs::read(&aside).expect("it was put aside"), data);
                fs::remove_file(aside).expect("it is there");
            }
            [request] => {
                let again = Request { attempts: 3, ..request.clone() };
                queue::put_back(layout, &again).expect("it can be put back");
                assert_eq!(queue::list(layout).expect("the folder can be listed"), [again]);
                queue::remove(layout, &request.id).expect("it can be removed");
                assert_eq!(queue::list(layout).expect("the folder can be listed"), []);
                assert!(!path.exists(), "it would be done again and again");
                queue::push(layout, request).expect("it can be asked for again");
                assert_eq!(queue::list(layout).expect("the folder can be listed"), listed);
                queue::remove(layout, &request.id).expect("it can be removed");
            }
            more => panic!("one file, and {} requests", more.len()),
        }
    }
    assert_eq!(fs::read(&beside).expect("nothing else is touched"), b"kept");
}
