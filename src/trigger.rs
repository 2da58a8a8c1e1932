//! Whether an event leads to a sync. Pure: time, memory and chance come in through [`Circumstances`].

use crate::clock::Millis;
use crate::config::Policy;
use crate::config::model::Action;
use crate::hook::event::{Event, Moment, Source};
use crate::queue::Trigger;

/// In a client that was running already, no pull follows another within this many milliseconds.
pub const PULL_WINDOW: Millis = 60_000;

/// What a decision needs beside the event and the policy. Each is asked at most once, and only where
/// the answer matters.
pub trait Circumstances {
    /// Claims the moment of a pull: whether none was claimed in this repository for `window`.
    fn claim_pull(&mut self, window: Millis) -> bool;
    /// Claims the moment of a look at a prompt: whether none was claimed in this repository for `window`.
    fn claim_prompt(&mut self, window: Millis) -> bool;
    /// A number in `0..sides`, each equally likely.
    fn draw(&mut self, sides: u64) -> u64;
}

/// What follows from an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing.
    Skip(Why),
    /// A request for a sync.
    Run(Run),
}

/// Why nothing follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Auto-sync is off: for all, for this repository, or by the project's own file.
    Off,
    /// This trigger is off.
    TriggerOff,
    /// Nothing is ever synced at this event.
    NoOccasion,
    /// The prompt is a command of ours.
    OwnCommand,
    /// A subagent made the event.
    Subagent,
    /// The last pull is too short ago.
    PulledJustNow,
    /// The last look at a prompt is too short ago.
    Debounced,
    /// The dice fell otherwise.
    NotDrawn,
}

/// What a request is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// What made it.
    pub trigger: Trigger,
    /// What to do.
    pub action: Action,
    /// How long, in milliseconds, the hook may wait for the answer; 0 is not at all.
    pub budget_ms: u64,
}

