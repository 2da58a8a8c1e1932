//! The work itself: queue, locks, each repository and its remote.

use std::path::Path;
use std::time::Duration;

use super::{Check, Fix, Patient};
use crate::clock::Millis;
use crate::config::load;
use crate::config::model::{Config, Repository as Enrolled};
use crate::context::Context;
use crate::env::Env;
use crate::fs::lock;
use crate::git::command::Git;
use crate::git::fault::Fault;
use crate::git::repository::Repository;
use crate::locate::{Location, locate};
use crate::ops::engine::journal;
use crate::ops::permit;
use crate::permission::{Origin, of, on};
use crate::queue::{self, Trigger};
use crate::state::{State, StateFile, session};
use crate::sync::quote;
use crate::sync::tell::counted;

/// A remote that does not answer within this time is not reachable.
const NETWORK: Duration = Duration::from_secs(20);
/// A request that has waited so long, and may begin, was forgotten.
const FORGOTTEN: Millis = 10 * 60_000;

pub(super) fn checks(patient: &Patient<'_>) -> Vec<Check> {
    let mut checks = vec![waiting(patient), sessions(patient)];
    checks.extend(repositories(patient));
    checks
}

fn waiting(patient: &Patient<'_>) -> Check {
    let id = "queue";
    let now = patient.ctx.clock.now_ms();
    let requests = match queue::list(&patient.ctx.layout) {
        Ok(requests) => requests,
        Err(error) => return Check::broken(id, error.to_string(), "see that the folder can be read"),
    };
    let due: Vec<_> = requests.iter().filter(|r| r.not_before <= now).collect();
    let oldest = due.iter().map(|r| now.saturating_sub(r.requested)).max().unwrap_or(0);
    if oldest > FORGOTTEN {
        let text = format!("{} waiting, the oldest for {} min", counted(due.len(), "request"), oldest / 60_000);
        return Check::warning(id, text, "craft auto-sync force --all").fix(Fix::StartWorker);
    }
    match requests.len() {
        0 => Check::ok(id, "nothing waits"),
        n => Check::ok(id, format!("{} waiting", counted(n, "request"))),
    }
}

fn sessions(patient: &Patient<'_>) -> Check {
    let id = "sessions";
    let all = match session::list(&patient.ctx.layout) {
        Ok(all) => all,
        Err(error) => return Check::broken(id, error.to_string(), "see that the folder can be read"),
    };
    let dead = all.iter().filter(|s| !s.alive(&patient.ctx.host)).count();
    if dead > 0 {
        let text =
            format!("{} ended without a word; the work is synced when the next one starts", counted(dead, "session"));
        return Check::warning(id, text, "craft auto-sync force --all").fix(Fix::StartWorker);
    }
    Check::ok(id, format!("{} running in enrolled repositories", counted(all.len(), "session")))
}

/// One or more checks for each repository that is switched on; their remotes are asked at the same time.
fn repositories(patient: &Patient<'_>) -> Vec<Check> {
    let config = load::load(&patient.ctx.layout.config()).unwrap_or_default();
    let on: Vec<_> = config.repositories.iter().filter(|r| !r.disabled).collect();
    let state = StateFile::at(patient.ctx.layout.state()).peek::<State>().map(|l| l.value).unwrap_or_default();
    let env = &patient.ctx.env;
    let remotes = std::thread::scope(|scope| {
        let asked: Vec<_> = on.iter().map(|r| scope.spawn(|| remote(env, r))).collect();
        asked.into_iter().map(|a| a.join().unwrap_or_default()).collect::<Vec<_>>()
    });
    let mut checks = Vec::new();
    for (enrolled, remote) in on.iter().zip(remotes) {
        let known = state.repositories.get(enrolled.common_dir.to_string_lossy().as_ref());
        let path = enrolled.path.display();
        if let Some(attention) = known.and_then(|k| k.attention.as_ref()) {
            let text = format!("{path}: {}", attention.message);
            checks.push(Check::broken("repository", text, attention.command.clone()));
        } else if let Some(why) = known.and_then(|k| k.paused.as_ref()) {
            let text = format!("{path}: automatic sync rests: {why}");
            checks.push(Check::warning("repository", text, "craft auto-sync force, inside it"));
        }
        checks.extend(unscanned(&config, enrolled));
        checks.extend(locked(enrolled));
        checks.extend(remote);
    }
    checks
}

