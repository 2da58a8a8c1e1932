//! The gate: whether something may be done now, and the value that proves that it was asked.
//!
//! A [`Grant`] can be made in this module only, and is given away with the one call it was asked for. So whoever
//! talks to a platform has asked the gate a moment before, and for this very operation: the compiler sees to it.
//!
//! ```compile_fail,E0451
//! use claude_craft::permission::{Grant, of, on};
//! // Nobody but the gate makes one.
//! let grant: Grant<on::Git, of::Push> = Grant { of: std::marker::PhantomData };
//! ```
//!
//! ```compile_fail,E0061
//! # use claude_craft::git::command::Git;
//! fn send(git: &Git<'_>) {
//!     // Without one nothing is sent.
//!     let _ = git.push(["--", "origin"]);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use claude_craft::git::command::Git;
//! # use claude_craft::permission::{Grant, of, on};
//! fn send(git: &Git<'_>, grant: Grant<on::Git, of::Pull>) {
//!     // To take in is not to send.
//!     let _ = git.push(grant, ["--", "origin"]);
//! }
//! ```
//!
//! ```compile_fail,E0277
//! # use claude_craft::git::command::Git;
//! # use claude_craft::permission::{Grant, of, on};
//! fn send(git: &Git<'_>, grant: Grant<on::Github, of::Push>) {
//!     // What is allowed on one platform says nothing of another.
//!     let _ = git.push(grant, ["--", "origin"]);
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use claude_craft::git::command::Git;
//! # use claude_craft::permission::{Grant, of, on};
//! fn send(git: &Git<'_>, grant: Grant<on::Git, of::Push>) {
//!     let _ = git.push(grant, ["--", "origin"]);
//!     // A second call needs a second answer.
//!     let _ = git.push(grant, ["--", "origin"]);
//! }
//! ```
//!
//! ```
//! # use claude_craft::git::command::Git;
//! # use claude_craft::permission::{Gate, Origin, Permissions, of, on};
//! fn send(git: &Git<'_>, permissions: &Permissions) {
//!     if let Ok(grant) = Gate::new(permissions).pass::<on::Git, of::Push>(Origin::Internal) {
//!         let _ = git.push(grant, ["--", "origin"]);
//!     }
//! }
//! ```

use std::marker::PhantomData;

use super::model::{Operation, Origin, Platform, Preset};
use super::rules::{Allow, Permissions};

/// Platforms as types.
pub mod on {
    use super::{Platform, sealed};

    /// A platform.
    pub trait On: sealed::Sealed {
        /// Which one.
        const PLATFORM: Platform;
    }

    macro_rules! platforms {
        ($($name:ident),*) => {$(
            #[doc = concat!("[`Platform::", stringify!($name), "`]")]
            #[derive(Debug)]
            pub enum $name {}
            impl sealed::Sealed for $name {}
            impl On for $name {
                const PLATFORM: Platform = Platform::$name;
            }
        )*};
    }
    platforms!(Git, Beacon, Github, Jira, Ado);

    /// Platforms that the git program talks to.
    pub trait Carried: On {}

    impl Carried for Git {}
    impl Carried for Beacon {}
}

/// Operations as types.
pub mod of {
    use super::{Operation, sealed};

    /// An operation.
    pub trait Of: sealed::Sealed {
        /// Which one.
        const OPERATION: Operation;
    }

    /// Operations for which one has to see what the other side has: to take it in, or not to send over it.
    pub trait Sees: Of {}

    /// Of these, those that need the other side's objects here; what a beacon says is in objects.
    pub trait Fetches: Sees {}

    macro_rules! operations {
        ($($name:ident),*) => {$(
            #[doc = concat!("[`Operation::", stringify!($name), "`]")]
            #[derive(Debug)]
            pub enum $name {}
            impl sealed::Sealed for $name {}
            impl Of for $name {
                const OPERATION: Operation = Operation::$name;
            }
        )*};
    }
    operations!(Read, UpdateStatus, UpsertInternal, UpsertExternal, Close, Delete, Push, Pull);

    impl Sees for Read {}
    impl Sees for Push {}
    impl Sees for Pull {}
    impl Fetches for Read {}
    impl Fetches for Push {}
    impl Fetches for Pull {}
}

mod sealed {
    /// Neither platforms nor operations are made elsewhere.
    pub trait Sealed {}
}

/// That the gate let this operation on this platform pass, once.
#[derive(Debug)]
#[must_use = "it was asked for a call"]
pub struct Grant<P: on::On, O: of::Of> {
    of: PhantomData<(P, O)>,
}

