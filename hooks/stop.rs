//! The executable for the host's event `Stop`.

use claude_craft::hook::{process, run};

fn main() {
    process::run(run::stop);
}
