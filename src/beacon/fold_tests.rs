use proptest::prelude::*;

use super::*;

fn content(text: &str) -> Rc<Content> {
    Rc::new(Content { executable: text.starts_with("#!"), bytes: text.into() })
}

fn some(text: &str) -> Option<Rc<Content>> {
    (text != "-").then(|| content(text))
}

/// `local both | theirs<base …` → became, what lies here then, the offer both have, the open one. `-` is nothing, `+` what
/// is new to its sender.
fn told(line: &str) -> String {
    let (before, offers) = line.split_once('|').unwrap();
    let words: Vec<_> = before.split_whitespace().collect();
    let text = |word: &str| some(&word.replace(',', "\n"));
    let before = Before { local: text(words[0]), both: text(words[1]), open: words.get(2) == Some(&"open") };
    let offers: Vec<_> = offers
        .split_whitespace()
        .map(|word| {
            let (new, word) = word.strip_prefix('+').map_or((false, word), |word| (true, word));
            let (theirs, base) = word.split_once('<').unwrap_or((word, "-"));
            Offer { theirs: text(theirs), base: text(base), new, ..Offer::default() }
        })
        .collect();
    let after = fold(&before, &offers);
    let ours = after.ours.map_or("-".into(), |c| String::from_utf8(c.bytes.clone()).unwrap().replace('\n', ","));
    let number = |n: Option<usize>| n.map_or("-".into(), |n| n.to_string());
    format!("{:?} {ours} {} {}", after.became, number(after.both), number(after.open))
}

#[test]
fn what_becomes_of_a_path() {
    let table = [
        // New, the same, and other bytes under a name of theirs that both never had.
        ("- - | a", "Created a 0 -"),
        ("a - | a", "Same a 0 -"),
        ("a - | b", "Conflict a - 0"),
        ("#!a - | #!a", "Same #!a 0 -"),
        // As they knew it; by what they say, or by what was taken in.
        ("a a | b<a", "Updated b 0 -"),
        ("a a | b", "Updated b 0 -"),
        ("a - | b<a", "Updated b 0 -"),
        // Both have changed it. Their base counts before ours.
        ("A,2,3,4,5, 1,2,3,4,5, | 1,2,3,4,E,", "Merged A,2,3,4,E, 0 -"),
        ("A,2,3,4,5, x | 1,2,3,4,E,<1,2,3,4,5,", "Merged A,2,3,4,E, 0 -"),
        ("A,2, 1,2, | B,2,<1,2,", "Conflict A,2, - 0"),
        ("A,2, 1,2, | 1,2,", "Merged A,2, 0 -"),
        ("A,2, 1,2, | A,2,", "Same A,2, 0 -"),
        ("A\0 1\0 | B\0<1\0", "Conflict A\0 - 0"),
        ("1\0 1\0 | B\0<1\0", "Updated B\0 0 -"),
        // They knew no version of it, so what both had is not the one they edited.
        ("- - | +a", "Created a 0 -"),
        ("a a | +b", "Conflict a - 0"),
        ("a a | +a", "Same a 0 -"),
        ("b a | +a", "Merged b 0 -"),
        // They edited another version than ours, which we sent meanwhile.
        ("v2 v2 | v1x<v1", "Conflict v2 - 0"),
        // Taken away.
        ("a a | -", "Archived - 0 -"),
        ("a a | -<a", "Archived - 0 -"),
        ("b a | -<a", "Kept b - 0"),
        ("b b | -<a", "Kept b - 0"),
        ("b - | -", "Kept b - 0"),
        ("- a | -", "Same - 0 -"),
        // Removed here, and they went on with it, or say the same again.
        ("- a | b<a", "Created b 0 -"),
        ("- a | a", "Same - 0 -"),
        // Several, the oldest first.
        ("- - | a b<a c<b", "Created c 2 -"),
        ("- - | a -<a", "Same - 1 -"),
        ("a a | -<a b", "Updated b 1 -"),
        ("A,2,3, 1,2,3, | 1,2,C,<1,2,3, 1,2,D,<1,2,C,", "Merged A,2,D, 1 -"),
        ("A,2,3, 1,2,3, | 1,2,C,<1,2,3, B,2,C,<1,2,C,", "Conflict A,2,C, 0 1"),
        // A later version settles a conflict; what ours is in conflict with is no base.
        ("A,2,3, 1,2,3, | B,2,3, A,2,3,", "Same A,2,3, 1 -"),
        ("A,2,3, 1,2,3, | B,2,3, 1,2,C,<B,2,3,", "Merged A,2,C, 1 -"),
        ("A,2,3, 1,2,3, | B,2,3, B,2,C,<B,2,3,", "Conflict A,2,3, - 1"),
        ("A,2,3, 1,2,3, open | B,2,C,<B,2,3,", "Conflict A,2,3, - 0"),
        ("A,2,3, 1,2,3, open | -", "Kept A,2,3, - 0"),
    ];
    for (line, wanted) in table {
        assert_eq!(told(line), wanted, "{line}");
    }
}

#[test]
fn who_may_run_a_file_is_merged_as_its_bytes_are() {
    let of = |executable, text: &str| Rc::new(Content { executable, bytes: text.into() });
    let cases = [
        // local, both, theirs → after
        ((false, "a"), (false, "a"), (true, "a"), (true, "a")),
        ((true, "a"), (false, "a"), (false, "b"), (true, "b")),
        ((false, "A\n2\n3\n"), (true, "1\n2\n3\n"), (true, "1\n2\nC\n"), (false, "A\n2\nC\n")),
    ];
    for (local, both, theirs, wanted) in cases {
        let before = Before { local: Some(of(local.0, local.1)), both: Some(of(both.0, both.1)), open: false };
        let after = fold(&before, &[Offer { theirs: Some(of(theirs.0, theirs.1)), ..Offer::default() }]);
        assert_eq!(after.ours, Some(of(wanted.0, wanted.1)));
        assert_eq!(after.open, None);
    }
}

