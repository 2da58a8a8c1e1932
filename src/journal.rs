//! The journal's files.

use crate::audit::Entry;
use crate::fs::layout::Layout;
use crate::fs::{FsError, atomic};

/// Adds an entry.
///
/// # Errors
/// Where it cannot be written.
pub fn append(layout: &Layout, entry: &Entry) -> Result<(), FsError> {
    let line = serde_json::to_string(entry).unwrap_or_default();
    atomic::append_line(&layout.journal(), &line)
}
