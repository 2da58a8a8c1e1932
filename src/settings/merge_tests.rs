use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::settings::check::check;
use crate::settings::fragment::{self, Values};
use crate::settings::remove::take_out;

fn filled(name: &str, bin: &str) -> Map<String, Value> {
    fragment::find(name).unwrap().filled(&Values { bin: bin.into(), exec_form: true }).unwrap()
}

fn hooks() -> Map<String, Value> {
    filled("auto-sync-settings", "/opt/bin")
}

fn line() -> Map<String, Value> {
    filled("statusline-settings", "/opt/bin")
}

fn put(text: &str, fragment: &Map<String, Value>) -> Merged {
    put_in(text, fragment, &[], &[]).unwrap()
}

fn value(text: &str) -> Value {
    serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap()
}

fn back(merged: &Merged) -> String {
    take_out(&merged.text, &merged.entries, &merged.created).unwrap().text
}

const MINE: &str = r#"{
    "model": "opus",
    "hooks": {
        "PreCompact": [ {"hooks": [{"type": "command", "command": "say done"}]} ],
        "SessionEnd": [
            {
                "matcher": "clear",
                "hooks": [
                    { "type": "command", "command": "~/bye.sh", "timeout": 1.50 }
                ]
            }
        ]
    },
    "statusLine": {"type": "command", "command": "~/line.sh",   "padding": 0},
    "unknown": [1e3, -0, 10000000000000000000000]
}
"#;

#[test]
fn the_users_hooks_stay_and_ours_stand_beside_them() {
    let merged = put(MINE, &hooks());
    let (before, after) = (value(MINE), value(&merged.text));
    assert_eq!(after["hooks"]["PreCompact"], before["hooks"]["PreCompact"]);
    assert_eq!(after["hooks"]["SessionEnd"][0], before["hooks"]["SessionEnd"][0]);
    assert_eq!(after["hooks"]["SessionEnd"][1], hooks()["hooks"]["SessionEnd"][0]);
    assert_eq!(after["hooks"]["SessionStart"], hooks()["hooks"]["SessionStart"]);
    assert_eq!(back(&merged), MINE);
}

#[test]
fn a_status_line_of_the_users_gives_way_and_comes_back_byte_for_byte() {
    let merged = put(MINE, &line());
    assert_eq!(value(&merged.text)["statusLine"], line()["statusLine"]);
    let Entry::Single { former: Some(former), .. } = &merged.entries[0] else { panic!("{:?}", merged.entries) };
    assert_eq!(value(former)["command"], "~/line.sh");
    assert_eq!(back(&merged), MINE);
}

#[test]
fn putting_in_twice_is_putting_in_once() {
    for text in ["", "{}", MINE, "{\"hooks\": {}}"] {
        for fragment in [hooks(), line()] {
            let once = put(text, &fragment);
            let twice = put_in(&once.text, &fragment, &once.entries, &once.created).unwrap();
            assert_eq!(twice, once, "{text}");
        }
    }
}

#[test]
fn a_newer_version_takes_the_place_of_the_former_and_leaves_nothing_of_it() {
    for (old, new) in [(hooks(), filled("auto-sync-settings", "/new")), (line(), filled("statusline-settings", "/new"))]
    {
        let first = put(MINE, &old);
        let second = put_in(&first.text, &new, &first.entries, &first.created).unwrap();
        assert!(!second.text.contains("/opt/bin"), "{}", second.text);
        assert_eq!(second.text, put(MINE, &new).text);
        assert_eq!(back(&second), MINE, "the way back is still known");
    }
    let mut less = hooks();
    less["hooks"].as_object_mut().unwrap().shift_remove("UserPromptSubmit");
    let first = put(MINE, &hooks());
    let second = put_in(&first.text, &less, &first.entries, &first.created).unwrap();
    assert_eq!(second.text, put(MINE, &less).text, "what is no longer wanted goes");
}

#[test]
fn what_the_user_changed_in_our_entry_survives_an_update_but_not_a_removal() {
    let first = put(MINE, &hooks());
    let touched = first.text.replace("\"timeout\": 10", "\"timeout\": 60, \"statusMessage\": \"syncing\"");
    let same = put_in(&touched, &hooks(), &first.entries, &first.created).unwrap();
    assert_eq!(same.text, touched);
    let newer = put_in(&touched, &filled("auto-sync-settings", "/new"), &first.entries, &first.created).unwrap();
    let start = &value(&newer.text)["hooks"]["SessionStart"][0]["hooks"][0];
    let wanted = json!({"type": "command", "command": "/new/craft-session-start", "args": [], "timeout": 60, "statusMessage": "syncing"});
    assert_eq!(*start, wanted);
    assert_eq!(back(&Merged { text: touched, ..first }), MINE);
}

