//! Several channels on one remote: where each of them is kept is a matter of its own.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::{FakeGit, Sides, script, write};

/// Sends a file on a channel.
fn send(sides: &Sides, clone: &Path, channel: &str, name: &str) {
    let path = format!(".claude/planning/{name}");
    write(clone.join(&path), format!("{name}\n"));
    sides.craft(clone, &["beacon", "push", &path, "--channel", channel]).ok();
}

/// The files that a pull of a channel takes in.
fn taken(sides: &Sides, clone: &Path, channel: &str) -> Vec<String> {
    let ran = sides.craft(clone, &["beacon", "pull", "--channel", channel, "--json"]).ok();
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&told["offline"], &told["held"]), (&Value::Null, &json!([])), "{told}");
    told["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()[17..].to_owned()).collect()
}

fn refs(sides: &Sides) -> Vec<String> {
    let told = sides.git(&sides.remote, &["for-each-ref", "--format=%(refname)"]);
    told.lines().filter(|name| name.contains("craft")).map(str::to_owned).collect()
}

#[test]
fn a_channel_is_found_where_it_is_whatever_became_of_others_on_that_remote() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let rule = sides.remote.join("hooks/update");
    script(&rule, "case $1 in refs/craft/*) exit 1;; esac");
    for channel in ["main", "plans"] {
        send(&sides, &desk, channel, &format!("{channel}.md"));
    }
    assert_eq!(refs(&sides), ["refs/heads/craft/beacons/main", "refs/heads/craft/beacons/plans"]);
    std::fs::remove_file(rule).unwrap();

    // Begun by somebody who has never heard of the others.
    send(&sides, &code, "notes", "notes.md");
    let all = ["refs/craft/beacons/notes", "refs/heads/craft/beacons/main", "refs/heads/craft/beacons/plans"]
        .map(str::to_owned);
    assert_eq!(refs(&sides), all);
    assert_eq!(sides.craft(&desk, &["beacon", "status", "--exit-code", "--channel", "notes"]).code, 1);
    send(&sides, &desk, "notes", "answer.md");
    assert_eq!(taken(&sides, &desk, "notes"), ["notes.md"]);
    assert_eq!(taken(&sides, &code, "notes"), ["answer.md"]);

    // Each stays where it is, in turn, for one fetch a look.
    for round in 0..2 {
        for channel in ["main", "notes", "plans"] {
            let name = format!("{channel}-{round}.md");
            send(&sides, &desk, channel, &name);
            assert!(taken(&sides, &code, channel).contains(&name), "{channel}");
        }
    }
    assert_eq!(refs(&sides), all);
    let fake = FakeGit::install(&sides, &[]);
    for (n, channel) in ["main", "notes", "plans", "main", "notes"].into_iter().enumerate() {
        sides.craft(&desk, &["beacon", "status", "--channel", channel]).ok();
        assert_eq!(fake.calls(" fetch ").len(), n + 1, "{channel}");
    }
}
