//! The bell and what carries it, against answers that are made up: limits, redirects, lost connections, credentials.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use claude_craft::env::Env;
use claude_craft::http::{HttpError, Method, Request, Transport as _, Ureq};
use claude_craft::ops::beacon::bell;
use claude_craft::ops::credentials::{self, Host};
use claude_craft::ops::error::{Kind, OpError};
use serde_json::{Value, json};

use crate::common::github::{ISSUE, NOW, Stage, TOKEN, issue, ok, one_issue};
use crate::common::weather::{Asked, Fault, Reply};
use crate::common::{Weather, script, write};

/// A stage at that server whose bell has been heard once.
fn known(weather: &Weather) -> Stage {
    let stage = Stage::at(&weather.url(), "ann/plans");
    let ctx = stage.ctx();
    assert_eq!(bell::hear(&ctx, &stage.place(&ctx)).unwrap().unwrap().number, 7);
    weather.asked();
    stage
}

fn hear(stage: &Stage, now: u64) -> Result<Option<bell::Heard>, OpError> {
    let ctx = stage.ctx_at(now);
    bell::hear(&ctx, &stage.place(&ctx))
}

fn ring(stage: &Stage, now: u64, tip: &claude_craft::ops::beacon::chain::Tip) -> Vec<String> {
    stage.ring(now, tip)
}

fn get(url: &str) -> Request {
    Request { method: Method::Get, url: url.into(), headers: Vec::new(), body: None }
}

#[test]
fn what_was_surely_not_sent_is_told_from_what_may_have_been_done() {
    let web = Ureq::new(&Env::default());
    let patience = Duration::from_secs(20);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = web.send(&get(&format!("http://{closed}/")), patience);
    assert!(matches!(refused, Err(HttpError::NotSent(_))), "{refused:?}");

    // It reads the request, and goes.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 64]);
        }
    });
    let post = Request { method: Method::Post, body: Some(b"{}".to_vec()), ..get(&format!("http://{there}/")) };
    let cut = web.send(&post, patience);
    assert!(matches!(cut, Err(HttpError::Unknown(_))), "{cut:?}");
    // No TLS is spoken there, so nothing of the request went out.
    let tls = web.send(&get(&format!("https://{there}/")), patience);
    assert!(matches!(tls, Err(HttpError::NotSent(_))), "{tls:?}");

    for (url, proxy) in [
        ("http://192.0.2.1/", ""),
        ("ftp://127.0.0.1/", ""),
        ("no address", ""),
        ("https://192.0.2.1/", "socks5://127.0.0.1:1"),
        ("https://192.0.2.1/", "http://user:pass word@"),
    ] {
        let web = Ureq::new(&Env::from_pairs([("https_proxy", proxy)]));
        let answer = web.send(&get(url), patience);
        let Err(HttpError::Refused(why)) = answer else { panic!("{url}: {answer:?}") };
        assert!(!why.contains("pass word"), "{why}");
    }
    // A proxy that does not connect: nothing was sent to the host behind it.
    let weather = Weather::of(|_| Reply::new(502, ""));
    let web = Ureq::new(&Env::from_pairs([("HTTPS_PROXY", weather.url())]));
    let behind = web.send(&get("https://192.0.2.1/secret"), patience);
    assert!(matches!(behind, Err(HttpError::NotSent(_))), "{behind:?}");
    assert_eq!(weather.asked().iter().map(|a| a.method.as_str()).collect::<Vec<_>>(), ["CONNECT"]);
}

/// Few bytes that unpack to many.
fn bomb() -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&vec![b' '; 64 << 20]).unwrap();
    packed.finish().unwrap()
}

#[test]
fn an_answer_that_comes_byte_by_byte_has_its_time_and_no_more() {
    let heads = ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n"];
    for head in heads {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let there = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut sent = stream.write_all(head.as_bytes());
                while sent.is_ok() {
                    std::thread::sleep(Duration::from_millis(20));
                    sent = stream.write_all(b"x");
                }
            }
        });
        let answer = Ureq::new(&Env::default()).send(&get(&format!("http://{there}/")), Duration::from_secs(1));
        let Err(HttpError::Unknown(why)) = answer else { panic!("{head:?}: {answer:?}") };
        assert!(why.contains("too long") || head.is_empty(), "{head:?}: {why}");
    }
}

