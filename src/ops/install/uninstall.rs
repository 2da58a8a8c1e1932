//! `craft uninstall`: takes out exactly what `craft install` put there.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::driver::{self, MergeDriver};
use super::place::{self, Change};
use super::record::{self, ByClient, Install, Placed};
use super::{HOOKS, InstallError, STATUS_LINE, Touch, marketplace, survey};
use crate::context::Context;
use crate::fs::{IoContext, atomic, remove_optional};
use crate::install::payload::{NAME, PLUGIN, PROGRAMS, SKILL, command_files, skill_file};
use crate::install::{Kind, Scope};
use crate::ops::{exclude, fragments};
use crate::queue;

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Only installs of this scope; `None` for all.
    pub scope: Option<Scope>,
    /// Configuration and state too.
    pub purge: bool,
}

/// What an uninstall will do.
#[derive(Debug)]
pub struct Plan {
    /// The installs that go.
    pub installs: Vec<Install>,
    /// What will be touched.
    pub touches: Vec<Touch>,
    /// Requests that wait in the queue: work that would stay unsynced.
    pub waiting: usize,
    /// Fragments that were put into settings files without an install.
    fragments: Vec<(PathBuf, Vec<String>)>,
    purge: Vec<PathBuf>,
}

impl Plan {
    /// Whether there is nothing to take away.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.installs.is_empty() && self.touches.is_empty()
    }
}

/// What was done.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Uninstalled {
    /// Files of ours that somebody changed, and that were left.
    pub kept: Vec<PathBuf>,
    /// Settings files that are byte for byte what they were before.
    pub restored: Vec<PathBuf>,
    /// Settings files that were changed by others too, where only our entries went.
    pub cleaned: Vec<PathBuf>,
    /// What could not be done, and does no harm.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Finds out what an uninstall does. Changes nothing.
///
/// # Errors
/// Where the record cannot be read.
pub fn plan(ctx: &Context, wish: &Wish) -> Result<Plan, InstallError> {
    let (mut installs, newer) = record::read(ctx)?;
    if newer {
        return Err(InstallError::Newer { path: ctx.layout.installs() });
    }
    installs.extend(unrecorded(ctx, &installs));
    installs.extend(unrecorded_programs(ctx, &installs));
    for install in installs.iter_mut().filter(|i| i.craft.is_empty()) {
        install.merge_driver = driver::unrecorded(ctx, install);
    }
    let goes = |i: &Install| wish.scope.is_none_or(|s| i.scope == s);
    let (installs, rest): (Vec<_>, Vec<_>) = installs.into_iter().partition(goes);
    if let Some(other) = rest.first().filter(|_| wish.purge) {
        return Err(InstallError::StillNeeded { place: other.folder.clone() });
    }
    let mut touches: Vec<Touch> = Vec::new();
    for install in &installs {
        let folder = match install.kind {
            Kind::Marketplace => ctx.layout.marketplace(),
            _ => install.folder.clone(),
        };
        let (inside, outside): (Vec<_>, Vec<_>) =
            install.files.iter().filter(|f| !needed(&rest, f)).partition(|f| f.path.starts_with(&folder));
        if folder.exists() && !inside.is_empty() && !touches.iter().any(|t| t.path == folder) {
            let what = format!("{} files", inside.len());
            touches.push(Touch { path: folder, change: Change::Removed, what });
        }
        for file in outside.into_iter().filter(|f| f.path.exists()) {
            let change = if place::untouched(file) { Change::Removed } else { Change::Kept };
            touches.push(Touch { path: file.path.clone(), change, what: super::command_at(&file.path) });
        }
        let parts = [(&install.hooks_in, "our hooks go"), (&install.status_line_in, "our status line goes")];
        for (file, what) in parts.into_iter().filter_map(|(f, what)| Some((f.as_ref()?, what))) {
            touches.push(Touch { path: file.clone(), change: Change::Changed, what: what.into() });
        }
        let told = install.merge_driver.iter().filter(|d| !still_told(&rest, d));
        touches.extend(told.flat_map(|d| driver::goes(ctx, d)));
        for by_client in &install.by_client {
            let what = "by `claude plugin`: the plugin and the marketplace go".into();
            touches.push(Touch { path: by_client.path.clone(), change: Change::Changed, what });
        }
    }
    let mut loose = if wish.scope.is_none() { fragments::applied(ctx)? } else { Vec::new() };
    for (file, names) in &mut loose {
        let of_an_install = |name: &str| {
            let place = |i: &Install| if name == HOOKS { i.hooks_in.clone() } else { i.status_line_in.clone() };
            installs.iter().any(|i| place(i).as_ref() == Some(file))
        };
        names.retain(|name| !of_an_install(name));
    }
    loose.retain(|(_, names)| !names.is_empty());
    for (file, names) in &loose {
        let what = format!("{} goes", names.join(" and "));
        touches.push(Touch { path: file.clone(), change: Change::Changed, what });
    }
    let purge: Vec<_> = if wish.purge { vec![ctx.layout.craft(), ctx.layout.state()] } else { Vec::new() };
    let purge: Vec<_> = purge.into_iter().filter(|p| p.exists()).collect();
    for path in &purge {
        touches.push(Touch { path: path.clone(), change: Change::Removed, what: "configuration and state".into() });
    }
    let waiting = queue::list(&ctx.layout).map_or(0, |q| q.len());
    Ok(Plan { installs, touches, waiting, fragments: loose, purge })
}

