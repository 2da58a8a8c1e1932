//! Signals while a command is at the beacon.

use std::io;
use std::thread::Builder;
use std::time::Duration;

use crate::ops::beacon::watching;
use crate::sys;

/// How long what this process has started may take to end by itself, once it is told to: git removes its locks then.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// Has a signal end this process with all that it has started, which is in groups of its own and would otherwise run on,
/// with nobody who ends it. A command of the beacon may be killed at any moment: the next one goes on from there.
///
/// # Errors
/// Where the system does not let signals be caught.
pub(super) fn with_all_that_was_started() -> io::Result<()> {
    let mut endings = sys::catch_endings()?;
    Builder::new().name("endings".into()).spawn(move || {
        let Ok(signal) = endings.wait() else { return };
        // Whoever sends a second one does not want to wait.
        let _ = Builder::new().name("endings".into()).spawn(move || {
            if let Ok(signal) = endings.wait() {
                end(signal, Duration::ZERO);
            }
        });
        end(signal, GRACE);
    })?;
    Ok(())
}

#[expect(clippy::exit, reason = "only where the signal itself does not end it")]
fn end(signal: i32, patience: Duration) {
    watching::abandon(patience);
    sys::end_by(signal);
    std::process::exit(128 + signal);
}
