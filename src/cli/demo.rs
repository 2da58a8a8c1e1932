//! `craft demo`: to come.

use std::process::ExitCode;

use super::error::CommandError;
use super::ui::Ui;
use crate::env::Env;

/// Plays two machines' sessions.
#[must_use]
pub fn run(env: &Env) -> ExitCode {
    ExitCode::from(Ui::default().fail(env, &CommandError::failed("the demo is not part of this build")))
}