#[test]
fn a_version_that_no_header_takes_is_not_kept() {
    let weather = one_issue();
    let stage = known(&weather);
    for version in ["\"\u{e9}\"".to_owned(), format!("\"{}\"", "x".repeat(5000))] {
        weather.next(1, "GET", ISSUE, Fault::Answer(ok(&issue("x")).with("etag", version)));
        hear(&stage, NOW).unwrap();
        weather.asked();
        assert!(hear(&stage, NOW).unwrap().is_some());
        assert_eq!(weather.asked()[0].header("if-none-match"), None);
    }
}

#[test]
fn an_endless_answer_a_slow_one_and_a_torn_one_are_errors_with_a_name() {
    let weather = one_issue();
    let stage = known(&weather);
    stage.env.configure(json!({"limits": {"networkSeconds": 1}}));
    let faults = [
        (Fault::Answer(Reply::new(200, vec![b' '; 17 << 20])), "longer than 16 MiB"),
        (Fault::Answer(Reply::new(200, bomb()).with("content-encoding", "gzip")), "longer than 16 MiB"),
        (Fault::Answer(Reply::new(200, "{}").with("x-long", "x".repeat(200_000))), "7"),
        (Fault::Answer((0..500).fold(Reply::new(200, "{}"), |r, n| r.with(&format!("x-{n}"), n))), "7"),
        (Fault::Answer(Reply::new(200, "{\"number\": 7, ").with("content-length", 9999)), "7"),
        (Fault::Answer(Reply::new(200, "<html>")), "cannot be understood"),
        (Fault::Answer(Reply::new(200, "{}")), "is no issue"),
        (Fault::Answer(Reply::new(503, "<html>")), "status 503"),
        (Fault::Slow(Duration::from_secs(3)), "too long"),
        (Fault::CutBefore, "ann/plans#7"),
    ];
    for (fault, what) in faults {
        weather.next(1, "GET", ISSUE, fault);
        let error = hear(&stage, NOW).unwrap_err();
        assert_eq!(error.kind, Kind::Network, "{error}");
        assert!(error.message.contains(what) && error.message.starts_with("ann/plans#7: "), "{error}");
    }
    assert!(!hear(&stage, NOW).unwrap().unwrap().changed, "nothing of that was taken for the issue");
}

