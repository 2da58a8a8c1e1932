//! Remotes that break off in the middle, or never answer.

use serde_json::json;

use super::{comes_right, still_there};
use crate::common::{Pair, script, write};

/// `a` with all of [`Pair::busy`], and a stand-in for ssh that lets only so many bytes through: those that a push
/// sends, or those that it is answered with.
fn cut(up: Option<u64>, down: Option<u64>) -> Pair {
    let pair = Pair::over_ssh();
    pair.configure(json!({"limits": {"networkSeconds": 20}}));
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.edit(&pair.a, "two.txt", 1, "mine");
    write(pair.a.join("new.txt"), "new\n");
    let mut state = 88_172_645_463_325_252_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    // Not what becomes small in a pack.
    write(pair.a.join("noise.bin"), noise.take(40_000).collect::<Vec<u8>>());
    let whole = String::from_utf8(crate::common::read(pair.path("ssh.sh"))).unwrap();
    let (pid, once) = (pair.path("receiver"), pair.path("was-cut"));
    let receiver = format!("sh -c \"echo \\$\\$ >'{}'; exec $last\"", pid.display());
    let cut = match (up, down) {
        (Some(bytes), _) => format!("head -c {bytes} | {receiver}"),
        (_, Some(bytes)) => {
            format!("{receiver} | {{ dd bs=1 count={bytes} 2>/dev/null; kill -9 $(cat '{}'); }}", pid.display())
        }
        _ => unreachable!(),
    };
    let cut = format!(
        "for last; do :; done\ncase \"$last\" in *receive-pack*)\n  \
         [ -e '{0}' ] || {{ touch '{0}'; {cut}; exit 255; }};;\nesac\n",
        once.display()
    );
    script(pair.path("ssh.sh"), &format!("{cut}{}", whole.trim_start_matches("#!/bin/sh\n")));
    pair
}

#[test]
fn a_push_that_is_cut_off_at_any_byte_sends_all_or_nothing_and_is_made_good() {
    let cuts = [0, 100, 400, 39_000];
    let mut before = 0;
    for (up, down) in cuts.iter().map(|n| (Some(*n), None)).chain([0, 150, 190, 200].map(|n| (None, Some(n)))) {
        let what = format!("cut after {up:?} bytes sent, {down:?} answered");
        let pair = cut(up, down);
        let old = pair.remote_tip();
        let forced = pair.force("push");
        assert!(pair.path("was-cut").exists(), "{what}");
        // A push that was not confirmed is none, and will be tried again.
        forced.transient();
        still_there(&pair, &what);
        pair.git(&pair.remote, &["fsck", "--strict", "--no-progress"]);
        let (tip, mine) = (pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
        assert!(tip == old || tip == mine, "{what}: the remote has something else");
        before += usize::from(tip == old);
        assert_eq!(pair.processes(), [], "{what}");
        comes_right(&pair, &what);
        assert_eq!(pair.rev(&pair.a, "HEAD"), mine, "{what}: nothing is committed or merged twice");
    }
    assert!(before > 0 && before < cuts.len() + 4, "some cuts fall before the remote has taken it, others behind");
}

#[test]
fn a_remote_that_never_answers_blocks_no_prompt_and_holds_nothing_for_long() {
    let pair = Pair::over_ssh();
    let hangs = pair.path("hangs");
    let whole = String::from_utf8(crate::common::read(pair.path("ssh.sh"))).unwrap();
    let text = format!("[ ! -e '{0}' ] || {{ echo >>'{0}'; trap '' TERM HUP; sleep 1000; }}\n", hangs.display());
    script(pair.path("ssh.sh"), &format!("{text}{}", whole.trim_start_matches("#!/bin/sh\n")));
    write(&hangs, "");
    pair.configure(json!({
        "limits": {"networkSeconds": 30},
        "autoSync": {"triggers": {"sessionStart": {"budgetMs": 200}, "userPrompt": {"probability": 1, "debounceMs": 0}}},
    }));
    write(pair.a.join("mine.txt"), "mine\n");
    pair.session_end(&pair.a, "s");
    while crate::common::read(&hangs).is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // The worker waits for the remote; whoever comes now does not wait for the worker.
    let worker = |pair: &Pair| pair.processes().iter().any(|(_, line)| line.contains(" worker"));
    for n in 0..3 {
        pair.prompt(&pair.a, "s");
        pair.session_start(&pair.a, &format!("t{n}"));
        pair.session_end(&pair.a, &format!("t{n}"));
        assert!(worker(&pair), "they came back while it still waits");
    }
    // The connection breaks.
    std::fs::remove_file(&hangs).unwrap();
    for (pid, line) in pair.processes() {
        if line.starts_with("sleep ") {
            rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL)
                .unwrap();
        }
    }
    pair.wait_until_quiet();
    pair.configure(json!({"retry": {"capMs": 1}}));
    comes_right(&pair, "when the remote answers");
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
}
