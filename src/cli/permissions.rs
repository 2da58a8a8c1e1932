//! `craft permissions`.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::context::Context;
use crate::locate::locate;
use crate::ops::permissions::{self, Change, Difference, PermissionsError};
use crate::ops::permit;
use crate::permission::{Allow, Operation, Origin, Permissions, Platform, Preset};

/// See the command's help.
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
#[command(args_conflicts_with_subcommands = true)]
pub struct PermissionsArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    show: Show,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what is allowed here (the default)
    Show(Show),
    /// Change what is allowed on a platform
    Set(Set),
    /// Ask the gate whether an operation would pass now; nothing is done
    #[command(after_help = CHECK)]
    Check(Check),
    /// Take over the permissions of SpecWeave's config.json
    Import {
        /// The file: .specweave/config.json
        file: PathBuf,
        /// Only print what would change
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

const CHECK: &str = "\
Exit codes:
  0  it would pass
  2  wrong usage
  4  it would not";

#[derive(Debug, Args)]
struct Show {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  craft permissions set github bidirectional
  craft permissions set github close internal
  craft permissions set --here git push no
  craft permissions set jira default")]
struct Set {
    /// The platform
    #[arg(value_parser = platforms())]
    platform: Platform,
    /// A preset, or an operation
    what: String,
    /// For an operation: yes, no, internal, external (only items that were born here, or there), default
    answer: Option<String>,
    /// For this repository only
    #[arg(long)]
    here: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Check {
    /// The platform
    #[arg(value_parser = platforms())]
    platform: Platform,
    /// The operation
    #[arg(value_parser = operations())]
    operation: Operation,
    /// Where the item was born [default: external for upsert-external, else internal]
    #[arg(long, value_parser = origins())]
    origin: Option<Origin>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn platforms() -> impl TypedValueParser<Value = Platform> {
    words(&Platform::ALL, Platform::word)
}

fn operations() -> impl TypedValueParser<Value = Operation> {
    words(&Operation::ALL, Operation::word)
}

fn origins() -> impl TypedValueParser<Value = Origin> {
    words(&Origin::ALL, Origin::word)
}

/// Takes one of the words that `word` gives to `all`.
fn words<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    word: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let find = move |said: String| all.iter().copied().find(|one| word(*one) == said).ok_or("there is no such thing");
    PossibleValuesParser::new(all.iter().map(|one| word(*one))).try_map(find)
}

/// Shows, changes or checks permissions.
///
/// # Errors
/// What is wrong with the configuration, or with what was asked for.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &PermissionsArgs) -> Result<u8, CommandError> {
    match &args.verb {
        None => show(ctx, ui, cwd, &args.show),
        Some(Verb::Show(args)) => show(ctx, ui, cwd, args),
        Some(Verb::Set(args)) => set(ctx, ui, cwd, args),
        Some(Verb::Check(args)) => Ok(check(ctx, ui, cwd, args)),
        Some(Verb::Import { file, dry_run, json }) => {
            let file = super::place(cwd, Some(file));
            let changed = permissions::import(ctx, &file, *dry_run)?;
            tell(ui, &changed, *json, if *dry_run { "nothing would change" } else { "nothing has changed" });
            if *dry_run && !*json && !changed.is_empty() {
                ui.say("nothing was changed: this was a dry run");
            }
            Ok(exit_code::DONE)
        }
    }
}

fn show(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Show) -> Result<u8, CommandError> {
    let at = locate(cwd);
    let shown = permissions::show(ctx, at.as_ref())?;
    if args.json {
        ui.json(&as_json(&shown.permissions, at.as_ref().filter(|_| shown.here).map(|a| a.worktree.as_path())));
        return Ok(exit_code::DONE);
    }
    let look = Look::of(ctx);
    let mut lines = vec![match at.filter(|_| shown.here) {
        Some(at) => format!("what is allowed in {}", look.path(&at.worktree)),
        None => "what is allowed".to_owned(),
    }];
    let head: String = Platform::ALL.iter().map(|p| format!("  {:10}", p.word())).collect();
    lines.push(look.faint(format!("  {:16}{head}", "").trim_end()));
    for operation in Operation::ALL {
        let cells: String = Platform::ALL
            .iter()
            .map(|p| {
                let answer = p.knows(operation).then(|| shown.permissions.allow(*p, operation));
                let cell = format!("{:10}", answer.map_or("-", Allow::word));
                format!("  {}", if answer.is_none_or(|a| a == Allow::No) { look.faint(&cell) } else { cell })
            })
            .collect();
        lines.push(format!("  {:16}{}", operation.word(), cells.trim_end()));
    }
    lines.push(String::new());
    lines.push(if shown.permissions.strict {
        "what is not allowed is an error (permissions.strict)".into()
    } else {
        "what is not allowed is left, and written into the journal".to_owned()
    });
    ui.say(&lines.join("\n"));
    Ok(exit_code::DONE)
}

fn as_json(permissions: &Permissions, repository: Option<&Path>) -> Value {
    let mut platforms = Map::new();
    for platform in Platform::ALL {
        let preset = permissions.rules(platform).preset.unwrap_or(platform.preset());
        let operations: Map<String, Value> = Operation::ALL
            .into_iter()
            .filter(|o| platform.knows(*o))
            .map(|o| (o.word().to_owned(), json!(permissions.allow(platform, o))))
            .collect();
        platforms.insert(platform.word().into(), json!({"preset": preset, "operations": operations}));
    }
    json!({"version": 1, "repository": repository, "strict": permissions.strict, "platforms": platforms})
}

fn set(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Set) -> Result<u8, CommandError> {
    let change = change(args)?;
    let at = if args.here { Some(locate(cwd).ok_or_else(|| CommandError::no_repository(cwd))?) } else { None };
    let changed = permissions::set(ctx, at.as_ref(), args.platform, &change)?;
    tell(ui, &changed, args.json, "as before");
    Ok(exit_code::DONE)
}

fn change(args: &Set) -> Result<Change, CommandError> {
    let platform = args.platform;
    let operation = Operation::ALL.into_iter().find(|o| o.word() == args.what);
    if let Some(operation) = operation.filter(|o| !platform.knows(*o)) {
        return Err(CommandError::usage(format!("there is no {} on {}", operation.word(), platform.word()))
            .hint("there is read, push and pull"));
    }
    match (operation, args.answer.as_deref()) {
        (Some(operation), Some(answer)) => {
            let allow = match answer {
                "yes" | "true" | "allow" => Some(Allow::Yes),
                "no" | "false" | "deny" => Some(Allow::No),
                "internal" => Some(Allow::Only(Origin::Internal)),
                "external" => Some(Allow::Only(Origin::External)),
                "default" => None,
                other => {
                    return Err(CommandError::usage(format!("`{other}` is no answer"))
                        .hint("yes, no, internal, external or default"));
                }
            };
            Ok(Change::Operation(operation, allow))
        }
        (Some(operation), None) => Err(CommandError::usage(format!("`{}` needs an answer", operation.word()))
            .hint("yes, no, internal, external or default")),
        (None, None) if args.what == "default" => Ok(Change::Preset(None)),
        (None, answer) => {
            let preset = Preset::ALL.into_iter().find(|p| p.word() == args.what);
            match (preset, answer) {
                (Some(preset), None) => Ok(Change::Preset(Some(preset))),
                (Some(_), Some(_)) => Err(CommandError::usage(format!("the preset `{}` takes no answer", args.what))),
                (None, _) => {
                    let words = |all: Vec<&str>| all.join(", ");
                    let presets = words(Preset::ALL.iter().map(|p| p.word()).collect());
                    let operations = words(Operation::ALL.iter().map(|o| o.word()).collect());
                    Err(CommandError::usage(format!("`{}` is neither a preset nor an operation", args.what))
                        .hint(format!("presets: {presets}, default; operations: {operations}")))
                }
            }
        }
    }
}

fn tell(ui: &mut Ui, changed: &[Difference], as_json: bool, nothing: &str) {
    if as_json {
        ui.json(&json!({"version": 1, "changed": changed}));
        return;
    }
    if changed.is_empty() {
        ui.say(nothing);
    }
    for difference in changed {
        ui.say(&difference.sentence());
    }
}

fn check(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Check) -> u8 {
    let operation = args.operation;
    let named = if operation == Operation::UpsertExternal { Origin::External } else { Origin::Internal };
    let origin = args.origin.unwrap_or(named);
    let decision = permit::check(ctx, locate(cwd).as_ref(), args.platform, operation, origin);
    if args.json {
        ui.json(&json!({
            "version": 1,
            "platform": decision.platform,
            "operation": decision.operation,
            "origin": decision.origin,
            "allowed": decision.allowed,
            "reason": decision.reason,
        }));
    } else {
        ui.say(&decision.sentence());
    }
    if decision.allowed { exit_code::DONE } else { exit_code::GATE }
}

impl From<PermissionsError> for CommandError {
    fn from(error: PermissionsError) -> Self {
        let message = error.to_string();
        match error {
            PermissionsError::Edit(error) => error.into(),
            PermissionsError::NotEnrolled { .. } => {
                Self::failed(message).hint("enrol it with `craft auto-sync enable`, or leave `--here` out")
            }
            PermissionsError::Foreign { .. } => Self::usage(message).hint("nothing was changed"),
            PermissionsError::Missing { .. } => Self::usage(message).hint("name SpecWeave's config.json"),
            PermissionsError::NotAPerson => {
                Self { code: exit_code::GATE, message, hint: Some("do it in a terminal of your own".into()) }
            }
        }
    }
}
