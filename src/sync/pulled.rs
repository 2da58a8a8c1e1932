//! What a pull brings that runs programs here or tells the model what to do. It is applied as git says; the user
//! only should know that it came, and from whom.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::plain;
use crate::scan::redact::hush;

/// How many things and people one line names.
const SHOWN: usize = 5;

/// What a changed file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notable {
    /// git runs or reads what it names: filters, submodules, hooks.
    Git,
    /// Something else runs it when somebody works here.
    Runs,
    /// The client's settings; which of them matters.
    Settings,
    /// Servers that the client starts.
    Servers,
    /// The client or the model follows it.
    Instructs,
}

/// Folders whose content git is commonly told to run as hooks.
const HOOKS: [&str; 5] = [".githooks", ".husky", ".git-hooks", ".lefthook", ".pre-commit-hooks"];
/// Files that say which hooks there are.
const HOOK_FILES: [&str; 9] = [
    ".pre-commit-config.yaml",
    ".pre-commit-config.yml",
    ".pre-commit-hooks.yaml",
    "lefthook.yml",
    "lefthook.yaml",
    "lefthook.toml",
    ".lefthook.yml",
    ".overcommit.yml",
    ".huskyrc",
];
/// Folders of the client with what it or the model follows.
const INSTRUCTIONS: [&str; 7] = ["commands", "agents", "skills", "hooks", "output-styles", "rules", "plugins"];

/// What a change of `path` means; `None` where it is a file like any other.
#[must_use]
pub fn notable(path: &Path) -> Option<Notable> {
    let text = path.to_string_lossy();
    let parts: Vec<_> = text.split('/').collect();
    let name = parts.last().copied().unwrap_or_default();
    let top = parts.first().copied().unwrap_or_default();
    let claude = parts.iter().position(|p| *p == ".claude").map(|at| &parts[at + 1..]);
    match (name, claude) {
        (".gitattributes" | ".gitmodules" | ".gitconfig" | "gitconfig", _) => Some(Notable::Git),
        _ if HOOK_FILES.contains(&text.as_ref()) || HOOKS.contains(&top) => Some(Notable::Git),
        ("settings.json" | "settings.local.json", Some([_])) => Some(Notable::Settings),
        (".mcp.json", _) => Some(Notable::Servers),
        ("CLAUDE.md" | "CLAUDE.local.md" | "AGENTS.md", _) => Some(Notable::Instructs),
        (_, Some([folder, ..])) if INSTRUCTIONS.contains(folder) => Some(Notable::Instructs),
        ("plugin.json" | "marketplace.json", _) if parts.contains(&".claude-plugin") => Some(Notable::Runs),
        ("hooks.json", _) if parts.len() >= 2 && parts[parts.len() - 2] == "hooks" => Some(Notable::Runs),
        (_, _) if text.starts_with(".devcontainer/") || text == ".devcontainer.json" => Some(Notable::Runs),
        ("tasks.json" | "launch.json" | "settings.json", _) if top == ".vscode" => Some(Notable::Runs),
        (".envrc" | ".mise.toml" | "mise.toml", _) => Some(Notable::Runs),
        _ => None,
    }
}

/// Fields of the client's settings that run programs, or let some run unasked.
const FIELDS: [&str; 16] = [
    "hooks",
    "permissions",
    "env",
    "statusLine",
    "apiKeyHelper",
    "awsAuthRefresh",
    "awsCredentialExport",
    "otelHeadersHelper",
    "fileSuggestion",
    "enabledPlugins",
    "extraKnownMarketplaces",
    "enableAllProjectMcpServers",
    "enabledMcpjsonServers",
    "disableAllHooks",
    "sandbox",
    "outputStyle",
];

/// Which of the fields that matter differ between two versions of the client's settings. Where one of them cannot
/// be read, all may.
#[must_use]
pub fn changed_settings(old: Option<&[u8]>, new: Option<&[u8]>) -> Option<Vec<String>> {
    let read = |bytes: Option<&[u8]>| match bytes {
        None => Some(Value::Null),
        Some(bytes) => serde_json::from_slice::<Value>(bytes).ok(),
    };
    let (old, new) = (read(old)?, read(new)?);
    Some(FIELDS.iter().filter(|f| old.get(**f) != new.get(**f)).map(|f| (*f).to_owned()).collect())
}

