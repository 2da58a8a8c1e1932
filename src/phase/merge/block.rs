//! Merging the block of a book field by field. The text is ours, edited by cutting, so that its layout and whatever is
//! not known here stay.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::book::fields::{Fields, Status};
use crate::clock;
use crate::json::document::{Document, Fault, Step, spell};
use crate::phase::precedence;

/// Lists of paths; `null` is an empty one.
const LISTS: [&str; 3] = ["active_context", "completed_summaries", "research_docs"];
/// What is decided when all else is: it follows from how the phases stand.
const LAST: [&str; 2] = ["current_phase", "execution_branch"];

/// What is as the side has it that rolled a phase back later.
const BY_ROLLBACK: [&str; 2] = ["status", "rolled_back"];

/// Members behind a new one among which its place is looked for.
const NEAR: usize = 32;

/// The block as all three texts are to have it: the same but for members in conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blocks {
    /// Base, ours, theirs.
    pub(super) texts: [String; 3],
    /// The members in conflict, by name.
    pub(super) clashes: Vec<String>,
}

/// Merges three blocks.
///
/// # Errors
/// Never in practice: the text stays JSON.
pub(super) fn merge(base: &str, ours: &str, theirs: &str) -> Result<Blocks, Fault> {
    let [base, ours, theirs] = [base, ours, theirs].map(Document::parse);
    let (base, ours, theirs) = (base?, ours?, theirs?);
    let mut merge = Merge {
        out: ours.clone(),
        base,
        ours,
        theirs,
        clashes: Vec::new(),
        goes: Vec::new(),
        late: Vec::new(),
        rolled_back: false,
    };
    merge.rolled_back = merge.any_rolled_back();
    merge.object(Some(&[]), &[], &[])?;
    merge.settle_late()?;
    let names = merge.clashes.iter().map(|c| spell(&[&c.way[..], &[Step::Key(c.key.clone())]].concat())).collect();
    let mut texts = [merge.out.clone(), merge.out.clone(), merge.out];
    for clash in &merge.clashes {
        put(&mut texts[0], &clash.way, &clash.key, clash.base.as_deref(), &[])?;
        put(&mut texts[2], &clash.way, &clash.key, clash.theirs.as_deref(), &[])?;
    }
    // From the last to the first, since one that goes moves those behind it.
    for way in merge.goes.iter().rev() {
        for text in &mut texts {
            text.remove(way)?;
        }
    }
    Ok(Blocks { texts: texts.map(|t| t.text()), clashes: names })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Ours,
    Theirs,
}

struct Clash {
    way: Vec<Step>,
    key: String,
    base: Option<String>,
    theirs: Option<String>,
}

struct Merge {
    base: Document,
    ours: Document,
    theirs: Document,
    /// Ours, as it becomes.
    out: Document,
    clashes: Vec<Clash>,
    /// Elements of arrays that go, each array's in order.
    goes: Vec<Vec<Step>>,
    /// Members that both sides changed and that are decided last: way and name.
    late: Vec<(Vec<Step>, String)>,
    /// Whether a side has rolled a phase back, so that what follows from the phases is decided anew.
    rolled_back: bool,
}

impl Merge {
    /// Merges the objects at a way for each side, member by member. The base may have none there.
    fn object(&mut self, base: Option<&[Step]>, ours: &[Step], theirs: &[Step]) -> Result<(), Fault> {
        let (mine, others) = (keys(&self.ours, ours), keys(&self.theirs, theirs));
        let added = others.iter().filter(|k| !mine.contains(k));
        let decided = if is_phase(ours) { self.rolled_back(base, ours, theirs) } else { None };
        for key in mine.iter().chain(added) {
            let [in_ours, in_theirs] = [ours, theirs].map(|way| below(way, key.as_str().into()));
            let in_base = base.map(|way| below(way, key.as_str().into()));
            let was = in_base.as_deref().and_then(|way| self.base.raw(way)).map(str::to_owned);
            let is = self.ours.raw(&in_ours).map(str::to_owned);
            let comes = self.theirs.raw(&in_theirs).map(str::to_owned);
            if same(is.as_deref(), comes.as_deref()) {
                continue;
            }
            if let Some(by) = decided.filter(|_| BY_ROLLBACK.contains(&key.as_str())) {
                if by == Side::Theirs && comes.is_some() {
                    put(&mut self.out, ours, key, comes.as_deref(), &[])?;
                }
                continue;
            }
            if self.rolled_back && LAST.contains(&key.as_str()) && (ours.is_empty() || is_plan(ours)) {
                self.late.push((ours.to_vec(), key.clone()));
                continue;
            }
            if same(comes.as_deref(), was.as_deref()) {
                continue;
            }
            if same(is.as_deref(), was.as_deref()) {
                let behind = others.iter().skip_while(|k| *k != key).skip(1).take(NEAR).cloned().collect::<Vec<_>>();
                put(&mut self.out, ours, key, comes.as_deref(), &behind)?;
                continue;
            }
            self.both(key, [in_base.as_deref(), Some(&in_ours), Some(&in_theirs)], [was, is, comes])?;
        }
        Ok(())
    }

