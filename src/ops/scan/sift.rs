//! Objects through the scanner: each once under each path, whole, and none that is known to hold nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::cache::Cache;
use super::policy::Policy;
use super::{AUTHOR, Known, MESSAGE, NAME, ScanError, lfs};
use crate::context::Context;
use crate::fs::layout::repo_key;
use crate::git::command::Git;
use crate::git::objects::{self, Content};
use crate::git::porcelain::Difference;
use crate::locate::Location;
use crate::scan::redact::hush;
use crate::scan::{Excuse, Finding, Salt, Severity, Unscanned};
use crate::sync::outcome::{Spotted, UNSCANNED};

/// The mode of a gitlink: a commit of another repository, which is not sent.
const GITLINK: &str = "160000";
/// How many findings are kept.
const KEPT: usize = 200;

/// One object under one path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    /// The object.
    pub(crate) id: String,
    /// Where it stands; [`MESSAGE`] for a commit, of which only the message is looked at.
    pub(crate) path: PathBuf,
    /// The commit that brings it.
    pub(crate) commit: Option<String>,
    /// Whether the object is a commit.
    pub(crate) message: bool,
}

impl Item {
    /// What a difference brings; nothing where it takes away, or names a commit of another repository.
    pub(crate) fn of(difference: &Difference, commit: Option<&str>) -> Option<Self> {
        let brings = difference.status != b'D' && difference.mode != GITLINK;
        brings.then(|| Self {
            id: difference.id.clone(),
            path: difference.path.clone(),
            commit: commit.map(str::to_owned),
            message: false,
        })
    }

    /// The message of a commit.
    pub(crate) fn message_of(commit: &str) -> Self {
        Self { id: commit.to_owned(), path: MESSAGE.into(), commit: Some(commit.to_owned()), message: true }
    }
}

/// What a scan found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sifted {
    /// Findings, critical ones first, then by path and line. What is known upstream is not among them.
    pub(crate) found: Vec<Spotted>,
    /// How many there were, where more than are kept.
    pub(crate) count: usize,
    /// Whether a comment would lift one of them that does not count yet.
    pub(crate) commented: bool,
}

impl Sifted {
    /// What stops a commit or a push.
    pub(crate) fn blocking(&self) -> impl Iterator<Item = &Spotted> {
        self.found.iter().filter(|s| s.finding.blocks())
    }

    /// What is only worth a word.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = &Spotted> {
        self.found.iter().filter(|s| s.finding.severity == Severity::Warning && s.finding.excuse.is_none())
    }
}

/// Whether comments beside a finding lift it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comments {
    /// They do: somebody looks at the files by hand.
    Count,
    /// They arrive with what they would lift.
    Ignore,
}

/// All that a scan of one repository's objects needs.
pub(crate) struct Sieve<'s> {
    pub(crate) git: &'s Git<'s>,
    pub(crate) policy: &'s Policy,
    pub(crate) salt: Salt,
    /// Larger objects are not scanned, in bytes.
    pub(crate) limit: u64,
    pub(crate) comments: Comments,
    /// Whether exceptions are looked at at all.
    pub(crate) excuses: bool,
    cache: Cache,
    /// Where LFS keeps what its pointers stand for.
    large: PathBuf,
}

impl<'s> Sieve<'s> {
    /// Makes one for the repository at `at`.
    pub(crate) fn new(
        ctx: &Context,
        at: &Location,
        git: &'s Git<'s>,
        policy: &'s Policy,
        salt: Salt,
        max_mib: u64,
        comments: Comments,
    ) -> Self {
        let cache = Cache::read(ctx.layout.repo(&repo_key(&at.common_dir)).scanned());
        Self {
            git,
            policy,
            salt,
            limit: max_mib.saturating_mul(1 << 20),
            comments,
            excuses: true,
            cache,
            large: at.common_dir.join("lfs/objects"),
        }
    }

