//! What the user's credential helpers have for a host (git-credential(1)): their keychain, without a prompt.

use std::path::Path;
use std::time::Duration;

use super::environment::environment;
use super::process::{self, Invocation, words};
use crate::context::Context;

/// A helper that waits for somebody is not waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The password for a host (with its port, where that is not the usual one); `None` where no helper has one. Nothing
/// that git says of it is kept: it may be in there.
#[must_use]
pub fn password(ctx: &Context, folder: &Path, protocol: &str, host: &str) -> Option<String> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
    if !plain(protocol) || !plain(host) || host.is_empty() {
        return None;
    }
    let arguments = words(["-c", "credential.interactive=false", "-c", "core.askPass=", "credential", "fill"]);
    let input = format!("protocol={protocol}\nhost={host}\n\n");
    let invocation = Invocation {
        program: &ctx.git,
        arguments: &arguments,
        folder,
        environment: &environment(ctx),
        input: input.as_bytes(),
        deadline: PATIENCE,
    };
    let finished = process::start_hidden(&invocation).and_then(|r| r.wait(None)).ok()?;
    let text = String::from_utf8(finished.stdout).ok().filter(|_| finished.code == Some(0))?;
    let value = |name: &str| text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    // A helper may answer for another host than it was asked for.
    (value("host")? == host && value("protocol")? == protocol).then(|| value("password")).flatten()
}
