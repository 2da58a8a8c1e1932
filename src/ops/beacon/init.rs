//! `craft beacon init`: makes a working tree one side of a beacon. Folders are made on disk only: git keeps no empty
//! one, and each side makes its own. What is one person's is kept out of git by this clone's own list.

use std::path::Path;

use crate::audit::Outcome;
use crate::beacon::block;
use crate::beacon::name::{self, Name};
use crate::config::policy;
use crate::context::Context;
use crate::fs::{IoContext, atomic, layout};
use crate::git::command::Git;
use crate::locate::Location;
use crate::ops::beacon::hints::{self, Hints};
use crate::ops::beacon::{Place, applied, bell, chain, folders, migrate, moved, outbox, place, status, unread};
use crate::ops::error::OpError;
use crate::ops::{engine, exclude, permit};
use crate::permission::{Operation, Origin, Platform};
use crate::plain;
use crate::queue::Trigger;
use crate::state::beacon::Identity;
use crate::state::file::{Problem, StateFile};
use crate::sync::tell::counted;

/// The channel where nothing else is said.
const CHANNEL: &str = "main";
/// A folder of the seed that has no configuration of its own.
const NOTES: (&str, &str) = (".claude/planning", ".claude/planning/session-notes");

/// What is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// Name of this environment; `Code` where it is new and nothing is said.
    pub name: Option<String>,
    /// Whom its messages are for.
    pub to: Vec<String>,
    /// The channel.
    pub channel: Option<String>,
    /// Whether `.claude/prompts/*.md` shall be moved to `.claude/planning/`.
    pub migrate_prompts: bool,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Folders and files that were made, as paths from the top.
    pub made: Vec<String>,
    /// Files that were moved: from, to.
    pub moved: Vec<(String, String)>,
    /// Files that were not moved, and why.
    pub left: Vec<(String, String)>,
    /// Name, recipients and channel as they hold now.
    pub name: String,
    /// See `name`.
    pub to: Vec<String>,
    /// See `name`.
    pub channel: String,
    /// Whether it was one side already.
    pub again: bool,
    /// The name it had until now, where it has another one.
    pub was: Option<String>,
    /// The issue that is the bell, where there is one: its number and address.
    pub bell: Option<(u64, String)>,
    /// What is missing for it to work, with the command that mends it.
    pub remarks: Vec<String>,
}

/// Makes folders, template and identity; a second call changes only what it says.
///
/// # Errors
/// Outside of a repository, where a name is none, and where a file cannot be made.
pub fn init(ctx: &Context, cwd: &Path, ask: &Ask) -> Result<Made, OpError> {
    let at = place::repository(cwd)?;
    moved::take_over(ctx, &at)?;
    let wanted = Wanted::of(ask)?;
    let config = policy::config_at(&ctx.layout, &at)?;
    let mut side = Place {
        at,
        config,
        identity: Identity::default(),
        channel: wanted.channel(CHANNEL)?,
        trigger: Trigger::Manual,
        unattended: false,
    };
    let guard = side.lock(ctx)?;

    let (was, again) = identity(ctx, &side.at)?;
    let next = wanted.over(ctx, &side.at, was.clone());
    side.channel = wanted.channel(&next.channel)?;
    let left = if again { left_behind(ctx, &side, &was, &next)? } else { Vec::new() };
    let mut made =
        Made { made: make(&side)?, name: next.name.clone(), channel: next.channel.clone(), again, ..Made::default() };
    made.was = Some(was.name).filter(|name| again && *name != next.name);
    // The identity comes last: whoever has one has the folders.
    StateFile::at(side.files(ctx).beacon()).store(&next)?;
    side.identity = next;
    made.to = side.recipients();
    made.made.extend(status::first(&side)?);
    let git = side.git(ctx);
    if ask.migrate_prompts {
        // The index is the user's, and so are the hooks that hear of it.
        (made.moved, made.left) = migrate::prompts(&side, &engine::git_for(ctx, &side.at, &side.config))?;
    }
    if again {
        // What waits for it is another's now, or waits elsewhere.
        status::keep(ctx, &side, None)?;
    }
    made.remarks = left;
    made.remarks.extend(remarks(ctx, &side, &git));
    // GitHub may not answer for long.
    drop(guard);
    ring_up(ctx, &side, &mut made);
    let renamed = made.was.as_ref().map(|was| format!(", which was {was}")).unwrap_or_default();
    let moved = if made.moved.is_empty() { String::new() } else { format!(", moved {} prompts", made.moved.len()) };
    side.note(ctx, "init", Outcome::Success, &format!("as {}{renamed}{moved}", made.name));
    Ok(made)
}

