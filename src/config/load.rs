//! Reading the configuration, and saying precisely what is wrong with it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::model::{Config, Repository};
use crate::fs::{FsError, private};

/// The version this program writes. A newer file is read as far as it is understood.
pub const VERSION: u32 = 1;

/// Sections of the configuration that `repositories[].overrides` may change.
pub const OVERRIDABLE: [&str; 10] =
    ["autoSync", "conflict", "retry", "lock", "limits", "paths", "security", "permissions", "plans", "beacon"];

/// Something is wrong with a configuration file. The text names file, line, field, what was found
/// and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] FsError),
    /// The text is no JSON.
    #[error("{}:{line}:{column}: this is no valid JSON: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// A field holds what it must not.
    #[error("{}:{line}: `{field}` is {found}; allowed is {allowed}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// Line, from 1; 0 where it is not known.
        line: usize,
        /// The field, dotted: `autoSync.triggers.userPrompt.probability`.
        field: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        allowed: String,
    },
}

/// Reads `path`; the defaults where there is no such file.
///
/// # Errors
/// See [`ConfigError`].
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    match private::read(path)? {
        None => Ok(Config::default()),
        Some(bytes) => parse(path, &bytes),
    }
}

/// Parses and checks a configuration; `path` is for the messages.
///
/// # Errors
/// See [`ConfigError`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Config, ConfigError> {
    let config: Config = typed(path, bytes)?;
    check(&config).map_err(|fault| fault.at(path, bytes))?;
    for (index, repository) in config.repositories.iter().enumerate() {
        effective(&config, repository)
            .map_err(|fault| fault.below(&format!("repositories[{index}].overrides")).at(path, bytes))?;
    }
    Ok(config)
}

/// The configuration as it holds for one repository: its overrides merged over the rest.
///
/// # Errors
/// A [`Fault`] where an override names no section or holds what it must not.
pub fn effective(config: &Config, repository: &Repository) -> Result<Config, Fault> {
    if repository.overrides.is_empty() {
        return Ok(config.clone());
    }
    let mut merged = serde_json::to_value(config).map_err(|e| Fault::new("", "unreadable", &e.to_string()))?;
    for (section, patch) in &repository.overrides {
        if !OVERRIDABLE.contains(&section.as_str()) {
            return Err(Fault::new(section, "no section that can be overridden", &one_of(&OVERRIDABLE)));
        }
        merge_patch(&mut merged[section.as_str()], patch);
    }
    let config: Config = serde_path_to_error::deserialize(&merged).map_err(|e| {
        let field = e.path().to_string();
        Fault { found: found_at(&merged, &field), allowed: allowed(&e.into_inner().to_string()), field }
    })?;
    check(&config)?;
    Ok(config)
}

/// Applies a JSON merge patch (RFC 7396).
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge_patch(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// A value that is well-formed and wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field, dotted.
    pub field: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub allowed: String,
}

impl Fault {
    fn new(field: &str, found: &str, allowed: &str) -> Self {
        Self { field: field.into(), found: found.into(), allowed: allowed.into() }
    }

    fn below(mut self, parent: &str) -> Self {
        self.field = format!("{parent}.{}", self.field);
        self
    }

    /// Adds file and line.
    #[must_use]
    pub fn at(self, path: &Path, bytes: &[u8]) -> ConfigError {
        let line = line_of(bytes, &self.field);
        ConfigError::Field { path: path.to_owned(), line, field: self.field, found: self.found, allowed: self.allowed }
    }
}

/// Parses JSON into `T` with errors that name line and field.
pub(crate) fn typed<T: serde::de::DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, ConfigError> {
    // An empty file is what is left of an editor that was killed: the same as none.
    let bytes: &[u8] = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer);
    let parsed = parsed.map_err(|e| (e.path().to_string(), e.into_inner()));
    let parsed = parsed.and_then(|v| deserializer.end().map(|()| v).map_err(|e| (".".into(), e)));
    let text = bytes.trim_ascii_start();
    if parsed.is_ok() && !text.starts_with(b"{") {
        // A list was taken for the fields in their order.
        let line = bytes[..bytes.len() - text.len()].iter().filter(|b| **b == b'\n').count() + 1;
        let (field, found, allowed) = (".".into(), "a list".into(), "an object".into());
        return Err(ConfigError::Field { path: path.to_owned(), line, field, found, allowed });
    }
    parsed.map_err(|(field, e)| {
        if e.is_data() {
            let found =
                serde_json::from_slice::<Value>(bytes).map_or_else(|_| "unreadable".into(), |v| found_at(&v, &field));
            ConfigError::Field { path: path.to_owned(), line: e.line(), field, found, allowed: allowed(&e.to_string()) }
        } else {
            let text = e.to_string();
            let reason = text.split(" at line ").next().unwrap_or(&text).to_owned();
            ConfigError::Syntax { path: path.to_owned(), line: e.line(), column: e.column(), reason }
        }
    })
}