    /// Which side says how a phase stands, where one has rolled it back since: the one that did so later.
    fn rolled_back(&self, base: Option<&[Step]>, ours: &[Step], theirs: &[Step]) -> Option<Side> {
        let base = base.and_then(|way| self.base.get(way)).unwrap_or_default();
        let (ours, theirs) = (self.ours.get(ours)?, self.theirs.get(theirs)?);
        let (later, earlier, side) = match precedence::by_rollback(&ours, &theirs) {
            Ordering::Equal => return None,
            Ordering::Greater => (ours, theirs, Side::Ours),
            Ordering::Less => (theirs, ours, Side::Theirs),
        };
        // A record that the earlier one took out, or a phase that it left alone, is merged as usual.
        (precedence::by_rollback(&later, &base).is_gt() && earlier != base).then_some(side)
    }

    /// Whether there is a phase of which [`rolled_back`](Self::rolled_back) decides.
    fn any_rolled_back(&self) -> bool {
        let way: [Step; 2] = ["phased_execution".into(), "phases".into()];
        let numbers = |of: &Document| numbers(of, &way).unwrap_or_default();
        let (was, mine, others) = (numbers(&self.base), numbers(&self.ours), numbers(&self.theirs));
        mine.iter().enumerate().any(|(at, number)| {
            let at_of = |of: &[u64]| of.iter().position(|n| n == number).map(|at| below(&way, at.into()));
            let Some(theirs) = at_of(&others) else { return false };
            self.rolled_back(at_of(&was).as_deref(), &below(&way, at.into()), &theirs).is_some()
        })
    }

    /// A member that both sides changed, differently.
    fn both(&mut self, key: &str, ways: [Option<&[Step]>; 3], raws: [Option<String>; 3]) -> Result<(), Fault> {
        let [in_base, in_ours, in_theirs] = ways.map(|way| way.unwrap_or_default().to_vec());
        let had_base = ways[0].is_some();
        let above = in_ours[..in_ours.len() - 1].to_vec();
        let values = raws.each_ref().map(|raw| raw.as_deref().and_then(|r| serde_json::from_str::<Value>(r).ok()));
        let [was, is, comes] = &values;
        let top = above.is_empty();
        let (plan, phase) = (is_plan(&above), is_phase(&above));
        let objects = is.as_ref().is_some_and(Value::is_object) && comes.as_ref().is_some_and(Value::is_object);
        if LAST.contains(&key) && (top || plan) {
            self.late.push((above, key.to_owned()));
            return Ok(());
        }
        if top && ["last_updated", "execution_started"].contains(&key) {
            if later(is.as_ref(), comes.as_ref()) {
                put(&mut self.out, &above, key, raws[2].as_deref(), &[])?;
            }
            return Ok(());
        }
        if phase && key == "status" {
            let [is, comes] = [is, comes].map(|v| v.clone().and_then(|v| serde_json::from_value::<Status>(v).ok()));
            if comes > is {
                put(&mut self.out, &above, key, raws[2].as_deref(), &[])?;
            }
            return Ok(());
        }
        if plan && key == "phases" && self.phases(had_base.then_some(&in_base[..]), &in_ours, &in_theirs)? {
            return Ok(());
        }
        let empty = top && LISTS.contains(&key);
        let lists = values.each_ref().map(|v| strings(v.as_ref(), empty));
        if let [was, Some(mine), Some(others)] = &lists
            && (was.is_some() || values[0].is_none())
        {
            return self.list(&in_ours, was.as_deref().unwrap_or_default(), mine, others, is.as_ref());
        }
        if objects {
            let known = was.as_ref().is_some_and(Value::is_object);
            return self.object(known.then_some(&in_base[..]), &in_ours, &in_theirs);
        }
        let [base, _, theirs] = raws;
        self.clashes.push(Clash { way: above, key: key.to_owned(), base, theirs });
        Ok(())
    }

