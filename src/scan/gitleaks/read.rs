//! From the file to rules and allowlists.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::alias;
use super::super::finding::Severity;
use super::super::rule::Problem;
use super::allow::{Allowlist, Paths};
use super::pattern::{Pattern, Patterns};
use super::table::Section;

/// How many files may extend each other, as in gitleaks: the first, and two more.
const FILES: usize = 3;
/// The most rules.
const RULES: usize = 5000;
/// The longest id and title, in characters.
const ID: usize = 100;
const TITLE: usize = 200;

/// A rule as it stands in a file. Files that extend each other may each have a part of it.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) regex: Option<Arc<Pattern>>,
    pub(super) paths: Option<Arc<Paths>>,
    /// The group of the value; 0: the first that is not empty.
    pub(super) group: usize,
    /// The value has to have more entropy than this, in bits; 0: any will do.
    pub(super) entropy: f64,
    /// Entropies of groups as version 7 had them: least, most, group. One of them has to hold.
    pub(super) ranges: Vec<(f64, f64, usize)>,
    /// Lower case.
    pub(super) keywords: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) allow: Vec<Arc<Allowlist>>,
    pub(super) required: Vec<Required>,
    /// Only a part of other rules.
    pub(super) silent: bool,
    /// It was meant to match something that could not be used.
    broken: bool,
}

impl Rule {
    pub(super) fn severity(&self) -> Severity {
        let light = |tag: &String| ["warning", "low"].iter().any(|t| tag.trim().eq_ignore_ascii_case(t));
        if self.tags.iter().any(light) { Severity::Warning } else { Severity::Critical }
    }

    /// This rule over `base`, which another file has under the same id.
    fn over(mut self, base: Self) -> Self {
        if self.title.is_empty() {
            self.title = base.title;
        }
        if self.regex.is_none() && !self.broken {
            self.broken = base.broken;
            self.regex = base.regex;
        }
        self.paths = self.paths.or(base.paths);
        if self.group == 0 {
            self.group = base.group;
        }
        if self.entropy == 0.0 {
            self.entropy = base.entropy;
        }
        self.ranges.extend(base.ranges);
        self.keywords.extend(base.keywords);
        self.tags.extend(base.tags);
        self.allow.extend(base.allow);
        if self.required.is_empty() {
            self.required = base.required;
        }
        self.silent |= base.silent;
        self
    }
}

/// Another rule that has to match near by.
#[derive(Debug, Clone)]
pub(super) struct Required {
    pub(super) id: String,
    pub(super) lines: Option<usize>,
    pub(super) columns: Option<usize>,
}

/// What a file says, with what it extends.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) rules: Vec<Rule>,
    /// Allowlists with the rules they are for; for all where there is none.
    pub(super) allow: Vec<(Vec<String>, Arc<Allowlist>)>,
    pub(super) disabled: BTreeSet<String>,
    /// All texts that were read.
    pub(super) texts: Vec<String>,
    /// The files that were read, but for the first.
    pub(super) files: Vec<String>,
}

/// Reads a file, and those it extends by way of `other`.
pub(super) fn read(text: &str, other: &dyn Fn(&str) -> Option<String>) -> (Rules, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut all = Rules::default();
    let mut defaults = false;
    let mut text = Some(text.to_owned());
    let mut place = String::from(".gitleaks.toml");
    while let Some(current) = text.take() {
        let section = match Section::parse(&current, &place) {
            Ok(section) => section,
            Err(problem) => {
                problems.push(problem);
                break;
            }
        };
        let extend = section.sections("extend").pop();
        let before = all.disabled.clone();
        if let Some(extend) = &extend {
            defaults |= extend.flag("usedefault");
            all.disabled.extend(extend.texts("disabledrules").iter().map(|id| id.trim().to_owned()));
            if !extend.text("url").is_empty() {
                problems.push(Problem::new(&place, "`[extend] url` is not fetched; what it names does not count"));
            }
        }
        take(&section, &before, &mut all, &mut problems);
        all.texts.push(current);
        let path = extend.as_ref().map(|e| e.text("path")).unwrap_or_default();
        if path.is_empty() {
            break;
        }
        match next(path, &all, other) {
            Ok((path, next)) => {
                place.clone_from(&path);
                all.files.push(path);
                text = Some(next);
            }
            Err(what) => problems.push(Problem::new(&place, format!("`[extend] path` {what}; it does not count"))),
        }
    }
    check(&mut all, defaults, &mut problems);
    (all, problems)
}

/// The file that is extended.
fn next(path: &str, all: &Rules, other: &dyn Fn(&str) -> Option<String>) -> Result<(String, String), &'static str> {
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|p| !p.is_empty() && *p != ".").collect();
    let outside = path.starts_with(['/', '\\']) || path.contains([':', '\0']) || parts.is_empty();
    if outside || parts.iter().any(|p| *p == ".." || p.eq_ignore_ascii_case(".git")) {
        return Err("leads out of the repository");
    }
    let path = parts.join("/");
    if path == ".gitleaks.toml" || all.files.contains(&path) {
        return Err("comes back to a file that was read");
    }
    if all.texts.len() >= FILES {
        return Err("goes further than two files");
    }
    other(&path).map(|text| (path, text)).ok_or("names a file that cannot be read")
}

