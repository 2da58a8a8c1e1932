//! Which paths of a message may be written. A manifest comes from elsewhere, and so does each name in it; what is not
//! plainly a file below an allowed folder is refused with the entry's name, and then nothing of its message is written.

use std::collections::BTreeMap;

use super::manifest::File;
use crate::digest::is_object_id;

/// Longest part of a path in bytes (NAME_MAX).
const PART: usize = 255;
/// Longest path in bytes.
const LONGEST: usize = 1000;
/// Names that are devices on Windows, whatever follows a dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
/// What a folder of a message may never be: it would be the channel's own.
const OURS: &str = ".claude/sync";
/// Files that Claude Code reads by itself, in whatever folder they are: what stands in them counts as the user's word.
const LOADED: [&str; 3] = ["claude.md", "claude.local.md", ".mcp.json"];
/// The same of what lies in a folder `.claude`, in whatever folder that is.
const LOADED_BELOW: [&str; 9] = [
    "settings.json",
    "settings.local.json",
    "agents",
    "commands",
    "hooks",
    "output-styles",
    "plugins",
    "rules",
    "skills",
];

/// What is wrong with a path that another configuration would allow.
pub const OUTSIDE: &str = "is in none of the folders of beacon.folders";

/// Why a message cannot be taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{entry:?} {why}")]
pub struct Bad {
    /// The entry, as it stands in the manifest, cut where it is long.
    pub entry: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// How much a message may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files.
    pub files: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// Looks at all files of a message.
///
/// # Errors
/// The first entry that is bad.
pub fn check_all(files: &[File], folders: &[String], limits: Limits) -> Result<(), Bad> {
    let bad = |file: &File, why| Err(Bad { entry: cut(&file.path), why });
    if files.len() as u64 > limits.files {
        return Err(Bad { entry: format!("{} files", files.len()), why: "are more than beacon.maxFiles allows" });
    }
    let mut bytes = 0_u64;
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for file in files {
        check(&file.path, folders)?;
        bytes = bytes.saturating_add(file.size);
        if bytes > limits.bytes {
            return bad(file, "makes the message larger than beacon.maxMib allows");
        }
        let hash =
            file.sha256.len() == 64 && file.sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match (file.deleted, file.mode.as_str()) {
            (true, _) if file.size > 0 || !file.sha256.is_empty() || !file.mode.is_empty() => {
                return bad(file, "is taken away and has bytes at once");
            }
            (true, _) => {}
            (false, "100644" | "100755") if hash => {}
            (false, "100644" | "100755") => return bad(file, "has no SHA-256 of 64 hexadecimal digits"),
            (false, "120000") => return bad(file, "is a symbolic link"),
            (false, "160000") => return bad(file, "is a submodule"),
            (false, _) => return bad(file, "has a mode that is no file's"),
        }
        if file.base.as_ref().is_some_and(|base| !is_object_id(base)) {
            return bad(file, "has a base that is no object id");
        }
        if seen.insert(folded(&file.path), &file.path).is_some() {
            return bad(file, "is there twice, or differs from another entry in its case only");
        }
    }
    // A file where another entry needs a folder; by their folded names, as on a file system that has no cases.
    for (name, path) in &seen {
        let below = format!("{name}/");
        if seen.range(below.clone()..).next().is_some_and(|(next, _)| next.starts_with(&below)) {
            return Err(Bad { entry: cut(path), why: "is a file and a folder at once" });
        }
    }
    Ok(())
}

/// Looks at one path.
///
/// # Errors
/// What is wrong with it.
pub fn check(path: &str, folders: &[String]) -> Result<(), Bad> {
    let bad = |why| Err(Bad { entry: cut(path), why });
    if path.is_empty() {
        return bad("is empty");
    }
    if path.len() > LONGEST {
        return bad("is longer than 1000 bytes");
    }
    if path.chars().any(|c| c.is_control() || is_invisible(c)) {
        return bad("has characters that do not show");
    }
    if path.contains('\\') {
        return bad("has a backslash");
    }
    if path.contains(':') {
        return bad("has a colon, which is a drive or a stream on Windows");
    }
    if path.starts_with('/') {
        return bad("is absolute");
    }
    if path.starts_with('~') {
        return bad("begins with ~");
    }
    for part in path.split('/') {
        match part {
            "" => return bad("has an empty part"),
            "." | ".." => return bad("has a part . or .."),
            _ => {}
        }
        if part.len() > PART {
            return bad("has a part longer than 255 bytes");
        }
        if part.ends_with('.') || part.ends_with(' ') || part.starts_with(' ') {
            return bad("has a part that begins with a blank, or ends with one or a dot");
        }
        let lower = folded(part);
        if lower == ".git" || lower.starts_with("git~") {
            return bad("goes into .git");
        }
        let stem = lower.split('.').next().unwrap_or_default().trim_end();
        let port = ["com", "lpt"].iter().any(|p| {
            stem.strip_prefix(p)
                .is_some_and(|n| n.chars().count() == 1 && n.chars().all(|c| c.is_ascii_digit() || "¹²³".contains(c)))
        });
        if port || DEVICES.contains(&stem) {
            return bad("is the name of a device on Windows");
        }
    }
    let lower = folded(path);
    if lower == OURS || lower.starts_with(&format!("{OURS}/")) {
        return bad("is in .claude/sync, which is the beacon's own");
    }
    if !folders.iter().any(|folder| is_below(path, folder)) {
        return bad(OUTSIDE);
    }
    if is_loaded(&lower) {
        return bad("is read by Claude Code by itself, as if the user had written it");
    }
    Ok(())
}

fn is_loaded(lower: &str) -> bool {
    let mut before = "";
    let mut below = false;
    for part in lower.split('/') {
        below |= before == ".claude" && LOADED_BELOW.contains(&part);
        before = part;
    }
    below || LOADED.contains(&before)
}

/// Whether a path is a file below a folder, both written with `/`.
#[must_use]
pub fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
}

