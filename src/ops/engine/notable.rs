//! Telling what a pull brought that runs or instructs here.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::Engine;
use crate::git::command::GitError;
use crate::git::objects::{self, Content};
use crate::sync::pulled::{self, Notable};

/// Settings of a client are not larger than this; a larger file is told as a whole.
const LIMIT: u64 = 1 << 20;
/// More paths than this are not asked for one by one.
const ASKED: usize = 100;

impl Engine<'_> {
    /// Looks at what arrived between `from` (none on an unborn branch) and `tip`. Not being able to tell is no
    /// reason to stop: the pull is done.
    pub(super) fn tell_notable(&mut self, from: Option<&str>, tip: &str) {
        let paths: Vec<(PathBuf, Notable)> =
            self.incoming.iter().filter_map(|(_, path)| Some((path.clone(), pulled::notable(path)?))).collect();
        if paths.is_empty() {
            return;
        }
        let things: Vec<String> = paths.iter().flat_map(|(path, kind)| self.things(from, tip, path, *kind)).collect();
        if things.is_empty() {
            return;
        }
        let authors = self.authors(from, tip, &paths).unwrap_or_default();
        let line = pulled::line(&things, &authors);
        self.notable = Some(match self.notable.take() {
            Some(earlier) => format!("{earlier}; {line}"),
            None => line,
        });
    }

    /// What of a file is worth telling.
    fn things(&self, from: Option<&str>, tip: &str, path: &Path, kind: Notable) -> Vec<String> {
        let name = path.display().to_string();
        let compare = match kind {
            Notable::Settings => pulled::changed_settings,
            Notable::Servers => pulled::changed_servers,
            _ => return vec![name],
        };
        let (Ok(old), Ok(new)) = (self.bytes(from, path), self.bytes(Some(tip), path)) else { return vec![name] };
        match compare(old.as_deref(), new.as_deref()) {
            None => vec![name],
            Some(parts) if parts.is_empty() => Vec::new(),
            Some(parts) => vec![format!("{} in {name}", parts.join(" and "))],
        }
    }

    fn bytes(&self, commit: Option<&str>, path: &Path) -> Result<Option<Vec<u8>>, GitError> {
        let (Some(commit), Some(path)) = (commit, path.to_str()) else { return Ok(None) };
        let ids: Vec<_> = self.reads.entries(commit, &[path])?.into_iter().map(|e| e.id).collect();
        let mut found = None;
        objects::contents(self.git, &ids, LIMIT, |_, content| {
            if let Content::Bytes(bytes) = content {
                found = Some(bytes);
            }
            Ok::<_, GitError>(())
        })?;
        Ok(found)
    }

    /// Who made the commits that changed them.
    fn authors(
        &self,
        from: Option<&str>,
        tip: &str,
        paths: &[(PathBuf, Notable)],
    ) -> Result<BTreeSet<String>, GitError> {
        let range = from.map_or_else(|| tip.to_owned(), |from| format!("{from}..{tip}"));
        let words = ["log", "-z", "--no-show-signature", "--format=%an", &range, "--"];
        let words = words.iter().map(|w| OsStr::new(*w));
        let paths = paths.iter().take(ASKED).map(|(path, _)| path.as_os_str());
        let call = self.git.read(words.chain(paths)).env("GIT_LITERAL_PATHSPECS", "1");
        let text = call.line()?;
        Ok(text.split('\0').map(str::trim).filter(|a| !a.is_empty()).map(str::to_owned).collect())
    }
}