/// Takes in the rules and allowlists of one file. `disabled` are the rules that files before it switch off.
fn take(section: &Section, disabled: &BTreeSet<String>, all: &mut Rules, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    let given = section.sections("rules");
    if given.len() > RULES {
        problems.push(Problem::new("rules", format!("there are more than {RULES}; those behind do not count")));
    }
    for (n, given) in given.iter().take(RULES).enumerate() {
        let Some(rule) = rule(given, n + 1, problems) else { continue };
        if disabled.contains(&rule.id) {
            continue;
        }
        let again = !seen.insert(rule.id.clone());
        match all.rules.iter().position(|r| r.id == rule.id) {
            Some(at) if again => {
                problems.push(Problem::new(&rule.id, "this id is there more than once; the last one counts"));
                all.rules[at] = rule;
            }
            Some(at) => {
                let own = std::mem::take(&mut all.rules[at]);
                all.rules[at] = own.over(rule);
            }
            None => all.rules.push(rule),
        }
    }
    for key in ["allowlist", "whitelist", "allowlists"] {
        for (n, given) in section.sections(key).iter().enumerate() {
            if let Some(list) = Allowlist::read(given, &format!("{key} number {}", n + 1), problems) {
                let targets = given.texts("targetrules").iter().map(|id| id.trim().to_owned()).collect();
                all.allow.push((targets, Arc::new(list)));
            }
        }
    }
}

fn rule(section: &Section, number: usize, problems: &mut Vec<Problem>) -> Option<Rule> {
    let title = clean(section.text("description"), TITLE);
    let mut id = clean(section.text("id"), ID);
    if id.is_empty() {
        // Version 7 knew rules by their description.
        let words = title.to_lowercase();
        let words: Vec<&str> = words.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        id = clean(&words.join("-"), ID);
    }
    if id.is_empty() {
        problems.push(Problem::new(format!("rule number {number}"), "it has no id and is not used"));
        return None;
    }
    let mut tell = |what: String| problems.push(Problem::new(&id, what));
    let mut broken = false;
    let mut regex = None;
    if !section.text("regex").is_empty() {
        match Pattern::new(section.text("regex")) {
            Ok(pattern) => regex = Some(Arc::new(pattern)),
            Err(why) => {
                broken = true;
                tell(format!("the pattern {why}; the rule is not used"));
            }
        }
    }
    let mut paths = None;
    for (key, name) in [("path", false), ("file", true)] {
        let text = section.text(key);
        if text.is_empty() {
            continue;
        }
        let mut patterns = Patterns::default();
        match patterns.add(text) {
            Ok(()) => {
                let found = paths.get_or_insert_with(Paths::default);
                *(if name { &mut found.name } else { &mut found.whole }) = patterns;
            }
            Err(why) if regex.is_some() => tell(format!("`{key}` {why}; the rule looks at all files")),
            Err(why) => {
                broken = true;
                tell(format!("`{key}` {why}; the rule is not used"));
            }
        }
    }
    let groups = regex.as_ref().map_or(0, |r| r.groups);
    let given = section.count("secretgroup").or_else(|| section.count("reportgroup")).unwrap_or(0);
    let group = if given > groups && regex.is_some() {
        tell(format!("`secretGroup` is {given}, and the pattern has {groups} groups; the first counts"));
        0
    } else {
        given
    };
    let range = |e: &Section| Some((e.number("min")?, e.number("max")?, e.count("group").unwrap_or(0)));
    let ranges = section.sections("entropies").iter().filter_map(range).collect();
    let required = required(section, &mut tell);
    let mut allow = Vec::new();
    for key in ["allowlist", "whitelist", "allowlists"] {
        for (n, given) in section.sections(key).iter().enumerate() {
            let place = format!("{id}, {key} number {}", n + 1);
            allow.extend(Allowlist::read(given, &place, problems).map(Arc::new));
        }
    }
    Some(Rule {
        title,
        regex,
        paths: paths.map(Arc::new),
        group,
        entropy: section.number("entropy").unwrap_or(0.0),
        ranges,
        keywords: section.texts("keywords").iter().map(|k| k.to_ascii_lowercase()).collect(),
        tags: section.texts("tags"),
        allow,
        required,
        silent: section.flag("skipreport"),
        broken,
        id,
    })
}

fn required(section: &Section, tell: &mut impl FnMut(String)) -> Vec<Required> {
    let mut list = Vec::new();
    for given in section.sections("required") {
        let id = clean(given.text("id"), ID);
        if id.is_empty() {
            tell("one of `required` has no id; the rule counts without it".into());
        } else {
            list.push(Required { id, lines: given.count("withinlines"), columns: given.count("withincolumns") });
        }
    }
    list
}

/// What can only be said once all files are read.
fn check(all: &mut Rules, defaults: bool, problems: &mut Vec<Problem>) {
    for rule in &all.rules {
        let changes = defaults || alias::known(&rule.id) || !all.files.is_empty();
        if rule.regex.is_none() && rule.paths.is_none() && !rule.broken && !changes {
            problems.push(Problem::new(&rule.id, "it has neither `regex` nor `path` and finds nothing"));
        }
    }
    for rule in all.rules.iter_mut().filter(|r| r.regex.is_none() && defaults && alias::known(&r.id)) {
        // It changes a rule of gitleaks' own that we have too; its pattern is not this file's.
        rule.paths = None;
    }
    let usable: BTreeSet<String> = all
        .rules
        .iter()
        .filter(|r| !r.broken && (r.regex.is_some() || r.paths.is_some()))
        .map(|r| r.id.clone())
        .collect();
    for rule in &mut all.rules {
        let id = rule.id.clone();
        rule.required.retain(|required| {
            let there = usable.contains(&required.id);
            if !there {
                let what = "one of `required` names a rule that this file does not have; the rule counts without it";
                problems.push(Problem::new(&id, what));
            }
            there
        });
    }
}

/// Text of the file that goes into findings: one line, bounded.
fn clean(text: &str, most: usize) -> String {
    let text: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect();
    text.trim().to_owned()
}

impl Rule {
    /// Whether it can find anything.
    pub(super) fn usable(&self) -> bool {
        !self.broken && (self.regex.is_some() || self.paths.is_some())
    }
}
