use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::Value;

use super::*;
use crate::monitor::sample::{empty, hostile, ordinary, trouble};

/// Programs read it: a field that goes or changes its name or type is a new version.
#[test]
fn the_json_form_is_stable() {
    assert_snapshot!(serde_json::to_string_pretty(&ordinary()).unwrap());
}

#[test]
fn what_is_written_is_read_back() {
    for board in [ordinary(), empty(), trouble(), hostile()] {
        let text = serde_json::to_string(&board).unwrap();
        assert_eq!(serde_json::from_str::<Dashboard>(&text).unwrap(), board);
    }
}

/// Every field is named in the document, where programs' authors look.
#[test]
fn the_document_names_every_field() {
    fn names(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    found.insert(name.clone());
                    names(value, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| names(item, found)),
            _ => {}
        }
    }
    let document = include_str!("../../docs/formats.md");
    let section = document.split("\n## `craft monitor --json`").nth(1).expect("a section");
    let section = section.split("\n## ").next().unwrap().replace("`….", "`").replace("[]`", "`");
    let mut board = serde_json::to_value(trouble()).unwrap();
    // Their fields are those of the journal's section.
    board["journal"] = Value::Array(Vec::new());
    let mut found = BTreeSet::new();
    names(&board, &mut found);
    let missing: Vec<_> = found.iter().filter(|name| !section.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/formats.md does not name {missing:?}");
}

#[test]
fn each_health_has_the_word_of_its_json() {
    for health in [Health::Synced, Health::Conflict, Health::Gone, Health::New, Health::Resting] {
        assert_eq!(serde_json::to_value(health).unwrap(), health.word());
    }
}