#[test]
fn a_look_is_one_conditional_request_and_works_without_versions_too() {
    let weather = one_issue();
    let stage = known(&weather);
    for etags in [false, true] {
        weather.etags(etags);
        // The first of them learns the version.
        for round in 0..4 {
            assert!(!hear(&stage, NOW).unwrap().unwrap().changed);
            let asked = weather.asked();
            assert_eq!(asked.len(), 1, "{asked:?}");
            assert_eq!(asked[0].header("if-none-match").is_some(), etags && round > 0);
            assert_eq!(asked[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        }
    }
    let tip = stage.tip(None, &["a.md"]);
    assert_eq!(ring(&stage, NOW, &tip), [] as [&str; 0]);
    let heard = hear(&stage, NOW).unwrap().unwrap();
    assert_eq!((heard.seq, heard.changed, heard.number), (Some(1), false, 7), "what was written here is no news");
    weather.asked();
    assert_eq!(ring(&stage, NOW, &tip), [] as [&str; 0]);
    assert!(weather.asked().is_empty(), "it was rung for that already");
}

#[test]
fn nothing_is_asked_before_the_time_that_github_names() {
    let limits: [(Reply, u64); 6] = [
        (Reply::new(403, "{}").with("retry-after", 90), 90),
        (Reply::new(429, "{}").with("retry-after", 30), 30),
        (Reply::new(403, "{}").with("x-ratelimit-remaining", 0).with("x-ratelimit-reset", NOW / 1000 + 600), 600),
        (Reply::new(403, r#"{"message":"You have exceeded a secondary rate limit."}"#), 60),
        (Reply::new(429, "{}"), 120),
        (Reply::new(429, "{}"), 240),
    ];
    let weather = one_issue();
    let stage = known(&weather);
    let mut now = NOW;
    for (reply, seconds) in limits {
        now = NOW.max(now);
        let reply = if seconds == 600 {
            let reset = now / 1000 + 600;
            Reply::new(403, "{}").with("x-ratelimit-remaining", 0).with("x-ratelimit-reset", reset)
        } else {
            reply
        };
        weather.next(1, "GET", ISSUE, Fault::Answer(reply));
        let error = hear(&stage, now).unwrap_err();
        assert_eq!(error.kind, Kind::Network);
        assert!(error.message.contains("asks to wait") && error.remedy.unwrap().starts_with("it is asked again after"));
        weather.asked();
        let early = now + seconds * 1000 - 1000;
        assert_eq!(hear(&stage, early), Ok(None));
        let remarks = ring(&stage, early, &stage.tip(None, &["a.md"]));
        assert!(remarks[0].contains("nothing is asked before"), "{remarks:?}");
        let ctx = stage.ctx_at(early);
        assert_eq!(bell::set_up(&ctx, &stage.place(&ctx)).unwrap_err().kind, Kind::Network);
        assert_eq!(weather.asked().len(), 0, "before the time, of another process too");
        now += seconds * 1000 + 1000;
    }
    assert!(hear(&stage, now).unwrap().is_some());
    // A clock that was far ahead when the bound was made does not silence the bell.
    weather.next(1, "GET", ISSUE, Fault::Answer(Reply::new(429, "{}")));
    hear(&stage, now + 400 * 86_400_000).unwrap_err();
    assert!(hear(&stage, now).unwrap().is_some());
}

#[test]
fn a_limit_upon_writing_grows_although_looking_is_answered() {
    let weather = one_issue();
    let stage = known(&weather);
    let mut now = NOW;
    for (n, seconds) in [60, 120, 240].into_iter().enumerate() {
        weather.next(1, "PATCH", ISSUE, Fault::Answer(Reply::new(429, "{}")));
        let remarks = ring(&stage, now, &stage.tip(None, &[&format!("{n}.md")]));
        assert!(remarks[0].contains("asks to wait"), "{remarks:?}");
        assert_eq!(hear(&stage, now + seconds * 1000 - 1000), Ok(None));
        now += seconds * 1000 + 1000;
        assert!(hear(&stage, now).unwrap().is_some());
    }
}

#[test]
fn a_limit_in_one_repository_is_one_in_all_of_this_user() {
    let weather = one_issue();
    let mut stage = known(&weather);
    let first = stage.repo.clone();
    weather.next(1, "GET", ISSUE, Fault::Answer(Reply::new(403, "{}").with("retry-after", 90)));
    hear(&stage, NOW).unwrap_err();
    weather.asked();
    stage.env.git(stage.env.root(), &["init", "-q", "second"]);
    stage.repo = stage.env.path("second");
    assert_eq!(hear(&stage, NOW + 89_000), Ok(None));
    let remarks = ring(&stage, NOW + 89_000, &stage.tip(None, &["a.md"]));
    assert!(remarks[0].contains("nothing is asked before"), "{remarks:?}");
    assert!(weather.asked().is_empty());
    assert!(hear(&stage, NOW + 91_000).unwrap().is_some());
    // Of another interface nothing is known by that.
    let other = one_issue();
    weather.next(1, "GET", ISSUE, Fault::Answer(Reply::new(403, "{}").with("retry-after", 90)));
    hear(&stage, NOW + 92_000).unwrap_err();
    stage.repo = first;
    assert_eq!(hear(&stage, NOW + 93_000), Ok(None));
    stage.env.configure(json!({"beacon": {"github": {"api": other.url()}}}));
    assert!(hear(&stage, NOW + 93_000).unwrap().is_some());
}

#[test]
fn the_interval_that_github_asks_for_is_kept_for_looking_and_not_for_ringing() {
    let weather = one_issue();
    let stage = known(&weather);
    weather.next(1, "GET", ISSUE, Fault::Answer(ok(&issue("x")).with("x-poll-interval", 300)));
    hear(&stage, NOW).unwrap().unwrap();
    weather.asked();
    assert_eq!(hear(&stage, NOW + 299_000), Ok(None));
    assert!(weather.asked().is_empty());
    let remarks = ring(&stage, NOW + 1000, &stage.tip(None, &["a.md"]));
    assert!(weather.asked().iter().any(Asked::writes), "{remarks:?}");
    assert!(hear(&stage, NOW + 301_000).unwrap().is_some());
}

#[test]
fn a_token_never_leaves_its_host_nor_gets_into_any_file_or_word() {
    let thief = Weather::of(|_| ok(&issue("stolen")));
    let weather = one_issue();
    let stage = known(&weather);
    let mut said = Vec::new();
    for status in [301, 302, 307, 308] {
        for method in ["GET", "PATCH"] {
            weather.clear();
            let away = Reply::new(status, "").with("location", format!("{}{ISSUE}", thief.url()));
            weather.next(1, method, ISSUE, Fault::Answer(away));
            let tip = stage.tip(None, &[&format!("{status}-{method}.md")]);
            said.extend(ring(&stage, NOW, &tip));
            said.push(format!("{:?}", hear(&stage, NOW)));
        }
    }
    let next = Reply::new(200, "[]").with("link", format!("<{}/x?page=2>; rel=\"next\"", thief.url()));
    let other = Stage::at(&weather.url(), "ann/plans");
    weather.next(1, "GET", "/issues?", Fault::Answer(next));
    said.push(format!("{:?}", hear(&other, NOW)));
    weather.next(1, "GET", ISSUE, Fault::Answer(Reply::new(401, r#"{"message":"Bad credentials"}"#)));
    said.push(format!("{:?}", hear(&stage, NOW)));
    assert_eq!(said.iter().filter(|s| s.contains("leads to") || s.contains("at another host")).count(), 9, "{said:#?}");
    assert!(thief.asked().is_empty(), "not even without the token");
    assert!(said.iter().all(|s| !s.contains(TOKEN)), "{said:#?}");
    for stage in [&stage, &other] {
        assert!(stage.files_with(TOKEN).is_empty(), "{:?}", stage.files_with(TOKEN));
    }
}

#[test]
fn a_remote_or_a_project_cannot_say_where_a_token_goes() {
    let thief = Weather::of(|_| ok(&issue("stolen")));
    let port = thief.port;
    // A host that only the remote's URL names gets no token of a variable that names none.
    let stage = Stage::at("", "");
    stage.env.configure(json!({"beacon": {"github": {"api": null, "repository": null}}}));
    stage.env.git(&stage.repo, &["remote", "add", "origin", &format!("http://127.0.0.1:{port}/ann/plans.git")]);
    let error = hear(&stage, NOW).unwrap_err();
    assert_eq!(error.message, format!("there is no token for 127.0.0.1:{port}"));
    // Nor does a project's own file say where the interface is.
    let weather = one_issue();
    let stage = known(&weather);
    let project = json!({"beacon": {"github": {"api": thief.url(), "repository": "mallory/x", "enabled": true}}});
    write(stage.repo.join(".claude/craft.json"), project.to_string());
    hear(&stage, NOW).unwrap().unwrap();
    assert_eq!(weather.asked().len(), 1);
    assert!(thief.asked().is_empty());
    // Without TLS nobody is asked but this machine.
    stage.env.configure(json!({"beacon": {"github": {"api": "http://192.0.2.1"}}}));
    assert_eq!(hear(&stage, NOW).unwrap_err().kind, Kind::Usage);
}

#[test]
fn a_renamed_repository_is_followed_with_the_token_and_remembered() {
    let weather = Weather::of(|asked| {
        let mut there = issue("---\nSTATUS: IDLE\n---\n");
        there["repository_url"] = "http://x/repos/ann/new-name".into();
        match asked.target.as_str() {
            ISSUE => Reply::new(301, "{}").with("location", "/repositories/1/issues/7"),
            "/repos/ann/plans" => ok(&json!({"full_name": "ann/new-name"})),
            "/repositories/1/issues/7" | "/repos/ann/new-name/issues/7" => ok(&there),
            "/user" => ok(&json!({"login": "ann"})),
            _ if asked.target.contains("/issues?") => ok(&json!([issue("")])),
            _ => Reply::new(404, "{}"),
        }
    });
    let stage = known(&weather);
    for requests in [3, 1] {
        assert_eq!(hear(&stage, NOW).unwrap().unwrap().number, 7);
        let asked = weather.asked();
        assert_eq!(asked.len(), requests, "{asked:?}");
        assert!(asked.iter().all(|a| a.header("authorization").is_some()));
    }
    assert_eq!(stage.kept()["channels"]["main"]["renamed"], "ann/new-name");
}

#[test]
fn an_issue_that_is_gone_is_said_with_a_way_on_and_not_made_anew() {
    let weather = one_issue();
    let stage = known(&weather);
    let mut moved = issue("");
    moved["repository_url"] = "http://x/repos/ann/elsewhere".into();
    let faults = [
        (Reply::new(410, r#"{"message":"This issue was deleted"}"#), "it was deleted"),
        (Reply::new(404, r#"{"message":"Not Found"}"#), "none that this token may see"),
        (ok(&moved), "it is at https://github.example/ann/plans/issues/7 now"),
    ];
    for (at, (reply, what)) in faults.into_iter().enumerate() {
        weather.clear();
        weather.next(2, "GET", ISSUE, Fault::Answer(reply));
        weather.next(2, "GET", "/repos/ann/plans", Fault::Answer(ok(&json!({"full_name": "ann/plans"}))));
        let error = hear(&stage, NOW).unwrap_err();
        assert!(error.message.contains(what), "{error}");
        assert!(error.remedy.unwrap().contains("`craft beacon init` makes another one"));
        let remarks = ring(&stage, NOW, &stage.tip(None, &[&format!("{at}.md")]));
        assert!(remarks.len() == 1 && remarks[0].contains(what), "{remarks:?}");
        assert!(!weather.asked().iter().any(Asked::writes));
    }
}

#[test]
fn where_ringing_is_not_granted_nothing_is_asked_and_one_line_is_in_the_journal() {
    let weather = one_issue();
    let stage = Stage::at(&weather.url(), "ann/plans");
    stage.env.configure(json!({"permissions": {"github": {"overrides": null}}}));
    let tip = stage.tip(None, &["a.md"]);
    let remarks = ring(&stage, NOW, &tip);
    assert_eq!(ring(&stage, NOW, &tip), remarks);
    insta::assert_snapshot!(remarks.join("\n"), @"the bell was not rung: upsert-internal on github is not allowed: github is read-only by default; `craft permissions set github upsert-internal internal` allows it");
    assert!(weather.asked().is_empty());
    let journal = stage.journal();
    assert_eq!(journal.len(), 1, "{journal:#?}");
    assert_eq!([&journal[0]["operation"], &journal[0]["result"]], ["upsert-internal", "denied"]);
    // Reading is granted unless somebody takes it away.
    assert!(hear(&stage, NOW).unwrap().is_some());
    stage.env.configure(json!({"permissions": {"github": {"preset": "none"}}}));
    weather.asked();
    assert_eq!(hear(&stage, NOW).unwrap_err().kind, Kind::Gate);
    assert_eq!(hear(&stage, NOW).unwrap_err().kind, Kind::Gate);
    assert!(weather.asked().is_empty());
    assert_eq!(stage.journal().len(), 2, "that looking is denied is in there once");
    // What was granted meanwhile is made up for.
    stage.env.configure(json!({"permissions": {"github": {"preset": null, "overrides": {"upsert-internal": true}}}}));
    assert_eq!(ring(&stage, NOW, &tip), [] as [&str; 0]);
    assert_eq!(weather.asked().iter().filter(|a| a.writes()).count(), 1);
}

#[test]
fn a_token_comes_from_the_environment_then_from_gh_then_from_git() {
    let stage = Stage::at("http://127.0.0.1:1", "ann/plans");
    let env = &stage.env;
    env.unset("GH_ENTERPRISE_TOKEN");
    let bin = env.path("bin");
    // It prints what it must not be given, and notes for whom it was asked.
    let log = env.path("gh-asked");
    script(
        bin.join("gh"),
        &format!(
            "echo \"$* $GH_TOKEN$GH_ENTERPRISE_TOKEN\" >>'{}'; [ \"$4\" = gh.example ] && echo from-gh",
            log.display()
        ),
    );
    script(
        bin.join("git-credential-own"),
        "[ \"$1\" = get ] || exit 0\nwhile read -r l; do case $l in host=git.example) echo username=u; echo password=from-git;; esac; done",
    );
    env.set("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()));
    env.git(&stage.repo, &["config", "credential.helper", "own"]);
    let token = |host: &str, confirmed: bool| {
        let api = format!("https://{host}/api/v3");
        let found = credentials::github(&stage.ctx(), &stage.repo, Host { name: host, api: &api, confirmed })?;
        let shown = format!("{found:?} {} {}", found.source, found.source.way_on(host));
        assert!(!shown.contains("from-"), "{shown}");
        let found = found.token;
        assert_eq!(found.header_for("https://thief.example/"), None);
        found.header_for(&api).map(|(_, value)| value)
    };
    let bearer = |secret: &str| Some(format!("Bearer {secret}"));
    assert_eq!(token("gh.example", false), bearer("from-gh"));
    assert_eq!(token("git.example", false), bearer("from-git"));
    assert_eq!(token("nobody.example", false), None);
    assert_eq!(token("bad\nhost=git.example", false), None);
    env.set("GH_ENTERPRISE_TOKEN", "from-env");
    env.set("GH_TOKEN", "from-cloud");
    assert_eq!(token("other.example", false), None, "the variable does not name that host");
    assert_eq!(token("other.example", true), bearer("from-env"));
    assert_eq!(token("github.com", false), bearer("from-cloud"));
    env.set("GH_HOST", "named.example");
    assert_eq!(token("named.example", false), bearer("from-env"));
    let asked = std::fs::read_to_string(log).unwrap();
    assert!(!asked.contains("from-") && asked.contains("auth token --hostname gh.example"), "{asked}");
}

#[test]
fn two_pages_are_read_and_no_more_than_ten() {
    let pages = Arc::new(AtomicU64::new(2));
    let last = Arc::clone(&pages);
    let address = Arc::new(Mutex::new(String::new()));
    let base = Arc::clone(&address);
    let weather = Weather::of(move |asked| {
        if asked.target == "/user" {
            return ok(&json!({"login": "ann"}));
        }
        let page: u64 = asked.target.split("&page=").nth(1).map_or(1, |p| p.parse().unwrap());
        let last = last.load(Ordering::SeqCst);
        let all = if page == last { json!([issue("")]) } else { json!([]) };
        let next = format!(
            "<{}/repos/ann/plans/issues?state=all&page={}>; rel=\"next\", <x>; rel=\"last\"",
            base.lock().unwrap(),
            page + 1
        );
        if page < last { ok(&all).with("link", next) } else { ok(&all) }
    });
    *address.lock().unwrap() = weather.url();
    for (last, found) in [(2, true), (10, true), (11, false)] {
        pages.store(last, Ordering::SeqCst);
        let stage = Stage::at(&weather.url(), "ann/plans");
        assert_eq!(hear(&stage, NOW).is_ok_and(|h| h.is_some()), found, "{last}");
        assert!(weather.asked().len() <= 11);
    }
    // Not found on ten of eleven pages is not "there is none": so none is made.
    let stage = Stage::at(&weather.url(), "ann/plans");
    let remarks = ring(&stage, NOW, &stage.tip(None, &["a.md"]));
    assert!(remarks.iter().any(|r| r.contains("more issues")), "{remarks:?}");
    assert!(!weather.asked().iter().any(Asked::writes));
}

#[test]
fn a_note_with_a_credential_does_not_get_into_the_issue() {
    let weather = one_issue();
    let stage = known(&weather);
    let secret = "AKIAQ3EGRTXKWN5DLM7P";
    let remarks = ring(&stage, NOW, &stage.tip(None, &[&format!("{secret}.md")]));
    assert!(remarks[0].contains("looks like a credential") && !remarks[0].contains(secret), "{remarks:?}");
    assert!(weather.asked().is_empty());
}

#[test]
fn a_token_that_is_not_taken_is_said_by_where_it_comes_from_and_nothing_is_erased() {
    let weather = one_issue();
    let stage = Stage::at(&weather.url(), "ann/plans");
    let (env, bin) = (&stage.env, stage.env.path("bin"));
    env.set("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()));
    let refused = || {
        weather.next(1, "GET", "/", Fault::Answer(Reply::new(401, r#"{"message":"Bad credentials"}"#)));
        let error = hear(&stage, NOW).unwrap_err();
        let said = format!("{}; {}", error.message, error.remedy.unwrap());
        assert!(![TOKEN, "from-"].iter().any(|secret| said.contains(secret)), "{said}");
        said.replace(&format!("127.0.0.1:{}", weather.port), "[HOST]")
    };
    insta::assert_snapshot!(refused(), @"ann/plans: GitHub does not take the token: Bad credentials (it comes from the environment variable GH_ENTERPRISE_TOKEN); set GH_ENTERPRISE_TOKEN to one that is valid, or unset it and use `gh auth login`");
    env.unset("GH_ENTERPRISE_TOKEN");
    let log = env.path("helper-asked");
    script(
        bin.join("git-credential-own"),
        &format!(
            "echo \"$1\" >>'{}'; [ \"$1\" = get ] || exit 0; echo username=u; echo password=from-git",
            log.display()
        ),
    );
    env.git(&stage.repo, &["config", "credential.helper", "own"]);
    insta::assert_snapshot!(refused(), @"ann/plans: GitHub does not take the token: Bad credentials (it comes from git's credential helper); have your credential helper keep a new one for [HOST], or use `gh auth login`");
    assert_eq!(std::fs::read_to_string(log).unwrap(), "get\n", "what the helper keeps is the user's");
    script(bin.join("gh"), "echo from-gh");
    insta::assert_snapshot!(refused(), @"ann/plans: GitHub does not take the token: Bad credentials (it comes from `gh auth token`); `gh auth login --hostname [HOST]` makes a new one");
    assert!(stage.files_with("from-g").iter().all(|path| path.starts_with(&bin)));
}

#[test]
fn an_end_of_the_channel_without_the_seeds_block_rings_all_the_same() {
    let weather = one_issue();
    let stage = known(&weather);
    let without = |tip: claude_craft::ops::beacon::chain::Tip| {
        let tree = stage.env.git(&stage.repo, &["ls-tree", &tip.commit, "manifest.json"]) + "\n";
        let mut command = stage.env.command("git", &stage.repo);
        command.arg("mktree");
        let tree = stage.env.run(command, tree.as_bytes()).ok().stdout;
        claude_craft::ops::beacon::chain::Tip {
            commit: stage.env.git(&stage.repo, &["commit-tree", tree.trim(), "-m", "bare"]),
            ..tip
        }
    };
    let one = without(stage.tip(None, &["a.md"]));
    let text = |asked: Vec<Asked>| {
        let written = asked.into_iter().find(Asked::writes).unwrap();
        serde_json::from_slice::<Value>(&written.body).unwrap()["body"].as_str().unwrap().to_owned()
    };
    assert_eq!(ring(&stage, NOW, &one), [] as [&str; 0]);
    let said = text(weather.asked());
    assert!(said.contains("STATUS: UPDATE_AVAILABLE") && said.contains("\"path\":\"a.md\""), "{said}");
    assert_eq!(ring(&stage, NOW, &without(stage.tip(Some(&one), &[]))), [] as [&str; 0]);
    let said = text(weather.asked());
    assert!(said.contains("STATUS: IDLE") && !said.contains("UPDATE_AVAILABLE\n"), "{said}");
}

#[test]
fn what_is_said_once_is_remembered_only_for_the_last_few() {
    let weather = one_issue();
    let stage = known(&weather);
    for n in 0..40 {
        let text = format!("---\nSTATUS: IDLE\n---\nby hand {n}\n");
        weather.next(1, "GET", ISSUE, Fault::Answer(ok(&issue(&text))));
        assert_eq!(hear(&stage, NOW).unwrap().unwrap().remarks.len(), 1);
    }
    assert_eq!(stage.kept()["channels"]["main"]["told"].as_array().unwrap().len(), 8);
}
