//! The executable for the host's event `UserPromptSubmit`.

use claude_craft::hook::{process, run};

fn main() {
    process::run(run::prompt_sync);
}
