use super::*;

/// A book with this prose and these fields.
fn book(prose: &str, fields: &str) -> Book {
    Book::parse(&format!("# Current Work Summary\n\n{prose}\n\n---\n\n```json\n{{{fields}}}\n```\n")).unwrap()
}

fn phases(statuses: &[&str]) -> String {
    let list: Vec<_> = statuses
        .iter()
        .enumerate()
        .map(|(at, s)| format!("{{\"phase\": {}, \"plan\": \"p\", \"status\": \"{s}\"}}", at + 1))
        .collect();
    format!(
        "\"phased_execution\": {{\"master_plan\": \"m\", \"phases\": [{}], \"current_phase\": null}}",
        list.join(", ")
    )
}

#[test]
fn the_stage_follows_from_the_book() {
    let plan = "\"active_context\": [\"context/plans/2025-12-18-x.md\"]";
    let branch = "\"execution_branch\": \"para/x\"";
    for (prose, fields, wanted) in [
        ("", String::new(), Stage::Idle),
        ("", "\"active_context\": [\"context/data/x.md\"]".into(), Stage::Idle),
        ("", plan.into(), Stage::Planning),
        ("Executing: X", format!("{plan}, {branch}"), Stage::Executing),
        ("Executing: X", "\"completed_summaries\": [\"s\"]".into(), Stage::Summarized),
        ("## Earlier: X\n\nExecuting: X", "\"completed_summaries\": [\"s\"]".into(), Stage::Idle),
        ("", phases(&["pending", "pending"]), Stage::Planning),
        ("", phases(&["completed", "in_progress"]), Stage::Executing),
        ("", phases(&["completed", "pending"]), Stage::Summarized),
        ("", phases(&["completed", "completed"]), Stage::Summarized),
    ] {
        assert_eq!(stage(Some(&book(prose, &fields))), wanted, "{prose} {fields}");
    }
    assert_eq!(stage(None), Stage::None);
}

#[test]
fn to_dos_are_those_of_the_phase_wherever_they_stand() {
    let prose = "Executing: X - Phase 2: B\n\n## To-Do List\n\n- [x] b\n- [ ] c\n\n## Phase 1: A\n\nExecuting: X - Phase 1: A\n\n\
                 ### To-Do List\n\n- [x] a\n";
    let book = book(prose, &phases(&["completed", "in_progress", "pending"]));
    let plan = "# X\n\n## Implementation Steps\n\n- [ ] d\n- [ ] e\n";
    let of = |number, status| {
        let found = todos(&book, Some((number, status)), Some(plan));
        found.iter().map(|(text, done)| format!("{text}{}", if *done { "+" } else { "" })).collect::<Vec<_>>()
    };
    assert_eq!(of(1, Status::Completed), ["a+"]);
    assert_eq!(of(2, Status::InProgress), ["b+", "c"]);
    assert_eq!(of(3, Status::Pending), ["d", "e"]);
    assert_eq!(of(2, Status::Pending), ["d", "e"], "one that was rolled back begins anew");
    assert_eq!(todos(&book, None, None).len(), 2);
}

#[test]
fn percent_is_of_to_dos_and_of_phases() {
    assert_eq!(percent(Status::InProgress, 2, 3), 66);
    assert_eq!(percent(Status::Pending, 0, 0), 0);
    assert_eq!(percent(Status::Completed, 1, 4), 100);
    assert_eq!(overall(&[100, 50, 0]), 50);
    assert_eq!(overall(&[]), 0);
}

#[test]
fn the_next_command_is_the_one_that_helps() {
    let unit = |number, status, merged, may_begin, open| Unit {
        number,
        status,
        merged,
        may_begin,
        open,
        branch: false,
        worktree: false,
    };
    let (p, i, c) = (Status::Pending, Status::InProgress, Status::Completed);
    let two = vec!["context/plans/2025-12-18-a.md".to_owned(), "context/plans/2025-12-19-b.md".to_owned()];
    let cases: Vec<(Stage, Vec<Unit>, Option<u32>, &str)> = vec![
        (Stage::None, vec![], None, "craft plan init"),
        (Stage::Idle, vec![], None, "craft plan new TASK"),
        (Stage::Planning, vec![], None, "craft plan execute"),
        (Stage::Executing, vec![unit(0, i, false, false, Some(2))], None, "craft plan todo done 2"),
        (Stage::Executing, vec![unit(0, i, false, false, None)], None, "craft plan summarize"),
        (Stage::Summarized, vec![], None, "craft plan archive"),
        (
            Stage::Planning,
            vec![unit(1, p, false, true, Some(1)), unit(2, p, false, false, None)],
            None,
            "craft plan execute --phase=1",
        ),
        (
            Stage::Planning,
            vec![Unit { branch: true, ..unit(1, p, false, true, Some(1)) }],
            None,
            "craft plan execute --phase=1 --existing continue",
        ),
        (
            Stage::Planning,
            vec![Unit { branch: true, worktree: true, ..unit(1, p, false, true, Some(1)) }],
            None,
            "craft plan execute --phase=1 --worktree",
        ),
        (Stage::Executing, vec![unit(1, i, false, false, Some(3))], Some(1), "craft plan todo done 3"),
        (
            Stage::Executing,
            vec![unit(1, i, false, false, None), unit(2, p, false, true, None)],
            Some(1),
            "craft plan summarize --phase=1",
        ),
        (
            Stage::Executing,
            vec![unit(2, i, false, false, Some(1)), unit(3, i, false, false, Some(4))],
            Some(3),
            "craft plan todo done 4 --phase=3",
        ),
        (
            Stage::Summarized,
            vec![unit(1, c, false, false, None), unit(2, p, false, false, None)],
            None,
            "craft plan pr --phase=1",
        ),
        (
            Stage::Summarized,
            vec![unit(1, c, true, false, None), unit(2, p, false, true, None)],
            None,
            "craft plan execute --phase=2",
        ),
        (
            Stage::Summarized,
            vec![unit(1, c, true, false, None), unit(2, p, false, false, None)],
            None,
            "craft plan graph",
        ),
        (
            Stage::Summarized,
            vec![unit(1, c, true, false, None), unit(2, c, true, false, None)],
            None,
            "craft plan archive",
        ),
    ];
    for (stage, phases, current, wanted) in cases {
        let view = View { broken: false, stage, phases: &phases, plans: &[], current };
        assert_eq!(next(&view), wanted, "{view:?}");
        assert_eq!(next(&View { broken: true, ..view }), "craft plan repair");
    }
    let view = View { broken: false, stage: Stage::Planning, phases: &[], plans: &two, current: None };
    assert_eq!(next(&view), "craft plan execute --plan context/plans/2025-12-19-b.md");
}
