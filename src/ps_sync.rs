//! `ps-sync`: the verbs of the seed document, done by the `craft` that lies beside this program.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;

/// What the seed's script says to words that it does not know.
const USAGE: &str = "Usage: ps-sync [status|pull|push|watch]";
/// The verbs of `craft beacon`.
const VERBS: [&str; 9] = ["init", "status", "push", "pull", "watch", "log", "queue", "diff", "resolve"];

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own")]
fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if !arguments.first().is_some_and(|verb| VERBS.iter().any(|known| verb == known)) {
        println!("{USAGE}");
        return ExitCode::FAILURE;
    }
    // The seed's watch takes in what waits.
    let watches = arguments.first().is_some_and(|verb| verb == "watch");
    let pulls = watches && !arguments.iter().any(|word| word == "--pull");
    let program = craft();
    #[expect(clippy::disallowed_methods, reason = "this process becomes `craft`")]
    let error =
        std::process::Command::new(&program).arg("beacon").args(&arguments).args(pulls.then_some("--pull")).exec();
    eprintln!("error: cannot start {}: {error}", program.display());
    eprintln!("hint: `craft install` puts ps-sync and craft into one folder");
    ExitCode::FAILURE
}

/// The `craft` beside this program, wherever a link leads to it, else the one on `PATH`.
fn craft() -> PathBuf {
    let own = std::env::current_exe().map(|path| std::fs::canonicalize(&path).unwrap_or(path));
    let beside = own.map(|path| path.with_file_name("craft")).ok().filter(|path| path.is_file());
    beside.unwrap_or_else(|| PathBuf::from("craft"))
}
