//! The executable for the host's event `SessionStart`.

use claude_craft::hook::{process, run};

fn main() {
    process::run(run::session_start);
}