/// The servers that the new version of a `.mcp.json` has and the old one has not, or has otherwise.
#[must_use]
pub fn changed_servers(old: Option<&[u8]>, new: Option<&[u8]>) -> Option<Vec<String>> {
    let servers = |bytes: Option<&[u8]>| match bytes {
        None => Some(Value::Null),
        Some(bytes) => {
            Some(serde_json::from_slice::<Value>(bytes).ok()?.get("mcpServers").cloned().unwrap_or_default())
        }
    };
    let (old, new) = (servers(old)?, servers(new)?);
    let new = new.as_object().cloned().unwrap_or_default();
    Some(new.into_iter().filter(|(name, value)| old.get(name) != Some(value)).map(|(name, _)| name).collect())
}

/// The line that tells it: what changed, and by whom.
#[must_use]
pub fn line(things: &[String], authors: &BTreeSet<String>) -> String {
    let things = some(things.iter().map(String::as_str), things.len());
    let by = match authors.len() {
        0 => String::new(),
        n => format!(" (by {})", some(authors.iter().map(String::as_str), n)),
    };
    format!("the pull changed what runs or instructs here: {things}{by}")
}

fn some<'t>(texts: impl Iterator<Item = &'t str>, count: usize) -> String {
    let shown: Vec<_> = texts.take(SHOWN).map(|t| plain::name(&hush(t))).collect();
    let rest = if count > SHOWN { format!(" and {} more", count - SHOWN) } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_or_instructs_is_told_from_files_like_any_other() {
        use Notable::{Git, Instructs, Runs, Servers, Settings};
        for (path, expected) in [
            (".gitattributes", Some(Git)),
            ("sub/.gitattributes", Some(Git)),
            (".gitmodules", Some(Git)),
            (".husky/pre-commit", Some(Git)),
            ("lefthook.yml", Some(Git)),
            (".claude/settings.json", Some(Settings)),
            ("app/.claude/settings.json", Some(Settings)),
            (".mcp.json", Some(Servers)),
            ("CLAUDE.md", Some(Instructs)),
            ("app/AGENTS.md", Some(Instructs)),
            (".claude/commands/deploy.md", Some(Instructs)),
            (".claude/skills/x/SKILL.md", Some(Instructs)),
            (".claude-plugin/plugin.json", Some(Runs)),
            ("hooks/hooks.json", Some(Runs)),
            (".vscode/tasks.json", Some(Runs)),
            (".devcontainer/Dockerfile", Some(Runs)),
            ("src/settings.json", None),
            (".claude/craft.json", None),
            ("commands/deploy.md", None),
            ("docs/lefthook.yml", None),
            (".gitignore", None),
            ("docs/CLAUDE.md.txt", None),
            ("package.json", None),
        ] {
            assert_eq!(notable(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn of_settings_only_what_matters_is_told() {
        let old = br#"{"model": "a", "hooks": {"x": 1}, "env": {"A": "1"}}"#;
        let new = br#"{"model": "b", "hooks": {"x": 2}, "env": {"A": "1"}, "permissions": {}}"#;
        assert_eq!(changed_settings(Some(old), Some(new)).unwrap(), ["hooks", "permissions"]);
        assert_eq!(changed_settings(Some(old), None).unwrap(), ["hooks", "env"]);
        assert_eq!(changed_settings(Some(b"{\"model\": 1}"), Some(b"{}")).unwrap(), [""; 0]);
        assert_eq!(changed_settings(Some(old), Some(b"{")), None);
        let servers = |text: &str| text.as_bytes().to_vec();
        let (old, new) =
            (servers(r#"{"mcpServers": {"a": 1, "b": 1}}"#), servers(r#"{"mcpServers": {"a": 1, "b": 2, "c": 1}}"#));
        assert_eq!(changed_servers(Some(&old), Some(&new)).unwrap(), ["b", "c"]);
        assert_eq!(changed_servers(None, Some(&old)).unwrap(), ["a", "b"]);
    }

    #[test]
    fn the_line_names_a_few_and_cannot_be_steered() {
        let authors = ["Bob\u{1b}[2J".to_owned()].into();
        assert_eq!(
            line(&["CLAUDE.md".into()], &authors),
            "the pull changed what runs or instructs here: CLAUDE.md (by Bob\\u{1b}[2J)"
        );
        let many: Vec<_> = (0..7).map(|n| format!("{n}.md")).collect();
        assert!(line(&many, &BTreeSet::new()).ends_with("4.md and 2 more"));
    }
}
