//! A JSON text that is edited by cutting values in and out: whatever is not cut keeps its bytes.
//!
//! The parser tells where each value stands; no tree is ever printed anew. A syntax tree that prints
//! itself would lay out again the containers it touches.

use std::fmt::Write as _;
use std::ops::Range;

use jsonc_parser::{CollectOptions, CommentCollectionStrategy, parse_to_ast};
use serde_json::Value;

use super::loose;
use super::read::{fault_at, fault_of, options, read, value_of};
use super::style::{Style, line_indent};

/// The mark some editors put in front of UTF-8.
const BOM: char = '\u{feff}';
/// What JSON itself counts as white space (RFC 8259).
const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

/// What is wrong with a settings file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {what}")]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
}

/// One step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The member of an object.
    Key(String),
    /// The element of an array.
    At(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::At(index)
    }
}

/// A way as people write it: `hooks.SessionEnd[0].hooks[1]`.
#[must_use]
pub fn spell(way: &[Step]) -> String {
    let mut text = String::new();
    for step in way {
        let _ = match step {
            Step::Key(key) if text.is_empty() => write!(text, "{key}"),
            Step::Key(key) => write!(text, ".{key}"),
            Step::At(index) => write!(text, "[{index}]"),
        };
    }
    if text.is_empty() { "the file".into() } else { text }
}

/// A value in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Object(Vec<Member>),
    Array(Vec<Node>),
    Scalar,
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, unescaped.
    pub key: String,
    /// The first byte of the name.
    pub start: usize,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// The members of an object; none of anything else.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        if let Kind::Object(members) = &self.kind { members } else { &[] }
    }

    /// First byte, end and value of each member or element.
    pub fn children(&self) -> impl DoubleEndedIterator<Item = (usize, usize, &Node)> {
        let elements: &[Node] = if let Kind::Array(elements) = &self.kind { elements } else { &[] };
        let members = self.members().iter().map(|m| (m.start, m.value.end, &m.value));
        members.chain(elements.iter().map(|e| (e.start, e.end, e)))
    }

    fn index(&self, step: &Step) -> Option<usize> {
        match (step, &self.kind) {
            (Step::Key(key), Kind::Object(members)) => members.iter().position(|m| m.key == *key),
            (Step::At(index), Kind::Array(elements)) => (*index < elements.len()).then_some(*index),
            _ => None,
        }
    }

    fn get(&self, step: &Step) -> Option<&Self> {
        self.children().nth(self.index(step)?).map(|(_, _, node)| node)
    }
}

/// A settings file's text that can be edited.
#[derive(Debug, Clone)]
pub struct Document {
    /// As it was read; what is given back where nothing was edited.
    source: String,
    /// Without the byte order mark.
    text: String,
    root: Node,
    edited: bool,
    /// Whether there may be comments and trailing commas.
    loose: bool,
}

