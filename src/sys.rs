//! The few system calls that std has no safe way to make. The only module with `unsafe` in it.
#![expect(unsafe_code, reason = "each block says why it is sound")]

use std::ffi::{CStr, CString};
use std::io::{self, Read as _};
use std::os::fd::IntoRawFd as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

/// The name of this machine; empty where the system does not tell.
#[must_use]
pub fn host_name() -> String {
    let mut buffer = [0u8; 256];
    // SAFETY: the pointer and the length describe `buffer`; one byte is held back so that a name
    // that was cut still ends in NUL.
    let status = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) };
    if status != 0 {
        return String::new();
    }
    CStr::from_bytes_until_nul(&buffer).map_or_else(|_| String::new(), |name| name.to_string_lossy().into_owned())
}

/// The user this process acts as.
#[must_use]
pub fn effective_user() -> u32 {
    // SAFETY: geteuid cannot fail and touches no memory.
    unsafe { libc::geteuid() }
}

/// Whether a process with this id exists, whoever owns it.
#[must_use]
pub fn process_exists(pid: u32) -> bool {
    let Ok(pid) = libc::pid_t::try_from(pid) else { return false };
    // SAFETY: signal 0 sends nothing; it only asks.
    let status = unsafe { libc::kill(pid, 0) };
    status == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// The process that started this one.
#[must_use]
pub fn parent_process() -> u32 {
    std::os::unix::process::parent_id()
}

/// Kills this process with SIGKILL, as a crash test does.
pub fn kill_self() -> ! {
    // SAFETY: getpid cannot fail, and SIGKILL to oneself takes no memory.
    unsafe {
        libc::kill(libc::getpid(), libc::SIGKILL);
    }
    std::process::abort()
}

/// Waits until `fd` can be read or `timeout_ms` have passed; whether it can be read.
///
/// # Errors
/// The system's answer, interruptions by a signal excepted (they count as "not yet").
pub fn readable_within(fd: std::os::fd::BorrowedFd<'_>, timeout_ms: i32) -> io::Result<bool> {
    use std::os::fd::AsRawFd;
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd is passed, and its count is 1; the descriptor is borrowed and so open.
    match unsafe { libc::poll(&raw mut poll, 1, timeout_ms) } {
        0 => Ok(false),
        n if n > 0 => Ok(true),
        _ => match io::Error::last_os_error() {
            e if e.kind() == io::ErrorKind::Interrupted => Ok(false),
            e => Err(e),
        },
    }
}

/// Signals that are held back from this thread and those it starts, to be taken one by one.
#[derive(Clone, Copy)]
pub struct HeldSignals(libc::sigset_t);

/// What asks a program to end: SIGTERM, SIGHUP and SIGINT, held back. To be called before there are other threads.
///
/// # Errors
/// The system's answer.
pub fn hold_endings_back() -> io::Result<HeldSignals> {
    let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set that is then added to and used; no old mask is asked for.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        let set = set.assume_init();
        check(libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut()))?;
        Ok(HeldSignals(set))
    }
}

impl HeldSignals {
    /// Waits for the next one: its number.
    ///
    /// # Errors
    /// The system's answer.
    pub fn next(&self) -> io::Result<i32> {
        let mut signal = 0;
        // SAFETY: the set was initialised, and the number is written into a local variable.
        check(unsafe { libc::sigwait(&raw const self.0, &raw mut signal) })?;
        Ok(signal)
    }
}

/// What asks this process to end, as bytes of a pipe.
pub struct Endings(io::PipeReader);

/// Where the handler writes to; below 0 as long as there is none.
static ENDING: AtomicI32 = AtomicI32::new(-1);

