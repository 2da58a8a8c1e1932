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
