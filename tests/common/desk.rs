//! A side of a beacon, and messages for it that are made by hand on the remote: exactly what anybody could send.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;

use claude_craft::beacon::manifest::{File, Manifest, Message, Party, Receipt, parse};
use claude_craft::context::Context;
use claude_craft::env::Env;
use claude_craft::locate::locate;
use claude_craft::ops::beacon::pull::{Became, Pulled, pull};
use claude_craft::ops::beacon::{Place, place};
use claude_craft::ops::error::OpError;
use claude_craft::queue::Trigger;
use git2::{ObjectType, Oid, Repository};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Pair, write};

/// The channel's ref on the remote.
pub const CHANNEL: &str = "refs/craft/beacons/main";

/// The clone `a` as the side `Code`; what `Desktop` sends is made on the remote.
pub struct Desk {
    pub pair: Pair,
}

impl Deref for Desk {
    type Target = Pair;

    fn deref(&self) -> &Pair {
        &self.pair
    }
}

/// A file of a message.
#[derive(Debug, Clone)]
pub struct Item {
    pub file: File,
    pub bytes: Option<Vec<u8>>,
}

impl Item {
    pub fn new(path: &str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        let sha256 = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        let size = bytes.len() as u64;
        let file = File { path: path.into(), mode: "100644".into(), size, sha256, ..File::default() };
        Self { file, bytes: Some(bytes) }
    }

    pub fn gone(path: &str) -> Self {
        Self { file: File { path: path.into(), deleted: true, ..File::default() }, bytes: None }
    }

    /// Says from which version it was edited.
    pub fn from(mut self, base: impl AsRef<[u8]>) -> Self {
        self.file.base = Some(blob_id(base.as_ref()));
        self
    }

    pub fn executable(mut self) -> Self {
        self.file.mode = "100755".into();
        self
    }
}

/// git's id of these bytes as a file.
pub fn blob_id(bytes: &[u8]) -> String {
    Oid::hash_object(ObjectType::Blob, bytes).unwrap().to_string()
}

/// A commit of a channel, before it is one.
pub struct Draft {
    pub manifest: Vec<u8>,
    /// Mode and id below the top, by path. Folders are made of it unless `root` is given.
    pub tree: BTreeMap<String, (i32, Oid)>,
    /// The tree's own bytes, instead.
    pub root: Option<Oid>,
    pub email: String,
}

/// Two commands of one user do not have the same identity.
pub fn party(id: &str, name: &str) -> Party {
    Party { id: id.into(), name: name.into(), host: "far".into(), ..Party::default() }
}

impl Desk {
    pub fn new() -> Self {
        Self::of(Pair::new())
    }

    pub fn of(pair: Pair) -> Self {
        let desk = Self { pair };
        let at = locate(&desk.a).unwrap();
        let identity = json!({
            "version": 1, "id": "c0dec0dec0dec0de", "name": "Code", "channel": "main", "worktree": desk.a,
        });
        let file = place::files(&desk.context(), &at).beacon();
        write(&file, identity.to_string());
        for folder in file.ancestors().skip(1).take_while(|f| f.starts_with(desk.craft_dir())) {
            std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        }
        std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        // What is sent back is not looked at here.
        desk.configure(json!({"permissions": {"beacon": {"overrides": {"push": false}}}}));
        desk
    }

    /// What a command here would be given.
    pub fn context(&self) -> Context {
        self.context_with(&[])
    }

    pub fn context_with(&self, more: &[(&str, &str)]) -> Context {
        let home = self.home().into_os_string();
        let global = self.home().join(".gitconfig").into_os_string();
        let vars = [
            ("HOME", home),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".into()),
            ("GIT_CONFIG_GLOBAL", global),
            ("GIT_CONFIG_SYSTEM", "/dev/null".into()),
            ("USER", "ann".into()),
        ];
        let more = more.iter().map(|(name, value)| (*name, (*value).into()));
        Context::new(Env::from_pairs(vars.into_iter().chain(more))).unwrap()
    }

    pub fn place(&self, ctx: &Context) -> Place {
        Place::find(ctx, &self.a, None, Trigger::Manual).unwrap()
    }

    pub fn try_pull(&self, dry: bool) -> Result<Pulled, OpError> {
        let ctx = self.context();
        pull(&ctx, &self.place(&ctx), dry)
    }

    #[track_caller]
    pub fn pull(&self) -> Pulled {
        self.try_pull(false).unwrap_or_else(|e| panic!("{e:?}"))
    }

    /// Pulls, and tells what became of each file, with their copy or the archive's.
    #[track_caller]
    pub fn pulled(&self) -> Vec<(String, Became)> {
        let pulled = self.pull();
        assert_eq!(pulled.held, [], "nothing is held");
        pulled.files.into_iter().map(|f| (f.path, f.became)).collect()
    }

    pub fn remote_repository(&self) -> Repository {
        Repository::open(&self.remote).unwrap()
    }

    /// Keeps bytes on the remote.
    pub fn blob(&self, bytes: impl AsRef<[u8]>) -> Oid {
        self.remote_repository().blob(bytes.as_ref()).unwrap()
    }

