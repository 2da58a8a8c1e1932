//! Which issue is the bell's, where GitHub does not say who the token is, clocks were wrong, or the token sees less.

use std::sync::Mutex;

use claude_craft::ops::beacon::bell;
use serde_json::{Value, json};

use crate::common::github::{NOW, Stage, ok};
use crate::common::weather::{Asked, Fault, Reply};
use crate::common::{Weather, script};

const LIST: &str = "/repos/ann/plans/issues";
const HOUR: u64 = 3_600_000;

/// A GitHub that keeps issues, and answers a program's token as it does: it may not ask who it is.
fn with_programs_token() -> Weather {
    let issues = Mutex::new(Vec::<Value>::new());
    Weather::of(move |asked| {
        let mut issues = issues.lock().unwrap();
        let sent = serde_json::from_slice::<Value>(&asked.body).unwrap_or_default();
        let path = asked.target.split('?').next().unwrap_or_default();
        if path == "/user" {
            return Reply::new(403, r#"{"message":"Resource not accessible by integration"}"#);
        }
        if path == LIST && asked.method == "POST" {
            let number = issues.len() + 1;
            let labels: Vec<_> = sent["labels"].as_array().unwrap().iter().map(|l| json!({"name": l})).collect();
            issues.push(json!({
                "number": number, "title": sent["title"], "body": sent["body"], "state": "open", "locked": false,
                "html_url": format!("https://github.example/ann/plans/issues/{number}"), "labels": labels,
                "user": {"login": "planner[bot]"},
            }));
            return Reply::new(201, issues[number - 1].to_string());
        }
        if path == LIST {
            return ok(&json!(*issues));
        }
        let number: Option<usize> = path.strip_prefix(&format!("{LIST}/")).and_then(|n| n.parse().ok());
        match number.and_then(|n| issues.get_mut(n - 1)) {
            Some(issue) => {
                for (name, value) in sent.as_object().into_iter().flatten() {
                    issue[name] = value.clone();
                }
                ok(issue)
            }
            None => Reply::new(404, r#"{"message":"Not Found"}"#),
        }
    })
}

fn ring(stage: &Stage, now: u64) -> Vec<String> {
    stage.ring(now, &stage.tip(None, &["a.md"]))
}

fn made(weather: &Weather) -> usize {
    weather.asked().iter().filter(|a: &&Asked| a.method == "POST").count()
}

#[test]
fn a_token_that_may_not_ask_who_it_is_makes_one_issue_though_the_answer_was_lost() {
    let weather = with_programs_token();
    let stage = Stage::at(&weather.url(), "ann/plans");
    weather.next(1, "POST", LIST, Fault::CutAfter);
    let remarks = ring(&stage, NOW);
    assert!(remarks.len() == 1 && remarks[0].starts_with("the bell was not rung"), "{remarks:?}");
    assert_eq!(ring(&stage, NOW + 1_000), [""; 0]);
    // Long after it is still known whose it is.
    assert_eq!(ring(&stage, NOW + HOUR), [""; 0]);
    assert_eq!(made(&weather), 1);
    assert_eq!(
        (&stage.kept()["login"], &stage.kept()["channels"]["main"]["number"]),
        (&json!("planner[bot]"), &json!(1))
    );
    // Elsewhere nobody knows, and nothing is made beside it until somebody says so.
    let elsewhere = Stage::at(&weather.url(), "ann/plans");
    let said = ring(&elsewhere, NOW + HOUR).join("\n");
    insta::assert_snapshot!(said, @r"
    ann/plans#1 looks like the beacon's issue, but planner[bot] made it; if that is right, add planner[bot] to `beacon.github.logins`
    the bell was not rung: ann/plans: nobody knows who this token is, so none of them is taken; add the login that makes the beacon's issues to `beacon.github.logins`
    ");
    let logins = json!({"enabled": true, "repository": "ann/plans", "api": weather.url(), "logins": ["planner[bot]"]});
    elsewhere.env.configure(json!({"beacon": {"github": logins}}));
    assert_eq!(ring(&elsewhere, NOW + HOUR), [""; 0]);
    assert_eq!(made(&weather), 0);
}

#[test]
fn a_name_that_only_ssh_knows_is_the_host_it_stands_for() {
    let stage = Stage::at("", "");
    stage.env.configure(json!({"beacon": {"github": {"api": null, "repository": null}}}));
    stage.env.unset("GH_ENTERPRISE_TOKEN");
    let bin = stage.env.path("bin");
    script(bin.join("ssh"), r#"[ "$1 $2" = "-G github.com-work" ] && echo user git && echo hostname GitHub.com"#);
    stage.env.set("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()));
    stage.env.git(&stage.repo, &["remote", "add", "origin", "git@github.com-work:ann/plans.git"]);
    let asked = |url: &str| {
        stage.env.git(&stage.repo, &["remote", "set-url", "origin", url]);
        let ctx = stage.ctx();
        bell::hear(&ctx, &stage.place(&ctx)).unwrap_err().message
    };
    assert_eq!(asked("git@github.com-work:ann/plans.git"), "there is no token for github.com");
    assert_eq!(asked("ssh://git@github.com-work:22/ann/plans"), "there is no token for github.com");
    // The web knows no such names.
    assert_eq!(asked("https://github.com-work/ann/plans"), "there is no token for github.com-work");
    assert_eq!(asked("git@unknown:ann/plans"), "there is no token for unknown");
}

#[test]
fn a_clock_that_was_ahead_when_the_issue_was_made_does_not_silence_the_bell_until_then() {
    let (weather, year) = (with_programs_token(), 365 * 24 * HOUR);
    let stage = Stage::at(&weather.url(), "ann/plans");
    // Whether it was made or not.
    weather.next(1, "POST", LIST, Fault::CutBefore);
    assert_eq!(ring(&stage, NOW + year).len(), 1);
    assert!(ring(&stage, NOW)[0].contains("nobody knows yet"));
    assert_eq!(ring(&stage, NOW + 121_000), [""; 0]);
    assert_eq!(made(&weather), 2);
}

#[test]
fn a_token_that_sees_nothing_any_more_does_not_forget_which_issue_it_was() {
    let weather = with_programs_token();
    let stage = Stage::at(&weather.url(), "ann/plans");
    assert_eq!(ring(&stage, NOW), [""; 0]);
    let before = stage.kept();
    let gone = || Fault::Answer(Reply::new(404, r#"{"message":"Not Found"}"#));
    weather.next(1, "GET", &format!("{LIST}/1"), gone());
    weather.next(1, "GET", &format!("{LIST}?"), gone());
    let ctx = stage.ctx();
    let error = bell::set_up(&ctx, &stage.place(&ctx)).unwrap_err();
    assert!(error.message.contains("none that this token may see"), "{error}");
    assert_eq!(stage.kept()["channels"], before["channels"]);
    assert_eq!(bell::set_up(&ctx, &stage.place(&ctx)).unwrap().number, 1);
    assert_eq!(made(&weather), 1);
}
