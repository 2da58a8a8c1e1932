//! `craft slash`: what the words after `/craft` mean. They come from a prompt, unchecked, so they are
//! taken apart without a shell, and only commands of a list are run.

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches};
use console::truncate_str;

use super::exit_code;
use super::ui::Ui;
use super::{Cli, error::CommandError};
use crate::env::{self, Env};
use crate::sync::tell;
use crate::sync::words::{self, LONGEST};

/// What a slash command may run, and what `/craft help` says of it. Nothing that asks, stays or opens
/// an editor. `config` alone is not here, but its verbs are.
const ALLOWED: [(&str, &str); 32] = [
    ("auto-sync", "the same as `auto-sync status`"),
    ("auto-sync enable", "enrol this repository, or switch it on again"),
    ("auto-sync disable", "switch it off; `--all` for every one"),
    ("auto-sync status", "what is enrolled, how it stands, what needs you"),
    ("auto-sync force", "sync now: `force pull`, `force push`, or both"),
    ("auto-sync history", "the snapshots that were kept"),
    ("auto-sync undo", "bring a snapshot back"),
    ("auto-sync log", "the last syncs, and how they ended"),
    ("auto-sync config get", "show the settings; `config set KEY VALUE` changes one"),
    ("auto-sync config set", ""),
    ("scan", "look for credentials in the working tree; `scan --outgoing` in what would be sent"),
    ("plan", "how the phased plan stands, and what comes next"),
    ("plan graph", "its phases and what they depend on"),
    ("beacon", "what waits from the other environment, and what was changed here"),
    ("beacon pull", "take in what waits"),
    ("beacon push", "send what was changed; `-m TEXT` says what it is about"),
    ("monitor", "jobs, repositories, notifications and what was done in the last 24 hours"),
    ("permissions", "what may leave this machine; `permissions check github close` asks the gate"),
    ("jobs", "recurring jobs: how each stands, and when it runs next"),
    ("jobs list", ""),
    ("jobs enable", "let jobs run by themselves; `jobs disable` ends that"),
    ("jobs disable", ""),
    ("jobs pause", "let a job rest; `jobs resume` ends that, `jobs interval` sets how often it runs"),
    ("jobs resume", ""),
    ("jobs interval", ""),
    ("jobs reset", "let a job run again that has failed too often"),
    ("jobs run", "run a job now; it may take a while"),
    ("jobs logs", "what a job said"),
    ("notifications", "what waits to be looked at; `show ID`, `dismiss ID`, `snooze ID 2h`"),
    ("logs", "what was done in the last 24 hours; `logs -n 10 --result error` the last failures"),
    ("metrics", "how often syncs run, how long they take, how often they fail"),
    ("doctor", "whether everything is in order; `--fix` mends what can be mended"),
];
/// Allowed too, and not worth a line in the help.
const ALSO: [&str; 37] = [
    "auto-sync config check",
    "beacon diff",
    "beacon init",
    "beacon log",
    "beacon queue",
    "beacon queue drop",
    "beacon queue list",
    "beacon queue send",
    "beacon resolve",
    "beacon status",
    "logs verify",
    "notifications dismiss",
    "notifications dismiss-all",
    "notifications list",
    "notifications show",
    "notifications snooze",
    "permissions check",
    "permissions set",
    "permissions show",
    "plan archive",
    "plan check",
    "plan convert",
    "plan evidence",
    "plan execute",
    "plan init",
    "plan new",
    "plan pr",
    "plan repair",
    "plan rollback",
    "plan status",
    "plan summarize",
    "plan todo",
    "plan todo done",
    "plan todo list",
    "plan todo undo",
    "settings diff",
    "settings list",
];

/// Columns of what was said that an error repeats.
const SHOWN: usize = 60;

/// Options that make an allowed command stay, write a file of any name, or work elsewhere than in the session's folder.
const REFUSED: [(&str, &str); 4] =
    [("watch", "--watch"), ("follow", "--follow"), ("export", "--export"), ("folder", "-C")];

