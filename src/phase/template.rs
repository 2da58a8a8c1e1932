//! The documents as they are made: the book of a repository without plans, a simple plan, a master plan with its
//! phases. The seed document on phased plans has the forms; what a person or the model has to write is marked.

use std::fmt::Write as _;

use serde_json::json;

use crate::phase::book::{HEADING, IDLE};
use crate::phase::mark::{MARK, mark as todo};
use crate::phase::name::PlanName;
use crate::phase::outline::Planned;
use crate::phase::plan::Step;
use crate::plain;

/// Longest title, in characters: it stands in headings, messages and lists.
pub const LONGEST_TITLE: usize = 120;

/// Whether `text`, a line or what stands behind a box, is only such a place.
#[must_use]
pub fn is_unfilled(text: &str) -> bool {
    let number = text.trim_start().trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let bare = number.trim_start_matches(|c: char| c.is_whitespace() || "-*+[]".contains(c));
    bare.starts_with(MARK)
}

/// A title on one line; `None` where nothing is left of it, or it is longer than [`LONGEST_TITLE`].
#[must_use]
pub fn title(text: &str) -> Option<String> {
    let line = plain::line(text);
    let mut words: Vec<_> = line.split_whitespace().collect();
    // Hashes at the end of a heading are not part of its title.
    while words.last().is_some_and(|w| w.chars().all(|c| c == '#')) {
        words.pop();
    }
    let title = words.join(" ");
    (!title.is_empty() && title.chars().count() <= LONGEST_TITLE).then_some(title)
}

/// A book without plans, written at `now` (RFC 3339).
#[must_use]
pub fn book(now: &str) -> String {
    let block = json!({"active_context": [], "completed_summaries": [], "last_updated": now});
    format!("{HEADING}\n\n{IDLE}\n\n---\n\n```json\n{}\n```\n", pretty(&block))
}

/// JSON as a book has it.
#[must_use]
pub fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// What a phase depends on, as a plan says it.
#[must_use]
pub fn dependencies(depends: &[u32]) -> String {
    match depends {
        [] => "None (foundational phase)".into(),
        [one] => format!("Phase {one} must be complete and merged"),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(u32::to_string).collect();
            format!("Phases {} and {last} must be complete and merged", first.join(", "))
        }
    }
}

/// A simple plan.
#[must_use]
pub fn simple(title: &str, date: &str) -> String {
    let sections = [
        ("Objective", todo("what is to be reached, and for whom")),
        ("Approach", todo("how, and what was decided against")),
        ("Implementation Steps", format!("- [ ] {}", todo("steps, each as large as one commit"))),
        ("Files to Modify/Create", format!("- {}", todo("paths, and what changes in each"))),
        ("Risks", format!("- {}", todo("what can go wrong, and what is done about it"))),
        ("Data Sources", format!("- {}", todo("documents, schemas, data that are read; or none"))),
        ("MCP Tools", format!("- {}", todo("tools that are used; or none"))),
        ("Success Criteria", format!("- [ ] {}", todo("what can be checked at the end"))),
        (
            "Review Checklist",
            "- [ ] The objective is what was asked for\n- [ ] Each step can be done and committed by itself\n\
             - [ ] The files named exist, or are to be made\n- [ ] The success criteria can be checked"
                .into(),
        ),
    ];
    let mut text = format!("# Plan: {title}\n\n**Date:** {date}\n**Status:** In Review\n");
    for (heading, body) in sections {
        let _ = write!(text, "\n## {heading}\n\n{body}\n");
    }
    text
}

/// What a master plan can say from its beginning, where it is made of a simple one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The objective.
    pub objective: Option<String>,
    /// The success criteria, with their boxes.
    pub criteria: Vec<Step>,
}

/// A master plan.
#[must_use]
pub fn master(title: &str, name: &PlanName, phases: &[Planned], known: &Known) -> String {
    let objective = known.objective.clone().unwrap_or_else(|| todo("what is to be reached, and for whom"));
    let mut text = format!(
        "# Master Plan: {title}\n\n**Date:** {}\n**Status:** In Review\n**Type:** Phased Plan\n\n## Overview\n\n\
         ### Objective\n\n{objective}\n\n### Why Phased?\n\n{}\n\n## Phase Breakdown\n\n",
        name.date,
        todo("which layers it spans, what has to be merged before what, what a review gains"),
    );
    for phase in phases {
        let _ = write!(
            text,
            "### Phase {}: {}\n\n**Objective:** {}\n\n**Key Deliverables:**\n- {}\n\n**Dependencies:** {}\n\n\
             **Plan:** `{}`\n\n---\n\n",
            phase.number,
            phase.title,
            todo("what this phase brings about"),
            todo("what is there at its end"),
            dependencies(&phase.depends),
            name.of_phase(phase.number).plan(),
        );
    }
    text += "## Integration Strategy\n\n### How Phases Connect\n\n";
    for (at, phase) in phases.iter().enumerate() {
        let _ = writeln!(text, "{}. Phase {}: {}", at + 1, phase.number, todo("what it gives to those after it"));
    }
    text += "\n### Testing Strategy\n\n- **Phase-Level Testing:**\n";
    for phase in phases {
        let _ = writeln!(text, "  - Phase {}: {}", phase.number, todo("how it is tested by itself"));
    }
    text += "\n- **Integration Testing:**\n";
    for phase in phases.iter().filter(|p| phases.len() == 1 || p.number > 1) {
        let _ = writeln!(text, "  - After Phase {}: {}", phase.number, todo("what is tested together"));
    }
    text += "\n### Deployment Strategy\n\n";
    for phase in phases {
        let _ = writeln!(text, "- Phase {}: {}", phase.number, todo("how it is released, and who notices"));
    }
    let _ = write!(
        text,
        "\n## Cross-Phase Considerations\n\n### Shared Risks\n\n- {}\n\n### Success Criteria\n\n{}",
        todo("what can go wrong in more than one phase"),
        boxes(&known.criteria, "what can be checked when all phases are merged"),
    );
    text
}

