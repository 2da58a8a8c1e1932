//! What the secret scan finds and what it lets pass, on files that are made at run time from a seed.

mod corpus;

use std::sync::LazyLock;

use claude_craft::scan::{Excuse, Finding, Salt, Scanner, Severity, UserRules};
use corpus::{Case, HELD_OUT, Tier, look_alikes, positives};
use proptest::prelude::*;

/// With the built-in rules only; made once, since that takes longer than most files.
fn scanner() -> &'static Scanner {
    static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(UserRules::default()));
    &SCANNER
}

fn salt() -> Salt {
    Salt::new([7; 16])
}

fn findings(scanner: &Scanner, case: &Case) -> Vec<Finding> {
    scanner.scan(&salt(), &case.path, &case.content).findings
}

/// Share of `cases` that block, and the names of those for which `wrong` says so.
fn share(scanner: &Scanner, cases: &[Case], wrong: bool) -> (f64, Vec<String>) {
    let blocks: Vec<bool> = cases.iter().map(|c| findings(scanner, c).iter().any(Finding::blocks)).collect();
    let names =
        cases.iter().zip(&blocks).filter(|(_, b)| **b == wrong).map(|(c, _)| format!("{} [{}]", c.name, c.path));
    (blocks.iter().filter(|b| **b).count() as f64 / cases.len() as f64, names.collect())
}

/// Every tier of a set is found, and hardly a look-alike blocks.
fn holds(seed: u64, recall: f64, false_blocks: f64) {
    let scanner = scanner();
    let all = positives(seed);
    for tier in [Tier::T1, Tier::T2, Tier::T3] {
        let cases: Vec<Case> = all.iter().filter(|c| c.tier == tier).cloned().collect();
        let (share, missed) = share(scanner, &cases, false);
        assert!(share >= recall, "{tier:?} of seed {seed}: {share:.3} found, missed:\n{}", missed.join("\n"));
    }
    let (share, blocked) = share(scanner, &look_alikes(seed), true);
    assert!(share <= false_blocks, "look-alikes of seed {seed}: {share:.3} block:\n{}", blocked.join("\n"));
}

#[test]
fn credentials_of_every_provider_and_kind_block_and_look_alikes_do_not() {
    holds(1, 0.96, 0.01);
    holds(20, 0.96, 0.01);
}

#[test]
fn contexts_that_the_rules_were_not_made_with_are_understood_too() {
    holds(HELD_OUT + 1, 0.90, 0.015);
}

#[test]
fn a_finding_holds_nothing_of_the_value_but_the_public_prefix() {
    let scanner = scanner();
    for case in positives(2).into_iter().chain(positives(HELD_OUT + 2)) {
        let Some(secret) = case.secret.clone() else { continue };
        for finding in findings(scanner, &case) {
            let text = format!("{}\n{finding:?}", serde_json::to_string(&finding).unwrap());
            assert!(!text.contains(&secret), "{}: {text}", case.name);
            // No eight characters in a row of the part that is drawn by chance.
            let shown = finding.mask.trim_end_matches('…');
            assert!(secret.len() >= shown.len() + 8, "{}: {shown} of {} bytes", case.name, secret.len());
            let tail: Vec<char> = secret.chars().rev().take(8).collect();
            let tail: String = tail.into_iter().rev().collect();
            assert!(!text.contains(&tail), "{}: {text}", case.name);
        }
    }
}

#[test]
fn a_comment_on_the_line_excuses_and_the_same_file_gives_the_same_answer() {
    let token = positives(3).into_iter().find(|c| c.provider == "gitlab").unwrap().secret.unwrap();
    let scan = |comment: &str| {
        let text = format!("first line\ntoken = \"{token}\" {comment}\n");
        let scanner = scanner();
        let scan = scanner.scan(&salt(), "a/b.py", text.as_bytes());
        assert_eq!(scan.findings, scanner.scan(&salt(), "a/b.py", text.as_bytes()).findings);
        scan.findings
    };
    let plain = scan("");
    assert_eq!(plain.len(), 1, "{plain:?}");
    assert_eq!((plain[0].line, plain[0].column, plain[0].severity), (2, 10, Severity::Critical));
    assert!(plain[0].blocks());
    for comment in ["# gitleaks:allow", "// craft:allow"] {
        let excused = scan(comment);
        assert_eq!(excused[0].excuse, Some(Excuse::Comment));
        assert_eq!(excused[0].fingerprint, plain[0].fingerprint);
        assert!(!excused[0].blocks());
    }
}

#[test]
fn files_that_nobody_can_read_are_known_by_their_beginnings() {
    let scan = |path: &str, content: &[u8]| {
        let found = scanner().scan(&salt(), path, content).findings;
        found.into_iter().map(|f| (f.rule, f.severity)).collect::<Vec<_>>()
    };
    let store = [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2][..], &[0; 64]].concat();
    assert_eq!(scan("app/release.jks", &store), [("key-store".to_owned(), Severity::Critical)]);
    assert_eq!(scan("app/debug.keystore", &store), [("key-store".to_owned(), Severity::Warning)]);
    let database = [&b"SQLite format 3\0"[..], &[0; 64]].concat();
    assert_eq!(scan("data.bin", &database), [("database".to_owned(), Severity::Warning)]);
    assert_eq!(scan("movie.bin", &vec![0; 11 << 20]), [("large-binary".to_owned(), Severity::Warning)]);
    assert_eq!(scan("icon.bin", &[0; 4096]), []);
}

#[test]
fn a_file_that_is_too_large_is_said_to_be_unscanned() {
    let scanner = Scanner::new(UserRules::default()).with_limit(10);
    assert!(scanner.scan(&salt(), "a", b"0123456789").unscanned.is_none());
    assert!(scanner.scan(&salt(), "a", b"0123456789a").unscanned.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Files that are cut anywhere, doubled, or have bytes changed never stop the scan, and what it says of them
    /// still lies inside of them.
    #[test]
    fn damaged_files_are_scanned(seed in 0_u64..50, pick in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(), byte in any::<u8>(), repeat in 1_usize..3) {
        let cases = positives(seed % 5);
        let mut content = pick.get(&cases).content.clone();
        let at = cut.index(content.len());
        content[at] = byte;
        let mut text = content.repeat(repeat);
        text.truncate(at + content.len() * (repeat - 1) + 1);
        let lines = text.split(|b| *b == b'\n').count();
        for finding in scanner().scan(&salt(), &pick.get(&cases).path, &text).findings {
            prop_assert!(finding.line >= 1 && finding.line <= finding.end_line && finding.end_line <= lines.max(1));
        }
    }

    #[test]
    fn any_bytes_are_scanned(content in prop::collection::vec(any::<u8>(), 0..400), glue in "(password|token|eyJ|://|-----BEGIN |AKIA|ghp_|[=:\"' @.\\\\]){0,30}") {
        let text = [glue.as_bytes(), &content, glue.as_bytes()].concat();
        let _ = scanner().scan(&salt(), "x", &text);
    }
}