    /// A list of texts as a set that keeps its order: what either side added is there, what either took is not.
    fn list(
        &mut self,
        way: &[Step],
        was: &[String],
        mine: &[String],
        others: &[String],
        is: Option<&Value>,
    ) -> Result<(), Fault> {
        let mut added: Vec<&String> = Vec::new();
        for text in others {
            if !was.contains(text) && !mine.contains(text) && !added.contains(&text) {
                added.push(text);
            }
        }
        if is.is_some_and(Value::is_array) {
            for text in added {
                self.out.push(way, &text.as_str().into())?;
            }
            for (at, text) in mine.iter().enumerate() {
                if was.contains(text) && !others.contains(text) {
                    self.goes.push(below(way, at.into()));
                }
            }
            return Ok(());
        }
        let Some((Step::Key(key), above)) = way.split_last() else { return Ok(()) };
        let raw = serde_json::to_string(&added).unwrap_or_default();
        put(&mut self.out, above, key, Some(&raw), &[])
    }

    /// The phases, by their numbers. Whether each side has a list of phases with numbers.
    fn phases(&mut self, base: Option<&[Step]>, ours: &[Step], theirs: &[Step]) -> Result<bool, Fault> {
        let was = match base.map(|way| numbers(&self.base, way)) {
            Some(None) if base.is_some_and(|way| self.base.raw(way).is_some()) => return Ok(false),
            Some(Some(was)) => was,
            _ => Vec::new(),
        };
        let (Some(mine), Some(others)) = (numbers(&self.ours, ours), numbers(&self.theirs, theirs)) else {
            return Ok(false);
        };
        let place = |of: &[u64], number: u64| of.iter().position(|n| *n == number);
        for (at, number) in mine.iter().enumerate() {
            let in_base = place(&was, *number).and_then(|n| Some(below(base?, n.into())));
            let in_ours = below(ours, at.into());
            match place(&others, *number) {
                Some(n) => self.object(in_base.as_deref(), &in_ours, &below(theirs, n.into()))?,
                // Taken out by them, and untouched here.
                None if in_base.as_deref().is_some_and(|w| same(self.base.raw(w), self.ours.raw(&in_ours))) => {
                    self.goes.push(in_ours);
                }
                None => {}
            }
        }
        let mut length = mine.len();
        for (at, number) in others.iter().enumerate().filter(|(_, n)| !mine.contains(n)) {
            let in_theirs = below(theirs, at.into());
            let in_base = place(&was, *number).and_then(|n| Some(below(base?, n.into())));
            let raw = self.theirs.raw(&in_theirs).unwrap_or("null").to_owned();
            if in_base.as_deref().is_some_and(|way| same(self.base.raw(way), Some(&raw))) {
                continue;
            }
            self.out.push(ours, &Value::Null)?;
            self.out.replace_raw(&below(ours, length.into()), &raw)?;
            length += 1;
        }
        Ok(true)
    }

