mod generated;
mod reading;
mod searching;

use super::super::finding::{Excuse, Finding, Salt};
use super::{Seen, UserRules};

/// The rules of a file without a problem.
fn rules(text: &str) -> UserRules {
    let (rules, problems) = UserRules::read(text);
    assert_eq!(problems, []);
    rules
}

fn problems(text: &str) -> Vec<String> {
    UserRules::read(text).1.iter().map(ToString::to_string).collect()
}

fn scan(rules: &UserRules, path: &str, content: &str) -> Vec<Finding> {
    rules.scan(&Salt::new(*b"salt of sixteen."), path, content.as_bytes())
}

/// Rule, line, column and excuse of what is found in `a.txt`.
fn found(rules: &UserRules, content: &str) -> Vec<(String, usize, usize, Option<Excuse>)> {
    scan(rules, "a.txt", content).into_iter().map(|f| (f.rule, f.line, f.column, f.excuse)).collect()
}

/// Whether a rule with this pattern finds something in `content`.
fn matches(pattern: &str, content: &str) -> bool {
    !found(&rules(&format!("[[rules]]\nid = 'r'\nregex = '''{pattern}'''")), content).is_empty()
}

fn print(rule: &str, path: &str, value: &str) -> String {
    Salt::new(*b"salt of sixteen.").fingerprint(rule, path, value.as_bytes())
}
