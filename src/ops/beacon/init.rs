//! `craft beacon init`: makes a working tree one side of a beacon.

use std::path::Path;

use crate::context::Context;
use crate::ops::beacon::BeaconError;

/// What is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// Name of this environment; `Code` where it is new and nothing is said.
    pub name: Option<String>,
    /// Whom its messages are for.
    pub to: Vec<String>,
    /// The channel.
    pub channel: Option<String>,
    /// Whether `.claude/prompts/*.md` shall be moved to `.claude/planning/`.
    pub migrate_prompts: bool,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Folders and files that were made, as paths from the top.
    pub made: Vec<String>,
    /// Files that were moved: from, to.
    pub moved: Vec<(String, String)>,
    /// Files that were not moved since there is one at the other end.
    pub left: Vec<String>,
    /// Name, recipients and channel as they hold now.
    pub name: String,
    /// See `name`.
    pub to: Vec<String>,
    /// See `name`.
    pub channel: String,
    /// Whether it was one side already.
    pub again: bool,
    /// What is missing for it to work, with the command that mends it.
    pub remarks: Vec<String>,
}

/// Makes folders, template and identity; a second call changes only what it says.
///
/// # Errors
/// Outside of a repository, or where a file cannot be made.
pub fn init(_ctx: &Context, _cwd: &Path, _ask: &Ask) -> Result<Made, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}
