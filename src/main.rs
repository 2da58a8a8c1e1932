//! The program `craft`. All it does is in the library.

use std::process::ExitCode;

use claude_craft::env::Env;

fn main() -> ExitCode {
    claude_craft::cli::main(Env::from_process(), std::env::args_os())
}
