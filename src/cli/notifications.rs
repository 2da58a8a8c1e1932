//! `craft notifications`.

use std::io::{BufRead, IsTerminal};

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::json;

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::clock::{self, Millis};
use crate::context::Context;
use crate::notify::book::asleep;
use crate::notify::model::{KINDS, SEVERITIES, kind_word, severity_word};
use crate::notify::{Notification, Severity};
use crate::ops::notifications::{self, NotificationsError};
use crate::state::announcement::MAX_SNOOZE;
use crate::state::file::Problem;
use crate::sync::tell::{self, counted};

/// See the command's help.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Notifications {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List them, newest first (the default)
    List(List),
    /// Show one, which marks it as read
    Show {
        /// Its id, or as much of it as fits no other
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Put some away
    Dismiss {
        /// Their ids, or as much of each as fits no other
        #[arg(required = true)]
        ids: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Put all away
    DismissAll {
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell one later
    Snooze {
        /// Its id, or as much of it as fits no other
        id: String,
        /// For how long: 30m, 2h, 1d, 1w; at most 30 days
        duration: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, Args)]
struct List {
    /// Those too that were put away or are snoozed
    #[arg(long)]
    all: bool,
    /// Only those of this type
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(KINDS.map(kind_word)))]
    kind: Option<String>,
    /// Only those that matter so much
    #[arg(long, value_parser = PossibleValuesParser::new(SEVERITIES.map(severity_word)))]
    severity: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists, shows, puts away or snoozes notifications.
///
/// # Errors
/// Where what is named is not there, or the notifications cannot be read or changed.
pub fn run(ctx: &Context, ui: &mut Ui, args: &Notifications) -> Result<u8, CommandError> {
    let look = Look::of(ctx);
    match &args.verb {
        None => list(ctx, ui, &look, &args.list)?,
        Some(Verb::List(list_args)) => list(ctx, ui, &look, list_args)?,
        Some(Verb::Show { id, json }) => {
            let n = notifications::read(ctx, id)?;
            if *json {
                ui.json(&json!({"version": 1, "notification": n}));
            } else {
                ui.say(&detail(&n, &look));
            }
        }
        Some(Verb::Dismiss { ids, json }) => dismissed(ui, &notifications::dismiss(ctx, ids)?, *json),
        Some(Verb::DismissAll { yes, json }) => {
            let open: Vec<_> = notifications::list(ctx)?.0.into_iter().filter(|n| n.dismissed_at.is_none()).collect();
            if !yes && !open.is_empty() && !agreed(ui, &open)? {
                ui.say("nothing was dismissed");
                return Ok(exit_code::DONE);
            }
            dismissed(ui, &notifications::dismiss_all(ctx, &open)?, *json);
        }
        Some(Verb::Snooze { id, duration, json }) => {
            let n = notifications::snooze(ctx, id, span(duration)?)?;
            if *json {
                ui.json(&json!({"version": 1, "notification": n}));
            } else {
                let when = n.snoozed_until.map_or_else(String::new, |until| look.when(until));
                ui.say(&format!("{} is told again {when}", tell::clean(&n.id)));
            }
        }
    }
    Ok(exit_code::DONE)
}

fn list(ctx: &Context, ui: &mut Ui, look: &Look, args: &List) -> Result<(), CommandError> {
    let (all, problem) = notifications::list(ctx)?;
    let asked = |n: &&Notification| {
        args.kind.as_deref().is_none_or(|k| k == kind_word(n.kind))
            && args.severity.as_deref().is_none_or(|s| s == severity_word(n.severity))
    };
    let fitting: Vec<_> = all.iter().filter(asked).collect();
    let open = |n: &&&Notification| args.all || (n.dismissed_at.is_none() && !asleep(n, look.now));
    let shown: Vec<_> = fitting.iter().filter(open).copied().collect();
    if args.json {
        ui.json(&json!({"version": 1, "notifications": shown}));
        return Ok(());
    }
    match problem {
        Some(Problem::Newer { version }) => ui.note(&format!(
            "notifications.json has version {version}, written by a newer claude-craft; it is shown as far as it is \
             understood"
        )),
        Some(Problem::Corrupt { kept }) => ui.note(&format!(
            "{} cannot be understood; the next notification keeps it aside and begins anew",
            look.path(&kept)
        )),
        None => {}
    }
    let snoozed = fitting.iter().filter(|n| n.dismissed_at.is_none() && asleep(n, look.now)).count();
    ui.say(&render(&shown, if args.all { 0 } else { snoozed }, look));
    Ok(())
}

fn render(shown: &[&Notification], snoozed: usize, look: &Look) -> String {
    let mut lines = Vec::new();
    for n in shown {
        let word = format!("{:<8}", severity_word(n.severity));
        let word = if n.severity == Severity::Info { look.faint(&word) } else { look.alarm(&word) };
        let title = look.cut(&tell::clean(&n.title), 10);
        let title = if n.read_at.is_none() { look.strong(&title) } else { title };
        let about = format!("{}  {}", tell::clean(&n.id), about(n, look).join(", "));
        lines.push(format!("{word}  {title}\n          {}", look.cut(&about, 10)));
    }
    if lines.is_empty() {
        lines.push("no notifications".to_owned());
    } else {
        lines.push(look.faint("`craft notifications show ID` tells more, `dismiss ID` puts one away"));
    }
    if snoozed > 0 {
        lines.push(look.faint(&format!("{} snoozed; `--all` lists them too", counted(snoozed, "notification"))));
    }
    lines.join("\n")
}

/// Type, age, count and what became of it.
fn about(n: &Notification, look: &Look) -> Vec<String> {
    let mut about = vec![kind_word(n.kind).to_owned(), look.when(n.updated_at.max(n.created_at))];
    if n.count > 1 {
        about.push(format!("{} times", n.count));
    }
    match (n.dismissed_at, n.snoozed_until.filter(|_| asleep(n, look.now))) {
        (Some(_), _) if n.passed => about.push("has passed".into()),
        (Some(_), _) => about.push("dismissed".into()),
        (None, Some(until)) => about.push(format!("told again {}", look.when(until))),
        (None, None) if n.read_at.is_some() => about.push("read".into()),
        (None, None) => {}
    }
    about
}

fn detail(n: &Notification, look: &Look) -> String {
    let mut lines = vec![look.strong(&tell::clean(&n.title))];
    let message: Vec<_> = n.message.lines().map(tell::clean).collect();
    // A title that only names the place before it says it already.
    let said = n.title.ends_with(n.message.trim());
    if !said && message.iter().any(|line| !line.is_empty()) {
        lines.extend(message.iter().flat_map(|line| look.wrap(line, 2)).map(|line| format!("  {line}")));
    }
    if let Some(command) = n.command() {
        // Whole, however long: it is there to be copied.
        lines.push(format!("\nto do    {}", tell::clean(command)));
    } else {
        lines.push(String::new());
    }
    lines.push(format!("about    {}, {}", severity_word(n.severity), about(n, look).join(", ")));
    if n.count > 1 {
        lines.push(format!("since    {}", look.when(n.created_at)));
    }
    lines.push(format!("id       {}", tell::clean(&n.id)));
    lines.join("\n")
}

fn dismissed(ui: &mut Ui, which: &[Notification], json: bool) {
    if json {
        ui.json(&json!({"version": 1, "dismissed": which}));
    } else if which.is_empty() {
        ui.say("nothing was left to dismiss");
    } else {
        ui.say(&format!("dismissed {}", counted(which.len(), "notification")));
    }
}

/// Whether all may be put away: asked where somebody can answer, and never assumed of what matters.
fn agreed(ui: &mut Ui, open: &[Notification]) -> Result<bool, CommandError> {
    let matter = open.iter().filter(|n| n.severity > Severity::Info).count();
    if matter == 0 {
        return Ok(true);
    }
    let are = if matter == 1 { "is a warning" } else { "are warnings" };
    let what = format!("{matter} of {} {are} or critical", open.len());
    if ui.is_plain() || !std::io::stdin().is_terminal() {
        return Err(CommandError::usage(what).hint("add `-y` to dismiss them all the same"));
    }
    ui.note(&format!("{what}; dismiss them all? [y/N]"));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// `30m`, `2h`, `1d`, `1w` in milliseconds.
fn span(text: &str) -> Result<Millis, CommandError> {
    const FORMS: &str = "say 30m, 2h, 1d or 1w; at most 30 days";
    match clock::parse_span(text) {
        Some(ms) if ms > MAX_SNOOZE => {
            Err(CommandError::usage(format!("`{}` is too long", tell::clean(text))).hint(FORMS))
        }
        Some(ms) if ms > 0 => Ok(ms),
        _ => Err(CommandError::usage(format!("`{}` is no duration", tell::clean(text))).hint(FORMS)),
    }
}

impl From<NotificationsError> for CommandError {
    fn from(error: NotificationsError) -> Self {
        let message = error.to_string();
        match error {
            NotificationsError::NoSuch(_) => {
                Self::failed(message).hint("`craft notifications list --all` lists them with their ids")
            }
            NotificationsError::Dismissed(_) => Self::failed(message),
            NotificationsError::Newer(_) => Self::failed(message).hint("update this claude-craft"),
            NotificationsError::Fs(error) => error.into(),
            NotificationsError::Busy => {
                Self { code: exit_code::BUSY, message, hint: Some("try again in a moment".into()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::notify::Kind;

    const NOW: Millis = 1_756_728_000_000;

    fn one(id: &str, kind: Kind, severity: Severity, title: &str) -> Notification {
        Notification {
            id: id.into(),
            kind,
            severity,
            title: title.into(),
            message: "both sides changed one.txt; nothing was merged, your commits are kept".into(),
            data: Some(json!({"command": "git -C /home/ann/app merge origin/main"})),
            created_at: NOW - 3_600_000,
            updated_at: NOW - 120_000,
            read_at: None,
            dismissed_at: None,
            snoozed_until: None,
            dedupe_key: "k".into(),
            count: 1,
            passed: false,
            told: false,
            offered: None,
        }
    }

    #[test]
    fn the_list_fits_eighty_columns() {
        let look = Look { now: NOW, width: Some(80), ..Look::default() };
        let security = "app: src/settings/production.py holds a credential that others could read and use at once";
        let all = [
            one("notif-mf141tc0-7q3k", Kind::Security, Severity::Critical, security),
            Notification { count: 3, ..one("notif-mf141tc0-1", Kind::Conflict, Severity::Warning, "app: conflict") },
            Notification { read_at: Some(NOW), ..one("notif-a", Kind::Update, Severity::Info, "0.2.0 is there") },
            Notification { snoozed_until: Some(NOW + 7_200_000), ..one("notif-b", Kind::Drift, Severity::Info, "b") },
            Notification { dismissed_at: Some(NOW), ..one("notif-c", Kind::JobComplete, Severity::Info, "c") },
            Notification {
                dismissed_at: Some(NOW),
                passed: true,
                ..one("notif-d", Kind::SyncFailure, Severity::Warning, "a\u{1b}[2J\n\u{202e}b")
            },
        ];
        let text = render(&all.iter().collect::<Vec<_>>(), 2, &look);
        assert!(text.lines().all(|l| console::measure_text_width(l) <= 80), "{text}");
        assert_snapshot!(text, @r"
        critical  app: src/settings/production.py holds a credential that others could …
                  notif-mf141tc0-7q3k  security, 2 min ago
        warning   app: conflict
                  notif-mf141tc0-1  conflict, 2 min ago, 3 times
        info      0.2.0 is there
                  notif-a  update, 2 min ago, read
        info      b
                  notif-b  drift, 2 min ago, told again in 2 h
        info      c
                  notif-c  job-complete, 2 min ago, dismissed
        warning   a\u{1b}[2J \u{202e}b
                  notif-d  sync-failure, 2 min ago, has passed
        `craft notifications show ID` tells more, `dismiss ID` puts one away
        2 notifications snoozed; `--all` lists them too
        ");
        assert_snapshot!(render(&[], 0, &look), @"no notifications");
    }

    #[test]
    fn one_is_shown_with_what_to_do() {
        let look = Look { now: NOW, width: Some(60), ..Look::default() };
        let n = one("notif-mf141tc0-7q3k", Kind::Conflict, Severity::Warning, "app: both sides changed one.txt");
        assert_snapshot!(detail(&Notification { count: 2, ..n.clone() }, &look), @r"
        app: both sides changed one.txt
          both sides changed one.txt; nothing was merged, your
          commits are kept

        to do    git -C /home/ann/app merge origin/main
        about    warning, conflict, 2 min ago, 2 times
        since    1 h ago
        id       notif-mf141tc0-7q3k
        ");
        let hostile = Notification { message: "a\u{1b}[2J\nb".into(), data: None, ..n };
        assert_snapshot!(detail(&hostile, &look), @r"
        app: both sides changed one.txt
          a\u{1b}[2J
          b

        about    warning, conflict, 2 min ago
        id       notif-mf141tc0-7q3k
        ");
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, ms) in [("1m", 60_000), ("2h", 7_200_000), ("30d", MAX_SNOOZE), ("4w", 28 * 86_400_000)] {
            assert_eq!(span(text).unwrap(), ms, "{text}");
        }
        for text in ["", "h", "2", "0m", "-1h", "1.5h", "31d", "5w", "99999999999999999999h", "2é", "²h", "+2h"] {
            let error = span(text).unwrap_err();
            assert_eq!(error.code, exit_code::USAGE, "{text}");
            assert!(error.hint.unwrap().contains("30m, 2h, 1d"), "{text}");
        }
    }
}