/// The plan of a phase.
#[must_use]
pub fn phase(phase: &Planned, name: &PlanName, steps: &[Step]) -> String {
    format!(
        "# Phase {}: {}\n\n**Parent Plan:** `{}`\n**Date:** {}\n**Status:** Pending\n**Dependencies:** {}\n\n\
         ## Phase Objective\n\n{}\n\n## Scope\n\n### In Scope\n\n- {}\n\n### Out of Scope\n\n- {}\n\n\
         ## Detailed Implementation Steps\n\n{}\n## Files to Modify/Create\n\n- {}\n\n## Risks\n\n- {}\n\n\
         ## Testing\n\n- {}\n\n## Success Criteria\n\n{}",
        phase.number,
        phase.title,
        name.master().plan(),
        name.date,
        dependencies(&phase.depends),
        todo("what this phase brings about"),
        todo("what belongs to it"),
        todo("what is left to other phases"),
        boxes(steps, "steps, each as large as one commit"),
        todo("paths, and what changes in each"),
        todo("what can go wrong, and what is done about it"),
        todo("how it is tested by itself"),
        boxes(&[], "what can be checked when the phase is done"),
    )
}

/// Boxes, or one that is to be written.
fn boxes(steps: &[Step], what: &str) -> String {
    if steps.is_empty() {
        return format!("- [ ] {}\n", todo(what));
    }
    steps.iter().map(|s| format!("- [{}] {}\n", if s.done { 'x' } else { ' ' }, s.text)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::phase::book::Book;
    use crate::phase::mark::unfilled;
    use crate::phase::outline::outline;
    use crate::phase::plan;

    fn name() -> PlanName {
        PlanName::read("context/plans/2025-12-18-implement-user-authentication.md").unwrap()
    }

    fn planned() -> Vec<Planned> {
        let titles = ["Database Schema & Migrations", "API Layer", "Frontend Integration"].map(String::from);
        outline(&titles, &["3:1,2".into()]).unwrap()
    }

    /// The lines of the seed's master plan that hold for every plan: headings, fields and rules.
    #[test]
    fn a_master_plan_has_the_seeds_headings_and_fields_in_its_order() {
        let text = master("Implement User Authentication", &name(), &planned(), &Known::default());
        let skeleton: Vec<_> = text
            .lines()
            .filter(|l| l.starts_with(['#', '*']) || *l == "---" || l.starts_with("- **"))
            .map(|l| l.split(MARK).next().unwrap_or_default().trim_end())
            .collect();
        insta::assert_snapshot!(skeleton.join("\n"));
    }

    #[test]
    fn what_is_to_be_written_is_counted_and_is_no_step() {
        let texts = [
            simple("X", "2025-12-18"),
            phase(&planned()[1], &name(), &[]),
            master("X", &name(), &planned(), &Known::default()),
        ];
        let counts: Vec<_> = texts.iter().map(|t| unfilled(t).len()).collect();
        assert_eq!(counts, [8, 8, 21]);
        for text in &texts {
            assert_eq!((plan::steps(text), plan::criteria(text), plan::objective(text)), (vec![], vec![], None));
        }
        // What was written in another section than ours is found in spite of ours.
        let written = texts[0].replace("_To be written: how, and what was decided against_", "1. First\n2. Second");
        assert_eq!(plan::steps(&written).len(), 2);
        let half = texts[1].replacen("- [ ] _To", "- [x] Begun\n- [ ] _To", 1);
        assert_eq!(plan::steps(&half), [Step { text: "Begun".into(), done: true }]);
        assert!(unfilled(&format!("```\n{}\n```\n", todo("x"))).is_empty());
    }

    #[test]
    fn a_new_book_is_one() {
        let text = book("2025-12-18T10:00:00Z");
        let read = Book::parse(&text).unwrap();
        assert_eq!((read.text(), read.lists().len()), (text.as_str(), 0));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn titles_are_one_line_that_a_heading_can_hold() {
        assert_eq!(title("  API\n\tLayer "), Some("API Layer".into()));
        assert_eq!(title("C#"), Some("C#".into()));
        assert_eq!(title("Port # ##"), Some("Port".into()));
        for none in ["", " \n", "##", &"x".repeat(LONGEST_TITLE + 1)] {
            assert_eq!(title(none), None, "{none:?}");
        }
    }

    proptest! {
        #[test]
        fn what_a_master_plan_is_told_can_be_read_from_it(words in proptest::collection::vec("\\PC{1,30}", 1..6), steps in proptest::collection::vec(("[a-z][a-z *_`]{0,20}", any::<bool>()), 0..5)) {
            let titles: Vec<_> = words.iter().filter_map(|w| title(w)).collect();
            prop_assume!(!titles.is_empty());
            let planned = outline(&titles, &[]).unwrap();
            let text = master("X", &name(), &planned, &Known::default());
            let read: Vec<_> = plan::parts(&text).into_iter().map(|p| (p.number, p.title, p.depends)).collect();
            let dashes = |t: &str| t.trim_start_matches([':', '-', '–', '—', ' ']).trim().to_owned();
            let wanted: Vec<_> = planned.iter().map(|p| (p.number, dashes(&p.title), Some(p.depends.clone()))).collect();
            prop_assert_eq!(read, wanted);
            let steps: Vec<_> = steps.into_iter().map(|(t, done)| Step { text: t.trim().to_owned(), done }).collect();
            prop_assert_eq!(plan::steps(&phase(&planned[0], &name(), &steps)), steps);
        }
    }
}