#[test]
fn texts_are_merged_byte_for_byte_whatever_their_ends_and_beginnings() {
    let of = |text: &str| Some(Rc::new(Content { executable: false, bytes: text.into() }));
    let cases = [
        // local, both, theirs → what lies here then, and whether it is a conflict
        ("1\r\n2\r\nC\r\n", "1\r\n2\r\n3\r\n", "A\r\n2\r\n3\r\n", "A\r\n2\r\nC\r\n", false),
        ("1\n2\n3\n", "1\r\n2\r\n3\r\n", "A\r\n2\r\n3\r\n", "1\n2\n3\n", true),
        ("\u{feff}1\n2\n3\n4\n", "1\n2\n3\n4\n", "1\n2\n3\nD\n", "\u{feff}1\n2\n3\nD\n", false),
        ("A\n2\n3\n4", "1\n2\n3\n4", "1\n2\n3\n4\n", "A\n2\n3\n4\n", false),
        ("1\n2\n3\n4\n5", "1\n2\n3\n4", "1\n2\n3\n4\n", "1\n2\n3\n4\n5", true),
        ("A\n2\n3\n\0\n", "1\n2\n3\n\0\n", "1\n2\nC\n\0\n", "A\n2\n3\n\0\n", true),
        ("", "1\n", "1\n2\n", "", true),
        ("1\n2\n", "1\n", "", "1\n2\n", true),
        ("", "", "1\n", "1\n", false),
        ("1\rA\r3\r", "1\r2\r3\r", "1\r2\rC\r", "1\rA\r3\r", true),
    ];
    for (local, both, theirs, wanted, clash) in cases {
        let before = Before { local: of(local), both: of(both), open: false };
        let after = fold(&before, &[Offer { theirs: of(theirs), ..Offer::default() }]);
        assert_eq!((after.ours, after.open.is_some()), (of(wanted), clash), "{local:?} {both:?} {theirs:?}");
    }
}

#[test]
fn what_both_have_stays_the_newest_where_something_older_comes_late() {
    let late = |theirs: &str, base: &str| Offer { theirs: some(theirs), base: some(base), late: true, new: false };
    let before = |local: &str| Before { local: some(local), both: some("1\n2\n3\nD\n"), open: false };
    let after = fold(&before("1\n2\n3\nD\n"), &[late("A\n2\n3\n4\n", "1\n2\n3\n4\n")]);
    assert_eq!((after.became, after.ours, after.both), (Became::Merged, some("A\n2\n3\nD\n"), None));
    let after = fold(&before("1\n2\n3\nD\n"), &[late("1\n2\n3\nX\n", "1\n2\n3\n4\n")]);
    assert_eq!((after.became, after.both, after.open), (Became::Conflict, None, Some(0)));
    // What came after it is merged from what both had, not from it.
    let next = Offer { theirs: some("1\n2\nC\nD\n"), ..Offer::default() };
    let after = fold(&before("1\n2\n3\nD\n"), &[late("A\n2\n3\n4\n", "1\n2\n3\n4\n"), next]);
    assert_eq!((after.ours, after.both, after.open), (some("A\n2\nC\nD\n"), Some(1), None));
    let after = fold(&before("A\n2\n3\nD\n"), &[late("A\n2\n3\n4\n", "1\n2\n3\n4\n")]);
    assert_eq!((after.became, after.both), (Became::Same, None), "it is in it already");
}

fn any_version() -> impl Strategy<Value = Option<Rc<Content>>> {
    let line = prop_oneof!["a\n", "b\n", "c\n", "\u{0}"];
    proptest::option::of((any::<bool>(), proptest::collection::vec(line, 0..5)))
        .prop_map(|made| made.map(|(executable, l)| Rc::new(Content { executable, bytes: l.concat().into() })))
}

proptest! {
    #[test]
    fn nothing_that_only_lies_here_is_given_up(
        local in any_version(), both in any_version(), open in any::<bool>(),
        offers in proptest::collection::vec((any_version(), any_version()), 1..5),
    ) {
        let offers: Vec<_> = offers.into_iter().map(|(theirs, base)| Offer { theirs, base, ..Offer::default() }).collect();
        let before = Before { local: local.clone(), both: both.clone(), open };
        let after = fold(&before, &offers);
        // Bytes go only where others are known to have them.
        let had = |c: &Rc<Content>| {
            let there = |v: &Option<Rc<Content>>| v.as_ref().is_some_and(|v| v.bytes == c.bytes);
            there(&both) || offers.iter().any(|o| there(&o.base) || there(&o.theirs))
        };
        if let Some(here) = &local && !had(here) {
            prop_assert!(after.ours.is_some());
            prop_assert!(!matches!(after.became, Became::Updated | Became::Archived | Became::Created));
        }
        // The same offers once more change nothing but what both are known to have.
        let known = after.both.map_or(both, |n| offers[n].theirs.clone());
        if let (None, Some(last)) = (after.open, offers.last()) {
            prop_assert_eq!(&known, &last.theirs);
        }
        // In the end each offer is either known to both or in conflict.
        prop_assert_eq!(after.open.max(after.both), Some(offers.len() - 1));
    }
}
