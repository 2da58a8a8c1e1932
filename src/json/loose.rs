//! Adding and removing in a JSON text with comments and trailing commas, as editors write it: every comment stays, and
//! what was added leaves no trace when it is removed.

use std::ops::Range;

use super::document::Node;
use super::style::{Style, line_indent};

/// What may stand between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// White space, as much as there is.
    Blank,
    /// `// …` without the end of its line.
    Line,
    /// `/* … */`.
    Block,
    /// A comma.
    Comma,
}

/// The tokens of a part of a text in which there is no value, with their places.
fn tokens(text: &str, part: Range<usize>) -> Vec<(Token, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = part.start;
    while at < part.end {
        let rest = &text[at..part.end];
        let (token, length) = if rest.starts_with("//") {
            (Token::Line, rest.find(['\n', '\r']).unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (Token::Block, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if rest.starts_with(',') {
            (Token::Comma, 1)
        } else {
            let end = rest.find(['/', ',']).unwrap_or(rest.len());
            // A slash alone is nothing that a parser lets through.
            (Token::Blank, end.max(1))
        };
        found.push((token, at..at + length));
        at += length;
    }
    found
}

fn comma(text: &str, part: Range<usize>) -> Option<usize> {
    tokens(text, part).into_iter().find(|(token, _)| *token == Token::Comma).map(|(_, at)| at.start)
}

fn is_comment(token: Token) -> bool {
    matches!(token, Token::Line | Token::Block)
}

/// `text` with an element or member more at the end of `node`. `print` makes it, on lines that are indented by what it
/// is given, or on one.
pub(super) fn append(text: &str, root: &Node, node: &Node, print: &dyn Fn(&Style, Option<&str>) -> String) -> String {
    let style = Style::of(text, root);
    let inside = node.start + 1..node.end - 1;
    let outer = line_indent(text, node.start);
    let inner = format!("{outer}{}", style.unit);
    let last_two: Vec<_> = node.children().rev().take(2).map(|(start, end, _)| (start, end)).collect();
    let Some((start, end)) = last_two.first().copied() else {
        let comments = tokens(text, inside.clone()).into_iter().rfind(|(token, _)| is_comment(*token));
        return match comments {
            Some((_, at)) => put(text, at.end, &format!("{}{inner}{}", style.newline, print(&style, Some(&inner)))),
            None if style.multiline => {
                let new = format!("{0}{inner}{1}{0}{outer}", style.newline, print(&style, Some(&inner)));
                format!("{}{new}{}", &text[..inside.start], &text[inside.end..])
            }
            None => format!("{}{}{}", &text[..inside.start], print(&style, None), &text[inside.end..]),
        };
    };
    let trailing = comma(text, end..inside.end);
    let after = trailing.map_or(end, |at| at + 1);
    // What is said of the last one on its line stays with it.
    let (mut place, mut to_line_end) = (after, false);
    for (token, at) in tokens(text, after..inside.end) {
        if token == Token::Comma || (token == Token::Blank && text[at.clone()].contains(['\n', '\r'])) {
            break;
        }
        if is_comment(token) {
            place = at.end;
            to_line_end = token == Token::Line;
        }
    }
    let before = last_two.get(1).map_or(inside.start, |(_, end)| *end);
    let own_line = text[before..start].contains(['\n', '\r']);
    let new = if own_line || to_line_end {
        let indent = if own_line { line_indent(text, start) } else { &inner };
        format!("{}{indent}{}", style.newline, print(&style, Some(indent)))
    } else {
        format!("{}{}", style.gap(), print(&style, None))
    };
    if trailing.is_some() { put(text, place, &format!("{new},")) } else { put(&put(text, place, &new), end, ",") }
}

/// `text` without the child `index` of `parent`, and without the comma that it needs no more.
pub(super) fn remove(text: &str, parent: &Node, index: usize) -> String {
    let spans: Vec<_> = parent.children().map(|(start, end, _)| start..end).collect();
    let inside = parent.start + 1..parent.end - 1;
    let span = spans[index].clone();
    let above = index.checked_sub(1).map_or(inside.start, |i| spans[i].end);
    let next = spans.get(index + 1).map(|s| s.start);
    let (head, tail) = (tokens(text, above..span.start), tokens(text, span.end..next.unwrap_or(inside.end)));
    let comments = head.iter().chain(&tail).any(|(token, _)| is_comment(*token));
    if spans.len() == 1 && !comments {
        return without(text, vec![inside]);
    }
    let blank = match head.last() {
        Some((Token::Blank, at)) => at.start,
        _ => span.start,
    };
    let after_line = head.iter().rfind(|(token, _)| *token != Token::Blank).is_some_and(|(t, _)| *t == Token::Line);
    let follows = tail.iter().find(|(token, _)| *token == Token::Comma).map(|(_, at)| at.clone());
    let rest = follows.as_ref().map_or(span.end, |comma| comma.end);
    let ends_line = text[rest..].trim_start_matches([' ', '\t']).starts_with(['\n', '\r']);
    // What stands behind it on its line must not get into a comment before it.
    let from = if after_line && !ends_line { span.start } else { blank };
    match (follows, next) {
        (Some(comma), Some(_)) if index == 0 => {
            let blanks = text[comma.end..].len() - text[comma.end..].trim_start_matches([' ', '\t', '\n', '\r']).len();
            without(text, vec![span, comma.start..comma.end + blanks])
        }
        (Some(comma), _) => without(text, vec![from..span.end, comma]),
        (None, _) => {
            let before = head.iter().find(|(token, _)| *token == Token::Comma).map(|(_, at)| at.clone());
            without(text, before.into_iter().chain(std::iter::once(from..span.end)).collect())
        }
    }
}

fn put(text: &str, at: usize, new: &str) -> String {
    format!("{}{new}{}", &text[..at], &text[at..])
}

/// `text` without parts of it, which are in order and apart.
fn without(text: &str, parts: Vec<Range<usize>>) -> String {
    let mut left = text.to_owned();
    for part in parts.into_iter().rev() {
        left.replace_range(part, "");
    }
    left
}
