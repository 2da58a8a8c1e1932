//! Walking the chain from its beginning to its end.

use super::files::{self, Shelf};
use super::head::{self, Head, Held};
use super::lines::Forward;
use crate::audit::chain::{Chain, Verdict};
use crate::fs::FsError;
use crate::fs::layout::Layout;

/// Whether all lines are as they were written. Nothing is changed.
///
/// # Errors
/// Where a file cannot be listed or opened; one that cannot be read to its end is a fault.
pub fn verify(layout: &Layout) -> Result<Verdict, FsError> {
    let (head, shelf) = look(layout)?;
    let mut chain = Chain::new(head.as_ref().map(|h| h.base));
    let mut last = files::name(&layout.journal());
    for file in &shelf.archived {
        let mut lines = match file.open() {
            // Too old, and removed since it was listed.
            Err(e) if e.source.kind() == std::io::ErrorKind::NotFound && too_old(layout, file.first) => continue,
            from => Forward::new(from?),
        };
        last = file.name();
        feed(&mut chain, &mut lines, &last);
    }
    if let Some((file, size)) = &shelf.active {
        last = files::name(&layout.journal());
        let mut lines = Forward::new(std::io::Read::take(file, *size));
        feed(&mut chain, &mut lines, &last);
    }
    Ok(chain.finish(head.map(|h| h.last), &last))
}

/// Head and files as they are between two lines, so that one that is being written is no fault.
fn look(layout: &Layout) -> Result<(Option<Head>, Shelf), FsError> {
    let path = layout.journal_head();
    if !path.exists() {
        return Ok((None, Shelf::look(layout)?));
    }
    let held = Held::take(layout)?;
    let head = held.read()?;
    Ok((head, Shelf::look(layout)?))
}

fn too_old(layout: &Layout, first: u64) -> bool {
    head::peek(layout).is_some_and(|head| first <= head.base.seq)
}

fn feed<R: std::io::Read>(chain: &mut Chain, lines: &mut Forward<R>, name: &str) {
    let mut number = 0;
    loop {
        match lines.next() {
            Ok(Some(piece)) => {
                number += 1;
                // What a writer that was killed left is ended by the next one; until then it is none.
                if piece.whole {
                    chain.feed(name, number, piece.bytes);
                }
            }
            Ok(None) => return,
            Err(e) => return chain.unreadable(name, e.to_string()),
        }
    }
}
