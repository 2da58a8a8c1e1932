//! One of the demo's machines: a home folder, a clone, and the programs run there.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};
use wait_timeout::ChildExt;

use super::DemoError;
use super::stage::Stage;
use crate::env::{self, Env};
use crate::fs::layout::Layout;
use crate::queue;

/// The hook executables.
pub(super) const SESSION_START: &str = "craft-session-start";
pub(super) const SESSION_END: &str = "craft-session-end";
pub(super) const PROMPT_SYNC: &str = "craft-prompt-sync";

/// Longest time for a program, in seconds. Nothing here takes one; this only ends a hang.
const PATIENCE: u64 = 60;
const PATH: &str = "PATH";

/// A machine of the play.
pub(super) struct Machine {
    /// Its name, also that of its home folder.
    pub(super) name: &'static str,
    /// Its clone.
    pub(super) clone: PathBuf,
    home: PathBuf,
    top: PathBuf,
    programs: PathBuf,
    environment: Vec<(String, std::ffi::OsString)>,
    session: u32,
}

/// What a program printed, and whether it ended well.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) success: bool,
    pub(super) text: String,
}

/// What a hook said.
#[derive(Debug)]
pub(super) struct Heard {
    /// To the user.
    pub(super) user: String,
    /// To the model.
    pub(super) model: String,
    /// Whether it kept to the rules: exit code 0, and nothing or one JSON object on stdout.
    pub(super) well_behaved: bool,
}

impl Machine {
    /// Makes the home folder of a new machine, with an identity for git and nothing else.
    pub(super) fn new(
        name: &'static str,
        person: &str,
        top: &Path,
        programs: &Path,
        env: &Env,
    ) -> Result<Self, DemoError> {
        let home = top.join(name);
        let clone = home.join("notes");
        let path = env.get(PATH).map_or_else(Default::default, ToOwned::to_owned);
        let mut environment = vec![
            (PATH.to_owned(), path),
            (env::HOME.to_owned(), home.clone().into_os_string()),
            (env::USER.to_owned(), person.to_lowercase().into()),
            (env::CLAUDE_PID.to_owned(), std::process::id().to_string().into()),
            ("GIT_CONFIG_NOSYSTEM".to_owned(), "1".into()),
        ];
        environment.extend(env.path(env::CRAFT_GIT).map(|git| (env::CRAFT_GIT.to_owned(), git.into_os_string())));
        let machine =
            Self { name, clone, home, top: top.to_owned(), programs: programs.to_owned(), environment, session: 0 };
        fs::create_dir_all(&machine.home).map_err(|source| file_error("create", &machine.home, source))?;
        let identity = format!(
            "[user]\n\tname = {person}\n\temail = {}@example.com\n[init]\n\tdefaultBranch = main\n",
            person.to_lowercase()
        );
        machine.put(&machine.home.join(".gitconfig"), &identity)?;
        Ok(machine)
    }

    /// Types a command of `craft` in the clone, and shows what it prints.
    pub(super) fn craft(&self, stage: &Stage, arguments: &[&str]) -> Result<Ran, DemoError> {
        stage.command(self.name, &format!("craft {}", arguments.join(" ")));
        let ran = self.start(&self.programs.join("craft"), &self.clone, arguments, None)?;
        stage.output(&self.pretty(&ran.text));
        Ok(ran)
    }

    /// Types a line of shell in the clone, and shows what it prints.
    pub(super) fn shell(&self, stage: &Stage, line: &str) -> Result<Ran, DemoError> {
        stage.command(self.name, &self.pretty(line));
        let ran = self.start(Path::new("sh"), &self.clone, &["-c", line], None)?;
        stage.output(&self.pretty(&ran.text));
        Ok(ran)
    }

    /// Runs git in the clone unseen, and gives what it prints; it must succeed.
    pub(super) fn git(&self, arguments: &[&str]) -> Result<String, DemoError> {
        let folder = if self.clone.is_dir() { &self.clone } else { &self.home };
        let program = self.environment.iter().find(|(name, _)| name == env::CRAFT_GIT);
        let program = program.map_or_else(|| PathBuf::from("git"), |(_, path)| PathBuf::from(path));
        let ran = self.start(&program, folder, arguments, None)?;
        if ran.success {
            Ok(ran.text.trim_end().to_owned())
        } else {
            Err(DemoError::Command { command: format!("git {}", arguments.join(" ")), output: ran.text })
        }
    }

    /// The person writes a file of the clone.
    pub(super) fn write(&self, stage: &Stage, file: &str, text: &str) -> Result<(), DemoError> {
        stage.command(self.name, &format!("edit {file}"));
        let before = self.read(file);
        for change in TextDiff::from_lines(before.as_str(), text).iter_all_changes() {
            if change.tag() != ChangeTag::Equal && !change.value().trim().is_empty() {
                stage.output(&format!("{} {}", change.tag(), change.value()));
            }
        }
        self.put(&self.clone.join(file), text)
    }

    /// Writes a file of the clone unseen.
    pub(super) fn seed(&self, file: &str, text: &str) -> Result<(), DemoError> {
        self.put(&self.clone.join(file), text)
    }

