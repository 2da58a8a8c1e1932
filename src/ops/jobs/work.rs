//! What each job does.

use std::fmt::Display;

use super::recovery;
use crate::context::Context;
use crate::ops::{audit, beacon, notifications};
use crate::schedule::{Ended, Kind};
use crate::sync::step::Reporter;
use crate::sync::tell::{self, counted};

/// Does the work of a job; `heard` hears of syncs that are part of it.
pub(super) fn run(ctx: &Context, kind: Kind, heard: &mut dyn Reporter) -> Ended {
    let outcome = match kind {
        Kind::ExternalSync | Kind::ExternalPull => return missing("no tracker can be connected yet"),
        Kind::DiscrepancyCheck => return missing("nothing compares code and documents yet"),
        Kind::LivingDocsSync => return missing("nothing generates documents yet"),
        Kind::BeaconWatch => return ended(beacon::watch::all(ctx)),
        Kind::NotificationCleanup => notifications::cleanup(ctx).map(|cleaned| match cleaned.removed {
            0 => "no notification is old enough to go".to_owned(),
            count => format!("removed {}", counted(count, "old notification")),
        }),
        Kind::LogRotation => audit::tidy(ctx).map(|tidied| rotated(&tidied)),
        Kind::AutoSyncRecovery => recovery::run(ctx, heard).map(|found| found.summary()),
    };
    ended(outcome)
}

fn ended(outcome: Result<String, impl Display>) -> Ended {
    match outcome {
        Ok(said) => Ended::Success(tell::clean(&said)),
        Err(error) => Ended::Failed(tell::clean(&error.to_string())),
    }
}

fn missing(why: &str) -> Ended {
    Ended::NotAvailable(why.to_owned())
}

fn rotated(tidied: &audit::Tidied) -> String {
    let parts = [(tidied.turned_over, "turned over"), (tidied.compressed, "compressed"), (tidied.removed, "removed")];
    let done: Vec<_> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what} {}", counted(*n, "file"))).collect();
    match (done.is_empty(), tidied.bytes) {
        (true, _) => "no log is old or large enough".to_owned(),
        (false, 0) => done.join(", "),
        (false, bytes) => format!("{}; {} KiB freed", done.join(", "), bytes.div_ceil(1024)),
    }
}
