//! Many at once: of all that is asked for nothing is lost, and nothing is done twice.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;

use claude_craft::config::model::Action;
use claude_craft::dice::Dice;
use claude_craft::fs::layout::Layout;
use claude_craft::locate::locate;
use claude_craft::queue::{self, Request, Trigger};
use serde_json::json;

use super::comes_right;
use crate::common::{Pair, read, write};

/// How often each request was done, by its id: the worker writes down what it has settled.
fn settled(pair: &Pair) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for line in String::from_utf8(read(pair.path("passed"))).unwrap().lines() {
        if let Some(id) = line.strip_prefix("request ") {
            *times.entry(id.to_owned()).or_default() += 1;
        }
    }
    times
}

#[test]
fn sixty_four_hooks_at_once_lose_nothing_and_run_nothing_twice() {
    let pair = Pair::enrolled();
    pair.configure(json!({"autoSync": {"triggers": {
        "sessionStart": {"budgetMs": 100}, "userPrompt": {"probability": 1, "debounceMs": 0},
    }}}));
    pair.set("CLAUDE_PID", std::process::id().to_string());
    pair.set("CRAFT_INTERNAL__KILL_AT", pair.path("passed"));
    let hooks: Vec<_> = (0..64)
        .map(|n| {
            write(pair.a.join(format!("mine-{n}.txt")), format!("{n}\n"));
            let (program, name, more) = match n % 4 {
                0 => (env!("CARGO_BIN_EXE_craft-session-start"), "SessionStart", ("source", "startup")),
                1 => (env!("CARGO_BIN_EXE_craft-prompt-sync"), "UserPromptSubmit", ("prompt", "hello")),
                _ => (env!("CARGO_BIN_EXE_craft-session-end"), "SessionEnd", ("reason", "prompt_input_exit")),
            };
            let mut event = json!({"session_id": format!("s{n}"), "transcript_path": "/dev/null", "cwd": pair.a});
            event["hook_event_name"] = name.into();
            event[more.0] = more.1.into();
            let mut command = pair.command(program, &pair.a);
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            writeln!(child.stdin.take().unwrap(), "{event}").unwrap();
            child
        })
        .collect();
    for mut hook in hooks {
        assert!(hook.wait().unwrap().success(), "a hook never fails");
    }
    pair.wait_for_worker(&pair.a);
    let settled = settled(&pair);
    assert!(settled.values().all(|times| *times == 1), "{settled:?}");
    // Each end makes a request; a start or a prompt at the same moment as another may be too soon for one.
    assert!((33..=64).contains(&settled.len()), "{}", settled.len());
    let remote = pair.remote_tree();
    assert!((0..64).all(|n| remote[&format!("mine-{n}.txt")] == format!("{n}\n")));
    pair.unset("CRAFT_INTERNAL__KILL_AT");
    comes_right(&pair, "afterwards");
}

#[test]
fn of_a_thousand_requests_none_is_lost_and_none_is_done_twice() {
    let pair = Pair::enrolled();
    let layout = Layout::at(pair.home().join(".claude"));
    let mut clones = vec![pair.a.clone()];
    for n in 0..3 {
        let clone = pair.path(&format!("clone-{n}"));
        pair.git(pair.root(), &["clone", "-q", "remote.git", clone.to_str().unwrap()]);
        pair.auto_sync(&clone, &["enable"]);
        clones.push(clone);
    }
    for (n, clone) in clones.iter().enumerate() {
        write(clone.join(format!("mine-{n}.txt")), format!("{n}\n"));
    }
    let mut dice = Dice::seeded(1);
    let now = u64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let request = |n: usize, dice: &mut Dice| {
        let at = locate(&clones[n % clones.len()]).unwrap();
        let request = Request::new(&at, Trigger::SessionEnd, Action::Push, Some(format!("s{n}")), now, dice);
        queue::push(&layout, &request).unwrap();
        request.id
    };
    let mut asked: Vec<String> = (0..900).map(|n| request(n, &mut dice)).collect();
    pair.set("CRAFT_INTERNAL__KILL_AT", pair.path("passed"));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let mut command = pair.command(env!("CARGO_BIN_EXE_craft"), &pair.a);
            command.arg("worker").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    // More come while they work.
    asked.extend((900..1000).map(|n| request(n, &mut dice)));
    for mut worker in workers {
        assert!(worker.wait().unwrap().success());
    }
    // What came too late for all of them waits for the next.
    pair.craft(&pair.a, &["worker"]).ok();
    pair.wait_for_worker(&pair.a);
    let settled = settled(&pair);
    let lost: Vec<_> = asked.iter().filter(|id| !settled.contains_key(*id)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let twice: Vec<_> = settled.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty() && settled.len() == asked.len(), "done twice: {twice:?}");
    let remote = pair.remote_tree();
    assert!((0..clones.len()).all(|n| remote[&format!("mine-{n}.txt")] == format!("{n}\n")), "{remote:?}");
    pair.unset("CRAFT_INTERNAL__KILL_AT");
    for clone in &clones {
        pair.force_in(clone, "sync").done();
        crate::common::assert_whole(&pair, clone);
    }
}
