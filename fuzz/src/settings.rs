//! The client's settings files: whatever the layout, what is put in comes out again and gives back the bytes
//! that were there; putting in twice is putting in once; all else stays.

use claude_craft::json::document::{Document, Step};
use claude_craft::settings::check::check;
use claude_craft::settings::fragment::{self, Values};
use claude_craft::settings::merge::put_in;
use claude_craft::settings::ours;
use claude_craft::settings::remove::take_out;
use serde_json::{Map, Value, json};

/// Any bytes as a settings file.
pub fn body(data: &[u8]) {
    let doc = match Document::from_bytes(data) {
        Ok(doc) => doc,
        Err(fault) => {
            assert!(fault.line > 0 && fault.column > 0 && !fault.what.is_empty(), "{fault:?}");
            return;
        }
    };
    let source = std::str::from_utf8(data).expect("it was read");
    assert_eq!(doc.text(), source);
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let blank = text.trim_matches([' ', '\t', '\n', '\r']).is_empty();
    let value: Value = if blank { json!({}) } else { serde_json::from_str(text).expect("both parsers agree") };
    assert_eq!(doc.value(), value);
    let _ = check(&doc);
    let _ = ours::hooks(&value);
    edits(&doc, &value, blank);
    for fragment in fragment::ALL {
        for exec_form in [true, false] {
            let values = Values { bin: "/my tools".into(), exec_form };
            merges(source, &value, &fragment.filled(&values).expect("a fragment"), blank);
        }
    }
    let other = json!({"permissions": {"allow": ["a"]}, "env": {"X": "1"}, "model": "m"});
    merges(source, &value, other.as_object().expect("an object"), blank);
}

fn merges(source: &str, before: &Value, fragment: &Map<String, Value>, blank: bool) {
    let merged = match put_in(source, fragment, &[], &[]) {
        Ok(merged) => merged,
        Err(fault) => {
            assert!(fault.line > 0 && fault.column > 0 && !fault.what.is_empty(), "{fault:?}");
            return;
        }
    };
    let after = Document::parse(&merged.text).expect("what is written can be read").value();
    for (key, kept) in before.as_object().expect("nothing else can be merged with") {
        if !fragment.contains_key(key) {
            assert_eq!(after.get(key), Some(kept), "{key}");
        }
    }
    let twice = put_in(&merged.text, fragment, &merged.entries, &merged.created).expect("it could be put in before");
    assert!(!twice.adopted, "what is recorded is nobody else's");
    assert_eq!((&twice.text, &twice.entries, &twice.created), (&merged.text, &merged.entries, &merged.created));
    let out = take_out(&merged.text, &merged.entries, &merged.created).expect("it is there");
    // A copy of ours that somebody made by hand goes too: it would run a program that is gone.
    if merged.adopted || (fragment.contains_key("hooks") && !ours::hooks(before).is_empty()) {
        let left = ours::hooks(&Document::parse(&out.text).expect("JSON").value());
        assert!(!fragment.contains_key("hooks") || left.is_empty(), "{left:?}");
        return;
    }
    if blank {
        assert_eq!(Document::parse(&out.text).expect("JSON").value(), json!({}));
    } else if empty_with_blanks(source) {
        // An empty container with blanks in it may lose them: nothing of the user's is in it.
        assert_eq!(&Document::parse(&out.text).expect("JSON").value(), before);
    } else {
        assert_eq!(out.text, source);
    }
}

/// What is added to any container and taken out again leaves no trace.
fn edits(doc: &Document, value: &Value, blank: bool) {
    let exact = !blank && !empty_with_blanks(&doc.text());
    let mut open: Vec<(Vec<Step>, &Value)> = vec![(Vec::new(), value)];
    let mut budget = 12;
    while let Some((way, value)) = open.pop() {
        budget -= 1;
        // What is nested deeper than the parser goes is refused when it is read next.
        if budget == 0 || way.len() > 100 {
            return;
        }
        let added = json!({"é": [1, {}, "\u{1}"]});
        let mut edited = doc.clone();
        let at: Step = match value {
            Value::Object(map) if !map.contains_key("added by us") => {
                edited.insert(&way, "added by us", &added).expect("an object");
                "added by us".into()
            }
            Value::Array(list) => {
                edited.push(&way, &added).expect("a list");
                list.len().into()
            }
            _ => continue,
        };
        let at: Vec<Step> = way.iter().cloned().chain([at]).collect();
        assert_eq!(edited.get(&at), Some(added));
        edited.remove(&at).expect("it is there");
        if exact {
            assert_eq!(edited.text(), doc.text(), "{at:?}");
        } else {
            assert_eq!(edited.value(), doc.value(), "{at:?}");
        }
        let inner: Vec<(Step, &Value)> = match value {
            Value::Object(map) => map.iter().map(|(key, v)| (key.as_str().into(), v)).collect(),
            Value::Array(list) => list.iter().enumerate().map(|(index, v)| (index.into(), v)).collect(),
            _ => Vec::new(),
        };
        open.extend(inner.into_iter().map(|(step, v)| (way.iter().cloned().chain([step]).collect(), v)));
    }
}

fn empty_with_blanks(text: &str) -> bool {
    text.match_indices(['{', '[']).any(|(at, _)| {
        let rest = &text[at + 1..];
        let inner = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        inner.len() < rest.len() && inner.starts_with(['}', ']'])
    })
}