    /// Scans `items`. What `known` says stands upstream already is passed over.
    ///
    /// # Errors
    /// Where not all could be looked at for a reason that is no single file's.
    pub(crate) fn sift(&mut self, items: Vec<Item>, mut known: Option<&mut Known<'_>>) -> Result<Sifted, ScanError> {
        let mut open: BTreeMap<String, Vec<Item>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for item in items {
            let record = self.record(&item);
            if seen.insert(record) && !self.cache.has(&record) {
                open.entry(item.id.clone()).or_default().push(item);
            }
        }
        drop(seen);
        let ids: Vec<_> = open.keys().cloned().collect();
        let mut found: Vec<Spotted> = Vec::new();
        let git = self.git;
        objects::contents(git, &ids, self.limit, |id, content| {
            for item in open.get(id).into_iter().flatten() {
                let mut findings = self.look(item, &content);
                let named = if item.message { Vec::new() } else { self.named(item) };
                if let Some(known) = &mut known
                    && !named.is_empty()
                    && known.has(&item.path)?
                {
                    // The remote has the name already.
                } else {
                    findings.extend(named);
                }
                let open = matches!(&content, Content::Bytes(bytes) if lfs::is_open(&self.large, bytes));
                if findings.is_empty() && !open {
                    self.cache.add(self.record(item));
                }
                found.extend(findings.into_iter().map(|finding| Spotted { finding, commit: item.commit.clone() }));
            }
            Ok::<_, ScanError>(())
        })?;
        // A cache that cannot be written only costs time.
        let _ = self.cache.store();
        self.judge(found, known)
    }

    /// Scans a name that goes out with a push.
    pub(crate) fn name(&self, kind: &str, name: &str) -> Vec<Spotted> {
        let scan = self.policy.scanner.scan(&self.salt, kind, name.as_bytes());
        let mut found: Vec<_> = scan.findings.into_iter().map(|finding| Spotted { finding, commit: None }).collect();
        self.excuse(&mut found);
        found.retain(|s| s.finding.blocks());
        found
    }

    /// Scans the name of a file. It is told only as far as it holds nothing.
    fn named(&self, item: &Item) -> Vec<Finding> {
        let path = item.path.to_string_lossy();
        let mut findings = self.policy.scanner.scan(&self.salt, NAME, path.as_bytes()).findings;
        findings.retain(|f| f.severity == Severity::Critical);
        for finding in &mut findings {
            finding.title.push_str(" in the name of a file");
            finding.path = hush(&path);
            (finding.line, finding.column, finding.end_line) = (0, 0, 0);
        }
        findings
    }

    fn record(&self, item: &Item) -> super::cache::Record {
        Cache::record(&self.salt, &self.policy.version, &item.id, &item.path.to_string_lossy())
    }

    fn look(&self, item: &Item, content: &Content) -> Vec<Finding> {
        let path = item.path.to_string_lossy();
        let why = match content {
            Content::Bytes(bytes) => {
                let (headers, bytes) = if item.message { parts(bytes) } else { (&b""[..], bytes.as_slice()) };
                let mut scan = self.policy.scanner.scan(&self.salt, &path, bytes);
                let mut findings = scan.findings;
                if item.message {
                    findings.extend(self.policy.scanner.scan(&self.salt, AUTHOR, &said(headers)).findings);
                } else if let Some(stored) = lfs::stored(&self.large, bytes, self.limit) {
                    // It is sent to the remote's LFS, and the pointer says nothing of it.
                    match stored {
                        Ok(bytes) => {
                            let inner = self.policy.scanner.scan(&self.salt, &path, &bytes);
                            findings.extend(inner.findings);
                            scan.unscanned = scan.unscanned.or(inner.unscanned);
                        }
                        Err(why) => scan.unscanned = Some(why),
                    }
                }
                findings.extend(scan.unscanned.map(|why| unscanned(&self.salt, &path, &item.id, &why)));
                return findings;
            }
            Content::TooLarge(bytes) => Unscanned::TooLarge { bytes: *bytes, limit: self.limit },
            Content::Missing => Unscanned::Unreadable("the object is not in this clone".into()),
        };
        vec![unscanned(&self.salt, &path, &item.id, &why)]
    }

