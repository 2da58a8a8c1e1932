//! Running a program with a wall-clock bound.
//!
//! The child gets a process group of its own, so that at the deadline git goes together with the ssh
//! and the hooks it started. Its output goes to files, not pipes: a background process that keeps a
//! stream open (an ssh master, a credential cache) cannot make us wait, and no pipe can fill up.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use wait_timeout::ChildExt;

/// How long a group that was told to end may take before it is killed. git removes its lock files
/// when it is told; it cannot when it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How often output is looked at while somebody watches.
const GLANCE: Duration = Duration::from_millis(100);
/// More of a program's standard error than this is never kept.
const STDERR_KEPT: u64 = 64 * 1024;

/// A program to run.
pub struct Invocation<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: &'a [OsString],
    /// Its working folder.
    pub folder: &'a Path,
    /// Its whole environment.
    pub environment: &'a [(OsString, OsString)],
    /// What it reads; nothing where empty.
    pub input: &'a [u8],
    /// When it is stopped.
    pub deadline: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether it was stopped at the deadline.
    pub timed_out: bool,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error, its end where it was long.
    pub stderr: String,
}

impl Finished {
    /// The end of a program that did not begin, with the reason in place of its standard error.
    #[must_use]
    pub fn never_started(reason: String) -> Self {
        Self { code: None, signal: None, timed_out: false, stdout: Vec::new(), stderr: reason }
    }
}

/// The groups of all programs that this process has started and not seen the end of.
static GROUPS: Mutex<Groups> = Mutex::new(Groups { running: BTreeSet::new(), closed: false });

struct Groups {
    running: BTreeSet<u32>,
    /// Whether no more may be started: the process is about to end.
    closed: bool,
}

fn groups() -> MutexGuard<'static, Groups> {
    // Whoever panicked with it has left a set of numbers, which is sound.
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends everything that this process has started, for one that is about to exit in the middle of it: nothing that runs
/// on would have a deadline. From now on nothing more is started, and whoever waits for something waits for that exit. With
/// `patience` first politely, so that git removes its locks. Takes that long at most.
#[expect(clippy::disallowed_methods, reason = "this module owns processes and their deadlines")]
pub fn end_all(patience: Duration) {
    let mut left: Vec<Pid> = {
        let mut groups = groups();
        groups.closed = true;
        groups.running.iter().filter_map(|id| Pid::from_raw(i32::try_from(*id).ok()?)).collect()
    };
    let begun = Instant::now();
    for group in &left {
        let _ = kill_process_group(*group, Signal::TERM);
    }
    loop {
        // What has ended is not looked at again: its number may be somebody else's by then.
        left.retain(|group| test_kill_process_group(*group).is_ok());
        if left.is_empty() || begun.elapsed() >= patience {
            break;
        }
        std::thread::sleep(GLANCE / 5);
    }
    for group in left {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Nobody is to be told how a program ended that was ended together with this process.
fn wait_for_the_end() -> ! {
    loop {
        std::thread::park();
    }
}

/// A program that runs. Dropping it ends it, and all of its group.
pub struct Running {
    child: Child,
    stdout: File,
    stderr: File,
    begun: Instant,
    deadline: Duration,
    ended: bool,
}

/// Starts a program.
///
/// # Errors
/// Where it cannot be started or its output not be kept.
pub fn start(invocation: &Invocation<'_>) -> io::Result<Running> {
    begin(invocation, tempfile::tempfile()?)
}

/// What a program says that runs outside of any repository, so that none has a say in it, and asks nobody anything. `None`
/// where it fails, takes longer than `patience`, or says no text.
pub fn told_outside(
    program: &Path,
    arguments: &[OsString],
    environment: &[(OsString, OsString)],
    patience: Duration,
) -> Option<String> {
    let folder = Path::new("/");
    let invocation = Invocation { program, arguments, folder, environment, input: b"", deadline: patience };
    let finished = start_hidden(&invocation).and_then(|running| running.wait(None)).ok()?;
    String::from_utf8(finished.stdout).ok().filter(|_| finished.code == Some(0))
}

/// The same for a program that prints a credential: what it prints is in no file of a disk.
///
/// # Errors
/// As [`start`].
pub fn start_hidden(invocation: &Invocation<'_>) -> io::Result<Running> {
    begin(invocation, memory()?)
}

#[cfg(target_os = "linux")]
fn memory() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    Ok(File::from(memfd_create("craft", MemfdFlags::CLOEXEC)?))
}

/// Other systems have no file in memory; this one has no name, and is gone when it is closed.
#[cfg(not(target_os = "linux"))]
fn memory() -> io::Result<File> {
    tempfile::tempfile()
}

#[expect(clippy::disallowed_methods, reason = "this module owns processes and their deadlines")]
fn begin(invocation: &Invocation<'_>, stdout: File) -> io::Result<Running> {
    let stderr = tempfile::tempfile()?;
    let input = input(invocation.input)?;
    let (out, err) = (stdout.try_clone()?, stderr.try_clone()?);
    // Held until it is in the list, so that whoever ends all of them misses none.
    let mut groups = groups();
    if groups.closed {
        drop(groups);
        wait_for_the_end();
    }
    let child = Command::new(invocation.program)
        .args(invocation.arguments)
        .current_dir(invocation.folder)
        .env_clear()
        .envs(invocation.environment.iter().map(|(k, v)| (k, v)))
        .stdin(input)
        .stdout(out)
        .stderr(err)
        .process_group(0)
        .spawn()?;
    groups.running.insert(child.id());
    drop(groups);
    Ok(Running { child, stdout, stderr, begun: Instant::now(), deadline: invocation.deadline, ended: false })
}

impl Running {
    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Brings the deadline forward to `patience` from now, if it is later.
    pub fn hurry(&mut self, patience: Duration) {
        self.deadline = self.deadline.min(self.begun.elapsed() + patience);
    }

    /// Waits for its end, or makes one at the deadline. `watch` is given what it adds to standard
    /// error as it comes.
    ///
    /// # Errors
    /// Where its output cannot be read.
    pub fn wait(mut self, mut watch: Option<&mut dyn FnMut(&str)>) -> io::Result<Finished> {
        let mut seen = 0;
        let mut timed_out = false;
        let status = loop {
            let left = self.deadline.saturating_sub(self.begun.elapsed());
            let slice = if watch.is_some() { left.min(GLANCE) } else { left };
            match self.child.wait_timeout(slice)? {
                Some(status) => break status,
                None if self.begun.elapsed() >= self.deadline => {
                    timed_out = true;
                    break end_group(&mut self.child)?;
                }
                None => {}
            }
            if let Some(watch) = watch.as_mut() {
                seen += tell_news(&mut self.stderr, seen, watch)?;
            }
        };
        self.ended = true;
        if groups().closed {
            wait_for_the_end();
        }
        Ok(Finished {
            code: status.code(),
            signal: status.signal(),
            timed_out,
            stdout: whole(&mut self.stdout)?,
            stderr: tail(&mut self.stderr)?,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            let _ = end_group(&mut self.child);
        }
        groups().running.remove(&self.child.id());
    }
}

fn input(bytes: &[u8]) -> io::Result<Stdio> {
    if bytes.is_empty() {
        return Ok(Stdio::null());
    }
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file.into())
}

fn end_group(child: &mut Child) -> io::Result<std::process::ExitStatus> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::TERM);
    }
    let status = child.wait_timeout(GRACE)?;
    // Also after the leader went in peace: the rest of its group may not have.
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    match status {
        Some(status) => Ok(status),
        None => child.wait(),
    }
}

