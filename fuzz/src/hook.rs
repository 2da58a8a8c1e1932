//! A hook's input: whatever comes in is read the same however it arrives, what JSON's own parser reads is
//! read in the same way, and what is printed is one line of JSON or nothing.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::time::Duration;

use claude_craft::hook::event::{Event, Name};
use claude_craft::hook::output::{CONTEXT, render};
use claude_craft::hook::stdin::{Found, Scan, Trouble, first_object};
use claude_craft::hook::wire;
use claude_craft::state::notice::Notice;
use serde_json::{Deserializer, Value};

use super::steers;

const NAMES: [Name; 4] = [Name::SessionStart, Name::SessionEnd, Name::UserPromptSubmit, Name::Stop];

/// Any bytes as what a client writes, as the text of a prompt and as something to tell.
pub fn body(data: &[u8]) {
    if let Found::Object(range) = arrives(data) {
        reads(&data[range]);
    }
    reads(data);
    prompt(data);
    tells(data);
}

/// Whole, in pieces and through a file, it is the same object.
fn arrives(data: &[u8]) -> Found {
    let whole = Scan::default().go_on(data);
    for piece in [1, 7, 100] {
        let mut scan = Scan::default();
        let mut found = Found::NotYet;
        for end in (1..=data.len()).filter(|end| end % piece == 0 || *end == data.len()) {
            found = scan.go_on(&data[..end]);
            if found != Found::NotYet {
                break;
            }
        }
        assert_eq!(found, whole, "in pieces of {piece}");
    }
    let mut file = input(data);
    match (first_object(&mut file, Duration::from_secs(60)), &whole) {
        (Ok(object), Found::Object(range)) => assert_eq!(object, data[range.clone()]),
        (Err(Trouble::NoObject), Found::NoObject) => {}
        (Err(Trouble::Empty | Trouble::Truncated), Found::NotYet) => {}
        other => panic!("{other:?}"),
    }
    // JSON's own parser finds the same end of the first object.
    let start = if data.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let start = start + data[start..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    if data.get(start) == Some(&b'{') {
        let mut values = Deserializer::from_slice(&data[start..]).into_iter::<Value>();
        if let Some(Ok(_)) = values.next() {
            assert_eq!(whole, Found::Object(start..start + values.byte_offset()));
        }
    }
    whole
}

fn input(data: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(data).and_then(|()| file.rewind()).expect("a temporary file");
    file
}

/// Every field is what JSON's own parser finds, or missing.
fn reads(object: &[u8]) {
    let found = wire::parse(object);
    if let Ok(Value::Object(map)) = serde_json::from_slice::<Value>(object) {
        let wire = found.clone().expect("what is sound is read");
        let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        assert_eq!(wire.session_id, text("session_id"));
        assert_eq!(wire.cwd, text("cwd"));
        assert_eq!(wire.hook_event_name, text("hook_event_name"));
        assert_eq!(wire.agent_id, text("agent_id"));
        assert_eq!(wire.source, text("source"));
        assert_eq!(wire.reason, text("reason"));
        assert_eq!(wire.answer, text("last_assistant_message"));
        assert_eq!(wire.opening, text("prompt").map(|t| t.trim_start().chars().take(16).collect()));
    }
    let Some(wire) = found else { return };
    assert!(wire.opening.as_ref().is_none_or(|o| o.chars().count() <= 16), "a prompt is not kept");
    for name in NAMES {
        let other = wire.hook_event_name.as_deref().is_some_and(|n| n != name.word());
        let event = Event::understand(name, wire.clone());
        assert_eq!(event.is_none(), other);
        if let Some(event) = event {
            assert!(event.cwd.is_none_or(|c| c != Path::new("")));
        }
    }
}

/// Any text of JavaScript's, halves of surrogate pairs included, as its `JSON.stringify` may write it.
fn prompt(data: &[u8]) {
    let units: Vec<u16> = data.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let escaped: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
    let text = format!("{{\"prompt\":\"{escaped}\",\"cwd\":\"/r\"}}");
    let wire = wire::parse(text.as_bytes()).expect("the client can send this");
    let expected = String::from_utf16_lossy(&units).trim_start().chars().take(16).collect();
    assert_eq!((wire.cwd.as_deref(), wire.opening), (Some("/r"), Some(expected)));
    let object = Scan::default().go_on(text.as_bytes());
    assert_eq!(object, Found::Object(0..text.len()));
}

/// What is told never steers a terminal, is one line of JSON, and is bounded where the model reads it.
fn tells(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let notices: Vec<_> = text
        .split('\0')
        .map(|part| part.split_once('\n').unwrap_or((part, part)))
        .map(|(user, model)| Notice { user: user.to_owned(), model: model.to_owned() })
        .collect();
    for name in NAMES {
        let Some(line) = render(name, &notices, true) else { continue };
        assert_ne!(name, Name::SessionEnd, "the client throws its output away");
        assert!(!line.contains('\n') && line.len() <= 40 * data.len() + 200, "{}", line.len());
        let value: Value = serde_json::from_str(&line).expect("JSON");
        let context = value["hookSpecificOutput"]["additionalContext"].as_str().unwrap_or_default();
        assert!(context.chars().count() <= CONTEXT);
        let message = value["systemMessage"].as_str().unwrap_or_default();
        assert!(!message.is_empty() || !context.is_empty());
        assert!([context, message].iter().all(|t| t.chars().all(|c| !steers(c) || matches!(c, '\n' | '\t'))));
    }
}
