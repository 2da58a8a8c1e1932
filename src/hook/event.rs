//! What we understand of an event.

use std::path::PathBuf;

use crate::book::marker::{self, Marker};
use crate::hook::wire::Wire;

/// The events the suite answers to, one executable each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// A session starts.
    SessionStart,
    /// A session ends.
    SessionEnd,
    /// A prompt is submitted.
    UserPromptSubmit,
    /// The model has answered.
    Stop,
}

impl Name {
    /// The host's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SessionStart => "SessionStart",
            Self::SessionEnd => "SessionEnd",
            Self::UserPromptSubmit => "UserPromptSubmit",
            Self::Stop => "Stop",
        }
    }
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The host's id of the session.
    pub session: Option<String>,
    /// Where the session works; `None` where the host did not say.
    pub cwd: Option<PathBuf>,
    /// The subagent that made it, if one did.
    pub agent_id: Option<String>,
    /// What happened.
    pub moment: Moment,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A session started.
    SessionStart {
        /// Out of what.
        source: Source,
    },
    /// A session ended.
    SessionEnd {
        /// The host's word for why; empty where it gave none.
        reason: String,
    },
    /// A prompt was submitted.
    Prompt {
        /// Whether it is a command of ours (`/craft …`).
        own_command: bool,
    },
    /// The model has answered, and its turn ends.
    Stop {
        /// The to-dos that the answer names as done.
        done: Vec<Marker>,
    },
}

/// Out of what a session started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The client was started, or took up an earlier session, or says something we do not know.
    Afresh,
    /// The client was running already: the conversation was cleared, compacted or forked.
    Running,
}

impl Event {
    /// Makes sense of what came for the executable of `name`; `None` where the host says that it is
    /// another event.
    #[must_use]
    pub fn understand(name: Name, wire: Wire) -> Option<Self> {
        if wire.hook_event_name.is_some_and(|found| found != name.word()) {
            return None;
        }
        let moment = match name {
            Name::SessionStart => Moment::SessionStart { source: source(wire.source.as_deref()) },
            Name::SessionEnd => Moment::SessionEnd { reason: wire.reason.unwrap_or_default() },
            Name::UserPromptSubmit => {
                Moment::Prompt { own_command: wire.opening.as_deref().is_some_and(is_own_command) }
            }
            Name::Stop => Moment::Stop { done: wire.answer.as_deref().map(marker::markers).unwrap_or_default() },
        };
        let said = |text: Option<String>| text.filter(|t| !t.is_empty());
        Some(Self {
            session: said(wire.session_id),
            cwd: said(wire.cwd).map(PathBuf::from),
            agent_id: said(wire.agent_id),
            moment,
        })
    }
}

fn source(word: Option<&str>) -> Source {
    match word {
        Some("clear" | "compact" | "fork") => Source::Running,
        _ => Source::Afresh,
    }
}

/// Whether a prompt is `/craft`, `/craft …` or `/craft:…`, and not `/crafty`.
fn is_own_command(prompt: &str) -> bool {
    prompt
        .trim_start()
        .strip_prefix("/craft")
        .is_some_and(|rest| rest.chars().next().is_none_or(|c| c == ':' || c.is_whitespace()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::wire;

    fn event(name: Name, text: &str) -> Option<Event> {
        Event::understand(name, wire::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn the_hosts_own_payloads_are_understood() {
        let start = r#"{"session_id":"00893aaf-19fa-41d2-8238-13269b9b3ca0","transcript_path":"/h/.claude/projects/p/t.jsonl",
            "cwd":"/home/ann/p","hook_event_name":"SessionStart","source":"resume","model":"claude-sonnet-4","session_title":null,
            "seconds_since_last_response":12.5,"context_tokens":1200,"prompt_cache_likely_expired":false}"#;
        let found = event(Name::SessionStart, start).unwrap();
        assert_eq!(found.session.as_deref(), Some("00893aaf-19fa-41d2-8238-13269b9b3ca0"));
        assert_eq!(found.cwd, Some("/home/ann/p".into()));
        assert_eq!(found.moment, Moment::SessionStart { source: Source::Afresh });
        let end = r#"{"session_id":"s","transcript_path":"/t","cwd":"/r","hook_event_name":"SessionEnd","reason":"prompt_input_exit"}"#;
        let found = event(Name::SessionEnd, end).unwrap();
        assert_eq!(found.moment, Moment::SessionEnd { reason: "prompt_input_exit".into() });
        let prompt = r#"{"session_id":"s","prompt_id":"u","transcript_path":"/t","cwd":"/r","permission_mode":"default","agent_id":"a1",
            "agent_type":"Explore","hook_event_name":"UserPromptSubmit","prompt":"hi","source":"user"}"#;
        let found = event(Name::UserPromptSubmit, prompt).unwrap();
        assert_eq!((found.agent_id.as_deref(), found.moment), (Some("a1"), Moment::Prompt { own_command: false }));
        let stop = r#"{"session_id":"s","transcript_path":"/t","cwd":"/r","permission_mode":"default","hook_event_name":"Stop",
            "stop_hook_active":false,"last_assistant_message":"Well.\n\npara: done 3\n","background_tasks":[],"session_crons":[]}"#;
        let done = vec![Marker { phase: None, numbers: vec![3] }];
        assert_eq!(event(Name::Stop, stop).unwrap().moment, Moment::Stop { done });
        let older = event(Name::Stop, r#"{"hook_event_name":"Stop","stop_hook_active":false}"#).unwrap();
        assert_eq!(older.moment, Moment::Stop { done: Vec::new() }, "a client that does not say what was answered");
        assert_eq!(event(Name::SessionEnd, start), None, "an executable answers to its own event only");
        assert!(event(Name::SessionEnd, "{\"hook_event_name\":null,\"cwd\":7}").is_some());
    }

    #[test]
    fn the_sources_of_a_running_client_are_told_from_all_others() {
        for (word, expected) in [
            ("\"startup\"", Source::Afresh),
            ("\"resume\"", Source::Afresh),
            ("\"teleport\"", Source::Afresh),
            ("null", Source::Afresh),
            ("\"clear\"", Source::Running),
            ("\"compact\"", Source::Running),
            ("\"fork\"", Source::Running),
        ] {
            let found = event(Name::SessionStart, &format!("{{\"source\":{word}}}")).unwrap();
            assert_eq!(found.moment, Moment::SessionStart { source: expected }, "{word}");
        }
    }

    #[test]
    fn our_own_commands_are_told_from_prompts() {
        for own in ["/craft", "/craft auto-sync status", " \n/craft\tx", "/craft:craft x", "/craft\n"] {
            assert!(is_own_command(own), "{own:?}");
        }
        for other in ["", "/crafty", "craft", "say /craft", "/craft-x", "/Craft", "//craft", "/para-plan"] {
            assert!(!is_own_command(other), "{other:?}");
        }
    }
}