/// Checks what types cannot say.
fn check(config: &Config) -> Result<(), Fault> {
    let prompt = &config.auto_sync.triggers.user_prompt;
    let start = &config.auto_sync.triggers.session_start;
    let limits = &config.limits;
    let range = |field: &str, value: u64, low: u64, high: u64| {
        if (low..=high).contains(&value) {
            Ok(())
        } else {
            Err(Fault::new(field, &value.to_string(), &format!("a whole number from {low} to {high}")))
        }
    };
    range("autoSync.triggers.userPrompt.probability", prompt.probability, 1, 1_000_000)?;
    range("autoSync.triggers.userPrompt.debounceMs", prompt.debounce_ms, 0, 86_400_000)?;
    range("autoSync.triggers.sessionStart.budgetMs", start.budget_ms, 0, 60_000)?;
    range("retry.attempts", config.retry.attempts.into(), 1, 20)?;
    range("retry.baseMs", config.retry.base_ms, 1, 60_000)?;
    range("retry.capMs", config.retry.cap_ms, 1, 86_400_000)?;
    range("retry.pauseAfter", config.retry.pause_after.into(), 1, 1000)?;
    range("lock.timeoutSeconds", config.lock.timeout_seconds, 0, 3600)?;
    range("limits.maxFileMib", limits.max_file_mib, 1, 1_048_576)?;
    range("limits.massDeletionFiles", limits.mass_deletion_files, 1, u64::from(u32::MAX))?;
    range("limits.massDeletionPercent", limits.mass_deletion_percent, 1, 100)?;
    range("limits.networkSeconds", limits.network_seconds, 1, 86_400)?;
    range("limits.commitSeconds", limits.commit_seconds, 1, 86_400)?;
    range("limits.snapshotDays", limits.snapshot_days, 1, 36_500)?;
    range("scheduler.catchUpCap", config.scheduler.catch_up_cap.into(), 1, 1000)?;
    range("scheduler.maxRetries", config.scheduler.max_retries.into(), 1, 1000)?;
    range("notifications.keepDays", config.notifications.keep_days, 1, 36_500)?;
    range("logging.retentionDays", config.logging.retention_days, 1, 36_500)?;
    range("logging.maxMib", config.logging.max_mib, 1, 1024)?;
    range("security.scanMaxMib", config.security.scan_max_mib, 1, 1024)?;
    range("beacon.maxFiles", config.beacon.max_files, 1, 10_000)?;
    range("beacon.maxMib", config.beacon.max_mib, 1, 1024)?;
    range("beacon.watch.intervalSeconds", config.beacon.watch.interval_seconds, 1, 86_400)?;
    for (index, folder) in config.beacon.folders.iter().enumerate() {
        if !is_plain(folder) {
            let field = format!("beacon.folders[{index}]");
            return Err(Fault::new(
                &field,
                &format!("{folder:?}"),
                "a folder below the top of the repository, and not in .git",
            ));
        }
    }
    for (index, repository) in config.repositories.iter().enumerate() {
        for (name, path) in [("path", &repository.path), ("commonDir", &repository.common_dir)] {
            if !path.is_absolute() {
                let field = format!("repositories[{index}].{name}");
                return Err(Fault::new(&field, &format!("{:?}", path.display().to_string()), "an absolute path"));
            }
        }
        if repository.branch.is_empty() {
            return Err(Fault::new(&format!("repositories[{index}].branch"), "empty", "the name of a branch, or `*`"));
        }
    }
    Ok(())
}

/// Whether a text names a folder below another one, whatever lies there.
fn is_plain(folder: &str) -> bool {
    let parts: Vec<_> = folder.strip_suffix('/').unwrap_or(folder).split('/').collect();
    let plain = |part: &&str| !part.is_empty() && ![".", ".."].contains(part) && !part.eq_ignore_ascii_case(".git");
    parts.iter().all(plain) && !folder.contains(['\\', '\0'])
}

fn found_at(value: &Value, field: &str) -> String {
    let mut at = value;
    for part in field.split(['.', '[', ']']).filter(|p| !p.is_empty()) {
        let next = part.parse::<usize>().ok().and_then(|i| at.get(i)).or_else(|| at.get(part));
        match next {
            Some(next) => at = next,
            None => return "missing".into(),
        }
    }
    let text = at.to_string();
    if text.chars().count() > 60 { text.chars().take(57).chain("...".chars()).collect() } else { text }
}

/// Turns serde's sentence into the part that says what is allowed.
fn allowed(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    match message.split_once("expected ") {
        Some((_, "u64" | "u32")) => "a whole number".to_owned(),
        Some((_, expected)) if expected.starts_with("struct ") => "an object".to_owned(),
        Some((_, expected)) => expected.to_owned(),
        None => message.to_owned(),
    }
}

fn one_of(words: &[&str]) -> String {
    format!("one of {}", words.join(", "))
}

