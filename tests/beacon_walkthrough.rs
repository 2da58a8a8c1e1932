//! The daily workflow of the seed document, on two real clones and a bare remote: the plan is made in one environment in
//! the morning, the work is done in the other, and in the evening the beacon is idle again.

use std::path::Path;

use claude_craft::sys;
use serde_json::{Value, json};

use super::common::{HttpGit, Pair, Ran, read, script, write};

/// 2025-10-06T09:30:00Z, the time of the seed's example.
const MORNING: &str = "1759743000000";
const CHANNEL: &str = "refs/craft/beacons/main";
const IDLE: &str = "---\nLAST_UPDATE: None\nTIMESTAMP: None\nDIRECTION: None\nFILES_UPDATED: None\n\
                    ACTION: Waiting for updates\nSTATUS: IDLE\n---\n\n\
                    This ticket serves as a notification beacon between Claude Desktop and Claude Code.\n\
                    DO NOT DELETE OR CLOSE THIS TICKET.\n";
const PROGRESS: &str = ".claude/planning/promptsync-progress.md";
const ACT: &str = ".claude/planning/act-2-planning.md";
const DONE: &str = ".claude/implementation/act 2 – done.md";

struct Day(Pair);

impl Day {
    fn code(&self) -> &Path {
        &self.0.a
    }

    fn desktop(&self) -> &Path {
        &self.0.b
    }

    /// `ps-sync …`, with the name of this machine taken out.
    fn ps_sync(&self, side: &Path, args: &[&str]) -> Ran {
        let mut command = self.0.command(env!("CARGO_BIN_EXE_ps-sync"), side);
        command.args(args);
        let mut ran = self.0.run(command, b"");
        ran.stdout = ran.stdout.replace(&sys::host_name(), "[HOST]");
        ran
    }

    #[track_caller]
    fn status(&self, side: &Path, lines: &str) {
        let ran = self.ps_sync(side, &["status"]).ok();
        assert_eq!(ran.stdout, lines);
    }

    /// The exit code for scripts.
    fn waits(&self, side: &Path) -> i32 {
        self.ps_sync(side, &["status", "--exit-code"]).code
    }

    /// A file of the end of the channel, as the remote has it.
    #[track_caller]
    fn remote(&self, file: &str) -> String {
        let mut command = self.0.command("git", &self.0.remote);
        command.args(["cat-file", "blob", &format!("{CHANNEL}:{file}")]);
        self.0.run(command, b"").ok().stdout
    }

    #[track_caller]
    fn beacon(&self, text: &str) {
        assert_eq!(self.remote("beacon.md"), text);
    }

    /// The manifest that lies in a side is that of the channel's end, which is returned.
    #[track_caller]
    fn manifest(&self, side: &Path) -> Value {
        let parsed = |bytes: &[u8]| -> Value { serde_json::from_slice(bytes).unwrap() };
        let here = parsed(&read(side.join(".claude/sync/manifest.json")));
        assert_eq!(here, parsed(self.remote("manifest.json").as_bytes()));
        here
    }

    /// What a command of the beacon may not touch.
    fn untouched(&self, side: &Path) -> (String, String, Vec<u8>, bool) {
        let git = |args: &[&str]| self.0.git(side, args);
        let fetched = side.join(".git/FETCH_HEAD").exists();
        (git(&["rev-parse", "HEAD"]), git(&["branch", "-a"]), read(side.join(".git/index")), fetched)
    }
}

fn update(direction: &str, files: &[&str], note: &str, action: &str) -> String {
    let people = &IDLE[IDLE.find("\nThis").unwrap()..];
    let files: String = files.iter().map(|f| format!("\n  - {f}")).collect();
    format!(
        "---\nLAST_UPDATE: {note}\nTIMESTAMP: 2025-10-06T09:30:00Z\nDIRECTION: {direction}\nFILES_UPDATED:{files}\n\
         ACTION: {action}\nSTATUS: UPDATE_AVAILABLE\n---\n{people}"
    )
}

#[test]
fn the_seeds_day_from_the_plan_in_the_morning_to_an_idle_beacon_in_the_evening() {
    the_seeds_day(&Day(Pair::new()));
}

