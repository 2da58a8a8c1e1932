//! What already makes the hooks fire, whoever put it there.

use std::fs::canonicalize;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::record::Install;
use crate::context::Context;
use crate::install::payload::{NAME, PROGRAMS};
use crate::install::{Kind, Scope};
use crate::settings::ours;

/// One thing through which the client fires our hooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// Which way.
    pub kind: Kind,
    /// For whom.
    pub scope: Scope,
    /// The plugin's folder or the settings file.
    pub place: PathBuf,
}

/// Everything that fires the hooks for a session in `project` (or anywhere, for `None`).
#[must_use]
pub fn survey(ctx: &Context, project: Option<&Path>) -> Vec<Presence> {
    let mut found = Vec::new();
    let user = ctx.layout.root();
    // A home folder, or the folder of the settings, may be a link into a repository of dotfiles.
    let same = |p: &Path| p == user || canonicalize(p).ok().is_some_and(|p| canonicalize(user).ok() == Some(p));
    let in_project = project.map(|p| p.join(".claude")).filter(|p| !same(p));
    let folders = [Some((user.to_owned(), Scope::User)), in_project.map(|p| (p, Scope::Project))];
    for (folder, scope) in folders.into_iter().flatten() {
        let skill = folder.join("skills").join(NAME);
        if is_our_plugin(&skill) && skill.join("hooks/hooks.json").is_file() {
            found.push(Presence { kind: Kind::SkillsPlugin, scope, place: skill });
        }
        for (name, scope) in [("settings.json", scope), ("settings.local.json", Scope::Local)] {
            let file = folder.join(name);
            if read_json(&file).is_some_and(|settings| !ours::hooks(&settings).is_empty()) {
                found.push(Presence { kind: Kind::Settings, scope, place: file });
            }
        }
    }
    found.extend(from_marketplaces(user, project));
    found
}

/// What of `found` is not `mine`.
#[must_use]
pub fn others<'f>(found: &'f [Presence], mine: &Install) -> Vec<&'f Presence> {
    let same = |p: &Presence| {
        p.kind == mine.kind
            && match mine.kind {
                Kind::Settings => mine.hooks_in.as_deref() == Some(&p.place),
                Kind::SkillsPlugin => mine.folder == p.place,
                // The client may run it from a copy of its own.
                Kind::Marketplace => true,
            }
    };
    found.iter().filter(|p| !same(p)).collect()
}

/// Whether `folder` holds this plugin.
#[must_use]
pub fn is_our_plugin(folder: &Path) -> bool {
    read_json(&folder.join(".claude-plugin/plugin.json")).is_some_and(|m| m["name"] == NAME)
        && PROGRAMS.iter().skip(1).any(|p| folder.join("bin").join(p).exists())
}

/// This plugin as the client has installed it from a marketplace, for everybody or for `project`, and not
/// switched it off.
fn from_marketplaces(user: &Path, project: Option<&Path>) -> Vec<Presence> {
    let installed = read_json(&user.join("plugins/installed_plugins.json")).unwrap_or_default();
    let settings = read_json(&user.join("settings.json")).unwrap_or_default();
    let entries = installed["plugins"].as_object().cloned().unwrap_or_default();
    let ours = entries.into_iter().filter(|(id, _)| id.split('@').next() == Some(NAME));
    ours.filter(|(id, _)| settings["enabledPlugins"][id.as_str()] != false)
        .flat_map(|(_, places)| places.as_array().cloned().unwrap_or_default())
        .filter(|place| place["projectPath"].as_str().is_none_or(|p| project == Some(Path::new(p))))
        .filter_map(|place| {
            let folder = PathBuf::from(place["installPath"].as_str()?);
            let scope = match place["scope"].as_str() {
                Some("project") => Scope::Project,
                Some("local") => Scope::Local,
                _ => Scope::User,
            };
            Some(Presence { kind: Kind::Marketplace, scope, place: folder })
        })
        .collect()
}

/// A JSON document; `None` where there is none or it cannot be read.
#[must_use]
pub fn read_json(path: &Path) -> Option<Value> {
    // A repository may bring a link to a device that never ends.
    let bytes = path.is_file().then(|| std::fs::read(path).ok())??;
    serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).ok()
}