    /// The current phase and the branch follow from how the phases stand: none is under way, none is current; else
    /// it is the phase that is, of two the one of the side that began later.
    fn settle_late(&mut self) -> Result<(), Fault> {
        let read = |document: &Document| serde_json::from_value::<Fields>(document.value()).unwrap_or_default();
        let (ours, theirs) = (read(&self.ours), read(&self.theirs));
        let late = std::mem::take(&mut self.late);
        for key in LAST {
            let Some((way, _)) = late.iter().find(|(_, k)| k == key) else { continue };
            let merged = read(&self.out);
            let gone = self.goes.iter().filter_map(|way| self.out.get(way)?.get("phase")?.as_u64()).collect::<Vec<_>>();
            let under_way: BTreeSet<u32> =
                merged.under_way().map(|p| p.phase).filter(|n| !gone.contains(&u64::from(*n))).collect();
            let current = |f: &Fields| f.phased_execution.as_ref().and_then(|p| p.current_phase);
            let began = |f: &Fields| f.execution_started.as_deref().and_then(clock::parse_rfc3339);
            let of_use = |f: &Fields| current(f).is_some_and(|n| under_way.contains(&n));
            // Ties are broken by what is said, so that both machines come to the same.
            let rank = |f: &Fields| (of_use(f), began(f), current(f), f.execution_branch.clone());
            let first = if rank(&theirs) > rank(&ours) { &theirs } else { &ours };
            let second = if std::ptr::eq(first, &ours) { &theirs } else { &ours };
            let value = if key == "current_phase" {
                let named = current(first).filter(|_| of_use(first));
                named.or_else(|| under_way.last().copied()).map_or(Value::Null, Value::from)
            } else if merged.phased_execution.is_some() && under_way.is_empty() {
                Value::Null
            } else {
                let branch = first.execution_branch.clone().or_else(|| second.execution_branch.clone());
                branch.map_or(Value::Null, Value::from)
            };
            put(&mut self.out, way, key, Some(&value.to_string()), &[])?;
        }
        Ok(())
    }
}

fn is_plan(way: &[Step]) -> bool {
    way == ["phased_execution".into()]
}

fn is_phase(way: &[Step]) -> bool {
    way.len() == 3 && way[..2] == ["phased_execution".into(), "phases".into()]
}

fn below(way: &[Step], step: Step) -> Vec<Step> {
    way.iter().cloned().chain([step]).collect()
}

/// Sets the member `key` of the object at `way` to the JSON text `raw`, or takes it out. A new one goes in front of the
/// first of `behind` that is there.
fn put(to: &mut Document, way: &[Step], key: &str, raw: Option<&str>, behind: &[String]) -> Result<(), Fault> {
    let place = below(way, key.into());
    let there = to.raw(&place).is_some();
    let Some(raw) = raw else { return if there { to.remove(&place) } else { Ok(()) } };
    if !there {
        match behind.iter().find(|k| to.raw(&below(way, k.as_str().into())).is_some()) {
            Some(next) => to.insert_before(way, next, key, &Value::Null)?,
            None => to.insert(way, key, &Value::Null)?,
        }
    }
    to.replace_raw(&place, raw)
}

fn keys(of: &Document, way: &[Step]) -> Vec<String> {
    match of.get(way) {
        Some(Value::Object(members)) => members.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The numbers of the phases at `way`: `None` where that is no list of objects with a number each.
fn numbers(of: &Document, way: &[Step]) -> Option<Vec<u64>> {
    let Value::Array(phases) = of.get(way)? else { return None };
    let numbers: Option<Vec<u64>> = phases.iter().map(|p| p.get("phase")?.as_u64()).collect();
    numbers.filter(|all| all.iter().collect::<BTreeSet<_>>().len() == all.len())
}

/// A list of texts; where `empty`, none and `null` are a list too.
fn strings(value: Option<&Value>, empty: bool) -> Option<Vec<String>> {
    match value {
        Some(Value::Array(elements)) => elements.iter().map(|e| e.as_str().map(str::to_owned)).collect(),
        None | Some(Value::Null) if empty => Some(Vec::new()),
        _ => None,
    }
}

/// Whether the time `theirs` is the later one; no time is before any.
fn later(ours: Option<&Value>, theirs: Option<&Value>) -> bool {
    let rank = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str).unwrap_or_default().to_owned();
        (clock::parse_rfc3339(&text), text)
    };
    rank(theirs) > rank(ours)
}

/// Whether two JSON texts say the same, whatever the blanks between. (Numbers are compared as they are written: some
/// are larger than what can be computed with.)
fn same(one: Option<&str>, other: Option<&str>) -> bool {
    one.map(tight) == other.map(tight)
}

fn tight(raw: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let keep = |c: &char| {
        if quoted {
            quoted = *c != '"' || escaped;
            escaped = *c == '\\' && !escaped;
            return true;
        }
        quoted = *c == '"';
        !c.is_ascii_whitespace()
    };
    raw.chars().filter(keep).collect()
}
