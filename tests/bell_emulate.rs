//! The bell at a stateful GitHub that nobody here wrote. `scripts/emulate.sh` runs these; without it they are skipped.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use claude_craft::beacon::bell::{self as text, TITLE};
use claude_craft::beacon::block::{Block, template};
use claude_craft::env::Env;
use claude_craft::http::{Method, Request, Transport as _, Ureq};
use claude_craft::ops::beacon::bell::{self, Heard};
use claude_craft::ops::beacon::chain::Tip;
use claude_craft::ops::error::{Kind, OpError};
use serde_json::{Value, json};

use crate::common::github::{Emulate, NOW, Stage, TOKEN, waiting};
use crate::common::weather::{Asked, Fault, Reply};
use crate::common::{TestEnv, Weather, script};

/// Long enough that nothing can be under way any more.
const LATER: u64 = NOW + 180_000;

fn ring(stage: &Stage, tip: &Tip) -> Vec<String> {
    stage.ring(NOW, tip)
}

fn hear(stage: &Stage) -> Result<Option<Heard>, OpError> {
    let ctx = stage.ctx();
    bell::hear(&ctx, &stage.place(&ctx))
}

fn set_up(stage: &Stage) -> Result<Heard, OpError> {
    let ctx = stage.ctx();
    bell::set_up(&ctx, &stage.place(&ctx))
}

fn body(issue: &Value) -> String {
    issue["body"].as_str().unwrap_or_else(|| panic!("{issue}")).to_owned()
}

fn writes(weather: &Weather) -> usize {
    weather.asked().iter().filter(|a| a.writes()).count()
}

/// What `gh` reads, a program that is not ours (`CRAFT_TEST_GH`, else the one that is installed); `None` where there is
/// none, which is said.
fn witness(env: &TestEnv, weather: &Weather, path: &str) -> Option<Value> {
    let gh = std::env::var_os("CRAFT_TEST_GH").unwrap_or_else(|| "gh".into());
    if !env.command(&gh, env.root()).arg("--version").output().is_ok_and(|o| o.status.success()) {
        eprintln!("SKIPPED: gh is not installed, so nobody else reads back {path}");
        return None;
    }
    let mut command = env.command(&gh, env.root());
    // gh takes this host for one without TLS; the proxy carries it to the port.
    command.env("GH_HOST", "github.localhost").env("GH_TOKEN", TOKEN).env_remove("GH_ENTERPRISE_TOKEN");
    command.env("HTTP_PROXY", weather.url()).args(["api", path]);
    Some(serde_json::from_str(&env.run(command, b"").ok().stdout).unwrap())
}