/// The line on which the last part of `field` stands, following its parts in order; 0 if it is not
/// found. Good enough for a file that was already parsed: keys stand before what they hold.
fn line_of(bytes: &[u8], field: &str) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let mut from = 0;
    for part in field.split(['.', '[', ']']).filter(|p| !p.is_empty() && p.parse::<usize>().is_err()) {
        match text[from..].find(&format!("\"{part}\"")) {
            Some(at) => from += at,
            None => return if from == 0 { 0 } else { text[..from].lines().count() },
        }
    }
    text[..from].bytes().filter(|b| *b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parse(Path::new("/c/config.json"), text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_object_is_the_seeds_default() {
        let config = parse(Path::new("c"), b"{}").unwrap();
        let value = serde_json::to_value(&config).unwrap();
        let triggers = &value["autoSync"]["triggers"];
        assert_eq!(value["autoSync"]["enabled"], true);
        assert_eq!(triggers["sessionStart"]["action"], "pull");
        assert_eq!(triggers["sessionEnd"]["commitMessage"], "Auto-sync: Session end ${timestamp}");
        assert_eq!(triggers["sessionEnd"]["silent"], false);
        assert_eq!(triggers["userPrompt"]["probability"], 27);
        assert_eq!(triggers["userPrompt"]["debounceMs"], 5000);
        assert_eq!(value["lock"]["timeoutSeconds"], 60);
    }

    #[test]
    fn the_seeds_own_example_is_read() {
        let text = br#"{"autoSync":{"enabled":true,"triggers":{"sessionStart":{"enabled":true,"action":"pull","silent":true},
            "sessionEnd":{"enabled":true,"action":"push","silent":false,"commitMessage":"m"},
            "userPrompt":{"enabled":true,"probability":9,"action":"sync","silent":true,"debounceMs":1}},
            "lastSync":{"timestamp":"2025-09-01T12:00:00Z","type":"manual","status":"success"},"statistics":{"totalSyncs":0}}}"#;
        assert_eq!(parse(Path::new("c"), text).unwrap().auto_sync.triggers.user_prompt.probability, 9);
    }

    #[test]
    fn an_error_names_file_line_field_what_was_found_and_what_is_allowed() {
        assert_eq!(
            error("{\n \"autoSync\": {\"triggers\": {\n  \"userPrompt\": {\"probability\": \"often\"}}}}"),
            "/c/config.json:3: `autoSync.triggers.userPrompt.probability` is \"often\"; allowed is a whole number"
        );
        assert_eq!(
            error("{\n \"autoSync\": {\"triggers\": {\n  \"userPrompt\": {\"probability\": 0}}}}"),
            "/c/config.json:3: `autoSync.triggers.userPrompt.probability` is 0; allowed is a whole number from 1 to 1000000"
        );
        assert_eq!(
            error("{\n \"lock\": {\n"),
            "/c/config.json:3:0: this is no valid JSON: EOF while parsing an object"
        );
        assert_eq!(error("\n [1, {}]"), "/c/config.json:2: `.` is a list; allowed is an object");
        assert!(
            error("{\"conflict\": {\"policy\": \"force\"}}").ends_with("is \"force\"; allowed is `stop` or `branch`")
        );
    }

    #[test]
    fn a_beacons_folders_lie_below_the_top_and_not_in_git() {
        let with = |folder: &str| format!("{{\"beacon\": {{\"folders\": [\"docs\", {folder:?}]}}}}");
        for good in [".claude/planning", "notes/", "a b"] {
            assert!(parse(Path::new("c"), with(good).as_bytes()).is_ok(), "{good}");
        }
        for bad in ["", "/", "/etc", "..", "a/../b", "./a", "a//b", ".git/hooks", "a/.GIT", "a\\b"] {
            let error = error(&with(bad));
            assert!(error.contains("beacon.folders[1]") && error.contains("a folder below the top"), "{bad}: {error}");
        }
        assert!(error("{\"beacon\": {\"watch\": {\"intervalSeconds\": 0}}}").contains("from 1 to 86400"));
    }

    #[test]
    fn overrides_change_one_repository_and_are_checked_like_the_rest() {
        let text = |o: &str| {
            format!(
                "{{\"repositories\":[{{\"path\":\"/r\",\"commonDir\":\"/r/.git\",\"branch\":\"main\",\"overrides\":{o}}}]}}"
            )
        };
        let config = parse(Path::new("c"), text("{\"limits\":{\"maxFileMib\":7}}").as_bytes()).unwrap();
        let here = effective(&config, &config.repositories[0]).unwrap();
        assert_eq!((here.limits.max_file_mib, here.limits.network_seconds, config.limits.max_file_mib), (7, 120, 50));
        assert!(
            error(&text("{\"limits\":{\"maxFileMib\":0}}"))
                .contains("`repositories[0].overrides.limits.maxFileMib` is 0")
        );
        assert!(error(&text("{\"repositories\":[]}")).contains("no section that can be overridden"));
    }
}
