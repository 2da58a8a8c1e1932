//! What the three hook executables have in common: nothing that happens in them reaches the client
//! but exit code 0 and at most one JSON object.

use std::fs::File;
use std::os::fd::AsFd;

use crate::clock::SystemClock;
use crate::detach;
use crate::diagnostics;
use crate::dice::Dice;
use crate::env::Env;
use crate::fs::layout::Layout;
use crate::hook::run::Hook;

/// Runs one hook in this process.
pub fn run(hook: fn(&mut Hook<'_, SystemClock>)) {
    let env = Env::from_process();
    survive_panics(&env);
    let Ok(stdin) = std::io::stdin().as_fd().try_clone_to_owned() else { return };
    let clock = SystemClock::from_env(&env);
    hook(&mut Hook {
        env: &env,
        clock: &clock,
        dice: &mut Dice::from_env(&env),
        stdin: &mut File::from(stdin),
        stdout: &mut std::io::stdout().lock(),
        start_worker: &mut detach::start_worker,
    });
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
