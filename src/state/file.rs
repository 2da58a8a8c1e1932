//! A versioned JSON file with one owner: atomic, kept aside when corrupt, never overwritten when a
//! newer program wrote it.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::clock::{self, Millis};
use crate::fs::atomic::{self, Durability};
use crate::fs::{FsError, IoContext, read_optional, remove_optional};

/// A document with a version number in its field `version`.
pub trait Versioned: Serialize + DeserializeOwned + Default {
    /// The version this program writes.
    const VERSION: u32;
}

/// What was found on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded<T> {
    /// The document, or the default.
    pub value: T,
    /// What was wrong, for people.
    pub problem: Option<Problem>,
}

/// What was wrong with a state file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It was written by a newer program: it is read as far as understood and must not be written.
    Newer {
        /// The version found.
        version: u32,
    },
    /// It could not be parsed and was kept aside.
    Corrupt {
        /// Where it is now.
        kept: PathBuf,
    },
}

/// Access to one such file.
#[derive(Debug, Clone)]
pub struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// The file at `path`.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads without changing anything on disk, not even where the file is corrupt.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn peek<T: Versioned>(&self) -> Result<Loaded<T>, FsError> {
        let Some(bytes) = read_optional(&self.path)? else { return Ok(Loaded { value: T::default(), problem: None }) };
        Ok(match interpret::<T>(&bytes) {
            Some(loaded) => loaded,
            None => Loaded { value: T::default(), problem: Some(Problem::Corrupt { kept: self.path.clone() }) },
        })
    }

    /// Reads in order to write: a corrupt file is renamed to `<name>.corrupt-<time>` first.
    ///
    /// # Errors
    /// Where the file cannot be read or put aside.
    pub fn load<T: Versioned>(&self, now: Millis) -> Result<Loaded<T>, FsError> {
        let mut loaded = self.peek::<T>()?;
        if let Some(Problem::Corrupt { kept }) = &mut loaded.problem {
            let mut name = self.path.as_os_str().to_owned();
            name.push(format!(".corrupt-{}", clock::compact(now)));
            *kept = PathBuf::from(name);
            atomic::rename(&self.path, kept)?;
        }
        Ok(loaded)
    }

    /// Writes the whole document. A crash of the machine leaves the old one or the new one.
    ///
    /// # Errors
    /// Where it cannot be written, and where a newer program wrote what lies there: that stays.
    pub fn store<T: Versioned>(&self, value: &T) -> Result<(), FsError> {
        self.must_be_ours::<T>("replace")?;
        atomic::store(&self.path, &self.text(value)?, Durability::Either)
    }

    /// Takes it away; it is no error when there is none.
    ///
    /// # Errors
    /// Where it cannot be removed, and where a newer program wrote it: it stays.
    pub fn remove<T: Versioned>(&self) -> Result<(), FsError> {
        self.must_be_ours::<T>("remove")?;
        remove_optional(&self.path)
    }

    /// As [`store`](Self::store), for what can be found out again: after a crash, and by a newer program, whose own may be
    /// replaced.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn store_cache<T: Versioned>(&self, value: &T) -> Result<(), FsError> {
        atomic::store(&self.path, &self.text(value)?, Durability::None)
    }

    fn must_be_ours<T: Versioned>(&self, doing: &'static str) -> Result<(), FsError> {
        let bytes = read_optional(&self.path)?;
        match bytes.and_then(|bytes| interpret::<T>(&bytes)).and_then(|loaded| loaded.problem) {
            Some(Problem::Newer { version }) => {
                let text = format!("it has version {version} of a newer claude-craft; update this one");
                Err(std::io::Error::other(text)).at(doing, &self.path)
            }
            _ => Ok(()),
        }
    }

    fn text<T: Versioned>(&self, value: &T) -> Result<Vec<u8>, FsError> {
        let mut text = serde_json::to_vec_pretty(value).map_err(std::io::Error::other).at("write", &self.path)?;
        text.push(b'\n');
        Ok(text)
    }
}

fn interpret<T: Versioned>(bytes: &[u8]) -> Option<Loaded<T>> {
    // A list would be taken for the fields in their order.
    let value: Value = serde_json::from_slice(bytes).ok().filter(Value::is_object)?;
    let version =
        value.get("version").and_then(Value::as_u64).and_then(|v| u32::try_from(v).ok()).unwrap_or(T::VERSION);
    let newer = (version > T::VERSION).then_some(Problem::Newer { version });
    match serde_json::from_value::<T>(value) {
        Ok(value) => Some(Loaded { value, problem: newer }),
        // A newer format that we cannot make sense of is still not corrupt.
        Err(_) if newer.is_some() => Some(Loaded { value: T::default(), problem: newer }),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    #[test]
    fn a_corrupt_file_is_kept_and_a_newer_one_is_left_alone() {
        let tmp = tempfile::tempdir().unwrap();
        let file = StateFile::at(tmp.path().join("auto-sync-state.json"));
        assert_eq!(file.load::<State>(0).unwrap(), Loaded { value: State::default(), problem: None });

        for corrupt in ["{\"version\": 1, \"statistics\": {\"totalSyncs\": 3", "[7]", ""] {
            atomic::create(file.path(), corrupt.as_bytes()).unwrap();
            let kept = tmp.path().join("auto-sync-state.json.corrupt-20250901T120000Z");
            let loaded = file.load::<State>(1_756_728_000_000).unwrap();
            let problem = Some(Problem::Corrupt { kept: kept.clone() });
            assert_eq!(loaded, Loaded { value: State::default(), problem });
            assert_eq!(std::fs::read_to_string(&kept).unwrap(), corrupt);
            assert!(!file.path().exists());
        }

        atomic::create(file.path(), b"{\"version\": 9, \"statistics\": {\"totalSyncs\": 3}, \"new\": 1}").unwrap();
        let loaded = file.load::<State>(0).unwrap();
        assert_eq!(loaded.problem, Some(Problem::Newer { version: 9 }));
        assert_eq!(loaded.value.statistics.total_syncs, 3);
        let lay = std::fs::read(file.path()).unwrap();
        let refused = [file.store(&loaded.value).unwrap_err(), file.remove::<State>().unwrap_err()];
        assert!(refused.iter().all(|e| e.to_string().contains("version 9 of a newer claude-craft; update")));
        assert_eq!(std::fs::read(file.path()).unwrap(), lay);

        // What is broken, or of another kind, is no newer version.
        for other in ["{\"version\": 9", "{\"version\": 1}", "{\"version\": \"9\"}"] {
            atomic::create(&tmp.path().join("other.json"), other.as_bytes()).unwrap();
            let file = StateFile::at(tmp.path().join("other.json"));
            file.store(&State::default()).unwrap();
            file.remove::<State>().unwrap();
            assert!(!file.path().exists(), "{other}");
        }
    }
}
