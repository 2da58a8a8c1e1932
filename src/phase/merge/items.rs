//! Merging to-dos item by item: ticks first, so that no line differs by its box alone; then lists of items that both
//! sides added to or took from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::book::markdown::headings;
use crate::book::todo::{Todo, boxes, titled};
use crate::phase::plan::numbered;

/// Lines of a place that both sides changed, if it is to be settled item by item: more are no list that somebody keeps.
const MOST: usize = 1000;

/// What the items of a text are told apart by: their list, their words, and which of several with the same words.
type Key = (List, String, usize);

/// A list, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum List {
    /// The to-dos of a phase, or of work that is none. (Those of the present phase have no number in their title;
    /// when another begins they move below the heading of theirs.)
    Phase(Option<u32>),
    /// Boxes of another section.
    Section(String),
}

struct Item {
    /// The box's byte.
    mark: usize,
    done: bool,
    byte: u8,
    /// Its line, and the lines that belong to it: those that follow and are indented.
    lines: Range<usize>,
}

/// The items of `text` in front of `end`. `present` is the phase that a list without a number is of.
fn items(text: &str, end: usize, present: Option<u32>) -> BTreeMap<Key, Item> {
    let prose = &text[..end];
    let all = headings(prose);
    // Of each level the last heading so far that names a phase: where, and which.
    let mut named: [Option<(usize, u32)>; 7] = [None; 7];
    let mut lists = all
        .iter()
        .enumerate()
        .map(|(at, heading)| {
            let list = match titled(heading.title) {
                None => List::Section(heading.title.to_ascii_lowercase()),
                Some(Some(phase)) => List::Phase(Some(phase)),
                Some(None) => {
                    let earlier = named[..heading.level].iter().flatten().max().map(|(_, number)| *number);
                    List::Phase(earlier.or(present))
                }
            };
            if let Some((number, _)) = numbered(heading.title) {
                named[heading.level] = Some((at, number));
            }
            (heading.start, list)
        })
        .peekable();
    let mut list = List::Section(String::new());
    let mut found = BTreeMap::new();
    let mut counts: BTreeMap<(List, &str), usize> = BTreeMap::new();
    let todos = boxes(text, &(0..end));
    for (at, todo) in todos.iter().enumerate() {
        while let Some((_, next)) = lists.next_if(|(start, _)| *start < todo.line.start) {
            list = next;
        }
        let next = todos.get(at + 1).map_or(end, |t| t.line.start);
        let item = Item {
            mark: todo.mark,
            done: todo.done,
            byte: text.as_bytes()[todo.mark],
            lines: todo.line.start..tail(text, todo, next),
        };
        let nth = counts.entry((list.clone(), todo.text)).or_default();
        found.insert((list.clone(), todo.text.to_owned(), *nth), item);
        *nth += 1;
    }
    found
}

/// The end of the lines that belong to a to-do.
fn tail(text: &str, todo: &Todo<'_>, next: usize) -> usize {
    let follow = text[todo.line.end..next].split_inclusive('\n');
    let indented = |l: &&str| l.starts_with([' ', '\t']) && !l.trim().is_empty();
    todo.line.end + follow.take_while(indented).map(str::len).sum::<usize>()
}

/// A text and what is to be known of it: where its prose ends, and the present phase.
pub(super) struct Side {
    pub(super) text: String,
    pub(super) end: usize,
    pub(super) present: Option<u32>,
}

