//! The book, to be edited: each edit changes what it means to and keeps every other byte.

use std::fmt::Write as _;
use std::ops::Range;

use serde_json::Value;

use crate::book::fields::{Fields, Status};
use crate::book::head;
use crate::book::markdown::{self, headings};
use crate::book::sheet::{Block, block, prose_end};
use crate::book::todo::{self, List};
use crate::json::document::{Document, Fault, Step};

/// The heading of a book.
pub const HEADING: &str = "# Current Work Summary";
/// What a book says in which nothing is under way.
pub const IDLE: &str = "No work is under way.";
/// What a fresh section of notes says.
pub const NOTES: &str = "_Update this section as you complete items._";
/// What is said of a block in which a merge left a conflict.
pub const MARKERS: &str = "a merge left the markers of a conflict here";
/// The fields of a block in the order of the seed; those of later originals where these put them.
const ORDER: [&str; 10] = [
    "active_context",
    "completed_summaries",
    "research_docs",
    "worktree_path",
    "execution_branch",
    "execution_started",
    "phased_execution",
    "workflow",
    "last_updated",
    "",
];

/// The book's text and its block.
#[derive(Debug, Clone)]
pub struct Book {
    text: String,
    block: Block,
    json: Document,
    fields: Fields,
}

/// The head of what is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// `Implement User Authentication`, and of a phase `… - Phase 1: Database Schema & Migrations`.
    pub title: String,
    /// The phase, if it is one.
    pub phase: Option<u32>,
    /// The lines `**Name:** value` below, in order.
    pub lines: Vec<(String, String)>,
    /// The to-dos, with their boxes.
    pub todos: Vec<(String, bool)>,
}

