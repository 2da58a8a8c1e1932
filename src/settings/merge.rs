//! Putting a fragment into a settings file: objects are merged, lists and hook groups are united, a
//! single value of the user's that differs gives way and is kept for the way back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ours;
use super::remove::{self, find_hook};
use crate::json::document::{Document, Fault, Step, spell};

/// Objects that the client takes as one value: half of the user's and half of ours would be neither.
const UNITS: [&str; 1] = ["statusLine"];

/// One thing that was put in, as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Entry {
    /// A hook, in a group of its own.
    Hook {
        /// The event.
        event: String,
        /// The group's other fields (`matcher`).
        group: Map<String, Value>,
        /// The handler.
        handler: Value,
    },
    /// An element of any other list.
    Item {
        /// The list.
        path: Vec<String>,
        /// The element.
        value: Value,
    },
    /// A value that stands alone.
    Single {
        /// Where.
        path: Vec<String>,
        /// The value.
        value: Value,
        /// The text of the user's own that it took the place of.
        former: Option<String>,
    },
}

/// A file with a fragment in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The file's text.
    pub text: String,
    /// What was put in, or was there already and is ours.
    pub entries: Vec<Entry>,
    /// Objects and lists that are there only because of us.
    pub created: Vec<Vec<String>>,
    /// Whether something of ours was there that nobody recorded. It is taken for ours from now on.
    pub adopted: bool,
}

/// Puts `fragment` into the text. `former` is what was put in by an earlier version of it, `created`
/// the containers that were made: what is the same stays where the user has it, what differs is
/// replaced there, what is no longer wanted goes.
///
/// # Errors
/// Where the text is no settings file, or what is there leaves no room for the fragment.
pub fn put_in(
    text: &str,
    fragment: &Map<String, Value>,
    former: &[Entry],
    created: &[Vec<String>],
) -> Result<Merged, Fault> {
    let mut work = Work { doc: Document::parse(text)?, created: created.to_vec(), adopted: false };
    work.object(&[])?;
    let mut open = former.to_vec();
    let mut entries = Vec::new();
    for wanted in entries_of(fragment) {
        let before = open.iter().position(|f| succeeds(&wanted, f)).map(|at| open.remove(at));
        entries.extend(match wanted {
            Entry::Hook { event, group, handler } => Some(work.hook(event, group, handler, before.as_ref())?),
            Entry::Item { path, value } => work.item(path, value, before.is_some())?,
            Entry::Single { path, value, .. } => Some(work.single(path, value, before)?),
        });
    }
    for entry in &open {
        remove::entry(&mut work.doc, entry)?;
    }
    remove::prune(&mut work.doc, &mut work.created)?;
    Ok(Merged { text: work.doc.text(), entries, created: work.created, adopted: work.adopted })
}

/// A fragment's leaves.
#[must_use]
pub fn entries_of(fragment: &Map<String, Value>) -> Vec<Entry> {
    let mut found = Vec::new();
    for (key, value) in fragment {
        leaves(&mut vec![key.clone()], value, &mut found);
    }
    found
}

/// A path of keys as a way in a document.
#[must_use]
pub fn way(path: &[String]) -> Vec<Step> {
    path.iter().map(|key| key.as_str().into()).collect()
}

fn leaves(path: &mut Vec<String>, value: &Value, found: &mut Vec<Entry>) {
    match (value, path.as_slice()) {
        (Value::Array(groups), [hooks, event]) if hooks == "hooks" => {
            for group in groups.iter().filter_map(Value::as_object) {
                let mut rest = group.clone();
                let handlers = rest.shift_remove("hooks");
                for handler in handlers.as_ref().and_then(Value::as_array).into_iter().flatten() {
                    let (event, group, handler) = (event.clone(), rest.clone(), handler.clone());
                    found.push(Entry::Hook { event, group, handler });
                }
            }
        }
        (Value::Array(items), _) => {
            found.extend(items.iter().map(|v| Entry::Item { path: path.clone(), value: v.clone() }));
        }
        (Value::Object(map), _) if !(path.len() == 1 && UNITS.contains(&path[0].as_str())) => {
            for (key, inner) in map {
                path.push(key.clone());
                leaves(path, inner, found);
                path.pop();
            }
        }
        _ => found.push(Entry::Single { path: path.clone(), value: value.clone(), former: None }),
    }
}

/// Whether `wanted` is another version of `former`, or the same.
fn succeeds(wanted: &Entry, former: &Entry) -> bool {
    match (wanted, former) {
        (Entry::Hook { event: e, handler: h, .. }, Entry::Hook { event, handler, .. }) => {
            let (new, old) = (command(h), command(handler));
            e == event
                && (h == handler || new == old || ours::program(new).is_some_and(|p| ours::program(old) == Some(p)))
        }
        (Entry::Single { path: p, .. }, Entry::Single { path, .. }) => p == path,
        (wanted, former) => wanted == former,
    }
}

/// A handler's command; empty where it has none.
#[must_use]
pub fn command(handler: &Value) -> &str {
    handler.get("command").and_then(Value::as_str).unwrap_or_default()
}

/// What stands there, with what we changed between `base` and `wanted`; what the user changed stays.
fn updated(there: &Value, base: &Value, wanted: &Value) -> Value {
    let (Value::Object(there), Value::Object(base), Value::Object(wanted)) = (there, base, wanted) else {
        return wanted.clone();
    };
    let mut next = there.clone();
    next.retain(|key, value| wanted.contains_key(key) || base.get(key) != Some(value));
    for (key, value) in wanted {
        if base.get(key) != Some(value) {
            next.insert(key.clone(), value.clone());
        }
    }
    Value::Object(next)
}

