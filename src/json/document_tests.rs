use proptest::prelude::*;
use serde_json::json;

use super::*;

fn edited(text: &str, edit: impl FnOnce(&mut Document) -> Result<(), Fault>) -> String {
    let mut doc = Document::parse(text).unwrap();
    edit(&mut doc).unwrap();
    doc.text()
}

#[test]
fn what_is_added_is_laid_out_as_its_surroundings_are() {
    let cases = [
        ("", "{\n  \"k\": {\n    \"a\": 1\n  }\n}\n"),
        ("{}", "{\n  \"k\": {\n    \"a\": 1\n  }\n}"),
        ("{ }\n", "{\n  \"k\": {\n    \"a\": 1\n  }\n}\n"),
        ("{\"x\":1}", "{\"x\":1,\"k\":{\"a\":1}}"),
        ("{\"x\": 1}\n", "{\"x\": 1, \"k\": {\"a\": 1}}\n"),
        ("{ \"x\" : 1 , \"y\" : [] }", "{ \"x\" : 1 , \"y\" : [], \"k\": {\"a\": 1} }"),
        ("{\n\t\"x\": 1\n}\n", "{\n\t\"x\": 1,\n\t\"k\": {\n\t\t\"a\": 1\n\t}\n}\n"),
        ("{\n    \"x\": 1\n}", "{\n    \"x\": 1,\n    \"k\": {\n        \"a\": 1\n    }\n}"),
        ("{\r\n  \"x\": 1\r\n}\r\n", "{\r\n  \"x\": 1,\r\n  \"k\": {\r\n    \"a\": 1\r\n  }\r\n}\r\n"),
        ("\u{feff}{\n \"x\": 1e2\n}", "\u{feff}{\n \"x\": 1e2,\n \"k\": {\n  \"a\": 1\n }\n}"),
    ];
    for (before, after) in cases {
        assert_eq!(edited(before, |d| d.insert(&[], "k", &json!({"a": 1}))), after, "{before:?}");
    }
}

#[test]
fn what_was_added_leaves_no_trace_when_it_is_removed() {
    let texts = [
        "{}",
        "{\"x\":1}",
        "{\n\n  \"x\": 1.0 ,\"y\" :{ }\n\n\n}\n\n",
        "{\n\t\"x\": [\n\t\t1,2\n\t]}",
        "  {\"x\": {\"y\": []}}  ",
        "{\r\n   \"x\": 1,\r\n\r\n\"z\": -0}",
    ];
    for text in texts {
        let back = edited(text, |d| {
            d.insert(&[], "k", &json!({"a": [1, {"b": null}], "e": []}))?;
            d.push(&["k".into(), "e".into()], &json!("\u{1}é\""))?;
            d.remove(&["k".into(), "e".into(), 0.into()])?;
            d.remove(&["k".into()])
        });
        assert_eq!(back, text);
    }
}

#[test]
fn the_first_of_several_goes_with_its_comma() {
    let text = "{\n  \"a\": 1,\n  \"b\": [1, 2 , 3]\n}";
    assert_eq!(edited(text, |d| d.remove(&["a".into()])), "{\n  \"b\": [1, 2 , 3]\n}");
    assert_eq!(edited(text, |d| d.remove(&["b".into(), 1.into()])), "{\n  \"a\": 1,\n  \"b\": [1 , 3]\n}");
    let mut doc = Document::parse(text).unwrap();
    for gone in [vec![], vec!["c".into()], vec!["b".into(), 3.into()], vec!["a".into(), 0.into()]] {
        assert!(doc.remove(&gone).is_err(), "{gone:?}");
    }
    assert_eq!(doc.text(), text);
}