/// Names that were given, looked at.
struct Wanted {
    name: Option<String>,
    to: Vec<String>,
    channel: Option<String>,
}

impl Wanted {
    fn of(ask: &Ask) -> Result<Self, OpError> {
        let good = |what: &str, name: &String| match Name::parse(name) {
            Ok(name) => Ok(name.to_string()),
            Err(e) => Err(OpError::usage(format!("{} is no name of {what}: {e}", plain::name(name)))),
        };
        let to = ask.to.iter().map(|to| match to.as_str() {
            name::EVERYBODY => Ok(to.clone()),
            _ => good("an environment", to),
        });
        Ok(Self {
            name: ask.name.as_ref().map(|n| good("an environment", n)).transpose()?,
            to: to.collect::<Result<_, _>>()?,
            channel: ask.channel.as_ref().map(|c| good("a channel", c)).transpose()?,
        })
    }

    fn channel(&self, otherwise: &str) -> Result<Name, OpError> {
        let name = self.channel.as_deref().unwrap_or(otherwise);
        Name::parse(name).map_err(|e| OpError::usage(format!("{} is no name of a channel: {e}", plain::name(name))))
    }

    /// The identity with what was said.
    fn over(&self, ctx: &Context, at: &Location, was: Identity) -> Identity {
        let or = |said: &Option<String>, was: String, new: &str| match said {
            Some(said) => said.clone(),
            None if was.is_empty() => new.to_owned(),
            None => was,
        };
        let id = if was.id.is_empty() {
            let mut dice = ctx.dice();
            format!("{:08x}{:08x}", dice.token(), dice.token())
        } else {
            was.id
        };
        Identity {
            version: 1,
            id,
            name: or(&self.name, was.name, name::CODE),
            to: if self.to.is_empty() { was.to } else { self.to.clone() },
            channel: or(&self.channel, was.channel, CHANNEL),
            worktree: at.worktree.clone(),
            branches: was.branches,
        }
    }
}

/// The identity that is there, and whether there is one.
fn identity(ctx: &Context, at: &Location) -> Result<(Identity, bool), OpError> {
    let file = StateFile::at(place::files(ctx, at).beacon());
    let loaded = file.load::<Identity>(ctx.clock.now_ms())?;
    if let Some(Problem::Newer { version }) = loaded.problem {
        return Err(OpError::usage(format!("{} has version {version}", file.path().display()))
            .remedy("update this claude-craft"));
    }
    let again = !loaded.value.id.is_empty();
    Ok((loaded.value, again))
}

/// What another name or another channel leaves behind, with the command that fetches it. What is for a name is taken in
/// by whoever has it: kept under the former one it would be another's as well, and its sender would never hear of it.
fn left_behind(ctx: &Context, side: &Place, was: &Identity, next: &Identity) -> Result<Vec<String>, OpError> {
    let mut said = Vec::new();
    let former = Place {
        identity: was.clone(),
        channel: Name::parse(&was.channel).unwrap_or_else(|_| side.channel.clone()),
        ..side.clone()
    };
    let git = former.git(ctx);
    let hints = Hints {
        channel: Some(was.channel.clone()).filter(|channel| *channel != next.channel),
        ..Hints::of(ctx, &former)
    };
    if was.name != next.name {
        let back = hints.craft(&format!("beacon init --as {}", was.name));
        said.push(format!(
            "what is sent to {}, or waits for it, is not for this side any more; `{back}` takes the name back",
            was.name
        ));
        let waits = match chain::known(&former, &git) {
            Ok(Some(tip)) => unread::waiting(ctx, &former, &git, &applied::read(&former, &git)?, &tip)?,
            // What stands there cannot be understood, or nothing was ever seen.
            _ => 0,
        };
        if waits > 0 {
            let waiting = counted(waits, "message");
            let pull = hints.verb("pull");
            said.push(format!("{waiting} for {} will not be taken in; with the name back, `{pull}` does", was.name));
        }
    }
    if was.channel != next.channel {
        let back = hints.craft(&format!("beacon init --channel {}", was.channel));
        said.push(format!("commands look at channel {} from now on; `{back}` goes back", next.channel));
    }
    let queued = if was.channel == next.channel { 0 } else { outbox::list(ctx, &former)?.len() };
    if queued > 0 {
        let queued = counted(queued, "message");
        said.push(format!("{queued} to go out on channel {}: `{}`", was.channel, hints.verb("queue send")));
    }
    Ok(said)
}

