//! The commits that put what waits onto the end of a channel.

use crate::beacon::manifest::{BLOCK, FILE, Manifest, Receipt};
use crate::beacon::outlook;
use crate::git::command::{Git, GitError};
use crate::ops::beacon::Place;
use crate::ops::beacon::chain::{self, Tip};
use crate::ops::beacon::make::{self, By};
use crate::ops::beacon::queue::{self, Item};
use crate::ops::error::OpError;
use crate::plain;

/// Longest subject of a commit, in characters.
const SUBJECT: usize = 100;

/// Puts the receipt and the queue onto the end of the channel; the new end.
pub(super) fn build(
    place: &Place,
    git: &Git<'_>,
    tip: Option<&Tip>,
    items: &[Item],
    receipt: Option<Receipt>,
) -> Result<(String, Manifest), OpError> {
    // A channel that is gone on the remote goes on with its numbers, and not with its commits: somebody may
    // have had a reason to take them away.
    let former = if tip.is_some() { None } else { chain::known(place, git)? };
    let mut end = tip.or(former.as_ref()).map(|t| t.manifest.clone());
    let mut waiting = tip.map_or(Ok(Vec::new()), |tip| chain::waiting(place, git, tip))?;
    let mut steps: Vec<(Manifest, String, Option<make::Entry<'_>>, String)> = Vec::new();
    let receipt = receipt.map(|r| (format!("beacon: received {}", r.seq), None, Err(r)));
    let messages = items.iter().map(|item| {
        let message = item.queued.message.clone();
        let note = plain::cut(&plain::line(&message.note), SUBJECT);
        (format!("beacon: {note}"), queue::entry(item), Ok(message))
    });
    for (subject, files, what) in receipt.into_iter().chain(messages) {
        let next = match what {
            Ok(message) => {
                let next = Manifest::with_message(end.as_ref(), place.channel.as_str(), message.clone());
                waiting.insert(0, (next.seq, message));
                next
            }
            Err(receipt) => Manifest::with_receipt(end.as_ref(), place.channel.as_str(), receipt),
        };
        let left = waiting.iter().filter(|(seq, m)| outlook::waits(&next, *seq, m)).map(|(_, m)| m);
        steps.push((next.clone(), outlook::text(&outlook::block(left)), files, subject));
        end = Some(next);
    }
    let mut contents = Vec::new();
    for (manifest, ..) in &steps {
        let bytes = serde_json::to_vec_pretty(manifest).map_err(|e| OpError::refused(e.to_string()))?;
        // Numbers and tables of others are carried on: what nobody could read would be the end of the channel.
        if let Err(why) = chain::understood(place, &bytes) {
            let error = format!("nobody could read what comes next on channel {}: {why}", place.channel);
            return Err(OpError::refused(error).remedy(chain::ANOTHER));
        }
        contents.push(bytes);
    }
    contents.extend(steps.iter().map(|(_, block, ..)| block.clone().into_bytes()));
    let blobs = make::blobs(git, &contents.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    let (manifests, blocks) = blobs.split_at(steps.len());
    let trees: Vec<Vec<make::Entry<'_>>> = steps
        .iter()
        .zip(manifests.iter().zip(blocks))
        .map(|((_, _, files, _), (manifest, block))| {
            let own: [make::Entry<'_>; 2] = [("100644", manifest, FILE), ("100644", block, BLOCK)];
            own.into_iter().chain(*files).collect()
        })
        .collect();
    let by = By::User { sign: signs(place, git)? };
    let mut parent = tip.map(|t| t.commit.clone());
    for (tree, (_, _, _, subject)) in make::trees(git, &trees)?.iter().zip(&steps) {
        parent = Some(make::commit(git, tree, parent.as_deref(), subject, by).map_err(|e| match &e.remedy {
            None => OpError { remedy: Some("see that `git commit` works here".into()), ..e },
            Some(_) => e,
        })?);
    }
    match (parent, end) {
        (Some(commit), Some(manifest)) => Ok((commit, manifest)),
        _ => Err(OpError::refused("there is nothing to send")),
    }
}

/// Whether messages are signed.
fn signs(place: &Place, git: &Git<'_>) -> Result<bool, GitError> {
    let asked = git.read(["config", "--type=bool", "--get", "commit.gpgSign"]).answer()?;
    Ok(place.config.beacon.require_signature || asked.as_deref() == Some("true"))
}
