//! The client, Claude Code, as a program: where it is, which version, its `plugin` commands.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::context::Context;
use crate::env;
use crate::git::process::{self, Finished, Invocation};
use crate::install::Version;

/// The client answers a question at once; on a cold disk its hundreds of megabytes take a while.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);
/// Its `plugin` commands read and write a few small files.
const PLUGIN_PATIENCE: Duration = Duration::from_secs(120);

/// The client could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// There is none.
    #[error("Claude Code was not found on PATH")]
    NotFound,
    /// It did not start, was stopped at the deadline or failed.
    #[error("`{command}` failed: {reason}")]
    Failed {
        /// What was run.
        command: String,
        /// Its last words.
        reason: String,
    },
}

/// Claude Code on this machine.
#[derive(Debug, Clone)]
pub struct Client {
    /// The program.
    pub program: PathBuf,
}

impl Client {
    /// Finds it: `CRAFT_CLAUDE`, else `claude` on `PATH`, else where its own installer puts it.
    ///
    /// # Errors
    /// [`HostError::NotFound`].
    pub fn find(ctx: &Context) -> Result<Self, HostError> {
        let home = ctx.env.path(env::HOME).unwrap_or_default();
        let named = ctx.env.path(env::CRAFT_CLAUDE);
        let usual = [home.join(".local/bin/claude"), ctx.layout.root().join("local/claude")];
        let program = match named {
            Some(program) => ctx.program(&program),
            None => ctx.program(Path::new("claude")).or_else(|| usual.into_iter().find(|p| p.is_file())),
        };
        program.map(|program| Self { program }).ok_or(HostError::NotFound)
    }

    /// Its version.
    ///
    /// # Errors
    /// Where it cannot be run, or answers something else.
    pub fn version(&self, ctx: &Context) -> Result<Version, HostError> {
        let finished = self.run(ctx, ctx.layout.root(), &["--version"], ANSWER_PATIENCE)?;
        let text = String::from_utf8_lossy(&finished.stdout);
        text.parse().map_err(|()| HostError::Failed {
            command: "claude --version".into(),
            reason: format!("it answered {:?}", text.chars().take(80).collect::<String>()),
        })
    }

    /// Runs one of its `plugin` commands in `folder`.
    ///
    /// # Errors
    /// Where it fails, with what it printed.
    pub fn plugin(&self, ctx: &Context, folder: &Path, arguments: &[&str]) -> Result<String, HostError> {
        let words: Vec<_> = std::iter::once("plugin").chain(arguments.iter().copied()).collect();
        let finished = self.run(ctx, folder, &words, PLUGIN_PATIENCE)?;
        Ok(String::from_utf8_lossy(&finished.stdout).into_owned())
    }

    /// The answer to `plugin list --json`, as it is started in `folder`.
    ///
    /// # Errors
    /// Where it fails. One that hangs is not waited for as long as where it changes something.
    pub fn plugins(&self, ctx: &Context, folder: &Path) -> Result<String, HostError> {
        let finished = self.run(ctx, folder, &["plugin", "list", "--json"], ANSWER_PATIENCE)?;
        Ok(String::from_utf8_lossy(&finished.stdout).into_owned())
    }

    fn run(&self, ctx: &Context, folder: &Path, words: &[&str], deadline: Duration) -> Result<Finished, HostError> {
        let failed = |reason: String| HostError::Failed { command: format!("claude {}", words.join(" ")), reason };
        // A client inside a session of the client takes itself for a part of that session.
        let outside = |name: &str| name != "CLAUDECODE" && !name.starts_with("CLAUDE_CODE_SESSION");
        let environment: Vec<(OsString, OsString)> = ctx
            .env
            .iter()
            .filter(|(name, _)| name.to_str().is_none_or(outside))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let folder = if folder.is_dir() { folder } else { Path::new("/") };
        let arguments = process::words(words);
        let invocation = Invocation {
            program: &self.program,
            arguments: &arguments,
            folder,
            environment: &environment,
            input: b"",
            deadline,
        };
        let finished = process::start(&invocation).and_then(|r| r.wait(None)).map_err(|e| failed(e.to_string()))?;
        if finished.code == Some(0) {
            return Ok(finished);
        }
        if finished.timed_out {
            return Err(failed(format!("no answer within {} s", deadline.as_secs())));
        }
        let printed = String::from_utf8_lossy(&finished.stdout);
        let words = [finished.stderr.trim(), printed.trim()].join(" ");
        Err(failed(words.split_whitespace().collect::<Vec<_>>().join(" ")))
    }
}
