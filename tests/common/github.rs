//! A working tree that is one side of a beacon, with a bell at a GitHub that is none.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use claude_craft::beacon::block::{Block, Status, template};
use claude_craft::beacon::manifest::{File, Manifest, Message, Party, Receipt};
use claude_craft::beacon::name::Name;
use claude_craft::config::policy;
use claude_craft::context::Context;
use claude_craft::env::Env;
use claude_craft::locate::locate;
use claude_craft::ops::beacon::chain::Tip;
use claude_craft::ops::beacon::{Place, bell};
use claude_craft::queue::Trigger;
use claude_craft::state::beacon::Identity;
use serde_json::{Value, json};

use super::weather::{Asked, Reply};
use super::{TestEnv, Weather};

/// No token. It only has to be told from everything else.
pub const TOKEN: &str = "not-a-token-0123456789";
/// When the tests happen, in milliseconds since the epoch.
pub const NOW: u64 = 1_756_728_000_000;

/// Where ann's issue is.
pub const ISSUE: &str = "/repos/ann/plans/issues/7";

/// The issue of ann's, with this text.
pub fn issue(body: &str) -> Value {
    json!({
        "number": 7, "title": "🔄 SYNC-BEACON [DO NOT CLOSE]", "body": body, "state": "open", "locked": false,
        "html_url": "https://github.example/ann/plans/issues/7", "user": {"login": "ann"},
        "labels": [{"name": "perma-ticket"}, {"name": "sync-system"}],
    })
}

pub fn ok(value: &Value) -> Reply {
    Reply::new(200, value.to_string())
}

/// A server that has one issue and takes changes of its text.
pub fn one_issue() -> Weather {
    one_issue_after(|_| {})
}

/// The same, which does something before each answer.
pub fn one_issue_after(before: impl Fn(&Asked) + Send + Sync + 'static) -> Weather {
    let body = Mutex::new("---\nSTATUS: IDLE\n---\n".to_owned());
    Weather::of(move |asked| {
        before(asked);
        let mut body = body.lock().unwrap();
        if let Some(text) =
            serde_json::from_slice::<Value>(&asked.body).ok().and_then(|v| v["body"].as_str().map(str::to_owned))
        {
            *body = text;
        }
        match asked.target.split('?').next().unwrap_or_default() {
            "/user" => ok(&json!({"login": "ann"})),
            "/repos/ann/plans/issues" => ok(&json!([issue(&body)])),
            ISSUE => ok(&issue(&body)),
            _ => Reply::new(404, "{}"),
        }
    })
}

/// Has every working tree of a test ring at the issue of ann's.
pub fn configure(env: &TestEnv, api: &str) {
    env.configure(json!({
        "beacon": {"github": {"enabled": true, "repository": "ann/plans", "api": api}},
        "permissions": {"github": {"overrides": {"upsert-internal": "internal", "close": "internal"}}},
    }));
    env.set("GH_ENTERPRISE_TOKEN", TOKEN);
}

/// The place.
pub struct Stage {
    pub env: TestEnv,
    pub repo: PathBuf,
}

impl Stage {
    /// A repository whose bell is in `repository` of the GitHub at `api`, and may be rung.
    pub fn at(api: &str, repository: &str) -> Self {
        let env = TestEnv::new();
        let repo = env.path("repo");
        env.git(env.root(), &["init", "-q", "repo"]);
        let github = json!({"enabled": true, "repository": repository, "api": api});
        env.configure(json!({
            "beacon": {"github": github},
            "limits": {"networkSeconds": 20},
            "permissions": {"github": {"overrides": {"upsert-internal": "internal", "close": "internal"}}},
        }));
        env.set("GH_ENTERPRISE_TOKEN", TOKEN);
        Self { env, repo }
    }

    /// What a command that runs at `now` sees.
    pub fn ctx_at(&self, now: u64) -> Context {
        let command = self.env.command("true", &self.repo);
        let vars = command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        Context::new(Env::from_pairs(vars).with("CRAFT_INTERNAL__NOW_MS", &now.to_string())).unwrap()
    }

    pub fn ctx(&self) -> Context {
        self.ctx_at(NOW)
    }

    /// This side, on the channel `main`.
    pub fn place(&self, ctx: &Context) -> Place {
        let at = locate(&self.repo).unwrap();
        let config = policy::config_at(&ctx.layout, &at).unwrap();
        let identity = Identity { id: "00".into(), name: "Code".into(), channel: "main".into(), ..Identity::default() };
        Place {
            at,
            config,
            identity,
            channel: Name::parse("main").unwrap(),
            trigger: Trigger::Manual,
            unattended: false,
        }
    }

