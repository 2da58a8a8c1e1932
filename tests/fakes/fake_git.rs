//! A stand-in for the git program, for tests: it fails, hangs, prints or passes on as a script says.
//!
//! `FAKE_GIT_SCRIPT` names a JSON list of rules, `FAKE_GIT_REAL` the real git, `FAKE_GIT_LOG` a file to
//! which every call adds one line with its arguments.
#![allow(clippy::disallowed_methods, reason = "a program of the tests has no library to go through")]

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use serde::Deserialize;

#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "match")]
    when: String,
    nth: usize,
    action: String,
    code: u8,
    text: String,
    ms: u64,
    command: String,
}

fn main() -> ExitCode {
    match act() {
        Ok(code) => code,
        Err(e) => {
            let _ = writeln!(io::stderr(), "fake-git: {e}");
            ExitCode::from(99)
        }
    }
}

fn act() -> io::Result<ExitCode> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let joined: Vec<_> = arguments.iter().map(|a| a.to_string_lossy().replace('\n', "\\n")).collect();
    let line = format!(" {} ", joined.join(" "));
    let earlier = log(&line)?;
    let script = File::open(var("FAKE_GIT_SCRIPT")?)?;
    let rules: Vec<Rule> = serde_json::from_reader(script)?;
    let fits = |rule: &&Rule| {
        let number = earlier.lines().filter(|l| l.contains(&rule.when)).count() + 1;
        line.contains(&rule.when) && (rule.nth == 0 || rule.nth == number)
    };
    let Some(rule) = rules.iter().find(fits) else { return pass(&arguments) };
    match rule.action.as_str() {
        "pass" => pass(&arguments),
        "fail" => {
            writeln!(io::stderr(), "{}", rule.text)?;
            Ok(ExitCode::from(rule.code))
        }
        "print" => {
            writeln!(io::stdout(), "{}", rule.text)?;
            Ok(ExitCode::SUCCESS)
        }
        "hang" => loop {
            std::thread::park();
        },
        "delay" => {
            std::thread::sleep(Duration::from_millis(rule.ms));
            pass(&arguments)
        }
        "kill-self" => claude_craft::sys::kill_self(),
        "kill-after" => {
            Command::new(var("FAKE_GIT_REAL")?).args(&arguments).status()?;
            claude_craft::sys::kill_self()
        }
        "run" => {
            let mut shell = Command::new("sh");
            shell.args(["-c", &rule.command]);
            for (name, _) in std::env::vars_os() {
                // The command is somebody else's: the engine's index and folders are not its own.
                if name.to_string_lossy().starts_with("GIT_") {
                    shell.env_remove(name);
                }
            }
            shell.status()?;
            pass(&arguments)
        }
        other => Err(io::Error::other(format!("no such action: {other}"))),
    }
}

/// Becomes the real git.
fn pass(arguments: &[std::ffi::OsString]) -> io::Result<ExitCode> {
    Err(Command::new(var("FAKE_GIT_REAL")?).args(arguments).exec())
}

/// Adds a line to the log; what stood there before.
fn log(line: &str) -> io::Result<String> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(var("FAKE_GIT_LOG")?)?;
    fs2::FileExt::lock_exclusive(&file)?;
    let mut earlier = String::new();
    file.read_to_string(&mut earlier)?;
    writeln!(file, "{line}")?;
    Ok(earlier)
}

fn var(name: &str) -> io::Result<std::ffi::OsString> {
    std::env::var_os(name).ok_or_else(|| io::Error::other(format!("{name} is not set")))
}
