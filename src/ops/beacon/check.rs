//! Looking at a message that [`incoming`](super::incoming) accepts, before anything of it is written: manifest against
//! tree, tree against bytes, and all of it against what lies here. What is wrong is a sentence that names the entry; then
//! the message is held. Only a pull does that, since it reads every byte: a status would take as long as a pull.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::STAGE;
use super::disk::{self, Disk};
use super::planning;
use super::read::{self, Object};
use crate::beacon::applied::Version;
use crate::beacon::fold::{EXECUTABLE, ORDINARY};
use crate::beacon::manifest::{FILES, File, Message};
use crate::beacon::path;
use crate::digest;
use crate::git::command::Git;
use crate::ops::beacon::Place;
use crate::ops::error::OpError;
use crate::plain;

/// A larger version is not merged from, in bytes.
const LARGEST_BASE: u64 = 64 << 20;

/// A file of a message that may be taken in.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its path.
    pub(super) path: String,
    /// Their version; `None` where they took it away.
    pub(super) theirs: Option<Version>,
    /// The version that it was edited from, where its bytes are here.
    pub(super) base: Option<String>,
    /// Whether its sender knew no version of it. Messages in the manner of the seed say nothing of that.
    pub(super) new: bool,
}

impl Entry {
    /// git's id of their version.
    pub(super) fn blob(&self) -> Option<&str> {
        self.theirs.as_ref().map(|version| version.blob.as_str())
    }
}

/// Looks at messages, one after another, that shall be taken in together.
pub(super) struct Checks<'a> {
    pub(super) place: &'a Place,
    pub(super) git: &'a Git<'a>,
    /// Files of the messages so far, by their names without cases.
    taken: BTreeMap<String, String>,
}

/// What is checked, or why not.
type Verdict<T> = Result<Result<T, String>, OpError>;

macro_rules! checked {
    ($verdict:expr) => {
        match $verdict {
            Ok(value) => value,
            Err(why) => return Ok(Err(why)),
        }
    };
}

fn named(path: &str, why: impl std::fmt::Display) -> String {
    format!("{:?} {why}", plain::cut(path, 120))
}

impl<'a> Checks<'a> {
    pub(super) fn new(place: &'a Place, git: &'a Git<'a>) -> Self {
        Self { place, git, taken: BTreeMap::new() }
    }

    /// The files of an accepted message in a commit, or what is wrong with them.
    ///
    /// # Errors
    /// Where git or a folder cannot be read.
    pub(super) fn message(&mut self, commit: &str, message: &Message) -> Verdict<Vec<Entry>> {
        checked!(self.fits(&message.files)?);
        let versions = checked!(self.listed(commit, &message.files)?);
        checked!(self.bytes(&message.files, &versions)?);
        let bases = checked!(self.bases(&message.files)?);
        let entries = message.files.iter().zip(versions).zip(bases);
        let entries: Vec<_> = entries
            .map(|((file, theirs), base)| {
                let new = file.base.is_none() && theirs.is_some() && !message.from.id.is_empty();
                Entry { path: file.path.clone(), theirs, base, new }
            })
            .collect();
        for entry in &entries {
            self.taken.insert(path::folded(&entry.path), entry.path.clone());
        }
        Ok(Ok(entries))
    }

    /// Whether the files can be written beside what lies here and what other messages bring.
    fn fits(&self, files: &[File]) -> Verdict<()> {
        let disk = Disk(&self.place.at.worktree);
        for file in files {
            let name = path::folded(&file.path);
            let below = format!("{name}/");
            let other = match self.taken.get(&name) {
                Some(there) if *there != file.path => Some(("differs only in its case from", there)),
                _ => {
                    let file_above = path::above(&name).find_map(|folder| self.taken.get(folder));
                    let inside = self.taken.range(below.clone()..).next();
                    let inside = inside.filter(|(next, _)| next.starts_with(&below)).map(|(_, path)| path);
                    file_above
                        .or(inside)
                        .map(|there| ("is a file where there is a folder, or the reverse, beside", there))
                }
            };
            if let Some((why, there)) = other {
                let why = format!("{why} {:?} of an earlier message", plain::cut(there, 120));
                return Ok(Err(named(&file.path, why)));
            }
            // A copy of theirs may come to lie beside it.
            for path in [file.path.clone(), planning::beside(&file.path, 1)] {
                let obstacle = match disk.obstacle(&path) {
                    Err(error) if disk::concerns_all(&error) => return Err(error.into()),
                    Err(error) => Some(format!("cannot be written here: {}", error.source)),
                    // What lies there may be a user's own; another name is found then.
                    Ok(_) if path != file.path => None,
                    Ok(None) => disk.forbidden(&path)?,
                    Ok(why) => why,
                };
                if let Some(why) = obstacle {
                    return Ok(Err(named(&path, why)));
                }
            }
            if disk.device(&file.path)? != disk.device(STAGE)? {
                return Ok(Err(named(&file.path, "lies on another file system than .claude/sync")));
            }
        }
        Ok(Ok(()))
    }

