//! The merge driver (gitattributes(5)): three files in, the merged one in the place of ours.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::env::{self, Env};
use crate::fs::{FsError, IoContext};
use crate::git::process::{self, Invocation};
use crate::phase::merge::text::{self, Marks, Style};
use crate::phase::merge::{Merged, merge_marked};

/// How long to wait for git to tell a setting.
const PATIENCE: Duration = Duration::from_secs(5);

/// The files that git names, and how conflicts are marked.
#[derive(Debug, Clone)]
pub struct Job {
    /// What both sides came from; empty where there is nothing.
    pub base: PathBuf,
    /// Ours; the result goes here.
    pub ours: PathBuf,
    /// Theirs.
    pub theirs: PathBuf,
    /// Characters of a marker.
    pub size: u16,
    /// Names of base, ours and theirs.
    pub labels: [String; 3],
}

/// How it came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Ours is both sides.
    Clean,
    /// Ours has git's markers in places; what they are about.
    Conflict(String),
}

/// Merges. What is no text is merged as far as git's own merge would.
///
/// # Errors
/// Where a file cannot be read or written; ours is as it was.
pub fn merge(environment: &Env, folder: &Path, job: &Job) -> Result<Ending, FsError> {
    let read = |path: &Path| std::fs::read(path).at("read", path);
    let (base, ours, theirs) = (read(&job.base)?, read(&job.ours)?, read(&job.theirs)?);
    let mut marks = Marks { size: job.size, style: Style::Merge, labels: job.labels.clone() };
    let mut merged = merge_bytes(&base, &ours, &theirs, &marks);
    if let (_, Ending::Conflict(_)) = merged {
        marks.style = style(environment, folder);
        if marks.style != Style::Merge {
            merged = merge_bytes(&base, &ours, &theirs, &marks);
        }
    }
    let (bytes, ending) = merged;
    if bytes != ours {
        write(&job.ours, &bytes).at("write", &job.ours)?;
    }
    Ok(ending)
}

fn merge_bytes(base: &[u8], ours: &[u8], theirs: &[u8], marks: &Marks) -> (Vec<u8>, Ending) {
    let texts = [base, ours, theirs].map(std::str::from_utf8);
    if let [Ok(base), Ok(ours), Ok(theirs)] = texts {
        return match merge_marked(base, ours, theirs, marks) {
            Merged::Clean(text) => (text.into_bytes(), Ending::Clean),
            Merged::Conflict { text, what } => (text.into_bytes(), Ending::Conflict(what)),
        };
    }
    // git leaves our side where there are bytes that are no text.
    match text::merge(base, ours, theirs, marks) {
        Some((bytes, true)) => (bytes, Ending::Clean),
        Some((bytes, false)) => (bytes, Ending::Conflict("the text".into())),
        None => (ours.to_vec(), Ending::Conflict("the file, which is no text".into())),
    }
}

/// git's file is written in place: one that was made beside it would be left in the working tree by whoever is killed.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)
}

/// The user's style of conflicts. Asked in the environment in which git started the driver, since that may have
/// settings of its own (`git -c`).
fn style(environment: &Env, folder: &Path) -> Style {
    let git = environment.path(env::CRAFT_GIT).unwrap_or_else(|| "git".into());
    let all: Vec<(OsString, OsString)> =
        environment.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let invocation = Invocation {
        program: &git,
        arguments: &["config", "--get", "merge.conflictStyle"].map(OsString::from),
        folder,
        environment: &all,
        input: b"",
        deadline: PATIENCE,
    };
    let told = process::start(&invocation).and_then(|running| running.wait(None));
    told.map_or_else(|_| Style::default(), |told| Style::named(&String::from_utf8_lossy(&told.stdout)))
}
