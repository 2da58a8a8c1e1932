//! `craft install`: makes the hooks known to the client, says beforehand what it touches, can be repeated.

pub mod driver;
mod error;
pub mod marketplace;
pub mod place;
pub mod record;
pub mod survey;
pub mod uninstall;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use self::driver::MergeDriver;
pub use self::error::InstallError;
use self::place::{Change, Item};
use self::record::Install;
use super::{exclude, fragments};
use crate::context::Context;
use crate::fs::lock::{self, Holder, LockGuard};
use crate::fs::{atomic, read_optional};
use crate::host::{Client, HostError};
use crate::install::payload::{self, NAME, PROGRAMS};
use crate::install::{Kind, Scope, Version};
use crate::locate;
use crate::settings::fragment::Values;

/// The fragment with the hooks.
pub const HOOKS: &str = "auto-sync-settings";
/// The fragment with the status line.
pub const STATUS_LINE: &str = "statusline-settings";

/// How long to wait for another install or uninstall.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Which way; `None` chooses by the client's version.
    pub kind: Option<Kind>,
    /// For whom.
    pub scope: Scope,
    /// The status line too.
    pub status_line: bool,
    /// Whether git is told of the merge driver; `None`: as before, and at first yes.
    pub merge_driver: Option<bool>,
}

/// A line of what is touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Touch {
    /// A file, or a folder with all that is in it.
    pub path: PathBuf,
    /// What happens to it.
    pub change: Change,
    /// What it is, for people.
    pub what: String,
}

/// What an install will do.
#[derive(Debug)]
pub struct Plan {
    /// The record as it will be.
    pub install: Install,
    /// The client's version, or why it is not known.
    pub client: Result<Version, HostError>,
    /// What will be touched.
    pub touches: Vec<Touch>,
    /// The install that is there now.
    pub former: Option<Install>,
    /// Files of ours that somebody has changed.
    pub edited: Vec<PathBuf>,
    /// Leaves those as they are. Otherwise they are replaced, and a copy of each is kept.
    pub spare_edited: bool,
    /// What is not done, and why; everything else works without it.
    pub remarks: Vec<String>,
    items: Vec<Item>,
    fragments: Vec<(PathBuf, &'static str)>,
}

impl Plan {
    /// Whether the merge driver of an earlier install is to go.
    fn takes_driver_back(&self) -> Option<&MergeDriver> {
        let former = self.former.as_ref()?.merge_driver.as_ref()?;
        let stays = |d: &MergeDriver| d.config == former.config && d.attributes == former.attributes;
        Some(former).filter(|_| !self.install.merge_driver.as_ref().is_some_and(stays))
    }

    /// Whether anything changes.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.touches.iter().any(|t| t.change != Change::Same) || self.former.as_ref().is_none_or(|f| !f.complete)
    }

    /// Where the executables will be.
    #[must_use]
    pub fn bin(&self) -> PathBuf {
        self.install.bin()
    }
}

/// Whether putting the fragments `names` into a settings file would have the hooks run twice, since a
/// plugin runs them already.
///
/// # Errors
/// Which plugin.
pub fn refuse_doubled(ctx: &Context, cwd: &Path, names: &[&str]) -> Result<(), InstallError> {
    if !names.contains(&HOOKS) {
        return Ok(());
    }
    let found = survey::survey(ctx, locate::locate(cwd).map(|l| l.worktree).as_deref());
    match found.into_iter().find(|p| p.kind != Kind::Settings) {
        Some(there) => Err(InstallError::Doubled { there }),
        None => Ok(()),
    }
}

