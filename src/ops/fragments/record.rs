//! What was put into which settings file: `craft/settings/applied.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::FragmentsError;
use crate::clock::Millis;
use crate::context::Context;
use crate::fs::layout::fnv1a;
use crate::settings::merge::Entry;
use crate::state::file::{Problem, StateFile, Versioned};

/// The document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Record {
    /// See `docs/formats.md`.
    pub version: u32,
    /// By the absolute path of the settings file.
    pub files: BTreeMap<String, FileRecord>,
}

impl Versioned for Record {
    const VERSION: u32 = 1;
}

/// What was done to one settings file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FileRecord {
    /// There was no file before.
    pub made_file: bool,
    /// There was not even its folder.
    pub made_folder: bool,
    /// Whether nobody else has changed the file since our first change, as far as our last one saw.
    pub exact: bool,
    /// The bytes before our first change; they are kept under `originals`.
    pub before: Option<Print>,
    /// The bytes after our last change.
    pub after: Option<Print>,
    /// Objects and lists that are there only because of us.
    pub created: Vec<Vec<String>>,
    /// By name.
    pub fragments: BTreeMap<String, AppliedFragment>,
}

/// One fragment that was put in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AppliedFragment {
    /// When it was last changed, RFC 3339.
    pub applied: String,
    /// What was put in.
    pub entries: Vec<Entry>,
}

/// Enough to tell whether bytes are the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print {
    /// How many.
    pub bytes: usize,
    /// Their FNV-1a hash of 64 bits, hexadecimal.
    pub fnv1a: String,
}

impl Print {
    /// The print of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len(), fnv1a: format!("{:016x}", fnv1a(bytes)) }
    }
}

impl Record {
    /// Reads the record without changing anything.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn peek(ctx: &Context) -> Result<Self, FragmentsError> {
        Ok(file(ctx).peek::<Self>()?.value)
    }

    /// Reads the record in order to change it.
    ///
    /// # Errors
    /// Where it cannot be read, or a newer program wrote it.
    pub fn load(ctx: &Context, now: Millis) -> Result<Self, FragmentsError> {
        let file = file(ctx);
        let loaded = file.load::<Self>(now)?;
        match loaded.problem {
            Some(Problem::Newer { version }) => Err(FragmentsError::Newer { path: file.path().to_owned(), version }),
            // What was put in is found again by its commands.
            Some(Problem::Corrupt { .. }) | None => Ok(loaded.value),
        }
    }

    /// Writes the record.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn store(&self, ctx: &Context) -> Result<(), FragmentsError> {
        let document = Self { version: Self::VERSION, ..self.clone() };
        Ok(file(ctx).store(&document)?)
    }

    /// What was done to `path`, if anything.
    #[must_use]
    pub fn of(&self, path: &Path) -> Option<&FileRecord> {
        self.files.get(&name(path))
    }

    /// Notes what was done to `path`; a file that nothing of ours is in is forgotten.
    pub fn set(&mut self, path: &Path, record: FileRecord) {
        if record.fragments.is_empty() {
            self.files.remove(&name(path));
        } else {
            self.files.insert(name(path), record);
        }
    }

    /// All files that something of ours is in.
    pub fn paths(&self) -> impl Iterator<Item = (PathBuf, &FileRecord)> {
        self.files.iter().map(|(path, record)| (PathBuf::from(path), record))
    }
}

fn file(ctx: &Context) -> StateFile {
    StateFile::at(ctx.layout.settings_record())
}

fn name(path: &Path) -> String {
    path.display().to_string()
}
