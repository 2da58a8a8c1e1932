//! Asking the permission gate, at the time of the call: the configuration is read anew, so that what was taken back
//! a moment ago counts. What is denied is written into the journal.

use crate::audit::{Entry, Outcome};
use crate::config::load;
use crate::config::policy;
use crate::context::Context;
use crate::locate::Location;
use crate::ops::audit;
use crate::permission::{Decision, Gate, Grant, Operation, Origin, Permissions, Platform, of, on};
use crate::queue::Trigger;

/// Something that may not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// What the gate said.
    pub decision: Decision,
    /// Whether that is an error, rather than something to be left.
    pub strict: bool,
}

/// What holds at a place: the user's configuration with the repository's overrides, narrowed by the project. `None`
/// where that cannot be understood; then nothing is allowed.
fn permissions(ctx: &Context, at: Option<&Location>) -> Option<Permissions> {
    if let Some(at) = at {
        match policy::at(&ctx.layout, at) {
            Ok(Some(policy)) => return Some(policy.config.permissions),
            Ok(None) => {}
            Err(_) => return None,
        }
    }
    load::load(&ctx.layout.config()).ok().map(|config| config.permissions)
}

/// Whether an operation may be done now. Nothing is written anywhere.
#[must_use]
pub fn check(
    ctx: &Context,
    at: Option<&Location>,
    platform: Platform,
    operation: Operation,
    origin: Origin,
) -> Decision {
    match permissions(ctx, at) {
        Some(permissions) => Gate::new(&permissions).decide(platform, operation, origin),
        None => unreadable(platform, operation, origin),
    }
}

fn unreadable(platform: Platform, operation: Operation, origin: Origin) -> Decision {
    let reason = "the configuration cannot be understood, see `craft auto-sync config check`".to_owned();
    Decision { platform, operation, origin, allowed: false, reason }
}

/// Lets one call on `item` pass, or says why not. What is denied is in the journal then.
///
/// # Errors
/// [`Denied`].
pub fn pass<P: on::On, O: of::Of>(
    ctx: &Context,
    at: Option<&Location>,
    origin: Origin,
    item: &str,
    trigger: Trigger,
) -> Result<Grant<P, O>, Denied> {
    let permissions = permissions(ctx, at);
    let strict = permissions.as_ref().is_some_and(|p| p.strict);
    let granted = match &permissions {
        Some(permissions) => Gate::new(permissions).pass::<P, O>(origin),
        None => Err(unreadable(P::PLATFORM, O::OPERATION, origin)),
    };
    granted.map_err(|decision| {
        note(ctx, &decision, item, trigger);
        Denied { decision, strict }
    })
}

/// Writes into the journal that something was denied.
pub fn note(ctx: &Context, denied: &Decision, item: &str, trigger: Trigger) {
    let entry = Entry::new(denied.platform.word(), denied.operation.word(), Outcome::Denied)
        .item(item)
        .reason(denied.reason.clone())
        .trigger(trigger.word())
        .with("origin", denied.origin);
    audit::note(ctx, entry);
}