/// Finds out what an install does. Changes nothing.
///
/// # Errors
/// Why it cannot be done; see [`InstallError`].
pub fn plan(ctx: &Context, cwd: &Path, wish: &Wish) -> Result<Plan, InstallError> {
    let source = source()?;
    if !ctx.layout.root().is_absolute() {
        return Err(InstallError::Relative { path: ctx.layout.root().to_owned() });
    }
    let client = Client::find(ctx).and_then(|c| c.version(ctx));
    let (installs, newer) = record::read(ctx)?;
    if newer {
        return Err(InstallError::Newer { path: ctx.layout.installs() });
    }
    let project = match wish.scope {
        Scope::User => None,
        Scope::Project | Scope::Local => {
            let here = locate::locate(cwd).ok_or_else(|| InstallError::NoProject { folder: cwd.to_owned() })?;
            Some(here.worktree)
        }
    };
    // An update stays what it is.
    let present = installs.iter().find(|i| i.scope == wish.scope && i.project == project).map(|i| i.kind);
    let kind = wish.kind.or(present).unwrap_or_else(|| Kind::for_client(client.as_ref().ok().copied()));
    if let (Kind::SkillsPlugin, Ok(found)) = (kind, &client)
        && *found < Version::SKILLS_PLUGINS
    {
        return Err(InstallError::TooOld { found: *found, needed: Version::SKILLS_PLUGINS });
    }
    let mut install = Install {
        kind,
        scope: wish.scope,
        craft: env!("CARGO_PKG_VERSION").to_owned(),
        at: ctx.clock.now_ms(),
        folder: folder(ctx, kind, project.as_deref()),
        project,
        files: Vec::new(),
        folders: Vec::new(),
        excluded: Vec::new(),
        hooks_in: None,
        status_line_in: None,
        by_client: Vec::new(),
        merge_driver: None,
        no_merge_driver: false,
        complete: false,
    };
    let settings = fragments::file_of(ctx, cwd, wish.scope);
    let mut parts = Vec::new();
    if kind == Kind::Settings {
        install.hooks_in = Some(settings.clone());
        parts.push((settings.clone(), HOOKS));
    }
    let former = installs.iter().find(|i| i.same_place(&install)).cloned();
    if wish.status_line || former.as_ref().is_some_and(|f| f.status_line_in.is_some()) {
        install.status_line_in = Some(settings.clone());
        parts.push((settings, STATUS_LINE));
    }
    install.no_merge_driver =
        wish.merge_driver.map_or_else(|| former.as_ref().is_some_and(|f| f.no_merge_driver), |wanted| !wanted);
    let mut remarks = Vec::new();
    if !install.no_merge_driver {
        let told = former.as_ref().and_then(|f| f.merge_driver.as_ref());
        match driver::plan(ctx, &install, told) {
            Ok(driver) => install.merge_driver = Some(driver),
            Err(error) => {
                install.merge_driver = told.cloned();
                remarks.push(format!("the book of a plan is not merged by craft: {error}"));
            }
        }
    }
    refuse_others(ctx, cwd, &install, &installs)?;
    let items = items(ctx, &install, &source, client.as_ref().ok().copied())?;
    refuse_foreign(&install, &items, former.as_ref())?;
    let edited = edited(&items, former.as_ref())?;
    let mut plan = Plan {
        install,
        client,
        touches: Vec::new(),
        former,
        edited,
        spare_edited: false,
        remarks,
        items,
        fragments: parts,
    };
    plan.touches = touches(ctx, &plan)?;
    Ok(plan)
}

/// Carries a plan out.
///
/// # Errors
/// Where it fails; what was done so far is recorded, so that repeating it goes on and uninstalling takes
/// it away.
///
/// Gives the copies of files that somebody had changed and that were replaced, and what could not be done but does no
/// harm.
pub fn carry_out(ctx: &Context, cwd: &Path, plan: &Plan) -> Result<(Vec<PathBuf>, Vec<String>), InstallError> {
    let _lock = exclusive(ctx)?;
    let mut install = plan.install.clone();
    // Another run may have come first since the plan was made.
    let (installs, newer) = record::read(ctx)?;
    if newer {
        return Err(InstallError::Newer { path: ctx.layout.installs() });
    }
    refuse_others(ctx, cwd, &install, &installs)?;
    let former = installs.into_iter().find(|i| i.same_place(&install));
    if let Some(former) = &former {
        install.folders.clone_from(&former.folders);
        install.excluded.clone_from(&former.excluded);
        install.by_client.clone_from(&former.by_client);
    }
    for item in &plan.items {
        for folder in place::missing_folders(&item.path) {
            if !install.folders.contains(&folder) {
                install.folders.push(folder);
            }
        }
    }
    let told = install.merge_driver.iter().filter(|_| plan.remarks.is_empty());
    for folder in told.flat_map(driver::folders) {
        if !install.folders.contains(&folder) {
            install.folders.push(folder);
        }
    }
    // Recorded before anything is there: a run that is cut off leaves nothing that nobody knows of.
    install.files =
        plan.items.iter().map(|i| record::Placed { path: i.path.clone(), hash: record::hash(&i.bytes) }).collect();
    record::keep(ctx, &install)?;
    install.files.iter().for_each(|f| atomic::sweep(&f.path));
    let edited = edited(&plan.items, former.as_ref())?;
    let mut copies = Vec::new();
    // The executables first, which are the last of them: hooks that the client knows must be there to run.
    for item in plan.items.iter().rev() {
        if edited.contains(&item.path) {
            if plan.spare_edited {
                continue;
            }
            copies.push(place::keep_copy(ctx, &item.path)?);
        }
        place::place(item)?;
    }
    for old in former.iter().flat_map(|f| &f.files) {
        if !install.files.iter().any(|f| f.path == old.path) {
            place::remove(old)?;
        }
    }
    let mut excluded = Vec::new();
    if install.scope == Scope::Local {
        let command = install.files.iter().map(|f| &f.path).filter(|_| install.kind == Kind::Settings);
        let plugin = Some(&install.folder).filter(|_| install.kind == Kind::SkillsPlugin);
        for path in command.filter(|p| !p.starts_with(&install.folder)).chain(plugin) {
            if exclude::keep_out_of_git(path)? && !install.excluded.contains(path) {
                excluded.push(path.clone());
            }
        }
    }
    install.excluded.extend(excluded);
    let values = Values::portable(install.bin());
    for (file, fragment) in &plan.fragments {
        fragments::apply(ctx, file, &[*fragment], &values)?;
    }
    let remarks = tell_git(ctx, plan);
    if install.kind == Kind::Marketplace {
        // Recorded before the client is asked, since a second run finds what the first has changed.
        install.by_client = marketplace::before(ctx, &install);
        record::keep(ctx, &install)?;
        marketplace::add(ctx, cwd, &install)?;
        marketplace::after(&mut install.by_client);
    }
    install.complete = true;
    record::keep(ctx, &install)?;
    Ok((copies, remarks))
}

