//! `craft monitor` in a real terminal (tmux), and without one.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::common::{Pair, TestEnv, Tmux, read, script, wait_until, write};

/// What the shell shows when it waits.
const PROMPT: &str = "shell>";

/// A shell in a terminal of 80 by 24; `None`, and a word about it, where there is no tmux.
#[track_caller]
fn shell(env: &TestEnv) -> Option<Tmux<'_>> {
    let mut probe = env.command("sh", env.root());
    probe.args(["-c", "command -v tmux"]);
    if env.run(probe, b"").code != 0 {
        eprintln!("SKIPPED: tmux is not installed");
        return None;
    }
    let tmux = Tmux::start(env, |_| {});
    let folder = env.root().to_str().unwrap();
    let prompt = format!("PS1={PROMPT} ");
    tmux.run(&["new-session", "-d", "-x", "80", "-y", "24", "-c", folder, "env", &prompt, "sh"]).ok();
    tmux.wait_for(PROMPT);
    Some(tmux)
}

/// Enters a line at the shell's prompt.
fn enter(tmux: &Tmux<'_>, line: &str) {
    tmux.type_text(line);
    tmux.press("Enter");
}

/// Starts the monitor, and waits until it is drawn.
#[track_caller]
fn monitor(tmux: &Tmux<'_>) {
    enter(tmux, concat!("'", env!("CARGO_BIN_EXE_craft"), "' monitor"));
    tmux.wait_for("▶ 1 Jobs");
}

/// Waits until the shell has its terminal again: what was there before is seen, the cursor too, and what is typed is
/// echoed and run.
#[track_caller]
fn given_back(tmux: &Tmux<'_>) {
    wait_until("the screen of before is back", || !tmux.screen().contains("1 Jobs") && tmux.screen().contains(PROMPT));
    let flags = || tmux.run(&["display-message", "-p", "#{cursor_flag}#{alternate_on}"]).stdout;
    wait_until("the cursor is shown", || flags().trim() == "10");
    enter(tmux, "echo $((40+2))x; stty -a | grep -c ' icanon'");
    wait_until("the shell reads lines again", || tmux.screen().contains("42x\n1\n"));
}

/// The row that begins with `name`, as it is shown now.
fn row(tmux: &Tmux<'_>, name: &str) -> String {
    let screen = tmux.screen();
    let found = screen.lines().find(|l| l.get(2..).is_some_and(|l| l.starts_with(name)));
    found.unwrap_or_default().to_owned()
}

fn pid(env: &TestEnv) -> Pid {
    let all = env.processes();
    let (pid, _) = all.iter().find(|(_, line)| line.trim_end().ends_with("craft monitor")).expect("the monitor runs");
    Pid::from_raw(*pid).unwrap()
}

fn board(env: &TestEnv, args: &[&str]) -> Value {
    let said = env.craft(env.root(), &[&["monitor", "--once", "--json"], args].concat()).ok().stdout;
    serde_json::from_str(&said).unwrap()
}

#[test]
fn a_repository_is_synced_from_the_monitor_and_the_screen_follows() {
    let pair = Pair::enrolled();
    let Some(tmux) = shell(&pair) else { return };
    monitor(&tmux);
    wait_until("the repository is shown", || row(&tmux, "a ").contains("new"));
    write(pair.a.join("mine.txt"), "mine\n");
    // A key of another panel does nothing, and says so.
    tmux.type_text("s");
    tmux.wait_for("choose one with 2");
    tmux.type_text("2s");
    tmux.wait_for("sync a: ");
    wait_until("the remote has it", || pair.remote_tree().contains_key("mine.txt"));
    wait_until("the row says so", || row(&tmux, "a ").contains("synced") && row(&tmux, "a ").contains("committed 1"));

    // Somebody else syncs: nothing is pressed here.
    write(pair.a.join("more.txt"), "more\n");
    write(pair.a.join("yet.txt"), "more\n");
    pair.force("sync").done();
    wait_until("the row follows", || row(&tmux, "a ").contains("committed 2"));

    // What fails is said.
    pair.edit(&pair.b, "one.txt", 1, "theirs");
    pair.git(&pair.b, &["pull", "-q", "--no-rebase"]);
    pair.b_pushes_all("theirs");
    pair.edit(&pair.a, "one.txt", 1, "mine");
    tmux.type_text("s");
    tmux.wait_for("sync a: failed: committed 1 file; both sides changed one.txt");
    wait_until("the row says conflict", || row(&tmux, "a ").contains("conflict"));
    tmux.wait_for("Repositories (1 needs you)");
    tmux.press("Enter");
    tmux.wait_for("way on");
    tmux.press("Escape");
    wait_until("the details are closed", || !tmux.screen().contains("way on"));
    tmux.type_text("q");
    given_back(&tmux);
}