#[test]
fn the_seeds_day_over_http_with_a_password_that_nobody_is_asked_for() {
    let day = Day(Pair::new());
    let server = HttpGit::serve(day.0.remote.parent().unwrap());
    let (asked, passwords) = (day.0.path("was-asked"), day.0.path("passwords"));
    script(day.0.path("ask"), &format!("touch '{}'; sleep 1000", asked.display()));
    let url = server.url(&day.0.remote.file_name().unwrap().to_string_lossy());
    for side in [day.code(), day.desktop()] {
        day.0.git(side, &["remote", "set-url", "origin", &url]);
        day.0.git(side, &["config", "core.askPass", day.0.path("ask").to_str().unwrap()]);
    }
    write(&passwords, format!("http://ann:open%20sesame@{}\n", server.host()));
    let helper = format!("store --file={}", passwords.display());
    day.0.git(day.code(), &["config", "--global", "credential.helper", &helper]);
    the_seeds_day(&day);
    assert!(!server.requests().is_empty() && !asked.exists());
}

fn the_seeds_day(day: &Day) {
    let (code, desktop) = (day.code(), day.desktop());
    day.0.set("CRAFT_INTERNAL__NOW_MS", MORNING);

    day.ps_sync(desktop, &["init", "--as", "Desktop"]).ok();
    day.ps_sync(code, &["init"]).ok();
    let before = (day.untouched(code), day.untouched(desktop));
    for side in [code, desktop] {
        day.status(side, "IDLE\n");
        assert_eq!(day.waits(side), 0);
        assert_eq!(read(side.join(".claude/sync/beacon-template.md")), IDLE.as_bytes());
        let manifest: Value = serde_json::from_slice(&read(side.join(".claude/sync/manifest.json"))).unwrap();
        assert_eq!(manifest, json!({"version": 1, "channel": "main", "seq": 0, "sent": {}, "received": {}}));
        assert!(side.join(".claude/planning/session-notes").is_dir() && side.join(".claude/implementation").is_dir());
    }
    assert!(!day.0.remote_refs().contains("craft"), "who only looks leaves nothing");

    // Morning planning, in Desktop.
    let (progress, act) = ("# Progress\n\n- Act 1\n", "# Act 2\r\n\n\u{0}bytes\u{ff}\n".as_bytes());
    write(desktop.join(PROGRESS), progress);
    write(desktop.join(ACT), act);
    day.status(
        desktop,
        &format!("IDLE\nAHEAD: 2 files changed here, not sent\n  {ACT}\n  {PROGRESS}\nnext: craft beacon push\n"),
    );
    let pushed = day.ps_sync(desktop, &["push", "-m", "Session 3 - Added Act 2"]).ok();
    assert_eq!(pushed.stdout, format!("2 files for Code\n  {ACT}\n  {PROGRESS}\nsent message 1: 2 files\n"));
    day.beacon(&update(
        "Desktop→Code",
        &[ACT, PROGRESS],
        "Session 3 - Added Act 2",
        "Run 'ps-sync pull' in Claude Code",
    ));
    assert_eq!(day.remote(&format!("files/{PROGRESS}")), progress);
    day.status(desktop, "IDLE\nsent, and not taken in yet by Code\n");
    let manifest = day.manifest(desktop);
    assert_eq!((&manifest["seq"], &manifest["sent"]), (&json!(1), &json!({"Code": 1})));
    assert_eq!(manifest["message"]["direction"], "Desktop→Code");

    // Implementation, in Code.
    day.status(
        code,
        &format!(
            "UPDATE_AVAILABLE: 2 files from Desktop, just now\n  {ACT}\n  {PROGRESS}\n  \
             Desktop on [HOST] says \"Session 3 - Added Act 2\"\nnext: craft beacon pull\n"
        ),
    );
    assert_eq!(day.waits(code), 1);
    assert_eq!(day.manifest(code), manifest);
    let dry = day.ps_sync(code, &["pull", "--dry-run"]).ok();
    assert!(dry.stdout.contains(&format!("  new      {ACT}\n")) && !code.join(ACT).exists(), "{}", dry.stdout);
    let pulled = day.ps_sync(code, &["pull"]).ok();
    for path in [ACT, PROGRESS] {
        assert!(pulled.stdout.contains(&format!("  new      {path}\n")), "{}", pulled.stdout);
        assert_eq!(read(code.join(path)), read(desktop.join(path)), "{path}");
    }
    assert_eq!(read(code.join(ACT)), act);
    // All is taken in: the beacon is what it was.
    day.beacon(IDLE);
    assert_eq!(day.manifest(code)["received"], json!({"Code": 1}));
    day.status(code, "IDLE\n");
    day.status(desktop, "IDLE\n");
    assert_eq!((day.untouched(code), day.untouched(desktop)), before, "index, HEAD, branches, FETCH_HEAD");
    assert_eq!(day.ps_sync(code, &["pull"]).ok().stdout, "nothing waits\n");

    // The work.
    write(code.join(DONE), "done\n");
    write(code.join(PROGRESS), format!("{progress}- Act 2\n"));
    day.status(
        code,
        &format!("IDLE\nAHEAD: 2 files changed here, not sent\n  {DONE}\n  {PROGRESS}\nnext: craft beacon push\n"),
    );
    // There is no network for a while: it waits here.
    let url = day.0.git(code, &["remote", "get-url", "origin"]);
    script(
        day.0.path("ssh.sh"),
        "echo 'ssh: Could not resolve hostname host.example: Name or service not known' >&2; exit 255",
    );
    day.0.git(code, &["config", "core.sshCommand", day.0.path("ssh.sh").to_str().unwrap()]);
    day.0.git(code, &["remote", "set-url", "origin", "ssh://host.example/remote.git"]);
    let offline = day.ps_sync(code, &["push", "-m", "Act 2 is done"]);
    assert_eq!(offline.code, 6, "{}{}", offline.stdout, offline.stderr);
    assert!(offline.stdout.contains("\nit waits here: "), "{}", offline.stdout);
    let told = day.ps_sync(code, &["status"]).ok().stdout;
    assert!(told.starts_with("IDLE\nAHEAD: 1 message queued here, just now\nOFFLINE: "), "{told}");
    assert!(told.contains("; this is what was known just now\n") && told.ends_with("next: craft beacon queue send\n"));
    assert_eq!(day.waits(code), 6);
    day.0.git(code, &["remote", "set-url", "origin", &url]);

    // End of the day.
    day.beacon(IDLE);
    let sent = day.ps_sync(code, &["queue", "send"]).ok();
    assert_eq!(sent.stdout, "sent message 2: 2 files\n");
    day.beacon(&update("Code→Desktop", &[DONE, PROGRESS], "Act 2 is done", "Run 'ps-sync pull'"));
    day.0.git(code, &["add", "-A"]);
    day.0.git(code, &["commit", "-qm", "Act 2"]);
    day.0.git(code, &["push", "-q", "origin", "main"]);
    let committed = day.0.git(code, &["ls-tree", "-r", "-z", "--name-only", "HEAD", ".claude"]);
    let committed: Vec<_> = committed.split('\0').filter(|n| !n.is_empty()).collect();
    assert_eq!(committed, [DONE, ACT, PROGRESS, ".claude/sync/beacon-template.md"]);

    assert_eq!(day.waits(desktop), 1);
    let pulled = day.ps_sync(desktop, &["pull"]).ok().stdout;
    assert!(pulled.contains(&format!("  new      {DONE}\n")), "{pulled}");
    assert!(pulled.contains(&format!("  updated  {PROGRESS}\n")), "{pulled}");
    assert!(pulled.contains("\"Act 2 is done\""), "{pulled}");
    for path in [DONE, PROGRESS, ACT] {
        assert_eq!(read(code.join(path)), read(desktop.join(path)), "{path}");
    }
    day.beacon(IDLE);
    for side in [code, desktop] {
        day.status(side, "IDLE\n");
        assert_eq!(day.waits(side), 0);
        let manifest = day.manifest(side);
        assert_eq!(manifest["sent"], json!({"Code": 1, "Desktop": 2}));
        assert_eq!(manifest["received"], json!({"Code": 1, "Desktop": 2}));
    }

    // The whole history is in git.
    let log: Value = serde_json::from_str(&day.ps_sync(desktop, &["log", "--json"]).ok().stdout).unwrap();
    let said = |commit: &Value| match commit["message"]["note"].as_str() {
        Some(note) => format!("{} {note}", commit["message"]["direction"].as_str().unwrap()),
        None => format!("{} has {}", commit["receipt"]["by"]["name"].as_str().unwrap(), commit["receipt"]["seq"]),
    };
    let history: Vec<_> = log["commits"].as_array().unwrap().iter().map(said).collect();
    let wanted = ["Desktop has 2", "Code→Desktop Act 2 is done", "Code has 1", "Desktop→Code Session 3 - Added Act 2"];
    assert_eq!(history, wanted);
    let commits = day.0.git(&day.0.remote, &["log", "--format=%s", CHANNEL]);
    assert_eq!(commits.lines().count(), 4, "{commits}");
}

