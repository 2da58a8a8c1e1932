use super::super::reach::Reach;
use super::super::search::entropy;
use super::*;
use crate::scan::Severity;

#[test]
fn a_finding_says_where_and_never_what() {
    let rules =
        rules("[[rules]]\nid = 'r'\ndescription = 'A key'\nregex = '''key\\s*=\\s*\"(\\w+)\"'''\nkeywords = ['KEY']");
    let one = scan(&rules, "d/a", "x\n\n ä key =\n\"hush123\"\n");
    let expected = Finding {
        rule: "r".into(),
        title: "A key".into(),
        severity: Severity::Critical,
        path: "d/a".into(),
        line: 3,
        column: 5,
        end_line: 4,
        mask: "…".into(),
        fingerprint: print("r", "d/a", "hush123"),
        excuse: None,
    };
    assert_eq!(one, [expected]);
}

#[test]
fn a_keyword_anywhere_in_the_file_is_enough() {
    let rules = rules("[[rules]]\nid = 'r'\nregex = 'tok_[a-z]{4}'\nkeywords = ['MyCompany']");
    assert_eq!(found(&rules, "tok_abcd\n\n// mycompany"), [("r".into(), 1, 1, None)]);
    assert_eq!(found(&rules, "tok_abcd"), []);
}

#[test]
fn how_far_a_rule_looks_follows_from_its_pattern() {
    let cases = [
        ("tok_[a-z]{4}", "tok", Reach::Bytes(8)),
        ("(?i)tok_[a-z]{4}", "tok_", Reach::Bytes(8)),
        ("(?:tok|key)-a", "'tok', 'key'", Reach::Bytes(5)),
        ("(?:tok|kez)-a", "'tok', 'key'", Reach::File),
        ("[a-z]{0,9}t[o]k.*", "tok", Reach::Line),
        (r"tok\s.*", "tok", Reach::File),
        ("(?:tok)?-[a-z]{4}", "tok", Reach::File),
        ("x(?:to){2}k", "otok", Reach::Bytes(6)),
        ("xtoy|tok", "tok", Reach::File),
        ("(?:ab|c)+d", "abd", Reach::File),
        ("(?:tok)+", "tok", Reach::Line),
        ("[^t]ok", "tok", Reach::File),
        ("[tT]ok", "tok", Reach::Bytes(3)),
    ];
    for (pattern, keywords, expected) in cases {
        let keywords = if keywords.contains('\'') { keywords.to_owned() } else { format!("'{keywords}'") };
        let rules = rules(&format!("[[rules]]\nid='r'\nregex='{pattern}'\nkeywords=[{keywords}]"));
        assert_eq!(rules.inner.search.reaches(), [expected], "{pattern} {keywords}");
    }
}

#[test]
fn the_end_of_a_window_is_no_end_of_the_text() {
    let rules = rules("[[rules]]\nid = 'r'\nregex = '''tok[a-z]{2}$'''\nkeywords = ['tok']");
    assert_eq!(found(&rules, "tokabc tokab"), [("r".into(), 1, 8, None)]);
    assert_eq!(found(&rules, "tokab\n"), []);
}

#[test]
fn the_value_is_the_group_that_gitleaks_takes() {
    let value = |extra: &str, pattern: &str, value: &str| {
        let rules = rules(&format!("[[rules]]\nid='r'\nregex='''{pattern}'''\n{extra}"));
        assert_eq!(scan(&rules, "a", "x=abc;y=def\n")[0].fingerprint, print("r", "a", value), "{pattern} {extra}");
    };
    value("", r"x=\w+", "x=abc");
    value("", r"x=(q)?(\w+)", "abc");
    value("secretGroup = 2", r"x=(\w+);y=(\w+)", "def");
    value("secretGroup = 1", r"x=(q)?(\w+)", "x=abc");
    value("", r"y=\w+\n", "y=def");
}

#[test]
fn entropy_is_shannons() {
    for (text, bits) in [("", 0.0), ("aaaa", 0.0), ("ab", 1.0), ("abcd", 2.0), ("aabbccdd", 2.0)] {
        assert!((entropy(text.as_bytes()) - bits).abs() < 1e-9, "{text}");
    }
    let rules = rules("[[rules]]\nid='r'\nregex='k=(\\w+)'\nentropy = 2.0");
    assert_eq!(found(&rules, "k=abcd k=abcde"), [("r".into(), 1, 8, None)], "as much as the threshold is too little");
}

