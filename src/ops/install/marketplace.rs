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
pub fn add(ctx: &Context, cwd: &Path, install: &Install) -> Result<(), HostError> {
    let client = Client::find(ctx)?;
    let folder = install.project.as_deref().unwrap_or(cwd);
    let scope = install.scope.word();
    // Whether it is there only the client knows: a run may have been cut off, or somebody have removed it by
    // hand. Old clients refuse to add it twice.
    let known = client.plugin(ctx, folder, &["marketplace", "update", MARKETPLACE]).is_ok();
    if !known {
        client.plugin(ctx, folder, &["marketplace", "add", &ctx.layout.marketplace().to_string_lossy()])?;
    }
    if known {
        // Old clients run a copy of theirs, which only a new install renews.
        let _ = client.plugin(ctx, folder, &["uninstall", &plugin_id(), "--scope", scope]);
    }
    client.plugin(ctx, folder, &["install", &plugin_id(), "--scope", scope]).map(drop)
}

/// What the settings files hold before the client changes them. A text that was kept by an earlier run is
/// the one to come back as long as nobody but the client has changed the file since.
#[must_use]
pub fn before(ctx: &Context, install: &Install) -> Vec<ByClient> {
    let files = settings_files(ctx, install).into_iter();
    let noted = files.map(|path| {
        let now = text_of(&path);
        let former = install.by_client.iter().find(|b| b.path == path && b.after == now);
        let before = former.map_or(now, |b| b.before.clone());
        ByClient { before, after: None, path }
    });
    noted.collect()
}

/// Notes what the client made of them.
pub fn after(by_client: &mut [ByClient]) {
    for file in by_client {
        file.after = text_of(&file.path);
    }
}

/// Whether the text from before may come back: not where it names the marketplace, as it was read after a
/// run that was cut off, or while another install had it.
#[must_use]
pub fn is_clean(before: Option<&str>) -> bool {
    before.is_none_or(|text| !text.contains(MARKETPLACE))
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

/// Takes the plugin away again, and unless another install needs it the marketplace, as far as they are
/// there.
///
/// # Errors
/// Where the client is not found.
pub fn remove(ctx: &Context, cwd: &Path, install: &Install, shared: bool) -> Result<(), HostError> {
    let client = Client::find(ctx)?;
    let folder = install.project.as_deref().filter(|p| p.is_dir()).unwrap_or(cwd);
    // Either may be gone already, by hand.
    let _ = client.plugin(ctx, folder, &["uninstall", &plugin_id(), "--scope", install.scope.word()]);
    if !shared {
        let _ = client.plugin(ctx, folder, &["marketplace", "remove", MARKETPLACE]);
    }
    Ok(())
}
