//! `craft merge-book`: what git calls to merge the book of a plan. It needs no home, no configuration and no repository.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::exit_code;
use super::ui::Ui;
use crate::env::Env;
use crate::ops::plan::driver::{self, Ending, Job};
use crate::phase::merge::text::MARKER;
use crate::plain;

/// The exit code for a conflict that git's protocol for merge drivers wants.
const CONFLICT: u8 = 1;

/// See the command's help.
#[derive(Debug, Args)]
pub struct MergeBook {
    /// What both sides came from (%O)
    base: PathBuf,
    /// Our side, which the result replaces (%A)
    ours: PathBuf,
    /// Their side (%B)
    theirs: PathBuf,
    /// Characters of a conflict's marker (%L)
    #[arg(long, value_name = "N", default_value_t = MARKER)]
    marker_size: u16,
    /// The name of the file, for messages (%P)
    #[arg(long, value_name = "PATH", allow_hyphen_values = true)]
    path: Option<String>,
    /// Names of base, ours and theirs (%S %X %Y)
    #[arg(long, num_args = 3, value_names = ["BASE", "OURS", "THEIRS"], allow_hyphen_values = true)]
    labels: Vec<String>,
}

/// Merges. 0: clean; 1: with conflicts; 2: it could not, and all is as it was.
pub fn run(env: &Env, args: &MergeBook) -> ExitCode {
    let mut ui = Ui::default();
    // A git that does not know a name of the protocol (before 2.44 those of labels) leaves it as it is.
    let label = |at: usize, default: &str| {
        let named = args.labels.get(at).filter(|l| !l.starts_with('%'));
        named.cloned().unwrap_or_else(|| default.to_owned())
    };
    let job = Job {
        base: args.base.clone(),
        ours: args.ours.clone(),
        theirs: args.theirs.clone(),
        size: args.marker_size.max(1),
        labels: [label(0, "base"), label(1, "ours"), label(2, "theirs")],
    };
    let name = args.path.clone().unwrap_or_else(|| job.ours.display().to_string());
    let name = plain::line(&name);
    let code = match driver::merge(env, Path::new("."), &job) {
        Ok(Ending::Clean) => exit_code::DONE,
        Ok(Ending::Conflict(what)) => {
            ui.note(&format!("{name}: both sides changed {}", plain::line(&what)));
            CONFLICT
        }
        Err(error) => {
            ui.note(&format!("{name} was not merged by craft: {}", plain::line(&error.to_string())));
            exit_code::USAGE
        }
    };
    ExitCode::from(ui.finish(code))
}
