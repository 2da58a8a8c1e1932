//! Which objects were scanned and hold nothing: 16 bytes each, so that a second run reads nothing but names.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::fs::{FsError, IoContext, atomic, private};
use crate::scan::Salt;

/// The first record: a file that begins otherwise is none of ours.
const MAGIC: Record = *b"craft-scanned-1\n";
/// Records beyond which the older half goes.
const MOST: usize = 1 << 18;

/// A hash of rules, object and path.
pub(super) type Record = [u8; 16];

/// The cache of one repository.
pub(crate) struct Cache {
    path: PathBuf,
    /// In the order of the file.
    records: Vec<Record>,
    clean: HashSet<Record>,
    news: Vec<Record>,
    whole: bool,
}

impl Cache {
    /// Reads a cache; one that is missing or damaged is empty.
    pub(super) fn read(path: PathBuf) -> Self {
        let bytes = private::read(&path).ok().flatten().unwrap_or_default();
        let whole = bytes.len().is_multiple_of(MAGIC.len()) && bytes.starts_with(&MAGIC);
        let records: Vec<Record> = if whole {
            bytes.chunks_exact(MAGIC.len()).skip(1).filter_map(|r| r.try_into().ok()).collect()
        } else {
            Vec::new()
        };
        let clean = records.iter().copied().collect();
        Self { path, records, clean, news: Vec::new(), whole }
    }

    /// The record of an object under a path. The salt keeps others from making one.
    pub(super) fn record(salt: &Salt, rules: &str, id: &str, path: &str) -> Record {
        let mut hash = Sha256::new();
        for part in [salt.bytes(), rules.as_bytes(), id.as_bytes(), path.as_bytes()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut record = Record::default();
        record.iter_mut().zip(hash.finalize().iter()).for_each(|(to, from)| *to = *from);
        record
    }

    pub(super) fn has(&self, record: &Record) -> bool {
        self.clean.contains(record)
    }

    pub(super) fn add(&mut self, record: Record) {
        if self.clean.insert(record) {
            self.news.push(record);
        }
    }

    /// Writes what is new: appended at once, or the whole file where that is damaged or has grown too long.
    pub(super) fn store(&mut self) -> Result<(), FsError> {
        if self.news.is_empty() {
            return Ok(());
        }
        let news = std::mem::take(&mut self.news);
        let long = self.records.len() + news.len() > MOST;
        if self.whole && !long {
            let mut file = private::open(&self.path, private::options().append(true))?;
            private::close(&file, &self.path)?;
            file.write_all(news.as_flattened()).at("append to", &self.path)?;
        } else {
            let all: Vec<Record> = self.records.iter().copied().chain(news.iter().copied()).collect();
            let kept = &all[if long { all.len().saturating_sub(MOST / 2) } else { 0 }..];
            let bytes = [MAGIC.as_slice(), kept.as_flattened()].concat();
            atomic::store(&self.path, &bytes, atomic::Durability::None)?;
            self.whole = true;
        }
        self.records.extend(news);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(n: usize) -> Record {
        Cache::record(&Salt::new(*b"salt"), "rules", &n.to_string(), "path")
    }

    #[test]
    fn what_was_clean_is_known_again_and_a_damaged_file_is_begun_anew() {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("deep/scanned");
        let mut cache = Cache::read(path.clone());
        cache.add(record(1));
        cache.store().unwrap();
        cache.add(record(2));
        cache.add(record(2));
        cache.store().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 48);
        let again = Cache::read(path.clone());
        assert!(again.has(&record(1)) && again.has(&record(2)) && !again.has(&record(3)));
        for damaged in [&b"short"[..], &[0; 32], &[MAGIC.as_slice(), b"x"].concat()] {
            atomic::create(&path, damaged).unwrap();
            let mut cache = Cache::read(path.clone());
            assert!(!cache.has(&record(1)) && !cache.has(&[0; 16]));
            cache.add(record(3));
            cache.store().unwrap();
            assert!(Cache::read(path.clone()).has(&record(3)));
        }
    }

    #[test]
    fn the_older_half_goes_when_it_has_grown_too_long() {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("scanned");
        let mut cache = Cache::read(path.clone());
        (0..MOST).for_each(|n| cache.add(record(n)));
        cache.store().unwrap();
        cache.add(record(MOST));
        cache.store().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 16 * (MOST as u64 / 2 + 1));
        let again = Cache::read(path);
        assert!(again.has(&record(MOST)) && !again.has(&record(0)));
    }

    #[test]
    fn a_record_tells_rules_objects_and_paths_apart() {
        let of = |rules, id, path| Cache::record(&Salt::new(*b"s"), rules, id, path);
        let all: HashSet<_> = [of("a", "b", "c"), of("ab", "", "c"), of("a", "bc", ""), of("x", "b", "c")].into();
        assert_eq!(all.len(), 4);
    }
}
