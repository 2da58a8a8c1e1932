use super::*;

#[test]
fn patterns_mean_what_they_mean_in_go() {
    let cases: [(&str, &[&str], &[&str]); 34] = [
        (r"^\${[A-Z]+}$", &["${A}"], &["$A", "${}"]),
        (r"^a{,2}$", &["a{,2}"], &["a", "aa", ""]),
        (r"^a{2}b{1,}c{0,1}$", &["aab", "aabbc"], &["ab", "aabcc"]),
        (r"^{$", &["{"], &["a"]),
        (r"^a{b}$", &["a{b}"], &["ab"]),
        (r"^\d{2}}$", &["12}"], &["12"]),
        (r"^]$", &["]"], &["a"]),
        (r"^[]a]+$", &["]a"], &["b", "["]),
        (r"^[^]a]$", &["b", "["], &["]", "a"]),
        (r"^[[a]+$", &["[a"], &["]", "b"]),
        (r"^[a&&b]+$", &["a&b"], &["c"]),
        (r"^[+--z]+$", &["+,-z"], &["b", "."]),
        (r"^[\w-.]+$", &["a-."], &["+"]),
        (r"^[a-c-e]+$", &["b-e"], &["d"]),
        (r"^[~~#]+$", &["#~"], &["a"]),
        (r"^[[:alpha:][:digit:]_]+$", &["aZ9_"], &["-"]),
        (r"^[[:^digit:]]+$", &["a-"], &["1"]),
        (r"^[^\s\d]+$", &["ab"], &["a b", "1"]),
        (r"^[\S]$", &["a"], &[" ", "\t"]),
        (r"\-\/\'\<\>\_\@\ \#", &["-/'<>_@ #"], &["a"]),
        (r"^\x41\x{42}\103$", &["ABC"], &["abc"]),
        (r"^\Qa.{2}\E+$", &["a.{2}", "a.{2}}"], &["ab"]),
        (r"^(?P<1st>a)(?<x>b)$", &["ab"], &["a"]),
        (r"^a(?i)b(?-i)c$", &["abc", "aBc"], &["Abc", "abC"]),
        (r"^(?i:a)b$", &["Ab", "ab"], &["AB"]),
        (r"(?s)a.b", &["a\nb"], &["ab"]),
        (r"a.b", &["axb"], &["a\nb"]),
        (r"(?m)^b$", &["a\nb\nc"], &["ab"]),
        (r"^b$", &["b"], &["a\nb", "b\na"]),
        (r"a\z", &["ba"], &["ab"]),
        ("^[äö]$", &["ö"], &["a", "ü"]),
        ("(?i)^[xä]é+$", &["Xéé", "äé"], &["yé"]),
        ("^[^ä]$", &["a", "ü"], &["ä"]),
        (r"(?U)^a+$", &["aa"], &["b"]),
    ];
    for (pattern, good, bad) in cases {
        for text in good {
            assert!(matches(pattern, text), "{pattern} does not match {text:?}");
        }
        for text in bad {
            assert!(!matches(pattern, text), "{pattern} matches {text:?}");
        }
    }
    // Go's white space has no vertical tab, and its lazy repetition is lazy.
    assert!(!matches(r"a\sb", "a\u{b}b") && matches(r"a\sb", "a\u{c}b"));
    assert_eq!(scan(&rules("[[rules]]\nid='r'\nregex='ab*?'"), "a", "abb")[0].fingerprint, print("r", "a", "a"));
}

