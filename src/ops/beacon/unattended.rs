//! What nobody stands by is tried again and again, each time in vain for the same reason: that is in the journal once, and
//! once more after it went well in between.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::ops::beacon::Place;
use crate::ops::permit::{self, Denied};
use crate::permission::{Grant, Operation, Origin, Platform, of, on};
use crate::plain;
use crate::state::file::{StateFile, Versioned};

/// Characters of a reason that are kept and compared.
const REASON: usize = 300;
/// Reasons that are kept; there are a few for each channel.
const MOST: usize = 100;

/// `beacon-told.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Told {
    version: u32,
    /// The last reason, by channel and what was tried.
    reasons: BTreeMap<String, String>,
}

impl Versioned for Told {
    const VERSION: u32 = 1;
}

fn file(ctx: &Context, place: &Place) -> (StateFile, Told) {
    let file = StateFile::at(place.files(ctx).beacon_told());
    // Where it cannot be read the journal has a line too many.
    let told = file.peek::<Told>().map(|loaded| loaded.value).unwrap_or_default();
    (file, told)
}

/// Whether `what` failed for another reason than the last time; that is remembered.
pub(super) fn is_new(ctx: &Context, place: &Place, what: &str, why: &str) -> bool {
    let (file, mut told) = file(ctx, place);
    let (key, why) = (format!("{} {what}", place.channel), plain::cut(why, REASON));
    if told.reasons.get(&key) == Some(&why) {
        return false;
    }
    if told.reasons.len() >= MOST {
        told.reasons.clear();
    }
    told.reasons.insert(key, why);
    let _ = file.store_cache(&Told { version: 1, ..told });
    true
}

/// Notes that `what` went well.
pub(super) fn went_well(ctx: &Context, place: &Place, what: &str) {
    let (file, mut told) = file(ctx, place);
    if told.reasons.remove(&format!("{} {what}", place.channel)).is_some() {
        let _ = file.store_cache(&told);
    }
}

/// Whether the permission gate would let it pass now. Nothing is written.
pub(super) fn allowed(ctx: &Context, place: &Place, operation: Operation) -> bool {
    denied(ctx, place, operation).is_none()
}

/// Why the permission gate would not, as a sentence.
pub(super) fn denied(ctx: &Context, place: &Place, operation: Operation) -> Option<String> {
    let decision = permit::check(ctx, Some(&place.at), Platform::Beacon, operation, Origin::Internal);
    (!decision.allowed).then(|| decision.sentence())
}

/// Lets one call on `item` pass, or says why not; what is denied is in the journal, once where nobody stands by.
pub(super) fn pass<P: on::On, O: of::Of>(ctx: &Context, place: &Place, item: &str) -> Result<Grant<P, O>, Denied> {
    if place.unattended {
        let decision = permit::check(ctx, Some(&place.at), P::PLATFORM, O::OPERATION, Origin::Internal);
        let what = format!("{} {} allowed", P::PLATFORM.word(), O::OPERATION.word());
        if decision.allowed {
            went_well(ctx, place, &what);
        } else if !is_new(ctx, place, &what, &decision.reason) {
            return Err(Denied { decision, strict: false });
        }
    }
    permit::pass(ctx, Some(&place.at), Origin::Internal, item, place.trigger)
}