    /// Applies exceptions, passes over what is known, and puts the rest in order.
    fn judge(&self, mut found: Vec<Spotted>, known: Option<&mut Known<'_>>) -> Result<Sifted, ScanError> {
        let commented =
            self.comments == Comments::Ignore && found.iter().any(|s| s.finding.excuse == Some(Excuse::Comment));
        self.excuse(&mut found);
        let mut commented = commented && found.iter().any(|s| s.finding.blocks());
        if let Some(known) = known {
            let open: Vec<_> = found.iter().filter(|s| s.finding.excuse.is_none()).collect();
            if !open.is_empty() {
                let old = known.fingerprints(self, &open)?;
                found.retain(|s| !old.contains(&s.finding.fingerprint));
                commented &= found.iter().any(|s| s.finding.blocks());
            }
        }
        let key = |s: &Spotted| {
            let f = &s.finding;
            (
                std::cmp::Reverse(f.blocks()),
                std::cmp::Reverse(f.severity),
                f.path.clone(),
                f.line,
                f.column,
                f.rule.clone(),
            )
        };
        found.sort_by_cached_key(key);
        // The same value in several versions of a file is one thing to settle.
        let mut told = BTreeSet::new();
        found.retain(|s| told.insert((s.finding.fingerprint.clone(), s.finding.excuse.is_some())));
        let count = found.len();
        found.truncate(KEPT);
        Ok(Sifted { found, count, commented })
    }

    fn excuse(&self, found: &mut [Spotted]) {
        for spotted in found {
            let finding = &mut spotted.finding;
            let comment = finding.excuse == Some(Excuse::Comment);
            if !self.excuses || (comment && self.comments == Comments::Ignore) {
                finding.excuse = None;
            }
            if self.excuses && finding.excuse.is_none() {
                finding.excuse = self.policy.exceptions.excuse(finding, spotted.commit.as_deref());
            }
        }
    }
}

/// What the index would bring into a commit, or commits into a remote.
pub(crate) fn list(differences: &[Difference], commit: Option<&str>) -> Vec<Item> {
    differences.iter().filter_map(|d| Item::of(d, commit)).collect()
}

/// That a file could not be scanned, as a finding, so that it stops what findings stop and can be let pass as
/// they can. The fingerprint holds for these very bytes.
pub(super) fn unscanned(salt: &Salt, path: &str, id: &str, why: &Unscanned) -> Finding {
    Finding {
        rule: UNSCANNED.into(),
        title: format!("not scanned: {why}"),
        severity: Severity::Critical,
        path: path.into(),
        line: 0,
        column: 0,
        end_line: 0,
        mask: String::new(),
        fingerprint: salt.fingerprint(UNSCANNED, path, id.as_bytes()),
        excuse: None,
    }
}

/// The headers and the message of a commit object.
fn parts(commit: &[u8]) -> (&[u8], &[u8]) {
    let end = commit.windows(2).position(|w| w == b"\n\n").map_or(commit.len(), |at| at + 2);
    commit.split_at(end)
}

/// What the headers of a commit say in words: who made it, and what a tag says that was merged. Ids and signatures
/// are left out, and so is the word that each header begins with.
fn said(headers: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut passed = false;
    for line in headers.split(|b| *b == b'\n') {
        let (word, rest) = match line.iter().position(|b| *b == b' ') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        };
        // A line that begins with a blank goes on with the header above.
        if !word.is_empty() {
            passed = word.starts_with(b"gpgsig") || matches!(word, b"tree" | b"parent");
        }
        if !passed {
            text.extend_from_slice(rest);
            text.push(b'\n');
        }
    }
    text
}