#[test]
fn what_is_no_strict_json_is_refused_with_line_and_column() {
    let cases: [(&[u8], &str); 13] = [
        (b"{\n  \"a\": 1,\n}", "2:9: trailing commas are not allowed"),
        (b"{\n  // why\n}", "2:3: comments are not allowed"),
        (b"{\"a\": 1", "1:1: unterminated object"),
        (b"{\"a\" 1}", "1:6: expected colon after the string or word in object property"),
        (b"{'a': 1}", "1:2: single-quoted strings are not allowed"),
        (b"{\"a\": .5}", "1:7: leading or trailing decimal points on numbers are not allowed"),
        (b"[] []", "1:4: text cannot contain more than one JSON value"),
        ("{\"é\": \"a\tb\"}".as_bytes(), "1:8: control character (\\u0000-\\u001F) found while parsing a string"),
        ("{\u{a0}}".as_bytes(), "1:2: key must be a string"),
        (b"{\"a\":\n \"\xff\"}", "2:3: this is not UTF-8"),
        (b"{\"a\":\n [1e999]}", "2:7: number out of range"),
        (b"{\"a\": {\"b\": 1,\n \"\\u0062\": 2}}", "2:2: `a.b` stands here for the second time"),
        (b"{\"a\": [{\"b\": 1, \"b\": 2}]}", "1:17: `a[0].b` stands here for the second time"),
    ];
    for (bytes, wanted) in cases {
        let fault = Document::from_bytes(bytes).expect_err(wanted);
        assert_eq!(fault.to_string(), wanted, "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn nesting_without_end_is_an_error_and_no_crash() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(Document::parse(&deep).is_err());
    }
}

proptest! {
    #[test]
    fn no_input_makes_it_panic(text in "[\\[\\]{}\",:0-9a-z \\n\\\\é\u{feff}/.-]{0,60}") {
        if let Ok(doc) = Document::parse(&text) {
            prop_assert_eq!(doc.text(), text);
        }
    }
}

mod with_comments {
    use super::*;

    fn edited(text: &str, edit: impl FnOnce(&mut Document) -> Result<(), Fault>) -> String {
        let mut doc = Document::parse_with_comments(text).unwrap();
        edit(&mut doc).unwrap();
        doc.text()
    }

    #[test]
    fn a_comment_stays_with_what_it_is_about() {
        let cases = [
            ("{\n  \"x\": 1 // of x\n}", "{\n  \"x\": 1, // of x\n  \"k\": 2\n}"),
            ("{\n  \"x\": 1, // of x\n}", "{\n  \"x\": 1, // of x\n  \"k\": 2,\n}"),
            ("{\r\n\t\"x\": 1 /* a */ // b\r\n}", "{\r\n\t\"x\": 1, /* a */ // b\r\n\t\"k\": 2\r\n}"),
            ("{\n  \"x\": 1\n  // \"y\": 2,\n}\n", "{\n  \"x\": 1,\n  \"k\": 2\n  // \"y\": 2,\n}\n"),
            ("// top\n{\n  // nothing yet\n}", "// top\n{\n  // nothing yet\n  \"k\": 2\n}"),
            ("{\"x\":1/*c*/}", "{\"x\":1,/*c*/\"k\":2}"),
            ("{ \"x\": 1 // c\n}", "{ \"x\": 1, // c\n  \"k\": 2\n}"),
            ("\u{feff}{\n    \"x\": {\"//\": \"/*,\"}\n}", "\u{feff}{\n    \"x\": {\"//\": \"/*,\"},\n    \"k\": 2\n}"),
            ("", "{\n  \"k\": 2\n}\n"),
        ];
        for (before, after) in cases {
            assert_eq!(edited(before, |d| d.insert(&[], "k", &json!(2))), after, "{before:?}");
            if !before.is_empty() {
                let back = edited(after, |d| d.remove(&["k".into()]));
                assert_eq!(back, before);
            }
        }
    }

    #[test]
    fn what_stands_behind_is_not_swallowed_by_a_comment_before() {
        for text in ["{\"a\": 1, // c\n \"k\": 2, \"z\": 3}", "{\"a\": 1, // c\n \"k\": 2 }", "{ // c\n \"k\": 2 }"] {
            let left = edited(text, |d| d.remove(&["k".into()]));
            let mut wanted = Document::parse_with_comments(text).unwrap().value();
            wanted.as_object_mut().unwrap().shift_remove("k");
            assert_eq!(Document::parse_with_comments(&left).unwrap().value(), wanted, "{left}");
            assert!(left.contains("// c\n"), "{left}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        let fault = |text| Document::parse_with_comments(text).unwrap_err().to_string();
        let missing = fault("{\n  \"a\": 1\n  \"b\": 2\n}");
        assert!(missing.starts_with("2:9: ") && missing.contains("comma"), "{missing}");
        assert!(fault("{\"a\": 1, /* x").starts_with("1:"));
        assert_eq!(fault("{\"a\": 1, // c\n \"a\": 2}"), "2:2: `a` stands here for the second time");
        assert!(fault("{\n\"a\": \"\u{1}\"}").starts_with("2:6: "));
        assert!(fault("// nothing").starts_with("1:1: "));
        assert!(fault(&"[".repeat(100_000)).contains("depth"));
        assert!(Document::parse("{} // c").is_err(), "the client's settings have no comments");
    }

    fn gap() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just(" ".to_owned()),
            Just("\n".to_owned()),
            Just("\t".to_owned()),
            Just("\r\n".to_owned()),
            Just("// c , } \" \n".to_owned()),
            Just("/* , ] */".to_owned()),
            Just("/**/".to_owned()),
        ];
        proptest::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
    }

    fn text() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![Just("1".to_owned()), Just("\"//\"".to_owned()), Just("null".to_owned())];
        let value = leaf.prop_recursive(3, 16, 4, |inner| {
            let children = proptest::collection::vec((gap(), inner, gap()), 0..4);
            (children, any::<bool>(), any::<bool>(), gap()).prop_map(|(children, object, trailing, end)| {
                let print = |(i, (a, value, b)): (usize, &(String, String, String))| {
                    if object { format!("{a}\"m{i}\"{b}:{value}") } else { format!("{a}{value}{b}") }
                };
                let all: Vec<_> = children.iter().enumerate().map(print).collect();
                let comma = if trailing && !all.is_empty() { "," } else { "" };
                let (open, close) = if object { ("{", "}") } else { ("[", "]") };
                format!("{open}{}{comma}{end}{close}", all.join(","))
            })
        });
        (gap(), proptest::collection::vec((gap(), value, gap()), 0..4), gap(), any::<bool>()).prop_map(
            |(before, members, end, trailing)| {
                let all: Vec<_> =
                    members.iter().enumerate().map(|(i, (a, v, b))| format!("{a}\"m{i}\"{b}: {v}")).collect();
                let comma = if trailing && !all.is_empty() { "," } else { "" };
                format!("{before}{{{}{comma}{end}}}\n", all.join(","))
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_added_is_there_and_leaves_no_trace(text in text(), at in 0usize..4) {
            let mut doc = Document::parse_with_comments(&text).unwrap();
            let before = doc.value();
            let way: Vec<Step> = if at == 0 { Vec::new() } else { vec![format!("m{}", at - 1).as_str().into()] };
            let Some(here) = doc.get(&way) else { return Ok(()) };
            // Blanks in an empty container give way to what is added.
            let empty = here.as_array().map_or(here.as_object().is_some_and(|o| o.is_empty()), Vec::is_empty);
            let exact = !empty || doc.raw(&way).is_some_and(|raw| raw.len() == 2 || raw.contains('/'));
            let new = json!({"a": [1, "//"], "b": {}});
            let added = if here.is_array() {
                doc.push(&way, &new).unwrap();
                [way, vec![here.as_array().unwrap().len().into()]].concat()
            } else if here.is_object() {
                doc.insert(&way, "k", &new).unwrap();
                [way, vec!["k".into()]].concat()
            } else {
                return Ok(());
            };
            prop_assert_eq!(doc.get(&added), Some(new), "{}", doc.text());
            doc.remove(&added).unwrap();
            prop_assert_eq!(doc.value(), before);
            if exact {
                prop_assert_eq!(doc.text(), text);
            }
        }

        #[test]
        fn whatever_is_removed_the_rest_stays(text in text(), at in 0usize..4) {
            let mut doc = Document::parse_with_comments(&text).unwrap();
            let mut wanted = doc.value();
            let key = format!("m{at}");
            if wanted.as_object_mut().unwrap().shift_remove(&key).is_none() {
                return Ok(());
            }
            doc.remove(&[key.as_str().into()]).unwrap();
            prop_assert_eq!(doc.value(), wanted, "{}", doc.text());
        }
    }
}
