//! Notifications on the desktop, over a message bus of the test's own.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixListener;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::json;
use zbus::zvariant::OwnedValue;

use crate::common::Pair;

/// A message bus, ended with the test.
struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    /// `None` where this machine has none.
    fn start(pair: &Pair) -> Option<Self> {
        let mut command = pair.command("dbus-daemon", pair.root());
        command.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
        command.arg(format!("--address=unix:path={}", pair.path("bus").display()));
        let mut daemon = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut address = String::new();
        BufReader::new(daemon.stdout.take()?).read_line(&mut address).ok()?;
        let bus = Self { daemon, address: address.trim().to_owned() };
        (!bus.address.is_empty()).then_some(bus)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// What a desktop was asked to show.
#[derive(Debug)]
struct Shown {
    summary: String,
    body: String,
    urgency: Option<u8>,
}

struct Desktop(Sender<Shown>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Desktop {
    #[allow(clippy::too_many_arguments, reason = "the specification has them")]
    fn notify(
        &self,
        _app: &str,
        _replaces: u32,
        _icon: &str,
        summary: String,
        body: String,
        _actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let urgency = hints.get("urgency").and_then(|v| u8::try_from(v).ok());
        self.0.send(Shown { summary, body, urgency }).unwrap();
        1
    }
}

fn desktop(bus: &Bus) -> (zbus::blocking::Connection, Receiver<Shown>) {
    let (sender, shown) = channel();
    let connection = zbus::blocking::connection::Builder::address(bus.address.as_str())
        .and_then(|b| b.name("org.freedesktop.Notifications"))
        .and_then(|b| b.serve_at("/org/freedesktop/Notifications", Desktop(sender)))
        .and_then(zbus::blocking::connection::Builder::build)
        .unwrap();
    (connection, shown)
}

/// A repository whose next sync meets a conflict in a file with a name that looks like markup.
fn conflict() -> Pair {
    let pair = Pair::enrolled();
    pair.configure(json!({"notifications": {"desktop": true}}));
    pair.git(&pair.b, &["mv", "one.txt", "<b>&.txt"]);
    pair.b_pushes_all("b: a name");
    pair.force("pull").done();
    pair.edit(&pair.a, "<b>&.txt", 1, "mine");
    pair.edit(&pair.b, "<b>&.txt", 1, "theirs");
    pair.b_pushes_all("b: line 1");
    pair
}

#[test]
fn a_conflict_is_shown_once_on_the_desktop_of_who_wants_that() {
    let pair = conflict();
    let Some(bus) = Bus::start(&pair) else {
        eprintln!("SKIPPED: there is no dbus-daemon");
        return;
    };
    let (_connection, shown) = desktop(&bus);
    pair.set("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    pair.force("sync").conflict();
    pair.force("sync").conflict();
    let one = shown.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("{}", pair.diagnostics()));
    assert_eq!(one.summary, "a: both sides changed <b>&.txt; nothing was merged, your commits are kept");
    assert_eq!(one.body, "both sides changed &lt;b&gt;&amp;.txt; nothing was merged, your commits are kept");
    assert_eq!(one.urgency, Some(1));
    assert!(shown.try_recv().is_err(), "the same trouble is not shown again");
    pair.unset("DBUS_SESSION_BUS_ADDRESS");
}

#[test]
fn a_desktop_that_does_not_answer_does_not_hold_a_sync() {
    let pair = conflict();
    let path = pair.path("silent");
    let _silent = UnixListener::bind(&path).unwrap();
    pair.set("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", path.display()));
    pair.force("sync").conflict();
    assert!(pair.diagnostics().contains("it does not answer"), "{}", pair.diagnostics());
    pair.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all");
    pair.craft(&pair.a, &["notifications", "dismiss-all", "-y"]).ok();
    pair.force("sync").conflict();
    assert_eq!(pair.diagnostics().matches("the desktop did not show").count(), 2);
}
