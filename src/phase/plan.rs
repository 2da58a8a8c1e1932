//! Reading plan documents, by whichever of the originals or whoever's hand they were written.

use std::ops::Range;

use crate::book::markdown::{self, Place, headings, lines, section};
use crate::book::todo::boxes;
use crate::phase::template::is_unfilled;

/// The title of a document without what kind it is: of `# Master Plan: Do It` and `# Do It - Master Plan`, `Do It`.
#[must_use]
pub fn title(text: &str) -> Option<&str> {
    let all = headings(text);
    let title = all.iter().find(|h| h.level == 1)?.title;
    let is_kind = |kind: &str| kind.to_ascii_lowercase().contains("plan");
    let before = title.split_once(": ").filter(|(kind, _)| is_kind(kind)).map(|(_, rest)| rest.trim());
    let kinds = ["plan", "master plan", "phased plan"];
    let behind = || title.rsplit_once(" - ").filter(|(_, kind)| kinds.contains(&kind.to_ascii_lowercase().as_str()));
    Some(before.or_else(|| behind().map(|(rest, _)| rest.trim())).unwrap_or(title))
}

/// The value of a line `**Name:** value`, and where it stands.
#[must_use]
pub fn field<'a>(text: &'a str, name: &str) -> Option<(&'a str, Range<usize>)> {
    lines(text).filter(|l| l.place == Place::Outside).find_map(|line| {
        let rest = line.text.strip_prefix("**")?;
        let colon = rest.find(":**").or_else(|| rest.find("**:"))?;
        if !rest[..colon].eq_ignore_ascii_case(name) {
            return None;
        }
        let value = rest[colon + 3..].trim();
        let start = line.start + line.text.len() - rest[colon + 3..].trim_start().len();
        Some((value, start..start + value.len()))
    })
}

/// The text with another value in a line `**Name:** value`; the same text where there is no such line.
#[must_use]
pub fn with_field(text: &str, name: &str, value: &str) -> String {
    match field(text, name) {
        Some((_, at)) => format!("{}{value}{}", &text[..at.start], &text[at.end..]),
        None => text.to_owned(),
    }
}

/// The first of `names` that is a section and holds more than blanks and what is to be written, with its body.
fn first_section<'a>(text: &'a str, names: &[&str]) -> Option<(&'a str, Range<usize>)> {
    let found = names.iter().filter_map(|name| section(text, name));
    found
        .map(|range| (&text[range.clone()], range))
        .find(|(body, _)| body.lines().any(|l| !l.trim().is_empty() && !is_unfilled(l)))
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is to be done, on one line.
    pub text: String,
    /// Whether the plan has a ticked box for it.
    pub done: bool,
}

/// The steps of a plan: boxes, else the items, else the sub-headings of the section "Detailed Implementation Steps" or
/// "Implementation Steps", else of "Approach" (the originals' own order of fallbacks).
#[must_use]
pub fn steps(text: &str) -> Vec<Step> {
    let names = ["Detailed Implementation Steps", "Implementation Steps", "Approach"];
    first_section(text, &names).map(|(_, range)| items(text, &range)).unwrap_or_default()
}

/// The success criteria of a plan, with their boxes.
#[must_use]
pub fn criteria(text: &str) -> Vec<Step> {
    let names = ["Success Criteria", "Success Criteria Validation", "Acceptance Criteria"];
    first_section(text, &names).map(|(_, range)| items(text, &range)).unwrap_or_default()
}

/// The first paragraph below "Objective" or "Phase Objective".
#[must_use]
pub fn objective(text: &str) -> Option<String> {
    let (body, _) = first_section(text, &["Phase Objective", "Objective"])?;
    let paragraph: Vec<_> =
        body.lines().map(str::trim).skip_while(|l| l.is_empty()).take_while(|l| !l.is_empty()).collect();
    Some(paragraph.join(" "))
}

fn items(text: &str, range: &Range<usize>) -> Vec<Step> {
    let boxed = boxes(text, range);
    if !boxed.is_empty() {
        return boxed
            .into_iter()
            .filter(|b| !b.text.is_empty() && !is_unfilled(b.text))
            .map(|b| Step { text: b.text.into(), done: b.done })
            .collect();
    }
    let plain = |text: &str| Step { text: text.trim().to_owned(), done: false };
    let inside: Vec<_> =
        lines(text).filter(|l| l.place == Place::Outside && l.start >= range.start && l.end <= range.end).collect();
    let listed: Vec<_> = inside
        .iter()
        .filter_map(|l| item(l.text))
        .filter(|t| !t.trim().is_empty() && !is_unfilled(t))
        .map(plain)
        .collect();
    let headed: Vec<_> =
        headings(text).into_iter().filter(|h| range.contains(&h.start)).map(|h| plain(unnumbered(h.title))).collect();
    // Steps with sub-headings have their details in lists.
    if headed.len() > 1 || listed.is_empty() { headed } else { listed }
}