impl Book {
    /// Reads a book.
    ///
    /// # Errors
    /// Where it has no block, or the block is no JSON or not of the form of a book: line and column in the file.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let lines = text.matches('\n').count() + 1;
        let whole = |line, what: &str| Fault { line, column: 1, what: what.to_owned() };
        let block = block(text).ok_or_else(|| whole(lines, "there is no block of JSON"))?;
        if !block.closed {
            return Err(whole(block.line.saturating_sub(1), "the block of JSON is not closed"));
        }
        let moved = |fault: Fault| Fault { line: fault.line + block.line - 1, ..fault };
        let inner = &text[block.inner.clone()];
        if inner.trim().is_empty() {
            return Err(whole(block.line, "the block of JSON is empty"));
        }
        if let Some(at) = inner.lines().position(is_marker) {
            return Err(whole(block.line + at, MARKERS));
        }
        let json = Document::parse(inner).map_err(moved)?;
        let fields = fields(&json).map_err(moved)?;
        Ok(Self { text: text.to_owned(), block, json, fields })
    }

    /// The text as it is now.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The block's fields.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The block as a value, with all that is not known here.
    #[must_use]
    pub fn value(&self) -> Value {
        self.json.value()
    }

    /// The prose in front of the block, without the rule between.
    #[must_use]
    pub fn prose(&self) -> &str {
        &self.text[..self.prose_end()]
    }

    fn prose_end(&self) -> usize {
        prose_end(&self.text, Some(&self.block))
    }

    /// The lists of to-dos.
    #[must_use]
    pub fn lists(&self) -> Vec<List<'_>> {
        todo::lists(&self.text, self.prose_end())
    }

    /// The list of a phase: the one that is named after it; the one without a name where that phase is the current
    /// one, the only one under way, or none is asked for.
    #[must_use]
    pub fn list(&self, phase: Option<u32>) -> Option<List<'_>> {
        let mut lists = self.lists();
        let named = lists.iter().position(|l| phase.is_some() && l.phase == phase);
        let plain = || {
            let of = self.unnamed_phase();
            lists.iter().position(|l| l.phase.is_none() && (phase.is_none() || of.is_none() || of == phase))
        };
        let at = named.or_else(plain)?;
        Some(lists.swap_remove(at))
    }

    /// The phase whose list has no name: the one that the book's head is about.
    #[must_use]
    pub fn unnamed_phase(&self) -> Option<u32> {
        head::head(self.prose())?.phase.map(|(number, _)| number)
    }

    /// Ticks a box or takes the tick away; whether that changed anything.
    ///
    /// # Errors
    /// Where there is no box of that number.
    pub fn tick(&mut self, phase: Option<u32>, number: usize, done: bool) -> Result<bool, NoSuchTodo> {
        let list = self.list(phase);
        let count = list.as_ref().map_or(0, |l| l.todos.len());
        let found = list.and_then(|l| l.todos.into_iter().find(|t| t.number == number));
        let Some((mark, is)) = found.map(|t| (t.mark, t.done)) else { return Err(NoSuchTodo { number, count }) };
        if is != done {
            self.splice_prose(mark..mark + 1, if done { "x" } else { " " });
        }
        Ok(is != done)
    }

    /// Sets a member of the block's object at `way`; a new one goes where the seed has it.
    ///
    /// # Errors
    /// Where there is no object.
    pub fn put(&mut self, way: &[Step], key: &str, value: &Value) -> Result<(), Fault> {
        let place: Vec<Step> = way.iter().cloned().chain([Step::from(key)]).collect();
        match self.json.get(&place) {
            Some(there) if there == *value => return Ok(()),
            Some(_) => self.json.replace(&place, value)?,
            None => {
                let later = ORDER.iter().skip_while(|k| **k != key).skip(1).find(|k| self.has(way, k));
                match later.filter(|_| way.is_empty()) {
                    Some(next) => self.json.insert_before(way, next, key, value)?,
                    None => self.json.insert(way, key, value)?,
                }
            }
        }
        self.rewrite()
    }

    /// Takes a member of the block's object at `way` out, if it is there.
    ///
    /// # Errors
    /// Never in practice: the text stays JSON.
    pub fn drop_key(&mut self, way: &[Step], key: &str) -> Result<(), Fault> {
        if self.has(way, key) {
            let place: Vec<Step> = way.iter().cloned().chain([Step::from(key)]).collect();
            self.json.remove(&place)?;
            self.rewrite()?;
        }
        Ok(())
    }

    fn has(&self, way: &[Step], key: &str) -> bool {
        let place: Vec<Step> = way.iter().cloned().chain([Step::from(key)]).collect();
        self.json.raw(&place).is_some()
    }

    /// Notes when the book was written, RFC 3339.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn touch(&mut self, now: &str) -> Result<(), Fault> {
        self.put(&[], "last_updated", &now.into())
    }

    /// Sets the files of the present work.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn set_active(&mut self, paths: &[String]) -> Result<(), Fault> {
        self.put(&[], "active_context", &paths.into())
    }

    /// Adds a summary at the end, unless it is there.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn add_summary(&mut self, path: &str) -> Result<(), Fault> {
        if self.fields.completed_summaries.iter().any(|s| s == path) {
            return Ok(());
        }
        if self.json.get(&["completed_summaries".into()]).is_none_or(|v| v.is_null()) {
            return self.put(&[], "completed_summaries", &vec![path].into());
        }
        self.json.push(&["completed_summaries".into()], &path.into())?;
        self.rewrite()
    }

    /// Sets a field of a phase.
    ///
    /// # Errors
    /// Where there is no such phase.
    pub fn put_in_phase(&mut self, number: u32, key: &str, value: &Value) -> Result<(), Fault> {
        let at = self.fields.phased_execution.iter().flat_map(|p| &p.phases).position(|p| p.phase == number);
        let Some(at) = at else { return Err(self.json.fault(&[], format!("there is no phase {number}"))) };
        self.put(&["phased_execution".into(), "phases".into(), at.into()], key, value)
    }

    /// Sets how a phase stands.
    ///
    /// # Errors
    /// As [`put_in_phase`](Self::put_in_phase).
    pub fn set_status(&mut self, number: u32, status: Status) -> Result<(), Fault> {
        self.put_in_phase(number, "status", &status.word().into())
    }

    /// Sets the phase that is under way.
    ///
    /// # Errors
    /// Where the plan is not phased.
    pub fn set_current(&mut self, number: Option<u32>) -> Result<(), Fault> {
        self.put(&["phased_execution".into()], "current_phase", &number.map_or(Value::Null, Value::from))
    }

    /// Begins a piece of work: its head, its to-dos and a section for notes come first, below the heading. What stood
    /// there goes below a heading of its own (`earlier`), its headings a level deeper, with every line it had. Where
    /// `beside` another phase that is still under way, nothing moves: only a list of its own is added.
    pub fn begin(&mut self, head: &Head, earlier: &str, beside: bool) {
        let newline = markdown::newline(&self.text);
        let end = self.prose_end();
        let prose = &self.text[..end];
        let list = |title: &str| {
            let mut text = format!("{title}\n\n");
            for (todo, done) in &head.todos {
                let _ = writeln!(text, "- [{}] {todo}", if *done { 'x' } else { ' ' });
            }
            text
        };
        let new = if beside {
            let number = head.phase.map(|n| format!(": Phase {n}")).unwrap_or_default();
            let lines: String = head.lines.iter().map(|(name, value)| format!("**{name}:** {value}\n")).collect();
            let body = list("").trim_start().to_owned();
            let kept = set_back(prose, head.phase);
            let kept = kept.trim_end_matches(['\r', '\n']);
            format!("{kept}\n\n## To-Do List{number}\n\nExecuting: {}\n\n{lines}\n{body}\n", head.title)
        } else {
            let all = headings(prose);
            let top = all.iter().find(|h| h.level == 1 && h.title == &HEADING[2..]);
            let (before, kept) =
                top.map_or((HEADING, prose), |h| (prose[..h.end].trim_end_matches(['\r', '\n']), &prose[h.end..]));
            let lines: String = head.lines.iter().map(|(name, value)| format!("**{name}:** {value}\n")).collect();
            let fresh = format!(
                "{before}\n\nExecuting: {}\n\n{lines}\n{}\n## Progress Notes\n\n{NOTES}\n\n",
                head.title,
                list("## To-Do List")
            );
            let kept = deeper(kept);
            let kept = bare(&kept);
            if kept.is_empty() || kept.trim() == IDLE { fresh } else { format!("{fresh}## {earlier}\n\n{kept}\n\n") }
        };
        let new = if newline == "\r\n" { new.replace("\r\n", "\n").replace('\n', "\r\n") } else { new };
        self.splice_prose(0..end, &new);
    }

    /// Puts `with` in the place of `range` of the prose.
    ///
    /// The range must be in front of the block.
    pub fn splice_prose(&mut self, range: Range<usize>, with: &str) {
        self.text.replace_range(range, with);
        // The prose cannot make the block another one but by JSON of a book in it, which `parse` judges the same way.
        if let Some(block) = block(&self.text) {
            self.block = block;
        }
    }

    fn rewrite(&mut self) -> Result<(), Fault> {
        let inner = self.json.text();
        self.text.replace_range(self.block.inner.clone(), &inner);
        let grown = self.block.inner.start + inner.len();
        self.block.outer.end = self.block.outer.end + grown - self.block.inner.end;
        self.block.inner.end = grown;
        self.fields = fields(&self.json)?;
        Ok(())
    }
}

