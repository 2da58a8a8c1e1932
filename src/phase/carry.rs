//! Bringing a book along to another branch, which may have one of its own.

use serde_json::Value;

use super::{book::Book, precedence};
use crate::book::fields::Status;
use crate::json::document::Fault;

/// The book of both: `ours` is the one whose plan is under way, `theirs` what the other branch has. Prose is that of
/// the one written last; of each phase the status that is further along, unless it was rolled back since; summaries
/// and members that only one has are kept.
///
/// # Errors
/// Never in practice: the text stays a book.
pub fn carry(ours: &Book, theirs: &Book) -> Result<Book, Fault> {
    let plan = |book: &Book| book.fields().phased_execution.as_ref().map(|p| p.master_plan.clone());
    let same = plan(ours) == plan(theirs);
    let newer = theirs.fields().last_updated > ours.fields().last_updated;
    let (base, other) = if same && newer { (theirs, ours) } else { (ours, theirs) };
    let mut book = base.clone();
    let mut summaries = book.fields().completed_summaries.clone();
    // What the older one has was there first.
    let more = other.fields().completed_summaries.iter().filter(|s| !summaries.contains(s)).cloned();
    let more: Vec<String> = more.collect();
    if !more.is_empty() {
        summaries.splice(0..0, more);
        book.put(&[], "completed_summaries", &summaries.into())?;
    }
    let (value, there) = (book.value(), other.value());
    for (key, member) in there.as_object().into_iter().flatten() {
        if value.get(key).is_none() && (same || !OF_A_PLAN.contains(&key.as_str())) {
            book.put(&[], key, member)?;
        }
    }
    if same {
        phases(&mut book, other)?;
    }
    Ok(book)
}

/// Members that say something of the plan under way only.
const OF_A_PLAN: [&str; 5] = ["phased_execution", "execution_branch", "execution_started", "worktree_path", "workflow"];

fn phases(book: &mut Book, other: &Book) -> Result<(), Fault> {
    for theirs in objects(other) {
        let Some(number) = number(&theirs) else { continue };
        let Some(ours) = objects(book).into_iter().find(|p| self::number(p) == Some(number)) else { continue };
        let further = precedence::compare(&theirs, &ours).is_gt();
        let status = |book: &Book| book.fields().phase(number).map_or(Status::Pending, |p| p.status);
        if further {
            book.set_status(number, status(other))?;
        }
        for (key, member) in theirs.as_object().into_iter().flatten() {
            let newer = further && key == "rolled_back";
            if ours.get(key).is_none_or(Value::is_null) && !member.is_null() || newer {
                book.put_in_phase(number, key, member)?;
            }
        }
    }
    Ok(())
}

fn objects(book: &Book) -> Vec<Value> {
    book.value()["phased_execution"]["phases"].as_array().cloned().unwrap_or_default()
}

fn number(phase: &Value) -> Option<u32> {
    phase["phase"].as_u64().and_then(|n| u32::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SEED: &str = include_str!("../../tests/fixtures/para/seed-executing.md");

    fn seed() -> Book {
        Book::parse(SEED).unwrap()
    }

    #[test]
    fn two_books_of_a_plan_are_joined_and_the_one_written_last_has_the_words() {
        let mut ours = seed();
        ours.touch("2025-12-19T00:00:00Z").unwrap();
        ours.add_summary("context/summaries/b.md").unwrap();
        let mut theirs = seed();
        theirs.set_status(1, Status::Completed).unwrap();
        theirs.add_summary("context/summaries/a.md").unwrap();
        theirs.put(&[], "theirs", &json!({"x": 1})).unwrap();
        theirs.put_in_phase(2, "branch", &json!("para/x")).unwrap();
        for (one, two) in [(&ours, &theirs), (&theirs, &ours)] {
            let book = carry(one, two).unwrap();
            assert_eq!(book.prose(), ours.prose());
            assert_eq!(book.fields().phase(1).unwrap().status, Status::Completed);
            assert_eq!(book.fields().phase(2).unwrap().branch.as_deref(), Some("para/x"));
            assert_eq!(book.fields().completed_summaries, ["context/summaries/a.md", "context/summaries/b.md"]);
            assert_eq!(book.value()["theirs"], json!({"x": 1}));
        }
        assert_eq!(carry(&seed(), &seed()).unwrap().text(), SEED);
    }

    #[test]
    fn a_phase_that_was_rolled_back_stays_so() {
        let mut back = seed();
        back.set_status(1, Status::Pending).unwrap();
        back.put_in_phase(1, "rolled_back", &json!({"time": "2025-12-20T00:00:00Z"})).unwrap();
        for (one, two) in [(&back, &seed()), (&seed(), &back)] {
            let book = carry(one, two).unwrap();
            assert_eq!(book.fields().phase(1).unwrap().status, Status::Pending);
        }
        let mut again = back.clone();
        again.set_status(1, Status::InProgress).unwrap();
        assert_eq!(carry(&back, &again).unwrap().fields().phase(1).unwrap().status, Status::InProgress);
    }

    #[test]
    fn of_another_plan_only_what_is_done_comes_along() {
        let mut theirs = seed();
        let other = json!({"master_plan": "context/plans/2026-01-01-x.md", "phases": [], "current_phase": null});
        theirs.put(&[], "phased_execution", &other).unwrap();
        theirs.touch("2026-01-01T00:00:00Z").unwrap();
        theirs.add_summary("context/summaries/x.md").unwrap();
        let book = carry(&seed(), &theirs).unwrap();
        assert_eq!(book.fields().phased_execution, seed().fields().phased_execution);
        assert_eq!(book.fields().completed_summaries, ["context/summaries/x.md"]);
    }
}
