//! What stands between Claude Code and our hooks.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::{Check, Fix, Patient};
use crate::clock::Millis;
use crate::context::Context;
use crate::hook::event::Name;
use crate::install::payload::SKILL;
use crate::install::{Kind, Scope, Version};
use crate::ops::install::driver::{self, DriverError};
use crate::ops::install::place::{self, Change};
use crate::ops::install::record::Install;
use crate::ops::install::{self, Wish, survey};
use crate::settings::ours;
use crate::state::heartbeat::{self, Heartbeat};

const EVENTS: [Name; 4] = [Name::SessionStart, Name::UserPromptSubmit, Name::SessionEnd, Name::Stop];
/// A hook that installs from before phased plans do not have, and that nothing else depends on.
const LATER: &str = "craft-stop";
/// The client gives all SessionEnd hooks together 1.5 s; ours needs a few milliseconds of them.
const LEAST_BUDGET_MS: u64 = 200;
const DAY: Millis = 86_400_000;

pub(super) fn checks(patient: &Patient<'_>) -> Vec<Check> {
    let mut checks = vec![version(patient), installed(patient), doubled(patient)];
    checks.extend(settings_files(patient));
    checks.push(loaded(patient));
    checks.push(fired(patient));
    checks.push(versions_agree(patient));
    checks.push(merge_driver(patient));
    checks.push(session_end_budget(patient));
    checks
}

fn version(patient: &Patient<'_>) -> Check {
    let id = "client";
    match (&patient.client, patient.version) {
        (Err(error), _) => Check::warning(
            id,
            error.to_string(),
            "put `claude` on your PATH, or name it with CRAFT_CLAUDE; without it nothing about it can be checked",
        ),
        (Ok(client), None) => Check::broken(
            id,
            format!("{} does not tell its version", client.program.display()),
            "run `claude --version` and see what it says",
        ),
        (Ok(_), Some(v)) if v < Version::OLDEST => Check::warning(
            id,
            format!("Claude Code {v} is older than any that was tried ({})", Version::OLDEST),
            "update it with `claude update`",
        ),
        (Ok(_), Some(v)) if v < Version::MODULES => Check::ok(
            id,
            format!("Claude Code {v}; the native /craft and the status entry need {} or later", Version::MODULES),
        ),
        (Ok(_), Some(v)) => Check::ok(id, format!("Claude Code {v}")),
    }
}

fn installed(patient: &Patient<'_>) -> Check {
    let id = "install";
    if let Some(why) = &patient.unread {
        return Check::warning(id, why.clone(), "use the claude-craft that wrote it, or see that it can be read");
    }
    if patient.installs.is_empty() {
        let project = patient.here.as_ref().map(|l| &*l.worktree);
        return match survey::survey(patient.ctx, project).first() {
            Some(there) => {
                Check::ok(id, format!("known to Claude Code through {}, put there by hand", there.place.display()))
            }
            None => Check::broken(
                id,
                "`craft install` has not been run, so Claude Code does not know the hooks",
                "craft install (or, while developing, claude --plugin-dir with the plugin's folder)",
            ),
        };
    }
    let looked_at = patient.installs.iter().map(|install| one_install(id, install, patient.version));
    let worst = looked_at.reduce(|worst, check| if check.state > worst.state { check } else { worst });
    worst.unwrap_or_else(|| Check::skipped(id, "there is none"))
}