#[test]
fn a_pattern_that_cannot_be_used_is_told_by_its_rule_and_the_others_stay() {
    for pattern in [
        r"hush(?=a)",
        r"hush(?<!a)",
        r"(hush)\1",
        r"hush\y",
        r"hush[z-a]",
        r"hush[a",
        r"hush(",
        r"hush)",
        r"*hush",
        r"hush\p{Greek}",
        r"hush[\pL]",
        r"hush(?x)",
        r"hush[[:nope:]]",
        r"hush{1001}",
        r"hush\x4",
        "hush\\",
        r"(?:(?:(?:hush{900}){900}){900}){900}",
    ] {
        let text = format!("[[rules]]\nid = 'bad'\nregex = '''{pattern}'''\n[[rules]]\nid='good'\nregex='other'");
        let (rules, problems) = UserRules::read(&text);
        assert_eq!(problems.len(), 1, "{pattern}: {problems:?}");
        assert_eq!(problems[0].place, "bad");
        assert!(!problems[0].to_string().contains("hush"), "{problems:?}");
        assert_eq!(found(&rules, "hush other"), [("good".into(), 1, 6, None)]);
    }
    let deep = format!("[[rules]]\nid = 'bad'\nregex = '{}a{}'", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(problems(&deep).len(), 1);
}

#[test]
fn what_is_wrong_is_told_without_a_word_of_the_file() {
    let cases = [
        ("[[rules]]\nregex = 'hush'", "rule number 1: it has no id and is not used"),
        ("[[rules]]\nid = 'r'", "r: it has neither `regex` nor `path` and finds nothing"),
        (
            "[[rules]]\nid = 'r'\nregex = 'hush'\nsecretGroup = 2",
            "r: `secretGroup` is 2, and the pattern has 0 groups; the first counts",
        ),
        (
            "[[rules]]\nid = 'r'\nregex = 'a'\n[[rules]]\nid = 'r'\nregex = 'b'",
            "r: this id is there more than once; the last one counts",
        ),
        (
            "[allowlist]\nregexes = ['hush(?=a)']",
            "allowlist number 1: `regexes`, number 1: the pattern looks ahead or behind, which neither Go nor this \
             program can do; it allows nothing",
        ),
        (
            "[allowlist]\ndescription = 'hush'",
            "allowlist number 1: it has none of commits, paths, regexes and stopwords, and allows nothing",
        ),
        (
            "[allowlist]\ncondition = 'hush'\npaths = ['a']",
            "allowlist number 1: `condition` is neither AND nor OR; the allowlist is not used",
        ),
        (
            "[[allowlists]]\nregexTarget = 'hush'\npaths = ['a']",
            "allowlists number 1: `regexTarget` is none of secret, match and line; the allowlist is not used",
        ),
        (
            "[[rules]]\nid = 'r'\nregex = 'a'\n[[rules.required]]\nid = 'other'",
            "r: one of `required` names a rule that this file does not have; the rule counts without it",
        ),
        (
            "[extend]\nurl = 'https://hush'",
            ".gitleaks.toml: `[extend] url` is not fetched; what it names does not count",
        ),
        (
            "[extend]\npath = 'hush.toml'",
            ".gitleaks.toml: `[extend] path` names a file that cannot be read; it does not count",
        ),
        ("[a]\nb = 'c'\n x = hush", ".gitleaks.toml, line 3, column 6: this is no valid TOML; the file is not used"),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(text), [expected]);
    }
}

#[test]
fn keys_and_values_are_read_as_loosely_as_gitleaks_reads_them() {
    let rules = rules(
        "title = 't'\nminVersion = 'v99'\nnewer = { a = 1 }\n[[Rules]]\nID = 'r'\nRegex = 'k=(\\w+)-(\\w+)'\n\
         secretgroup = '2'\nkeyWords = 'x,k='\nentropy = '1'\nunknown = 3\n[Rules.allowList]\nstopWords = 'other'",
    );
    assert_eq!(scan(&rules, "a", "k=aaaa-abcd")[0].fingerprint, print("r", "a", "abcd"));
    assert_eq!(scan(&rules, "a", "k=abcd-aaaa"), []);
    assert_eq!(found(&rules, "k=a-anOTHER")[0].3, Some(Excuse::Allowlist));
}

#[test]
fn version_seven_is_read() {
    let rules = rules(
        "[[rules]]\ndescription = 'My Key'\nregex = 'key-([a-z]+)'\nreportGroup = 1\ntags = ['low']\n\
         [[rules.Entropies]]\nMin = '1.5'\nMax = '4'\nGroup = '1'\n[rules.allowlist]\nfiles = ['^b\\.txt$']\n\
         [[rules]]\ndescription = 'Key file'\nfile = '^id_rsa$'\n[allowlist]\nfiles = ['^c']\nrepos = ['x']",
    );
    let one = scan(&rules, "d/a.txt", "key-aaaa key-abcd");
    assert_eq!((one.len(), one[0].rule.as_str(), one[0].title.as_str(), one[0].column), (1, "my-key", "My Key", 10));
    assert_eq!(one[0].severity, crate::scan::Severity::Warning);
    assert_eq!(scan(&rules, "d/b.txt", "key-abcd"), []);
    assert_eq!(scan(&rules, "d/c.txt", "key-abcd"), []);
    assert_eq!(scan(&rules, "d/id_rsa", "")[0].rule, "key-file");
    assert_eq!(scan(&rules, "id_rsa/d", ""), []);
}

#[test]
fn a_file_that_is_extended_is_merged_as_gitleaks_does() {
    let base = "[extend]\npath = 'more/third.toml'\n[[rules]]\nid = 'one'\nregex = 'one-[a-z]+'\nkeywords = ['one']\n\
                [[rules]]\nid = 'off'\nregex = 'off'\n[allowlist]\nstopwords = ['zzz']";
    let third = "[extend]\npath = 'fourth.toml'\n[[rules]]\nid = 'deep'\nregex = 'deep'";
    let other = |path: &str| match path {
        "base.toml" => Some(base.to_owned()),
        "more/third.toml" => Some(third.to_owned()),
        _ => panic!("{path} is asked for"),
    };
    let text = "[extend]\npath = './base.toml'\ndisabledRules = ['off']\n[[rules]]\nid = 'one'\nentropy = 2\n\
                [rules.allowlist]\nregexes = ['abcdx$']";
    let (rules, problems) = UserRules::read_with(text, &other);
    let places: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(places, ["more/third.toml: `[extend] path` goes further than two files; it does not count"]);
    assert_eq!(
        found(&rules, "one-aaaa\none-abcdef\none-abcdx\none-abzzz\noff\ndeep"),
        [
            ("one".into(), 2, 1, None),
            ("one".into(), 3, 1, Some(Excuse::Allowlist)),
            ("one".into(), 4, 1, Some(Excuse::Allowlist)),
            ("deep".into(), 6, 1, None)
        ]
    );
    assert_eq!(scan(&rules, "base.toml", "one-abcdef"), [], "the files with the rules are not searched");
    assert_ne!(rules.digest(), UserRules::read(text).0.digest());
}

