//! The machine, our files, the environment.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use super::{Check, Fix, Patient};
use crate::clock::Millis;
use crate::config::load;
use crate::env;
use crate::git::command::Git;
use crate::git::version;
use crate::locate::Location;
use crate::ops::{notifications, ours};
use crate::state::State;
use crate::state::file::{Problem, StateFile};

const MIB: u64 = 1 << 20;
/// Below this nothing can be relied on.
const NO_DISK: u64 = 50 * MIB;
/// Below this a large commit may fail.
const LITTLE_DISK: u64 = 500 * MIB;
/// Clocks of machines that talk to each other differ by less.
const SKEW: Millis = 5 * 60_000;

pub(super) fn checks(patient: &Patient<'_>) -> Vec<Check> {
    vec![
        git(patient),
        configuration(patient),
        state(patient),
        environment(patient),
        permissions(patient),
        disk(patient),
        clock(patient),
    ]
}

fn git(patient: &Patient<'_>) -> Check {
    let id = "git";
    let root = patient.ctx.layout.root().to_owned();
    let at = Location { git_dir: root.clone(), common_dir: root.clone(), worktree: root };
    let at = if at.worktree.is_dir() { at } else { Location { worktree: "/".into(), ..at } };
    let git = Git::new(patient.ctx, &at, Duration::from_secs(10), Duration::from_secs(10));
    let (major, minor) = version::MINIMUM;
    match version::complaint(patient.ctx, &git) {
        Some(trouble) => {
            Check::broken(id, trouble, format!("install git {major}.{minor} or later, or name one with CRAFT_GIT"))
        }
        None => match git.read(["version"]).line() {
            Ok(line) => Check::ok(id, format!("{line}, {}", patient.ctx.git.display())),
            Err(error) => Check::broken(id, error.to_string(), "see that git runs"),
        },
    }
}

fn configuration(patient: &Patient<'_>) -> Check {
    let id = "configuration";
    let path = patient.ctx.layout.config();
    match load::load(&path) {
        Err(error) => Check::broken(id, error.to_string(), "craft auto-sync config edit"),
        Ok(config) if !config.auto_sync.enabled => {
            Check::warning(id, "auto-sync is switched off for all repositories", "craft auto-sync enable")
        }
        Ok(config) if config.repositories.is_empty() => Check::warning(
            id,
            "no repository is enrolled, so the hooks do nothing",
            "craft auto-sync enable, inside a repository",
        ),
        Ok(config) if config.notifications.desktop && !notifications::DESKTOP => Check::warning(
            id,
            "notifications.desktop is on, and this craft was built without it",
            "craft auto-sync config set notifications.desktop false",
        ),
        Ok(config) => {
            let on = config.repositories.iter().filter(|r| !r.disabled).count();
            Check::ok(id, format!("{on} of {} enrolled repositories are switched on", config.repositories.len()))
        }
    }
}

fn state(patient: &Patient<'_>) -> Check {
    let id = "state";
    let path = patient.ctx.layout.state();
    match StateFile::at(path.clone()).peek::<State>() {
        Err(error) => Check::broken(id, error.to_string(), "make the file readable for you"),
        Ok(loaded) => match loaded.problem {
            None => Check::ok(id, "what was recorded can be read"),
            Some(Problem::Corrupt { .. }) => Check::warning(
                id,
                format!("{} cannot be understood", path.display()),
                "nothing: the next sync keeps it aside and begins anew",
            ),
            Some(Problem::Newer { version }) => Check::warning(
                id,
                format!("{} has version {version}, written by a newer claude-craft", path.display()),
                "update this one",
            ),
        },
    }
}

