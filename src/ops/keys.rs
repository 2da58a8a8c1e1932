//! Dotted names of settings: `autoSync.triggers.userPrompt.probability`, `repositories[0].branch`.
//! Which ones there are is read off the defaults, so that a new setting needs no second list.

use std::path::PathBuf;

use serde_json::Value;

use crate::config::load::OVERRIDABLE;
use crate::config::model::{Config, Repository};
use crate::permission::Operation;

/// The value at `key`.
#[must_use]
pub fn get<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    parts(key)?.iter().try_fold(value, |at, part| match at {
        Value::Array(list) => list.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    })
}

/// Sets the value at `key`; objects on the way are made, list entries are not. Whether it could be.
pub fn put(value: &mut Value, key: &str, new: Value) -> bool {
    let Some(parts) = parts(key) else { return false };
    let mut at = value;
    for part in parts {
        if at.is_null() {
            *at = Value::Object(serde_json::Map::new());
        }
        at = match at {
            Value::Object(map) => map.entry(part).or_insert(Value::Null),
            Value::Array(list) => match part.parse::<usize>().ok().and_then(|i| list.get_mut(i)) {
                Some(entry) => entry,
                None => return false,
            },
            _ => return false,
        };
    }
    *at = new;
    true
}

/// Whether `key` names a setting. `config` tells how many repositories there are.
#[must_use]
pub fn known(key: &str, config: &Value) -> bool {
    let Some(parts) = parts(key) else { return false };
    let defaults = defaults();
    match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["repositories", index, rest @ ..] => {
            let there = index.parse::<usize>().ok().is_some_and(|i| config["repositories"].get(i).is_some());
            there
                && match rest {
                    ["overrides", section, inner @ ..] => {
                        let whole: Vec<_> = std::iter::once(*section).chain(inner.iter().copied()).collect();
                        OVERRIDABLE.contains(section) && known(&whole.join("."), config)
                    }
                    rest => has(&repository(), rest),
                }
        }
        ["permissions", platform, "overrides", operation] => {
            has(&defaults, &["permissions", platform]) && Operation::ALL.iter().any(|o| o.word() == *operation)
        }
        all => has(&defaults, all),
    }
}

/// Settings named like `key`, best first, at most three.
#[must_use]
pub fn similar(key: &str) -> Vec<String> {
    let wanted = key.to_lowercase();
    let last = |k: &str| k.rsplit('.').next().unwrap_or_default().to_lowercase();
    let near = |have: &str, want: &str| {
        let distance = distance(have, want);
        (distance * 3 <= want.chars().count().max(3)).then_some(distance)
    };
    let mut found: Vec<(usize, String)> = names(&defaults())
        .into_iter()
        .filter_map(|k| {
            let by_path = near(&k.to_lowercase(), &wanted);
            let by_name = near(&last(&k), &last(&wanted));
            Some((by_path.into_iter().chain(by_name).min()?, k))
        })
        .collect();
    // Among equals, the one that resembles the whole of what was typed.
    found.sort_by_cached_key(|(d, k)| (*d, distance(&k.to_lowercase(), &wanted), k.clone()));
    found.truncate(3);
    found.into_iter().map(|(_, k)| k).collect()
}

/// Settings in a user's file that do not exist, with a word on why.
#[must_use]
pub fn unknown(file: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    strangers(file, &defaults(), "", &mut found);
    if let Some(list) = file.get("repositories").and_then(Value::as_array) {
        for (index, entry) in list.iter().enumerate() {
            strangers(entry, &repository(), &format!("repositories[{index}]"), &mut found);
        }
    }
    found.into_iter().map(|key| (key.clone(), why_unknown(&key))).collect()
}

/// What a project's file says beyond switching off and excluding, with a word on why it is ignored.
#[must_use]
pub fn not_narrowing(file: &Value) -> Vec<(String, String)> {
    let why = "a project's file can only switch off and exclude";
    let switch = serde_json::json!({"enabled": false});
    let allowed = serde_json::json!({
        "version": 1,
        "autoSync": {"enabled": false, "triggers": {
            "sessionStart": switch, "sessionEnd": switch, "userPrompt": switch,
        }},
        "paths": {"exclude": []},
        "permissions": defaults()["permissions"],
    });
    let mut found = Vec::new();
    strangers(file, &allowed, "", &mut found);
    let mut found: Vec<_> = found.into_iter().map(|key| (key, why.to_owned())).collect();
    for key in names(file).into_iter().filter(|k| k.ends_with(".enabled")) {
        if get(file, &key) == Some(&Value::Bool(true)) && get(&allowed, &key).is_some() {
            found.push((key, "a project's file can switch off, never on".into()));
        }
    }
    found
}

/// How many letters must be changed, added or taken away to turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn defaults() -> Value {
    serde_json::to_value(Config::default()).unwrap_or_default()
}

/// A repository's entry with every field in it.
fn repository() -> Value {
    let entry = Repository {
        path: PathBuf::new(),
        common_dir: PathBuf::new(),
        remote: None,
        remote_url: None,
        push_url: Some(String::new()),
        branch: String::new(),
        upstream: Some(String::new()),
        publish: false,
        disabled: true,
        enrolled: String::new(),
        overrides: [("conflict".to_owned(), Value::Null)].into(),
    };
    serde_json::to_value(entry).unwrap_or_default()
}

