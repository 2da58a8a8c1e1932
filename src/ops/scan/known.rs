//! What stands upstream already: it is out, and a commit or push does not make it worse.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::ScanError;
use super::sift::Sieve;
use crate::git::command::Git;
use crate::git::objects::{self, Content};
use crate::git::porcelain::TreeEntry;
use crate::sync::outcome::{Spotted, UNSCANNED};

/// Files that went away, among which a moved one is looked for; more would cost more than it helps.
const MOVED: usize = 200;

/// The version of the files that others have.
pub(crate) struct Known<'k> {
    git: &'k Git<'k>,
    base: &'k str,
    /// Paths of the base that are there no more.
    gone: BTreeSet<String>,
    files: Option<BTreeMap<String, TreeEntry>>,
}

impl<'k> Known<'k> {
    /// What `base`, a commit, holds. `gone` are the paths that are deleted now.
    pub(crate) fn new(git: &'k Git<'k>, base: &'k str, gone: BTreeSet<String>) -> Self {
        Self { git, base, gone, files: None }
    }

    /// Whether the base has a file of this name.
    pub(super) fn has(&mut self, path: &Path) -> Result<bool, ScanError> {
        let files = self.files()?;
        let has = files.contains_key(&*path.to_string_lossy());
        self.files = Some(files);
        Ok(has)
    }

    fn files(&mut self) -> Result<BTreeMap<String, TreeEntry>, ScanError> {
        match self.files.take() {
            Some(files) => Ok(files),
            None => {
                let listed = objects::files(self.git, self.base)?;
                Ok(listed.into_iter().map(|e| (e.path.to_string_lossy().into_owned(), e)).collect())
            }
        }
    }

    /// The fingerprints that the base has: of the same file, and for a new one of those that are gone now, since it
    /// may be one of them that was moved. Those are scanned under the new path, which is part of the fingerprint.
    pub(super) fn fingerprints(
        &mut self,
        sieve: &Sieve<'_>,
        found: &[&Spotted],
    ) -> Result<BTreeSet<String>, ScanError> {
        let files = self.files()?;
        let mut old = BTreeSet::new();
        // Under which paths each object of the base is looked at.
        let mut looks: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for spotted in found {
            let path = spotted.finding.path.as_str();
            let at_path = files.get(path).map(|e| &e.id);
            if spotted.finding.rule == UNSCANNED {
                // The very same bytes.
                old.extend(at_path.map(|id| sieve.salt.fingerprint(UNSCANNED, path, id.as_bytes())));
                continue;
            }
            let moved = self.gone.iter().take(MOVED).filter_map(|p| files.get(p)).map(|e| &e.id);
            let here = at_path.is_none();
            for id in at_path.into_iter().chain(moved.filter(|_| here)) {
                looks.entry(id.clone()).or_default().insert(path);
            }
        }
        let ids: Vec<_> = looks.keys().cloned().collect();
        objects::contents(self.git, &ids, sieve.limit, |id, content| {
            // What cannot be read says nothing of what it holds, so nothing is known of it.
            if let Content::Bytes(bytes) = content {
                for path in looks.get(id).into_iter().flatten() {
                    let scan = sieve.policy.scanner.scan(&sieve.salt, path, &bytes);
                    old.extend(scan.findings.into_iter().map(|f| f.fingerprint));
                }
            }
            Ok::<_, ScanError>(())
        })?;
        self.files = Some(files);
        Ok(old)
    }
}
