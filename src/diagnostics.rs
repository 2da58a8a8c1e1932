//! The file that tells why a hook or the worker did what it did. Nothing reads it but people.

use std::path::Path;

use crate::clock::{self, Clock};
use crate::fs::{atomic, layout::Layout, private};
use crate::plain;

/// Bytes after which the file is turned over, once, to `craft.log.1`.
const TURN_OVER: u64 = 1 << 20;

/// Writes a line; failing to is no error, since nobody could be told. In a folder that is another user's
/// nothing is written.
pub fn log(layout: &Layout, clock: &dyn Clock, who: &str, text: &str) {
    if private::check(&layout.craft()).is_err() {
        return;
    }
    let path = layout.diagnostics();
    let _ = turn_over(&path);
    let text = plain::line(text);
    let _ =
        atomic::append_line(&path, &format!("{} {who}[{}] {text}", clock::rfc3339(clock.now_ms()), std::process::id()));
}

/// Renames a text `<name>.log` that has become large to `<name>.log.1`, in place of an earlier one. Whether it did.
#[must_use]
pub fn turn_over(path: &Path) -> bool {
    let large = std::fs::metadata(path).is_ok_and(|m| m.len() > TURN_OVER);
    large && atomic::rename(path, &path.with_extension("log.1")).is_ok()
}
