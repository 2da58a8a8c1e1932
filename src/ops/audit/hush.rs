//! An entry without the credentials in it.

use serde_json::{Map, Value};

use crate::audit::Entry;
use crate::scan::redact;

/// Stands where a value was that only its name gave away.
const WITHHELD: &str = "(not shown: it holds a credential)";

/// `entry` with all its texts hushed. Most entries hold nothing that could be a credential; whether one may is asked
/// once for all of its texts, since asking costs more than writing the line.
pub(super) fn hushed(entry: Entry) -> Entry {
    if !redact::may_change(&texts(&entry)) {
        return entry;
    }
    let Entry { mut actor, platform, operation, item, reason, context, .. } = entry;
    for text in [&mut actor.trigger, &mut actor.user, &mut actor.host].into_iter().chain(&mut actor.session) {
        *text = redact::hush(text);
    }
    let context = match redact::hush_json(Value::Object(context)) {
        Value::Object(fields) => fields.into_iter().map(whole).collect(),
        _ => Map::new(),
    };
    Entry {
        actor,
        platform: redact::hush(&platform),
        operation: redact::hush(&operation),
        item: item.as_deref().map(redact::hush),
        reason: reason.as_deref().map(redact::hush),
        context,
        ..entry
    }
}

/// A field of the context: a word that is harmless by itself may be a password by its name.
fn whole((name, value): (String, Value)) -> (String, Value) {
    let together = format!("{name}: {value}");
    if redact::holds_credential(&together) { (name, WITHHELD.into()) } else { (name, value) }
}

fn texts(entry: &Entry) -> String {
    let actor = &entry.actor;
    let mut all = vec![&actor.trigger, &actor.user, &actor.host, &entry.platform, &entry.operation];
    all.extend([&actor.session, &entry.item, &entry.reason].into_iter().flatten());
    let mut text = String::new();
    for one in all {
        text.push_str(one);
        text.push('\n');
    }
    for (name, value) in &entry.context {
        text.push_str(name);
        text.push_str(": ");
        flat(value, &mut text);
    }
    text
}

/// All texts and names in a value, a line each: as JSON they would be full of marks that texts are not.
fn flat(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push_str(text);
            out.push('\n');
        }
        Value::Array(list) => list.iter().for_each(|v| flat(v, out)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            out.push_str(name);
            out.push_str(": ");
            flat(value, out);
        }),
        other => {
            out.push_str(&other.to_string());
            out.push('\n');
        }
    }
}
