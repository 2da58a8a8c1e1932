//! The enrolled repositories.

use std::path::PathBuf;

use crate::clock;
use crate::config::model::{Config, Repository as Enrolled};
use crate::context::Context;
use crate::env;
use crate::locate::{Location, locate};
use crate::monitor::model::{Attention, Health, LastSync, Repository};
use crate::ops::brief::{self, Here, Standing};
use crate::ops::status;
use crate::state::file::Problem;
use crate::state::observed::Observed;
use crate::state::{RepoState, State, StateFile};

/// What is known of them.
#[derive(Debug, Default)]
pub(super) struct All {
    /// In the order of their enrolment.
    pub(super) found: Vec<Repository>,
    /// What is wrong with the record of their syncs.
    pub(super) problems: Vec<String>,
    /// What changes when they do.
    pub(super) watch: Vec<PathBuf>,
    /// Those that have moved since their changed files were counted.
    pub(super) moved: Vec<Location>,
}

/// All of them.
pub(super) fn all(ctx: &Context, config: &Config) -> All {
    let mut all = All::default();
    let state = recorded(ctx, &mut all.problems);
    let on = config.auto_sync.enabled && !ctx.env.switch(env::CRAFT_DISABLE);
    for enrolled in &config.repositories {
        let key = enrolled.common_dir.to_string_lossy();
        let known = state.repositories.get(key.as_ref()).cloned().unwrap_or_default();
        let place = locate(&enrolled.path).filter(|p| p.common_dir == enrolled.common_dir);
        let Some(place) = place else {
            all.watch.push(enrolled.path.clone());
            all.found.push(Repository { health: Health::Gone, ..entry(enrolled, &known) });
            continue;
        };
        let brief = brief::brief(ctx, &enrolled.path);
        all.watch.extend(brief.watch);
        let cached = status::cached(ctx, &place);
        let counted = cached.as_ref().and_then(|o| o.dirty);
        if on && !enrolled.disabled && (counted.is_none() || !cached.as_ref().is_some_and(Observed::fresh)) {
            all.moved.push(place);
        }
        all.found.push(seen(entry(enrolled, &known), brief.here, counted));
    }
    all
}

fn recorded(ctx: &Context, problems: &mut Vec<String>) -> State {
    let path = ctx.layout.state();
    match StateFile::at(path.clone()).peek::<State>() {
        Ok(loaded) => {
            if let Some(Problem::Corrupt { .. }) = loaded.problem {
                problems.push(format!("{} cannot be understood", path.display()));
            }
            loaded.value
        }
        Err(error) => {
            problems.push(error.to_string());
            State::default()
        }
    }
}

fn entry(enrolled: &Enrolled, known: &RepoState) -> Repository {
    let name = enrolled.path.file_name().unwrap_or(enrolled.path.as_os_str());
    let attention =
        known.attention.as_ref().map(|a| Attention { message: a.message.clone(), command: a.command.clone() });
    let paused = known.paused.as_ref().map(|why| Attention {
        message: format!("automatic sync is paused: {why}"),
        command: "craft auto-sync force".to_owned(),
    });
    Repository {
        path: enrolled.path.clone(),
        name: name.to_string_lossy().into_owned(),
        last_sync: known.last_sync.as_ref().map(|last| LastSync {
            at: clock::parse_rfc3339(&last.timestamp).unwrap_or_default(),
            status: last.status.clone(),
            summary: last.summary.clone(),
            duration_ms: last.duration_ms,
        }),
        attention: attention.or(paused),
        ..Repository::default()
    }
}

fn seen(repository: Repository, here: Option<Here>, dirty: Option<usize>) -> Repository {
    // `CRAFT_DISABLE` is set.
    let Some(here) = here else { return Repository { health: Health::Off, ..repository } };
    Repository {
        health: health(&here),
        branch: here.branch,
        ahead: here.ahead,
        behind: here.behind,
        dirty,
        ..repository
    }
}

fn health(here: &Here) -> Health {
    match here.standing {
        Standing::Broken => Health::Broken,
        Standing::Off => Health::Off,
        Standing::Syncing => Health::Syncing,
        Standing::Conflict { .. } => Health::Conflict,
        Standing::Paused => Health::Paused,
        Standing::Blocked { .. } => Health::Blocked,
        Standing::Elsewhere => Health::Resting,
        Standing::Offline => Health::Offline,
        Standing::Failed => Health::Failed,
        Standing::New => Health::New,
        Standing::Well if !here.remote => Health::Committed,
        Standing::Well => match (here.ahead.unwrap_or(0), here.behind.unwrap_or(0)) {
            (0, 0) => Health::Synced,
            (_, 0) => Health::Ahead,
            (0, _) => Health::Behind,
            _ => Health::Diverged,
        },
    }
}
