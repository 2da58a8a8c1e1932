//! The block of a book: the seed's fields, and those that later forms of the originals added. What is not known here
//! stays in the text.

use serde::{Deserialize, Deserializer, Serialize};

/// The block.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Fields {
    /// Files of the present work, below the top of the repository.
    #[serde(deserialize_with = "or_default")]
    pub active_context: Vec<String>,
    /// Summaries that were written, oldest first.
    #[serde(deserialize_with = "or_default")]
    pub completed_summaries: Vec<String>,
    /// The branch of the work; of several, the one begun last.
    pub execution_branch: Option<String>,
    /// When it began, RFC 3339.
    pub execution_started: Option<String>,
    /// The phased plan, where there is one.
    pub phased_execution: Option<Phased>,
    /// When the book was last written, RFC 3339.
    pub last_updated: Option<String>,
    /// The linked working tree of a simple plan.
    pub worktree_path: Option<String>,
    /// Documents of research.
    #[serde(deserialize_with = "or_default")]
    pub research_docs: Vec<String>,
}

/// A phased plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Phased {
    /// The master plan.
    pub master_plan: String,
    /// Its phases.
    pub phases: Vec<Phase>,
    /// The phase that is under way; of several, the one begun last.
    pub current_phase: Option<u32>,
}

/// A phase.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Phase {
    /// Its number, from 1.
    pub phase: u32,
    /// Its plan.
    pub plan: String,
    /// How it stands.
    pub status: Status,
    /// Its branch, where it is not named after the task.
    pub branch: Option<String>,
    /// Its linked working tree.
    pub worktree_path: Option<String>,
}

/// How a phase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not begun.
    #[default]
    Pending,
    /// Under way.
    InProgress,
    /// Summarized.
    Completed,
}

impl Status {
    /// The word in the block.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }
}

/// `null` is nothing.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Fields {
    /// The phase number `number`.
    #[must_use]
    pub fn phase(&self, number: u32) -> Option<&Phase> {
        self.phased_execution.as_ref()?.phases.iter().find(|p| p.phase == number)
    }

    /// The phases that are under way.
    pub fn under_way(&self) -> impl Iterator<Item = &Phase> {
        self.phased_execution.iter().flat_map(|p| &p.phases).filter(|p| p.status == Status::InProgress)
    }
}
