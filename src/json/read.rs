//! Where the values of a JSON text stand, and what is wrong with one that is none.

use std::collections::HashSet;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::Value;

use super::document::{Fault, Kind, Member, Node, Step, spell};

/// The value of a node of a text that may have comments.
pub(super) fn value_of(text: &str, node: &Node) -> Result<Value, Fault> {
    match &node.kind {
        Kind::Object(members) => {
            let pairs = members.iter().map(|m| Ok((m.key.clone(), value_of(text, &m.value)?)));
            pairs.collect::<Result<_, _>>().map(Value::Object)
        }
        Kind::Array(elements) => elements.iter().map(|e| value_of(text, e)).collect::<Result<_, _>>().map(Value::Array),
        // The other parser takes what JSON does not: control characters in strings, numbers that are too large.
        Kind::Scalar => serde_json::from_str(&text[node.start..node.end])
            .map_err(|e| fault_at(text, node.start, fault_of("", &e).what)),
    }
}

/// Finds all values of a JSON text, which may have comments and trailing commas only where it is `loose`.
pub(super) fn read(text: &str, loose: bool) -> Result<Node, Fault> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options(loose)).map_err(|e| {
        let mut what = e.kind().to_string();
        if let Some(first) = what.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        Fault { line: e.line_display(), column: e.column_display(), what }
    })?;
    let value = parsed.value.ok_or_else(|| fault_at(text, 0, "there is no value"))?;
    node(text, &value, &mut Vec::new())
}

/// JSON, with comments and trailing commas only where it is `loose`.
pub(super) fn options(loose: bool) -> ParseOptions {
    ParseOptions {
        allow_comments: loose,
        allow_loose_object_property_names: false,
        allow_trailing_commas: loose,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn node(text: &str, value: &ast::Value<'_>, way: &mut Vec<Step>) -> Result<Node, Fault> {
    let kind = match value {
        ast::Value::Object(object) => {
            let mut members = Vec::with_capacity(object.properties.len());
            let mut keys = HashSet::new();
            for property in &object.properties {
                let (key, start) = (property.name.as_str(), property.range.start);
                way.push(key.into());
                if !keys.insert(key) {
                    return Err(fault_at(text, start, format!("`{}` stands here for the second time", spell(way))));
                }
                members.push(Member { key: key.to_owned(), start, value: node(text, &property.value, way)? });
                way.pop();
            }
            Kind::Object(members)
        }
        ast::Value::Array(array) => {
            let mut elements = Vec::with_capacity(array.elements.len());
            for (index, element) in array.elements.iter().enumerate() {
                way.push(index.into());
                elements.push(node(text, element, way)?);
                way.pop();
            }
            Kind::Array(elements)
        }
        _ => Kind::Scalar,
    };
    Ok(Node { start: value.start(), end: value.end(), kind })
}

pub(super) fn fault_at(text: &str, at: usize, what: impl Into<String>) -> Fault {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |n| n + 1);
    Fault {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        what: what.into(),
    }
}

/// The place that serde_json names, with the column in characters where it counts bytes.
pub(super) fn fault_of(text: &str, error: &serde_json::Error) -> Fault {
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default().to_owned();
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let end = error.column().saturating_sub(1).min(line.len());
    Fault { line: error.line(), column: String::from_utf8_lossy(&line.as_bytes()[..end]).chars().count() + 1, what }
}