/// The scan for credentials can be switched off, and that should not be forgotten.
fn unscanned(config: &Config, enrolled: &Enrolled) -> Option<Check> {
    let off = load::effective(config, enrolled).is_ok_and(|c| !c.security.scan);
    off.then(|| {
        let text = format!("{}: nothing is scanned for credentials before it is sent", enrolled.path.display());
        Check::warning("scan", text, "craft auto-sync config set security.scan true, or take it out of the overrides")
    })
}

fn locked(enrolled: &Enrolled) -> Option<Check> {
    let path = journal::lock_file(&enrolled.common_dir);
    let holder = lock::holder(&path)?;
    let minutes = 30;
    let id = "lock";
    let now = std::fs::metadata(&path).ok()?.modified().ok()?.elapsed().ok()?;
    (now > Duration::from_secs(minutes * 60)).then(|| {
        Check::warning(
            id,
            format!(
                "{}: process {} ({}) has held the lock for more than {minutes} min",
                enrolled.path.display(),
                holder.pid,
                holder.purpose
            ),
            format!("see what it does; kill {} ends it, and the next sync repairs what it left", holder.pid),
        )
    })
}

/// Asks the remote for its branch, the way a sync would: without any prompt.
fn remote(env: &Env, enrolled: &Enrolled) -> Vec<Check> {
    let path = enrolled.path.display();
    let place = quote::path(&enrolled.path);
    let Ok(ctx) = Context::new(env.clone()) else { return Vec::new() };
    let Some(at) = locate(&enrolled.path).filter(|l| l.common_dir == enrolled.common_dir) else {
        return vec![Check::warning(
            "repository",
            format!("{path} is not there any more"),
            format!("craft auto-sync disable {place}, or bring it back"),
        )];
    };
    let Some(name) = &enrolled.remote else {
        return vec![Check::ok("remote", format!("{path}: no remote; work is only committed"))];
    };
    let word = quote::word(name);
    let mut checks = Vec::new();
    let git = Git::new(&ctx, &at, NETWORK, NETWORK);
    let url = enrolled.remote_url.clone().unwrap_or_default();
    let item = enrolled.path.display().to_string();
    let leave = permit::pass::<on::Git, of::Read>(&ctx, Some(&at), Origin::Internal, &item, Trigger::Manual);
    let grant = match leave {
        Ok(grant) => grant,
        Err(denied) => {
            let text = format!("{path}: not asked: {}", denied.decision.sentence());
            checks.push(Check::warning("remote", text, "craft permissions show"));
            return checks;
        }
    };
    checks.push(match git.ls_remote(grant, ["--quiet", "--", name.as_str(), "HEAD"]).run() {
        Ok(_) => Check::ok("remote", format!("{path}: {name} answers without a prompt")),
        Err(error) => {
            let text = format!("{path}: {name}: {}", error.fault.text());
            match error.fault {
                Fault::Authentication(_) => Check::broken("remote", text, credentials(&url, &enrolled.path)),
                Fault::HostKey(_) => Check::broken(
                    "remote",
                    text,
                    format!("git -C {place} fetch {word}, and answer what it asks about the key"),
                ),
                Fault::RemoteMissing(_) => Check::broken("remote", text, format!("see `git -C {place} remote -v`")),
                Fault::Offline(_) | Fault::Broken(_) | Fault::TimedOut(_) => {
                    Check::warning("remote", text, "nothing, if you are offline: what waits is sent later")
                }
                _ => Check::broken("remote", text, format!("git -C {place} fetch {word}, and see what it says")),
            }
        }
    });
    checks.extend(helper(&at, name, &enrolled.path));
    checks.extend(sends_all(&at, name, &enrolled.path));
    checks
}