/// What the gate says, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Where.
    pub platform: Platform,
    /// What.
    pub operation: Operation,
    /// Where the item was born that it is about.
    pub origin: Origin,
    /// Whether it may be done.
    pub allowed: bool,
    /// What in the configuration says so.
    pub reason: String,
}

/// The gate, as a configuration sets it.
#[derive(Debug, Clone, Copy)]
pub struct Gate<'p> {
    permissions: &'p Permissions,
}

impl<'p> Gate<'p> {
    /// The gate that these permissions make.
    #[must_use]
    pub fn new(permissions: &'p Permissions) -> Self {
        Self { permissions }
    }

    /// Whether an operation on an item may be done.
    #[must_use]
    pub fn decide(self, platform: Platform, operation: Operation, origin: Origin) -> Decision {
        let (allowed, reason) = self.judge(platform, operation, origin);
        Decision { platform, operation, origin, allowed, reason }
    }

    /// As [`decide`](Self::decide), and the proof where it says yes.
    ///
    /// # Errors
    /// The decision, where it says no.
    pub fn pass<P: on::On, O: of::Of>(self, origin: Origin) -> Result<Grant<P, O>, Decision> {
        let decision = self.decide(P::PLATFORM, O::OPERATION, origin);
        if decision.allowed { Ok(Grant { of: PhantomData }) } else { Err(decision) }
    }

    fn judge(self, platform: Platform, operation: Operation, origin: Origin) -> (bool, String) {
        if !platform.knows(operation) {
            return (false, format!("there is no {} on {}", operation.word(), platform.word()));
        }
        // These two say by their names what they are about.
        match (operation, origin) {
            (Operation::UpsertInternal, Origin::External) => {
                return (false, "the item was born there, so it is changed by upsert-external only".into());
            }
            (Operation::UpsertExternal, Origin::Internal) => {
                return (false, "the item was born here, so it is changed by upsert-internal only".into());
            }
            _ => {}
        }
        let rules = self.permissions.rules(platform);
        let key = || format!("permissions.{}.overrides.{}", platform.word(), operation.word());
        let here = |allowed: bool, what: &str| (allowed, format!("`{}` is {what}", key()));
        match rules.overrides.get(&operation) {
            Some(Allow::Yes) => here(true, "true"),
            Some(Allow::No) => here(false, "false"),
            Some(Allow::Only(only)) => here(*only == origin, &format!("\"{}\"", only.word())),
            None => {
                let preset = rules.preset.unwrap_or(platform.preset());
                let by = if rules.preset.is_some() { "preset" } else { "default" };
                (preset.allows(operation), format!("{} is {} by {by}", platform.word(), preset.word()))
            }
        }
    }
}

impl Decision {
    /// The decision as a sentence: `push on git is not allowed here: …`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let verdict = if self.allowed { "is allowed" } else { "is not allowed" };
        format!("{} on {} {verdict}: {}", self.operation.word(), self.platform.word(), self.reason)
    }
}

impl Allow {
    /// Both have to allow it.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, rest) | (rest, Self::Yes) => rest,
            (Self::Only(one), Self::Only(two)) => {
                if one == two {
                    Self::Only(one)
                } else {
                    Self::No
                }
            }
        }
    }
}

