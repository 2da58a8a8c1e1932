//! `craft install` and `craft uninstall`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::context::Context;
use crate::host::HostError;
use crate::install::{Kind, Scope, Version};
use crate::ops::install::place::Change;
use crate::ops::install::survey::Presence;
use crate::ops::install::{self, InstallError, Plan, Touch, Wish, uninstall};
use crate::sync::{quote, tell};

/// See the command's help.
#[derive(Debug, Args)]
pub struct Install {
    /// How Claude Code gets to know the hooks [default: what its version can]
    #[arg(long = "as", value_name = "KIND")]
    kind: Option<KindWord>,
    /// For whom
    #[arg(long, default_value = "user")]
    scope: ScopeWord,
    /// Also show the state of the repository in the status line
    #[arg(long)]
    statusline: bool,
    /// Have git merge the book of a plan by fields and to-dos again (the default, unless it was left out before)
    #[arg(long, overrides_with = "no_merge_driver")]
    merge_driver: bool,
    /// Leave git's settings and attributes alone: the book of a plan is merged line by line
    #[arg(long, overrides_with = "merge_driver")]
    no_merge_driver: bool,
    /// Only say what would be touched
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// See the command's help.
#[derive(Debug, Args)]
pub struct Uninstall {
    /// Only what was installed for this scope [default: everything]
    #[arg(long)]
    scope: Option<ScopeWord>,
    /// Remove configuration and state too
    #[arg(long)]
    purge: bool,
    /// Only say what would be touched
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindWord {
    /// A folder that Claude Code loads by itself; no settings file is edited
    SkillsPlugin,
    /// Entries in a settings file; works with every version
    Settings,
    /// A local marketplace, through Claude Code's own commands
    Marketplace,
}

/// The words of `--scope`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ScopeWord {
    /// Yours, for all projects: below ~/.claude
    User,
    /// The project's, shared with others: below .claude of the repository
    Project,
    /// Yours for this project: below .claude too, kept out of git
    Local,
}

impl From<ScopeWord> for Scope {
    fn from(word: ScopeWord) -> Self {
        match word {
            ScopeWord::User => Self::User,
            ScopeWord::Project => Self::Project,
            ScopeWord::Local => Self::Local,
        }
    }
}

impl From<KindWord> for Kind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::SkillsPlugin => Self::SkillsPlugin,
            KindWord::Settings => Self::Settings,
            KindWord::Marketplace => Self::Marketplace,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    touches: &'a [Touch],
    done: bool,
    /// Where the user's versions of files that were replaced are now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    copies: Vec<PathBuf>,
    /// What was not done, and does no harm.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a uninstall::Uninstalled>,
}

/// Installs.
///
/// # Errors
/// Why it cannot be done.
pub fn install(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Install) -> Result<u8, CommandError> {
    let wish = Wish {
        kind: args.kind.map(Into::into),
        scope: args.scope.into(),
        status_line: args.statusline,
        merge_driver: (args.merge_driver || args.no_merge_driver).then_some(args.merge_driver),
    };
    let plan = install::plan(ctx, cwd, &wish)?;
    let look = Look::of(ctx);
    if !args.json {
        ui.say(&announce(&plan, &look, args.dry_run));
    }
    let doing = !args.dry_run && plan.changes();
    let (copies, done) = if doing { install::carry_out(ctx, cwd, &plan)? } else { Default::default() };
    let remarks: Vec<String> = plan.remarks.iter().chain(&done).map(|r| tell::clean(r)).collect();
    if args.json {
        let client = plan.client.as_ref().ok().map(ToString::to_string);
        let kind = Some(plan.install.kind);
        ui.json(&Report {
            version: 1,
            kind,
            client,
            touches: &plan.touches,
            done: doing,
            copies,
            remarks: remarks.clone(),
            result: None,
        });
    } else if !args.dry_run {
        for copy in &copies {
            ui.say(&format!("you had changed a file that was replaced; your version is {}", look.path(copy)));
        }
        ui.say(&farewell(ctx, &plan, &look, doing));
    }
    if !args.json {
        remarks.iter().for_each(|remark| ui.note(remark));
    }
    Ok(exit_code::DONE)
}

