//! Starting the worker so that it outlives the client and holds nothing of it open.
//!
//! The client ends a hook's descendants by walking parent ids, and it waits for whoever holds the
//! hook's pipes. So the worker gets a session of its own, null standard streams, no inherited
//! descriptor, the root as working folder, and a parent that is gone: a hook that returns at once is
//! such a parent; for one that stays to wait, the worker starts itself a second time and its first
//! process exits.

use std::io;
use std::path::PathBuf;

use crate::env::{self, Env};
use crate::sys;

/// First argument of `craft` that makes it the worker.
pub const WORKER: &str = "worker";
/// Asks the worker to start itself once more, because the process that started it stays.
pub const AGAIN: &str = "--again";

/// Starts the worker. `starter_stays` says that this process will wait for its answer.
///
/// # Errors
/// Where the program is not there or cannot be started.
pub fn start_worker(env: &Env, starter_stays: bool) -> io::Result<()> {
    let program = worker_program(env)?;
    let arguments: &[&str] = if starter_stays { &[WORKER, AGAIN] } else { &[WORKER] };
    std::env::set_current_dir("/")?;
    sys::close_inherited_on_exec();
    sys::spawn_in_new_session(&program, arguments).map(drop)
}

/// The `craft` program: the one beside this executable, unless `CRAFT_WORKER` names another.
fn worker_program(env: &Env) -> io::Result<PathBuf> {
    if let Some(path) = env.path(env::CRAFT_WORKER) {
        return Ok(path);
    }
    Ok(std::env::current_exe()?.with_file_name("craft"))
}