    /// A file of the clone; empty where there is none.
    pub(super) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.clone.join(file)).unwrap_or_default()
    }

    /// A session starts here.
    pub(super) fn session_starts(&mut self, stage: &Stage) -> Result<Heard, DemoError> {
        self.session += 1;
        stage.event(self.name, "a session starts", SESSION_START);
        self.hook(stage, SESSION_START, "SessionStart", &json!({"source": "startup"}))
    }

    /// A prompt is submitted here.
    pub(super) fn prompt(&self, stage: &Stage, text: &str) -> Result<Heard, DemoError> {
        stage.event(self.name, &format!("prompt: {text}"), PROMPT_SYNC);
        self.hook(stage, PROMPT_SYNC, "UserPromptSubmit", &json!({"prompt": text}))
    }

    /// The session ends here.
    pub(super) fn session_ends(&self, stage: &Stage) -> Result<Heard, DemoError> {
        stage.event(self.name, "the session ends", SESSION_END);
        self.hook(stage, SESSION_END, "SessionEnd", &json!({"reason": "prompt_input_exit"}))
    }

    /// Waits until no request is left: a worker removes one when its work is done and recorded.
    pub(super) fn settle(&self) -> Result<(), DemoError> {
        const PAUSE: Duration = Duration::from_millis(20);
        let layout = Layout::at(self.home.join(".claude"));
        for _ in 0..PATIENCE * 50 {
            if queue::list(&layout)?.is_empty() {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        Err(DemoError::Worker { machine: self.name, seconds: PATIENCE })
    }

    /// This machine's folders of ours.
    pub(super) fn layout(&self) -> Layout {
        Layout::at(self.home.join(".claude"))
    }

    fn hook(&self, stage: &Stage, program: &str, event: &str, extra: &Value) -> Result<Heard, DemoError> {
        let mut input = json!({
            "session_id": format!("{}-{}", self.name, self.session),
            "transcript_path": self.home.join(".claude/transcript.jsonl"),
            "cwd": self.clone,
            "hook_event_name": event,
        });
        if let (Some(input), Some(extra)) = (input.as_object_mut(), extra.as_object()) {
            input.extend(extra.clone());
        }
        let ran = self.start(&self.programs.join(program), &self.clone, &[], Some(&input.to_string()))?;
        self.settle()?;
        let output: Value = serde_json::from_str(&ran.text).unwrap_or_default();
        let text = |pointer: &str| self.pretty(output.pointer(pointer).and_then(Value::as_str).unwrap_or_default());
        let heard = Heard {
            user: text("/systemMessage"),
            model: text("/hookSpecificOutput/additionalContext"),
            well_behaved: ran.success && (ran.text.is_empty() || output.is_object()),
        };
        for (to, text) in [("user sees", &heard.user), ("model reads", &heard.model)] {
            if !text.is_empty() {
                stage.said(to, text);
            }
        }
        Ok(heard)
    }

    #[expect(clippy::disallowed_methods, reason = "the demo types commands and plays the client that runs the hooks")]
    fn start(&self, program: &Path, folder: &Path, arguments: &[&str], input: Option<&str>) -> Result<Ran, DemoError> {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let failed = |source| DemoError::Start { program: name.clone(), source };
        // Both streams go to one file, in the order in which they come, as in a terminal; and a
        // program that a hook leaves behind cannot hold a pipe of ours open.
        let mut printed = tempfile::tempfile_in(&self.top).map_err(failed)?;
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(printed.try_clone().map_err(failed)?)
            .stderr(printed.try_clone().map_err(failed)?)
            .spawn()
            .map_err(failed)?;
        if let (Some(mut pipe), Some(text)) = (child.stdin.take(), input) {
            // A hook may have heard enough before the end.
            let _ = pipe.write_all(text.as_bytes());
        }
        let success = wait(&mut child, &name)?;
        std::io::Seek::rewind(&mut printed).map_err(failed)?;
        let mut bytes = Vec::new();
        printed.read_to_end(&mut bytes).map_err(failed)?;
        Ok(Ran { success, text: String::from_utf8_lossy(&bytes).into_owned() })
    }

    fn put(&self, path: &Path, text: &str) -> Result<(), DemoError> {
        let write = || fs::File::create(path)?.write_all(text.as_bytes());
        write().map_err(|source| file_error("write", path, source))
    }

    /// Shortens the paths of the demo's own folders, for people.
    fn pretty(&self, text: &str) -> String {
        let home = self.home.display().to_string();
        let top = self.top.display().to_string();
        text.replace(&home, "~").replace(&top, "…")
    }
}

fn wait(child: &mut Child, name: &str) -> Result<bool, DemoError> {
    let failed = |source| DemoError::Start { program: name.to_owned(), source };
    if let Some(status) = child.wait_timeout(Duration::from_secs(PATIENCE)).map_err(failed)? {
        return Ok(status.success());
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(DemoError::Hangs { program: name.to_owned(), seconds: PATIENCE })
}

fn file_error(doing: &'static str, path: &Path, source: std::io::Error) -> DemoError {
    DemoError::File { doing, path: path.to_owned(), source }
}
