//! What a scan goes by: rules, allowlists, ignored and allowed findings.
//!
//! What would lift a finding counts as it stands where others have seen it: a suppression that arrives together
//! with what it suppresses is that push's own word for itself.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{ScanError, allow};
use crate::config::model::Security;
use crate::context::Context;
use crate::digest;
use crate::fs::read_optional;
use crate::git::command::Git;
use crate::git::objects::{self, Content};
use crate::git::reads::Reads;
use crate::locate::Location;
use crate::scan::{Exceptions, Scanner, UserRules};

/// The user's rules and allowlists, in the format of gitleaks.
const RULES: &str = ".gitleaks.toml";
/// Findings that do not count, a line each.
const IGNORED: &str = ".gitleaksignore";
/// Findings that are known, as gitleaks reports them.
const BASELINE: &str = ".gitleaks-baseline.json";
/// A file of rules or exceptions is not larger than this.
const LIMIT: u64 = 32 << 20;
/// How long the user's own rules may take with a small file, in seconds.
const PATIENCE: u64 = 10;
/// How many faults of a rules file are told.
const TOLD: usize = 3;

/// Where the files are read that say what counts.
pub(crate) enum Source<'s> {
    /// In a commit; nowhere where there is none.
    Commit(&'s Git<'s>, &'s Reads<'s, 's>, Option<&'s str>),
    /// In a folder, as they lie there.
    Folder(&'s Path),
}

/// What a scan goes by.
pub(crate) struct Policy {
    pub(super) scanner: Scanner,
    /// Tells rules and allowlists from others.
    pub(super) version: String,
    pub(super) exceptions: Exceptions,
    /// What is wrong with the files.
    pub(crate) remarks: Vec<String>,
}

impl Policy {
    /// Reads what counts. A rule that cannot be used is told and left out; a file that cannot be read stops all.
    pub(crate) fn read(
        ctx: &Context,
        at: Option<&Location>,
        source: &Source<'_>,
        config: &Security,
    ) -> Result<Self, ScanError> {
        let named = config.baseline.as_deref().unwrap_or(BASELINE);
        let [rules, ignored, baseline] = texts(source, [RULES, IGNORED, named])?;
        let rules = rules.unwrap_or_default();
        let (user, problems) = UserRules::read(&rules);
        let mut remarks: Vec<_> = problems.iter().take(TOLD).map(|p| format!("{RULES}: {p}")).collect();
        if problems.len() > TOLD {
            remarks.push(format!("{RULES}: {} more faults", problems.len() - TOLD));
        }
        let mut exceptions = Exceptions::default();
        if let Some(text) = &ignored {
            exceptions.add_ignore_file(text);
        }
        match baseline {
            Some(text) => add_baseline(&mut exceptions, named, &text, &mut remarks),
            None if config.baseline.is_some() => remarks.push(format!("the baseline {named} is not there")),
            None => {}
        }
        if let Some(at) = at {
            for allowed in allow::list(ctx, at, &mut remarks) {
                exceptions.allow(&allowed.fingerprint, &allowed.reason);
            }
        }
        let scanner = Scanner::new(user).with_limit(config.scan_max_mib.saturating_mul(1 << 20)).with_watch(watch);
        let version = format!("{}/{}", scanner.version(), hash(&rules));
        Ok(Self { scanner, version, exceptions, remarks })
    }

    /// As [`read`](Self::read), with one more baseline.
    pub(super) fn with_baseline(mut self, path: &Path) -> Result<Self, ScanError> {
        let name = path.display().to_string();
        let text = on_disk(path)?.ok_or_else(|| ScanError(format!("there is no baseline {name}")))?;
        add_baseline(&mut self.exceptions, &name, &text, &mut self.remarks);
        Ok(self)
    }
}

/// How long the user's own rules may take with a file: seconds, and one more for each MiB.
#[expect(clippy::disallowed_methods, reason = "a deadline is kept")]
fn watch(bytes: usize) -> Box<dyn Fn() -> bool> {
    let (begun, most) = (Instant::now(), Duration::from_secs(PATIENCE + (bytes >> 20) as u64));
    Box::new(move || begun.elapsed() < most)
}

/// A baseline that cannot be understood lets nothing pass.
fn add_baseline(exceptions: &mut Exceptions, name: &str, text: &str, remarks: &mut Vec<String>) {
    if let Err(problem) = exceptions.add_baseline(text) {
        remarks.push(format!("{name}: {problem}"));
    }
}

fn texts<const N: usize>(source: &Source<'_>, names: [&str; N]) -> Result<[Option<String>; N], ScanError> {
    let mut found = [const { None }; N];
    for (name, text) in names.iter().zip(&mut found) {
        // An absolute path is the user's own file, and no part of what is scanned.
        if Path::new(name).is_absolute() {
            *text = on_disk(Path::new(name))?;
        }
    }
    match source {
        Source::Folder(folder) => {
            for (name, text) in names.iter().zip(&mut found).filter(|(n, _)| Path::new(n).is_relative()) {
                *text = on_disk(&folder.join(name))?;
            }
        }
        Source::Commit(_, _, None) => {}
        Source::Commit(git, reads, Some(commit)) => {
            let wanted: Vec<&str> = names.iter().copied().filter(|n| Path::new(n).is_relative()).collect();
            let mut entries = reads.entries(commit, &wanted)?;
            // A link has no text of its own, and what it leads to is not in the commit.
            entries.retain(|e| e.mode.starts_with("100"));
            let ids: Vec<_> = entries.iter().map(|e| e.id.clone()).collect();
            objects::contents(git, &ids, LIMIT, |id, content| {
                let paths: Vec<&PathBuf> = entries.iter().filter(|e| e.id == id).map(|e| &e.path).collect();
                let Content::Bytes(bytes) = content else {
                    let names: Vec<_> = paths.iter().map(|p| p.display().to_string()).collect();
                    return Err(ScanError(format!("{} cannot be read", names.join(", "))));
                };
                for (_, text) in names.iter().zip(&mut found).filter(|(n, _)| paths.contains(&&PathBuf::from(n))) {
                    *text = Some(String::from_utf8_lossy(&bytes).into_owned());
                }
                Ok(())
            })?;
        }
    }
    Ok(found)
}

fn on_disk(path: &Path) -> Result<Option<String>, ScanError> {
    let size = match std::fs::metadata(path) {
        // A pipe would be waited for.
        Ok(meta) if !meta.is_file() => return Ok(None),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    if size > LIMIT {
        return Err(ScanError(format!("{} is too large to be read", path.display())));
    }
    Ok(read_optional(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn hash(text: &str) -> String {
    digest::short(text.as_bytes())
}
