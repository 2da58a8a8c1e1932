//! A book whose block is broken or missing, with a block made anew from the plan files. The prose stays byte for byte.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::book::fields::Status;
use crate::book::markdown::{self, fences};
use crate::book::sheet::block;
use crate::phase::book::{Book, HEADING, IDLE};
use crate::phase::name::{PlanName, SUMMARIES};
use crate::phase::{plan, template};

/// A plan file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// Its path below the top.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What there is to make a block of.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The book's text; `None` where there is none.
    pub book: Option<&'a str>,
    /// The plan files.
    pub plans: &'a [PlanFile],
    /// The paths of summaries.
    pub summaries: &'a [String],
    /// The branch the working tree is on.
    pub branch: Option<&'a str>,
    /// What branches of plans begin with.
    pub prefix: &'a str,
    /// Now, RFC 3339.
    pub now: &'a str,
}

/// The files of one task.
#[derive(Debug, Default)]
struct Task<'a> {
    master: Option<&'a PlanFile>,
    phases: BTreeMap<u32, &'a PlanFile>,
}

/// The book with a new block; `None` where no text can be made that is one.
#[must_use]
pub fn rebuild(found: &Found<'_>) -> Option<String> {
    let text = found.book.map_or_else(|| format!("{HEADING}\n\n{IDLE}\n"), str::to_owned);
    let new = with_block(&text, &value(found, &text));
    Book::parse(&new).is_ok().then_some(new)
}

fn value(found: &Found<'_>, text: &str) -> Value {
    let mut tasks: BTreeMap<(String, String), Task<'_>> = BTreeMap::new();
    for file in found.plans {
        let Some(name) = PlanName::read(&file.path) else { continue };
        let task = tasks.entry((name.date, name.task.to_string())).or_default();
        match name.phase {
            Some(number) => drop(task.phases.insert(number, file)),
            None => task.master = Some(file),
        }
    }
    let summaries = summaries(found, text);
    let summarized = |task: &str, phase: Option<u32>| {
        let names = summaries.iter().filter_map(|s| summary_of(s));
        names.into_iter().any(|name| name.task.as_str() == task && name.phase == phase)
    };
    let closed = |task: &Task<'_>| {
        let status = task.master.and_then(|m| plan::field(&m.text, "Status")).map(|(s, _)| s.to_lowercase());
        status.is_some_and(|s| s.contains("complete") && !s.contains("incomplete"))
    };
    let named = salvaged(text, "master_plan").or_else(|| plan::field(text, "Master Plan").map(|(p, _)| p.into()));
    let named = named.map(|path| path.trim_matches('`').to_owned());
    let is_named = |task: &Task<'_>| task.master.is_some_and(|m| named.as_deref() == Some(m.path.as_str()));
    let mentioned = |task: &Task<'_>| {
        task.master.into_iter().chain(task.phases.values().copied()).any(|file| text.contains(&file.path))
    };

    let phased = tasks.iter().filter(|(_, t)| !t.phases.is_empty());
    // What the book names; of what it does not name, only what is not over.
    let phased = phased.filter(|(_, t)| is_named(t) || mentioned(t) || !closed(t));
    let chosen = phased.max_by_key(|(name, t)| (is_named(t), mentioned(t), *name));
    let simple = tasks.iter().filter(|((_, name), t)| t.phases.is_empty() && !summarized(name, None));
    let (inside, outside): (Vec<_>, Vec<_>) = simple.partition(|(_, t)| mentioned(t));
    let simple = if inside.is_empty() && chosen.is_none() { outside } else { inside };
    let simple: Vec<&PlanFile> = simple.into_iter().filter(|(_, t)| !closed(t)).filter_map(|(_, t)| t.master).collect();

    let mut active: Vec<String> = simple.iter().map(|f| f.path.clone()).collect();
    let mut running: Option<String> = simple
        .iter()
        .filter_map(|f| PlanName::read(&f.path))
        .map(|name| name.branch(found.prefix))
        .find(|branch| found.branch == Some(branch.as_str()));
    let mut fields = serde_json::Map::new();
    let mut execution = None;
    if let Some(((date, task), files)) = chosen {
        let (phased, branch) = phases(found, text, (date, task), files, &|number| summarized(task, Some(number)));
        let list = phased["phases"].as_array().cloned().unwrap_or_default();
        let under_way: Vec<_> = list.iter().filter(|p| p["status"] == Status::InProgress.word()).cloned().collect();
        let shown = if under_way.is_empty() { list } else { under_way };
        active.extend(phased["master_plan"].as_str().map(str::to_owned));
        active.extend(shown.iter().filter_map(|p| p["plan"].as_str()).map(str::to_owned));
        running = branch;
        execution = Some(phased);
    }
    fields.insert("active_context".into(), active.into());
    fields.insert("completed_summaries".into(), summaries.into());
    if let Some(branch) = running.or_else(|| salvaged(text, "execution_branch").filter(|_| execution.is_none())) {
        fields.insert("execution_branch".into(), branch.into());
        if let Some(started) = salvaged(text, "execution_started") {
            fields.insert("execution_started".into(), started.into());
        }
    }
    fields.extend(execution.map(|phased| ("phased_execution".to_owned(), phased)));
    fields.insert("last_updated".into(), found.now.into());
    Value::Object(fields)
}

