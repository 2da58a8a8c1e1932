//! `craft beacon queue`: messages that wait here to go out.

use crate::audit::Outcome;
use crate::context::Context;
use crate::ops::beacon::hints::Hints;
use crate::ops::beacon::send::{self, Queued, Sent};
use crate::ops::beacon::{Place, bell, status};
use crate::ops::error::{Kind, OpError};
use crate::plain;

/// The queue, the oldest first.
///
/// # Errors
/// Where git cannot read it.
pub fn list(ctx: &Context, place: &Place) -> Result<Vec<Queued>, OpError> {
    send::queued(place, &place.git(ctx))
}

/// Takes the messages with these ids out. An id may be cut to what tells it from the others.
///
/// # Errors
/// Where an id is none of the queue's, or of several, and while another command sends; nothing is taken out then.
pub fn drop(ctx: &Context, place: &Place, ids: &[String]) -> Result<Vec<Queued>, OpError> {
    let Some(_line) = place.line(ctx)? else {
        let error = "another command is sending from here, and nobody can say what of it is out already";
        return Err(OpError::new(Kind::Busy, error).remedy("try again when it has ended"));
    };
    let _guard = place.lock(ctx)?;
    let git = place.git(ctx);
    let queued = send::queued(place, &git)?;
    let (hints, mut whole) = (Hints::of(ctx, place), Vec::new());
    for id in ids {
        let mut found = queued.iter().map(|q| &q.message.id).filter(|known| known.starts_with(id.as_str()));
        match (found.next(), found.next()) {
            (Some(known), None) if !id.is_empty() => whole.push(known.clone()),
            (Some(_), _) => {
                return Err(OpError::usage(format!("several messages begin with {}", plain::name(id)))
                    .remedy(format!("`{}` shows whole ids", hints.verb("queue"))));
            }
            (None, _) => {
                return Err(OpError::usage(format!("no message {} waits here", plain::name(id)))
                    .remedy(format!("`{}` shows what waits", hints.verb("queue"))));
            }
        }
    }
    let dropped = if whole.is_empty() { Vec::new() } else { send::unqueue(place, &git, &whole)? };
    place.note(ctx, "queue-drop", Outcome::Success, &format!("dropped {} messages", dropped.len()));
    status::keep(ctx, place, None)?;
    Ok(dropped)
}

/// Sends what waits now; and remarks on the bell.
///
/// # Errors
/// As [`send::drain`].
pub fn send(ctx: &Context, place: &Place) -> Result<(Sent, Vec<String>), OpError> {
    let sent = sent(ctx, place)?;
    // First the channel, then the bell, which keeps nobody away.
    let remarks = bell::ring_for(ctx, place, &sent);
    Ok((sent, remarks))
}

fn sent(ctx: &Context, place: &Place) -> Result<Sent, OpError> {
    let sent = send::drain(ctx, place, &place.git(ctx))?;
    let reached = match &sent.waits {
        Some(error) if error.kind == Kind::Network => Some(false),
        _ => (sent.tries > 0).then_some(true),
    };
    status::keep(ctx, place, reached)?;
    let numbers: Vec<_> = sent.messages.iter().map(|(seq, _)| format!("message {seq}")).collect();
    let (outcome, said) = match &sent.waits {
        Some(error) => (Outcome::Skipped, format!("it waits: {}", error.message)),
        None if numbers.is_empty() => (Outcome::Skipped, "nothing waited".to_owned()),
        None => (Outcome::Success, format!("sent {}", numbers.join(", "))),
    };
    place.note(ctx, "queue-send", outcome, &said);
    Ok(sent)
}