#[test]
fn entries_that_the_user_moved_about_are_found_again() {
    let merged = put("{}", &hooks());
    let mut moved = value(&merged.text);
    let start = moved["hooks"]["SessionStart"][0]["hooks"][0].clone();
    let own = json!({"type": "command", "command": "mine"});
    moved["hooks"] = json!({
        "PreCompact": [{"matcher": "", "hooks": [own, start]}],
        "SessionEnd": [{"hooks": []}, moved["hooks"]["SessionEnd"][0]],
    });
    let text = serde_json::to_string_pretty(&moved).unwrap();
    let again = put_in(&text, &hooks(), &merged.entries, &merged.created).unwrap();
    assert_eq!(
        value(&again.text)["hooks"]["PreCompact"],
        moved["hooks"]["PreCompact"],
        "it is not put in a second time"
    );
    let out = take_out(&text, &merged.entries, &merged.created).unwrap();
    let wanted = json!({"hooks": {"PreCompact": [{"matcher": "", "hooks": [own]}], "SessionEnd": [{"hooks": []}]}});
    assert_eq!(value(&out.text), wanted);
}

#[test]
fn containers_that_were_empty_before_stay_and_those_we_made_go() {
    for text in [
        "{\"hooks\": {\"SessionEnd\": []}}",
        "{\n  \"hooks\": {}\n}",
        "{\"a\":1}",
        "{}",
        "{\n \"hooks\": {\"SessionStart\": [{\"hooks\": []}]}}",
    ] {
        let merged = put(text, &hooks());
        assert_eq!(back(&merged), text);
    }
    let merged = put("{}", &hooks());
    let mut kept = value(&merged.text);
    kept["hooks"]["PreCompact"] = json!([]);
    let out = take_out(&kept.to_string(), &merged.entries, &merged.created).unwrap();
    assert_eq!(value(&out.text), json!({"hooks": {"PreCompact": []}}));
}

#[test]
fn a_value_that_the_user_put_in_place_of_ours_is_theirs() {
    let merged = put(MINE, &line());
    let text = merged.text.replace("/opt/bin/craft statusline", "~/other.sh");
    assert_eq!(take_out(&text, &merged.entries, &merged.created).unwrap().text, text);
    let again = put_in(&text, &line(), &merged.entries, &merged.created).unwrap();
    assert_eq!(back(&again), text, "and it is what comes back");
}

#[test]
fn what_somebody_copied_by_hand_is_ours_from_then_on() {
    let by_hand = serde_json::to_string_pretty(&hooks()).unwrap();
    let merged = put(&by_hand, &hooks());
    assert_eq!((merged.text.as_str(), merged.adopted), (by_hand.as_str(), true));
    let out = back(&merged);
    assert!(!out.contains("craft-"), "{out}");
}

#[test]
fn another_copy_of_our_hooks_is_named_and_nothing_is_put_in() {
    let text = "{\"hooks\": {\"SessionEnd\": [{\"hooks\": [{\"type\": \"command\",\n\"command\": \"'/my tools/craft-session-end'\"}]}]}}";
    let fault = put_in(text, &hooks(), &[], &[]).unwrap_err();
    insta::assert_snapshot!(fault, @"1:38: `hooks.SessionEnd[0].hooks[0]` runs craft-session-end already ('/my tools/craft-session-end'); it would run twice");
}

#[test]
fn a_place_that_is_taken_by_something_else_is_named() {
    let cases = [
        ("[]", "1:1: the file is a list; it must be an object"),
        ("7", "1:1: the file is 7; it must be an object"),
        ("{\n \"hooks\": null}", "2:11: `hooks` is null; it must be an object"),
        ("{\"hooks\": []}", "1:11: `hooks` is a list; it must be an object"),
        ("{\"hooks\": {\"SessionStart\": {}}}", "1:28: `hooks.SessionStart` is an object; it must be a list"),
        ("{\"hooks\": {\"SessionEnd\": \"x\"}}", "1:26: `hooks.SessionEnd` is a text; it must be a list"),
    ];
    for (text, wanted) in cases {
        assert_eq!(put_in(text, &hooks(), &[], &[]).unwrap_err().to_string(), wanted, "{text}");
    }
}

#[test]
fn other_settings_are_merged_deeply_and_only_what_is_new_goes_again() {
    let fragment = json!({"permissions": {"allow": ["A", "B"]}, "env": {"X": "1", "Y": "2"}});
    let fragment = fragment.as_object().unwrap();
    let text = "{\"env\": {\"Y\": \"mine\", \"Z\": \"3\"}, \"permissions\": {\"allow\": [\"B\"], \"deny\": []}}";
    let merged = put(text, fragment);
    let wanted = json!({
        "env": {"Y": "2", "Z": "3", "X": "1"},
        "permissions": {"allow": ["B", "A"], "deny": []},
    });
    assert_eq!(value(&merged.text), wanted);
    assert_eq!(back(&merged), text);
}

