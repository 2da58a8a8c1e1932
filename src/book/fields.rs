//! The block of a book: the seed's fields, and those that later forms of the originals added. What is not known here
//! stays in the text.

use serde::{Deserialize, Deserializer, Serialize};

use super::sheet::{Block, block};

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

/// A book whose block cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// The line of the file, from 1.
    pub line: usize,
}

impl Fields {
    /// Reads the block of the book `text`, without more of a reason where that fails: hooks have no room for one.
    ///
    /// # Errors
    /// Where there is no block, it is not closed, or not of the form of one.
    pub fn read(text: &str) -> Result<(Self, Block), Broken> {
        let block = block(text).ok_or_else(|| Broken { line: text.matches('\n').count() + 1 })?;
        if !block.closed {
            return Err(Broken { line: block.line.saturating_sub(1) });
        }
        let read = serde_json::from_str::<Self>(&text[block.inner.clone()]);
        // Line 0 is what serde gives to an error of no place.
        let fields = read.map_err(|e| Broken { line: block.line + e.line().saturating_sub(1) })?;
        Ok((fields, block))
    }

    /// The phase number `number`.
    #[must_use]
    pub fn phase(&self, number: u32) -> Option<&Phase> {
        self.phased_execution.as_ref()?.phases.iter().find(|p| p.phase == number)
    }

    /// The phases that are under way.
    pub fn under_way(&self) -> impl Iterator<Item = &Phase> {
        self.phased_execution.iter().flat_map(|p| &p.phases).filter(|p| p.status == Status::InProgress)
    }

    /// The phase that the list of to-dos without a name is about: the one in the book's head, else the one that is under
    /// way.
    #[must_use]
    pub fn unnamed(&self, head: Option<u32>) -> Option<u32> {
        let current = || self.phased_execution.as_ref()?.current_phase;
        let mut under_way = self.under_way().map(|p| p.phase);
        let only = under_way.next().filter(|_| under_way.next().is_none());
        head.or(only).or_else(current)
    }
}
