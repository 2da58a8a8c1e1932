//! The lines by which an answer of the model says that to-dos are done.

use super::markdown::{Place, lines};

/// Boxes that one answer names at most; a text with more is no report of work.
const MOST: usize = 200;

/// A line `para: done 3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// The phase it names: `para: done phase 2: 3`.
    pub phase: Option<u32>,
    /// The numbers of the to-dos, as they stand there.
    pub numbers: Vec<u32>,
}

/// The markers of an answer: lines that are nothing but `para: done 3`, `para: done 3, 4` or `para: done phase 2: 3`,
/// whatever the case of the letters, outside of fenced code. What only looks like one is none: nothing is guessed.
#[must_use]
pub fn markers(answer: &str) -> Vec<Marker> {
    let outside = lines(answer).filter(|l| l.place == Place::Outside);
    let mut left = MOST;
    outside
        .filter_map(|l| marker(l.text.trim_end()))
        .take_while(|m| {
            left = left.saturating_sub(m.numbers.len());
            left > 0
        })
        .collect()
}

fn marker(line: &str) -> Option<Marker> {
    let rest = blanks(word(line, "para:")?)?;
    let rest = blanks(word(rest, "done")?)?;
    let Some(rest) = word(rest, "phase") else { return Some(Marker { phase: None, numbers: numbers(rest)? }) };
    let (phase, rest) = blanks(rest)?.split_once(':')?;
    Some(Marker { phase: Some(number(phase)?), numbers: numbers(blanks(rest).unwrap_or(rest))? })
}

/// What follows `word`.
fn word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = text.split_at_checked(word.len())?;
    first.eq_ignore_ascii_case(word).then_some(rest)
}

/// What follows the blanks that `text` must begin with.
fn blanks(text: &str) -> Option<&str> {
    text.starts_with([' ', '\t']).then(|| text.trim_start_matches([' ', '\t']))
}

fn numbers(list: &str) -> Option<Vec<u32>> {
    list.split(',').map(|n| number(n.trim_matches([' ', '\t']))).collect()
}

/// A number; one that is too large is none that any list has.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_line_that_is_nothing_else_is_a_marker() {
        let one = |line: &str| markers(line).into_iter().map(|m| (m.phase, m.numbers)).next();
        assert_eq!(one("para: done 3"), Some((None, vec![3])));
        assert_eq!(one("Para: DONE 3 ,4,  5\r\n"), Some((None, vec![3, 4, 5])));
        assert_eq!(one("para: done Phase 2: 3, 1  "), Some((Some(2), vec![3, 1])));
        assert_eq!(one("para: done phase 2:3"), Some((Some(2), vec![3])));
        assert_eq!(one("para: done 99999999999999999999"), Some((None, vec![u32::MAX])));
        for other in [
            "para: done",
            "para: done three",
            "para:done 3",
            "para: done 3.",
            "para: done 3 and 4",
            "- para: done 3",
            " para: done 3",
            "`para: done 3`",
            "> para: done 3",
            "I wrote para: done 3",
            "para: done 3,",
            "para: done -3",
            "para: donephase 2: 3",
            "para: done phase: 3",
            "para: done phase 2 3",
            "para: undone 3",
            "",
        ] {
            assert_eq!(one(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_answer_may_have_several_and_code_has_none() {
        let answer = "Done:\n\npara: done 1\n```\npara: done 2\n```\ntext\npara: done phase 3: 4\n~~~\npara: done 5\n";
        let found: Vec<_> = markers(answer).into_iter().map(|m| (m.phase, m.numbers)).collect();
        assert_eq!(found, [(None, vec![1]), (Some(3), vec![4])]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(para:|done|phase|[ \t,:0-9é`~\n]){0,30}", any in any::<String>()) {
            let _ = markers(&text);
            prop_assert!(markers(&any).iter().all(|m| !m.numbers.is_empty()));
        }
    }
}
