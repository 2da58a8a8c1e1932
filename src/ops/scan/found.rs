//! What the last scan that found something found, so that it can be let pass by its fingerprint.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::context::Context;
use crate::fs::layout::repo_key;
use crate::locate::Location;
use crate::state::file::{StateFile, Versioned};
use crate::sync::outcome::Spotted;

/// How many are kept.
const KEPT: usize = 200;

/// `findings.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Last {
    version: u32,
    at: Millis,
    findings: Vec<Spotted>,
}

impl Versioned for Last {
    const VERSION: u32 = 1;
}

fn file(ctx: &Context, at: &Location) -> StateFile {
    StateFile::at(ctx.layout.repo(&repo_key(&at.common_dir)).findings())
}

/// Notes what was found. That it cannot be noted is told to nobody: it can be found again.
pub(crate) fn keep(ctx: &Context, at: &Location, findings: &[Spotted]) {
    let findings = findings.iter().take(KEPT).cloned().collect();
    let _ = file(ctx, at).store_cache(&Last { version: 1, at: ctx.clock.now_ms(), findings });
}

/// What was noted last.
pub(crate) fn last(ctx: &Context, at: &Location) -> Vec<Spotted> {
    file(ctx, at).peek::<Last>().map(|l| l.value.findings).unwrap_or_default()
}