#[test]
fn a_file_that_is_extended_is_one_of_the_repository_and_read_once() {
    for path in ["/etc/x", "../x", "a/../../x", "C:/x", "\\\\x", "a\\..\\..\\x", ".git/config", ".", "a/.GIT/x"] {
        let text = format!("[extend]\npath = '{path}'");
        let (_, problems) = UserRules::read_with(&text, &|path| panic!("{path} is asked for"));
        assert!(problems[0].what.contains("leads out of the repository"), "{path}: {problems:?}");
    }
    let other = |_: &str| Some("[extend]\npath = './a.toml'\n[[rules]]\nid = 'r'\nregex = 'r'".to_owned());
    let (rules, problems) = UserRules::read_with("[extend]\npath = 'a.toml'", &other);
    assert!(problems.len() == 1 && problems[0].what.contains("comes back"), "{problems:?}");
    assert_eq!(found(&rules, "r").len(), 1);
}

#[test]
fn a_built_in_rule_is_off_only_if_all_its_names_are() {
    let (own, ours, theirs) = ("[[rules]]\nid='x'\nregex='y'\n", "aws-access-key-id", "aws-access-token");
    assert!(!rules(own).disables(ours), "rules of one's own beside it do not switch it off");
    for name in [ours, theirs] {
        assert!(rules(&format!("{own}[extend]\nuseDefault = true\ndisabledRules = ['{name}']")).disables(ours));
    }
    assert!(!rules("[extend]\ndisabledRules = ['other']").disables(ours));
    assert!(!UserRules::default().disables(ours));
}

#[test]
fn allowlists_reach_built_in_rules() {
    let seen = |rule, path, secret: &'static str| Seen {
        rule,
        path,
        secret: secret.as_bytes(),
        matched: b"key: value",
        line: b"the key: value here",
    };
    let allows = |text: &str, seen: &Seen<'_>| rules(text).excuse(seen) == Some(Excuse::Allowlist);
    let aws = |path, secret| seen("aws-access-key-id", path, secret);
    assert!(allows("[allowlist]\npaths = ['^docs/']", &aws("docs/a", "x")));
    assert!(!allows("[allowlist]\npaths = ['^docs/']", &aws("src/a", "x")));
    assert!(allows("[allowlist]\nregexes = ['^va']", &aws("a", "value")));
    assert!(!allows("[allowlist]\nregexes = ['^key']", &aws("a", "value")));
    assert!(allows("[allowlist]\nregexTarget = 'match'\nregexes = ['^key']", &aws("a", "value")));
    assert!(allows("[allowlist]\nregexTarget = 'line'\nregexes = ['here$']", &aws("a", "value")));
    assert!(allows("[allowlist]\nstopwords = ['ALU']", &aws("a", "value")));
    for (target, hit) in [("aws-access-key-id", true), ("aws-access-token", true), ("other", false)] {
        let text = format!("[[allowlists]]\ntargetRules = ['{target}']\nstopwords = ['value']");
        assert_eq!(allows(&text, &aws("a", "value")), hit, "{target}");
        let text = format!("[extend]\nuseDefault = true\n[[rules]]\nid = '{target}'\n[rules.allowlist]\npaths = ['a']");
        assert_eq!(allows(&text, &aws("a", "value")), hit, "{target}");
    }
    let and = "[[allowlists]]\ncondition = 'AND'\npaths = ['^a']\nstopwords = ['value']";
    assert!(allows(and, &aws("a", "value")) && !allows(and, &aws("b", "value")) && !allows(and, &aws("a", "other")));
    let (dead, _) = UserRules::read("[[allowlists]]\ncondition = 'AND'\npaths = ['^a']\nregexes = ['(?=a)']");
    assert_eq!(dead.excuse(&aws("a", "value")), None, "a check that cannot be used is not fulfilled");
}

#[test]
fn commits_are_allowed_by_their_whole_id() {
    let text = "[allowlist]\ncommits = [' ABC123 ']\n[[allowlists]]\ncondition = 'and'\npaths = ['^p$']\n\
                commits = ['def']\n[[allowlists]]\ntargetRules = ['r']\ncommits = ['f00']";
    let rules = rules(text);
    let allows = |rule, path, commit| rules.excuse_in(rule, path, commit).is_some();
    assert!(allows("x", "a", "abc123") && !allows("x", "a", "abc1") && !allows("x", "a", "abc1234"));
    assert!(allows("x", "p", "def") && !allows("x", "q", "def"));
    assert!(allows("r", "a", "f00") && !allows("x", "a", "f00"));
    let both = "[[allowlists]]\ncondition = 'and'\ncommits = ['abc']\nstopwords = ['x']";
    let (rules, problems) = UserRules::read(both);
    assert_eq!((rules.excuse_in("x", "a", "abc"), problems.len()), (None, 1));
}