#[test]
fn a_job_is_run_paused_and_resumed_from_the_monitor() {
    let pair = Pair::enrolled();
    let Some(tmux) = shell(&pair) else { return };
    let job = || {
        let schedule = std::fs::read(pair.craft_dir().join("schedule.json")).unwrap_or_default();
        let schedule: Value = serde_json::from_slice(&schedule).unwrap_or_default();
        let jobs = schedule["jobs"].as_array().cloned().unwrap_or_default();
        jobs.into_iter().find(|j| j["id"] == "log-rotation").unwrap_or_default()
    };
    monitor(&tmux);
    tmux.type_text("/log-rotation");
    tmux.press("Enter");
    wait_until("the job is chosen", || {
        tmux.screen().contains("> log-rotation") && row(&tmux, "external-sync").is_empty()
    });
    assert!(row(&tmux, "log-rotation").contains("never ran"));
    tmux.type_text("r");
    tmux.wait_for("log-rotation: no log is old");
    assert!(job()["schedule"]["lastRun"].is_string(), "{:#}", job());
    assert!(!read(pair.craft_dir().join("log/jobs/log-rotation.log")).is_empty());
    wait_until("the row says so", || row(&tmux, "log-rotation").contains("just now"));
    tmux.type_text("p");
    tmux.wait_for("log-rotation rests; p lets it run again");
    assert_eq!(job()["schedule"]["enabled"], false);
    wait_until("the row says so", || row(&tmux, "log-rotation").contains("paused"));
    tmux.type_text("p");
    tmux.wait_for("log-rotation runs ");
    assert_eq!(job()["schedule"]["enabled"], true);
    wait_until("the row says so", || row(&tmux, "log-rotation").contains("idle"));
    // What fails, or cannot be done yet, is said as such.
    tmux.type_text("/");
    for _ in 0.."log-rotation".len() {
        tmux.press("BSpace");
    }
    tmux.type_text("living");
    tmux.press("Enter");
    wait_until("the other is chosen", || tmux.screen().contains("> living-docs-sync"));
    tmux.type_text("r");
    tmux.wait_for("living-docs-sync is not available: ");
    tmux.type_text("q");
    given_back(&tmux);
}

#[test]
fn a_notification_is_opened_and_dismissed_and_the_journal_is_shown() {
    let pair = Pair::enrolled();
    let Some(tmux) = shell(&pair) else { return };
    monitor(&tmux);
    tmux.type_text("3");
    tmux.wait_for("▶ 3 Notifications");
    // It comes while the monitor is open.
    pair.edit(&pair.b, "one.txt", 1, "theirs");
    pair.b_pushes_all("theirs");
    pair.edit(&pair.a, "one.txt", 1, "mine");
    assert_eq!(pair.force("sync").code, 3);
    let note = || {
        let book: Value = serde_json::from_slice(&read(pair.craft_dir().join("notifications.json"))).unwrap();
        book["notifications"][0].clone()
    };
    wait_until("it is shown", || tmux.screen().lines().any(|l| l.starts_with("> *")));
    assert!(note()["readAt"].is_null() && note()["dismissedAt"].is_null());
    tmux.press("Enter");
    tmux.wait_for("d dismiss  Esc close");
    wait_until("it was read", || note()["readAt"].is_string());
    assert!(note()["dismissedAt"].is_null());
    tmux.press("Escape");
    wait_until("it is no longer marked as new", || tmux.screen().lines().any(|l| l.starts_with(">  ")));
    tmux.type_text("d");
    wait_until("it is dismissed", || note()["dismissedAt"].is_string());
    wait_until("it is gone", || tmux.screen().lines().all(|l| !l.starts_with(">  ")));

    tmux.type_text("5");
    tmux.wait_for("▶ 5 Journal");
    tmux.press("End");
    wait_until("the journal has the sync", || {
        tmux.screen().lines().any(|l| l.starts_with("> ") && l.contains(" git "))
    });
    tmux.press("Enter");
    tmux.wait_for("result");
    tmux.type_text("q");
    given_back(&tmux);
}

