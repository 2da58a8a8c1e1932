//! The real client: which program it is, how it is started, and what it must find to start at all.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::common::{Ran, TestEnv, write};
use crate::stub_api::Stub;
use crate::terminal::Terminal;

/// No key. It only has to be one the client was told to accept.
const KEY: &str = "stub-not-a-key";

/// An installed release of the client.
#[derive(Debug, Clone)]
pub struct Client {
    program: PathBuf,
    pub version: String,
}

impl Client {
    /// The release most scenarios are played with.
    pub fn current() -> Self {
        Self::named("CRAFT_E2E_CURRENT")
    }

    /// The oldest release that is supported.
    pub fn oldest() -> Self {
        Self::named("CRAFT_E2E_OLDEST")
    }

    /// `scripts/e2e.sh` names the folder of a release, whose last part is its version.
    fn named(variable: &str) -> Self {
        let folder = std::env::var_os(variable).map(PathBuf::from);
        let folder = folder.unwrap_or_else(|| panic!("{variable} is not set: scripts/e2e.sh runs this test"));
        let version = folder.file_name().unwrap().to_str().unwrap().to_owned();
        Self { program: folder.join("bin/claude"), version }
    }
}

/// A place to work at: somebody's home, the client, and the API it talks to.
#[derive(Clone, Copy)]
pub struct Seat<'a> {
    pub env: &'a TestEnv,
    pub client: &'a Client,
    pub stub: &'a Stub,
}

impl<'a> Seat<'a> {
    /// Sits down: from now on the programs of `env` find the client on their PATH.
    pub fn take(env: &'a TestEnv, client: &'a Client, stub: &'a Stub) -> Self {
        let folder = client.program.parent().unwrap().display();
        env.set("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"));
        Self { env, client, stub }
    }

    /// The client in `dir`, with an environment in which it asks nobody but the stub.
    pub fn command(&self, dir: &Path) -> Command {
        let mut command = self.env.command(&self.client.program, dir);
        self.surround(&mut command);
        command
    }

    /// Gives a program the environment the client needs.
    pub fn surround(&self, command: &mut Command) {
        command.env("ANTHROPIC_BASE_URL", self.stub.url()).env("ANTHROPIC_API_KEY", KEY);
        for switch in [
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
            "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL",
            "DISABLE_TELEMETRY",
            "DISABLE_ERROR_REPORTING",
            "DISABLE_AUTOUPDATER",
        ] {
            command.env(switch, "1");
        }
        // At some starts it tries a renderer whose screen is gone when it ends.
        command.env("CLAUDE_CODE_NO_FLICKER", "0");
        // Whatever it tries to reach elsewhere ends at the stub, which refuses.
        command.env("HTTPS_PROXY", self.stub.url()).env("HTTP_PROXY", self.stub.url());
        command.env("NO_PROXY", "127.0.0.1,localhost");
    }

    /// Runs the client with `args` to its end.
    pub fn run(&self, dir: &Path, args: &[&str]) -> Ran {
        let mut command = self.command(dir);
        command.args(args);
        self.env.run(command, b"")
    }

    /// A whole session of one prompt without a terminal; what it printed.
    #[track_caller]
    pub fn say(&self, dir: &Path, prompt: &str) -> String {
        self.run(dir, &["-p", prompt]).ok().stdout
    }

    /// Starts a session in a terminal and waits until it takes input.
    #[track_caller]
    pub fn open(&self, dir: &Path) -> Terminal<'a> {
        self.seed(dir);
        Terminal::open(*self, dir)
    }

    /// Answers beforehand what the client asks a person at its first start.
    fn seed(&self, dir: &Path) {
        let path = self.env.home().join(".claude.json");
        let mut known = std::fs::read(&path).map_or(json!({}), |b| serde_json::from_slice::<Value>(&b).unwrap());
        let dir = dir.to_str().unwrap();
        known["hasCompletedOnboarding"] = json!(true);
        known["theme"] = json!("dark");
        known["lastOnboardingVersion"] = json!(self.client.version);
        // It compares the last twenty characters.
        let tail = &KEY[KEY.len().saturating_sub(20)..];
        known["customApiKeyResponses"] = json!({"approved": [tail], "rejected": []});
        known["projects"][dir]["hasTrustDialogAccepted"] = json!(true);
        write(path, known.to_string());
    }
}