#[test]
fn paths_decide_where_a_rule_holds() {
    let rules = rules(
        "[[rules]]\nid='file'\npath='\\.p12$'\n[[rules]]\nid='both'\nregex='key'\npath='^conf/'\n\
         [[rules]]\nid='not'\nregex='key'\n[rules.allowlist]\npaths=['^conf/']\n[allowlist]\npaths=['^vendor/']",
    );
    let ids = |path| scan(&rules, path, "a key").into_iter().map(|f| (f.rule, f.line)).collect::<Vec<_>>();
    assert_eq!(ids("a.p12"), [("file".into(), 0), ("not".into(), 1)]);
    assert_eq!(ids("conf/a"), [("both".into(), 1)]);
    assert_eq!(ids("vendor/a.p12"), []);
    assert_eq!(ids(".gitleaks.toml"), []);
}

#[test]
fn what_is_allowed_is_told_with_its_excuse() {
    let rules = rules(
        "[[rules]]\nid='r'\nregex='''key=(\\w+)'''\n[[rules.allowlists]]\nregexTarget='line'\nregexes=['^#']\n\
         [[allowlists]]\ntargetRules=['r']\nstopwords=['dummy']",
    );
    let excuses: Vec<_> = found(
        &rules,
        "key=a1\n# key=b1\nkey=myDummy1\nkey=c1 // gitleaks:allow\nkey=d1 # craft:allow\nkey=e1 minecraft:allow",
    )
    .into_iter()
    .map(|f| f.3)
    .collect();
    let (list, comment) = (Some(Excuse::Allowlist), Some(Excuse::Comment));
    assert_eq!(excuses, [None, list.clone(), list, comment.clone(), comment, None]);
}

#[test]
fn tags_can_make_a_rule_a_warning() {
    for (tags, severity) in [
        ("[]", Severity::Critical),
        ("['key', 'AWS']", Severity::Critical),
        ("['key', 'Warning']", Severity::Warning),
        ("'low'", Severity::Warning),
    ] {
        let rules = rules(&format!("[[rules]]\nid='r'\nregex='key'\ntags={tags}"));
        assert_eq!(scan(&rules, "a", "key")[0].severity, severity, "{tags}");
    }
}

#[test]
fn a_rule_that_requires_others_needs_them_near_by() {
    let text = |how: &str| {
        format!(
            "[[rules]]\nid='pair'\nregex='sec-\\w+'\nkeywords=['sec-']\n[[rules.required]]\nid='id'\n{how}\n\
             [[rules]]\nid='id'\nregex='id-\\w+'\nkeywords=['nowhere']\nskipReport=true"
        )
    };
    let lines = |how: &str, content: &str| found(&rules(&text(how)), content).iter().map(|f| f.1).collect::<Vec<_>>();
    let content = "id-1\nsec-1\n\n\nsec-2";
    assert_eq!(lines("", content), [2, 5]);
    assert_eq!(lines("withinLines = 1", content), [2]);
    assert_eq!(lines("withinColumns = 3", "id-1 sec-1\nsec-2"), [2]);
    assert!(lines("", "sec-1").is_empty());
    assert!(lines("", "id-1").is_empty(), "a part is not reported");
}

#[test]
fn a_generic_rule_gives_way_to_one_that_knows() {
    let rules = rules("[[rules]]\nid='generic-key'\nregex='''key=(\\w+)'''\n[[rules]]\nid='known'\nregex='tok_\\w+'");
    assert_eq!(
        found(&rules, "key=tok_1\nkey=other"),
        [("known".into(), 1, 5, None), ("generic-key".into(), 2, 1, None)]
    );
}

#[test]
fn more_than_can_be_listed_is_one_finding_that_still_counts() {
    let rules = rules("[[rules]]\nid='r'\nregex='key=\\w'\n[allowlist]\nregexes=['z']");
    let many = scan(&rules, "a", &"key=a\n".repeat(500));
    assert_eq!((many.len(), many[100].line, many[100].blocks()), (101, 0, true));
    let allowed = scan(&rules, "a", &format!("{}key=a", "key=z\n".repeat(500)));
    assert_eq!(allowed.len(), 101);
    assert_eq!((allowed[100].line, allowed[100].excuse.clone()), (501, None), "what is excused hides nothing");
    let huge = scan(&rules, "a", &format!("{}key=a", "key=z\n".repeat(20_000)));
    assert!(huge.iter().any(|f| f.line == 0 && f.blocks()));
}

#[test]
fn a_search_stops_when_it_is_told_to() {
    let rules = rules("[[rules]]\nid='r'\nregex='a'");
    // Once for the place that is searched, and once for each match.
    let left = std::cell::Cell::new(4);
    let go_on = || left.replace(left.get() - 1) > 0;
    assert_eq!(rules.scan_while(&Salt::new(*b"salt of sixteen."), "a", b"a a a a a", &go_on), None);
    assert_eq!(left.get(), -1);
    assert_eq!(rules.scan_while(&Salt::new(*b"salt of sixteen."), "a", b"b", &|| false), None);
}