/// Makes folders and template; their paths.
fn make(side: &Place) -> Result<Vec<String>, OpError> {
    let mut wanted: Vec<&str> = side.config.beacon.folders.iter().map(|f| f.trim_end_matches('/')).collect();
    if let Some(at) = wanted.iter().position(|f| *f == NOTES.0) {
        wanted.insert(at + 1, NOTES.1);
    }
    wanted.push(layout::SYNC);
    let mut made = Vec::new();
    for folder in wanted {
        made.extend(folders::make(side, folder)?);
    }
    for name in [layout::SYNC_MANIFEST, layout::SYNC_STAGE, layout::SYNC_ARCHIVE] {
        exclude::keep_out_of_git(&side.at.worktree.join(layout::SYNC).join(name))?;
    }
    let template = format!("{}/{}", layout::SYNC, layout::SYNC_TEMPLATE);
    let path = side.at.worktree.join(&template);
    if atomic::place_new(&path, block::template().as_bytes())? {
        // The umask decides for whom a file of the repository is.
        made.push(template);
    } else if path.is_dir() {
        return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory)).at("create", &path).map_err(Into::into);
    }
    Ok(made)
}

/// Finds the issue that is the bell, or makes it. A beacon works without one.
fn ring_up(ctx: &Context, side: &Place, made: &mut Made) {
    if !side.config.beacon.github.enabled || !may_ring(ctx, side) {
        return;
    }
    match bell::set_up(ctx, side) {
        Ok(heard) => {
            made.bell = (heard.number > 0).then_some((heard.number, heard.url));
            made.remarks.extend(heard.remarks);
        }
        Err(error) => {
            let remedy = error.remedy.map(|r| format!("; {r}")).unwrap_or_default();
            made.remarks.push(format!("there is no bell: {}{remedy}", error.message));
        }
    }
}

fn may_ring(ctx: &Context, side: &Place) -> bool {
    permit::check(ctx, Some(&side.at), Platform::Github, Operation::UpsertInternal, Origin::Internal).allowed
}

/// What is missing for it to work.
fn remarks(ctx: &Context, side: &Place, git: &Git<'_>) -> Vec<String> {
    let (mut remarks, next) = (Vec::new(), Hints::of(ctx, side));
    let remotes = git.read(["remote"]).line().unwrap_or_default();
    match &side.config.beacon.remote {
        Some(remote) if !remotes.lines().any(|r| r == remote) => {
            let remote = plain::name(remote);
            remarks
                .push(format!("there is no remote {remote}, which beacon.remote names: `git remote add {remote} URL`"));
        }
        None if remotes.is_empty() => {
            remarks.push("there is no remote that could carry messages: `git remote add origin URL`".into());
        }
        _ => {}
    }
    if !matches!(git.read(["config", "--get", "user.email"]).answer(), Ok(Some(email)) if !email.is_empty()) {
        remarks.push(
            "git does not know who you are, and others accept no message then: `git config user.email ADDRESS`".into(),
        );
    }
    if side.recipients().is_empty() {
        let name = &side.identity.name;
        let init = next.craft("beacon init --to NAME");
        remarks.push(format!("nobody is named whom files of {name} are for: `{init}`"));
    }
    if !hints::has_ps_sync(ctx) {
        let way =
            hints::link_ps_sync().map_or("; `craft beacon` does the same".to_owned(), |link| format!(": `{link}`"));
        remarks.push(format!("ps-sync is in no folder of your PATH{way}"));
    }
    if !side.config.scheduler.enabled {
        remarks.push(format!(
            "nothing looks for messages by itself yet: `craft jobs enable`, then `craft jobs resume beacon-watch`; or \
             `{}` in a terminal",
            next.craft("beacon watch")
        ));
    }
    if side.config.beacon.github.enabled && !may_ring(ctx, side) {
        remarks
            .push("the bell on GitHub may not be rung: `craft permissions set github upsert-internal internal`".into());
    }
    remarks
}