#[test]
fn help_filter_and_panels_do_what_the_help_says() {
    let pair = Pair::enrolled();
    pair.auto_sync(&pair.b, &["enable"]);
    let Some(tmux) = shell(&pair) else { return };
    monitor(&tmux);
    wait_until("both are shown", || !row(&tmux, "a ").is_empty() && !row(&tmux, "b ").is_empty());
    tmux.type_text("?");
    tmux.wait_for("quit; work that was begun goes on");
    tmux.press("Escape");
    wait_until("the help is closed", || !tmux.screen().contains("work that was begun"));
    tmux.press("Tab");
    tmux.wait_for("▶ 2 Repositories");
    wait_until("the first is chosen", || tmux.screen().contains("> a "));
    tmux.press("Down");
    wait_until("the second is chosen", || tmux.screen().contains("> b "));
    tmux.press("Up");
    tmux.type_text("j");
    wait_until("the second is chosen", || tmux.screen().contains("> b "));
    tmux.type_text("/");
    tmux.type_text(pair.a.to_str().unwrap());
    wait_until("only the first is shown", || row(&tmux, "b ").is_empty() && tmux.screen().contains("> a "));
    tmux.press("Enter");
    tmux.wait_for("Esc shows all again");
    tmux.press("Escape");
    wait_until("both are shown again", || !row(&tmux, "b ").is_empty());
    for (key, heading) in [("3", "▶ 3"), ("4", "▶ 4"), ("5", "▶ 5"), ("1", "▶ 1")] {
        tmux.type_text(key);
        tmux.wait_for(heading);
    }
    tmux.resize(160, 50);
    wait_until("the panels stand side by side", || {
        tmux.screen().lines().any(|l| l.contains("1 Jobs") && l.contains("4 Last"))
    });
    tmux.resize(30, 8);
    tmux.wait_for("This terminal has 30 by 8");
    tmux.resize(80, 24);
    tmux.wait_for("▶ 1 Jobs");
    tmux.press("C-c");
    given_back(&tmux);
}

#[test]
fn the_terminal_is_given_back_whatever_ends_the_monitor() {
    let pair = Pair::enrolled();
    let Some(tmux) = shell(&pair) else { return };
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        monitor(&tmux);
        kill_process(pid(&pair), signal).unwrap();
        given_back(&tmux);
        enter(&tmux, "clear");
        wait_until("the screen is clear", || !tmux.screen().contains("42x"));
    }
    monitor(&tmux);
    tmux.press("C-z");
    given_back(&tmux);
    enter(&tmux, "fg");
    tmux.wait_for("▶ 1 Jobs");
    tmux.type_text("q");
    wait_until("it ended", || pair.processes().iter().all(|(_, line)| !line.contains("craft monitor")));
}

#[test]
fn who_watches_sees_a_push_whose_hook_takes_its_time_as_a_push() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let hook = |name: &str, phase: &str| {
        // The hook goes on once it is seen, and fails where that never happens.
        let look = format!("grep -qs '\"{phase}\"' '{}'/* && exit 0", pair.craft_dir().join("progress").display());
        let hook = format!("for i in $(seq 400); do {look}; sleep 0.05; done; exit 1");
        script(pair.a.join(".git/hooks").join(name), &hook);
    };
    hook("pre-commit", "Committing");
    hook("pre-push", "Pushing");
    let report = pair.force("sync").done();
    assert!(report.committed.is_some() && report.pushed.is_some());
}

#[test]
fn without_a_terminal_the_text_is_printed_and_json_is_the_same() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.force("sync").done();
    let text = pair.craft(pair.root(), &["monitor"]).ok().stdout;
    assert_eq!(text, pair.craft(pair.root(), &["monitor", "--once"]).ok().stdout);
    assert!(!text.contains('\u{1b}') && text.lines().all(|l| console::measure_text_width(l) <= 80), "{text}");
    assert!(text.contains("a            main     ↑0 ↓0   clean     synced    just now: committed 1 file"), "{text}");

    let board = board(&pair, &[]);
    let repository = &board["repositories"][0];
    assert_eq!(repository["path"], pair.a.to_str().unwrap());
    assert_eq!((&repository["ahead"], &repository["behind"], &repository["dirty"]), (&0.into(), &0.into(), &0.into()));
    assert_eq!((&repository["health"], &repository["branch"]), (&"synced".into(), &"main".into()));
    assert_eq!(repository["lastSync"]["status"], "success");
    assert_eq!((&board["version"], &board["lines"], &board["watch"]), (&1.into(), &Value::Null, &Value::Null));

    let drawn = self::board(&pair, &["--columns", "60"]);
    let lines = drawn["lines"].as_array().unwrap();
    assert!(lines.iter().all(|l| console::measure_text_width(l["text"].as_str().unwrap()) <= 60));
    assert!(lines.iter().any(|l| l["text"] == "Repositories" && l["tone"] == "plain"), "{lines:?}");
    let watch: Vec<_> = drawn["watch"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    for file in [".claude/auto-sync-state.json", ".claude/craft/schedule.json", ".claude/craft/config.json"] {
        assert!(watch.contains(&pair.home().join(file).to_str().unwrap()), "{watch:?}");
    }
    pair.wait_for_worker(&pair.a);
}

#[test]
fn a_repository_that_is_gone_and_a_broken_configuration_are_shown() {
    let pair = Pair::enrolled();
    std::fs::rename(&pair.a, pair.path("elsewhere")).unwrap();
    assert_eq!(board(&pair, &[])["repositories"][0]["health"], "gone");
    write(pair.craft_dir().join("config.json"), "{");
    let broken = board(&pair, &[]);
    assert_eq!(broken["repositories"], Value::Array(Vec::new()));
    assert!(broken["problems"][0].as_str().unwrap().contains("config.json"), "{broken}");
}