    /// Puts a message with these files, or a receipt where there are none, onto `before`.
    pub fn tip(&self, before: Option<&Tip>, files: &[&str]) -> Tip {
        let former = before.map(|t| &t.manifest);
        let manifest = if files.is_empty() {
            let by = Party { id: "c".into(), name: "Code".into(), host: "h".into(), ..Party::default() };
            let seq = former.map_or(0, |m| m.seq);
            Manifest::with_receipt(former, "main", Receipt { by, seq, ..Receipt::default() })
        } else {
            let file = |path: &&str| File { path: (*path).into(), sha256: "0".repeat(64), ..File::default() };
            let to = vec!["Code".to_owned()];
            let message = Message { to, files: files.iter().map(file).collect(), ..Message::default() };
            Manifest::with_message(former, "main", message)
        };
        let block = if files.is_empty() { template() } else { waiting(files) };
        let put = |bytes: &str| {
            let mut command = self.env.command("git", &self.repo);
            command.args(["hash-object", "-w", "--stdin"]);
            self.env.run(command, bytes.as_bytes()).ok().stdout.trim().to_owned()
        };
        let said = serde_json::to_string(&manifest).unwrap();
        let tree = format!("100644 blob {}\tbeacon.md\n100644 blob {}\tmanifest.json\n", put(&block), put(&said));
        let mut command = self.env.command("git", &self.repo);
        command.arg("mktree");
        let tree = self.env.run(command, tree.as_bytes()).ok().stdout.trim().to_owned();
        // No parents: the bell looks at the end only.
        let words = format!("beacon {} {:?}", manifest.seq, manifest.received);
        let words = ["commit-tree", &tree, "-m", &words];
        Tip { commit: self.env.git(&self.repo, &words), manifest }
    }

    /// Rings for a tip, which is the end of the channel that is known here then.
    pub fn ring(&self, now: u64, tip: &Tip) -> Vec<String> {
        let ctx = self.ctx_at(now);
        let place = self.place(&ctx);
        self.env.git(&self.repo, &["update-ref", &place.seen(), &tip.commit]);
        bell::ring(&ctx, &place, &place.git(&ctx))
    }

    /// The lines of the journal, as JSON.
    pub fn journal(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.env.craft_dir().join("log/journal.jsonl")).unwrap_or_default();
        text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// What is kept of the bell.
    pub fn kept(&self) -> Value {
        let ctx = self.ctx();
        let file = self.place(&ctx).files(&ctx).beacon_bell();
        std::fs::read(file).map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).unwrap())
    }

    /// Every file below the home that holds `text`.
    pub fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.env.root().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    open.push(path);
                } else if std::fs::read(&path).is_ok_and(|b| String::from_utf8_lossy(&b).contains(text)) {
                    found.push(path);
                }
            }
        }
        found
    }
}

/// The seed's block for files that wait.
pub fn waiting(files: &[&str]) -> String {
    Block {
        last_update: Some("Session 3".into()),
        timestamp: Some("2025-10-06T09:30:00Z".into()),
        direction: Some("Desktop→Code".into()),
        files: files.iter().map(|f| (*f).to_owned()).collect(),
        action: Some("Run 'ps-sync pull' in Claude Code".into()),
        status: Status::UpdateAvailable,
        other: Vec::new(),
    }
    .render()
}

/// The stand-in for GitHub that `scripts/emulate.sh` installs: npm's `emulate`. It ends with this value.
pub struct Emulate {
    child: Child,
    pub port: u16,
}

impl Emulate {
    /// Starts it behind a [`Weather`]. `repos` are of `ann`; `TOKEN` is hers, `bob` has a token of his own.
    pub fn start(folder: &Path, repos: &[&str]) -> (Weather, Self) {
        let program = std::env::var_os("CRAFT_EMULATE").expect("scripts/emulate.sh runs this test");
        let seed = folder.join("emulate-seed.yaml");
        let repos: Vec<_> = repos.iter().map(|r| json!({"owner": "ann", "name": r, "private": false})).collect();
        let user = |login: &str| json!({"login": login, "name": login, "email": format!("{login}@example.org")});
        let seed_text = json!({
            "tokens": {TOKEN: {"login": "ann", "scopes": ["repo", "user"]}, "bobs": {"login": "bob", "scopes": ["repo"]}},
            "github": {"users": [user("ann"), user("bob")], "repos": repos},
        });
        super::write(&seed, seed_text.to_string());
        Weather::before(|url| {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut command = Command::new("node");
            command.arg(program).args(["start", "--service", "github", "--port", &port.to_string()]);
            command.arg("--seed").arg(&seed).args(["--base-url", url]).current_dir(folder);
            command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", folder);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let emulate = Self { child: command.spawn().unwrap(), port };
            let begun = Instant::now();
            while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(begun.elapsed() < Duration::from_secs(60), "emulate does not come up");
                std::thread::sleep(Duration::from_millis(20));
            }
            (port, emulate)
        })
    }

    /// Asks it directly, as somebody else than the suite.
    pub fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> Value {
        let mut request = ureq::http::Request::builder().method(method);
        request = request
            .uri(format!("http://127.0.0.1:{}{path}", self.port))
            .header("authorization", format!("Bearer {token}"));
        let config = ureq::config::Config::builder().http_status_as_error(false).proxy(None).build();
        let agent = ureq::Agent::new_with_config(config);
        let response = match body {
            Value::Null => agent.run(request.body(()).unwrap()),
            body => agent.run(request.body(body.to_string()).unwrap()),
        };
        let text = response.unwrap().into_body().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// All issues of one of ann's repositories.
    pub fn issues(&self, repo: &str) -> Vec<Value> {
        let all = self.ask(TOKEN, "GET", &format!("/repos/ann/{repo}/issues?state=all&per_page=100"), &Value::Null);
        all.as_array().unwrap_or_else(|| panic!("{all}")).clone()
    }
}

impl Drop for Emulate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