impl Permissions {
    /// What a platform allows of an operation.
    #[must_use]
    pub fn allow(&self, platform: Platform, operation: Operation) -> Allow {
        let rules = self.rules(platform);
        rules.overrides.get(&operation).copied().unwrap_or_else(|| {
            let preset: Preset = rules.preset.unwrap_or(platform.preset());
            if preset.allows(operation) { Allow::Yes } else { Allow::No }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(permissions: &Permissions, platform: Platform) -> Vec<&'static str> {
        let gate = Gate::new(permissions);
        Operation::ALL
            .into_iter()
            .filter(|o| Origin::ALL.into_iter().any(|origin| gate.decide(platform, *o, origin).allowed))
            .map(Operation::word)
            .collect()
    }

    #[test]
    fn work_of_ones_own_goes_both_ways_and_trackers_are_only_read() {
        let permissions = Permissions::default();
        for platform in [Platform::Git, Platform::Beacon] {
            assert_eq!(all(&permissions, platform), ["read", "push", "pull"]);
        }
        for platform in [Platform::Github, Platform::Jira, Platform::Ado] {
            assert_eq!(all(&permissions, platform), ["read", "pull"]);
        }
    }

    #[test]
    fn every_preset_has_its_operations() {
        let table: [(Preset, &[&str]); 5] = [
            (Preset::None, &[]),
            (Preset::ReadOnly, &["read", "pull"]),
            (Preset::PushOnly, &["update-status", "upsert-internal", "upsert-external", "close", "push"]),
            (
                Preset::Bidirectional,
                &["read", "update-status", "upsert-internal", "upsert-external", "close", "push", "pull"],
            ),
            (
                Preset::FullControl,
                &["read", "update-status", "upsert-internal", "upsert-external", "close", "delete", "push", "pull"],
            ),
        ];
        for (preset, wanted) in table {
            let mut permissions = Permissions::default();
            permissions.jira.preset = Some(preset);
            assert_eq!(all(&permissions, Platform::Jira), wanted, "{preset:?}");
        }
    }

    #[test]
    fn an_override_wins_over_the_preset_and_may_ask_where_an_item_was_born() {
        let mut permissions = Permissions::default();
        permissions.github.preset = Some(Preset::Bidirectional);
        permissions.github.overrides = [
            (Operation::Close, Allow::Only(Origin::Internal)),
            (Operation::Push, Allow::No),
            (Operation::Delete, Allow::Yes),
        ]
        .into();
        let gate = Gate::new(&permissions);
        let may = |operation, origin| gate.decide(Platform::Github, operation, origin).allowed;
        assert!(may(Operation::Close, Origin::Internal) && !may(Operation::Close, Origin::External));
        assert!(may(Operation::Delete, Origin::External) && !may(Operation::Push, Origin::Internal));
        assert!(may(Operation::UpdateStatus, Origin::External));
        assert_eq!(
            gate.decide(Platform::Github, Operation::Close, Origin::External).sentence(),
            "close on github is not allowed: `permissions.github.overrides.close` is \"internal\""
        );
        assert_eq!(
            gate.decide(Platform::Jira, Operation::Close, Origin::External).sentence(),
            "close on jira is not allowed: jira is read-only by default"
        );
    }

    #[test]
    fn an_item_is_changed_by_the_operation_of_its_origin_only() {
        let mut permissions = Permissions::default();
        permissions.ado.preset = Some(Preset::FullControl);
        let gate = Gate::new(&permissions);
        assert!(gate.pass::<on::Ado, of::UpsertInternal>(Origin::Internal).is_ok());
        assert!(gate.pass::<on::Ado, of::UpsertInternal>(Origin::External).is_err());
        assert!(gate.pass::<on::Ado, of::UpsertExternal>(Origin::External).is_ok());
        assert!(gate.pass::<on::Ado, of::UpsertExternal>(Origin::Internal).is_err());
    }

    #[test]
    fn the_dry_check_and_the_real_one_agree_everywhere() {
        fn real<P: on::On>(gate: Gate<'_>, operation: Operation, origin: Origin) -> bool {
            match operation {
                Operation::Read => gate.pass::<P, of::Read>(origin).is_ok(),
                Operation::UpdateStatus => gate.pass::<P, of::UpdateStatus>(origin).is_ok(),
                Operation::UpsertInternal => gate.pass::<P, of::UpsertInternal>(origin).is_ok(),
                Operation::UpsertExternal => gate.pass::<P, of::UpsertExternal>(origin).is_ok(),
                Operation::Close => gate.pass::<P, of::Close>(origin).is_ok(),
                Operation::Delete => gate.pass::<P, of::Delete>(origin).is_ok(),
                Operation::Push => gate.pass::<P, of::Push>(origin).is_ok(),
                Operation::Pull => gate.pass::<P, of::Pull>(origin).is_ok(),
            }
        }
        let values = [Allow::No, Allow::Yes, Allow::Only(Origin::Internal), Allow::Only(Origin::External)];
        for preset in Preset::ALL {
            for value in values {
                for operation in Operation::ALL {
                    let mut permissions = Permissions::default();
                    permissions.github.preset = Some(preset);
                    permissions.github.overrides.insert(operation, value);
                    let gate = Gate::new(&permissions);
                    for origin in Origin::ALL {
                        let dry = gate.decide(Platform::Github, operation, origin).allowed;
                        assert_eq!(dry, real::<on::Github>(gate, operation, origin));
                    }
                    assert_eq!(permissions.allow(Platform::Github, operation), value);
                }
            }
        }
    }

    #[test]
    fn narrowing_never_widens() {
        let values = [Allow::No, Allow::Yes, Allow::Only(Origin::Internal), Allow::Only(Origin::External)];
        let may = |allow: Allow, origin: Origin| match allow {
            Allow::No => false,
            Allow::Yes => true,
            Allow::Only(only) => only == origin,
        };
        for one in values {
            for two in values {
                for origin in Origin::ALL {
                    assert_eq!(may(one.and(two), origin), may(one, origin) && may(two, origin));
                }
            }
        }
    }
}