/// The words of a list item that is not indented: `- words`, `1. words`.
fn item(line: &str) -> Option<&str> {
    let bare = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = if bare.len() < line.len() { bare.strip_prefix(['.', ')']) } else { bare.strip_prefix(['-', '*', '+']) };
    rest.filter(|r| r.starts_with([' ', '\t'])).map(str::trim)
}

/// `Step 1: Do it` and `1. Do it` without the number.
fn unnumbered(title: &str) -> &str {
    let rest = title.strip_prefix("Step ").unwrap_or(title);
    let bare = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if bare.len() == rest.len() {
        return title;
    }
    bare.strip_prefix([':', '.', ')']).map_or(title, str::trim)
}

/// What the master plan says of a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number.
    pub number: u32,
    /// Its title.
    pub title: String,
    /// Its words.
    pub body: Range<usize>,
    /// The phases it depends on, where it says so in a way that is understood.
    pub depends: Option<Vec<u32>>,
}

/// The phases of a master plan: its headings `Phase N: Title` below level 1.
#[must_use]
pub fn parts(text: &str) -> Vec<Part> {
    let all = headings(text);
    let mut found: Vec<Part> = Vec::new();
    for (at, heading) in all.iter().enumerate().filter(|(_, h)| h.level > 1) {
        let Some((number, title)) = numbered(heading.title) else { continue };
        if found.iter().any(|p| p.number == number) {
            continue;
        }
        let body = markdown::body(text, &all, at);
        let depends = field(&text[body.clone()], "Dependencies").and_then(|(said, _)| dependencies(said, number));
        found.push(Part { number, title: title.to_owned(), body, depends });
    }
    found
}

pub use crate::book::head::numbered;

/// The phases that a text about dependencies names: `Phase 1 must be complete and merged`, `Phases 1, 2 and 4`,
/// `Phases 1-3`, `None`. `None` where it names no phase and does not say that there is none.
#[must_use]
pub fn dependencies(said: &str, of: u32) -> Option<Vec<u32>> {
    let lower = said.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut listing = false;
    for word in lower.split(|c: char| c.is_whitespace() || ",&+;()".contains(c)).filter(|w| !w.is_empty()) {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let ends: Option<Vec<u32>> = word.split(['-', '–']).map(|n| n.parse().ok()).collect();
        match ends.as_deref() {
            _ if word.starts_with("phase") => listing = true,
            Some([one]) if listing => found.push(*one),
            Some([first, last]) if listing && first <= last && last - first < 100 => found.extend(*first..=*last),
            _ => listing = listing && matches!(word, "and" | "or"),
        }
    }
    found.retain(|n| *n != of && *n > 0);
    found.sort_unstable();
    found.dedup();
    if found.is_empty()
        && !(lower.starts_with("none")
            || lower.starts_with('-')
            || lower.starts_with("n/a")
            || lower.starts_with("no "))
    {
        return None;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_understood_as_people_write_them() {
        for (said, wanted) in [
            ("None (foundational phase)", Some(vec![])),
            ("Phase 1 must be complete and merged", Some(vec![1])),
            ("Phases 1, 2 and 4 must be complete", Some(vec![1, 2, 4])),
            ("Phase 1 and Phase 2", Some(vec![1, 2])),
            ("phases 1-3", Some(vec![1, 2, 3])),
            ("Phases 1 & 2", Some(vec![1, 2])),
            ("the database", None),
            ("", None),
            ("None", Some(vec![])),
        ] {
            assert_eq!(dependencies(said, 5), wanted, "{said}");
        }
        assert_eq!(dependencies("Phase 2", 2), None, "a phase does not depend on itself");
    }

    #[test]
    fn steps_are_boxes_items_or_headings() {
        let of = |text: &str| steps(text).into_iter().map(|s| (s.text, s.done)).collect::<Vec<_>>();
        let s = |text: &str, done| (text.to_owned(), done);
        assert_eq!(of("## Implementation Steps\n- [ ] a\n- [x] b\n"), [s("a", false), s("b", true)]);
        assert_eq!(
            of("## Detailed Implementation Steps\n1. a\n   - detail\n2. **b**\n"),
            [s("a", false), s("**b**", false)]
        );
        assert_eq!(of("## Implementation Steps\n### Step 1: a\n- x\n### 2. b\n- y\n"), [s("a", false), s("b", false)]);
        assert_eq!(of("## Implementation Steps\n\n## Approach\n- a\n"), [s("a", false)]);
        assert_eq!(of("# X\n"), []);
    }

    #[test]
    fn fields_are_found_and_changed_in_their_place() {
        let text = "# Plan: X\n\n**Date:** 2025-12-18\n**Status:**   In Review  \r\n";
        assert_eq!(field(text, "status").unwrap().0, "In Review");
        assert_eq!(with_field(text, "Status", "Done"), text.replace("In Review", "Done"));
        assert_eq!(with_field(text, "Type", "Done"), text);
        assert_eq!(title(text), Some("X"));
        assert_eq!(title("# Fix: it\n"), Some("Fix: it"));
        assert_eq!(title("# Do It - Master Plan\n"), Some("Do It"));
    }
}