/// The field `phased_execution`, and the branch of the phase that is under way.
fn phases(
    found: &Found<'_>,
    text: &str,
    (date, task): (&str, &str),
    files: &Task<'_>,
    summarized: &dyn Fn(u32) -> bool,
) -> (Value, Option<String>) {
    let master =
        files.master.map_or_else(|| format!("{}/{date}-{task}.md", crate::phase::name::PLANS), |m| m.path.clone());
    // What the prose is about, unless it is of another plan.
    let ours = text.contains(&master) || files.phases.values().any(|f| text.contains(&f.path));
    let told = Some(text).filter(|_| ours).and_then(head);
    let recorded = plan::field(text, "Branch").map(|(branch, _)| branch.trim_matches('`').to_owned());
    let mut current = None;
    let mut list = Vec::new();
    for (number, file) in &files.phases {
        let name = PlanName::read(&file.path).map(|n| n.branch(found.prefix)).unwrap_or_default();
        let own = recorded.clone().filter(|_| told == Some(*number)).unwrap_or_else(|| name.clone());
        let here = found.branch.is_some_and(|b| b == own || b == name);
        let status = if summarized(*number) {
            Status::Completed
        } else if here || told == Some(*number) {
            current = Some((*number, if here { found.branch.unwrap_or(&own).to_owned() } else { own.clone() }));
            Status::InProgress
        } else {
            Status::Pending
        };
        let mut phase = json!({"phase": number, "plan": file.path, "status": status.word()});
        if status == Status::InProgress && own != name {
            phase["branch"] = own.into();
        }
        list.push(phase);
    }
    let number = current.as_ref().map(|(number, _)| *number);
    (json!({"master_plan": master, "phases": list, "current_phase": number}), current.map(|(_, branch)| branch))
}

/// The phase that the head of the prose is about.
fn head(text: &str) -> Option<u32> {
    let head = markdown::lines(text).find_map(|l| l.text.strip_prefix("Executing:"))?;
    head.match_indices(" - ").find_map(|(at, dash)| plan::numbered(&head[at + dash.len()..])).map(|(number, _)| number)
}

/// The plan that a summary is of.
fn summary_of(path: &str) -> Option<PlanName> {
    PlanName::read(&format!("{}.md", path.strip_suffix("-summary.md")?))
}

/// The summaries that the broken block names, whose files may be on another branch, and those that are there.
fn summaries(found: &Found<'_>, text: &str) -> Vec<String> {
    let inner = block(text).map(|block| &text[block.inner]).unwrap_or_default();
    let quoted = inner.split('"').filter(|word| {
        word.strip_prefix(SUMMARIES).is_some_and(|rest| rest.starts_with('/'))
            && summary_of(word).is_some()
            && !word.contains(|c: char| c.is_control() || c == '\\')
    });
    let mut seen = BTreeSet::new();
    let all = quoted.chain(found.summaries.iter().map(String::as_str));
    all.filter(|path| seen.insert(*path)).map(str::to_owned).collect()
}

