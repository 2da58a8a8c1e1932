//! `craft auto-sync enable`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::config::model::{Action, AutoSync};
use crate::context::Context;
use crate::ops::enroll::{self, EnableOptions, Enabling};
use crate::sync::tell;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Enable {
    /// A folder in the repository [default: the current one]
    path: Option<PathBuf>,
    /// Sync this branch, or all that match a glob [default: the branch HEAD is on]
    #[arg(long, value_name = "GLOB")]
    branch: Option<String>,
    /// Sync with this remote [default: the one the branch follows, `origin`, or the only one]
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// Publish the branch where the remote does not have it yet
    #[arg(long, overrides_with = "no_publish")]
    publish: bool,
    /// Do not (the default)
    #[arg(long)]
    no_publish: bool,
}

/// Enrols a repository.
///
/// # Errors
/// Why it could not be.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: Enable) -> Result<u8, CommandError> {
    let publish = match (args.publish, args.no_publish) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let options = EnableOptions { branch: args.branch, remote: args.remote, publish };
    let path = super::place(cwd, args.path.as_deref());
    let done = enroll::enable(ctx, &path, &options)?;
    ui.say(&render(&done, &Look::of(ctx)));
    Ok(exit_code::DONE)
}

fn render(done: &Enabling, look: &Look) -> String {
    let repository = &done.repository;
    let state = match &done.before {
        None => "is on",
        Some(before) if before.disabled => "is on again",
        Some(_) => "stays on, pinned anew,",
    };
    let mut lines = vec![format!("auto-sync {state} for {}", look.strong(&look.path(&repository.path)))];
    let mut row = |name: &str, text: &str| lines.push(format!("  {name:<8} {text}"));
    row("branch", &tell::clean(&repository.branch));
    // A glob stands for branches that each go to their own.
    let branch = if enroll::is_glob(&repository.branch) { String::new() } else { format!("/{}", repository.branch) };
    let target = match (&repository.remote, &repository.remote_url) {
        (Some(remote), Some(url)) => {
            row("remote", &tell::clean(&format!("{remote} at {url}")));
            format!("{remote}{branch} at {url}")
        }
        (Some(remote), None) => {
            row("remote", &tell::clean(remote));
            format!("{remote}{branch}")
        }
        (None, _) => {
            row("remote", "none; work is only committed");
            String::new()
        }
    };
    if let Some(url) = &repository.push_url {
        row("push to", &tell::clean(url));
    }
    if repository.publish {
        row("publish", "yes, where the remote does not have the branch yet");
    }
    lines.push(will_happen(&done.auto_sync, &tell::clean(&target)));
    if done.switched_on {
        lines.push("auto-sync was switched off for all repositories; it is on again".into());
    }
    if !done.undecided.is_empty() {
        let remotes = done.undecided.join(", ");
        lines.push(format!("no remote was chosen among {remotes}; name one with `--remote NAME`"));
    }
    lines.join("\n")
}

/// What happens by itself from now on, as one sentence.
fn will_happen(auto_sync: &AutoSync, target: &str) -> String {
    let t = &auto_sync.triggers;
    let verb = |action: Action| match action {
        Action::Observe => "looks",
        Action::Pull => "pulls",
        Action::Push if target.is_empty() => "commits",
        Action::Push => "commits and pushes",
        Action::Sync if target.is_empty() => "commits",
        Action::Sync => "syncs",
    };
    let mut parts = Vec::new();
    if t.session_start.enabled {
        parts.push(format!("session start {}", verb(t.session_start.action)));
    }
    if t.session_end.enabled {
        let to =
            if t.session_end.action.pushes() && !target.is_empty() { format!(" to {target}") } else { String::new() };
        parts.push(format!("session end {}{to}", verb(t.session_end.action)));
    }
    if t.user_prompt.enabled {
        let often = match t.user_prompt.probability {
            1 => "every prompt".into(),
            n => format!("one prompt in {n}"),
        };
        parts.push(format!("{often} {}", verb(t.user_prompt.action)));
    }
    if parts.is_empty() { "all triggers are switched off: only `force` syncs".into() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::config::model::Repository;

    fn enabling() -> Enabling {
        let repository = Repository {
            path: "/home/ann/app".into(),
            common_dir: "/home/ann/app/.git".into(),
            remote: Some("origin".into()),
            remote_url: Some("git@example.org:ann/app.git".into()),
            push_url: None,
            branch: "main".into(),
            upstream: Some("main".into()),
            publish: false,
            disabled: false,
            enrolled: String::new(),
            overrides: std::collections::BTreeMap::new(),
        };
        Enabling { repository, before: None, switched_on: false, auto_sync: AutoSync::default(), undecided: Vec::new() }
    }

    fn look() -> Look {
        Look { home: Some("/home/ann".into()), ..Look::default() }
    }

    #[test]
    fn it_says_what_was_pinned_and_what_will_happen() {
        assert_snapshot!(render(&enabling(), &look()), @"
        auto-sync is on for ~/app
          branch   main
          remote   origin at git@example.org:ann/app.git
        session start pulls, session end commits and pushes to origin/main at git@example.org:ann/app.git, one prompt in 27 syncs
        ");
    }

    #[test]
    fn it_says_what_is_out_of_the_ordinary() {
        let mut done = enabling();
        done.before = Some(Repository { disabled: true, ..done.repository.clone() });
        done.repository.remote = None;
        done.repository.remote_url = None;
        done.repository.publish = true;
        done.switched_on = true;
        done.undecided = vec!["fork".into(), "upstream".into()];
        done.auto_sync.triggers.session_start.enabled = false;
        assert_snapshot!(render(&done, &look()), @"
        auto-sync is on again for ~/app
          branch   main
          remote   none; work is only committed
          publish  yes, where the remote does not have the branch yet
        session end commits, one prompt in 27 commits
        auto-sync was switched off for all repositories; it is on again
        no remote was chosen among fork, upstream; name one with `--remote NAME`
        ");
    }
}