/// Ends the group of a child whose parent died before it: first politely, so that it removes its locks. `lives`
/// tells whether the process id is still that child's.
#[expect(clippy::disallowed_methods, reason = "this module owns processes and their deadlines")]
pub fn end_orphan(pid: u32, lives: impl Fn() -> bool) {
    let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    let begun = Instant::now();
    let _ = kill_process_group(group, Signal::TERM);
    while lives() && begun.elapsed() < GRACE {
        std::thread::sleep(Duration::from_millis(20));
    }
    if lives() {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn tell_news(stderr: &mut File, seen: u64, watch: &mut dyn FnMut(&str)) -> io::Result<u64> {
    use std::os::unix::fs::FileExt;
    let length = stderr.metadata()?.len();
    let Some(news) = length.checked_sub(seen).filter(|n| *n > 0) else { return Ok(0) };
    // Positioned reads: the child shares the file's cursor and writes at it.
    let mut bytes = vec![0; usize::try_from(news.min(STDERR_KEPT)).unwrap_or(0)];
    let count = stderr.read_at(&mut bytes, seen)?;
    bytes.truncate(count);
    watch(&String::from_utf8_lossy(&bytes));
    Ok(count as u64)
}

fn whole(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn tail(file: &mut File) -> io::Result<String> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(STDERR_KEPT)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    if length > STDERR_KEPT {
        // Half a line may hold half a credential, which nothing would know for one.
        let whole = bytes.iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| at + 1);
        bytes.drain(..whole);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Turns words into arguments.
pub fn words<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Vec<OsString> {
    words.into_iter().map(|w| w.as_ref().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, deadline: Duration, input: &[u8]) -> Finished {
        let arguments = words(["-c", script]);
        let invocation = Invocation {
            program: Path::new("/bin/sh"),
            arguments: &arguments,
            folder: Path::new("/"),
            environment: &[("PATH".into(), "/usr/bin:/bin".into())],
            input,
            deadline,
        };
        start(&invocation).unwrap().wait(None).unwrap()
    }

    #[test]
    fn output_input_and_exit_code_come_through() {
        let finished = shell("cat; echo oops >&2; exit 3", Duration::from_secs(10), b"hello");
        assert_eq!(
            (finished.code, finished.stdout.as_slice(), finished.stderr.as_str()),
            (Some(3), &b"hello"[..], "oops\n")
        );
        assert!(!finished.timed_out);
    }

    #[test]
    fn at_the_deadline_the_whole_group_goes() {
        let tmp = tempfile::tempdir().unwrap();
        let file = tmp.path().join("pid");
        let script = format!("sleep 1000 & echo $! > {}; wait", file.display());
        let finished = shell(&script, Duration::from_millis(300), b"");
        assert!(finished.timed_out);
        let pid: u32 = std::fs::read_to_string(file).unwrap().trim().parse().unwrap();
        let gone = (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(2));
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        });
        assert!(gone, "the grandchild lives on");
    }

    #[test]
    fn a_background_process_that_keeps_the_streams_open_is_not_waited_for() {
        let finished = shell("sleep 5 & echo done", Duration::from_secs(60), b"");
        assert_eq!((finished.code, finished.stdout.as_slice(), finished.timed_out), (Some(0), &b"done\n"[..], false));
    }
}
