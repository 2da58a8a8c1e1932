//! Which phase is meant, and whether it may begin: what it depends on has to be completed, and merged.

use crate::book::fields::Status;
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::ops::error::{Kind, OpError};
use crate::ops::plan::Place;
use crate::ops::plan::documents::{Documents, PhaseDocument};
use crate::ops::plan::merged::{self, Main};
use crate::sync::quote;

/// What is asked when the phases are looked at.
pub(super) struct Asking<'q> {
    pub place: &'q Place,
    pub git: &'q Git<'q>,
    pub reads: &'q Reads<'q, 'q>,
    pub main: &'q Main,
    pub documents: &'q Documents,
    /// Why the remote could not be asked.
    pub offline: Option<&'q str>,
}

impl Asking<'_> {
    /// The phase that is meant where nobody says: the one whose branch is checked out, else the only one that can
    /// begin, else the only one that is under way.
    ///
    /// # Errors
    /// Where there are several, or none.
    pub(super) fn choose(&self, own: Option<u32>) -> Result<u32, OpError> {
        if let Some(own) = own {
            return Ok(own);
        }
        let mut ready = Vec::new();
        let mut first = None;
        for phase in self.documents.phases.iter().filter(|p| p.status == Status::Pending) {
            match self.unmet(phase)? {
                None => ready.push(phase.number),
                Some(error) => first = first.or(Some(error)),
            }
        }
        let under_way: Vec<_> =
            self.documents.phases.iter().filter(|p| p.status == Status::InProgress).map(|p| p.number).collect();
        match (&ready[..], &under_way[..]) {
            ([one], _) | ([], [one]) => Ok(*one),
            ([], []) => Err(first.unwrap_or_else(|| {
                OpError::refused("every phase of the plan is completed").remedy("`craft plan archive` puts it away")
            })),
            ([], several) => Err(which("are under way", several)),
            (several, _) => Err(which("can begin", several)),
        }
    }

    /// Why a phase may not begin; `None` where it may.
    pub(super) fn unmet(&self, phase: &PhaseDocument) -> Result<Option<OpError>, OpError> {
        let mut first: Option<OpError> = None;
        let mut more = Vec::new();
        for number in &phase.depends {
            let found = match self.documents.phase(*number) {
                Ok(needed) => self.lacks(phase, needed)?,
                Err(_) => Some(OpError::usage(format!(
                    "phase {} depends on phase {number}, which {} does not have",
                    phase.number, self.documents.path
                ))),
            };
            match (found, &first) {
                (Some(found), None) => first = Some(found),
                (Some(_), Some(_)) => more.push(number.to_string()),
                (None, _) => {}
            }
        }
        let Some(mut error) = first else { return Ok(None) };
        if !more.is_empty() {
            error.message = format!("{} (nor is phase {})", error.message, more.join(", "));
        }
        if let Some(why) = self.offline {
            let told = format!("{}; the remote could not be asked for news: {why}", error.message);
            error = OpError { kind: Kind::Network, message: told, ..error };
        }
        Ok(Some(error))
    }

    /// Whether a commit and the main branch have nothing in common, as far as is known here.
    fn comes_from_nowhere(&self, tip: &str) -> Result<bool, OpError> {
        Ok(self.reads.merge_bases(tip, &self.main.tip)?.is_empty())
    }

    fn lacks(&self, phase: &PhaseDocument, needed: &PhaseDocument) -> Result<Option<OpError>, OpError> {
        let (one, two, branch) = (phase.number, needed.number, &needed.branch);
        let depends = format!("phase {one} depends on phase {two}");
        let error = |what: String, way: String| {
            Some(
                OpError::refused(format!("{depends}, {what}")).remedy(format!("{way} (or --force, which is recorded)")),
            )
        };
        Ok(match needed.status {
            Status::Pending => {
                error(format!("which was not begun (branch {branch})"), format!("craft plan execute --phase={two}"))
            }
            Status::InProgress => error(
                format!("which is not completed (branch {branch})"),
                format!("craft plan summarize --phase={two}"),
            ),
            Status::Completed => {
                let standing = merged::standing(self.place, self.git, self.reads, self.main, needed)?;
                let main = &self.main.name;
                match (standing.merged, &standing.tip, &self.main.remote) {
                    (Some(_), ..) => None,
                    (None, Some(tip), _) if self.reads.is_shallow()? && self.comes_from_nowhere(tip)? => error(
                        format!("and this clone is too shallow to tell whether {branch} is merged into {main}"),
                        "git fetch --unshallow, then the same again".to_owned(),
                    ),
                    (None, Some(_), Some(_)) => error(
                        format!("whose branch {branch} is not merged into {main}"),
                        format!("craft plan pr --phase={two}"),
                    ),
                    (None, Some(_), None) => error(
                        format!("whose branch {branch} is not merged into {main}"),
                        format!("git switch {} && git merge {}", quote::word(main), quote::word(branch)),
                    ),
                    (None, None, _) => error(
                        format!("whose branch {branch} is gone, and nothing of it is on {main}"),
                        format!("craft plan rollback --phase={two}"),
                    ),
                }
            }
        })
    }
}

fn which(what: &str, phases: &[u32]) -> OpError {
    let list: Vec<_> = phases.iter().map(u32::to_string).collect();
    OpError::usage(format!("which phase? {} {what}", list.join(" and ")))
        .remedy(format!("name one: --phase={}", list.first().map_or("N", String::as_str)))
}

/// The branch that is checked out in `at`.
pub(super) fn branch_of(reads: &Reads<'_, '_>) -> Result<Option<String>, OpError> {
    Ok(match reads.head()? {
        Head::Branch { name, .. } => Some(name),
        Head::Detached { .. } => None,
    })
}

/// The phase that a command means which was told none: the one whose branch is checked out, else the only one of
/// `wanted`. `None` for a simple plan.
///
/// # Errors
/// Where that is not clear.
pub(super) fn meant(
    documents: &Documents,
    told: Option<u32>,
    branch: Option<&str>,
    wanted: Status,
) -> Result<Option<u32>, OpError> {
    if let Some(told) = told {
        return documents.phase(told).map(|p| Some(p.number));
    }
    if documents.phases.is_empty() {
        return Ok(None);
    }
    if let Some(own) = documents.phases.iter().find(|p| Some(p.branch.as_str()) == branch) {
        return Ok(Some(own.number));
    }
    let found: Vec<_> = documents.phases.iter().filter(|p| p.status == wanted).map(|p| p.number).collect();
    let word = if wanted == Status::InProgress { "are under way" } else { "are completed" };
    match &found[..] {
        [one] => Ok(Some(*one)),
        [] => Err(OpError::usage(format!("no phase of {} {}", documents.path, word.replace("are", "is")))
            .remedy("name one: --phase=N; `craft plan status` lists them")),
        several => Err(which(word, several)),
    }
}