#[test]
#[ignore = "scripts/emulate.sh"]
fn the_issue_is_made_rung_heard_and_set_back_to_the_seeds_words() {
    let folder = TestEnv::new();
    let (weather, emulate) = Emulate::start(folder.root(), &["plans"]);
    let stage = Stage::at(&weather.url(), "ann/plans");
    let made = set_up(&stage).unwrap();
    assert_eq!((made.number, made.seq, made.remarks.as_slice()), (1, Some(0), [].as_slice()));
    let issue = emulate.issues("plans").remove(0);
    assert_eq!((issue["title"].as_str(), issue["state"].as_str()), (Some(TITLE), Some("open")));
    assert_eq!([&issue["labels"][0]["name"], &issue["labels"][1]["name"]], ["perma-ticket", "sync-system"]);
    let idle = Block::default().render();
    assert!(body(&issue).starts_with(&format!("{idle}<!-- craft:beacon {{")), "{}", body(&issue));
    assert!(body(&issue).ends_with(template().strip_prefix(&idle).unwrap()));
    assert_eq!(set_up(&stage).unwrap().number, 1, "a second call makes no second one");

    let one = stage.tip(None, &["act 2.md", "--> <b>.md"]);
    assert_eq!(ring(&stage, &one), [] as [&str; 0]);
    let rung = body(&emulate.issues("plans")[0]);
    assert!(rung.starts_with(&waiting(&["act 2.md", "--> <b>.md"])), "{rung}");
    let machine = text::parse(&rung).machine.unwrap();
    assert_eq!((machine.seq, machine.commit.as_str(), machine.files.len()), (1, one.commit.as_str(), 2));

    // The other side, which knows of nothing, finds it.
    let other = Stage::at(&weather.url(), "ann/plans");
    let heard = hear(&other).unwrap().unwrap();
    assert_eq!((heard.number, heard.seq, heard.changed), (1, Some(1), true));
    assert!(heard.remarks.is_empty(), "{:?}", heard.remarks);
    weather.etags(true);
    assert!(!hear(&other).unwrap().unwrap().changed);
    weather.asked();
    assert!(!hear(&other).unwrap().unwrap().changed);
    let asked = weather.asked();
    assert!(asked.len() == 1 && asked[0].header("if-none-match").is_some(), "{asked:?}");

    // All is taken in: the seed's template again. A second time nothing is asked at all.
    let done = stage.tip(Some(&one), &[]);
    stage.env.git(&stage.repo, &["update-ref", "refs/heads/end", &done.commit]);
    other.env.git(&other.repo, &["fetch", "-q", stage.repo.to_str().unwrap(), "end"]);
    assert_eq!(ring(&other, &done), [] as [&str; 0]);
    assert!(body(&emulate.issues("plans")[0]).starts_with(&idle));
    assert_eq!(writes(&weather), 1);
    assert_eq!(ring(&other, &done), [] as [&str; 0]);
    assert!(weather.asked().is_empty());
    // This side has it from elsewhere: it looks, and has nothing to write.
    assert_eq!(ring(&stage, &done), [] as [&str; 0]);
    assert_eq!(writes(&weather), 0);
    if let Some(seen) = witness(&stage.env, &weather, "repos/ann/plans/issues/1") {
        assert_eq!((body(&seen), seen["title"].as_str()), (body(&emulate.issues("plans")[0]), Some(TITLE)));
    }
    assert_eq!(stage.journal().iter().filter(|l| l["operation"] == "upsert-internal").count(), 2);
}

/// In a process of its own, whose fail point kills it: rings for the first message.
fn be_killed(repo: &Path) {
    let env = Env::from_process();
    let ctx = claude_craft::context::Context::new(env).unwrap();
    let at = claude_craft::locate::locate(repo).unwrap();
    let config = claude_craft::config::policy::config_at(&ctx.layout, &at).unwrap();
    let place = claude_craft::ops::beacon::Place {
        at,
        config,
        identity: claude_craft::state::beacon::Identity::default(),
        channel: claude_craft::beacon::name::Name::parse("main").unwrap(),
        trigger: claude_craft::queue::Trigger::Manual,
        unattended: false,
    };
    let _ = bell::set_up(&ctx, &place);
}

