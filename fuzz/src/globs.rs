//! The gate: patterns mean what `.gitignore` means by them, and no pattern or path makes it fail.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use claude_craft::config::model::Config;
use claude_craft::sync::gate::{Candidate, Globs, Rules, has_markers};
use claude_craft::sync::names::{says_secret, windows_cannot_hold};
use claude_craft::sync::outcome::LeftOutReason;

use super::halves;

/// Patterns, one a line; a NUL; a path.
pub fn body(data: &[u8]) {
    let (patterns, path) = halves(data);
    let patterns: Vec<String> = String::from_utf8_lossy(patterns).lines().take(8).map(str::to_owned).collect();
    let path = Path::new(OsStr::from_bytes(path));
    names(path);
    markers(data);
    // What git names: no empty name, no NUL, nothing outside, no slash at the end.
    let named: PathBuf = path.components().filter(|c| matches!(c, Component::Normal(_))).collect();
    if named.as_os_str() != path.as_os_str() || path.as_os_str().as_bytes().contains(&0) {
        return;
    }
    let all = match Globs::new(&patterns) {
        Ok(all) => all,
        Err(bad) => {
            assert!(bad.to_string().contains(&bad.pattern) && !bad.reason.is_empty());
            assert!(patterns.contains(&bad.pattern) || bad.pattern == patterns.join(", "));
            return;
        }
    };
    assert_eq!(all.is_empty(), patterns.is_empty());
    let one_of_them = patterns.iter().any(|p| Globs::new(std::slice::from_ref(p)).is_ok_and(|g| g.matches(path)));
    assert_eq!(all.matches(path), one_of_them, "{patterns:?} {path:?}");
    if all.matches(path) && !path.as_os_str().is_empty() {
        assert!(all.matches(&path.join("below")), "what holds for a folder holds for all in it: {patterns:?} {path:?}");
    }
    for pattern in &patterns {
        literal(pattern, path);
        names_of_their_own(pattern, path);
    }
    gate(&patterns, path, data.len() as u64);
}

/// A pattern without special characters names a path and all below it.
fn literal(pattern: &str, path: &Path) {
    let name = pattern.trim_matches('/');
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._- ".contains(&b)) && !name.contains("//");
    let Some(path) = path.to_str().filter(|p| plain && !name.is_empty() && !p.is_empty() && !p.contains("//")) else {
        return;
    };
    if path.starts_with('/') || path.ends_with('/') {
        return;
    }
    let below = |whole: &str| whole == name || whole.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
    let rooted = pattern.trim_end_matches('/').contains('/');
    let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
    let expected = if rooted { below(path) } else { starts.into_iter().any(|at| below(&path[at..])) };
    let globs = Globs::new(&[pattern.to_owned()]).expect("a plain name is a pattern");
    assert_eq!(globs.matches(Path::new(path)), expected, "{pattern:?} {path:?}");
}

/// What stands for one character stands for none that separates two names.
fn names_of_their_own(pattern: &str, path: &Path) {
    let name = pattern.trim_matches('/');
    let rooted = pattern.trim_end_matches('/').contains('/');
    let Some(path) = path.to_str().filter(|_| rooted && !name.contains(['*', '{', '\\', '['])) else { return };
    if Globs::new(&[pattern.to_owned()]).is_ok_and(|g| g.matches(Path::new(path))) {
        assert!(path.split('/').count() >= name.split('/').count(), "{pattern:?} {path:?}");
    }
    // A class in place of each `?`.
    let classes = Globs::new(&[pattern.replace('?', "[!\u{1}]")]).expect("a class is a pattern");
    let single = Globs::new(&[pattern.to_owned()]).expect("a plain pattern");
    if !path.contains('\u{1}') && !path.contains('\u{fffd}') {
        assert_eq!(single.matches(Path::new(path)), classes.matches(Path::new(path)), "{pattern:?} {path:?}");
    }
}

fn gate(patterns: &[String], path: &Path, number: u64) {
    let candidate = |deleted| Candidate {
        path: path.to_owned(),
        deleted,
        new: true,
        bytes: number,
        readable: true,
        repository: false,
        markers: false,
        content: None,
    };
    let mut config = Config::default();
    config.paths.exclude = patterns.to_vec();
    let out = Rules::new(&config).expect("these were compiled before");
    if Globs::new(patterns).is_ok_and(|g| g.matches(path)) {
        let why = out.leaves_out(&candidate(false));
        assert!(matches!(why, Some(LeftOutReason::Outside | LeftOutReason::AgentWorktree)), "{why:?}");
        assert_eq!(out.leaves_out(&candidate(true)).is_some(), why.is_some());
    }
    config.security.allow = std::mem::take(&mut config.paths.exclude);
    let allowed = Rules::new(&config).expect("these were compiled before").leaves_out(&candidate(false));
    let asked = Rules::new(&Config::default()).expect("the default").leaves_out(&candidate(false));
    assert!(allowed == asked || (allowed.is_none() && asked == Some(LeftOutReason::SecretName)));
    let number = usize::try_from(number).unwrap_or(0);
    let _ = out.is_mass_deletion(usize::MAX, number, usize::MAX);
}

fn names(path: &Path) {
    if let Some(text) = path.to_str().filter(|t| t.is_ascii()) {
        assert_eq!(says_secret(path), says_secret(Path::new(&text.to_uppercase())), "{text:?}");
        assert_eq!(windows_cannot_hold(path), windows_cannot_hold(Path::new(&text.to_uppercase())), "{text:?}");
        if says_secret(path) {
            assert!(says_secret(&Path::new("deep/er").join(text.trim_start_matches('/'))), "{text:?}");
        }
    }
}

fn markers(text: &[u8]) {
    let count = |start: &[u8]| text.split(|b| *b == b'\n').filter(|l| l.starts_with(start)).count();
    if has_markers(text) {
        assert!(count(b"<<<<<<< ") > 0 && count(b"=======") > 0 && count(b">>>>>>> ") > 0);
        assert!(has_markers(&[text, b"\n<<<<<<< x"].concat()) && has_markers(&[b"=======\n", text].concat()));
    }
    let whole = [b"<<<<<<< a\n=======\n>>>>>>> b\n".as_slice(), text].concat();
    assert!(has_markers(&whole));
}
