//! Which phase waits for which.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use crate::book::fields::Status;
use crate::plain;

/// A phase and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its number.
    pub phase: u32,
    /// Its title; may be empty.
    pub title: String,
    /// How it stands in the book.
    pub status: Status,
    /// Whether its branch is in the main one; `None` where that is not known, or was not asked.
    pub merged: Option<bool>,
    /// The phases it depends on.
    pub depends: Vec<u32>,
}

/// What follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    /// Phases that could run at the same time, one level after the other.
    pub levels: Vec<Vec<u32>>,
    /// Phases that are depended on and do not exist: which waits, and for which.
    pub missing: Vec<(u32, u32)>,
    /// Phases that wait for each other, the first one again at the end.
    pub cycle: Option<Vec<u32>>,
}

/// `1 → 3 → 1`.
#[must_use]
pub fn chain(cycle: &[u32]) -> String {
    cycle.iter().map(u32::to_string).collect::<Vec<_>>().join(" → ")
}

/// Phases that wait for each other, if there are any: each is followed by one it depends on, and the first one comes
/// again at the end.
#[must_use]
pub fn cycle(edges: &[(u32, &[u32])]) -> Option<Vec<u32>> {
    let after: BTreeMap<u32, &[u32]> = edges.iter().copied().collect();
    let mut done: BTreeSet<u32> = BTreeSet::new();
    for &start in after.keys() {
        // Depth first; `way` holds each phase of the present path with the next of its dependencies to look at.
        let mut way: Vec<(u32, usize)> = vec![(start, 0)];
        while let Some((phase, next)) = way.last_mut() {
            let on = after.get(phase).and_then(|on| on.get(*next)).copied();
            *next += 1;
            match on {
                _ if done.contains(phase) => drop(way.pop()),
                None => {
                    done.insert(*phase);
                    way.pop();
                }
                Some(on) => match way.iter().position(|(p, _)| *p == on) {
                    Some(at) => return Some(way[at..].iter().map(|(p, _)| *p).chain([on]).collect()),
                    None => way.push((on, 0)),
                },
            }
        }
    }
    None
}

/// The levels of the phases, and what is wrong with them. Those that wait for themselves or for a phase that does not
/// exist have no level.
#[must_use]
pub fn shape(nodes: &[Node]) -> Shape {
    let edges: Vec<_> = nodes.iter().map(|n| (n.phase, n.depends.as_slice())).collect();
    let known: BTreeSet<u32> = nodes.iter().map(|n| n.phase).collect();
    let missing = nodes.iter().flat_map(|n| n.depends.iter().map(move |d| (n.phase, *d)));
    let missing = missing.filter(|(_, on)| !known.contains(on)).collect();
    let mut placed: BTreeSet<u32> = BTreeSet::new();
    let mut levels = Vec::new();
    loop {
        let free = nodes.iter().filter(|n| !placed.contains(&n.phase) && n.depends.iter().all(|d| placed.contains(d)));
        let level: BTreeSet<u32> = free.map(|n| n.phase).collect();
        if level.is_empty() {
            break;
        }
        placed.extend(&level);
        levels.push(level.into_iter().collect());
    }
    Shape { levels, missing, cycle: cycle(&edges) }
}

/// The phases that may begin now: pending ones, of which all they depend on is completed and, as far as that is known,
/// merged.
#[must_use]
pub fn ready(nodes: &[Node]) -> Vec<u32> {
    let over = |n: &Node| n.status == Status::Completed && n.merged != Some(false);
    let done: BTreeSet<u32> = nodes.iter().filter(|n| over(n)).map(|n| n.phase).collect();
    let free = nodes.iter().filter(|n| n.status == Status::Pending && n.depends.iter().all(|d| done.contains(d)));
    free.map(|n| n.phase).collect()
}