/// A push by hand may be set up to send every ref, our snapshots with all that is left out of commits among them.
/// A sync names the one branch it sends; of what git sends when nothing is named, only the user's settings decide
/// (`transfer.hideRefs` and its kin hide refs from those who fetch, not from a push).
fn sends_all(at: &Location, remote: &str, path: &Path) -> Option<Check> {
    let repository = Repository::open(at).ok()?;
    let mirror = repository.setting(&format!("remote.{remote}.mirror")).ok().flatten();
    let mirror = mirror.is_some_and(|m| !["false", "no", "off", "0"].contains(&m.to_lowercase().as_str()));
    let refspecs = repository.settings(&format!("remote.{remote}.push")).unwrap_or_default();
    let place = quote::path(path);
    let (what, remedy) = if mirror {
        (format!("remote.{remote}.mirror is on"), format!("git -C {place} config --unset remote.{remote}.mirror"))
    } else {
        let wide = refspecs.iter().find(|r| covers_snapshots(r))?;
        let remedy = format!("git -C {place} config --replace-all remote.{remote}.push refs/heads/*:refs/heads/*");
        (format!("remote.{remote}.push is {wide}"), remedy)
    };
    let text = format!(
        "{}: {what}, so a `git push` by hand sends refs/craft/ too: snapshots with files that are never committed",
        path.display()
    );
    Some(Check::warning("snapshots", text, remedy))
}

/// Whether a refspec of a push takes in what lies below `refs/craft/`.
fn covers_snapshots(refspec: &str) -> bool {
    const SNAPSHOTS: &str = "refs/craft/";
    let source = refspec.trim_start_matches('+').split(':').next().unwrap_or_default();
    match source.split_once('*') {
        Some((before, _)) => SNAPSHOTS.starts_with(before) || before.starts_with(SNAPSHOTS),
        None => source.starts_with(SNAPSHOTS),
    }
}

fn credentials(url: &str, path: &Path) -> String {
    let path = quote::path(path);
    if url.starts_with("http") {
        format!(
            "set up a credential helper (`git config --global credential.helper …`, or `gh auth setup-git`), then git -C {path} fetch"
        )
    } else {
        format!("load your key into an ssh agent (`ssh-add`), then git -C {path} fetch")
    }
}

/// A remote over https needs a helper, and a password has no place in a URL.
fn helper(at: &Location, remote: &str, path: &Path) -> Option<Check> {
    let id = "credentials";
    let repository = Repository::open(at).ok()?;
    let url = repository.setting(&format!("remote.{remote}.url")).ok()??;
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.starts_with("http") {
        return None;
    }
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
        return Some(Check::warning(
            id,
            format!("{}: the URL of {remote} holds a password, readable for whoever reads .git/config", path.display()),
            "take it out with `git remote set-url`, and let a credential helper keep it",
        ));
    }
    let helpers = repository.settings("credential.helper").unwrap_or_default();
    helpers.iter().all(String::is_empty).then(|| {
        Check::warning(
            id,
            format!("{}: git has no credential helper, which a push over https needs", path.display()),
            "git config --global credential.helper …, or `gh auth setup-git`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refspec_that_takes_in_snapshots_is_known() {
        for yes in ["+refs/*:refs/*", "refs/*", "refs/craft/*:refs/x/*", "refs/craft/backup/1", "refs/c*", "*"] {
            assert!(covers_snapshots(yes), "{yes}");
        }
        for no in ["refs/heads/*:refs/heads/*", "HEAD", ":", "refs/heads/main", "refs/tags/*"] {
            assert!(!covers_snapshots(no), "{no}");
        }
    }
}