/// Carries a plan out.
///
/// # Errors
/// Where it fails; what is left to do is still recorded.
pub fn carry_out(ctx: &Context, cwd: &Path, plan: &Plan) -> Result<Uninstalled, InstallError> {
    let mut done = Uninstalled::default();
    {
        let _lock = super::exclusive(ctx)?;
        for (file, names) in &plan.fragments {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            take_out(ctx, file, &names, &mut done)?;
        }
        for install in &plan.installs {
            take_away(ctx, cwd, install, &mut done)?;
            record::forget(ctx, install)?;
        }
    }
    for path in &plan.purge {
        if path.is_dir() {
            std::fs::remove_dir_all(path).at("remove", path)?;
        } else {
            remove_optional(path)?;
        }
    }
    Ok(done)
}

fn take_away(ctx: &Context, cwd: &Path, install: &Install, done: &mut Uninstalled) -> Result<(), InstallError> {
    // First what fires the hooks, so that nothing is fired that is gone.
    let parts = [(&install.status_line_in, STATUS_LINE), (&install.hooks_in, HOOKS)];
    for (file, fragment) in parts.into_iter().filter_map(|(f, name)| Some((f.as_ref()?, name))) {
        take_out(ctx, file, &[fragment], done)?;
    }
    let mut rest = record::read(ctx)?.0;
    rest.retain(|i| !i.same_place(install));
    // git must not be told of a program that is gone.
    if let Some(told) = install.merge_driver.as_ref().filter(|d| !still_told(&rest, d)) {
        match driver::take_back(ctx, told) {
            Ok(kept) => done.kept.extend(kept),
            Err(error) => done.remarks.push(format!("git still knows the merge driver: {error}")),
        }
    }
    if install.kind == Kind::Marketplace {
        let needed = |path: &Path| rest.iter().flat_map(|i| &i.by_client).any(|b| b.path == path);
        let shared = rest.iter().any(|i| i.kind == Kind::Marketplace);
        let untouched =
            |b: &ByClient| record::text_of(&b.path) == b.after && marketplace::is_clean(b.before.as_deref());
        let ours = marketplace::settings_files(ctx, install);
        let files = install.by_client.iter().filter(|b| ours.contains(&b.path) && !needed(&b.path));
        let files: Vec<_> = files.map(|b| (b, untouched(b))).collect();
        marketplace::remove(ctx, cwd, install, shared)?;
        for (by_client, untouched) in files {
            restore(by_client, untouched, done)?;
        }
    }
    for path in install.excluded.iter().filter(|p| install.project.as_ref().is_some_and(|top| p.starts_with(top))) {
        exclude::let_into_git(path)?;
    }
    install.files.iter().for_each(|f| atomic::sweep(&f.path));
    for file in install.files.iter().filter(|f| !needed(&rest, f)) {
        if place::remove(file)? == Change::Kept {
            done.kept.push(file.path.clone());
        }
    }
    // A record that names another folder, whoever wrote that, is not to empty it.
    if install.folder == super::folder(ctx, install.kind, install.project.as_deref()) {
        place::tidy(&install.folder, &install.folders);
    }
    Ok(())
}