#[test]
fn what_both_sides_changed_is_shown_and_settled_and_what_nobody_understands_is_told() {
    let day = Day(Pair::new());
    let (code, desktop) = (day.code(), day.desktop());
    day.ps_sync(desktop, &["init", "--as", "Desktop"]).ok();
    day.ps_sync(code, &["init"]).ok();
    write(desktop.join(PROGRESS), "1\n2\n3\n");
    day.ps_sync(desktop, &["push"]).ok();
    day.ps_sync(code, &["pull"]).ok();
    write(desktop.join(PROGRESS), "1\ntheirs\n3\n");
    write(code.join(PROGRESS), "1\nours\n3\n");
    day.ps_sync(desktop, &["push"]).ok();

    let theirs = format!("{PROGRESS}.theirs");
    let refused = day.ps_sync(code, &["push"]);
    assert_ne!(refused.code, 0, "an unread change of the same file is not gone over");
    assert!(refused.stderr.contains("hint: "), "{}", refused.stderr);
    let pulled = day.ps_sync(code, &["pull"]);
    assert_eq!(pulled.code, 3, "{}{}", pulled.stdout, pulled.stderr);
    let line = format!("  CONFLICT {PROGRESS}; yours is as it was, theirs is {theirs}\n");
    assert!(pulled.stdout.contains(&line), "{}", pulled.stdout);
    assert_eq!(
        (read(code.join(PROGRESS)), read(code.join(&theirs))),
        (b"1\nours\n3\n".into(), b"1\ntheirs\n3\n".into())
    );
    let status = day.ps_sync(code, &["status"]).ok().stdout;
    assert!(status.contains(&format!("\nCONFLICT: {PROGRESS}; theirs is {theirs}\n")), "{status}");
    assert!(status.contains(&format!("\nnext: craft beacon diff {PROGRESS}\n")), "{status}");
    assert_eq!(day.waits(code), 3);
    // Files are named as they are seen from the folder.
    let folder = code.join(".claude/planning");
    let diff = day.ps_sync(&folder, &["diff", "promptsync-progress.md"]).ok().stdout;
    assert!(diff.contains("ours\n") && diff.contains("theirs\n"), "{diff}");
    assert_eq!(day.ps_sync(&folder, &["resolve", "promptsync-progress.md"]).code, 2, "nobody has said how");
    day.ps_sync(&folder, &["resolve", "promptsync-progress.md", "--theirs"]).ok();
    assert_eq!(read(code.join(PROGRESS)), b"1\ntheirs\n3\n");
    assert!(!code.join(&theirs).exists());
    assert_eq!(day.waits(code), 0);

    let tree = day.0.git(&day.0.remote, &["mktree"]);
    let end = day.0.git(&day.0.remote, &["commit-tree", &tree, "-p", CHANNEL, "-m", "not ours"]);
    day.0.git(&day.0.remote, &["update-ref", CHANNEL, &end]);
    let status = day.ps_sync(code, &["status"]).ok().stdout;
    assert!(status.starts_with("IDLE\n") && status.contains("\nHELD: a message ("), "{status}");
}

#[test]
fn the_seeds_watch_takes_in_what_waits_and_another_channel_leaves_the_manifest_alone() {
    let day = Day(Pair::new());
    let (code, desktop) = (day.code(), day.desktop());
    day.ps_sync(desktop, &["init", "--as", "Desktop"]).ok();
    day.ps_sync(code, &["init"]).ok();
    write(desktop.join(PROGRESS), "1\n");
    day.ps_sync(desktop, &["push"]).ok();
    let looked = day.ps_sync(code, &["watch", "--once"]).ok().stdout;
    assert!(looked.contains("took in 1 file from "), "{looked}");
    assert_eq!(read(code.join(PROGRESS)), b"1\n");
    day.ps_sync(code, &["watch", "--pull", "--once"]).ok();

    let known = day.manifest(code);
    write(desktop.join(ACT), "other\n");
    day.ps_sync(desktop, &["push", "--channel", "other", ACT]).ok();
    day.ps_sync(code, &["pull", "--channel", "other"]).ok();
    assert_eq!(read(code.join(ACT)), b"other\n");
    assert_eq!(day.manifest(code), known);
    day.ps_sync(desktop, &["status"]).ok();
    assert_eq!(day.manifest(desktop), known);
}
