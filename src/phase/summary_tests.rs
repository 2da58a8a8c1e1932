use insta::assert_snapshot;

use super::*;
use crate::phase::mark::unfilled;

fn facts() -> Facts {
    let file = |path: &str, change, lines| FileChange { path: path.into(), from: None, change, lines };
    let commit = |id: &str, subject: &str| CommitLine { id: id.into(), subject: subject.into(), author: "Ann".into() };
    let step = |text: &str, done| Step { text: text.into(), done };
    Facts {
        name: PlanName::read("context/plans/2025-12-18-implement-user-authentication-phase-1.md").unwrap(),
        plan: "context/plans/2025-12-18-implement-user-authentication-phase-1.md".into(),
        title: "Implement User Authentication".into(),
        date: "2025-12-18".into(),
        branch: "para/implement-user-authentication-phase-1".into(),
        main: "main".into(),
        objective: Some("Create user authentication tables and JWT refresh token storage.".into()),
        files: vec![
            file("migrations/001_create_users_table.sql", Change::Created, Some((12, 0))),
            file("README.md", Change::Modified, Some((2, 1))),
            file("logo.png", Change::Modified, None),
            file("old.sql", Change::Deleted, Some((0, 4))),
            FileChange { from: Some("a`b".into()), ..file("b\u{1b}[2J", Change::Renamed, Some((0, 0))) },
        ],
        commits: (vec![commit("1234567", "feat: Add users table migration")], 3),
        tests: vec![TestFile { path: "tests/users.rs".into(), new: true, added: Some(2) }],
        manifests: vec![ManifestChange {
            path: "Cargo.toml".into(),
            moved: vec![Moved { name: "jwt".into(), from: None, to: Some("1.0".into()) }],
        }],
        criteria: vec![step("Users table created with proper fields", true), step("Migrations run cleanly", true)],
        open: vec![],
        next: Some("Phase 2: API Layer".into()),
    }
}

#[test]
fn a_summary_has_the_form_of_the_seed() {
    let text = render(&facts());
    assert_snapshot!(text);
    assert_eq!(unfilled(&text).len(), 2);
}

#[test]
fn what_is_open_makes_it_partial_and_long_lists_are_cut() {
    let mut facts = facts();
    facts.open = vec!["Test migrations up and down".into()];
    facts.criteria.clear();
    facts.next = None;
    facts.objective = None;
    facts.name.phase = None;
    facts.commits = (Vec::new(), 0);
    facts.files = (0..LISTED + 5)
        .map(|n| FileChange { path: format!("f{n}"), from: None, change: Change::Created, lines: Some((1, 0)) })
        .collect();
    let text = render(&facts);
    assert!(text.contains("- `f199` - +1\n- and 5 more\n"), "{text}");
    assert!(text.contains("**Status:** ⚠️ Partial\n") && text.contains("- [ ] Test migrations up and down\n"));
    assert!(text.starts_with("# Summary: Implement User Authentication\n"));
    assert!(text.contains("4. Deploy to staging/production\n5. Archive the plan\n"));
    facts.open.clear();
    assert_eq!(facts.ending(), Ending::Completed);
}