    /// Keeps any bytes as a tree on the remote.
    pub fn raw_tree(&self, entries: &[(&str, &[u8], Oid)]) -> Oid {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend_from_slice(id.as_bytes());
        }
        self.remote_repository().odb().unwrap().write(ObjectType::Tree, &bytes).unwrap()
    }

    /// The newest manifest on the channel that can be understood.
    pub fn last(&self) -> Option<Manifest> {
        let repository = self.remote_repository();
        let mut commit = repository.find_reference(CHANNEL).ok()?.peel_to_commit().ok()?;
        loop {
            let entry = commit.tree().ok().and_then(|t| t.get_name("manifest.json").map(|e| e.id()));
            let read = entry.and_then(|id| parse(repository.find_blob(id).ok()?.content()).ok());
            if let Some(manifest) = read {
                return Some(manifest);
            }
            commit = commit.parent(0).ok()?;
        }
    }

    /// A message from `Desktop` to `Code`.
    pub fn message(&self, items: &[Item]) -> Message {
        Message {
            id: "0123456789abcdef".into(),
            from: party("de5c", "Desktop"),
            to: vec!["Code".into()],
            direction: "Desktop→Code".into(),
            time: "2025-10-06T09:30:00Z".into(),
            note: "a note".into(),
            files: items.iter().map(|i| i.file.clone()).collect(),
            ..Message::default()
        }
    }

    /// A commit as an honest sender would make it.
    pub fn draft(&self, items: &[Item]) -> Draft {
        self.draft_of(self.message(items), items)
    }

    pub fn draft_of(&self, message: Message, items: &[Item]) -> Draft {
        let manifest = Manifest::with_message(self.last().as_ref(), "main", message);
        let mut tree = BTreeMap::new();
        for item in items {
            if let Some(bytes) = &item.bytes {
                let mode = i32::from_str_radix(&item.file.mode, 8).unwrap_or(0o100_644);
                tree.insert(format!("files/{}", item.file.path), (mode, self.blob(bytes)));
            }
        }
        let manifest = serde_json::to_vec_pretty(&manifest).unwrap();
        Draft { manifest, tree, root: None, email: "ann@example.org".into() }
    }

    /// A receipt of `Code`.
    pub fn receipt(&self, seq: u64) -> Draft {
        let receipt = Receipt { by: party("c0de", "Code"), seq, ..Receipt::default() };
        let manifest = Manifest::with_receipt(self.last().as_ref(), "main", receipt);
        let manifest = serde_json::to_vec(&manifest).unwrap();
        Draft { manifest, tree: BTreeMap::new(), root: None, email: "ann@example.org".into() }
    }

    /// Puts a commit onto the end of the channel.
    pub fn send(&self, draft: Draft) -> String {
        let repository = self.remote_repository();
        let tree = draft.root.unwrap_or_else(|| {
            let mut files = draft.tree.clone();
            files.insert("manifest.json".into(), (0o100_644, self.blob(&draft.manifest)));
            self.tree_of(&files)
        });
        let parent = repository.find_reference(CHANNEL).ok().and_then(|r| r.target());
        let parent = parent.map(|id| format!("parent {id}\n")).unwrap_or_default();
        // The same message is the same commit wherever it is made.
        let who = format!("Ann Example <{}> 1700000000 +0000", draft.email);
        let text = format!("tree {tree}\n{parent}author {who}\ncommitter {who}\n\nbeacon: a note\n");
        let commit = repository.odb().unwrap().write(ObjectType::Commit, text.as_bytes()).unwrap();
        repository.reference(CHANNEL, commit, true, "test").unwrap();
        commit.to_string()
    }

    fn tree_of(&self, files: &BTreeMap<String, (i32, Oid)>) -> Oid {
        let mut here: BTreeMap<&str, (i32, Oid)> = BTreeMap::new();
        let mut below: BTreeMap<&str, BTreeMap<String, (i32, Oid)>> = BTreeMap::new();
        for (path, entry) in files {
            match path.split_once('/') {
                Some((folder, rest)) => drop(below.entry(folder).or_default().insert(rest.into(), *entry)),
                None => drop(here.insert(path, *entry)),
            }
        }
        for (folder, files) in &below {
            here.insert(folder, (0o040_000, self.tree_of(files)));
        }
        // As git sorts them: folders as if their names ended in a slash.
        let mut entries: Vec<_> = here.into_iter().collect();
        entries.sort_by_key(|(name, (mode, _))| format!("{name}{}", if *mode == 0o040_000 { "/" } else { "" }));
        let modes: Vec<_> = entries.iter().map(|(_, (mode, _))| format!("{mode:o}")).collect();
        let raw: Vec<_> =
            entries.iter().zip(&modes).map(|((name, (_, id)), mode)| (mode.as_str(), name.as_bytes(), *id)).collect();
        self.raw_tree(&raw)
    }

    /// Sends a good message.
    pub fn post(&self, items: &[Item]) -> String {
        self.send(self.draft(items))
    }

    /// A file of `a`, as text; `-` where there is none.
    pub fn text(&self, path: &str) -> String {
        std::fs::read(self.a.join(path)).map_or("-".into(), |b| String::from_utf8_lossy(&b).into_owned())
    }

    /// The tree of what was taken in.
    pub fn applied_tree(&self) -> String {
        self.git(&self.a, &["rev-parse", "-q", "refs/craft/beacon/c0dec0dec0dec0de/main/applied^{tree}"])
    }

    /// All bytes that are kept by backups or lie somewhere below `a`.
    pub fn kept(&self) -> Vec<Vec<u8>> {
        let refs = self.git(&self.a, &["for-each-ref", "--format=%(refname)", "refs/craft/beacon"]);
        let repository = Repository::open(&self.a).unwrap();
        let mut found = Vec::new();
        for name in refs.lines().filter(|name| name.contains("/backup/")) {
            let tree = repository.find_reference(name).unwrap().peel_to_tree().unwrap();
            tree.walk(git2::TreeWalkMode::PreOrder, |_, entry| {
                if let Ok(blob) = repository.find_blob(entry.id()) {
                    found.push(blob.content().to_vec());
                }
                git2::TreeWalkResult::Ok
            })
            .unwrap();
        }
        let files: Vec<PathBuf> = super::tree(&self.a).into_keys().collect();
        found.extend(files.iter().filter_map(|path| std::fs::read(self.a.join(path)).ok()));
        found
    }
}
