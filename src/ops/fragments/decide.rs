//! What a settings file and its record become. Decides only; nothing is read or written here.

use super::record::{AppliedFragment, FileRecord, Print};
use super::{FragmentsError, Scene};
use crate::clock;
use crate::json::document::{Document, Fault};
use crate::settings::check::{self, Findings};
use crate::settings::fragment::{self, Values};
use crate::settings::merge::put_in;
use crate::settings::remove::take_out;

/// What a settings file is to become.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// Its bytes; `None` for no file.
    pub bytes: Option<Vec<u8>>,
    /// What is known of it then.
    pub record: FileRecord,
    /// Whether the record has to know of it before the file is changed.
    pub note_first: bool,
    /// Whether it becomes what it was before our first change, byte for byte.
    pub exact: bool,
    /// What the client may pass over.
    pub warnings: Vec<Fault>,
}

/// Puts fragments in.
pub(super) fn apply(scene: &Scene<'_>, names: &[&str], values: &Values) -> Result<Plan, FragmentsError> {
    let (found, now) = (scene.bytes.unwrap_or_default(), scene.now);
    let broken = |fault| FragmentsError::Broken { path: scene.file.to_owned(), fault };
    let doc = Document::from_bytes(found).map_err(broken)?;
    refuse(scene, check::check(&doc))?;
    // A file that the user removed takes what was noted of it along.
    let mut record = scene.record.filter(|_| scene.bytes.is_some()).cloned().unwrap_or_default();
    let print = Some(Print::of(found));
    let first = record.fragments.is_empty();
    if first {
        record = FileRecord { made_file: scene.bytes.is_none(), made_folder: scene.no_folder, exact: true, ..record };
        record.before = print.filter(|_| scene.bytes.is_some());
    } else if print != record.after && print != record.before {
        record.exact = false;
    }
    let mut text = doc.text();
    for name in names {
        let filled = fragment::find(name)?.filled(values)?;
        let former = record.fragments.get(*name).cloned().unwrap_or_default();
        let merged = put_in(&text, &filled, &former.entries, &record.created).map_err(broken)?;
        record.exact &= !merged.adopted;
        record.created = merged.created;
        let applied =
            if text == merged.text && !former.applied.is_empty() { former.applied } else { clock::rfc3339(now) };
        record.fragments.insert((*name).to_owned(), AppliedFragment { applied, entries: merged.entries });
        text = merged.text;
    }
    let after = Document::parse(&text).map_err(broken)?;
    let warnings = refuse(scene, check::check(&after))?;
    record.after = Some(Print::of(text.as_bytes()));
    Ok(Plan { bytes: Some(text.into_bytes()), record, note_first: true, exact: false, warnings })
}

/// Takes fragments out.
pub(super) fn remove(scene: &Scene<'_>, names: &[&str]) -> Result<Plan, FragmentsError> {
    let broken = |fault| FragmentsError::Broken { path: scene.file.to_owned(), fault };
    let unchanged = |record: FileRecord| Plan {
        bytes: scene.bytes.map(<[u8]>::to_vec),
        record,
        note_first: false,
        exact: false,
        warnings: Vec::new(),
    };
    let Some(before) = scene.record else { return Ok(unchanged(FileRecord::default())) };
    let mut record = before.clone();
    record.fragments.retain(|name, _| !names.contains(&name.as_str()));
    let gone: Vec<_> = before.fragments.iter().filter(|(name, _)| !record.fragments.contains_key(*name)).collect();
    let Some(found) = scene.bytes.filter(|_| !gone.is_empty()) else { return Ok(unchanged(record)) };
    let last = record.fragments.is_empty();
    // A file that has become a link since is more than what we made.
    let made_file = record.made_file && !scene.link;
    if last && record.exact && record.after == Some(Print::of(found)) {
        if made_file {
            return Ok(Plan { bytes: None, exact: true, ..unchanged(record) });
        }
        let original = scene.original.filter(|bytes| record.before == Some(Print::of(bytes)));
        if let Some(bytes) = original {
            return Ok(Plan { bytes: Some(bytes.to_vec()), exact: true, ..unchanged(record) });
        }
    }
    let mut text = Document::from_bytes(found).map_err(broken)?.text();
    for (_, fragment) in gone {
        let out = take_out(&text, &fragment.entries, &record.created).map_err(broken)?;
        (text, record.created) = (out.text, out.created);
    }
    record.exact &= record.after == Some(Print::of(found));
    record.after = Some(Print::of(text.as_bytes()));
    let empty = Document::parse(&text).map_err(broken)?.value().as_object().is_some_and(|o| o.is_empty());
    if last && made_file && empty {
        return Ok(Plan { bytes: None, exact: true, ..unchanged(record) });
    }
    let exact = last && record.before == record.after;
    Ok(Plan { bytes: Some(text.into_bytes()), exact, ..unchanged(record) })
}

/// The client would leave the whole file out, so there is no use in writing it.
fn refuse(scene: &Scene<'_>, found: Findings) -> Result<Vec<Fault>, FragmentsError> {
    let more = found.errors.len().saturating_sub(1);
    match found.errors.into_iter().next() {
        Some(fault) => Err(FragmentsError::Refused { path: scene.file.to_owned(), fault, more }),
        None => Ok(found.warnings),
    }
}
