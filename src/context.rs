//! What every operation needs, made once in `main` and in the worker.

use std::path::{Path, PathBuf};

use crate::clock::{Clock, SystemClock};
use crate::dice::Dice;
use crate::env::{self, Env};
use crate::fs::layout::Layout;
use crate::sys;

/// The seams to the outside: environment, clock, dice, folders, the git program.
pub struct Context {
    /// The environment.
    pub env: Env,
    /// The clock.
    pub clock: Box<dyn Clock>,
    /// Our folders.
    pub layout: Layout,
    /// The git program, where it was found. A program named by its path is started without a copy of
    /// this process, which costs half as much.
    pub git: PathBuf,
    /// The name of this machine.
    pub host: String,
    /// The folder that `-C` named, as it was typed: commands that are proposed need it as well.
    pub folder: Option<PathBuf>,
}

/// Neither `CLAUDE_CONFIG_DIR` nor `HOME` is set, so there is no place for configuration and state.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell where configuration and state are: neither CLAUDE_CONFIG_DIR nor HOME is set")]
pub struct NoHome;

impl Context {
    /// The context of a real process.
    ///
    /// # Errors
    /// See [`NoHome`].
    pub fn new(env: Env) -> Result<Self, NoHome> {
        Ok(Self {
            clock: Box::new(SystemClock::from_env(&env)),
            layout: Layout::from_env(&env).ok_or(NoHome)?,
            git: found(env.path(env::CRAFT_GIT).unwrap_or_else(|| PathBuf::from("git")), &env),
            host: sys::host_name(),
            folder: None,
            env,
        })
    }

    /// New dice.
    #[must_use]
    pub fn dice(&self) -> Dice {
        Dice::from_env(&self.env)
    }

    /// The file that a program named on a command line stands for; `None` where there is none.
    #[must_use]
    pub fn program(&self, name: &Path) -> Option<PathBuf> {
        let path = found(name.to_owned(), &self.env);
        // A bare name was found in no folder of `PATH`; a file of that name in the current one is somebody else's.
        (path.components().count() > 1 && path.is_file()).then_some(path)
    }

    /// The user's name, for messages.
    #[must_use]
    pub fn user(&self) -> &str {
        self.env.str(env::USER).or_else(|| self.env.str(env::LOGNAME)).unwrap_or("unknown")
    }
}

/// The first file on `PATH` that a program named without a slash stands for; its name where there is
/// none, so that starting it fails with that name.
fn found(program: PathBuf, env: &Env) -> PathBuf {
    if program.components().count() > 1 {
        return program;
    }
    let path = env.get("PATH").unwrap_or_default();
    std::env::split_paths(path)
        .map(|folder| folder.join(&program))
        .find(|p| p.is_absolute() && p.is_file())
        .unwrap_or(program)
}
