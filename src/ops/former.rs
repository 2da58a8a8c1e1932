//! The status line that was there before ours, which goes on being shown.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use wait_timeout::ChildExt;

use crate::context::Context;
use crate::env;
use crate::hook::deadline::Deadline;
use crate::sync::words;

/// Longer than this the former command is not waited for.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// The client itself throws away a status line that is longer.
const MOST: u64 = 1 << 20;
/// How long the rest of the output may take once the command has ended: a background process of its may
/// keep the stream open for ever.
const REST: Duration = Duration::from_millis(200);

/// A former command that runs. Dropping it ends it, with all that it started; one that has ended leaves
/// what it put into the background.
pub struct Running {
    child: Child,
    deadline: Deadline,
    output: mpsc::Receiver<Vec<u8>>,
}

/// Starts what `value`, a `statusLine` of the client's settings, says, with `input` on its standard
/// input, through the shell as the client does. `None` where it is no command or cannot be started.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the former command is bounded here, by time and by size")]
pub fn start(ctx: &Context, value: &Value, input: Vec<u8>, patience: Duration) -> Option<Running> {
    let command = value.get("command")?.as_str().filter(|c| !c.trim().is_empty() && !is_ours(c))?;
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .env_clear()
        .envs(ctx.env.iter())
        .env(env::CRAFT_STATUSLINE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .ok()?;
    let (mut to, mut from) = (child.stdin.take()?, child.stdout.take()?);
    // Who does not read its input must not hold us.
    std::thread::spawn(move || to.write_all(&input));
    let (send, output) = mpsc::channel();
    std::thread::spawn(move || {
        let mut chunk = [0; 16 << 10];
        let mut left = MOST;
        while let Ok(read @ 1..) = from.read(&mut chunk) {
            let Some(rest) = left.checked_sub(read as u64) else { return };
            left = rest;
            if send.send(chunk.get(..read).unwrap_or_default().to_vec()).is_err() {
                return;
            }
        }
    });
    Some(Running { child, deadline: Deadline::within(patience), output })
}

/// Whether a command is `craft statusline`, which would start itself again and again.
fn is_ours(command: &str) -> bool {
    let words = words::split(command).unwrap_or_default();
    let named = |word: &str| Path::new(word).file_name().is_some_and(|name| name == "craft");
    words.windows(2).any(|pair| matches!(pair, [program, verb] if named(program) && verb == "statusline"))
}

impl Running {
    /// What it printed; nothing where it failed or did not end in time, as the client has it.
    #[must_use]
    pub fn printed(mut self) -> String {
        let left = self.deadline.left().unwrap_or_default();
        if !matches!(self.child.wait_timeout(left), Ok(Some(status)) if status.success()) {
            return String::new();
        }
        let rest = Deadline::within(REST);
        let mut bytes = Vec::new();
        while let Ok(more) = self.output.recv_timeout(rest.left().unwrap_or_default()) {
            bytes.extend(more);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::env::Env;

    fn run(command: &str, input: &[u8], patience: Duration) -> String {
        let ctx = Context::new(Env::from_pairs([("HOME", "/nowhere"), ("PATH", "/usr/bin:/bin")])).unwrap();
        let value = json!({"type": "command", "command": command, "padding": 0});
        start(&ctx, &value, input.to_vec(), patience).map(Running::printed).unwrap_or_default()
    }

    #[test]
    fn it_reads_the_same_input_and_its_lines_come_through() {
        let minute = Duration::from_secs(60);
        assert_eq!(
            run("read line; echo \"[$line]\"; echo two", b"{\"cwd\":\"/r\"}\n", minute),
            "[{\"cwd\":\"/r\"}]\ntwo\n"
        );
        assert_eq!(run("echo deaf", &vec![b'x'; 4 << 20], minute), "deaf\n");
        assert_eq!(run("printf 'a\\377b'", b"", minute), "a\u{fffd}b");
        assert_eq!(run("sleep 100 & echo done", b"", minute), "done\n");
    }

    #[test]
    fn our_own_line_is_never_its_own_predecessor() {
        for ours in ["craft statusline", "'/a b/bin/craft' statusline", "env X=1 /bin/craft statusline --x"] {
            assert!(is_ours(ours), "{ours}");
        }
        for theirs in ["aircraft statusline", "~/craft/statusline.sh", "craft brief", "echo 'craft statusline'", "it's"]
        {
            assert!(!is_ours(theirs), "{theirs}");
        }
    }

    #[test]
    fn what_fails_hangs_or_never_stops_shows_nothing() {
        let minute = Duration::from_secs(60);
        assert_eq!(run("echo half; exit 3", b"", minute), "");
        assert_eq!(run("no-such-program-anywhere", b"", minute), "");
        assert_eq!(run("sleep 1000", b"", Duration::from_millis(50)), "");
        assert_eq!(run("yes", b"", minute), "", "its stream is closed after a mebibyte, which ends it");
        let ctx = Context::new(Env::from_pairs([("HOME", "/nowhere")])).unwrap();
        for value in [json!(null), json!({}), json!({"command": 7}), json!({"command": "  "}), json!("echo")] {
            assert!(start(&ctx, &value, Vec::new(), minute).is_none(), "{value}");
        }
    }
}