/// Offers the merge driver to git, or takes it back. Hooks work without it, so what goes wrong is only told.
fn tell_git(ctx: &Context, plan: &Plan) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(former) = plan.takes_driver_back()
        && let Err(error) = driver::take_back(ctx, former)
    {
        remarks.push(format!("git still knows the former merge driver: {error}"));
    }
    if let Some(driver) = plan.install.merge_driver.as_ref().filter(|_| plan.remarks.is_empty())
        && let Err(error) = driver::offer(ctx, driver)
    {
        remarks.push(format!("the book of a plan is not merged by craft: {error}"));
    }
    remarks
}

/// No hook may run twice in any session: not here, and for an install for all projects not in one that
/// has an install of its own. What an earlier run was cut off at, or what is recorded as this very
/// install, is no other one.
fn refuse_others(ctx: &Context, cwd: &Path, install: &Install, installs: &[Install]) -> Result<(), InstallError> {
    let here = install.project.clone().or_else(|| locate::locate(cwd).map(|l| l.worktree));
    let elsewhere = installs.iter().filter(|_| install.scope == Scope::User).filter_map(|i| i.project.clone());
    for project in std::iter::once(here).chain(elsewhere.map(Some)) {
        let found = survey::survey(ctx, project.as_deref());
        if let Some(there) = survey::others(&found, install).first() {
            return Err(InstallError::Doubled { there: (*there).clone() });
        }
    }
    Ok(())
}

/// The texts of ours that somebody has changed since they were put there. Executables are not looked at:
/// nobody edits those, and they are always those of the program that installs.
fn edited(items: &[Item], former: Option<&Install>) -> Result<Vec<PathBuf>, InstallError> {
    let mut edited = Vec::new();
    for item in items.iter().filter(|i| i.mode & 0o111 == 0) {
        let Some(there) = read_optional(&item.path)?.filter(|bytes| *bytes != item.bytes) else { continue };
        let recorded = former.into_iter().flat_map(|f| &f.files).find(|f| f.path == item.path);
        if recorded.is_none_or(|f| f.hash != record::hash(&there)) {
            edited.push(item.path.clone());
        }
    }
    Ok(edited)
}

/// The folder with this program and the hooks.
fn source() -> Result<PathBuf, InstallError> {
    let craft = std::env::current_exe().unwrap_or_default();
    let folder = craft.parent().unwrap_or(Path::new("")).to_owned();
    match PROGRAMS.iter().find(|p| !folder.join(p).is_file()) {
        Some(program) => Err(InstallError::Incomplete { program: (*program).to_owned(), craft }),
        None => Ok(folder),
    }
}

fn folder(ctx: &Context, kind: Kind, project: Option<&Path>) -> PathBuf {
    match kind {
        Kind::SkillsPlugin => {
            let base = project.map_or_else(|| ctx.layout.root().to_owned(), |p| p.join(".claude"));
            base.join("skills").join(NAME)
        }
        Kind::Settings => ctx.layout.bin(),
        Kind::Marketplace => marketplace::plugin_folder(ctx),
    }
}

fn items(ctx: &Context, install: &Install, source: &Path, client: Option<Version>) -> Result<Vec<Item>, InstallError> {
    let mut items = match install.kind {
        Kind::Settings => {
            let base = install.project.as_ref().map_or_else(|| ctx.layout.root().to_owned(), |p| p.join(".claude"));
            let item = |(name, text): (String, String)| Item {
                path: base.join("commands").join(name),
                bytes: text.into_bytes(),
                mode: 0o644,
            };
            payload::command_files(&install.bin()).into_iter().map(item).collect()
        }
        Kind::SkillsPlugin => {
            let mut items = place::plugin_texts(&install.folder);
            if client.is_some_and(|v| v < Version::MODULES) {
                let text = payload::skill_file(&install.bin());
                items.push(Item { path: install.folder.join(payload::SKILL), bytes: text.into_bytes(), mode: 0o644 });
            }
            items
        }
        Kind::Marketplace => {
            let mut items = place::plugin_texts(&install.folder);
            items.push(marketplace::catalogue(ctx));
            items
        }
    };
    items.extend(place::programs(source, &install.bin())?);
    Ok(items)
}