/// There is no such box.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no to-do {number}; the list has {count}")]
pub struct NoSuchTodo {
    /// What was asked for.
    pub number: usize,
    /// How many there are.
    pub count: usize,
}

/// Whether a line is one that git puts in front of the sides of a conflict. No line of JSON is.
fn is_marker(line: &str) -> bool {
    line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>")
}

/// `text` without the blank lines it begins and ends with.
pub(super) fn bare(text: &str) -> &str {
    let blank = |line: &&str| line.trim().is_empty();
    let lead: usize = text.split_inclusive('\n').take_while(blank).map(str::len).sum();
    text[lead..].trim_end_matches(['\r', '\n'])
}

/// `prose` with the lists that are named after `phase` a heading deeper, where they are none any more: it begins once
/// more.
fn set_back(prose: &str, phase: Option<u32>) -> String {
    let mut out = prose.to_owned();
    let (all, lists) = (headings(prose), todo::lists(prose, prose.len()));
    for list in lists.iter().rev().filter(|l| phase.is_some() && l.phase == phase) {
        let at = all.partition_point(|h| h.end < list.body.start);
        let Some(start) = all.get(at).filter(|h| h.level == 2).map(|h| h.start) else { continue };
        out.replace_range(start..list.body.end, &deeper(&prose[start..list.body.end]));
    }
    out
}

/// `text` with headings below level 1 one deeper.
pub(super) fn deeper(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = 0;
    for heading in headings(text).iter().filter(|h| (2..6).contains(&h.level)) {
        out += &text[at..heading.start];
        out.push('#');
        at = heading.start;
    }
    out + &text[at..]
}

fn fields(json: &Document) -> Result<Fields, Fault> {
    let value = json.value();
    if !value.is_object() {
        return Err(json.fault(&[], "this should be an object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let way: Vec<Step> = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                serde_path_to_error::Segment::Seq { index } => Some(Step::At(*index)),
                serde_path_to_error::Segment::Map { key } => Some(Step::Key(key.clone())),
                _ => None,
            })
            .collect();
        json.fault(&way, error.inner().to_string())
    })
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
