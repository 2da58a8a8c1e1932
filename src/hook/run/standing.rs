//! What is told of a repository when a session starts in it, enrolled or not: how its plan stands, what its beacon has.

use super::{Here, beacon, plan};
use crate::clock::Millis;
use crate::config::model::Config;
use crate::fs::layout::Layout;
use crate::hook::event::Event;
use crate::locate::Location;
use crate::state::notice::Notice;

/// What is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// The user.
    user: Option<String>,
    /// The model.
    model: Option<String>,
}

impl Standing {
    /// For the user, as notices that nobody keeps.
    pub(super) fn notices(&self) -> Vec<Notice> {
        self.user.iter().map(|line| Notice { user: line.clone(), model: String::new() }).collect()
    }

    /// For the model.
    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }
}

impl Here {
    /// What is to be told here.
    pub(super) fn standing(&self) -> Standing {
        of(&self.layout, &self.location, &self.event, Some(&self.policy.config), self.now)
    }
}

/// What is to be told at `location`. The configuration, where it is not known yet, is read only where there is something
/// to tell.
pub(super) fn of(
    layout: &Layout,
    location: &Location,
    event: &Event,
    config: Option<&Config>,
    now: Millis,
) -> Standing {
    let plan = plan::told(layout, location, event, config.map(|c| &c.plans));
    let (user, beacon) = beacon::told(layout, location, event, config.map(|c| &c.beacon), now).unzip();
    let model = [plan, beacon.flatten()].into_iter().flatten().collect::<Vec<_>>().join("\n");
    Standing { user, model: Some(model).filter(|m| !m.is_empty()) }
}
