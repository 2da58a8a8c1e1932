//! The configuration of one repository, or how a sync ends without one.

use crate::config::policy::{self, Policy};
use crate::context::Context;
use crate::locate::Location;
use crate::sync::outcome::{End, Refusal};
use crate::sync::quote;

/// Finds the enrolment of the repository at `at`.
///
/// # Errors
/// It is not enrolled, or a configuration file is broken.
pub fn find(ctx: &Context, at: &Location) -> Result<Policy, End> {
    match policy::at(&ctx.layout, at) {
        Ok(Some(policy)) => Ok(policy),
        Ok(None) => Err(End::Refused {
            kind: Refusal::NotEnrolled,
            reason: format!("{} is not enrolled", at.worktree.display()),
            command: format!("craft auto-sync enable {}", quote::path(&at.worktree)),
        }),
        Err(error) => Err(End::Refused {
            kind: Refusal::Configuration,
            reason: error.to_string(),
            command: "craft auto-sync config check".into(),
        }),
    }
}