/// The text of a field in what is no JSON any more.
fn salvaged(text: &str, key: &str) -> Option<String> {
    let quoted = format!("\"{key}\"");
    text.match_indices(&quoted).find_map(|(at, _)| {
        let value = text[at + quoted.len()..].trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        let value = value.split(['"', '\n', '\\']).next().filter(|v| !v.is_empty())?;
        Some(value.to_owned())
    })
}

/// `text` with `value` as its block: in the place of the one that is there, else at the end.
fn with_block(text: &str, value: &Value) -> String {
    let newline = markdown::newline(text);
    let json = format!("{}\n", template::pretty(value)).replace('\n', newline);
    let Some(block) = block(text) else {
        let mut out = text.to_owned();
        // An open fence would swallow the block.
        if let Some(open) = fences(text).last().filter(|f| !f.closed) {
            let mark: String =
                text[open.outer.start..].trim_start().chars().take_while(|c| "`~".contains(*c)).collect();
            out = ended(out, newline) + &mark + newline;
        }
        return ended(out, newline) + &"\n---\n\n```json\n".replace('\n', newline) + &json + "```" + newline;
    };
    let (before, inner) = (&text[..block.inner.start], &text[block.inner.clone()]);
    if block.closed {
        return format!("{before}{json}{}", &text[block.inner.end..]);
    }
    // Without a closing fence, what follows the last line that ends an object is prose that was taken in.
    let end =
        markdown_lines(inner).filter(|(_, line)| line.trim_end() == "}").last().map_or(inner.len(), |(end, _)| end);
    let mark: String = text[block.outer.start..].trim_start().chars().take_while(|c| "`~".contains(*c)).collect();
    format!("{}{json}{mark}{newline}{}", ended(before.to_owned(), newline), &inner[end..])
}

/// The end of each line, and the line.
fn markdown_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        at += line.len();
        (at, line)
    })
}

