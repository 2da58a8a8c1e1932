//! The bell: an issue on GitHub that says that something waits. It has no compare-and-swap, so nothing depends on it:
//! first the channel is moved, then the bell is rung, and who hears an old one still finds the end of the channel.

mod desk;
mod find;
mod hear;
mod ring;
mod set_up;

use self::desk::{Desk, Trouble};
pub use self::hear::{Heard, hear, overhear};
pub use self::ring::{make_up, ring, ring_for};
pub use self::set_up::set_up;
use crate::beacon::bell::Said;
use crate::clock::Millis;
use crate::context::Context;
use crate::digest;
use crate::github::{GithubError, Issue};
use crate::ops::error::Kind;

/// After it was looked for in vain, or GitHub said no, it is not looked for again so soon.
const LOOK_AGAIN: Millis = 15 * 60_000;

/// Keeps when GitHub said no for a reason that stays until somebody does something about it.
fn settle<T>(desk: &mut Desk<'_>, ended: &Result<T, Trouble>) {
    use GithubError::{Forbidden, Gone, Moved, NotFound, Unauthorized};
    match ended {
        Err(Trouble::Github(Unauthorized(_) | Forbidden(_) | NotFound | Gone | Moved(_))) => {
            desk.bell().refused_at = desk.ctx.clock.now_ms();
        }
        // No token: to look for one again starts two programs.
        Err(Trouble::Here(error)) if error.kind == Kind::Failed => {
            desk.bell().refused_at = desk.ctx.clock.now_ms();
        }
        Err(_) => {}
        Ok(_) => desk.bell().refused_at = 0,
    }
}

/// Whether something was so lately that it is not tried again unless somebody asks for it.
fn is_recent(ctx: &Context, at: Millis) -> bool {
    at > 0 && ctx.clock.now_ms().abs_diff(at) < LOOK_AGAIN
}

/// Keeps what was last seen of the issue. Its version is another one now.
fn see(desk: &mut Desk<'_>, issue: &Issue, said: &Said) {
    let known = desk.bell();
    known.url.clone_from(&issue.html_url);
    known.seen = Some(hash(issue.text()));
    known.seq = said.machine.as_ref().map(|m| m.seq);
    known.etag = None;
}

/// Says something unless it was said already.
fn once(desk: &mut Desk<'_>, key: &str, remark: String, remarks: &mut Vec<String>) {
    let told = &mut desk.bell().told;
    if !told.iter().any(|k| k == key) {
        // A handful is enough: what is older is not seen again.
        told.truncate(7);
        told.insert(0, key.to_owned());
        remarks.push(remark);
    }
}

/// It is as it should be again, so that the next time is worth a word.
fn forget(desk: &mut Desk<'_>, key: &str) {
    desk.bell().told.retain(|k| k != key);
}

fn hash(text: &str) -> String {
    digest::sha256(text.as_bytes())
}