/// See the command's help.
#[derive(Debug, Args)]
pub struct Slash {
    /// End with 0 whatever happens, since another code makes the client drop a command file's output
    #[arg(long)]
    exit_zero: bool,
    /// Read more words from standard input
    #[arg(long)]
    stdin: bool,
    /// Read standard input as one word, whatever it holds
    #[arg(long, conflicts_with = "stdin")]
    one: bool,
    /// The words, in one argument or several
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Runs what the words say.
#[must_use]
pub fn run(env: Env, folder: Option<&Path>, args: &Slash) -> ExitCode {
    // Nobody at the other end has a terminal.
    let env = env.with(env::NO_COLOR, "1");
    let mut ui = Ui::plain();
    let code = said(args).and_then(|words| answer(&env, &mut ui, folder, &words));
    let code = code.unwrap_or_else(|e| ui.fail(&env, &e));
    let code = ui.finish(code);
    ExitCode::from(if args.exit_zero { exit_code::DONE } else { code })
}

/// All words, from the command line and from standard input.
fn said(args: &Slash) -> Result<Vec<String>, CommandError> {
    let mut all = Vec::new();
    for text in &args.words {
        all.extend(split(text)?);
    }
    if args.stdin {
        let (text, longer) = standard_input()?;
        if longer {
            return Err(unsplit(words::NoWords::TooLong));
        }
        all.extend(split(&text)?);
    }
    if args.one {
        // Of a long text the beginning says enough.
        let (text, _) = standard_input()?;
        let text = text.trim();
        // `/para-check "a request"` means what stands between the quotes.
        let bare = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).filter(|t| !t.contains('"'));
        // It may begin with what looks like an option.
        all.push("--".into());
        all.extend(Some(bare.unwrap_or(text)).filter(|t| !t.is_empty()).map(str::to_owned));
    }
    Ok(all)
}

/// Standard input, and whether it was longer than is read.
fn standard_input() -> Result<(String, bool), CommandError> {
    if std::io::stdin().is_terminal() {
        return Ok((String::new(), false));
    }
    let mut bytes = Vec::new();
    // One byte more than is allowed tells that there is more.
    let read = std::io::stdin().lock().take(LONGEST as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| CommandError::failed(format!("standard input cannot be read: {e}")))?;
    let longer = bytes.len() > LONGEST;
    bytes.truncate(LONGEST);
    Ok((String::from_utf8_lossy(&bytes).into_owned(), longer))
}

fn split(text: &str) -> Result<Vec<String>, CommandError> {
    words::split(text).map_err(unsplit)
}

fn unsplit(error: words::NoWords) -> CommandError {
    CommandError::usage(error.to_string()).hint("`/craft help` shows what there is")
}

fn answer(env: &Env, ui: &mut Ui, folder: Option<&Path>, words: &[String]) -> Result<u8, CommandError> {
    let said: Vec<_> = words.iter().map(String::as_str).collect();
    match said.as_slice() {
        // The second is `/craft:auto-sync help`.
        ["help" | "--help" | "-h", ..] | ["auto-sync", "help", ..] => {
            ui.say(&help());
            return Ok(exit_code::DONE);
        }
        [] => {
            ui.say(&help());
            ui.say("");
        }
        _ => {}
    }
    let status = ["auto-sync".to_owned(), "status".to_owned()];
    let words = if words.is_empty() { &status } else { words };
    let line = std::iter::once("craft").chain(words.iter().map(String::as_str));
    let parsed = Cli::command().try_get_matches_from(line);
    let matches = match parsed {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::InvalidSubcommand => return Err(unknown(words)),
        Err(error) => return Ok(explain(ui, &error)),
    };
    allowed(&matches)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|e| CommandError::usage(e.to_string()))?;
    super::run(env, ui, folder, cli.command)
}

/// Whether a command may be run from a prompt.
fn allowed(matches: &ArgMatches) -> Result<(), CommandError> {
    let mut path = Vec::new();
    let mut at = matches;
    loop {
        for (id, option) in REFUSED {
            let given = at.try_contains_id(id).unwrap_or(false)
                && at.value_source(id) == Some(clap::parser::ValueSource::CommandLine);
            if given {
                let text = format!("{option} makes no sense in a slash command");
                return Err(CommandError::usage(text).hint("leave it out, or use a terminal"));
            }
        }
        let Some((name, below)) = at.subcommand() else { break };
        path.push(name);
        at = below;
    }
    let path = path.join(" ");
    if ALLOWED.iter().any(|(name, _)| *name == path) || ALSO.contains(&path.as_str()) {
        return Ok(());
    }
    Err(CommandError::usage(format!("`craft {path}` is for a terminal"))
        .hint("`/craft help` shows what a slash command can do"))
}