/// As a file system without cases would have it.
#[must_use]
pub fn folded(path: &str) -> String {
    path.chars().flat_map(char::to_lowercase).collect()
}

/// Characters without a width, and such that turn a line round. HFS+ leaves some of them out of names, which would
/// make `.git` of `.g\u{200c}it`.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

fn cut(entry: &str) -> String {
    const SHOWN: usize = 120;
    if entry.chars().count() <= SHOWN { entry.to_owned() } else { entry.chars().take(SHOWN).chain(['…']).collect() }
}

/// The folders above a path, without the top.
pub fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> Vec<String> {
        vec![".claude/planning".into(), ".claude/implementation/".into()]
    }

    fn file(path: &str) -> File {
        File { path: path.into(), mode: "100644".into(), size: 1, sha256: "a".repeat(64), ..File::default() }
    }

    const LIMITS: Limits = Limits { files: 5, bytes: 100 };

    #[test]
    fn files_below_the_folders_may_be_written_and_nothing_else() {
        for good in [
            ".claude/planning/a.md",
            ".claude/planning/session-notes/Session 3 – Ünïcode.md",
            ".claude/implementation/src/main.rs",
            ".claude/planning/.gitignore",
            ".claude/planning/company.md",
            ".claude/planning/com10",
        ] {
            assert_eq!(check(good, &folders()), Ok(()), "{good}");
        }
        let bad = [
            ("", "empty"),
            ("/etc/passwd", "absolute"),
            ("../x", ". or .."),
            (".claude/planning/../../x", ". or .."),
            (".claude/planning/./x", ". or .."),
            (".claude/planning//x", "empty part"),
            (".claude/planning/x/", "empty part"),
            (".claude/planning", "none of the folders"),
            (".claude/planning-2/x", "none of the folders"),
            (".claude/settings.json", "none of the folders"),
            ("src/main.rs", "none of the folders"),
            (".claude/planning/.git/config", "into .git"),
            (".claude/planning/.GIT/hooks/x", "into .git"),
            (".claude/planning/GIT~1/x", "into .git"),
            (".claude/planning/.g\u{200c}it/x", "do not show"),
            (".claude/planning/a\u{202e}b", "do not show"),
            (".claude/planning/a\nb", "do not show"),
            (".claude/planning/a\0", "do not show"),
            (".claude\\planning\\x", "backslash"),
            ("C:/x", "colon"),
            (".claude/planning/x:stream", "colon"),
            ("~/x", "begins with ~"),
            (".claude/planning/con", "device"),
            (".claude/planning/NUL.txt", "device"),
            (".claude/planning/com1/x", "device"),
            (".claude/planning/LPT².md", "device"),
            (".claude/planning/a.", "dot"),
            (".claude/planning/a ", "blank"),
            (".claude/planning/ a", "blank"),
        ];
        for (path, why) in bad {
            let error = check(path, &folders()).unwrap_err();
            assert!(error.why.contains(why), "{path:?}: {error}");
        }
        assert!(check(&format!(".claude/planning/{}", "x".repeat(256)), &folders()).is_err());
        assert!(check(&format!(".claude/planning/{}", "x/".repeat(600)), &folders()).is_err());
        let wide = [".claude".to_owned(), "docs".to_owned()];
        for path in [
            ".claude/planning/CLAUDE.md",
            "docs/a/Claude.local.md",
            "docs/.mcp.json",
            ".claude/settings.json",
            ".claude/Hooks/x.sh",
            "docs/.claude/skills/x/SKILL.md",
            "docs/.claude/commands/x.md",
        ] {
            assert!(check(path, &wide).unwrap_err().why.contains("by itself"), "{path}");
        }
        for path in [".claude/planning/skills/x.md", "docs/settings.json", "docs/CLAUDE.md/x", ".claude/notes.md"] {
            assert_eq!(check(path, &wide), Ok(()), "{path}");
        }
        assert!(check(".claude/sync/manifest.json", &[".claude".into()]).unwrap_err().why.contains("own"));
    }

    #[test]
    fn the_entries_of_a_message_fit_together() {
        let all = |files: &[File]| check_all(files, &folders(), LIMITS);
        let p = |name: &str| file(&format!(".claude/planning/{name}"));
        assert_eq!(all(&[p("a"), p("b"), p("b2/c")]), Ok(()));
        let wrong = |change: fn(&mut File), why: &str| {
            let mut one = p("a");
            change(&mut one);
            let error = all(&[one]).unwrap_err();
            assert!(error.why.contains(why), "{error}");
        };
        wrong(|f| f.mode = "120000".into(), "symbolic link");
        wrong(|f| f.mode = "160000".into(), "submodule");
        wrong(|f| f.mode = "040000".into(), "no file's");
        wrong(|f| f.sha256 = "A".repeat(64), "SHA-256");
        wrong(|f| f.sha256.clear(), "SHA-256");
        wrong(|f| f.deleted = true, "at once");
        wrong(|f| f.size = 101, "maxMib");
        wrong(|f| f.size = u64::MAX, "maxMib");
        wrong(|f| f.base = Some("HEAD".into()), "object id");
        assert!(all(&[p("a"), p("A")]).unwrap_err().why.contains("case"));
        assert!(all(&[p("a"), p("a")]).unwrap_err().why.contains("twice"));
        assert!(all(&[p("a"), p("a-b"), p("A/b")]).unwrap_err().why.contains("folder at once"));
        let many: Vec<_> = (0..6).map(|n| p(&n.to_string())).collect();
        assert!(all(&many).unwrap_err().why.contains("maxFiles"));
        let sizes: Vec<_> = (0..3).map(|n| File { size: 40, ..p(&n.to_string()) }).collect();
        assert!(all(&sizes).unwrap_err().why.contains("maxMib"));
    }
}
