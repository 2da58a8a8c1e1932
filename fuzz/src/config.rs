//! The configuration: a bad file always has a message that names the place, reading is repeatable, a
//! project only narrows, and `config set` changes one setting and nothing else, or nothing at all.

use std::fs;
use std::path::Path;

use claude_craft::config::load::{ConfigError, VERSION, effective};
use claude_craft::config::narrow::{self, Narrowing};
use claude_craft::config::{Config, parse};
use claude_craft::context::Context;
use claude_craft::env::Env;
use claude_craft::ops::{keys, settings};
use serde_json::Value;

use super::{halves, scratch};

/// A file; or a key and a value, one a line, a NUL, and a file.
pub fn body(data: &[u8]) {
    let (first, second) = halves(data);
    let file = if second.is_empty() { first } else { second };
    let config = reads(file);
    thread_local! {
        static WORLD: (Context, tempfile::TempDir) = {
            let folder = scratch("config");
            let env = Env::from_pairs([("CLAUDE_CONFIG_DIR", folder.path().join("claude").into_os_string())]);
            let ctx = Context::new(env).expect("a folder is named");
            fs::create_dir_all(ctx.layout.craft()).expect("a folder");
            fs::create_dir_all(folder.path().join("r/.claude")).expect("a folder");
            (ctx, folder)
        };
    }
    WORLD.with(|(ctx, folder)| {
        narrows(&folder.path().join("r"), file, config.unwrap_or_default());
        if let (false, Ok(line)) = (second.is_empty(), std::str::from_utf8(first)) {
            let (key, text) = line.split_once('\n').unwrap_or((line, ""));
            sets(ctx, key, text, second);
        }
    });
}

fn reads(bytes: &[u8]) -> Option<Config> {
    let path = Path::new("/c/config.json");
    let config = match (parse(path, bytes), parse(path, bytes)) {
        (Ok(config), Ok(again)) => {
            assert_eq!(config, again);
            config
        }
        (Err(error), Err(again)) => {
            let text = error.to_string();
            assert_eq!(text, again.to_string());
            assert!(text.starts_with("/c/config.json:"), "{text}");
            let lines = bytes.iter().filter(|b| **b == b'\n').count() + 1;
            match &error {
                ConfigError::Syntax { line, reason, .. } => assert!(*line <= lines && !reason.is_empty(), "{text}"),
                ConfigError::Field { line, found, allowed, .. } => {
                    assert!(*line <= lines && !found.is_empty() && !allowed.is_empty(), "{text}");
                }
                ConfigError::Unreadable(_) => panic!("there is no file"),
            }
            return None;
        }
        other => panic!("read twice, it is not the same: {other:?}"),
    };
    match bytes.trim_ascii().first() {
        None => assert_eq!(config, Config::default()),
        Some(first) => assert_eq!(*first, b'{', "nothing but an object is a configuration"),
    }
    for repository in &config.repositories {
        let here = effective(&config, repository).expect("this was checked when it was read");
        assert_eq!(here.repositories, config.repositories, "an override enrols nothing");
        assert!(repository.path.is_absolute() && !repository.branch.is_empty());
    }
    let written = serde_json::to_vec(&config).expect("a configuration can be written");
    let mut again = parse(path, &written).expect("what was read and written can be read");
    // An override may hold fractions, which nothing of ours is and which may come back a trifle different.
    for (one, other) in again.repositories.iter_mut().zip(&config.repositories) {
        one.overrides.clone_from(&other.overrides);
    }
    assert_eq!(again, config);
    Some(config)
}

/// A project's own file takes away and never gives.
fn narrows(worktree: &Path, bytes: &[u8], before: Config) {
    fs::write(worktree.join(narrow::FILE), bytes).expect("a file");
    let Ok(narrowing) = Narrowing::load(worktree) else { return };
    let mut after = before.clone();
    narrowing.apply(&mut after);
    let switches = |c: &Config| {
        let t = &c.auto_sync.triggers;
        [c.auto_sync.enabled, t.session_start.enabled, t.session_end.enabled, t.user_prompt.enabled]
    };
    assert!(switches(&after).iter().zip(switches(&before)).all(|(after, before)| *after <= before));
    assert!(after.paths.exclude.starts_with(&before.paths.exclude));
    let triggers = &mut after.auto_sync.triggers;
    let [all, start, end, prompt] = switches(&before);
    (triggers.session_start.enabled, triggers.session_end.enabled) = (start, end);
    (triggers.user_prompt.enabled, after.auto_sync.enabled) = (prompt, all);
    after.paths.exclude.clone_from(&before.paths.exclude);
    assert_eq!(after, before);
}

fn sets(ctx: &Context, key: &str, text: &str, file: &[u8]) {
    let path = ctx.layout.config();
    fs::write(&path, file).expect("a file");
    let set = settings::set(ctx, key, text, false);
    let now = fs::read(&path).expect("the file is still there");
    let Ok(change) = set else {
        assert_eq!(now, file, "nothing is written where it cannot be set");
        return;
    };
    let after: Value = serde_json::from_slice(&now).expect("JSON");
    let config = parse(&path, &now).expect("what is written can be read");
    assert!(config.version.0 <= VERSION, "a newer program's file is left alone");
    assert_eq!(keys::get(&after, key), Some(&change.after));
    // All else is as it was.
    let mut rest: Value =
        serde_json::from_slice(file).unwrap_or_else(|_| serde_json::to_value(Config::default()).unwrap());
    assert!(keys::put(&mut rest, key, change.after.clone()));
    assert_eq!(rest, after);
    let again = settings::set(ctx, key, text, false).expect("it could be set before");
    assert_eq!((again.after, again.diff.as_str()), (change.after, ""));
}