impl Document {
    /// Reads a text. A blank one stands for `{}`.
    ///
    /// # Errors
    /// Where it is not strict JSON (the client takes nothing else) or an object has a key twice.
    pub fn parse(source: &str) -> Result<Self, Fault> {
        let text = source.strip_prefix(BOM).unwrap_or(source);
        let text = if text.trim_matches(BLANK).is_empty() { "{}\n" } else { text };
        let root = read(text, false)?;
        // The other parser takes control characters in strings and blanks that JSON does not know.
        serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|e| fault_of(text, &e))?;
        // Both take what no value can be made of: numbers that are too large, nesting of more than 128 levels.
        serde_json::from_str::<Value>(text).map_err(|e| fault_of(text, &e))?;
        Ok(Self { source: source.to_owned(), text: text.to_owned(), root, edited: false, loose: false })
    }

    /// Reads a text that may have comments and trailing commas, as editors have them in their settings. A blank one
    /// stands for `{}`.
    ///
    /// # Errors
    /// Where it is not JSON otherwise, or an object has a key twice.
    pub fn parse_with_comments(source: &str) -> Result<Self, Fault> {
        let text = source.strip_prefix(BOM).unwrap_or(source);
        let text = if text.trim_matches(BLANK).is_empty() { "{}\n" } else { text };
        let root = read(text, true)?;
        value_of(text, &root)?;
        Ok(Self { source: source.to_owned(), text: text.to_owned(), root, edited: false, loose: true })
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and where they are not UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        Self::parse(Self::utf8(bytes)?)
    }

    /// A file's bytes as text.
    ///
    /// # Errors
    /// Where they are not UTF-8.
    pub fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
        std::str::from_utf8(bytes).map_err(|e| {
            let good = String::from_utf8_lossy(&bytes[..e.valid_up_to()]);
            fault_at(&good, good.len(), "this is not UTF-8")
        })
    }

    /// Whether there is a comment in a JSON text that can be parsed.
    #[must_use]
    pub fn has_comments(text: &str) -> bool {
        parse_to_ast(
            text,
            &CollectOptions { comments: CommentCollectionStrategy::Separate, tokens: false },
            &options(true),
        )
        .is_ok_and(|parsed| parsed.comments.is_some_and(|comments| !comments.is_empty()))
    }

    /// The text as it is now.
    #[must_use]
    pub fn text(&self) -> String {
        if !self.edited {
            return self.source.clone();
        }
        let mark = if self.source.starts_with(BOM) { BOM.to_string() } else { String::new() };
        mark + &self.text
    }

    /// The whole as a value.
    #[must_use]
    pub fn value(&self) -> Value {
        if self.loose {
            return value_of(&self.text, &self.root).unwrap_or_default();
        }
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The text of the value at `way`.
    #[must_use]
    pub fn raw(&self, way: &[Step]) -> Option<&str> {
        self.node(way).map(|node| &self.text[node.start..node.end])
    }

    /// The value at `way`.
    #[must_use]
    pub fn get(&self, way: &[Step]) -> Option<Value> {
        if self.loose {
            return value_of(&self.text, self.node(way)?).ok();
        }
        serde_json::from_str(self.raw(way)?).ok()
    }

    /// That the value at `way`, or what is there of it, is wrong.
    #[must_use]
    pub fn fault(&self, way: &[Step], what: impl Into<String>) -> Fault {
        let nearest = (0..=way.len()).rev().find_map(|n| self.node(&way[..n])).unwrap_or(&self.root);
        fault_at(&self.text, nearest.start, what)
    }

    /// Adds a member at the end of the object at `way`.
    ///
    /// # Errors
    /// Where there is no object.
    pub fn insert(&mut self, way: &[Step], key: &str, value: &Value) -> Result<(), Fault> {
        self.append(way, |style, indent| style.member(key, value, indent))
    }

    /// Adds a member to the object at `way`, in front of its member `next`; at the end where it has none of that name.
    ///
    /// # Errors
    /// Where there is no object.
    pub fn insert_before(&mut self, way: &[Step], next: &str, key: &str, value: &Value) -> Result<(), Fault> {
        let node = self.node(way).ok_or_else(|| self.missing(way))?;
        let Some(next) = node.members().iter().position(|m| m.key == next) else { return self.insert(way, key, value) };
        let style = Style::of(&self.text, &self.root);
        let start = node.members()[next].start;
        let before = next.checked_sub(1).map_or(node.start + 1, |i| node.members()[i].value.end);
        let text = if self.text[before..start].contains(['\n', '\r']) {
            let indent = line_indent(&self.text, start).to_owned();
            format!("{},{}{indent}", style.member(key, value, Some(&indent)), style.newline)
        } else {
            format!("{},{}", style.member(key, value, None), style.gap())
        };
        self.splice(start..start, &text)
    }

    /// Adds an element at the end of the array at `way`.
    ///
    /// # Errors
    /// Where there is no array.
    pub fn push(&mut self, way: &[Step], value: &Value) -> Result<(), Fault> {
        self.append(way, |style, indent| style.print(value, indent))
    }

    /// Puts `value` in the place of the one at `way`.
    ///
    /// # Errors
    /// Where there is none.
    pub fn replace(&mut self, way: &[Step], value: &Value) -> Result<(), Fault> {
        let node = self.node(way).ok_or_else(|| self.missing(way))?;
        let style = Style::of(&self.text, &self.root);
        let one_line = node.children().next().is_some() && !self.text[node.start..node.end].contains(['\n', '\r']);
        let indent = (style.multiline && !one_line).then(|| line_indent(&self.text, node.start));
        let text = style.print(value, indent);
        self.splice(node.start..node.end, &text)
    }

    /// Puts the JSON text `raw` in the place of the value at `way`.
    ///
    /// # Errors
    /// Where there is none, or `raw` is no JSON.
    pub fn replace_raw(&mut self, way: &[Step], raw: &str) -> Result<(), Fault> {
        let node = self.node(way).ok_or_else(|| self.missing(way))?;
        self.splice(node.start..node.end, raw)
    }

    /// Takes the value at `way` out, with its name and its comma. What was added by
    /// [`insert`](Self::insert) or [`push`](Self::push) leaves no trace.
    ///
    /// # Errors
    /// Where there is none.
    pub fn remove(&mut self, way: &[Step]) -> Result<(), Fault> {
        let found = way.split_last().and_then(|(last, above)| {
            let parent = self.node(above)?;
            Some((parent, parent.index(last)?))
        });
        let (parent, index) = found.ok_or_else(|| self.missing(way))?;
        if self.loose {
            return self.become_text(loose::remove(&self.text, parent, index));
        }
        let spans: Vec<_> = parent.children().map(|(start, end, _)| (start, end)).collect();
        let cut = match (index.checked_sub(1).map(|i| spans[i]), spans.get(index + 1)) {
            (Some((_, before)), _) => before..spans[index].1,
            (None, Some((after, _))) => spans[index].0..*after,
            (None, None) => parent.start + 1..parent.end - 1,
        };
        self.splice(cut, "")
    }

    fn append(&mut self, way: &[Step], print: impl Fn(&Style, Option<&str>) -> String) -> Result<(), Fault> {
        let node = self.node(way).ok_or_else(|| self.missing(way))?;
        if self.loose {
            return self.become_text(loose::append(&self.text, &self.root, node, &print));
        }
        let style = Style::of(&self.text, &self.root);
        let last_two = {
            let mut backwards = node.children().rev();
            (backwards.next(), backwards.next())
        };
        let (at, text) = match last_two {
            (Some((start, end, _)), before) => {
                let gap = &self.text[before.map_or(node.start + 1, |(_, end, _)| end)..start];
                let text = if gap.contains(['\n', '\r']) {
                    let indent = line_indent(&self.text, start);
                    format!(",{}{indent}{}", style.newline, print(&style, Some(indent)))
                } else {
                    let blank = if before.is_some() {
                        gap.trim_start_matches(BLANK).trim_start_matches(',')
                    } else {
                        style.gap()
                    };
                    format!(",{blank}{}", print(&style, None))
                };
                (end..end, text)
            }
            (None, _) if style.multiline => {
                let outer = line_indent(&self.text, node.start);
                let inner = format!("{outer}{}", style.unit);
                let text = format!("{0}{inner}{1}{0}{outer}", style.newline, print(&style, Some(&inner)));
                (node.start + 1..node.end - 1, text)
            }
            (None, _) => (node.start + 1..node.end - 1, print(&style, None)),
        };
        self.splice(at, &text)
    }

    fn splice(&mut self, at: Range<usize>, with: &str) -> Result<(), Fault> {
        let mut text = self.text.clone();
        text.replace_range(at, with);
        self.become_text(text)
    }

    fn become_text(&mut self, text: String) -> Result<(), Fault> {
        self.root = read(&text, self.loose)?;
        self.text = text;
        self.edited = true;
        Ok(())
    }

    fn node(&self, way: &[Step]) -> Option<&Node> {
        way.iter().try_fold(&self.root, |node, step| node.get(step))
    }

    fn missing(&self, way: &[Step]) -> Fault {
        self.fault(way, format!("there is no `{}`", spell(way)))
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