/// SIGTERM, SIGHUP and SIGINT no longer end this process but can be taken one by one. What was ignored stays so, as
/// nohup(1) wants it. Unlike with [`hold_endings_back`], programs that are started from now on are ended by them as usual.
///
/// # Errors
/// The system's answer.
pub fn catch_endings() -> io::Result<Endings> {
    let (reader, writer) = io::pipe()?;
    // Open as long as the process lives: a handler may come at any moment.
    ENDING.store(writer.into_raw_fd(), Ordering::SeqCst);
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        // SAFETY: the action is plain C data and filled in; the handler makes one call that signal-safety(7) allows.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(signal, ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            action.sa_sigaction = on_ending as *const () as libc::sighandler_t;
            action.sa_flags = libc::SA_RESTART;
            libc::sigemptyset(&raw mut action.sa_mask);
            if libc::sigaction(signal, &raw const action, ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(Endings(reader))
}

extern "C" fn on_ending(signal: libc::c_int) {
    let pipe = ENDING.load(Ordering::SeqCst);
    if pipe >= 0 {
        // Numbers of signals are below 32 here.
        let number = signal as u8;
        // SAFETY: one byte of a local variable; a descriptor that cannot be written to is an error that nobody needs.
        let _ = unsafe { libc::write(pipe, (&raw const number).cast(), 1) };
    }
}

impl Endings {
    /// Waits for the next one: its number.
    ///
    /// # Errors
    /// The system's answer.
    pub fn wait(&mut self) -> io::Result<i32> {
        let mut number = [0];
        self.0.read_exact(&mut number)?;
        Ok(number[0].into())
    }
}

/// Ends this process by a signal that was caught, so that whoever waits for it hears what it was. Comes back where the
/// system does not do it.
pub fn end_by(signal: i32) {
    // SAFETY: a default action and a signal to oneself take no memory.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

/// Stops this process as Ctrl-Z does, until it is continued.
pub fn stop_self() {
    // SAFETY: a signal to oneself takes no memory.
    unsafe {
        libc::kill(libc::getpid(), libc::SIGTSTP);
    }
}

/// Marks every descriptor from 3 on as "close on exec", so that no child inherits a pipe of the
/// client that it would then hold open.
pub fn close_inherited_on_exec() {
    #[cfg(target_os = "linux")]
    {
        const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
        // SAFETY: the call changes a flag of descriptors and touches no memory.
        if unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, CLOSE_RANGE_CLOEXEC) } == 0 {
            return;
        }
    }
    // Kernels before 5.11 and other systems: one by one, as far as a hook was ever seen to inherit.
    for fd in 3..1024 {
        // SAFETY: fcntl on a descriptor that is not open fails with EBADF and does nothing.
        unsafe {
            let flags = libc::fcntl(fd, libc::F_GETFD);
            if flags >= 0 {
                libc::fcntl(fd, libc::F_SETFD, flags | libc::FD_CLOEXEC);
            }
        }
    }
}

/// Starts `program` in a session of its own with null standard streams, and does not wait for it.
/// `posix_spawn` with `POSIX_SPAWN_SETSID` costs half of what fork and `setsid` do.
///
/// # Errors
/// The system's answer, for example that there is no such program.
pub fn spawn_in_new_session(program: &Path, arguments: &[&str]) -> io::Result<u32> {
    let path = CString::new(program.as_os_str().as_bytes())?;
    let mut owned = vec![path.clone()];
    for argument in arguments {
        owned.push(CString::new(*argument)?);
    }
    let mut argv: Vec<*mut libc::c_char> = owned.iter().map(|a| a.as_ptr().cast_mut()).collect();
    argv.push(ptr::null_mut());

    let mut spawning = Spawning::new()?;
    for (fd, flags) in [(0, libc::O_RDONLY), (1, libc::O_WRONLY), (2, libc::O_WRONLY)] {
        // SAFETY: `actions` was initialised, and the path is a NUL-terminated constant.
        check(unsafe {
            libc::posix_spawn_file_actions_addopen(&raw mut spawning.actions, fd, c"/dev/null".as_ptr(), flags, 0)
        })?;
    }
    let mut pid: libc::pid_t = 0;
    // SAFETY: `argv` ends in NULL and its strings live in `owned` until after the call; `environ` is
    // the process's own and nothing in this single-threaded moment changes it; both attribute
    // objects were initialised.
    check(unsafe {
        libc::posix_spawn(
            &raw mut pid,
            path.as_ptr(),
            &raw const spawning.actions,
            &raw const spawning.attributes,
            argv.as_ptr(),
            environ.cast(),
        )
    })?;
    Ok(u32::try_from(pid).unwrap_or_default())
}

unsafe extern "C" {
    static mut environ: *const *const libc::c_char;
}

struct Spawning {
    actions: libc::posix_spawn_file_actions_t,
    attributes: libc::posix_spawnattr_t,
}

impl Spawning {
    fn new() -> io::Result<Box<Self>> {
        // POSIX_SPAWN_SETSID is not in the libc crate for every system; the values are those of
        // glibc, musl (0x80) and macOS (0x400).
        const SETSID: libc::c_short = if cfg!(target_os = "macos") { 0x0400 } else { 0x80 };
        // SAFETY: both types are plain C data that the init functions fill in before any use; the
        // box keeps their address until they are destroyed.
        unsafe {
            let mut new: Box<Self> = Box::new(std::mem::zeroed());
            check(libc::posix_spawn_file_actions_init(&raw mut new.actions))?;
            check(libc::posix_spawnattr_init(&raw mut new.attributes))?;
            check(libc::posix_spawnattr_setflags(&raw mut new.attributes, SETSID))?;
            Ok(new)
        }
    }
}

impl Drop for Spawning {
    fn drop(&mut self) {
        // SAFETY: both were initialised in `new`, which is the only way to make one.
        unsafe {
            libc::posix_spawn_file_actions_destroy(&raw mut self.actions);
            libc::posix_spawnattr_destroy(&raw mut self.attributes);
        }
    }
}

fn check(status: libc::c_int) -> io::Result<()> {
    if status == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(status)) }
}