/// Takes everything away again.
///
/// # Errors
/// Why it cannot be done.
pub fn uninstall(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Uninstall) -> Result<u8, CommandError> {
    let wish = uninstall::Wish { scope: args.scope.map(Into::into), purge: args.purge };
    let plan = uninstall::plan(ctx, &wish)?;
    let look = Look::of(ctx);
    let nothing = plan.is_empty();
    if !args.json {
        if nothing {
            ui.say("nothing of claude-craft is installed");
        } else {
            ui.say(&format!(
                "{}\n{}",
                if args.dry_run { "would be touched:" } else { "uninstalling:" },
                rows(&plan.touches, &look)
            ));
        }
        if plan.waiting > 0 && !nothing {
            let requests =
                if plan.waiting == 1 { "1 request waits".into() } else { format!("{} requests wait", plan.waiting) };
            ui.note(&format!("{requests} in the queue; `craft auto-sync force --all` would sync that work"));
        }
    }
    let doing = !args.dry_run && !nothing;
    let done = if doing { Some(uninstall::carry_out(ctx, cwd, &plan)?) } else { None };
    if args.json {
        ui.json(&Report {
            version: 1,
            kind: None,
            client: None,
            touches: &plan.touches,
            done: doing,
            copies: Vec::new(),
            remarks: Vec::new(),
            result: done.as_ref(),
        });
        return Ok(exit_code::DONE);
    }
    let Some(done) = done else { return Ok(exit_code::DONE) };
    for file in &done.restored {
        let path = look.path(file);
        ui.say(&if file.exists() {
            format!("{path} is what it was before the install, byte for byte")
        } else {
            format!("{path} is gone again, as it was before the install")
        });
    }
    for file in &done.cleaned {
        ui.say(&format!("{} was changed by others since; only our entries are gone", look.path(file)));
    }
    for file in &done.kept {
        ui.say(&format!("{} was changed since the install and is left to you", look.path(file)));
    }
    for remark in &done.remarks {
        ui.note(&tell::clean(remark));
    }
    let kept = if args.purge {
        "snapshots in your repositories are kept; README.md tells how to remove them"
    } else {
        "configuration and state are kept; `craft uninstall --purge` removes them too"
    };
    ui.say(&format!("uninstalled; {kept}"));
    Ok(exit_code::DONE)
}

fn announce(plan: &Plan, look: &Look, dry: bool) -> String {
    let way = match plan.install.kind {
        Kind::SkillsPlugin => "as a plugin in the folder `skills`",
        Kind::Settings => "in a settings file",
        Kind::Marketplace => "from a local marketplace",
    };
    let client = match &plan.client {
        Ok(version) => format!("for Claude Code {version}"),
        Err(error) => format!("({}; a new one is assumed)", tell::clean(&error.to_string())),
    };
    let verb = match (&plan.former, dry) {
        (_, true) => "would install",
        (Some(f), _) if f.craft != plan.install.craft => "updating",
        _ => "installing",
    };
    format!("{verb} claude-craft {} {way} {client}\n{}", plan.install.craft, rows(&plan.touches, look))
}

fn rows(touches: &[Touch], look: &Look) -> String {
    let paths: Vec<_> = touches.iter().map(|t| look.path(&t.path)).collect();
    let width = paths.iter().map(|p| console::measure_text_width(p)).max().unwrap_or(0);
    let row = |(touch, path): (&Touch, &String)| {
        let change = match touch.change {
            Change::New => "new",
            Change::Changed => "changed",
            Change::Same => "as it is",
            Change::Removed => "removed",
            Change::Kept => "kept, since you changed it",
        };
        format!(
            "  {}  {change:<8}  {}",
            console::pad_str(path, width, console::Alignment::Left, None),
            look.faint(&touch.what)
        )
        .trim_end()
        .to_owned()
    };
    touches.iter().zip(&paths).map(row).collect::<Vec<_>>().join("\n")
}

/// The programs that are typed, or started by tasks of an editor.
const TYPED: [&str; 2] = ["craft", "ps-sync"];