    /// The versions of the files in the commit's tree, which must have exactly these below `files/`. Only folders that
    /// lead to one of them are opened: a tree may be made so that listing it never ends.
    fn listed(&self, commit: &str, files: &[File]) -> Verdict<Vec<Option<Version>>> {
        let mut wanted: BTreeMap<&str, (&File, Option<Version>)> =
            files.iter().filter(|f| !f.deleted).map(|f| (f.path.as_str(), (f, None))).collect();
        let mut folders: BTreeSet<&str> = wanted.keys().flat_map(|path| path::above(path)).collect();
        folders.insert("");
        let names: Vec<String> =
            folders.iter().map(|f| format!("{commit}:{FILES}{}{f}", if f.is_empty() { "" } else { "/" })).collect();
        let heads = read::look_up(self.git, &names)?;
        let mut trees = Vec::new();
        for (folder, head) in folders.iter().zip(heads) {
            match head {
                Some(Object { id, kind, .. }) if kind == "tree" => trees.push((*folder, id)),
                Some(Object { kind, .. }) => {
                    return Ok(Err(named(
                        &format!("{FILES}/{folder}"),
                        format!("is no folder in the commit but a {kind}"),
                    )));
                }
                // What is missing below shows as a file that is.
                None => {}
            }
        }
        let ids: Vec<_> = trees.iter().map(|(_, id)| id.clone()).collect();
        for ((folder, id), bytes) in trees.iter().zip(read::bodies(self.git, &ids)?) {
            let Some(entries) = bytes.and_then(|bytes| read::entries(&bytes, id.len() / 2)) else {
                return Ok(Err(named(&format!("{FILES}/{folder}"), "is a broken folder in the commit")));
            };
            for (mode, name, id) in entries {
                let name = String::from_utf8_lossy(&name).into_owned();
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                let Some((file, found)) = wanted.get_mut(path.as_str()) else {
                    if mode == "40000" && folders.contains(path.as_str()) {
                        continue;
                    }
                    return Ok(Err(named(&path, "is in the commit and not in the manifest")));
                };
                let why = match mode.as_str() {
                    _ if found.is_some() => "is twice in the commit",
                    "120000" => "is a symbolic link in the commit",
                    "160000" => "is a submodule in the commit",
                    "40000" => "is a folder in the commit",
                    ORDINARY | EXECUTABLE if mode == file.mode => {
                        *found = Some(Version { blob: id, mode });
                        continue;
                    }
                    _ => "has another mode in the commit than in the manifest",
                };
                return Ok(Err(named(&path, why)));
            }
        }
        for (path, (_, found)) in &wanted {
            if found.is_none() {
                return Ok(Err(named(path, "is in the manifest and not in the commit")));
            }
        }
        Ok(Ok(files.iter().map(|f| wanted.get(f.path.as_str()).and_then(|(_, found)| found.clone())).collect()))
    }

    /// Whether the bytes are those that the manifest tells of. Their sizes are looked at before they are read.
    fn bytes(&self, files: &[File], versions: &[Option<Version>]) -> Verdict<()> {
        let (files, ids): (Vec<_>, Vec<_>) =
            files.iter().zip(versions).filter_map(|(f, v)| Some((f, v.as_ref()?.blob.clone()))).unzip();
        for (file, object) in files.iter().zip(read::look_up(self.git, &ids)?) {
            let why = match object {
                None => "has no bytes in the commit".to_owned(),
                Some(Object { kind, .. }) if kind != "blob" => format!("is no file in the commit but a {kind}"),
                Some(Object { size, .. }) if size != file.size => {
                    format!("has {size} bytes in the commit and {} in the manifest", file.size)
                }
                Some(_) => continue,
            };
            return Ok(Err(named(&file.path, why)));
        }
        for (file, bytes) in files.iter().zip(read::bodies(self.git, &ids)?) {
            if digest::sha256(&bytes.unwrap_or_default()) != file.sha256 {
                return Ok(Err(named(&file.path, "has other bytes than its SHA-256 in the manifest says")));
            }
        }
        Ok(Ok(()))
    }

    /// The bases that are here and can be merged from.
    fn bases(&self, files: &[File]) -> Verdict<Vec<Option<String>>> {
        let named_bases: Vec<_> =
            files.iter().filter_map(|f| f.base.as_ref().map(|b| b.to_ascii_lowercase())).collect();
        let mut found = read::look_up(self.git, &named_bases)?.into_iter().zip(&named_bases);
        let mut bases = Vec::new();
        for file in files {
            let Some((object, wanted)) = file.base.as_ref().and_then(|_| found.next()) else {
                bases.push(None);
                continue;
            };
            match object {
                Some(object) if object.kind != "blob" => {
                    return Ok(Err(named(&file.path, format!("has a base that is no file but a {}", object.kind))));
                }
                // Half an id may be enough to find something.
                Some(object) if object.id == *wanted && object.size <= LARGEST_BASE => bases.push(Some(object.id)),
                _ => bases.push(None),
            }
        }
        Ok(Ok(bases))
    }
}