struct Work {
    doc: Document,
    created: Vec<Vec<String>>,
    adopted: bool,
}

impl Work {
    fn hook(
        &mut self,
        event: String,
        group: Map<String, Value>,
        handler: Value,
        before: Option<&Entry>,
    ) -> Result<Entry, Fault> {
        let list = ["hooks".to_owned(), event.clone()];
        self.object(&list[..1])?;
        self.array(&list)?;
        let recorded = match before {
            Some(Entry::Hook { group: old, handler: base, .. }) if *old == group => {
                find_hook(&self.doc, &event, base).map(|at| (at, base.clone()))
            }
            Some(other) => {
                remove::entry(&mut self.doc, other)?;
                None
            }
            None => None,
        };
        let unrecorded = || {
            let at = find_hook(&self.doc, &event, &handler)?;
            (self.doc.get(&at).as_ref() == Some(&handler)).then(|| (at, handler.clone()))
        };
        let known = recorded.is_some();
        match recorded.or_else(unrecorded) {
            Some((at, base)) => {
                self.adopted |= !known;
                let there = self.doc.get(&at).unwrap_or_default();
                let next = updated(&there, &base, &handler);
                if next != there {
                    self.doc.replace(&at, &next)?;
                }
            }
            None => {
                let mut whole = group.clone();
                whole.insert("hooks".into(), Value::Array(vec![handler.clone()]));
                self.doc.push(&way(&list), &Value::Object(whole))?;
            }
        }
        self.alone(&handler)?;
        Ok(Entry::Hook { event, group, handler })
    }

    /// Another command that runs the same executable would do its work twice. The same command in two
    /// places is run once by the client, and may be the user's way to give it two matchers.
    fn alone(&self, handler: &Value) -> Result<(), Fault> {
        let Some(program) = ours::program(command(handler)) else { return Ok(()) };
        let all = ours::hooks(&self.doc.value());
        match all.iter().find(|f| f.program == program && f.command != command(handler)) {
            Some(other) => {
                let what =
                    format!("`{}` runs {program} already ({}); it would run twice", other.place(), other.command);
                Err(self.doc.fault(&other.way, what))
            }
            None => Ok(()),
        }
    }

    fn item(&mut self, path: Vec<String>, value: Value, known: bool) -> Result<Option<Entry>, Fault> {
        self.parents(&path)?;
        self.array(&path)?;
        let there = self.doc.get(&way(&path)).unwrap_or_default();
        let present = there.as_array().is_some_and(|items| items.contains(&value));
        if !present {
            self.doc.push(&way(&path), &value)?;
        }
        // What the user had is not ours to take out again.
        Ok((!present || known).then_some(Entry::Item { path, value }))
    }

    fn single(&mut self, path: Vec<String>, value: Value, before: Option<Entry>) -> Result<Entry, Fault> {
        self.parents(&path)?;
        let at = way(&path);
        let (base, kept) = match before {
            Some(Entry::Single { value, former, .. }) => (Some(value), former),
            _ => (None, None),
        };
        let Some(there) = self.doc.get(&at) else {
            let (key, above) = path.split_last().ok_or_else(|| self.doc.fault(&[], "nothing to put in"))?;
            self.doc.insert(&way(above), key, &value)?;
            return Ok(Entry::Single { path, value, former: kept });
        };
        let (next, former) = match base {
            Some(base) if remove::is_ours(&there, &base) => (updated(&there, &base, &value), kept),
            _ if ours::is_status_line(&there) => {
                self.adopted = true;
                (value.clone(), None)
            }
            _ => (value.clone(), self.doc.raw(&at).map(str::to_owned)),
        };
        if next != there {
            self.doc.replace(&at, &next)?;
        }
        Ok(Entry::Single { path, value, former })
    }

    fn parents(&mut self, path: &[String]) -> Result<(), Fault> {
        (1..path.len()).try_for_each(|n| self.object(&path[..n]))
    }

    fn object(&mut self, path: &[String]) -> Result<(), Fault> {
        self.container(path, "an object", Value::is_object, &Value::Object(Map::new()))
    }

    fn array(&mut self, path: &[String]) -> Result<(), Fault> {
        self.container(path, "a list", Value::is_array, &Value::Array(Vec::new()))
    }

    fn container(
        &mut self,
        path: &[String],
        wanted: &str,
        right: fn(&Value) -> bool,
        empty: &Value,
    ) -> Result<(), Fault> {
        let at = way(path);
        match (self.doc.get(&at), path.split_last()) {
            (Some(there), _) if right(&there) => Ok(()),
            (None, Some((key, above))) => {
                self.doc.insert(&way(above), key, empty)?;
                if !self.created.iter().any(|c| c == path) {
                    self.created.push(path.to_vec());
                }
                Ok(())
            }
            (there, _) => {
                let found = match there {
                    Some(Value::Object(_)) => "an object".to_owned(),
                    Some(Value::Array(_)) => "a list".to_owned(),
                    Some(Value::String(_)) => "a text".to_owned(),
                    other => other.unwrap_or_default().to_string(),
                };
                let name = if path.is_empty() { spell(&at) } else { format!("`{}`", spell(&at)) };
                Err(self.doc.fault(&at, format!("{name} is {found}; it must be {wanted}")))
            }
        }
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
