//! `craft plan evidence`: what the files that git tracks say for phases.

use crate::context::Context;
use crate::git::porcelain;
use crate::ops::error::OpError;
use crate::ops::plan::Place;
use crate::phase::evidence::{self, Evidence};

/// What speaks for phases, and what against. No file is opened.
///
/// # Errors
/// Where git cannot list the files.
pub fn evidence(ctx: &Context, place: &Place, task: &str) -> Result<Evidence, OpError> {
    let config = place.config(ctx)?;
    let git = place.git(ctx, &config);
    let listed = git.read(["ls-files", "-z", "--cached", "--deduplicate"]).run()?.stdout;
    let paths: Vec<_> = porcelain::paths(&listed).into_iter().map(|p| p.to_string_lossy().into_owned()).collect();
    Ok(evidence::evidence(&paths, task))
}
