//! Names of tasks, branches and files.

use std::fmt;

/// Longest name of a task in characters, so that file names with dates and endings stay far below 255 bytes.
pub const LONGEST: usize = 80;
/// Where plans lie.
pub const PLANS: &str = "context/plans";
/// Where summaries lie.
pub const SUMMARIES: &str = "context/summaries";
/// Where books lie that were put away.
pub const ARCHIVES: &str = "context/archives";

/// A task's name, safe in file names and branches: `[a-z0-9-]`, no hyphen first, last or twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task(String);

impl Task {
    /// Makes a name of what somebody typed: lower case, everything else a hyphen, cut at a word where it is too long.
    /// `None` where nothing is left of it.
    #[must_use]
    pub fn from_words(text: &str) -> Option<Self> {
        let mut name = String::new();
        for c in text.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() {
                name.push(c);
            } else if c != '\'' && !name.is_empty() && !name.ends_with('-') {
                name.push('-');
            }
        }
        if name.len() > LONGEST {
            let cut = name[..=LONGEST].rfind('-').filter(|at| *at > LONGEST / 2).unwrap_or(LONGEST);
            name.truncate(cut);
        }
        let name = name.trim_end_matches('-');
        (!name.is_empty()).then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a title: `Implement User Authentication`.
    #[must_use]
    pub fn title(&self) -> String {
        let words = self.0.split('-').map(|word| {
            let mut chars = word.chars();
            chars.next().map(|c| c.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the name of a plan's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanName {
    /// The day it was made, `YYYY-MM-DD`.
    pub date: String,
    /// The task.
    pub task: Task,
    /// The phase; `None` for a master plan or a simple one.
    pub phase: Option<u32>,
}

impl PlanName {
    /// Reads the path (or file name) of a plan: `context/plans/2025-12-18-task-phase-1.md`.
    #[must_use]
    pub fn read(path: &str) -> Option<Self> {
        let stem = path.rsplit('/').next()?.strip_suffix(".md")?;
        let date = stem.get(..10).filter(|d| is_date(d))?;
        let rest = stem[10..].strip_prefix('-')?;
        let (task, phase) = match rest.rsplit_once("-phase-") {
            Some((task, number)) if !task.is_empty() => match number.parse() {
                Ok(number) if number > 0 => (task, Some(number)),
                _ => (rest, None),
            },
            _ => (rest, None),
        };
        // Hand-made names may hold what ours do not; they stand for themselves.
        (!task.is_empty()).then(|| Self { date: date.into(), task: Task(task.into()), phase })
    }

    fn stem(&self) -> String {
        let phase = self.phase.map(|n| format!("-phase-{n}")).unwrap_or_default();
        format!("{}-{}{phase}", self.date, self.task)
    }

    /// The plan's path.
    #[must_use]
    pub fn plan(&self) -> String {
        format!("{PLANS}/{}.md", self.stem())
    }

    /// Its summary's path.
    #[must_use]
    pub fn summary(&self) -> String {
        format!("{SUMMARIES}/{}-summary.md", self.stem())
    }

    /// The same task's plan of a phase.
    #[must_use]
    pub fn of_phase(&self, number: u32) -> Self {
        Self { phase: Some(number), ..self.clone() }
    }

    /// The same task's master plan.
    #[must_use]
    pub fn master(&self) -> Self {
        Self { phase: None, ..self.clone() }
    }

    /// `task` or `task-phase-1`: what branches, folders and messages are called after.
    #[must_use]
    pub fn unit(&self) -> String {
        self.phase.map_or_else(|| self.task.to_string(), |n| format!("{}-phase-{n}", self.task))
    }

    /// Its branch, below `prefix` (`para/`).
    #[must_use]
    pub fn branch(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.unit())
    }
}

/// Whether `text` looks like `YYYY-MM-DD`.
#[must_use]
pub fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<String> {
        Task::from_words(text).map(|t| t.to_string())
    }

    #[test]
    fn what_is_typed_becomes_a_name_that_is_safe_everywhere() {
        for (typed, name) in [
            ("Implement User_Authentication!", "implement-user-authentication"),
            ("  don't -- stop  ", "dont-stop"),
            ("../../etc/passwd", "etc-passwd"),
            ("Größe ändern", "gr-e-ndern"),
            ("--force", "force"),
        ] {
            assert_eq!(named(typed).as_deref(), Some(name));
        }
        assert_eq!(named("…/"), None);
        let long = named(&"word ".repeat(40)).unwrap();
        assert!(long.len() <= LONGEST && long.ends_with("word"), "{long}");
    }

    #[test]
    fn a_plans_path_is_read_and_made() {
        let name = PlanName::read("context/plans/2025-12-18-implement-user-authentication-phase-1.md").unwrap();
        assert_eq!(
            (name.date.as_str(), name.task.as_str(), name.phase),
            ("2025-12-18", "implement-user-authentication", Some(1))
        );
        assert_eq!(name.summary(), "context/summaries/2025-12-18-implement-user-authentication-phase-1-summary.md");
        assert_eq!(name.branch("para/"), "para/implement-user-authentication-phase-1");
        assert_eq!(name.master().plan(), "context/plans/2025-12-18-implement-user-authentication.md");
        assert_eq!(name.task.title(), "Implement User Authentication");
        assert_eq!(PlanName::read("2025-12-18-x-phase-two.md").unwrap().task.as_str(), "x-phase-two");
        assert_eq!(PlanName::read("notes.md"), None);
    }
}
