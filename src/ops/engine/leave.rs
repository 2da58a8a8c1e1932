//! What the permission gate lets this sync do with the remote.
//!
//! What is wanted is asked for once, before anything is planned, so that a plan holds only what may be done; each
//! call then asks again. What is not allowed is left, noted in the journal and told in a remark; with
//! `permissions.strict` a sync that had to leave something ends as refused, once it has done the rest.

use super::{Engine, Target};
use crate::config::model::Action;
use crate::ops::permit::{self, Denied};
use crate::permission::{Decision, Gate, Grant, Operation, Origin, Platform, of, on};
use crate::sync::outcome::{End, Refusal};
use crate::sync::plan::May;

impl Engine<'_> {
    /// Asks for what the action wants.
    pub(super) fn ask_leave(&mut self) {
        if self.target.is_none() {
            return;
        }
        let gate = Gate::new(&self.job.config.permissions);
        let decide = |operation| gate.decide(Platform::Git, operation, Origin::Internal);
        let (pull, push) = (decide(Operation::Pull), decide(Operation::Push));
        self.may = May { pull: pull.allowed, push: push.allowed };
        if !pull.allowed {
            self.git.stay_here();
        }
        let action = self.job.action;
        if !push.allowed && action.pushes() {
            self.leave_out(push, "nothing is sent");
        }
        // A push has to take in only what has come in between.
        if !pull.allowed && matches!(action, Action::Pull | Action::Sync) {
            self.leave_out(pull, "nothing is taken in");
        }
    }

    /// The remote has moved, and what it has may not be taken in: nothing can be sent either.
    pub(super) fn ask_leave_to_take_in(&mut self) {
        let behind = self.counts.is_some_and(|(_, behind)| behind > 0);
        if !behind || self.may.pull || self.left.iter().any(|d| d.operation == Operation::Pull) {
            return;
        }
        let gate = Gate::new(&self.job.config.permissions);
        let decision = gate.decide(Platform::Git, Operation::Pull, Origin::Internal);
        let remote = self.target.as_ref().map(Target::display).unwrap_or_default();
        self.leave_out(decision, &format!("{remote} has commits that are not here, so nothing can be sent"));
    }

    fn leave_out(&mut self, decision: Decision, so: &str) {
        self.remarks.push(format!("{}; {so}", decision.sentence()));
        if !self.rehearsing {
            permit::note(self.ctx, &decision, &self.item(), self.job.trigger);
        }
        self.left.push(decision);
    }

    /// Where what had to be left is an error, the end of the sync says so.
    pub(super) fn was_left(&self) -> Result<(), End> {
        match self.left.first() {
            Some(decision) if self.job.config.permissions.strict => Err(not_permitted(decision)),
            _ => Ok(()),
        }
    }

    /// Leave for one call, as the configuration is now.
    pub(super) fn leave<O: of::Of>(&self) -> Result<Grant<on::Git, O>, End> {
        permit::pass(self.ctx, Some(self.at), Origin::Internal, &self.item(), self.job.trigger)
            .map_err(|Denied { decision, .. }| not_permitted(&decision))
    }

    fn item(&self) -> String {
        self.at.worktree.display().to_string()
    }
}

fn not_permitted(decision: &Decision) -> End {
    End::Refused {
        kind: Refusal::Permission,
        reason: decision.sentence(),
        command: format!("craft permissions check {} {}", decision.platform.word(), decision.operation.word()),
    }
}
