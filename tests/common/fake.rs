//! Making git misbehave: a scripted stand-in between the engine and the real git.

use serde::Serialize;

use super::{TestEnv, write};

/// One rule of the script. The first that fits a call decides; a call that fits none passes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Rule {
    /// Text that must occur in the arguments, which are joined by blanks and have one at either end.
    #[serde(rename = "match")]
    pub when: &'static str,
    /// Only the call with this number among those that contain the text, from 1; 0 is each.
    pub nth: u32,
    /// `pass`, `fail`, `hang`, `print`, `delay`, `kill-self`, `kill-after` (the work is done) or `run`.
    pub action: &'static str,
    /// Exit code of `fail`.
    pub code: i32,
    /// What `fail` and `print` say: to stderr and to stdout.
    pub text: String,
    /// How long `delay` waits, in milliseconds.
    pub ms: u64,
    /// Shell command of `run`, which then passes.
    pub command: String,
}

/// The stand-in of one test.
pub struct FakeGit<'a> {
    env: &'a TestEnv,
}

impl<'a> FakeGit<'a> {
    /// Puts the stand-in in front of git for every `craft` process started from now on.
    pub fn install(env: &'a TestEnv, rules: &[Rule]) -> Self {
        write(env.path("fake-git.json"), serde_json::to_vec(rules).unwrap());
        write(env.path("fake-git.log"), "");
        let real = env.run(
            {
                let mut command = env.command("sh", env.root());
                command.args(["-c", "command -v git"]);
                command
            },
            b"",
        );
        env.set("CRAFT_GIT", env!("CARGO_BIN_EXE_fake-git"));
        env.set("FAKE_GIT_SCRIPT", env.path("fake-git.json"));
        env.set("FAKE_GIT_LOG", env.path("fake-git.log"));
        env.set("FAKE_GIT_REAL", real.stdout.trim());
        Self { env }
    }

    /// The arguments of every call so far that contains `text`, one call a line.
    pub fn calls(&self, text: &str) -> Vec<String> {
        let log = std::fs::read_to_string(self.env.path("fake-git.log")).unwrap();
        log.lines().filter(|l| l.contains(text)).map(str::to_owned).collect()
    }

    /// Lets the real git work again.
    pub fn remove(self) {
        self.env.unset("CRAFT_GIT");
    }
}

impl Rule {
    /// git ends with `code` and says `text`.
    pub fn fail(when: &'static str, code: i32, text: &str) -> Self {
        Self { when, action: "fail", code, text: text.into(), ..Self::default() }
    }

    /// git never ends.
    pub fn hang(when: &'static str) -> Self {
        Self { when, action: "hang", ..Self::default() }
    }

    /// git prints `text` and ends well, having done nothing.
    pub fn print(when: &'static str, text: &str) -> Self {
        Self { when, action: "print", text: text.into(), ..Self::default() }
    }

    /// A shell command runs before git does.
    pub fn before(when: &'static str, command: String) -> Self {
        Self { when, action: "run", command, ..Self::default() }
    }

    /// Only for the call with this number.
    pub fn nth(self, nth: u32) -> Self {
        Self { nth, ..self }
    }
}