/// What the parser says, with whatever the words hold made harmless.
fn explain(ui: &mut Ui, error: &clap::Error) -> u8 {
    let text = error.to_string();
    let lines: Vec<_> = text.trim_end().lines().map(tell::clean).collect();
    ui.say(&lines.join("\n"));
    u8::try_from(error.exit_code()).unwrap_or(exit_code::USAGE)
}

/// No such command. The parser would also offer those that are not for a prompt.
fn unknown(words: &[String]) -> CommandError {
    let said = truncate_str(&words.join(" "), SHOWN, "…").into_owned();
    // `status` for `auto-sync status`.
    let long = words.first().map(|word| format!("auto-sync {word}"));
    let meant = long.filter(|long| ALLOWED.iter().any(|(name, _)| name == long));
    let hint =
        meant.map_or_else(|| "`/craft help` shows what there is".into(), |m| format!("did you mean `/craft {m}`?"));
    CommandError::usage(format!("there is no `/craft {said}`")).hint(hint)
}

fn help() -> String {
    let wide = ALLOWED.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = ALLOWED.iter().filter(|(_, what)| !what.is_empty());
    let lines = lines.map(|(name, what)| format!("  /craft {name:<wide$}  {what}"));
    std::iter::once("keeps enrolled repositories in step with the work".to_owned())
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(line: &str) -> Result<(), String> {
        let words = std::iter::once("craft").chain(line.split(' '));
        let matches = Cli::command().try_get_matches_from(words).map_err(|e| e.kind().to_string())?;
        allowed(&matches).map_err(|e| e.message)
    }

    #[test]
    fn what_asks_or_stays_is_for_a_terminal_and_all_else_is_decided_upon() {
        for line in [
            "auto-sync",
            "auto-sync enable --branch main",
            "auto-sync disable --all",
            "auto-sync status --json",
            "auto-sync force push --dry-run",
            "auto-sync undo 1",
            "auto-sync config get autoSync",
            "auto-sync config set autoSync.enabled false",
            "auto-sync config check",
            "jobs",
            "jobs list --json",
            "jobs pause log-rotation",
            "jobs interval log-rotation 2h",
            "jobs logs log-rotation -n 3",
            "jobs run log-rotation",
            "beacon",
            "beacon status --json",
            "beacon push a.md -m note",
            "beacon resolve a.md --ours",
            "doctor",
            "monitor",
            "monitor --json --columns 60",
            "notifications --all",
            "notifications dismiss-all -y",
            "notifications snooze x 2h",
        ] {
            assert_eq!(judged(line), Ok(()), "{line}");
        }
        for (line, why) in [
            ("auto-sync config edit", "`craft auto-sync config edit` is for a terminal"),
            ("auto-sync status --watch", "--watch makes no sense in a slash command"),
            ("auto-sync status -C /", "-C makes no sense in a slash command"),
            ("-C/ auto-sync status", "-C makes no sense in a slash command"),
            ("jobs logs log-rotation --follow", "--follow makes no sense in a slash command"),
            ("beacon watch", "`craft beacon watch` is for a terminal"),
            ("scan allow 0123", "`craft scan allow` is for a terminal"),
            ("worker", "`craft worker` is for a terminal"),
            ("slash auto-sync status", "`craft slash` is for a terminal"),
            ("demo", "`craft demo` is for a terminal"),
            ("man", "`craft man` is for a terminal"),
            ("completions bash", "`craft completions` is for a terminal"),
            ("statusline", "`craft statusline` is for a terminal"),
        ] {
            assert_eq!(judged(line), Err(why.to_owned()), "{line}");
        }
    }

    #[test]
    fn every_allowed_command_exists() {
        for name in ALLOWED.iter().map(|(name, _)| name).chain(&ALSO) {
            let mut at = &Cli::command();
            for word in name.split(' ') {
                at = at.find_subcommand(word).unwrap_or_else(|| panic!("{name}"));
            }
        }
    }

    #[test]
    fn the_verb_alone_is_understood_enough_to_be_corrected() {
        let hint = |word: &str| unknown(&[word.to_owned(), "now".into()]).hint.unwrap_or_default();
        assert_eq!(hint("status"), "did you mean `/craft auto-sync status`?");
        assert_eq!(hint("rm"), "`/craft help` shows what there is");
        let message = unknown(&["x".repeat(5000)]).message;
        assert!(message.len() < 100, "{message}");
    }
}