fn one_install(id: &'static str, install: &Install, client: Option<Version>) -> Check {
    if !install.complete {
        let text = format!("an install in {} was cut off", install.folder.display());
        return Check::broken(id, text, "craft install").fix(Fix::Reinstall);
    }
    let gone: Vec<_> = install.files.iter().filter(|f| !f.path.exists()).collect();
    if let Some(file) = gone.first() {
        let more = if gone.len() > 1 { format!(" and {} more", gone.len() - 1) } else { String::new() };
        return Check::broken(id, format!("{}{more} is missing", file.path.display()), "craft install")
            .fix(Fix::Reinstall);
    }
    if let Some(program) =
        install.files.iter().map(|f| &f.path).find(|p| p.starts_with(install.bin()) && !executable(p))
    {
        return Check::broken(id, format!("{} is not executable", program.display()), "craft install")
            .fix(Fix::Reinstall);
    }
    if let Some(file) = install.hooks_in.as_deref() {
        match missing_hooks(file).as_slice() {
            [] => {}
            [LATER] => {
                let text = format!("{} does not have the hook {LATER}, which ticks to-dos of a plan", file.display());
                return Check::warning(id, text, "craft install");
            }
            _ => {
                let text = format!("{} does not have all our hooks any more", file.display());
                return Check::broken(id, text, "craft install, or craft uninstall if they are not wanted");
            }
        }
    }
    if let Some(file) = install.files.iter().find(|f| !place::untouched(f)) {
        return Check::warning(
            id,
            format!("{} is not what was installed", file.path.display()),
            "`craft install` puts it back, and keeps a copy of what is there",
        );
    }
    let native = client.is_some_and(|v| v >= Version::MODULES);
    let fallback = install.folder.join(SKILL);
    if install.kind == Kind::SkillsPlugin && native && fallback.exists() {
        return Check::warning(
            id,
            format!("{} is for older clients; it has the native /craft wait while a turn runs", fallback.display()),
            "craft install",
        )
        .fix(Fix::Reinstall);
    }
    Check::ok(id, format!("{}, {} scope, {}", install.kind.word(), install.scope.word(), install.folder.display()))
}

/// Whether git merges the book of a plan with our program.
fn merge_driver(patient: &Patient<'_>) -> Check {
    let id = "merge-driver";
    let looked_at = patient.installs.iter().map(|install| {
        if install.no_merge_driver {
            return Check::skipped(id, "left out; git merges the book of a plan line by line");
        }
        let found = match &install.merge_driver {
            Some(told) => driver::fault(patient.ctx, install, told),
            None => driver::plan(patient.ctx, install, None).map(|_| Some("git was not told of it".to_owned())),
        };
        match found {
            Ok(None) => Check::ok(id, "git merges the book of a plan by fields and to-dos"),
            Ok(Some(fault)) => {
                Check::warning(id, format!("git merges the book of a plan line by line: {fault}"), "craft install")
                    .fix(Fix::Reinstall)
            }
            // What the user chose is no fault.
            Err(error @ DriverError::Foreign { .. }) => Check::ok(id, error.to_string()),
            Err(error) => Check::warning(
                id,
                format!("it cannot be told how git merges the book of a plan: {error}"),
                "see that git's settings and attributes can be read",
            ),
        }
    });
    let worst = looked_at.reduce(|worst, check| if check.state > worst.state { check } else { worst });
    worst.unwrap_or_else(|| Check::skipped(id, "nothing is installed; `craft install` tells git of it"))
}

fn missing_hooks(file: &Path) -> Vec<&'static str> {
    let found = survey::read_json(file).map(|settings| ours::hooks(&settings)).unwrap_or_default();
    ours::HOOKS.into_iter().filter(|name| !found.iter().any(|f| f.program == *name)).collect()
}

fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o100 != 0)
}

fn doubled(patient: &Patient<'_>) -> Check {
    let id = "hooks-once";
    let found = survey::survey(patient.ctx, patient.here.as_ref().map(|l| &*l.worktree));
    match found.as_slice() {
        [] | [_] => Check::ok(id, "no hook runs twice"),
        many => {
            let places: Vec<_> = many.iter().map(|p| p.place.display().to_string()).collect();
            Check::broken(
                id,
                format!("every hook runs {} times: {}", many.len(), places.join(" and ")),
                "keep one of them; `craft uninstall` takes away what `craft install` put there",
            )
        }
    }
}

/// One check for each settings file: whether it can be read at all, and whether it switches hooks off.
fn settings_files(patient: &Patient<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for file in patient.settings_files() {
        let bytes = match read_settings(&file) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            Err(why) => {
                let text = format!("{}: {why}", file.display());
                checks.push(Check::broken("settings", text, "see that you can read it"));
                continue;
            }
        };
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        match serde_json::from_slice::<Value>(text) {
            Err(error) if !text.trim_ascii().is_empty() => checks.push(Check::broken(
                "settings",
                format!("{}: {error}; Claude Code ignores the whole file", file.display()),
                "mend the file; `/doctor` inside Claude Code shows it too",
            )),
            Ok(settings) if settings["disableAllHooks"] == true => checks.push(Check::broken(
                "hooks-allowed",
                format!("{} says \"disableAllHooks\": true", file.display()),
                "take that line out, or live without hooks and status line",
            )),
            _ => {}
        }
    }
    if checks.is_empty() {
        checks.push(Check::ok("settings", "the settings files can be read, and none switches hooks off"));
    }
    checks
}

