//! The head of a book's prose: the line `Executing: …` that says what is under way.

use super::markdown::{Place, lines};

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    /// The title of the plan.
    pub title: &'a str,
    /// Number and title of the phase, if it is one.
    pub phase: Option<(u32, &'a str)>,
}

/// The head of `prose`: `Executing: Implement User Authentication - Phase 1: Database Schema & Migrations`.
#[must_use]
pub fn head(prose: &str) -> Option<Head<'_>> {
    let outside = lines(prose).filter(|l| l.place == Place::Outside);
    let said = outside.filter_map(|l| l.text.strip_prefix("Executing:")).next()?.trim();
    let phase = said.match_indices(" - ").find_map(|(at, dash)| Some((at, numbered(&said[at + dash.len()..])?)));
    Some(match phase {
        Some((at, phase)) => Head { title: said[..at].trim(), phase: Some(phase) },
        None => Head { title: said, phase: None },
    })
}

/// `Phase 2: API Layer` as number and title.
#[must_use]
pub fn numbered(title: &str) -> Option<(u32, &str)> {
    let rest = title.get(..6).filter(|p| p.eq_ignore_ascii_case("phase ")).map(|_| &title[6..])?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = rest[..digits].parse().ok().filter(|n| *n > 0)?;
    Some((number, rest[digits..].trim_start_matches([':', '-', '–', '—', ' ']).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_and_phase_are_told_apart_though_both_may_hold_hyphens() {
        let found = |text| head(text).map(|h| (h.title, h.phase));
        assert_eq!(found("# X\nExecuting: Do - it - Phase 2: A - B\n"), Some(("Do - it", Some((2, "A - B")))));
        assert_eq!(found("Executing: Do - it\r\n"), Some(("Do - it", None)));
        assert_eq!(found("```\nExecuting: code\n```\n"), None);
    }
}