#[test]
#[ignore = "scripts/emulate.sh"]
fn whatever_becomes_of_the_call_there_is_one_issue_in_the_end() {
    const ME: &str = "bell_emulate::whatever_becomes_of_the_call_there_is_one_issue_in_the_end";
    if let Some(repo) = std::env::var_os("CRAFT_TEST_BELL_REPO") {
        return be_killed(Path::new(&repo));
    }
    let named = |status: u16| Reply::new(status, r#"{"message":"no"}"#);
    // What happens to the call, whether it was surely not done, and whether the issue is there afterwards.
    let faults: [(Fault, bool, bool); 11] = [
        (Fault::CutAfter, false, true),
        (Fault::CutAfter, false, true),
        (Fault::Instead(Reply::new(201, "{\"number\":")), false, true),
        (Fault::Instead(Reply::new(201, "{}")), false, true),
        (Fault::Instead(named(502)), false, true),
        (Fault::Slow(Duration::from_secs(4)), false, true),
        (Fault::CutBefore, false, false),
        (Fault::Answer(named(500)), false, false),
        (Fault::Answer(named(422)), true, false),
        (Fault::Answer(named(412)), true, false),
        (Fault::Answer(named(403).with("retry-after", 60)), true, false),
    ];
    let points = ["beacon-bell-intended", "beacon-bell-made"];
    let repos: Vec<_> = (0..faults.len() + points.len()).map(|n| format!("plans{n}")).collect();
    let folder = TestEnv::new();
    let (weather, emulate) = Emulate::start(folder.root(), &repos.iter().map(String::as_str).collect::<Vec<_>>());
    let ends_with_one = |stage: &Stage, repo: &str, tip: &Tip| {
        assert_eq!(stage.ring(LATER, tip), [] as [&str; 0], "{repo}");
        let issues = emulate.issues(repo);
        assert_eq!(issues.len(), 1, "{repo}: {issues:#?}");
        assert_eq!(text::parse(&body(&issues[0])).machine.unwrap().commit, tip.commit);
        assert_eq!(stage.kept()["channels"]["main"]["intent"], Value::Null);
    };
    for (repo, (fault, surely_not, is_there)) in repos.iter().zip(faults) {
        let stage = Stage::at(&weather.url(), &format!("ann/{repo}"));
        stage.env.configure(json!({"limits": {"networkSeconds": 2}}));
        let tip = stage.tip(None, &["a.md"]);
        weather.clear();
        weather.next(1, "POST", "/issues", fault.clone());
        let remarks = ring(&stage, &tip);
        assert!(remarks.len() == 1 && remarks[0].starts_with("the bell was not rung: "), "{remarks:?}");
        assert_eq!(stage.kept()["channels"]["main"]["intent"].is_null(), surely_not, "{fault:?}");
        if matches!(fault, Fault::Slow(_)) {
            // The answer that nobody waited for.
            while emulate.issues(repo).is_empty() {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        stage.env.configure(json!({"limits": {"networkSeconds": 20}}));
        if *repo == repos[0] {
            // Labels are dropped without a word where a token may set none.
            emulate.ask(TOKEN, "PATCH", &format!("/repos/ann/{repo}/issues/1"), &json!({"labels": []}));
        }
        weather.asked();
        let again = stage.ring(NOW + 1000, &tip);
        let posts = weather.asked().iter().filter(|a| a.method == "POST").count();
        // It is not made again while the first call may still be under way.
        match (surely_not, is_there) {
            (false, true) => assert_eq!((again.len(), posts), (0, 0), "{fault:?}: {again:?}"),
            (false, false) => assert!(posts == 0 && again[0].contains("nobody knows yet"), "{fault:?}: {again:?}"),
            (true, _) => assert!(posts <= 1, "{fault:?}"),
        }
        ends_with_one(&stage, repo, &tip);
        ends_with_one(&stage, repo, &stage.tip(Some(&tip), &["b.md"]));
    }
    weather.clear();

    // Killed between the steps. The list of the steps is checked against what is passed.
    let trace = |stage: &Stage, at: &str| {
        let mut command: Command = stage.env.command(std::env::current_exe().unwrap(), &stage.repo);
        command.args(["--ignored", "--exact", ME]).env("CRAFT_TEST_BELL_REPO", &stage.repo);
        command.env("CRAFT_INTERNAL__KILL_AT", at).env("CRAFT_INTERNAL__NOW_MS", NOW.to_string());
        stage.env.run(command, b"")
    };
    for (repo, point) in repos[repos.len() - points.len()..].iter().zip(points) {
        let stage = Stage::at(&weather.url(), &format!("ann/{repo}"));
        let ran = trace(&stage, point);
        assert_eq!(ran.code, 128 + 9, "{point}: {}{}", ran.stdout, ran.stderr);
        let made = usize::from(point == "beacon-bell-made");
        assert_eq!(emulate.issues(repo).len(), made);
        ends_with_one(&stage, repo, &stage.tip(None, &["a.md"]));
    }
    let stage = Stage::at(&weather.url(), "ann/none-such");
    let log = stage.env.path("steps");
    trace(&stage, log.to_str().unwrap());
    let steps = std::fs::read_to_string(log).unwrap_or_default();
    assert!(steps.is_empty(), "a repository that is not there is found out by reading: {steps}");
    let stage = Stage::at(&weather.url(), &format!("ann/{}", repos[0]));
    // Its issue is taken away from it, so that it has to make one.
    emulate.ask(TOKEN, "PATCH", &format!("/repos/ann/{}/issues/1", repos[0]), &json!({"labels": []}));
    let log = stage.env.path("steps");
    trace(&stage, log.to_str().unwrap()).ok();
    assert_eq!(std::fs::read_to_string(log).unwrap().lines().collect::<Vec<_>>(), points, "every step is killed at");
    let sources = include_str!("../src/ops/beacon/bell.rs").to_owned() + include_str!("../src/ops/beacon/bell/find.rs");
    assert_eq!(sources.matches("fail_point(").count(), points.len(), "every step is passed");
}

#[test]
#[ignore = "scripts/emulate.sh"]
fn what_people_do_to_the_issue_is_noticed_said_once_and_put_right_where_granted() {
    let folder = TestEnv::new();
    let (weather, emulate) = Emulate::start(folder.root(), &["plans"]);
    let stage = Stage::at(&weather.url(), "ann/plans");
    set_up(&stage).unwrap();
    let issue = "/repos/ann/plans/issues/1";
    let by_hand = |change: Value| emulate.ask(TOKEN, "PATCH", issue, &change);
    let now = || emulate.issues("plans").remove(0);

    // Closed, and closing is not ours to take back; then it is.
    by_hand(json!({"state": "closed"}));
    stage.env.configure(json!({"permissions": {"github": {"overrides": {"close": false}}}}));
    let heard = hear(&stage).unwrap().unwrap();
    insta::assert_snapshot!(heard.remarks.join("\n"), @"ann/plans#1 is closed; it is opened again at the next ring where `craft permissions set github close internal` allows it");
    assert!(hear(&stage).unwrap().unwrap().remarks.is_empty(), "said once");
    let one = stage.tip(None, &["a.md"]);
    let remarks = ring(&stage, &one);
    insta::assert_snapshot!(remarks.join("\n"), @"ann/plans#1 is closed; `craft permissions set github close internal` allows it, and it is opened at the next ring");
    assert_eq!(now()["state"], "closed");
    let denied = stage.journal().into_iter().filter(|l| l["result"] == "denied").count();
    assert_eq!(denied, 1);
    stage.env.configure(json!({"permissions": {"github": {"overrides": {"close": "internal"}}}}));
    let two = stage.tip(Some(&one), &["b.md"]);
    assert_eq!(ring(&stage, &two), ["ann/plans#1 was closed, and is open again"]);
    assert_eq!(now()["state"], "open");
    assert!(text::parse(&body(&now())).machine.is_some_and(|m| m.seq == 2));

    // Title and labels come back; labels of others stay.
    by_hand(json!({"title": "x", "labels": ["sync-system", "theirs"]}));
    let three = stage.tip(Some(&two), &["c.md"]);
    assert_eq!(ring(&stage, &three), [] as [&str; 0]);
    assert_eq!(now()["title"], TITLE);
    let labels: Vec<_> = now()["labels"].as_array().unwrap().iter().map(|l| l["name"].clone()).collect();
    assert_eq!(labels.len(), 3, "{labels:?}");

    // Edited by hand: understood, said once, overwritten by the next message.
    by_hand(json!({"body": body(&now()).replace("LAST_UPDATE: Session 3", "LAST_UPDATE: mine").replace('\n', "\r\n")}));
    let heard = hear(&stage).unwrap().unwrap();
    assert_eq!((heard.seq, heard.changed), (Some(3), true));
    assert_eq!(heard.remarks, ["ann/plans#1 was edited by hand; the next ring overwrites that"]);
    let four = stage.tip(Some(&three), &["d.md"]);
    assert_eq!(ring(&stage, &four), [] as [&str; 0], "it was said already");
    assert!(body(&now()).starts_with(&waiting(&["d.md"])));

    // The seed's own way: rung by hand, without a line for machines. Taking in what there was does not silence it.
    let seed = format!("{}\nwords", waiting(&["by-hand.md"]));
    by_hand(json!({"body": seed}));
    let done = stage.tip(Some(&four), &[]);
    let remarks = ring(&stage, &done);
    assert_eq!(
        remarks,
        ["ann/plans#1 says by hand that something waits, and not what; it stays until the next message"]
    );
    assert_eq!(body(&now()), seed);
    let five = stage.tip(Some(&done), &["e.md"]);
    assert_eq!(ring(&stage, &five), [] as [&str; 0]);
    assert!(body(&now()).starts_with(&waiting(&["e.md"])));

    // A newer text is never overwritten by an older one.
    let later = stage.tip(Some(&five), &["f.md"]);
    let other = Stage::at(&weather.url(), "ann/plans");
    assert_eq!(ring(&other, &other.tip(Some(&later), &["g.md"])), [] as [&str; 0]);
    let text = body(&now());
    let receipt = stage.tip(Some(&five), &[]);
    weather.asked();
    let remarks = ring(&stage, &receipt);
    assert!(remarks[0].contains("tells of message 7 and the channel here of 5; it stays"), "{remarks:?}");
    assert_eq!((writes(&weather), body(&now())), (0, text));

    // Locked.
    emulate.ask(TOKEN, "PUT", &format!("{issue}/lock"), &json!({"lock_reason": "resolved"}));
    if now()["locked"] == true {
        let heard = hear(&stage).unwrap().unwrap();
        assert_eq!(heard.remarks, ["ann/plans#1 is locked; unlock it on GitHub"]);
    } else {
        eprintln!("SKIPPED: emulate locks no issues");
    }
    weather.next(1, "PATCH", issue, Fault::Answer(Reply::new(403, r#"{"message":"This issue is locked"}"#)));
    let remarks = ring(&stage, &stage.tip(Some(&stage.tip(Some(&later), &["g.md"])), &["h.md"]));
    assert!(remarks.last().unwrap().contains("it is locked; unlock it on GitHub"), "{remarks:?}");
}

#[test]
#[ignore = "scripts/emulate.sh"]
fn of_several_the_oldest_of_ours_counts_and_strangers_issues_are_named_and_not_taken() {
    let folder = TestEnv::new();
    let (weather, emulate) = Emulate::start(folder.root(), &["plans", "seed"]);
    let stage = Stage::at(&weather.url(), "ann/plans");
    let labels = json!(["perma-ticket", "sync-system"]);
    let line = "<!-- craft:beacon {\"version\":1,\"channel\":\"main\",\"seq\":0} -->\n";
    let make = |token: &str, repo: &str, title: &str, body: &str| {
        let draft = json!({"title": title, "body": body, "labels": labels});
        emulate.ask(token, "POST", &format!("/repos/ann/{repo}/issues"), &draft)
    };
    make("bobs", "plans", TITLE, line);
    make(TOKEN, "plans", "another channel", &line.replace("main", "other"));
    make(TOKEN, "plans", "no beacon at all", "");
    let heard = hear(&stage).unwrap();
    assert_eq!(heard, None, "bob's is not taken");
    let made = set_up(&stage).unwrap();
    assert_eq!(made.number, 4);
    insta::assert_snapshot!(made.remarks[0], @"ann/plans#1 looks like the beacon's issue, but bob made it; if that is right, add bob to `beacon.github.logins`");
    // With bob's login his is the oldest; both are named.
    let other = Stage::at(&weather.url(), "ann/plans");
    other.env.configure(json!({"beacon": {"github": {"logins": ["BOB"]}}}));
    let heard = hear(&other).unwrap().unwrap();
    assert_eq!(heard.number, 1);
    assert_eq!(heard.remarks[0], "#1, #4 of ann/plans are all the beacon's; the oldest counts, close the others");

    // One that a person made after the seed document is taken over.
    make(TOKEN, "seed", TITLE, &template());
    let stage = Stage::at(&weather.url(), "ann/seed");
    weather.asked();
    assert_eq!(ring(&stage, &stage.tip(None, &["a.md"])), ["ann/seed#1 was edited by hand, which is overwritten"]);
    let asked = weather.asked();
    assert_eq!(asked.iter().filter(|a| a.writes()).map(|a| a.method.as_str()).collect::<Vec<_>>(), ["PATCH"]);
    assert_eq!(emulate.issues("seed").len(), 1);
}

#[test]
#[ignore = "scripts/emulate.sh"]
fn each_operation_that_is_denied_is_not_done_and_is_one_line_in_the_journal() {
    let folder = TestEnv::new();
    let (weather, emulate) = Emulate::start(folder.root(), &["plans"]);
    let first = Stage::at(&weather.url(), "ann/plans");
    set_up(&first).unwrap();
    for (operation, allowed_writes) in [("read", 0), ("upsert-internal", 0), ("close", 1)] {
        emulate.ask(TOKEN, "PATCH", "/repos/ann/plans/issues/1", &json!({"state": "closed"}));
        let stage = Stage::at(&weather.url(), "ann/plans");
        stage.env.configure(
            json!({"permissions": {"github": {"preset": "bidirectional", "overrides": {operation: false}}}}),
        );
        let tip = stage.tip(None, &[&format!("{operation}.md")]);
        weather.asked();
        let remarks = ring(&stage, &tip);
        let asked = weather.asked();
        assert_eq!(asked.iter().filter(|a| Asked::writes(a)).count(), allowed_writes, "{operation}: {asked:#?}");
        assert!(operation != "read" || asked.is_empty());
        let opened = |a: &Asked| String::from_utf8_lossy(&a.body).contains("\"state\"");
        assert!(!asked.iter().any(opened), "{operation}");
        let grant = format!("`craft permissions set github {operation} internal` allows it");
        assert!(remarks.len() == 1 && remarks[0].contains(&grant), "{operation}: {remarks:?}");
        let denied: Vec<_> = stage.journal().into_iter().filter(|l| l["result"] == "denied").collect();
        assert_eq!(denied.len(), 1, "{operation}: {denied:#?}");
        assert_eq!(denied[0]["operation"], operation);
        if operation != "close" {
            let error = set_up(&stage);
            let denied = error.as_ref().is_err_and(|e| e.kind == Kind::Gate);
            assert!(denied || operation == "upsert-internal" && error.is_ok(), "{error:?}");
        }
        assert_eq!(stage.files_with(TOKEN).len(), 0);
    }
    assert_eq!(emulate.issues("plans").len(), 1);
}

#[test]
#[ignore = "scripts/emulate.sh"]
fn tls_believes_whom_the_system_believes_and_nobody_else() {
    const ME: &str = "bell_emulate::tls_believes_whom_the_system_believes_and_nobody_else";
    if let Some(url) = std::env::var_os("CRAFT_TEST_BELL_TLS") {
        let url = url.into_string().unwrap();
        let request = Request { method: Method::Get, url, headers: Vec::new(), body: None };
        let ended = Ureq::new(&Env::default()).send(&request, Duration::from_secs(20));
        return eprintln!("ENDED {:?} END", ended.map(|a| String::from_utf8(a.body).unwrap()));
    }
    let env = TestEnv::new();
    let run = |line: &str| {
        let mut command = env.command("sh", env.root());
        command.args(["-c", line]);
        env.run(command, b"")
    };
    if run("openssl version").code != 0 {
        return eprintln!("SKIPPED: openssl is not installed, so there is no certificate to try TLS with");
    }
    run("openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=ca &&
         openssl req -newkey rsa:2048 -nodes -keyout key.pem -out leaf.csr -subj /CN=localhost &&
         echo 'subjectAltName=DNS:localhost' >ext &&
         openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 29 -extfile ext")
    .ok();
    let mut command = Command::new("node");
    command.current_dir(env.root()).stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    let mut child = command
        .args([
            "-e",
            "const fs = require('fs');
             require('https').createServer({key: fs.readFileSync('key.pem'), cert: fs.readFileSync('cert.pem')},
                 (q, r) => r.end('over TLS')).listen(0, '127.0.0.1', function () { console.log(this.address().port) })",
        ])
        .spawn()
        .unwrap();
    let mut port = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut port).unwrap();
    let ask = |roots: Option<&str>, host: &str| {
        let mut command = env.command(std::env::current_exe().unwrap(), env.root());
        command.args(["--ignored", "--nocapture", "--exact", ME]);
        command.env("CRAFT_TEST_BELL_TLS", format!("https://{host}:{}/", port.trim()));
        command.envs(roots.map(|r| ("SSL_CERT_FILE", env.path(r))));
        env.run(command, b"").ok().stderr
    };
    let (right, stranger, other_name) =
        (ask(Some("ca.pem"), "localhost"), ask(None, "localhost"), ask(Some("ca.pem"), "127.0.0.1"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(right.contains("ENDED Ok(\"over TLS\")"), "{right}");
    for (what, said) in [("stranger", stranger), ("another name", other_name)] {
        assert!(said.contains("ENDED Err(NotSent(") && said.contains("certificate"), "{what}: {said}");
    }
}

#[test]
#[ignore = "scripts/emulate.sh"]
fn a_gh_on_the_path_gives_the_token_that_is_sent() {
    let folder = TestEnv::new();
    let (weather, _emulate) = Emulate::start(folder.root(), &["plans"]);
    let stage = Stage::at(&weather.url(), "ann/plans");
    stage.env.unset("GH_ENTERPRISE_TOKEN");
    script(stage.env.path("bin/gh"), &format!("echo {TOKEN}"));
    stage.env.set("PATH", format!("{}:/usr/bin:/bin", stage.env.path("bin").display()));
    assert_eq!(set_up(&stage).unwrap().number, 1);
    assert!(weather.asked().iter().all(|a| a.header("authorization") == Some(&format!("Bearer {TOKEN}"))));
}
