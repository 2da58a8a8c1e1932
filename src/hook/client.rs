//! Which process the client is, so that its death without a word is noticed.

use crate::env::{self, Env};
use crate::sys;

/// What runs a hook whose command is a line for a shell.
const SHELLS: [&str; 4] = ["sh", "bash", "dash", "zsh"];

/// The process id of the client: what it says itself, else the process that started this one, or
/// that one's parent where it is a shell.
#[must_use]
pub fn process(env: &Env) -> u32 {
    let said = env.str(env::CLAUDE_PID).and_then(|text| text.trim().parse().ok());
    said.filter(|pid| *pid > 0 && sys::process_exists(*pid)).unwrap_or_else(|| above_shell(sys::parent_process()))
}

fn above_shell(pid: u32) -> u32 {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if !SHELLS.contains(&name.trim_end()) {
        return pid;
    }
    parent_of(pid).filter(|parent| *parent > 1).unwrap_or(pid)
}

/// Field 4 of `/proc/<pid>/stat`.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name stands in brackets and may itself hold brackets and blanks.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_own_word_holds_while_such_a_process_lives() {
        let own = std::process::id();
        let env = Env::from_pairs([(env::CLAUDE_PID, own.to_string())]);
        assert_eq!(process(&env), own);
        let parent = process(&Env::default());
        assert_ne!(parent, own);
        for odd in ["0", "-1", "abc", "4194305", "99999999999"] {
            assert_eq!(process(&Env::from_pairs([(env::CLAUDE_PID, odd)])), parent, "{odd}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_parent_of_a_process_is_read_from_the_kernel() {
        assert_eq!(parent_of(std::process::id()), Some(sys::parent_process()));
        assert_eq!(parent_of(4_194_305), None);
    }
}
