//! The words of the permission gate.

use serde::{Deserialize, Serialize};

/// Where something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// The git remote of an enrolled repository.
    Git,
    /// A beacon: files handed from one environment to another.
    Beacon,
    /// GitHub's issues.
    Github,
    /// Jira.
    Jira,
    /// Azure DevOps.
    Ado,
}

impl Platform {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Git, Self::Beacon, Self::Github, Self::Jira, Self::Ado];

    /// The word used in files and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Beacon => "beacon",
            Self::Github => "github",
            Self::Jira => "jira",
            Self::Ado => "ado",
        }
    }

    /// Whether there is such a thing on it: a git remote has no items, and a beacon has files only.
    #[must_use]
    pub fn knows(self, operation: Operation) -> bool {
        let items = matches!(self, Self::Github | Self::Jira | Self::Ado);
        items || matches!(operation, Operation::Read | Operation::Push | Operation::Pull)
    }

    /// What holds where the user has said nothing: work of their own goes both ways, trackers are only read.
    #[must_use]
    pub fn preset(self) -> Preset {
        match self {
            Self::Git | Self::Beacon => Preset::Bidirectional,
            Self::Github | Self::Jira | Self::Ado => Preset::ReadOnly,
        }
    }
}

/// What is done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Look at what is there.
    Read,
    /// Say how far an item is.
    UpdateStatus,
    /// Make or change an item that was born here.
    UpsertInternal,
    /// Change an item that was born there.
    UpsertExternal,
    /// Close an item, or open it again.
    Close,
    /// Delete an item.
    Delete,
    /// Send commits or files.
    Push,
    /// Take commits, files or changes of items in.
    Pull,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::UpdateStatus,
        Self::UpsertInternal,
        Self::UpsertExternal,
        Self::Close,
        Self::Delete,
        Self::Push,
        Self::Pull,
    ];

    /// The word used in files and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::UpdateStatus => "update-status",
            Self::UpsertInternal => "upsert-internal",
            Self::UpsertExternal => "upsert-external",
            Self::Close => "close",
            Self::Delete => "delete",
            Self::Push => "push",
            Self::Pull => "pull",
        }
    }
}

/// Where an item was born.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Here: in the repository's own plans and specs.
    Internal,
    /// There: on the platform.
    External,
}

impl Origin {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Internal, Self::External];

    /// The word used in files and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::External => "external",
        }
    }
}

/// Sets of permissions with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Nothing at all.
    None,
    /// Read and pull.
    ReadOnly,
    /// Send, and never take in: update-status, close, both upserts and push.
    PushOnly,
    /// Both.
    Bidirectional,
    /// Both, and delete.
    FullControl,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::ReadOnly, Self::PushOnly, Self::Bidirectional, Self::FullControl];

    /// The word used in files and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ReadOnly => "read-only",
            Self::PushOnly => "push-only",
            Self::Bidirectional => "bidirectional",
            Self::FullControl => "full-control",
        }
    }

    /// Whether it allows an operation.
    #[must_use]
    pub fn allows(self, operation: Operation) -> bool {
        let takes_in = matches!(operation, Operation::Read | Operation::Pull);
        match self {
            Self::None => false,
            Self::ReadOnly => takes_in,
            Self::PushOnly => !takes_in && operation != Operation::Delete,
            Self::Bidirectional => operation != Operation::Delete,
            Self::FullControl => true,
        }
    }
}
