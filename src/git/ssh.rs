//! What the user's ssh makes of the name of a host (ssh_config(5)).

use std::path::Path;
use std::time::Duration;

use super::process::{self, words};
use crate::context::Context;

/// It reads a file or two, and may run what `Match exec` says.
const PATIENCE: Duration = Duration::from_secs(5);

/// The host that a name stands for in the user's configuration of ssh, in lower case: people with two accounts at one
/// host give it two names. `None` where ssh is not there, or says nothing.
#[must_use]
pub fn host(ctx: &Context, name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with('-') || !name.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let program = ctx.program(Path::new("ssh"))?;
    let environment: Vec<_> = ctx.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let arguments = words(["-G", name]);
    let text = process::told_outside(&program, &arguments, &environment, PATIENCE)?;
    let host = text.lines().find_map(|line| line.strip_prefix("hostname "))?.trim().to_ascii_lowercase();
    (!host.is_empty()).then_some(host)
}