/// Decides.
pub fn decide(event: &Event, policy: &Policy, here: &mut impl Circumstances) -> Decision {
    if !policy.is_on() {
        return Decision::Skip(Why::Off);
    }
    let triggers = &policy.config.auto_sync.triggers;
    match &event.moment {
        Moment::SessionStart { source } => {
            let start = &triggers.session_start;
            if !start.enabled {
                return Decision::Skip(Why::TriggerOff);
            }
            let window = match source {
                Source::Afresh => 0,
                Source::Running => PULL_WINDOW,
            };
            // A fresh start claims too, so that a `clear` right after it finds the pull.
            if !here.claim_pull(window) && *source == Source::Running {
                return Decision::Skip(Why::PulledJustNow);
            }
            Decision::Run(Run { trigger: Trigger::SessionStart, action: start.action, budget_ms: start.budget_ms })
        }
        Moment::SessionEnd { .. } => {
            let end = &triggers.session_end;
            if !end.enabled {
                return Decision::Skip(Why::TriggerOff);
            }
            Decision::Run(Run { trigger: Trigger::SessionEnd, action: end.action, budget_ms: 0 })
        }
        Moment::Stop { .. } => Decision::Skip(Why::NoOccasion),
        Moment::Prompt { own_command } => {
            let prompt = &triggers.user_prompt;
            if *own_command {
                Decision::Skip(Why::OwnCommand)
            } else if event.agent_id.is_some() {
                Decision::Skip(Why::Subagent)
            } else if !prompt.enabled {
                Decision::Skip(Why::TriggerOff)
            } else if !here.claim_prompt(prompt.debounce_ms) {
                Decision::Skip(Why::Debounced)
            } else if here.draw(prompt.probability) != 0 {
                Decision::Skip(Why::NotDrawn)
            } else {
                Decision::Run(Run { trigger: Trigger::UserPrompt, action: prompt.action, budget_ms: 0 })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Repository};
    use crate::dice::Dice;

    /// Answers as it is told, and remembers what it was asked.
    struct Told {
        granted: bool,
        drawn: u64,
        asked: Vec<(&'static str, u64)>,
    }

    impl Circumstances for Told {
        fn claim_pull(&mut self, window: Millis) -> bool {
            self.asked.push(("pull", window));
            self.granted
        }

        fn claim_prompt(&mut self, window: Millis) -> bool {
            self.asked.push(("prompt", window));
            self.granted
        }

        fn draw(&mut self, sides: u64) -> u64 {
            self.asked.push(("draw", sides));
            self.drawn
        }
    }

    fn policy() -> Policy {
        let repository = serde_json::json!({"path": "/r", "commonDir": "/r/.git", "branch": "main"});
        Policy { config: Config::default(), repository: serde_json::from_value::<Repository>(repository).unwrap() }
    }

    fn event(moment: Moment) -> Event {
        Event { session: Some("s".into()), cwd: None, agent_id: None, moment }
    }

    fn prompt() -> Event {
        event(Moment::Prompt { own_command: false })
    }

    fn start(source: Source) -> Event {
        event(Moment::SessionStart { source })
    }

    fn end() -> Event {
        event(Moment::SessionEnd { reason: String::new() })
    }

    fn decided(
        event: &Event,
        policy: &Policy,
        granted: bool,
        drawn: u64,
    ) -> (Result<Run, Why>, Vec<(&'static str, u64)>) {
        let mut told = Told { granted, drawn, asked: Vec::new() };
        let decision = match decide(event, policy, &mut told) {
            Decision::Run(run) => Ok(run),
            Decision::Skip(why) => Err(why),
        };
        (decision, told.asked)
    }

    #[test]
    fn a_start_pulls_always_but_in_a_running_client_only_a_minute_after_the_last() {
        let run = Run { trigger: Trigger::SessionStart, action: Action::Pull, budget_ms: 2500 };
        for (source, granted, expected, window) in [
            (Source::Afresh, true, Ok(run), 0),
            (Source::Afresh, false, Ok(run), 0),
            (Source::Running, true, Ok(run), 60_000),
            (Source::Running, false, Err(Why::PulledJustNow), 60_000),
        ] {
            let found = decided(&start(source), &policy(), granted, 0);
            assert_eq!(found, (expected, vec![("pull", window)]), "{source:?} {granted}");
        }
    }

    #[test]
    fn an_end_pushes_always() {
        let run = Run { trigger: Trigger::SessionEnd, action: Action::Push, budget_ms: 0 };
        assert_eq!(decided(&end(), &policy(), false, 1), (Ok(run), vec![]));
    }

    #[test]
    fn a_prompt_is_looked_at_once_a_window_and_then_diced_for() {
        let run = Run { trigger: Trigger::UserPrompt, action: Action::Sync, budget_ms: 0 };
        let asked = vec![("prompt", 5000), ("draw", 27)];
        assert_eq!(decided(&prompt(), &policy(), true, 0), (Ok(run), asked.clone()));
        assert_eq!(decided(&prompt(), &policy(), true, 26), (Err(Why::NotDrawn), asked));
        assert_eq!(decided(&prompt(), &policy(), false, 0), (Err(Why::Debounced), vec![("prompt", 5000)]));
        let own = event(Moment::Prompt { own_command: true });
        assert_eq!(decided(&own, &policy(), true, 0), (Err(Why::OwnCommand), vec![]), "nothing is claimed");
        let subagent = Event { agent_id: Some("a".into()), ..prompt() };
        assert_eq!(decided(&subagent, &policy(), true, 0), (Err(Why::Subagent), vec![]));
    }

    #[test]
    fn each_switch_switches_off_what_it_names() {
        type Change = fn(&mut Policy);
        // For a start, an end and a prompt: what is decided where something is switched off.
        type Expected = [Option<Result<Run, Why>>; 3];
        let (off, trigger_off) = (Err(Why::Off), Err(Why::TriggerOff));
        let all: [(Change, Expected); 5] = [
            (|p| p.config.auto_sync.enabled = false, [Some(off); 3]),
            (|p| p.repository.disabled = true, [Some(off); 3]),
            (|p| p.config.auto_sync.triggers.session_start.enabled = false, [Some(trigger_off), None, None]),
            (|p| p.config.auto_sync.triggers.session_end.enabled = false, [None, Some(trigger_off), None]),
            (|p| p.config.auto_sync.triggers.user_prompt.enabled = false, [None, None, Some(trigger_off)]),
        ];
        for (index, (change, expected)) in all.into_iter().enumerate() {
            let mut policy = policy();
            change(&mut policy);
            for (event, expected) in [start(Source::Afresh), end(), prompt()].iter().zip(expected) {
                let (found, asked) = decided(event, &policy, true, 0);
                match expected {
                    Some(expected) => assert_eq!((found, asked), (expected, vec![]), "{index} {event:?}"),
                    None => assert!(found.is_ok(), "{index} {event:?}"),
                }
            }
        }
    }

    /// The real dice, and a debounce that never stands in the way.
    struct Real(Dice);

    impl Circumstances for Real {
        fn claim_pull(&mut self, _: Millis) -> bool {
            true
        }

        fn claim_prompt(&mut self, _: Millis) -> bool {
            true
        }

        fn draw(&mut self, sides: u64) -> u64 {
            self.0.below(sides)
        }
    }

    #[test]
    fn one_prompt_in_27_syncs() {
        const DRAWS: u32 = 270_000;
        // The 99.9 % quantile of chi-square with one degree of freedom.
        const QUANTILE: f64 = 10.828;
        let (event, policy) = (prompt(), policy());
        for seed in [1, 27, 0x5eed] {
            let mut real = Real(Dice::seeded(seed));
            let hits = (0..DRAWS).filter(|_| matches!(decide(&event, &policy, &mut real), Decision::Run(_))).count();
            let hits = f64::from(u32::try_from(hits).unwrap());
            let expected = f64::from(DRAWS) / 27.0;
            let misses = f64::from(DRAWS) - expected;
            let difference = hits - expected;
            let chi_square = difference * difference * (1.0 / expected + 1.0 / misses);
            assert!(chi_square < QUANTILE, "seed {seed}: {hits} of {DRAWS}, chi-square {chi_square}");
        }
    }
}
