//! `craft beacon log`: the messages of a channel.

use std::ops::ControlFlow;

use crate::context::Context;
use crate::ops::beacon::Place;
use crate::ops::beacon::chain::{self, Link};
use crate::ops::error::OpError;

/// The newest `count` commits of the channel as they were last seen, the newest first.
///
/// # Errors
/// Where git cannot read them.
pub fn log(ctx: &Context, place: &Place, count: usize) -> Result<Vec<Link>, OpError> {
    let git = place.git(ctx);
    let mut links = Vec::new();
    // An end that is none of ours is shown as well: that is when somebody looks.
    if let Some(end) = chain::seen(place, &git)?.filter(|_| count > 0) {
        // Of what is no commit there is nothing more to show than that.
        let Ok(tip) = end.commit() else { return chain::known(place, &git).map(|_| links) };
        chain::back(place, &git, tip, |link| {
            links.push(link);
            if links.len() < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
    }
    Ok(links)
}