/// Whether another install tells git the same in the same place.
fn still_told(rest: &[Install], told: &MergeDriver) -> bool {
    rest.iter().filter_map(|i| i.merge_driver.as_ref()).any(|d| d.config == told.config)
}

/// Whether another install has the same file: executables in our folder, and a marketplace, serve several.
fn needed(rest: &[Install], file: &Placed) -> bool {
    rest.iter().flat_map(|i| &i.files).any(|f| f.path == file.path)
}

/// Takes fragments out of a settings file. The last ones that go decide whether it is what it was.
fn take_out(ctx: &Context, file: &Path, names: &[&str], done: &mut Uninstalled) -> Result<(), InstallError> {
    let removed = fragments::remove(ctx, file, names)?;
    if !removed.changed && !removed.exact {
        return Ok(());
    }
    done.restored.retain(|f| f != file);
    done.cleaned.retain(|f| f != file);
    if removed.exact { &mut done.restored } else { &mut done.cleaned }.push(file.to_owned());
    Ok(())
}

/// Where the client was the last to change the file, on our behalf, its former text comes back.
fn restore(by_client: &ByClient, untouched: bool, done: &mut Uninstalled) -> Result<(), InstallError> {
    if !untouched {
        done.cleaned.push(by_client.path.clone());
        return Ok(());
    }
    match &by_client.before {
        Some(text) => atomic::replace(&by_client.path, text.as_bytes())?,
        None => remove_optional(&by_client.path)?,
    }
    done.restored.push(by_client.path.clone());
    Ok(())
}

/// Executables and the command file of an install in settings that nobody recorded. Its hooks are known to
/// those who keep the settings files.
fn unrecorded_programs(ctx: &Context, recorded: &[Install]) -> Option<Install> {
    let bin = ctx.layout.bin();
    if recorded.iter().any(|i| i.folder == bin) || !PROGRAMS.iter().any(|p| bin.join(p).is_file()) {
        return None;
    }
    let commands = command_files(&bin).into_iter().filter_map(|(name, text)| {
        let path = ctx.layout.root().join("commands").join(name);
        std::fs::read(&path).is_ok_and(|there| there == text.into_bytes()).then_some(path)
    });
    let paths = PROGRAMS.iter().map(|p| bin.join(p)).chain(commands);
    let files = paths.filter_map(|path| Some(Placed { hash: record::hash(&std::fs::read(&path).ok()?), path }));
    Some(nameless(Kind::Settings, files.collect(), bin))
}

/// A plugin folder of ours that nobody recorded, as after a purge: taken for what this version puts there.
fn unrecorded(ctx: &Context, recorded: &[Install]) -> Option<Install> {
    let folder = ctx.layout.root().join("skills").join(NAME);
    // A checkout that somebody works on is theirs.
    let checkout = folder.is_symlink() || folder.join(".git").exists();
    if checkout || recorded.iter().any(|i| i.folder == folder) || !survey::is_our_plugin(&folder) {
        return None;
    }
    let texts = PLUGIN.iter().map(|p| (folder.join(p.path), p.bytes.to_vec()));
    let skill = (folder.join(SKILL), skill_file(&folder.join("bin")).into_bytes());
    // Of another version it cannot be told what somebody has changed.
    let manifest = survey::read_json(&folder.join(".claude-plugin/plugin.json")).unwrap_or_default();
    let mine = manifest["version"] == env!("CARGO_PKG_VERSION");
    let texts = texts.chain([skill]).map(|(path, bytes)| (path, mine.then_some(bytes)));
    let names = texts.chain(PROGRAMS.iter().map(|p| (folder.join("bin").join(p), None)));
    let files = names.filter_map(|(path, wanted)| {
        let there = std::fs::read(&path).ok()?;
        let hash = record::hash(wanted.as_ref().unwrap_or(&there));
        Some(Placed { path, hash })
    });
    Some(nameless(Kind::SkillsPlugin, files.collect(), folder))
}

/// An install of which only the files are known.
fn nameless(kind: Kind, files: Vec<Placed>, folder: PathBuf) -> Install {
    Install {
        kind,
        scope: Scope::User,
        craft: String::new(),
        at: 0,
        files,
        folder,
        project: None,
        folders: Vec::new(),
        excluded: Vec::new(),
        hooks_in: None,
        status_line_in: None,
        by_client: Vec::new(),
        merge_driver: None,
        no_merge_driver: false,
        complete: true,
    }
}
