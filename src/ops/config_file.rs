//! Changing `craft/config.json` so that everything in it that we do not know stays.
//!
//! The text is read as a JSON value, one place of it is changed, the whole is checked as a
//! configuration, and only then is it written, under the lock. A broken file, and one that a newer
//! program wrote, is never overwritten.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::config::load::{ConfigError, VERSION, parse};
use crate::config::model::Config;
use crate::context::Context;
use crate::fs::layout::Layout;
use crate::fs::lock::{self, Holder, LockGuard};
use crate::fs::{FsError, IoContext, atomic, private};

/// How long to wait for another process that is changing configuration or state.
const PATIENCE: Duration = Duration::from_secs(10);

/// The configuration could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// What is there, or what it would become, is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file cannot be read, locked or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A newer program wrote the file.
    #[error("{} has version {version}, written by a newer claude-craft; this one writes version {VERSION} and leaves it alone", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version found.
        version: u32,
    },
    /// Somebody else has been changing it all the time.
    #[error("another process is changing the configuration ({holder})")]
    Busy {
        /// Who.
        holder: String,
    },
}

/// The configuration file as a value that can be changed.
#[derive(Debug, Clone)]
pub struct Document {
    path: PathBuf,
    /// The text on disk; empty where there is no file.
    pub before: String,
    /// The text as a value. Where there is no file it holds the defaults, so that a user who opens
    /// the new one sees every field.
    pub value: Value,
}

impl Document {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Where it cannot be read or is broken.
    pub fn read(layout: &Layout) -> Result<Self, EditError> {
        let path = layout.config();
        let bytes = private::read(&path)?.unwrap_or_default();
        parse(&path, &bytes)?;
        let value = if bytes.trim_ascii().is_empty() {
            serde_json::to_value(Config::default()).map_err(std::io::Error::other).at("write", &path)?
        } else {
            serde_json::from_slice(&bytes).map_err(std::io::Error::other).at("read", &path)?
        };
        // What parsed as JSON is UTF-8.
        Ok(Self { before: String::from_utf8_lossy(&bytes).into_owned(), value, path })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The value as a configuration.
    ///
    /// # Errors
    /// Where it is none.
    pub fn config(&self) -> Result<Config, EditError> {
        Ok(parse(&self.path, self.text()?.as_bytes())?)
    }

    /// The text that [`save`](Self::save) would write.
    ///
    /// # Errors
    /// None in practice: every JSON value can be written.
    pub fn text(&self) -> Result<String, EditError> {
        let mut text =
            serde_json::to_string_pretty(&self.value).map_err(std::io::Error::other).at("write", &self.path)?;
        text.push('\n');
        Ok(text)
    }

    /// Checks the whole and writes it. Nothing is written where nothing changed.
    ///
    /// # Errors
    /// Where it is no good configuration, a newer program's, or cannot be written.
    pub fn save(&self, _proof: &LockGuard) -> Result<Config, EditError> {
        let config = self.config()?;
        if config.version.0 > VERSION {
            return Err(EditError::Newer { path: self.path.clone(), version: config.version.0 });
        }
        let text = self.text()?;
        if text != self.before {
            atomic::store_linked(&self.path, text.as_bytes())?;
        }
        Ok(config)
    }

    /// The list of enrolled repositories, made where it is missing.
    pub fn repositories_mut(&mut self) -> Option<&mut Vec<Value>> {
        let list = self.value.as_object_mut()?.entry("repositories").or_insert_with(|| Value::Array(Vec::new()));
        list.as_array_mut()
    }
}

/// Takes the lock that guards configuration and state.
///
/// # Errors
/// Where it stays busy or cannot be made.
pub fn lock(ctx: &Context, purpose: &str) -> Result<LockGuard, EditError> {
    hold(ctx, &ctx.layout.state_lock(), purpose)?.map_err(|holder| EditError::Busy { holder })
}

/// Takes the lock at `path`, waiting for a while; who holds it where it stays busy.
///
/// # Errors
/// Where the lock file cannot be made.
pub fn hold(ctx: &Context, path: &Path, purpose: &str) -> Result<Result<LockGuard, String>, FsError> {
    let me = Holder {
        pid: std::process::id(),
        host: ctx.host.clone(),
        started: ctx.clock.now_ms(),
        purpose: purpose.to_owned(),
    };
    Ok(lock::exclusive_within(path, &me, PATIENCE)?.ok_or_else(|| {
        lock::holder(path).map_or_else(|| "unknown".into(), |h| format!("process {} on {}", h.pid, h.host))
    }))
}
