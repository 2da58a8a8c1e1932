//! Patterns that are checked when they are read, and compiled when they are first needed.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::translate::{Fault, translate};

/// What a compiled pattern, or a set of them, may take, in bytes.
const SIZE: usize = 32 << 20;
/// How large a pattern may be until it is compiled at once, to see that it fits.
const LARGE: usize = 20_000;
/// How deep a pattern may be nested.
const NEST: u32 = 200;

const TOO_LARGE: Fault = "is too large";

/// One pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    regex: OnceLock<Option<Regex>>,
    /// How many groups it has.
    pub(super) groups: usize,
}

impl Pattern {
    /// Checks a pattern as Go reads it.
    pub(super) fn new(go: &str) -> Result<Self, Fault> {
        let text = translate(go)?;
        let hir = parse(&text)?;
        let pattern = Self { text, regex: OnceLock::new(), groups: hir.properties().explicit_captures_len() };
        if cost(&hir) > LARGE && pattern.regex().is_none() {
            return Err(TOO_LARGE);
        }
        Ok(pattern)
    }

    /// The compiled form. None only where it is too large, which `new` has seen.
    pub(super) fn regex(&self) -> Option<&Regex> {
        let compile = || RegexBuilder::new(&self.text).unicode(false).size_limit(SIZE).nest_limit(NEST).build().ok();
        self.regex.get_or_init(compile).as_ref()
    }

    /// What it can match.
    pub(super) fn hir(&self) -> Option<Hir> {
        parse(&self.text).ok()
    }
}

/// Patterns of which one has to match.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    texts: Vec<String>,
    set: OnceLock<Option<RegexSet>>,
    cost: usize,
}

impl Patterns {
    /// Adds a pattern as Go reads it.
    pub(super) fn add(&mut self, go: &str) -> Result<(), Fault> {
        if go.is_empty() {
            return Err("is empty and would match everything");
        }
        let text = translate(go)?;
        let cost = cost(&parse(&text)?);
        self.texts.push(text);
        self.set = OnceLock::new();
        if self.cost.saturating_add(cost) > LARGE && self.set().is_none() {
            self.texts.pop();
            self.set = OnceLock::new();
            return Err(TOO_LARGE);
        }
        self.cost = self.cost.saturating_add(cost);
        Ok(())
    }

    fn set(&self) -> Option<&RegexSet> {
        let compile =
            || RegexSetBuilder::new(&self.texts).unicode(false).size_limit(SIZE).nest_limit(NEST).build().ok();
        self.set.get_or_init(compile).as_ref()
    }

    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        !self.texts.is_empty() && self.set().is_some_and(|s| s.is_match(text))
    }
}

fn parse(text: &str) -> Result<Hir, Fault> {
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).nest_limit(NEST).build();
    parser.parse(text).map_err(|_| "is not a valid regular expression")
}

/// About how many states a pattern makes.
pub(super) fn cost(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(_)) => 1,
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(8),
        HirKind::Repetition(r) => {
            let times = r.max.unwrap_or(r.min.saturating_add(1)).max(1);
            cost(&r.sub).saturating_add(1).saturating_mul(times as usize)
        }
        HirKind::Capture(capture) => cost(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(cost).fold(1, usize::saturating_add),
    }
}
