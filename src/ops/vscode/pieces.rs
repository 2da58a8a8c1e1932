//! What is put into which file: the seed document's, for each system.

use serde_json::{Value, json};

/// Something that is put in.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// A member, at the end of a way of keys.
    Member(Vec<&'static str>, Value),
    /// Elements of an array that is a member of the whole; two with the same `label` are the same.
    Elements(&'static str, Vec<Value>),
}

/// Makes what goes into a file.
type Make = fn() -> Vec<Piece>;

/// The files, and what goes into each.
pub(super) const FILES: [(&str, Make); 2] = [("tasks.json", tasks), ("settings.json", settings)];

fn tasks() -> Vec<Piece> {
    let check = json!({
        "label": "PromptSync: Check for Updates",
        "type": "shell",
        "command": "ps-sync status",
        "group": "none",
        "presentation": {"reveal": "always", "panel": "dedicated"},
    });
    let pull = json!({
        "label": "PromptSync: Pull Updates",
        "type": "shell",
        "command": "ps-sync pull",
        "group": "none",
        "runOptions": {"runOn": "folderOpen"},
    });
    vec![Piece::Member(vec!["version"], json!("2.0.0")), Piece::Elements("tasks", vec![check, pull])]
}

fn settings() -> Vec<Piece> {
    let shell = |path: &str, shell: &str| json!({"path": path, "args": ["-c", format!("ps-sync pull; exec {shell}")]});
    // The shell of a Linux user may be any; it is in $SHELL.
    let windows = json!({"source": "PowerShell", "args": ["-NoExit", "-Command", "ps-sync pull"]});
    let systems = [
        ("terminal.integrated.env.osx", "terminal.integrated.profiles.osx", shell("zsh", "zsh")),
        ("terminal.integrated.env.linux", "terminal.integrated.profiles.linux", shell("bash", "\"${SHELL:-bash}\"")),
        ("terminal.integrated.env.windows", "terminal.integrated.profiles.windows", windows),
    ];
    let mut pieces = Vec::new();
    for (variables, profiles, profile) in systems {
        pieces.push(Piece::Member(vec![variables, "PROMPTSYNC_AUTO_SYNC"], json!("true")));
        pieces.push(Piece::Member(vec![profiles, "promptsync-shell"], profile));
    }
    pieces
}
