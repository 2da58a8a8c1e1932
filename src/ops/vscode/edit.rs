//! Putting pieces into a text and taking them out, as functions of texts.

use serde_json::{Map, Value};

use super::pieces::Piece;
use super::record::Put;
use crate::json::document::{Document, Fault, Step, spell};

/// A text after an edit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edited {
    /// The text.
    pub text: String,
    /// What was put in.
    pub puts: Vec<Put>,
    /// What was left alone, and why.
    pub left: Vec<String>,
}

/// Puts into `text` what is not there yet. What stands under the same name is left, whatever it is.
pub(super) fn put_in(text: &str, pieces: &[Piece]) -> Result<Edited, Fault> {
    let mut doc = Document::parse_with_comments(text)?;
    if !doc.value().is_object() {
        return Err(doc.fault(&[], "here should be an object"));
    }
    let (mut puts, mut left) = (Vec::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Member(way, value) => member(&mut doc, way, value, &mut puts, &mut left)?,
            Piece::Elements(key, values) => elements(&mut doc, key, values, &mut puts, &mut left)?,
        }
    }
    Ok(Edited { text: doc.text(), puts, left })
}

fn member(
    doc: &mut Document,
    way: &[&str],
    value: &Value,
    puts: &mut Vec<Put>,
    left: &mut Vec<String>,
) -> Result<(), Fault> {
    let steps: Vec<Step> = way.iter().map(|key| Step::from(*key)).collect();
    let there = (0..=steps.len()).rev().find(|n| doc.raw(&steps[..*n]).is_some()).unwrap_or_default();
    if there == steps.len() {
        if doc.get(&steps).as_ref() != Some(value) {
            left.push(format!("`{}` has another value, which stays", spell(&steps)));
        }
        return Ok(());
    }
    if !doc.get(&steps[..there]).is_some_and(|v| v.is_object()) {
        left.push(format!("`{}` is no object, and stays", spell(&steps[..there])));
        return Ok(());
    }
    let nested = way[there + 1..].iter().rev().fold(value.clone(), |inner, key| object(key, inner));
    doc.insert(&steps[..there], way[there], &nested)?;
    let way = way[..=there].iter().map(|key| (*key).to_owned()).collect();
    puts.push(Put { way, element: false, value: nested });
    Ok(())
}

fn elements(
    doc: &mut Document,
    key: &str,
    values: &[Value],
    puts: &mut Vec<Put>,
    left: &mut Vec<String>,
) -> Result<(), Fault> {
    let way = [Step::from(key)];
    let here = match doc.get(&way) {
        None => {
            let value = Value::Array(values.to_vec());
            doc.insert(&[], key, &value)?;
            puts.push(Put { way: vec![key.to_owned()], element: false, value });
            return Ok(());
        }
        Some(Value::Array(here)) => here,
        Some(_) => {
            left.push(format!("`{key}` is no list, and stays"));
            return Ok(());
        }
    };
    for value in values {
        match here.iter().find(|e| same(e, value)) {
            Some(there) if there == value => {}
            Some(_) => left.push(format!("`{}` is another's, and stays", label(value))),
            None => {
                doc.push(&way, value)?;
                puts.push(Put { way: vec![key.to_owned()], element: true, value: value.clone() });
            }
        }
    }
    Ok(())
}

/// What [`put_in`] puts in where all containers are there already.
pub(super) fn leaves(pieces: &[Piece]) -> Vec<Put> {
    let mut puts = Vec::new();
    for piece in pieces {
        match piece {
            // A version alone tells nothing of who wrote it.
            Piece::Member(way, _) if way.len() == 1 => {}
            Piece::Member(way, value) => {
                let way = way.iter().map(|key| (*key).to_owned()).collect();
                puts.push(Put { way, element: false, value: value.clone() });
            }
            Piece::Elements(key, values) => {
                let put = |value: &Value| Put { way: vec![(*key).to_owned()], element: true, value: value.clone() };
                puts.extend(values.iter().map(put));
            }
        }
    }
    puts
}