/// A JSON text with blanks between its tokens, as somebody may have typed it.
fn document() -> impl Strategy<Value = String> {
    let blank = prop::sample::select(vec!["", "", " ", "\n", "\n  ", "\n\t", "\r\n    ", " \n\n "]);
    let scalar = prop::sample::select(vec![
        "1",
        "-0",
        "1.50",
        "1e3",
        "true",
        "null",
        "\"\\u00e9\\/\"",
        "\"é \u{1F600}\"",
        "\"\"",
    ]);
    let scalar = scalar.prop_map(str::to_owned);
    let value = scalar.prop_recursive(4, 24, 4, move |inner| {
        let parts = prop::collection::vec((inner, blank.clone(), blank.clone()), 1..4);
        (parts, any::<bool>()).prop_map(|(parts, object)| {
            let name = |at: usize| if object { format!("\"k{at}\":") } else { String::new() };
            let parts: Vec<_> =
                parts.iter().enumerate().map(|(at, (v, a, b))| format!("{a}{}{b}{v}{b}", name(at))).collect();
            let text = parts.join(",");
            if object { format!("{{{text}}}") } else { format!("[{text}]") }
        })
    });
    let key = prop::sample::select(vec!["a", "env", "zebra", "permissions"]);
    let hooks = prop::sample::select(vec![
        "",
        "\"hooks\": {}",
        "\"hooks\":{\"SessionEnd\":[]}",
        "\"hooks\" : {\n\"Stop\" :[ {\"hooks\": [ ]}\n] }",
        "\"hooks\": {\"SessionStart\": [{\"hooks\": [{\"type\": \"command\",\n \"command\": \"x\"}]}]}",
    ]);
    let status = prop::sample::select(vec!["", "\"statusLine\":{\"type\":\"command\", \"command\" : \"y\"}"]);
    let edge = prop::sample::select(vec!["", " ", "\n", "\r\n", "\n\n"]);
    (prop::collection::hash_map(key, value, 0..3), hooks, status, edge, any::<bool>()).prop_map(
        |(map, hooks, status, edge, mark)| {
            let own = map.into_iter().map(|(k, v)| format!("\"{k}\":{edge}{v}"));
            let parts: Vec<_> = own.chain([hooks.to_owned(), status.to_owned()]).filter(|p| !p.is_empty()).collect();
            let mark = if mark { "\u{feff}" } else { "" };
            // An empty object with blanks in it loses them: nothing of the user's is in it.
            let edge_in = if parts.is_empty() { "" } else { edge };
            format!("{mark}{edge}{{{edge_in}{}{edge_in}}}{edge}", parts.join(&format!(",{edge}")))
        },
    )
}

/// The tokens of a JSON text in their order, as they are spelled.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => {
                let mut escaped = false;
                let end = rest[1..].char_indices().find(|(_, c)| {
                    let end = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    end
                });
                end.unwrap().0 + 2
            }
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => rest.find(['{', '}', '[', ']', ',', ':', ' ', '\n', '\r', '\t']).unwrap_or(rest.len()),
        };
        found.push(rest[..length].to_owned());
        rest = rest[length..].trim_start_matches([' ', '\n', '\r', '\t']);
    }
    found
}

proptest! {
    #[test]
    fn whatever_the_layout_what_was_put_in_comes_out_and_all_else_keeps_its_bytes(text in document(), exec_form: bool) {
        let before = value(&text);
        let mut now = text.clone();
        let mut done = Vec::new();
        let mut created = Vec::new();
        for fragment in fragment::ALL {
            let filled = fragment.filled(&Values { bin: "/my tools".into(), exec_form }).unwrap();
            let merged = put_in(&now, &filled, &[], &created).unwrap();
            prop_assert_eq!(&put_in(&merged.text, &filled, &merged.entries, &merged.created).unwrap(), &merged);
            if fragment.name == "auto-sync-settings" {
                // Every token that was there is there still, in the same order.
                let mut all = tokens(&merged.text).into_iter();
                prop_assert!(tokens(&text).iter().all(|t| all.any(|a| a == *t)), "{}", merged.text);
            }
            let doc = Document::parse(&merged.text).unwrap();
            prop_assert_eq!(check(&doc).errors, Vec::new());
            for (key, kept) in before.as_object().unwrap() {
                if !["hooks", "statusLine"].contains(&key.as_str()) {
                    prop_assert_eq!(&doc.value()[key], kept);
                }
            }
            now = merged.text;
            created = merged.created;
            done.extend(merged.entries);
        }
        prop_assert_eq!(take_out(&now, &done, &created).unwrap().text, text);
    }
}
