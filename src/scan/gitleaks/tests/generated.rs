use proptest::prelude::*;

use super::*;

const WORDS: [&str; 3] = ["tok", "key", "to"];

/// A part of a pattern.
fn part() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "tok", "key", "to", "k", "[a-z]", "[^a]", r"\w", r"\s", ".", r"\b", "^", "$", "(?m:^)", "(?m:$)", r"\B", "",
        "(?i:ToK)", "(?i:k)", "[tk]", "é", "[é-ü]", ";", r"\n", r"\z",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            inner.clone().prop_map(|part| format!("({part})")),
            (inner, prop::sample::select(vec!["*", "+", "?", "{2}", "{0,3}", "{1,}", "*?", "{1,4}?"]))
                .prop_map(|(part, times)| format!("(?:{part}){times}")),
        ]
    })
}

fn content() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "tok", "TOK", "key", "to", "t", "k", "o", "a", "\n", "\r\n", " ", ";", "é", "ü", "z", "_", "tokey", "\n\n",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn file(patterns: &[(String, Vec<&str>)]) -> String {
    let rule = |(n, (pattern, keywords)): (usize, &(String, Vec<&str>))| {
        let keywords: Vec<String> = keywords.iter().map(|k| format!("'{k}'")).collect();
        format!("[[rules]]\nid = 'rule-{n}'\nregex = '''{pattern}'''\nkeywords = [{}]\n", keywords.join(","))
    };
    patterns.iter().enumerate().map(rule).collect()
}

fn patterns() -> impl Strategy<Value = Vec<(String, Vec<&'static str>)>> {
    // With a keyword in front or in the middle most of the time, so that there is something to narrow.
    let pattern = (part(), prop::sample::select(vec!["tok", "key", "(?i:tok)", ""]), part())
        .prop_map(|(before, keyword, behind)| format!("{before}{keyword}{behind}"));
    let keywords = prop::sample::subsequence(WORDS.to_vec(), 1..=3);
    prop::collection::vec((pattern, keywords), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn around_the_keywords_is_found_what_the_whole_file_has(patterns in patterns(), content in content()) {
        let text = file(&patterns);
        let (near, _) = UserRules::read(&text);
        let (whole, _) = UserRules::read(&text);
        whole.inner.search.look_everywhere();
        prop_assert_eq!(scan(&near, "a", &content), scan(&whole, "a", &content));
    }

    #[test]
    fn a_file_of_rules_gives_the_same_each_time(patterns in patterns(), content in content()) {
        let text = file(&patterns);
        let ((one, told), (two, again)) = (UserRules::read(&text), UserRules::read(&text));
        prop_assert_eq!(told, again);
        prop_assert_eq!(one.digest(), two.digest());
        let first = scan(&one, "a", &content);
        prop_assert_eq!(&first, &scan(&two, "a", &content));
        prop_assert_eq!(first, scan(&one, "a", &content));
    }

    #[test]
    fn no_text_and_no_pattern_makes_it_panic(
        text in any::<String>(),
        pattern in r"[\\\[\](){}?*+|^$.:<>=!&~a-cimsUPpQEdDsSwWxzéß0-9,-]{0,24}",
        content in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let salt = Salt::new(*b"salt of sixteen.");
        drop(UserRules::read(&text));
        let allow = format!("[allowlist]\nregexes = ['''{pattern}''']\npaths = ['''{pattern}''']");
        for text in [file(&[(pattern.clone(), vec!["a"])]), file(&[(pattern, vec![])]), allow] {
            let (rules, _) = UserRules::read(&text);
            drop(rules.scan(&salt, "a", &content));
            drop(rules.excuse(&Seen { rule: "r", path: "p", secret: &content, matched: &content, line: &content }));
        }
    }
}
