//! What the keys of the monitor do: the commands that a user would type, each as a process of its own. So what it
//! prints cannot come onto the screen, a fault of it takes nothing down, and it goes on when the monitor is closed.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::context::Context;
use crate::env;
use crate::git::process::{self, Invocation};
use crate::monitor::view::Deed;
use crate::sync::tell::NAME;

/// A job, or a sync with a large push, may take long. This only ends what hangs.
const LONGEST: Duration = Duration::from_secs(3600);
/// Characters of an answer that are kept.
const KEPT: usize = 400;

impl Deed {
    /// The words after `craft`.
    fn words(&self) -> Vec<OsString> {
        let (verb, on): (_, OsString) = match self {
            Self::RunJob(job) => (["jobs", "run"], job.into()),
            Self::PauseJob(job) => (["jobs", "pause"], job.into()),
            Self::ResumeJob(job) => (["jobs", "resume"], job.into()),
            Self::ForceSync(path) => (["auto-sync", "force"], path.into()),
            Self::Read(id) => (["notifications", "show"], id.into()),
            Self::Dismiss(id) => (["notifications", "dismiss"], id.into()),
            Self::Look => (["auto-sync", "status"], "--json".into()),
        };
        let mut words = process::words(verb);
        if let Self::ForceSync(_) = self {
            words.push("sync".into());
        }
        words.push(on);
        words
    }

    fn folder(&self) -> &Path {
        match self {
            Self::ForceSync(path) if path.is_dir() => path,
            _ => Path::new("/"),
        }
    }
}

/// Does it, and waits for its end. What came of it, in a line.
///
/// # Errors
/// What it said when it failed.
pub fn act(ctx: &Context, deed: &Deed) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("craft cannot be started: {error}");
    let program = std::env::current_exe().map_err(failed)?;
    let plain = [(OsString::from(env::NO_COLOR), OsString::from("1"))];
    let environment: Vec<(OsString, OsString)> =
        ctx.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).chain(plain).collect();
    let invocation = Invocation {
        program: &program,
        arguments: &deed.words(),
        folder: deed.folder(),
        environment: &environment,
        input: b"",
        deadline: LONGEST,
    };
    let finished = process::start(&invocation).and_then(|running| running.wait(None)).map_err(failed)?;
    let said = String::from_utf8_lossy(&finished.stdout);
    match finished.code {
        Some(0) => Ok(answer(&said).unwrap_or_else(|| "done".to_owned())),
        _ if finished.timed_out => Err(format!("not done within {} min", LONGEST.as_secs() / 60)),
        // What it was doing stands on standard error too, but how a sync ended is its answer.
        code => {
            Err(sentence(&said).or_else(|| answer(&finished.stderr)).or_else(|| answer(&said)).unwrap_or_else(|| {
                match code {
                    Some(code) => format!("ended with {code}"),
                    None => "it was ended by a signal".to_owned(),
                }
            }))
        }
    }
}

/// How a sync ended: the last line that begins with our name, among lists of files and what is to be done next.
fn sentence(text: &str) -> Option<String> {
    let line = text.lines().filter_map(|line| line.trim().strip_prefix(NAME)?.strip_prefix(": ")).next_back()?;
    Some(line.chars().take(KEPT).collect())
}

/// What came of it: an error if one is told, how a sync ended, or else the first line that says something.
fn answer(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines.clone().find_map(|line| line.strip_prefix("error: "));
    let kept = |line: &str| line.chars().take(KEPT).collect();
    error.map(kept).or_else(|| sentence(text)).or_else(|| lines.next().map(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_deed_is_a_command_that_there_is() {
        let deeds = [
            Deed::RunJob("log-rotation".into()),
            Deed::PauseJob("log-rotation".into()),
            Deed::ResumeJob("log-rotation".into()),
            Deed::ForceSync("/r".into()),
            Deed::Read("n".into()),
            Deed::Dismiss("n".into()),
            Deed::Look,
        ];
        let spelled: Vec<_> = deeds.iter().map(|d| d.words().join(std::ffi::OsStr::new(" "))).collect();
        assert_eq!(
            spelled,
            [
                "jobs run log-rotation",
                "jobs pause log-rotation",
                "jobs resume log-rotation",
                "auto-sync force sync /r",
                "notifications show n",
                "notifications dismiss n",
                "auto-sync status --json",
            ]
        );
    }

    #[test]
    fn an_answer_is_its_error_or_how_the_sync_ended_or_its_first_line() {
        assert_eq!(answer("\n  error: no such job\nhint: x\n").as_deref(), Some("no such job"));
        assert_eq!(answer("claude-craft: fetch main\nerror: no such job\n").as_deref(), Some("no such job"));
        let synced = "committed\n  a.txt\nclaude-craft: committed 1 file\nto go back: craft auto-sync undo x\n";
        assert_eq!(answer(synced).as_deref(), Some("committed 1 file"));
        assert_eq!(answer("log-rotation: nothing\nmore\n").as_deref(), Some("log-rotation: nothing"));
        assert_eq!(answer(" \n"), None);
    }
}
