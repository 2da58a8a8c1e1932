//! Whether the git program is new enough. Asked once for each program file, not once for each sync.

use serde::{Deserialize, Serialize};

use super::command::Git;
use super::porcelain;
use crate::context::Context;
use crate::state::file::{StateFile, Versioned};
use crate::state::observed::Mark;

/// The oldest git that can do what is needed: `merge-tree --write-tree` came with 2.38.
pub const MINIMUM: (u32, u32) = (2, 38);

/// The answer, with the file it was about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Known {
    version: u32,
    program: Mark,
    git: (u32, u32),
}

impl Versioned for Known {
    const VERSION: u32 = 1;
}

/// Why git cannot be used, in one sentence; `None` where it can.
#[must_use]
pub fn complaint(ctx: &Context, git: &Git<'_>) -> Option<String> {
    let file = StateFile::at(ctx.layout.git_version());
    let program = Mark::of(&ctx.git);
    let known = file.peek::<Known>().map(|l| l.value).unwrap_or_default();
    let found = if program.inode != 0 && known.program == program {
        known.git
    } else {
        let text = match git.read(["version"]).line() {
            Ok(text) => text,
            Err(error) => return Some(error.to_string()),
        };
        let Some(found) = porcelain::version(&text) else { return Some(format!("git says its version is {text:?}")) };
        let _ = file.store_cache(&Known { version: 1, program, git: found });
        found
    };
    let (major, minor) = MINIMUM;
    (found < MINIMUM).then(|| format!("git {}.{} is too old; {major}.{minor} or newer is needed", found.0, found.1))
}
