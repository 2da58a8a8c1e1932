//! A simple plan made into a phased one: its words stay below those of the master plan, its steps go to the phases.

use crate::book::markdown;
use crate::phase::name::PlanName;
use crate::phase::outline::Planned;
use crate::phase::plan::{self, Step};
use crate::phase::template::{self, Known};

/// What stands between a master plan and the simple plan it was made of.
const BEFORE: &str = "\n---\n\n_What the plan said before it had phases:_\n\n";

/// The steps of a plan: those of the book's list, with its boxes, and those that only the plan has. A step that has a
/// tick in either is done.
#[must_use]
pub fn together(list: &[Step], own: &[Step]) -> Vec<Step> {
    let mut all = list.to_vec();
    for step in own {
        match all.iter_mut().find(|s| s.text == step.text) {
            Some(there) => there.done |= step.done,
            None => all.push(step.clone()),
        }
    }
    all
}

/// The steps of each of `phases` phases: what is done belongs to the first one, and the rest is dealt out in its order,
/// in equal parts, earlier phases first.
#[must_use]
pub fn dealt(steps: &[Step], phases: usize) -> Vec<Vec<Step>> {
    let (done, open): (Vec<Step>, Vec<Step>) = steps.iter().cloned().partition(|s| s.done);
    let mut parts: Vec<Vec<Step>> = vec![Vec::new(); phases.max(1)];
    parts[0] = done;
    let (each, more) = (open.len() / parts.len(), open.len() % parts.len());
    let mut open = open.into_iter();
    for (at, part) in parts.iter_mut().enumerate() {
        part.extend(open.by_ref().take(each + usize::from(at < more)));
    }
    parts
}

/// The master plan that is made of the simple plan `text`, which it ends with, byte for byte. A text that is such a
/// master plan already stays as it is.
#[must_use]
pub fn master(text: &str, name: &PlanName, phases: &[Planned]) -> String {
    if is_master_of(text, phases) {
        return text.to_owned();
    }
    // A byte order mark belongs at the beginning of a file and nowhere else.
    let (mark, text) = text.strip_prefix('\u{feff}').map_or(("", text), |rest| ("\u{feff}", rest));
    let title = plan::title(text).and_then(template::title).unwrap_or_else(|| name.task.title());
    let known = Known { objective: plan::objective(text), criteria: plan::criteria(text) };
    let head = template::master(&title, name, phases, &known) + BEFORE;
    let head = if markdown::newline(text) == "\r\n" { head.replace('\n', "\r\n") } else { head };
    format!("{mark}{head}{text}")
}

fn is_master_of(text: &str, phases: &[Planned]) -> bool {
    let parts: Vec<_> = plan::parts(text).into_iter().map(|p| (p.number, p.title)).collect();
    plan::field(text, "Type").is_some_and(|(kind, _)| kind == "Phased Plan")
        && parts == phases.iter().map(|p| (p.number, p.title.clone())).collect::<Vec<_>>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::phase::outline::outline;

    fn step(text: &str, done: bool) -> Step {
        Step { text: text.into(), done }
    }

    #[test]
    fn steps_of_book_and_plan_are_put_together() {
        let list = [step("a", true), step("b", false), step("extra", false)];
        let own = [step("a", false), step("b", true), step("c", false)];
        let all = together(&list, &own);
        assert_eq!(all, [step("a", true), step("b", true), step("extra", false), step("c", false)]);
    }

    #[test]
    fn the_simple_plan_stays_whole_below_the_master_plan() {
        let name = PlanName::read("context/plans/2025-12-18-x.md").unwrap();
        let phases = outline(&["One".into(), "Two".into()], &[]).unwrap();
        let text = "\u{feff}# Plan: Do It\r\n\r\n## Objective\r\n\r\nReach it.\r\n\r\n## Success Criteria\r\n- [x] a\r\n\
                    - [ ] b";
        let made = master(text, &name, &phases);
        assert!(
            made.ends_with(text.trim_start_matches('\u{feff}')) && made.starts_with("\u{feff}# Master Plan: Do It\r\n")
        );
        assert_eq!(made.matches('\n').count(), made.matches("\r\n").count());
        assert_eq!(plan::title(made.trim_start_matches('\u{feff}')), Some("Do It"));
        assert_eq!(plan::objective(&made).as_deref(), Some("Reach it."));
        assert_eq!(plan::criteria(&made), [step("a", true), step("b", false)]);
        assert_eq!(plan::parts(&made).len(), 2);
        assert_eq!(master(&made, &name, &phases), made, "a second time changes nothing");
    }

    proptest! {
        #[test]
        fn no_step_is_lost_or_changed(steps in proptest::collection::vec(("[a-z]{1,4}", any::<bool>()), 0..30), phases in 1_usize..8) {
            let steps: Vec<_> = steps.into_iter().map(|(t, d)| step(&t, d)).collect();
            let parts = dealt(&steps, phases);
            prop_assert_eq!(parts.len(), phases);
            let (done, open): (Vec<_>, Vec<_>) = parts.concat().into_iter().partition(|s| s.done);
            prop_assert!(done.iter().eq(steps.iter().filter(|s| s.done)));
            prop_assert!(open.iter().eq(steps.iter().filter(|s| !s.done)));
            prop_assert!(parts[1..].iter().flatten().all(|s| !s.done));
        }
    }
}