/// Gives all three texts the boxes as they are to be. An item that one side took out and the other ticked (or took the
/// tick of) is no longer one of the base, so that it stays as if that side had added it.
pub(super) fn tick(sides: &mut [Side; 3]) {
    let [base, ours, theirs] = sides.each_ref().map(|s| items(&s.text, s.end, s.present));
    let mut bytes: [Vec<(usize, u8)>; 3] = Default::default();
    let mut gone: Vec<Range<usize>> = Vec::new();
    let keys: BTreeSet<&Key> = ours.keys().chain(theirs.keys()).collect();
    for key in keys {
        match (base.get(key), ours.get(key), theirs.get(key)) {
            (was, Some(mine), Some(other)) => {
                let byte = settled(was, mine, other);
                bytes[1].push((mine.mark, byte));
                bytes[2].push((other.mark, byte));
                bytes[0].extend(was.map(|w| (w.mark, byte)));
            }
            (Some(was), Some(left), None) | (Some(was), None, Some(left)) => {
                bytes[0].push((was.mark, left.byte));
                if left.done != was.done {
                    gone.push(was.lines.clone());
                }
            }
            _ => {}
        }
    }
    for (side, bytes) in sides.iter_mut().zip(&bytes) {
        for (at, byte) in bytes {
            let mark = char::from(*byte).to_string();
            side.text.replace_range(*at..at + 1, &mark);
        }
    }
    gone.sort_by_key(|lines| lines.start);
    for lines in gone.into_iter().rev() {
        sides[0].end -= lines.len();
        sides[0].text.replace_range(lines, "");
    }
}

/// The box of an item that both sides have: as the side that changed it has it. New on both, it is ticked if one is.
fn settled(was: Option<&Item>, mine: &Item, other: &Item) -> u8 {
    match was {
        _ if mine.byte == other.byte => mine.byte,
        Some(was) if mine.byte == was.byte => other.byte,
        Some(was) if other.byte == was.byte => mine.byte,
        Some(was) if mine.done == was.done => other.byte,
        Some(_) => mine.byte,
        None if mine.done => mine.byte,
        None => other.byte,
    }
}

/// A piece of a list: an item with the lines that belong to it, and the blank ones behind.
struct Entry {
    words: (String, usize),
    body: String,
    blank: String,
}

/// What stands in front of the first item, and the items; `None` where there is anything but items.
fn entries(text: &str) -> Option<(String, Vec<Entry>)> {
    let mut lead = String::new();
    let mut all: Vec<Entry> = Vec::new();
    let todos = boxes(text, &(0..text.len()));
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if let Some(todo) = todos.iter().find(|t| t.line.start == start) {
            let nth = all.iter().filter(|e| e.words.0 == todo.text).count();
            all.push(Entry { words: (todo.text.to_owned(), nth), body: line.to_owned(), blank: String::new() });
            continue;
        }
        match all.last_mut() {
            None if line.trim().is_empty() => lead += line,
            Some(entry) if line.trim().is_empty() => entry.blank += line,
            Some(entry) if entry.blank.is_empty() && line.starts_with([' ', '\t']) => entry.body += line,
            _ => return None,
        }
    }
    Some((lead, all))
}

/// Both sides' new sections, where each begins with a heading and none has a heading of the other: two phases that were
/// begun at the same time.
fn sections(base: &str, ours: &str, theirs: &str, newline: &str) -> Option<String> {
    let titles = |text: &str| {
        let all = headings(text);
        let first = text.len() - text.trim_start().len();
        let whole = all.first().is_some_and(|h| h.start == first && h.level == 2);
        whole.then(|| all.iter().map(|h| h.title.to_owned()).collect::<BTreeSet<_>>())
    };
    let (mine, others) = (titles(ours)?, titles(theirs)?);
    if !base.trim().is_empty() || !mine.is_disjoint(&others) {
        return None;
    }
    let lead = ours.len() - ours.trim_start_matches(['\r', '\n']).len();
    let tail = ours.trim_end_matches(['\r', '\n']).len();
    let bodies = [&ours[..tail], theirs.trim_matches(['\r', '\n'])].join(&newline.repeat(2));
    // What stands around them is as ours has it.
    Some(format!("{}{}{}", &ours[..lead], &bodies[lead..], &ours[tail..]))
}

