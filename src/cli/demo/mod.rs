//! `craft demo`: two machines' sessions in a temporary folder, played through the real hook
//! executables. It checks every claim it makes, and cleans up.

mod machine;
mod play;
mod stage;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::env::Env;
use stage::Stage;

/// Why the demo could not go on. A claim that does not hold is none: it is printed and counted.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    /// A file or folder of the demo's own.
    #[error("cannot {doing} {}: {source}", path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    /// A program that does not start.
    #[error("cannot run {program}: {source}")]
    Start { program: String, source: io::Error },
    /// A program that does not end.
    #[error("{program} did not end within {seconds} s")]
    Hangs { program: String, seconds: u64 },
    /// A command of the preparations that fails.
    #[error("`{command}` failed: {output}")]
    Command { command: String, output: String },
    /// The hook executables are not beside `craft`.
    #[error("{} is missing; scripts/build.sh builds it", path.display())]
    NotBuilt { path: PathBuf },
    /// A worker that does not finish.
    #[error("the worker of {machine} did not finish within {seconds} s")]
    Worker { machine: &'static str, seconds: u64 },
    /// The queue cannot be read.
    #[error(transparent)]
    Queue(#[from] crate::fs::FsError),
}

/// Plays the demo; `keep` leaves its folder. Success only if every claim held.
#[must_use]
pub fn run(keep: bool) -> ExitCode {
    let mut stage = Stage::new();
    match perform(&mut stage, keep) {
        Ok(()) => {}
        Err(error) => stage.broken(&error.to_string()),
    }
    stage.close()
}

fn perform(stage: &mut Stage, keep: bool) -> Result<(), DemoError> {
    let programs = programs()?;
    let mut folder = tempfile::Builder::new().prefix("craft-demo-").tempdir().map_err(|source| DemoError::File {
        doing: "create a folder in",
        path: std::env::temp_dir(),
        source,
    })?;
    folder.disable_cleanup(keep);
    let top = std::fs::canonicalize(folder.path()).map_err(|source| DemoError::File {
        doing: "find",
        path: folder.path().to_owned(),
        source,
    })?;
    let outcome = play::play(stage, &programs, &top, &Env::from_process());
    if keep {
        stage.kept(&top);
    }
    outcome
}

/// The folder with `craft` and the hooks beside it.
fn programs() -> Result<PathBuf, DemoError> {
    let program = std::env::current_exe().map_err(|source| DemoError::Start { program: "craft".into(), source })?;
    let folder = program.parent().unwrap_or(Path::new("/")).to_owned();
    for hook in [machine::SESSION_START, machine::SESSION_END, machine::PROMPT_SYNC] {
        let path = folder.join(hook);
        if !path.is_file() {
            return Err(DemoError::NotBuilt { path });
        }
    }
    Ok(folder)
}