/// The bytes of a settings file; `None` where there is none.
fn read_settings(file: &Path) -> Result<Option<Vec<u8>>, String> {
    match std::fs::metadata(file) {
        // A repository may bring a link to a device that never ends.
        Ok(meta) if !meta.is_file() => Err("that is no ordinary file".into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        _ => std::fs::read(file).map(Some).map_err(|e| e.to_string()),
    }
}

fn loaded(patient: &Patient<'_>) -> Check {
    let id = "loaded";
    let Some(install) = patient.installs.first().filter(|i| i.kind != Kind::Settings) else {
        return Check::skipped(id, "no plugin was installed by `craft install`");
    };
    let (Ok(client), Some(version)) = (&patient.client, patient.version) else {
        return Check::skipped(id, "Claude Code cannot be asked");
    };
    if install.kind == Kind::SkillsPlugin && version < Version::SKILLS_PLUGINS {
        return Check::broken(
            id,
            format!("Claude Code {version} does not load plugins from the folder `skills`"),
            "craft uninstall && craft install",
        );
    }
    let folder = patient.here.as_ref().map_or(patient.ctx.layout.root(), |l| &l.worktree);
    let listed = client.plugins(patient.ctx, folder);
    let Some(list) = listed.ok().and_then(|text| serde_json::from_str::<Vec<Value>>(&text).ok()) else {
        return Check::skipped(id, "this Claude Code does not list its plugins");
    };
    let ours = list.iter().find(|p| p["id"].as_str().is_some_and(|id| id.starts_with("craft@")));
    match ours {
        Some(plugin) if plugin["enabled"] == false => Check::broken(
            id,
            "the plugin is switched off in Claude Code",
            format!("claude plugin enable {}", plugin["id"].as_str().unwrap_or("craft")),
        ),
        Some(plugin) => {
            let problems = plugin["errors"].as_array().filter(|e| !e.is_empty());
            match problems {
                Some(errors) => Check::broken(
                    id,
                    format!(
                        "Claude Code reports: {}",
                        errors.iter().map(Value::to_string).collect::<Vec<_>>().join("; ")
                    ),
                    "craft install",
                )
                .fix(Fix::Reinstall),
                None => Check::ok(id, "Claude Code lists the plugin as enabled"),
            }
        }
        None if install.scope == Scope::User => {
            Check::broken(id, "Claude Code does not list the plugin", "craft install").fix(Fix::Reinstall)
        }
        None => Check::warning(
            id,
            "Claude Code does not list the plugin",
            "start it in the project once and accept the question whether you trust the folder",
        ),
    }
}

fn fired(patient: &Patient<'_>) -> Check {
    let id = "fired";
    // What ran before the install proves nothing of it.
    let since = patient.installs.first().map_or(0, |i| i.at);
    let last = |e: &Name| heartbeat::last(&patient.ctx.layout, *e).filter(|b| b.at >= since);
    let beats: Vec<_> = EVENTS.iter().map(|e| (e.word(), last(e))).collect();
    let now = patient.ctx.clock.now_ms();
    let ago = |beat: &Heartbeat| match now.saturating_sub(beat.at) {
        ms if ms < 120_000 => "a moment ago".to_owned(),
        ms if ms < 2 * DAY => format!("{} h ago", ms.div_ceil(3_600_000)),
        ms => format!("{} days ago", ms / DAY),
    };
    let never: Vec<_> = beats.iter().filter(|(_, b)| b.is_none()).map(|(name, _)| *name).collect();
    let told: Vec<_> = beats.iter().filter_map(|(name, b)| Some(format!("{name} {}", ago(b.as_ref()?)))).collect();
    if never.len() == EVENTS.len() {
        return Check::warning(
            id,
            if since == 0 { "no hook has run yet" } else { "no hook has run since the install" },
            "start a session of Claude Code and run this again; `/hooks` inside it lists the hooks it knows",
        );
    }
    if never.contains(&"SessionStart") || never.contains(&"UserPromptSubmit") {
        return Check::warning(
            id,
            format!("{}; never: {}", told.join(", "), never.join(", ")),
            "start a session, type a prompt, and run this again",
        );
    }
    Check::ok(id, told.join(", "))
}

fn versions_agree(patient: &Patient<'_>) -> Check {
    let id = "versions";
    let mine = env!("CARGO_PKG_VERSION");
    let beats = EVENTS.iter().filter_map(|e| heartbeat::last(&patient.ctx.layout, *e));
    // What ran before the install is of no interest.
    let since = patient.installs.first().map_or(0, |i| i.at);
    if let Some(other) = beats.filter(|b| b.at >= since).find(|b| b.craft != mine) {
        return Check::warning(
            id,
            format!("this is craft {mine}, but the hook {} is {}", other.program.display(), other.craft),
            "run `craft install` with the newer one, and remove the other",
        );
    }
    if let Some(install) = patient.installs.iter().find(|i| i.craft != mine) {
        return Check::warning(
            id,
            format!("this is craft {mine}, but {} is what is installed in {}", install.craft, install.folder.display()),
            "run `craft install` with the newer one",
        );
    }
    let manifest = patient.installs.iter().filter(|i| i.kind != Kind::Settings);
    for install in manifest {
        let version = survey::read_json(&install.folder.join(".claude-plugin/plugin.json"));
        let version = version.and_then(|m| m["version"].as_str().map(str::to_owned)).unwrap_or_default();
        if version != install.craft {
            let text = format!(
                "the plugin in {} says it is {version:?}, its executables are {}",
                install.folder.display(),
                install.craft
            );
            return Check::broken(id, text, "craft install").fix(Fix::Reinstall);
        }
    }
    Check::ok(id, format!("program, hooks and plugin are {mine}"))
}

fn session_end_budget(patient: &Patient<'_>) -> Check {
    const VARIABLE: &str = "CLAUDE_CODE_SESSIONEND_HOOKS_TIMEOUT_MS";
    let id = "session-end";
    let in_settings = patient.settings_files().into_iter().rev().find_map(|file| {
        let value = survey::read_json(&file)?["env"][VARIABLE].as_str()?.parse::<u64>().ok()?;
        Some((value, file.display().to_string()))
    });
    let set = patient.ctx.env.str(VARIABLE).and_then(|v| v.parse().ok()).map(|v| (v, "the environment".to_owned()));
    match in_settings.or(set) {
        Some((ms, place)) if ms < LEAST_BUDGET_MS => Check::broken(
            id,
            format!("{place} gives the hooks {ms} ms when a session ends"),
            format!("set {VARIABLE} to {LEAST_BUDGET_MS} or more, or take it out"),
        ),
        Some((ms, _)) => Check::ok(id, format!("hooks have {ms} ms when a session ends; ours needs a few")),
        None => Check::ok(id, "hooks have 1500 ms when a session ends; ours needs a few"),
    }
}

/// Puts the files of every install that concerns this place back.
pub(super) fn reinstall(ctx: &Context, cwd: &Path) -> Result<(), String> {
    let mine = env!("CARGO_PKG_VERSION").parse::<Version>();
    for install in Patient::admit(ctx, cwd).installs {
        if install.craft.parse::<Version>() > mine {
            return Err(describe(&install, "a newer claude-craft installed it; run that one"));
        }
        let wish = Wish {
            kind: Some(install.kind),
            scope: install.scope,
            status_line: install.status_line_in.is_some(),
            merge_driver: None,
        };
        let again = install::plan(ctx, cwd, &wish).and_then(|mut plan| {
            // Nobody was asked whether their change may go.
            plan.spare_edited = true;
            let changes = plan.touches.iter().any(|t| t.change != Change::Same) || !install.complete;
            if changes { install::carry_out(ctx, cwd, &plan).map(drop) } else { Ok(()) }
        });
        again.map_err(|e| describe(&install, &e.to_string()))?;
    }
    Ok(())
}

fn describe(install: &Install, error: &str) -> String {
    format!("{} in {}: {error}", install.kind.word(), install.folder.display())
}