/// What a file of the client's folder `commands` is, for people.
fn command_at(path: &Path) -> String {
    format!("the command /{}", path.file_stem().unwrap_or_default().to_string_lossy())
}

/// Files of other people in our places are never overwritten.
fn refuse_foreign(install: &Install, items: &[Item], former: Option<&Install>) -> Result<(), InstallError> {
    let recorded = |path: &Path| former.is_some_and(|f| f.files.iter().any(|p| p.path == path));
    if install.kind == Kind::SkillsPlugin {
        // Somebody works on the plugin there; every file of it would be written through the link.
        let link = install.folder.is_symlink() && former.is_none() && survey::is_our_plugin(&install.folder);
        if link || install.folder.join(".git").exists() {
            return Err(InstallError::Checkout { path: install.folder.clone() });
        }
        let empty = std::fs::read_dir(&install.folder).map_or(true, |mut d| d.next().is_none());
        if former.is_none() && !empty && !survey::is_our_plugin(&install.folder) {
            return Err(InstallError::Foreign { path: install.folder.clone() });
        }
        return Ok(());
    }
    let texts = items.iter().filter(|i| i.path.extension().is_some());
    for item in texts {
        if !recorded(&item.path) && place::compare(item)? == Change::Changed {
            return Err(InstallError::Foreign { path: item.path.clone() });
        }
    }
    Ok(())
}

fn touches(ctx: &Context, plan: &Plan) -> Result<Vec<Touch>, InstallError> {
    let mut touches = Vec::new();
    let folder = match plan.install.kind {
        Kind::Marketplace => ctx.layout.marketplace(),
        _ => plan.install.folder.clone(),
    };
    let (inside, outside): (Vec<_>, Vec<_>) = plan.items.iter().partition(|i| i.path.starts_with(&folder));
    let mut changes = Vec::new();
    for item in &inside {
        changes.push(place::compare(item)?);
    }
    let gone = plan.former.iter().flat_map(|f| &f.files).any(|f| !plan.items.iter().any(|i| i.path == f.path));
    let change = match () {
        () if changes.iter().all(|c| *c == Change::Same) && !gone => Change::Same,
        () if changes.iter().all(|c| *c == Change::New) => Change::New,
        () => Change::Changed,
    };
    let bytes: usize = inside.iter().map(|i| i.bytes.len()).sum();
    let size = bytes.div_ceil(100_000);
    let what = format!("{} files, {}.{} MB", inside.len(), size / 10, size % 10);
    touches.push(Touch { path: folder, change, what });
    for item in outside {
        touches.push(Touch { path: item.path.clone(), change: place::compare(item)?, what: command_at(&item.path) });
    }
    let values = Values::portable(plan.install.bin());
    for (file, fragment) in &plan.fragments {
        let preview = fragments::preview(ctx, file, &[*fragment], &values)?;
        let change = match () {
            () if preview.before == preview.after => Change::Same,
            () if !file.exists() => Change::New,
            () => Change::Changed,
        };
        let what = if *fragment == HOOKS { "the hooks" } else { "the status line" };
        touches.push(Touch { path: file.clone(), change, what: what.into() });
    }
    if let Some(former) = plan.takes_driver_back() {
        touches.extend(driver::goes(ctx, former));
    }
    if let Some(driver) = plan.install.merge_driver.as_ref().filter(|_| plan.remarks.is_empty()) {
        // That a file of git's cannot be read is told when it is to be written.
        touches.extend(driver::touches(ctx, driver).unwrap_or_default());
    }
    if plan.install.kind == Kind::Marketplace {
        let known = plan.former.as_ref().is_some_and(|f| f.complete);
        let change = if known { Change::Same } else { Change::Changed };
        for path in marketplace::settings_files(ctx, &plan.install) {
            touches.push(Touch { path, change, what: "by `claude plugin`: the marketplace and the plugin".into() });
        }
    }
    Ok(touches)
}

/// One install or uninstall at a time.
fn exclusive(ctx: &Context) -> Result<LockGuard, InstallError> {
    let me = Holder {
        pid: std::process::id(),
        host: ctx.host.clone(),
        started: ctx.clock.now_ms(),
        purpose: "install".into(),
    };
    lock::exclusive_within(&ctx.layout.install_lock(), &me, PATIENCE)?.ok_or(InstallError::Busy)
}