/// As a Mermaid flowchart.
#[must_use]
pub fn mermaid(nodes: &[Node]) -> String {
    let mut text = String::from("graph TD\n");
    for node in nodes {
        let title = if node.title.is_empty() { String::new() } else { format!(": {}", node.title) };
        let label = escaped(&format!("Phase {}{title}", node.phase));
        let _ = writeln!(text, "    P{}[\"{label}\"]:::{}", node.phase, node.status.word());
    }
    let mut absent: Vec<u32> = shape(nodes).missing.into_iter().map(|(_, on)| on).collect();
    absent.sort_unstable();
    absent.dedup();
    for number in absent {
        let _ = writeln!(text, "    P{number}[\"Phase {number} does not exist\"]:::missing");
    }
    for node in nodes {
        for on in &node.depends {
            let _ = writeln!(text, "    P{on} --> P{}", node.phase);
        }
    }
    text + "    classDef completed fill:#d4edda,stroke:#28a745,color:#000\n    \
            classDef in_progress fill:#fff3cd,stroke:#d39e00,color:#000\n    \
            classDef pending fill:#f8f9fa,stroke:#6c757d,color:#000\n    \
            classDef missing fill:#f8d7da,stroke:#dc3545,color:#000\n"
}

/// A label in quotes: what would end it, or be taken for markup, as an entity of Mermaid's.
fn escaped(label: &str) -> String {
    let mut out = String::new();
    for c in plain::line(label).chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn node(phase: u32, status: Status, depends: &[u32]) -> Node {
        Node { phase, title: format!("T{phase}"), status, merged: None, depends: depends.to_vec() }
    }

    #[test]
    fn what_may_begin_has_all_it_depends_on_merged() {
        let mut nodes = vec![
            node(1, Status::Completed, &[]),
            node(2, Status::Pending, &[1]),
            node(3, Status::Pending, &[1]),
            node(4, Status::Pending, &[2, 3]),
            node(5, Status::InProgress, &[]),
        ];
        assert_eq!(ready(&nodes), [2, 3]);
        assert_eq!(shape(&nodes).levels, [vec![1, 5], vec![2, 3], vec![4]]);
        nodes[0].merged = Some(false);
        assert_eq!(ready(&nodes), Vec::<u32>::new());
    }

    #[test]
    fn what_cannot_be_is_named() {
        let nodes =
            [node(1, Status::Pending, &[]), node(2, Status::Pending, &[3, 9]), node(3, Status::Pending, &[1, 2])];
        let found = shape(&nodes);
        assert_eq!((found.levels, found.missing), (vec![vec![1]], vec![(2, 9)]));
        assert_eq!(chain(&found.cycle.unwrap()), "2 → 3 → 2");
    }

    #[test]
    fn a_label_cannot_leave_its_quotes() {
        let mut hostile = node(1, Status::Pending, &[7]);
        hostile.title = "\"] --> X\n<b>&amp;`#".into();
        let drawn = mermaid(&[hostile]);
        insta::assert_snapshot!(drawn.lines().take(4).collect::<Vec<_>>().join("\n"), @r#"
        graph TD
            P1["Phase 1: #34;] --#62; X #60;b#62;#38;amp;#96;#35;"]:::pending
            P7["Phase 7 does not exist"]:::missing
            P7 --> P1
        "#);
    }

    proptest! {
        #[test]
        fn each_phase_has_one_level_after_those_it_depends_on_or_there_is_a_reason(
            edges in proptest::collection::vec((1_u32..8, 1_u32..9), 0..14)
        ) {
            let nodes: Vec<_> = (1..8).map(|n| {
                let on: Vec<_> = edges.iter().filter(|(from, _)| *from == n).map(|(_, on)| *on).collect();
                node(n, Status::Pending, &on)
            }).collect();
            let found = shape(&nodes);
            let level = |n: u32| found.levels.iter().position(|l| l.contains(&n));
            for n in &nodes {
                for on in &n.depends {
                    prop_assert!(level(n.phase).is_none_or(|at| level(*on).is_some_and(|before| before < at)));
                }
            }
            let all = found.levels.iter().map(Vec::len).sum::<usize>() == nodes.len();
            prop_assert_eq!(all, found.cycle.is_none() && found.missing.is_empty());
            if let Some(cycle) = found.cycle {
                prop_assert_eq!(cycle.first(), cycle.last());
                prop_assert!(cycle.windows(2).all(|w| nodes[w[0] as usize - 1].depends.contains(&w[1])));
            }
        }
    }
}