/// `a.b[0].c` as `a`, `b`, `0`, `c`; `None` where a part is empty.
fn parts(key: &str) -> Option<Vec<String>> {
    let parts: Vec<String> = key.replace('[', ".").replace(']', "").split('.').map(str::to_owned).collect();
    parts.iter().all(|p| !p.is_empty()).then_some(parts)
}

fn has(defaults: &Value, parts: &[&str]) -> bool {
    parts.iter().try_fold(defaults, |at, part| at.as_object()?.get(*part)).is_some()
}

/// The dotted names of all fields, sections included.
fn names(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        for (name, inner) in value.as_object().into_iter().flatten() {
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            walk(inner, &at, found);
            found.push(at);
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// Keys of `file` that `model` does not have. Lists, and what is no object in `model`, are not looked into.
fn strangers(file: &Value, model: &Value, at: &str, found: &mut Vec<String>) {
    let (Value::Object(file), Value::Object(model)) = (file, model) else { return };
    for (name, inner) in file {
        let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        match model.get(name) {
            None => found.push(path),
            // Overrides are a merge patch, or a table of operations, that the parser has checked.
            Some(_) if name == "overrides" => {}
            Some(known) => strangers(inner, known, &path, found),
        }
    }
}

fn why_unknown(key: &str) -> String {
    if ["autoSync.lastSync", "autoSync.statistics"].contains(&key) {
        return "this is kept in auto-sync-state.json".into();
    }
    match similar(key).first() {
        Some(near) => format!("there is no such setting; did you mean `{near}`?"),
        None => "there is no such setting".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_setting_is_known_by_its_dotted_name_and_nothing_else_is() {
        let config = json!({"repositories": [{"path": "/r"}]});
        for key in names(&defaults()) {
            assert!(known(&key, &config), "{key}");
        }
        let right = [
            "autoSync.triggers",
            "repositories[0].branch",
            "repositories.0.pushUrl",
            "repositories[0].overrides.limits.maxFileMib",
            "repositories[0].overrides.autoSync",
            "permissions.github.overrides.close",
            "repositories[0].overrides.permissions.git.overrides.push",
        ];
        for key in right {
            assert!(known(key, &config), "{key}");
        }
        let wrong = [
            "",
            ".",
            "autosync.enabled",
            "autoSync..enabled",
            "autoSync.enabled.x",
            "repositories[1].branch",
            "repositories[0].brunch",
            "repositories[0].overrides.repositories",
            "repositories[x].branch",
            "version.x",
            "permissions.github.overrides.shut",
            "permissions.gitlab.overrides.close",
        ];
        for key in wrong {
            assert!(!known(key, &config), "{key}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_answered_with_the_setting_that_was_meant() {
        let cases = [
            ("probability", "autoSync.triggers.userPrompt.probability"),
            ("autoSync.triggers.userPrompt.probabilty", "autoSync.triggers.userPrompt.probability"),
            ("autosync.enabled", "autoSync.enabled"),
            ("autosync", "autoSync"),
            ("limits.maxFileMb", "limits.maxFileMib"),
            ("userPrompt.silent", "autoSync.triggers.userPrompt.silent"),
        ];
        for (typed, meant) in cases {
            assert_eq!(similar(typed).first().map(String::as_str), Some(meant), "{typed}");
        }
        assert!(similar("colour.of.the.sky.at.night").is_empty());
    }

    #[test]
    fn values_are_put_in_place_and_missing_sections_made() {
        let mut value = json!({"autoSync": {"mine": 1}, "repositories": [{"branch": "a"}]});
        assert!(put(&mut value, "autoSync.triggers.userPrompt.probability", json!(9)));
        assert!(put(&mut value, "repositories[0].branch", json!("b")));
        assert!(!put(&mut value, "repositories[1].branch", json!("b")));
        assert!(!put(&mut value, "autoSync.mine.deeper", json!(1)));
        let want = json!({"autoSync": {"mine": 1, "triggers": {"userPrompt": {"probability": 9}}},
            "repositories": [{"branch": "b"}]});
        assert_eq!(value, want);
        assert_eq!(get(&value, "repositories[0].branch"), Some(&json!("b")));
    }

    #[test]
    fn what_a_file_says_in_vain_is_found() {
        let file = json!({"autoSync": {"lastSync": {}, "enabeld": false}, "zzzzzz": 1,
            "repositories": [{"path": "/r", "mine": 1, "overrides": {"autoSync": {"x": 1}}}]});
        let found: Vec<_> = unknown(&file).into_iter().map(|(key, why)| format!("{key}: {why}")).collect();
        assert_eq!(
            found,
            [
                "autoSync.lastSync: this is kept in auto-sync-state.json",
                "autoSync.enabeld: there is no such setting; did you mean `autoSync.enabled`?",
                "zzzzzz: there is no such setting",
                "repositories[0].mine: there is no such setting",
            ]
        );
        let project = json!({"autoSync": {"enabled": true, "triggers": {"userPrompt": {"enabled": false, "probability": 1}}},
            "paths": {"exclude": ["x"], "include": ["y"]}});
        let found: Vec<_> = not_narrowing(&project).into_iter().map(|(key, _)| key).collect();
        assert_eq!(found, ["autoSync.triggers.userPrompt.probability", "paths.include", "autoSync.enabled"]);
    }
}