fn farewell(ctx: &Context, plan: &Plan, look: &Look, done: bool) -> String {
    let mut lines = Vec::new();
    lines.push(if done {
        "installed".to_owned()
    } else {
        "everything is installed already; nothing was changed".to_owned()
    });
    let native = plan.client.as_ref().map_or(true, |v| *v >= Version::MODULES) && plan.install.kind != Kind::Settings;
    let command = if plan.install.kind == Kind::Settings || native {
        "/craft auto-sync enable"
    } else {
        "/craft:auto-sync enable"
    };
    lines.push(format!("next: start Claude Code in a repository and type {}", look.strong(command)));
    let missing: Vec<_> = TYPED.iter().map(|name| plan.bin().join(name)).filter(|p| !on_path(ctx, p)).collect();
    if !missing.is_empty() {
        let names: Vec<_> = missing.iter().filter_map(|p| Some(format!("`{}`", p.file_name()?.to_str()?))).collect();
        let it = if missing.len() == 1 { "it" } else { "them" };
        let names = names.join(" and ");
        lines.push(format!("to have {names} in your terminal too, link {it} into a folder on your PATH:"));
        // Behind a `~` that the shell is to read there may be no quotes.
        let word = |path: &PathBuf| {
            let short = look.path(path);
            let plain = short.strip_prefix("~/").is_some_and(|rest| quote::word(rest) == rest);
            if plain { short } else { quote::path(path) }
        };
        lines.push(format!("  ln -sf {} ~/.local/bin/", missing.iter().map(word).collect::<Vec<_>>().join(" ")));
    }
    lines.push("`craft doctor` checks that everything works, `craft uninstall` takes it all away again".to_owned());
    lines.join("\n")
}

/// Whether a program is what its name alone starts.
fn on_path(ctx: &Context, program: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let found = program.file_name().and_then(|name| ctx.program(Path::new(name)));
    found.is_some_and(|found| real(&found).zip(real(program)).is_some_and(|(a, b)| a == b))
}

impl From<InstallError> for CommandError {
    fn from(error: InstallError) -> Self {
        let message = error.to_string();
        match error {
            InstallError::Fs(error) => error.into(),
            InstallError::Settings(error) => error.into(),
            InstallError::Host(HostError::NotFound) => {
                Self::failed(message).hint("put `claude` on your PATH, or name it with CRAFT_CLAUDE")
            }
            InstallError::Host(HostError::Failed { .. }) => {
                Self::failed(message).hint("see what it says, then do the same again: what was done is known")
            }
            InstallError::Incomplete { .. } => {
                Self::failed(message).hint("build all of them with `scripts/build.sh`, and run `bin/craft install`")
            }
            InstallError::Doubled { there } => Self::failed(message).hint(undouble(&there)),
            InstallError::Foreign { .. } => {
                Self::failed(message).hint("move it away, or choose another kind with `--as`")
            }
            InstallError::Checkout { .. } => Self::failed(message).hint(
                "Claude Code loads the plugin from there already, once `scripts/build.sh` was run in it; move it away to install a copy",
            ),
            InstallError::StillNeeded { .. } => {
                Self::usage(message).hint("leave `--scope` out to take everything away, or `--purge` to keep them")
            }
            InstallError::Relative { .. } => Self::usage(message).hint("set it to an absolute path"),
            InstallError::NoProject { .. } => Self::failed(message).hint("go into the project, or leave `--scope` out"),
            InstallError::TooOld { .. } => Self::failed(message).hint("use `--as settings`, or leave `--as` out"),
            InstallError::Newer { .. } => Self::usage(message).hint("use that claude-craft, or update this one"),
            InstallError::Busy => Self { code: exit_code::BUSY, message, hint: Some("try again in a moment".into()) },
        }
    }
}

fn undouble(there: &Presence) -> String {
    let alone = match there.kind {
        Kind::SkillsPlugin => "remove that folder",
        Kind::Settings => "take the hooks out of that file (`craft settings remove`, or by hand)",
        Kind::Marketplace => "remove that plugin with `claude plugin uninstall`",
    };
    format!("`craft uninstall` takes away what `craft install` put there; otherwise {alone}")
}
