//! Taking out of a settings file exactly what was put in, wherever the user has moved it since.

use serde_json::Value;

use super::merge::{Entry, command, way};
use crate::json::document::{Document, Fault, Step};

/// A file without our entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The file's text.
    pub text: String,
    /// Containers that were made by us and are still in use.
    pub created: Vec<Vec<String>>,
}

/// Takes `entries` out of the text, puts back what they took the place of, and removes those of the
/// containers `created` that are empty now. What is not there any more is no error.
///
/// # Errors
/// Where the text is no strict JSON.
pub fn take_out(text: &str, entries: &[Entry], created: &[Vec<String>]) -> Result<Removed, Fault> {
    let mut doc = Document::parse(text)?;
    for item in entries {
        entry(&mut doc, item)?;
    }
    let mut created = created.to_vec();
    prune(&mut doc, &mut created)?;
    Ok(Removed { text: doc.text(), created })
}

/// Takes one entry out.
///
/// # Errors
/// None in practice: only what was found is cut.
pub fn entry(doc: &mut Document, entry: &Entry) -> Result<(), Fault> {
    match entry {
        Entry::Hook { event, handler, .. } => {
            // A copy that the user has made of it would run a program that is gone.
            while let Some(at) = find_hook(doc, event, handler) {
                let (group, list) = (&at[..at.len() - 2], &at[..at.len() - 1]);
                let alone = doc.get(list).and_then(|l| l.as_array().map(Vec::len)) == Some(1);
                doc.remove(if alone { group } else { &at })?;
            }
            Ok(())
        }
        Entry::Item { path, value } => {
            let list = doc.get(&way(path)).unwrap_or_default();
            let Some(index) = list.as_array().and_then(|l| l.iter().position(|v| v == value)) else { return Ok(()) };
            let mut at = way(path);
            at.push(index.into());
            doc.remove(&at)
        }
        Entry::Single { path, value, former } => {
            let at = way(path);
            match (doc.get(&at), former) {
                (Some(there), Some(former)) if is_ours(&there, value) => doc.replace_raw(&at, former),
                (Some(there), None) if is_ours(&there, value) => doc.remove(&at),
                _ => Ok(()),
            }
        }
    }
}

/// Removes containers of ours that are empty, and forgets those that are gone.
///
/// # Errors
/// As [`entry`].
pub fn prune(doc: &mut Document, created: &mut Vec<Vec<String>>) -> Result<(), Fault> {
    let mut inner_first: Vec<_> = created.iter().map(|path| way(path)).collect();
    inner_first.sort_by_key(|way| std::cmp::Reverse(way.len()));
    for way in inner_first {
        match doc.get(&way) {
            Some(Value::Array(list)) if list.is_empty() => doc.remove(&way)?,
            Some(Value::Object(map)) if map.is_empty() => doc.remove(&way)?,
            _ => {}
        }
    }
    created.retain(|path| doc.raw(&way(path)).is_some());
    Ok(())
}

/// Whether `there` is the value we put in, as it was or as the user changed it: the command tells.
#[must_use]
pub fn is_ours(there: &Value, put_in: &Value) -> bool {
    there == put_in || (!command(put_in).is_empty() && command(there) == command(put_in))
}

/// Where the handler stands: as it was put in or with the same command, under its event or another.
#[must_use]
pub fn find_hook(doc: &Document, event: &str, handler: &Value) -> Option<Vec<Step>> {
    let hooks = doc.get(&["hooks".into()])?;
    let mut best: Option<(u8, Vec<Step>)> = None;
    for (name, groups) in hooks.as_object()? {
        for (at, group) in groups.as_array().into_iter().flatten().enumerate() {
            let handlers = group.get("hooks").and_then(Value::as_array);
            for (index, there) in handlers.into_iter().flatten().enumerate() {
                if !is_ours(there, handler) {
                    continue;
                }
                let rank = 2 * u8::from(name != event) + u8::from(there != handler);
                if best.as_ref().is_none_or(|(r, _)| rank < *r) {
                    let way = vec!["hooks".into(), name.as_str().into(), at.into(), "hooks".into(), index.into()];
                    best = Some((rank, way));
                }
            }
        }
    }
    best.map(|(_, way)| way)
}