fn ended(text: String, newline: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text } else { text + newline }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEED: &str = include_str!("../../tests/fixtures/para/seed-executing.md");

    fn plans() -> Vec<PlanFile> {
        let plan = |ending: &str, text: &str| PlanFile {
            path: format!("context/plans/2025-12-18-implement-user-authentication{ending}.md"),
            text: text.into(),
        };
        vec![plan("", "# Master Plan: X\n"), plan("-phase-1", ""), plan("-phase-2", ""), plan("-phase-3", "")]
    }

    fn of(book: &str, summaries: &[String], branch: Option<&str>) -> String {
        let plans = plans();
        let now = "2025-12-18T10:00:00Z";
        rebuild(&Found { book: Some(book), plans: &plans, summaries, branch, prefix: "para/", now }).unwrap()
    }

    #[test]
    fn an_example_in_the_prose_stays_and_the_block_comes_behind_it() {
        let prose = "# Current Work Summary\n\nAs in:\n\n```json\n{\"an\": \"example\"}\n```\n";
        let made = of(prose, &[], None);
        assert!(made.starts_with(&format!("{prose}\n---\n\n```json\n{{\n")), "{made}");
        assert_eq!(Book::parse(&made).unwrap().prose().trim_end(), prose.trim_end());
    }

    #[test]
    fn the_seeds_book_comes_back_as_it_was_when_its_block_is_spoiled() {
        for (good, spoiled) in [
            ("  \"completed_summaries\": [],\n", "<<<<<<< HEAD\n  \"completed_summaries\": [],\n=======\n"),
            ("\"current_phase\": 1\n", "\"current_phase\": 1,\n"),
            ("\"status\": \"in_progress\"", "\"status\": \"doing\""),
        ] {
            let broken = SEED.replacen(good, spoiled, 1);
            assert!(broken != SEED && Book::parse(&broken).is_err());
            assert_eq!(of(&broken, &[], None), SEED, "{spoiled}");
        }
        // No fence behind it, and none at all.
        let cut = SEED.trim_end().strip_suffix("```").unwrap();
        assert_eq!(of(cut, &[], None), SEED);
        let prose = &SEED[..SEED.find("---\n").unwrap()];
        let made = of(prose, &[], None);
        assert!(made.starts_with(prose) && made.contains("\"current_phase\": 1"), "{made}");
        assert_eq!(of(&format!("{cut}\nWritten behind.\n"), &[], None), format!("{SEED}\nWritten behind.\n"));
    }

    #[test]
    fn a_summary_means_completed_and_the_branch_what_is_under_way() {
        let summary = "context/summaries/2025-12-20-implement-user-authentication-phase-1-summary.md".to_owned();
        let made = of(
            "# Current Work Summary\n",
            std::slice::from_ref(&summary),
            Some("para/implement-user-authentication-phase-2"),
        );
        let book = Book::parse(&made).unwrap();
        let phased = book.fields().phased_execution.clone().unwrap();
        let statuses: Vec<_> = phased.phases.iter().map(|p| p.status).collect();
        assert_eq!(statuses, [Status::Completed, Status::InProgress, Status::Pending]);
        assert_eq!((phased.current_phase, &book.fields().completed_summaries), (Some(2), &vec![summary]));
        assert_eq!(book.fields().execution_branch.as_deref(), Some("para/implement-user-authentication-phase-2"));
        assert_eq!(book.fields().active_context.len(), 2);
    }

    #[test]
    fn summaries_that_the_broken_block_names_are_kept_though_their_files_are_elsewhere() {
        let [first, other] = ["2025-12-18-implement-user-authentication-phase-1", "2024-01-01-old"]
            .map(|name| format!("context/summaries/{name}-summary.md"));
        let list = format!("\"completed_summaries\": [\"{other}\", \"{first}\"]");
        let broken = SEED.replace("\"completed_summaries\": []", &list).replace("\"current_phase\": 1\n", "x\n");
        let fields = Book::parse(&of(&broken, std::slice::from_ref(&first), None)).unwrap().fields().clone();
        assert_eq!(fields.completed_summaries, [other, first]);
        assert_eq!(fields.phase(1).unwrap().status, Status::Completed);
    }

    #[test]
    fn a_plan_that_is_over_is_not_brought_back_and_a_simple_one_is_found() {
        let mut plans = plans();
        plans[0].text = "# Master Plan: X\n\n**Status:** Completed\n".into();
        plans.push(PlanFile { path: "context/plans/2025-12-19-small.md".into(), text: "# Plan: S\n".into() });
        let of = |summaries: &[String]| {
            let now = "2025-12-18T10:00:00Z";
            let found = Found { book: None, plans: &plans, summaries, branch: None, prefix: "para/", now };
            Book::parse(&rebuild(&found).unwrap()).unwrap().fields().clone()
        };
        let fields = of(&[]);
        assert_eq!((fields.active_context, fields.phased_execution), (vec![plans[4].path.clone()], None));
        let fields = of(&["context/summaries/2025-12-19-small-summary.md".into()]);
        assert_eq!(fields.active_context, Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn whatever_the_prose_is_it_stays(prose in "[ a-z#\\-\\[\\]x\r\n`~]{0,80}", rest in "[ a-z\n{}\"]{0,40}") {
            for text in [prose.clone(), format!("{prose}\n---\n\n```json\n{{ \"active_context\": [\n{rest}")] {
                let plans = plans();
                let now = "2025-12-18T10:00:00Z";
                let found = Found { book: Some(&text), plans: &plans, summaries: &[], branch: None, prefix: "para/", now };
                if let Some(made) = rebuild(&found) {
                    prop_assert!(made.starts_with(&prose), "{made}");
                    prop_assert!(Book::parse(&made).is_ok());
                }
            }
        }
    }
}