/// Lines that both sides changed, merged where they are items only. Ours keep their order; theirs come behind the one
/// they stood behind.
pub(super) fn settle(base: &str, ours: &str, theirs: &str, newline: &str) -> Option<String> {
    if let Some(both) = sections(base, ours, theirs, newline) {
        return Some(both);
    }
    if [base, ours, theirs].iter().any(|text| text.lines().take(MOST + 1).count() > MOST) {
        return None;
    }
    let (_, was) = entries(base)?;
    let (mut lead, mine) = entries(ours)?;
    let (other_lead, others) = entries(theirs)?;
    if was.is_empty() && (mine.is_empty() || others.is_empty()) {
        return None;
    }
    if mine.is_empty() {
        lead = other_lead;
    }
    fn find<'e>(all: &'e [Entry], entry: &Entry) -> Option<&'e Entry> {
        all.iter().find(|e| e.words == entry.words)
    }
    let mut merged: Vec<Entry> = Vec::new();
    for entry in mine {
        let body = match (find(&was, &entry), find(&others, &entry)) {
            (_, Some(other)) if other.body == entry.body => entry.body,
            (Some(was), Some(other)) if was.body == entry.body => other.body.clone(),
            (Some(was), Some(other)) if was.body == other.body => entry.body,
            // The lines below it were changed by both.
            (_, Some(_)) => return None,
            (Some(was), None) if was.body == entry.body => continue,
            (_, None) => entry.body,
        };
        merged.push(Entry { body, ..entry });
    }
    let mut before: Option<(String, usize)> = None;
    for entry in others {
        let words = entry.words.clone();
        let known = merged.iter().any(|e| e.words == words);
        let taken = find(&was, &entry).is_some_and(|was| was.body == entry.body);
        if !known && !taken {
            let behind = before.as_ref().and_then(|b| merged.iter().position(|e| e.words == *b));
            // What ours put behind that one comes first.
            let at = behind.map_or(0, |n| n + 1);
            let new = |e: &Entry| find(&was, e).is_none();
            let at = at + merged[at..].iter().take_while(|e| new(e)).count();
            // Blank lines stay at the end of what they follow.
            let mut entry = entry;
            entry.blank = String::new();
            if let Some(last) = at.checked_sub(1).and_then(|n| merged.get_mut(n)) {
                entry.blank = std::mem::take(&mut last.blank);
            }
            merged.insert(at, entry);
            before = Some(words);
        } else if known {
            before = Some(words);
        }
    }
    let mut out = lead;
    for entry in merged {
        for piece in [entry.body, entry.blank] {
            if !out.is_empty() && !out.ends_with('\n') {
                out += newline;
            }
            out += &piece;
        }
    }
    Some(out)
}

/// `merged` without items that stand in it more often than on any side: both moved them, each to another place, or
/// both added them in two places. An item with lines below it stays twice, since those may be of one side only.
pub(super) fn once(merged: &str, end: usize, present: Option<u32>, sides: &[Side; 3]) -> String {
    let all = sides.each_ref().map(|s| items(&s.text, s.end, s.present));
    let known: BTreeSet<&Key> = all[1..].iter().flat_map(BTreeMap::keys).collect();
    let words: BTreeSet<(&str, usize)> = known.iter().map(|(_, text, nth)| (text.as_str(), *nth)).collect();
    let found = items(merged, end, present);
    let mut counts = counted(&found);
    let most = all[1..].iter().map(counted).fold(BTreeMap::new(), |mut most: BTreeMap<&str, usize>, side| {
        for (text, count) in side {
            let there = most.entry(text).or_default();
            *there = count.max(*there);
        }
        most
    });
    let mut surplus = Vec::new();
    for (key, item) in &found {
        // One that is only in another list now is none.
        let new = key.2 > 0 && !known.contains(key) && !words.contains(&(key.1.as_str(), key.2));
        let line = &merged[item.lines.clone()];
        let alone = line.find('\n').is_none_or(|at| at + 1 == line.len());
        if let Some(count) = counts.get_mut(key.1.as_str())
            && new
            && alone
            && *count > most.get(key.1.as_str()).copied().unwrap_or_default()
        {
            *count -= 1;
            surplus.push(item.lines.clone());
        }
    }
    surplus.sort_by_key(|lines| lines.start);
    let mut out = String::with_capacity(merged.len());
    let mut at = 0;
    for lines in surplus {
        out += &merged[at..lines.start];
        at = lines.end;
    }
    out + &merged[at..]
}

/// How often each item stands in a text, in whichever lists.
fn counted(items: &BTreeMap<Key, Item>) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for (_, text, _) in items.keys() {
        *counts.entry(text.as_str()).or_default() += 1;
    }
    counts
}