/// Takes out of `text` what was put in and is as it was; the last first.
pub(super) fn take_out(text: &str, puts: &[Put]) -> Result<Edited, Fault> {
    let mut doc = Document::parse_with_comments(text)?;
    let mut left = Vec::new();
    for put in puts.iter().rev() {
        let way: Vec<Step> = put.way.iter().map(|key| Step::from(key.as_str())).collect();
        if put.element {
            element(&mut doc, &way, &put.value, &mut left)?;
        } else {
            out(&mut doc, &way, &put.value, &mut left)?;
        }
    }
    Ok(Edited { text: doc.text(), puts: Vec::new(), left })
}

/// Takes `value` out at `way`; where somebody has put something beside it in it, only its parts.
fn out(doc: &mut Document, way: &[Step], value: &Value, left: &mut Vec<String>) -> Result<(), Fault> {
    let Some(here) = doc.get(way) else { return Ok(()) };
    match (&here, value) {
        // A comment in it is somebody's, and so is what it stands in.
        _ if here == *value && !has_comments(doc, way) => return doc.remove(way),
        (Value::Object(_), Value::Object(ours)) => {
            for (key, value) in ours {
                out(doc, &[way, &[Step::from(key.as_str())]].concat(), value, left)?;
            }
        }
        (Value::Array(_), Value::Array(ours)) if ours.iter().all(Value::is_object) => {
            for value in ours.iter().rev() {
                element(doc, way, value, left)?;
            }
        }
        _ if here == *value => return doc.remove(way),
        _ => {
            left.push(format!("`{}` was changed since, and stays", spell(way)));
            return Ok(());
        }
    }
    let empty = doc.get(way).is_some_and(|v| v == Value::Object(Map::new()) || v == Value::Array(Vec::new()));
    if empty && !has_comments(doc, way) { doc.remove(way) } else { Ok(()) }
}

fn element(doc: &mut Document, way: &[Step], value: &Value, left: &mut Vec<String>) -> Result<(), Fault> {
    let Some(Value::Array(here)) = doc.get(way) else { return Ok(()) };
    match here.iter().position(|e| e == value) {
        Some(index) => doc.remove(&[way, &[Step::from(index)]].concat()),
        None => {
            if here.iter().any(|e| same(e, value)) {
                left.push(format!("`{}` was changed since, and stays", label(value)));
            }
            Ok(())
        }
    }
}

/// Whether there is a comment right in the container at `way`, or deeper.
fn has_comments(doc: &Document, way: &[Step]) -> bool {
    doc.raw(way).is_some_and(Document::has_comments)
}

fn same(one: &Value, other: &Value) -> bool {
    one == other || (one.get("label").is_some() && one.get("label") == other.get("label"))
}

fn label(value: &Value) -> &str {
    value.get("label").and_then(Value::as_str).unwrap_or("it")
}

