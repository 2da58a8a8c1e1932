//! The phases that somebody wants: their titles, and which depend on which.

use std::collections::BTreeMap;

use crate::phase::graph;
use crate::phase::template;

/// The most phases of a plan. The originals advise two to five.
pub const MOST: usize = 20;

/// A phase that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its number, from 1.
    pub number: u32,
    /// Its title.
    pub title: String,
    /// The phases it depends on, ascending.
    pub depends: Vec<u32>,
}

/// What is wrong with the phases that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No title is left of what was given.
    #[error("phase {0} has no title, or one of more than {max} characters", max = template::LONGEST_TITLE)]
    Title(usize),
    /// Too many.
    #[error("{0} phases are more than {MOST}")]
    Many(usize),
    /// Not of the form `3:1,2`.
    #[error("`{0}` does not say which phase depends on which; it is written `3:1,2`, or `3:` for none")]
    Form(String),
    /// A phase is given twice.
    #[error("phase {0} is given twice")]
    Twice(u32),
    /// A phase that does not exist.
    #[error("`{said}` names phase {number}; there are {count}")]
    Unknown {
        /// What was said.
        said: String,
        /// The phase.
        number: u32,
        /// How many there are.
        count: usize,
    },
    /// Phases that wait for each other.
    #[error("phases wait for each other: {}", graph::chain(.0))]
    Cycle(Vec<u32>),
}

/// The phases with these titles; `depends` has `3:1,2` or `3:` (none) for some, and the others depend on the one
/// before.
///
/// # Errors
/// What is wrong with them.
pub fn outline(titles: &[String], depends: &[String]) -> Result<Vec<Planned>, Fault> {
    if titles.len() > MOST {
        return Err(Fault::Many(titles.len()));
    }
    let mut said: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for text in depends {
        let (number, on) = one(text).ok_or_else(|| Fault::Form(text.clone()))?;
        let unknown = std::iter::once(number).chain(on.iter().copied()).find(|n| *n as usize > titles.len());
        if let Some(number) = unknown {
            return Err(Fault::Unknown { said: text.clone(), number, count: titles.len() });
        }
        if said.insert(number, on).is_some() {
            return Err(Fault::Twice(number));
        }
    }
    let mut planned = Vec::new();
    for (number, text) in (1..).zip(titles) {
        let title = template::title(text).ok_or(Fault::Title(number as usize))?;
        let before = (1..number).next_back().into_iter().collect();
        planned.push(Planned { number, title, depends: said.remove(&number).unwrap_or(before) });
    }
    let edges: Vec<_> = planned.iter().map(|p| (p.number, p.depends.as_slice())).collect();
    graph::cycle(&edges).map_or(Ok(planned.clone()), |cycle| Err(Fault::Cycle(cycle)))
}

/// `3:1,2` as phase and phases.
fn one(text: &str) -> Option<(u32, Vec<u32>)> {
    let number = |text: &str| text.trim().parse().ok().filter(|n| *n > 0);
    let (phase, on) = text.split_once(':')?;
    let mut on: Vec<u32> = match on.trim() {
        "" => Vec::new(),
        list => list.split(',').map(number).collect::<Option<_>>()?,
    };
    on.sort_unstable();
    on.dedup();
    Some((number(phase)?, on))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(titles: usize, depends: &[&str]) -> Result<Vec<Vec<u32>>, String> {
        let titles: Vec<_> = (1..=titles).map(|n| format!("T{n}")).collect();
        let depends: Vec<_> = depends.iter().map(|d| (*d).to_owned()).collect();
        outline(&titles, &depends).map(|p| p.into_iter().map(|p| p.depends).collect()).map_err(|e| e.to_string())
    }

    #[test]
    fn phases_depend_on_the_one_before_or_on_what_is_said() {
        assert_eq!(of(3, &[]), Ok(vec![vec![], vec![1], vec![2]]));
        assert_eq!(of(3, &["3:2, 1,1", "2:"]), Ok(vec![vec![], vec![], vec![1, 2]]));
    }

    #[test]
    fn what_makes_no_plan_is_named() {
        let fault = |titles, depends: &[&str]| of(titles, depends).unwrap_err();
        assert_eq!(fault(2, &["3:1"]), "`3:1` names phase 3; there are 2");
        assert_eq!(fault(2, &["2:7"]), "`2:7` names phase 7; there are 2");
        assert_eq!(fault(3, &["1:3"]), "phases wait for each other: 1 → 3 → 2 → 1");
        assert_eq!(fault(1, &["1:1"]), "phases wait for each other: 1 → 1");
        assert_eq!(fault(2, &["2:1", "2:"]), "phase 2 is given twice");
        assert_eq!(fault(21, &[]), "21 phases are more than 20");
        for form in ["2", "x:1", "2:1;1", "0:1", "2:0", "2:-1", ":"] {
            assert!(fault(2, &[form]).contains("it is written"), "{form}");
        }
        assert_eq!(
            outline(&["A".into(), " ".into()], &[]).unwrap_err().to_string(),
            "phase 2 has no title, or one of more than 120 characters"
        );
    }
}
