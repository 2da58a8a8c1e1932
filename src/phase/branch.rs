//! Which branches are those of phases. The book comes from the repository, whoever writes there: what it names is let
//! pass only where the user's own configuration says so too.

use crate::book::fields::Fields;
use crate::config::model::Plans;
use crate::phase::name::PlanName;
use crate::scan::redact::holds_credential;

/// Branches that others build upon, never those of a phase.
const SHARED: [&str; 2] = ["main", "master"];

/// Whether `branch` is the branch of a phase, or of the work that is under way, by the book's `fields` and the user's
/// `plans`. `pinned` is the branch (or glob) that was enrolled.
#[must_use]
pub fn is_of_phase(fields: &Fields, plans: &Plans, pinned: &str, branch: &str) -> bool {
    let shared = SHARED.contains(&branch) || branch == pinned || plans.main_branch.as_deref() == Some(branch);
    let prefix = plans.branch_prefix.as_str();
    !shared
        && !prefix.is_empty()
        && branch.len() > prefix.len()
        && branch.starts_with(prefix)
        && is_name(branch)
        && !holds_credential(branch)
        && recorded(fields, prefix).any(|name| name == branch)
}

/// The branches that a book records, by name or by default.
fn recorded<'f>(fields: &'f Fields, prefix: &'f str) -> impl Iterator<Item = String> + 'f {
    let phases = fields.phased_execution.iter().flat_map(move |phased| {
        let master = PlanName::read(&phased.master_plan);
        phased.phases.iter().filter_map(move |phase| {
            let default = || Some(master.as_ref()?.of_phase(phase.phase).branch(prefix));
            phase.branch.clone().or_else(default)
        })
    });
    fields.execution_branch.iter().cloned().chain(phases)
}

/// Whether git takes `name` for a branch (git-check-ref-format(1)), and it is of ordinary characters.
fn is_name(name: &str) -> bool {
    let parts = || name.split('/');
    !name.starts_with('-')
        && name.len() <= 200
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.+".contains(&b))
        && !name.contains("..")
        && parts().all(|p| !p.is_empty() && !p.starts_with('.') && !p.ends_with('.') && !p.ends_with(".lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &str = include_str!("../../tests/fixtures/para/seed-executing.md");

    fn known(book: &str, plans: &Plans, pinned: &str, branch: &str) -> bool {
        is_of_phase(&Fields::read(book).unwrap().0, plans, pinned, branch)
    }

    #[test]
    fn only_what_the_book_records_and_the_user_lets_pass_is_a_phases_branch() {
        let named = BOOK.replacen("\"phase\": 2,", "\"phase\": 2, \"branch\": \"para/other\",", 1);
        let is = |branch: &str| known(&named, &Plans::default(), "develop", branch);
        assert!(is("para/implement-user-authentication-phase-1"), "the one under way");
        assert!(is("para/implement-user-authentication-phase-3"), "by its default name");
        assert!(is("para/other"), "the one that is recorded for phase 2");
        assert!(!is("para/implement-user-authentication-phase-2"), "another is recorded");
        for no in ["para/implement-user-authentication-phase-4", "para/mine", "main", "develop", "topic", "para/", ""] {
            assert!(!is(no), "{no}");
        }
    }

    #[test]
    fn a_book_cannot_name_what_is_not_below_the_prefix_or_is_shared() {
        let book = |branch: &str| BOOK.replacen("para/implement-user-authentication-phase-1", branch, 2);
        let book = |branch: &str| book(branch).replace("\"execution_branch\": \"\"", "");
        let recorded = |branch: &str, prefix: &str, main: Option<&str>, pinned: &str| {
            let plans =
                Plans { branch_prefix: prefix.into(), main_branch: main.map(str::to_owned), ..Plans::default() };
            known(&book(branch), &plans, pinned, branch)
        };
        assert!(recorded("para/x", "para/", None, "main"));
        assert!(!recorded("topic", "para/", None, "main"));
        assert!(!recorded("para/x", "para/", Some("para/x"), "main"));
        assert!(!recorded("para/x", "para/", None, "para/x"));
        assert!(!recorded("main", "ma", None, "develop") && !recorded("master", "ma", None, "develop"));
        assert!(!recorded("x", "", None, "main"), "without a prefix none is a phase's");
        for odd in ["para/../x", "para/a..b", "para/x.lock", "para/a b", "para/.x", "para//x", "para/x/", "para/a~1"] {
            assert!(!recorded(odd, "para/", None, "main"), "{odd}");
        }
        let token = format!("para/ghp_{}", "a1B2".repeat(9));
        assert!(!recorded(&token, "para/", None, "main") || !holds_credential(&token));
    }
}