fn object(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::pieces::FILES;
    use super::*;

    fn read(text: &str) -> Value {
        Document::parse_with_comments(text).unwrap().value()
    }

    /// Texts of users: members of their own and some of those that ours go into, with comments and commas anywhere.
    fn texts() -> impl Strategy<Value = String> {
        let member = prop_oneof![
            Just(r#""editor.tabSize": 4"#),
            Just("\"files.exclude\": {\n    // mine\n    \"**/x\": true,\n  }"),
            Just(r#""terminal.integrated.env.osx": {"PATH": "/x"}"#),
            Just("\"terminal.integrated.env.linux\": {\n\t// none yet\n}"),
            Just("\"terminal.integrated.profiles.windows\": { /* a */ \"cmd\": null /* b */ }"),
            Just(r#""terminal.integrated.profiles.osx": []"#),
            Just(r#""terminal.integrated.env.windows": {"PROMPTSYNC_AUTO_SYNC": "false"}"#),
            Just("\"tasks\": [\n    {\"label\": \"build\"}, // first\n  ]"),
            Just("\"tasks\": [ /* none */ ]"),
            Just(r#""tasks": [{"label": "PromptSync: Pull Updates", "command": "other"}]"#),
            Just(r#""version": "2.0.0""#),
            Just(r#""version": "0.1.0""#),
            Just(r#""tasks": 7"#),
        ];
        let gap =
            prop_oneof![Just("\n  "), Just(" "), Just("\r\n\t"), Just("\n  // note, \"x\": {\n  "), Just("/* c */")];
        let members = proptest::collection::vec((gap.clone(), member, gap.clone()), 0..6);
        (members, any::<bool>(), gap, any::<bool>()).prop_map(|(members, comma, end, bom)| {
            let mut seen = Vec::new();
            let mut parts: Vec<String> = Vec::new();
            for (before, member, after) in members {
                let key = member.split(':').next().unwrap().to_owned();
                if !seen.contains(&key) {
                    seen.push(key);
                    parts.push(format!("{before}{member}{after}"));
                }
            }
            let comma = if comma && !parts.is_empty() { "," } else { "" };
            format!("{}// top\n{{{}{comma}{end}}}\n", if bom { "\u{feff}" } else { "" }, parts.join(","))
        })
    }

    fn has_blank_container(text: &str) -> bool {
        let opens = text.char_indices().filter(|(_, c)| ['{', '['].contains(c));
        opens.map(|(at, _)| &text[at + 1..]).any(|rest| {
            let trimmed = rest.trim_start();
            trimmed.len() < rest.len() && trimmed.starts_with(['}', ']'])
        })
    }

    /// Whether all of `small` is in `large` as it was.
    fn holds(large: &Value, small: &Value) -> bool {
        match (large, small) {
            (Value::Object(large), Value::Object(small)) => {
                small.iter().all(|(key, value)| large.get(key).is_some_and(|v| holds(v, value)))
            }
            (Value::Array(large), Value::Array(small)) => large.starts_with(small),
            _ => large == small,
        }
    }

    proptest! {
        #[test]
        fn what_was_put_in_comes_out_and_all_else_stays(text in texts(), file in 0usize..2, mine in any::<bool>()) {
            let pieces = FILES[file].1();
            let done = put_in(&text, &pieces).unwrap();
            prop_assert!(holds(&read(&done.text), &read(&text)), "{}", done.text);
            let again = put_in(&done.text, &pieces).unwrap();
            prop_assert_eq!((&again.text, again.puts.len(), again.left), (&done.text, 0, done.left.clone()));
            let (mut before, mut after) = (read(&text), done.text.clone());
            if mine {
                // Somebody adds something beside ours, in a container that may be ours.
                let (way, key) = if file == 0 { (vec![], "inputs") } else { (vec!["terminal.integrated.env.linux"], "MINE") };
                let steps: Vec<Step> = way.iter().map(|k| Step::from(*k)).collect();
                let mut doc = Document::parse_with_comments(&after).unwrap();
                doc.insert(&steps, key, &json!("x")).unwrap();
                after = doc.text();
                let whole = before.as_object_mut().unwrap();
                let inner = match way.first() {
                    Some(key) => whole.entry(*key).or_insert_with(|| json!({})).as_object_mut().unwrap(),
                    None => whole,
                };
                inner.insert(key.into(), json!("x"));
            }
            let out = take_out(&after, &done.puts).unwrap();
            prop_assert_eq!(read(&out.text), before, "{}", &out.text);
            prop_assert_eq!(out.left, Vec::<String>::new());
            // Blanks in an empty container give way; the record of the bytes is what brings those back.
            if !mine && !has_blank_container(&text) {
                prop_assert_eq!(out.text, text);
            }
        }
    }

    #[test]
    fn what_was_changed_since_stays_and_is_said() {
        let pieces = FILES[0].1();
        let done = put_in("{}", &pieces).unwrap();
        let changed = done.text.replace("ps-sync status", "ps-sync status --all");
        let out = take_out(&changed, &done.puts).unwrap();
        assert_eq!(out.left, ["`PromptSync: Check for Updates` was changed since, and stays"]);
        let left = read(&out.text);
        assert_eq!(left["tasks"].as_array().unwrap().len(), 1);
        assert_eq!(left["tasks"][0]["command"], "ps-sync status --all");
    }

    #[test]
    fn a_clone_that_put_nothing_in_takes_out_what_is_as_ours() {
        for (_, pieces) in FILES {
            let done = put_in("{\n  \"mine\": 1\n}\n", &pieces()).unwrap();
            let out = take_out(&done.text, &leaves(&pieces())).unwrap();
            assert!(!out.text.contains("ps-sync") && !out.text.contains("PROMPTSYNC"), "{}", out.text);
            assert_eq!(read(&out.text)["mine"], 1);
        }
    }
}
