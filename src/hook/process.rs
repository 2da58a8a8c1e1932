//! What the hook executables have in common: nothing that happens in them reaches the client
//! but exit code 0 and at most one JSON object.

use std::fs::File;
use std::os::fd::AsFd;
use std::time::Instant;

use crate::clock::{Clock, SystemClock};
use crate::detach;
use crate::diagnostics;
use crate::dice::Dice;
use crate::env::Env;
use crate::fs::layout::Layout;
use crate::hook::run::Hook;
use crate::state::held::{self, Held};

/// Runs one hook in this process.
#[expect(clippy::disallowed_methods, reason = "how long a hook holds a session is what the host's user waits")]
pub fn run(hook: fn(&mut Hook<'_, SystemClock>)) {
    let begun = Instant::now();
    let env = Env::from_process();
    survive_panics(&env);
    let Ok(stdin) = std::io::stdin().as_fd().try_clone_to_owned() else { return };
    let clock = SystemClock::from_env(&env);
    let (mut dice, mut worker) = (Dice::from_env(&env), detach::start_worker);
    let mut stdin = File::from(stdin);
    let mut stdout = std::io::stdout().lock();
    let mut process = Hook {
        env: &env,
        clock: &clock,
        dice: &mut dice,
        stdin: &mut stdin,
        stdout: &mut stdout,
        start_worker: &mut worker,
        held: None,
    };
    hook(&mut process);
    if let Some(held) = process.held.take() {
        let line = Held {
            at: clock.now_ms(),
            event: held.name.word().to_owned(),
            ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            session: held.session,
            common_dir: held.common_dir,
        };
        // Of a measurement that is lost nobody has to hear.
        let _ = held::add(&held.layout, &line);
    }
}

/// A panic is a bug of ours and no reason to disturb a session: it is logged, and the hook ends as if
/// there had been nothing to do. Ending here, since a release build would abort.
#[expect(clippy::exit, reason = "a hook ends with 0 whatever happens")]
fn survive_panics(env: &Env) {
    let (layout, clock) = (Layout::from_env(env), SystemClock::from_env(env));
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(layout) = &layout {
            diagnostics::log(layout, &clock, "hook", &panic.to_string());
        }
        std::process::exit(0);
    }));
}
