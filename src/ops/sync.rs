//! Running the engine for somebody who waits for it.

use serde::{Deserialize, Serialize};

use crate::config::model::Action;
use crate::context::Context;
use crate::locate::Location;
use crate::sync::outcome::{End, LeftOut, Refusal, Report};
use crate::sync::step::{Reporter, Step};

/// How `force` differs from an automatic sync.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForceOptions {
    /// Refusals of the gate that the user has seen and accepts this once.
    pub accept: Vec<Refusal>,
    /// Publish a branch the remote does not have.
    pub publish: bool,
}

/// What a sync would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Files a commit would take, at most 200 of them.
    pub files: Vec<String>,
    /// Paths a commit would leave out, and why.
    pub left_out: Vec<LeftOut>,
    /// Where it would end.
    pub end: End,
}

/// Syncs now: waits for the lock, ignores pauses and backoff, records the result.
pub fn force(
    _ctx: &Context,
    _at: &Location,
    _action: Action,
    _options: &ForceOptions,
    _reporter: &mut dyn Reporter,
) -> Report {
    todo!()
}

/// Computes what [`force`] would do. Neither working tree, index nor any ref is changed; the remote
/// is only read.
pub fn preview(_ctx: &Context, _at: &Location, _action: Action, _options: &ForceOptions) -> Preview {
    todo!()
}
