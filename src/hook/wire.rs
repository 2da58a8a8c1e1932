//! What the host sends, read so that nothing it may send is an error: every field may be missing,
//! null or of another type (which counts as missing), given twice (the last one holds), and there
//! may be others.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Characters kept of a prompt. It may hold megabytes, and what it says is none of our business.
const OPENING: usize = 16;

/// The fields of the host's object that are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wire {
    /// `session_id`.
    pub session_id: Option<String>,
    /// `cwd`: where the session works at this moment.
    pub cwd: Option<String>,
    /// `hook_event_name`.
    pub hook_event_name: Option<String>,
    /// `agent_id`: there only within a subagent.
    pub agent_id: Option<String>,
    /// `source` of a session's start.
    pub source: Option<String>,
    /// `reason` of a session's end.
    pub reason: Option<String>,
    /// The first characters of `prompt`, after leading blanks.
    pub opening: Option<String>,
    /// `last_assistant_message` of a turn's end.
    pub answer: Option<String>,
}

/// Parses one JSON object; `None` where it is none.
#[must_use]
pub fn parse(object: &[u8]) -> Option<Wire> {
    let text = String::from_utf8_lossy(object);
    serde_json::from_str(&text).or_else(|_| serde_json::from_str(&mend(&text))).ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Field {
    SessionId,
    Cwd,
    HookEventName,
    AgentId,
    Source,
    Reason,
    Prompt,
    LastAssistantMessage,
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for Wire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WireVisitor)
    }
}

struct WireVisitor;

impl<'de> Visitor<'de> for WireVisitor {
    type Value = Wire;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wire, A::Error> {
        let mut wire = Wire::default();
        while let Some(field) = map.next_key()? {
            match field {
                Field::SessionId => wire.session_id = map.next_value::<Text>()?.0,
                Field::Cwd => wire.cwd = map.next_value::<Text>()?.0,
                Field::HookEventName => wire.hook_event_name = map.next_value::<Text>()?.0,
                Field::AgentId => wire.agent_id = map.next_value::<Text>()?.0,
                Field::Source => wire.source = map.next_value::<Text>()?.0,
                Field::Reason => wire.reason = map.next_value::<Text>()?.0,
                Field::Prompt => wire.opening = map.next_value::<Opening>()?.0,
                Field::LastAssistantMessage => wire.answer = map.next_value::<Text>()?.0,
                Field::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(wire)
    }
}

struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient(str::to_owned)).map(Self)
    }
}

struct Opening(Option<String>);

impl<'de> Deserialize<'de> for Opening {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient(|text| text.trim_start().chars().take(OPENING).collect())).map(Self)
    }
}

/// Takes a text through its function, and anything else as missing.
struct Lenient(fn(&str) -> String);

impl<'de> Visitor<'de> for Lenient {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(self.0(text)))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Replaces halves of surrogate pairs by the replacement character. JavaScript writes them as
/// escapes where a text was cut within an emoji, and no UTF-8 can hold them.
fn mend(text: &str) -> String {
    let mut mended = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let first = surrogate(escape);
        let length = match first {
            Some(0xd800..=0xdbff) if matches!(escape.get(6..).and_then(surrogate), Some(0xdc00..=0xdfff)) => 12,
            Some(_) => {
                mended.push_str("\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            // The escaped character goes with its backslash, so that `\\u` is no escape of a number.
            None => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (kept, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        mended.push_str(kept);
        rest = after;
    }
    mended.push_str(rest);
    mended
}

/// The number of an escape at the start of `text`, where it is half of a surrogate pair.
fn surrogate(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok().filter(|number| (0xd800..=0xdfff).contains(number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_missing_null_or_of_another_type_is_missing() {
        for odd in ["null", "7", "-7", "1.5", "true", "[\"/r\", {}]", "{\"cwd\": [1]}"] {
            let text = format!("{{\"cwd\": {odd}, \"new\": {odd}, \"prompt\": {odd}, \"session_id\": \"s\"}}");
            let wire = Wire { session_id: Some("s".into()), ..Wire::default() };
            assert_eq!(parse(text.as_bytes()), Some(wire), "{odd}");
        }
        assert_eq!(parse(b"{}"), Some(Wire::default()));
        assert_eq!(parse(b"{\"cwd\":\"a\",\"cwd\":\"b\"}").unwrap().cwd.unwrap(), "b");
        assert_eq!(parse(b"{\"cwd\"}"), None);
    }

    #[test]
    fn of_a_prompt_only_the_opening_is_kept() {
        let text = format!("{{\"prompt\": \"\\n  /craft status {}\"}}", "x".repeat(1000));
        assert_eq!(parse(text.as_bytes()).unwrap().opening.unwrap(), "/craft status xx");
    }

    #[test]
    fn broken_text_in_a_prompt_does_not_hide_the_event() {
        let wire = parse(b"{\"prompt\": \"a\xff\xfeb\", \"cwd\": \"/r\"}").unwrap();
        assert_eq!((wire.opening.unwrap().as_str(), wire.cwd.unwrap().as_str()), ("a\u{fffd}\u{fffd}b", "/r"));
        let wire = parse(br#"{"prompt": "\ud83d cut, \ud83d\ude00 \\ud83d", "cwd": "/r"}"#).unwrap();
        assert_eq!(wire.opening.unwrap(), "\u{fffd} cut, \u{1f600} \\ud83d".chars().take(16).collect::<String>());
        assert_eq!(wire.cwd.unwrap(), "/r");
        assert!(parse(br#"{"prompt": "\ud83d\u0041 \udc00"}"#).is_some());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..100), text in "[{\\\\u\"d8c0:,}é]{0,40}") {
            let _ = parse(&bytes);
            let _ = mend(&text);
            let _ = parse(format!("{{\"prompt\":\"{text}\"}}").as_bytes());
        }

        #[test]
        fn mending_leaves_sound_text_alone(text in any::<String>()) {
            let json = serde_json::Value::from(text).to_string();
            prop_assert_eq!(mend(&json), json);
        }
    }
}