fn environment(patient: &Patient<'_>) -> Check {
    let id = "environment";
    if patient.ctx.env.switch(env::CRAFT_DISABLE) {
        return Check::broken(id, "CRAFT_DISABLE is set here: hooks and worker do nothing", "unset CRAFT_DISABLE");
    }
    if let Some(path) = patient.ctx.env.path(env::CLAUDE_CONFIG_DIR).filter(|p| p.is_relative()) {
        return Check::broken(
            id,
            format!("CLAUDE_CONFIG_DIR is {}, which is another folder for each program that reads it", path.display()),
            "set it to an absolute path",
        );
    }
    let set: Vec<_> = [env::CRAFT_GIT, env::CRAFT_WORKER, env::CRAFT_CLAUDE, env::CLAUDE_CONFIG_DIR]
        .into_iter()
        .filter_map(|name| Some((name, patient.ctx.env.path(name)?)))
        .collect();
    if let Some((name, path)) =
        set.iter().find(|(name, path)| *name != env::CLAUDE_CONFIG_DIR && patient.ctx.program(path).is_none())
    {
        return Check::broken(
            id,
            format!("{name} names {}, which is not there", path.display()),
            format!("mend or unset {name}"),
        );
    }
    let told: Vec<_> = set.iter().map(|(name, path)| format!("{name}={}", path.display())).collect();
    Check::ok(id, if told.is_empty() { "nothing out of the ordinary is set".into() } else { told.join(", ") })
}

fn permissions(patient: &Patient<'_>) -> Check {
    let id = "permissions";
    let folder = patient.ctx.layout.craft();
    let Ok(meta) = std::fs::metadata(&folder) else {
        return Check::skipped(id, format!("{} is not there yet", folder.display()));
    };
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me {
        return Check::broken(
            id,
            format!("{} belongs to another user", folder.display()),
            format!("sudo chown -R \"$(id -un)\" {}", crate::sync::quote::path(&folder)),
        );
    }
    for path in [&folder, patient.ctx.layout.root()] {
        if let Err(error) = rustix::fs::access(path, rustix::fs::Access::WRITE_OK) {
            return Check::broken(
                id,
                format!("{} cannot be written to: {error}", path.display()),
                "give yourself write access",
            );
        }
    }
    let paths = ours::open_to_others(patient.ctx);
    let changeable = paths.iter().find(|p| std::fs::metadata(p).is_ok_and(|m| m.mode() & 0o022 != 0));
    let remedy = "craft doctor --fix takes the access of others away";
    match (changeable, paths.first()) {
        (Some(path), _) => {
            Check::broken(id, format!("other users may change {}, and with it what is synced", path.display()), remedy)
                .fix(Fix::ClosePermissions { paths })
        }
        (None, Some(path)) => {
            let more = if paths.len() > 1 { format!(" and {} more", paths.len() - 1) } else { String::new() };
            Check::warning(id, format!("other users may read {}{more}", path.display()), remedy)
                .fix(Fix::ClosePermissions { paths })
        }
        (None, None) => Check::ok(id, format!("{} is yours alone", folder.display())),
    }
}

fn disk(patient: &Patient<'_>) -> Check {
    let id = "disk";
    let mut places = vec![patient.ctx.layout.root().to_owned()];
    let config = load::load(&patient.ctx.layout.config()).unwrap_or_default();
    places.extend(config.repositories.into_iter().filter(|r| !r.disabled).map(|r| r.common_dir));
    let free = |path: &std::path::PathBuf| {
        let stat = rustix::fs::statvfs(path).ok()?;
        Some((stat.f_bavail.saturating_mul(stat.f_frsize), path.clone()))
    };
    let Some((least, place)) = places.iter().filter_map(free).min() else {
        return Check::skipped(id, "cannot be told");
    };
    let text = format!("{} MiB are free in {}", least / MIB, place.display());
    match least {
        0..NO_DISK => Check::broken(id, text, "make room"),
        NO_DISK..LITTLE_DISK => Check::warning(id, text, "make room"),
        _ => Check::ok(id, format!("{} GiB or more are free", least / MIB / 1024)),
    }
}

/// Whether what this machine wrote lies in its future: the clock was set back, and what waits for a time
/// waits longer than it should.
fn clock(patient: &Patient<'_>) -> Check {
    let id = "clock";
    let now = patient.ctx.clock.now_ms();
    let ahead = |path: &Path| {
        let meta = std::fs::metadata(path).ok()?;
        let then = u64::try_from(meta.mtime()).ok()? * 1000;
        (then > now + SKEW).then(|| then - now)
    };
    let files = [patient.ctx.layout.state(), patient.ctx.layout.config(), patient.ctx.layout.journal()];
    match files.iter().filter_map(|f| ahead(f)).max() {
        Some(ms) => Check::warning(
            id,
            format!("files of ours are {} min in the future: the clock was set back", ms / 60_000),
            "see that the time of this machine is right",
        ),
        None => Check::ok(id, "nothing of ours lies in the future"),
    }
}
