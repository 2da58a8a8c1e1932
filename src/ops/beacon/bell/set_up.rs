//! Setting up: the issue is found, or made.

use super::desk::{Desk, Errand, Trouble};
use super::find;
use super::hear::{Heard, told};
use super::ring::put_right;
use crate::beacon::bell::Machine;
use crate::beacon::block;
use crate::context::Context;
use crate::github::GithubError;
use crate::http::Ureq;
use crate::ops::beacon::Place;
use crate::ops::error::OpError;

/// Finds the issue, or makes it where there is none and that is granted. One that was deleted or moved away is made
/// anew: somebody asked for it.
///
/// # Errors
/// Where GitHub cannot be reached, or says no, or making it is not granted.
pub fn set_up(ctx: &Context, place: &Place) -> Result<Heard, OpError> {
    let (web, git) = (Ureq::new(&ctx.env), place.git(ctx));
    let mut desk = Desk::wait(ctx, place, &git, &web, Errand::SetUp)?;
    let ready = ready(&mut desk);
    desk.keep()?;
    ready.map_err(|trouble| desk.error(trouble))
}

fn ready(desk: &mut Desk<'_>) -> Result<Heard, Trouble> {
    desk.in_time()?;
    let mut remarks = Vec::new();
    let (number, mut former) = (desk.bell().number, None);
    if number > 0 {
        match desk.look(number, None) {
            Ok(got) => return Ok(told(desk, &got.value, got.etag, remarks)),
            Err(Trouble::Github(error @ (GithubError::Gone | GithubError::NotFound | GithubError::Moved(_)))) => {
                remarks.push(format!("{}: {error}", desk.item()));
                let repository = desk.repository.to_string();
                let fresh = crate::state::bell::Bell { repository, ..Default::default() };
                former = Some(std::mem::replace(desk.bell(), fresh));
            }
            Err(trouble) => return Err(trouble),
        }
    }
    let sought = find::seek(desk, &mut remarks);
    if let (Err(_), Some(former)) = (&sought, former) {
        // Perhaps it is only this token that may not see it any more.
        *desk.bell() = former;
    }
    let issue = match sought? {
        Some(issue) => issue,
        None => {
            let machine = Machine { channel: desk.place.channel.to_string(), ..Machine::default() };
            find::make(desk, &block::template(), &machine, &mut remarks)?
        }
    };
    put_right(desk, &issue, &mut remarks)?;
    Ok(told(desk, &issue, None, remarks))
}
