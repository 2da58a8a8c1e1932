//! The kind `marketplace`: a catalogue in our folder, and the client's own commands to install from it.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::place::Item;
use super::record::{ByClient, Install, text_of};
use crate::context::Context;
use crate::host::{Client, HostError};
use crate::install::payload::{MARKETPLACE, NAME};
use crate::ops::fragments;

/// The plugin's folder in the marketplace.
#[must_use]
pub fn plugin_folder(ctx: &Context) -> PathBuf {
    ctx.layout.marketplace().join("plugins").join(NAME)
}

/// The name by which the client knows the plugin.
#[must_use]
pub fn plugin_id() -> String {
    format!("{NAME}@{MARKETPLACE}")
}

/// The catalogue.
#[must_use]
pub fn catalogue(ctx: &Context) -> Item {
    let text = json!({
        "name": MARKETPLACE,
        "owner": {"name": "The claude-craft authors"},
        "description": env!("CARGO_PKG_DESCRIPTION"),
        "plugins": [{
            "name": NAME,
            "source": format!("./plugins/{NAME}"),
            "description": env!("CARGO_PKG_DESCRIPTION"),
        }],
    });
    let path = ctx.layout.marketplace().join(".claude-plugin/marketplace.json");
    Item { path, bytes: format!("{text:#}\n").into_bytes(), mode: 0o644 }
}

/// Adds the marketplace and installs the plugin, or brings both up to date.
///
/// # Errors
/// Where the client is not found, or says no.
pub fn add(ctx: &Context, cwd: &Path, install: &Install) -> Result<Vec<ByClient>, HostError> {
    let client = Client::find(ctx)?;
    let folder = install.project.as_deref().unwrap_or(cwd);
    let former = |path: &Path| install.by_client.iter().find(|b| b.path == path).map(|b| b.before.clone());
    let before: Vec<_> = settings_files(ctx, install)
        .into_iter()
        .map(|path| (former(&path).unwrap_or_else(|| text_of(&path)), path))
        .collect();
    let scope = install.scope.word();
    if install.by_client.is_empty() {
        client.plugin(ctx, folder, &["marketplace", "add", &ctx.layout.marketplace().to_string_lossy()])?;
    } else {
        // Old clients run a copy of theirs, which only a new install renews.
        client.plugin(ctx, folder, &["marketplace", "update", MARKETPLACE])?;
        let _ = client.plugin(ctx, folder, &["uninstall", &plugin_id(), "--scope", scope]);
    }
    client.plugin(ctx, folder, &["install", &plugin_id(), "--scope", scope])?;
    Ok(before.into_iter().map(|(before, path)| ByClient { before, after: text_of(&path), path }).collect())
}

/// The settings files that the client's commands write: the marketplace goes into the user's, whatever
/// the scope.
#[must_use]
pub fn settings_files(ctx: &Context, install: &Install) -> Vec<PathBuf> {
    let mut files = vec![ctx.layout.root().join("settings.json")];
    let scoped = fragments::file_of(ctx, install.project.as_deref().unwrap_or(Path::new("/")), install.scope);
    if !files.contains(&scoped) {
        files.push(scoped);
    }
    files
}

/// Takes both away again, as far as they are there.
///
/// # Errors
/// Where the client is not found.
pub fn remove(ctx: &Context, cwd: &Path, install: &Install) -> Result<(), HostError> {
    let client = Client::find(ctx)?;
    let folder = install.project.as_deref().filter(|p| p.is_dir()).unwrap_or(cwd);
    // Either may be gone already, by hand.
    let _ = client.plugin(ctx, folder, &["uninstall", &plugin_id(), "--scope", install.scope.word()]);
    let _ = client.plugin(ctx, folder, &["marketplace", "remove", MARKETPLACE]);
    Ok(())
}
