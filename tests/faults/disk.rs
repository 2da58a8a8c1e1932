//! Disks that are full, and disks that break.

use std::io::Write;
use std::path::{Path, PathBuf};

use claude_craft::sync::outcome::{End, Refusal};

use super::{comes_right, force_by, skipped, still_there};
use crate::common::desk::{Desk, Item};
use crate::common::{Forced, Pair, read, write};

/// A small filesystem of its own; it goes with this value.
struct Disk<'p> {
    pair: &'p Pair,
    at: PathBuf,
}

impl<'p> Disk<'p> {
    /// Puts the folder `at` with all it holds on a disk of its own; `None` where this user may mount nothing.
    fn under(pair: &'p Pair, at: &Path) -> Option<Self> {
        let aside = at.with_extension("aside");
        let run = |program: &str, words: &[&str]| {
            let mut command = pair.command(program, pair.root());
            command.args(words);
            pair.run(command, b"").code == 0
        };
        let (from, to) = (aside.to_str().unwrap(), at.to_str().unwrap());
        std::fs::rename(at, &aside).unwrap();
        std::fs::create_dir(at).unwrap();
        let mounted = run("mount", &["-t", "tmpfs", "-o", "size=4m,mode=700", "none", to]);
        assert!(run("cp", &["-a", &format!("{from}/."), to]));
        if !mounted {
            skipped("no filesystem can be mounted here");
        }
        mounted.then(|| Self { pair, at: at.to_owned() })
    }

    /// Leaves `free` bytes.
    fn leave(&self, free: u64) {
        let mut filler = std::fs::File::options().append(true).create(true).open(self.at.join("filler")).unwrap();
        while filler.write_all(&[b'x'; 4096]).is_ok() {}
        let size = filler.metadata().unwrap().len();
        filler.set_len(size.saturating_sub(free)).unwrap();
    }

    fn free(&self) {
        std::fs::remove_file(self.at.join("filler")).unwrap();
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let mut command = self.pair.command("umount", self.pair.root());
        command.args(["-l", self.at.to_str().unwrap()]);
        self.pair.run(command, b"");
    }
}

#[test]
fn a_disk_that_is_full_at_any_point_loses_nothing_and_is_named() {
    let pair = Pair::busy();
    write(pair.a.join(".git/info/exclude"), "/filler\n");
    let Some(disk) = Disk::under(&pair, &pair.a) else { return };
    let mut told = 0;
    let mut ended = 0;
    for free in (0..16).map(|step| step * 20_480) {
        disk.leave(free);
        let forced = Forced::parse(force_by(&pair, &["env"], &format!("{free} bytes free")));
        still_there(&pair, &format!("{free} bytes free"));
        told += usize::from(matches!(forced.report.end, End::Refused { kind: Refusal::DiskFull, .. }));
        ended += usize::from(forced.report.end == End::Done);
    }
    assert!(told > 1, "it was never said that the disk is full");
    assert!(ended > 0, "it never went through");
    disk.free();
    comes_right(&pair, "when there is room");
    assert_eq!(pair.remote_file("theirs.txt"), "theirs\n");
}

#[test]
fn a_full_disk_below_our_own_folder_keeps_no_work_back() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let Some(disk) = Disk::under(&pair, &pair.home().join(".claude")) else { return };
    disk.leave(0);
    pair.session_end(&pair.a, "s");
    pair.wait_until_quiet();
    force_by(&pair, &["env"], "no room for the state");
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    disk.free();
    write(pair.a.join("more.txt"), "more\n");
    pair.session_end(&pair.a, "t");
    pair.wait_for_worker(&pair.a);
    comes_right(&pair, "when there is room");
}

/// What breaks every call of one kind on files whose path holds a text, with the error that a broken disk gives.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int hit(const char *op, const char *path) {
    const char *o = getenv("FAULT_OP"), *p = getenv("FAULT_PATH"), *seen = getenv("FAULT_SEEN");
    if (!o || !p || !seen || strcmp(o, op) || !path) return 0;
    char whole[8192];
    if (path[0] != '/') {
        char here[4096];
        if (!getcwd(here, sizeof here)) return 0;
        snprintf(whole, sizeof whole, "%s/%s", here, path);
        path = whole;
    }
    if (!strstr(path, p)) return 0;
    long fd = syscall(SYS_openat, AT_FDCWD, seen, O_CREAT | O_WRONLY, 0600);
    if (fd >= 0) syscall(SYS_close, fd);
    errno = EIO;
    return 1;
}
static int hit_fd(const char *op, int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return hit(op, path);
}
#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
ssize_t write(int fd, const void *b, size_t n) { REAL(write); return hit_fd("write", fd) ? -1 : real(fd, b, n); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(pwrite64); return hit_fd("write", fd) ? -1 : real(fd, b, n, o); }
ssize_t read(int fd, void *b, size_t n) { REAL(read); return hit_fd("read", fd) ? -1 : real(fd, b, n); }
int fsync(int fd) { REAL(fsync); return hit_fd("fsync", fd) ? -1 : real(fd); }
int rename(const char *a, const char *b) { REAL(rename); return hit("rename", b) ? -1 : real(a, b); }
int unlink(const char *a) { REAL(unlink); return hit("unlink", a) ? -1 : real(a); }
int open(const char *path, int flags, ...) {
    va_list l; va_start(l, flags); int mode = va_arg(l, int); va_end(l);
    REAL(open); return (flags & O_CREAT) && hit("create", path) ? -1 : real(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list l; va_start(l, flags); int mode = va_arg(l, int); va_end(l);
    REAL(open64); return (flags & O_CREAT) && hit("create", path) ? -1 : real(path, flags, mode);
}
"#;

/// Builds the shim; `None` where there is no compiler.
fn shim(pair: &Pair) -> Option<PathBuf> {
    let (source, library) = (pair.path("shim.c"), pair.path("shim.so"));
    write(&source, SHIM);
    let mut which = pair.command("sh", pair.root());
    which.args(["-c", "command -v cc"]);
    if pair.run(which, b"").code != 0 {
        skipped("there is no C compiler");
        return None;
    }
    let mut command = pair.command("cc", pair.root());
    command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl");
    pair.run(command, b"").ok();
    Some(library)
}

/// What breaks, and where.
const BROKEN: [(&str, &str); 12] = [
    ("write", "/a/.git/objects/"),
    ("write", "/a/.git/index"),
    ("write", "/a/.git/refs/"),
    ("rename", "/a/.git/refs/heads/"),
    ("rename", "/a/.git/refs/remotes/"),
    ("write", "/a/.git/craft/index"),
    ("write", "/a/.git/craft/run.json"),
    ("fsync", "/a/.git/craft/"),
    ("rename", "/a/.git/craft/journal.json"),
    ("create", "/a/theirs.txt"),
    ("write", "/a/two.txt"),
    ("rename", "auto-sync-state.json"),
];

#[test]
fn a_disk_that_breaks_at_any_point_loses_nothing() {
    let mut library = None;
    for (op, path) in BROKEN {
        let what = format!("{op} of {path}");
        let pair = Pair::busy();
        if library.is_none() {
            let Some(built) = shim(&pair) else { return };
            library = Some(std::fs::read(built).unwrap());
        }
        let shim = pair.path("shim.so");
        write(&shim, library.as_ref().unwrap());
        let seen = pair.path("seen");
        let set = [
            format!("LD_PRELOAD={}", shim.display()),
            format!("FAULT_OP={op}"),
            format!("FAULT_PATH={path}"),
            format!("FAULT_SEEN={}", seen.display()),
        ];
        let by: Vec<&str> = std::iter::once("env").chain(set.iter().map(String::as_str)).collect();
        force_by(&pair, &by, &what);
        pair.wait_until_quiet();
        assert!(seen.exists(), "{what}: nothing of that kind was done");
        still_there(&pair, &what);
        comes_right(&pair, &what);
        assert_eq!(pair.remote_file("theirs.txt"), "theirs\n", "{what}");
    }
}

#[test]
fn a_pull_of_the_beacon_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room() {
    let (a, b, big) = (".claude/planning/a.md", ".claude/planning/b.md", ".claude/implementation/big.bin");
    let lines = "1\n2\n3\n4\n5\n6\n7\n";
    let (ours, theirs) = (lines.replace("2\n", "ours\n"), lines.replace("6\n", "theirs\n"));
    let merged = ours.replace("6\n", "theirs\n");
    let desk = Desk::new();
    desk.post(&[Item::new(a, lines), Item::new(b, "b")]);
    desk.pull();
    write(desk.a.join(a), &ours);
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    desk.post(&[Item::new(a, &theirs).from(lines), Item::gone(b).from("b"), Item::new(big, &bytes)]);
    let Some(disk) = Disk::under(&desk, &desk.a) else { return };
    let mut told = 0;
    for free in (0..8).map(|step| step * 16_384) {
        disk.leave(free);
        let ran = desk.craft(&desk.a, &["beacon", "pull"]);
        assert!((0..=6).contains(&ran.code) && !ran.stderr.contains("panicked"), "{free} bytes free: {ran:?}");
        told += usize::from(ran.stderr.contains("No space left") || ran.stderr.contains("full"));
        let here = desk.text(a);
        assert!(here == ours || here == merged, "{free} bytes free: {here:?}");
        assert!(desk.kept().contains(&b"b".to_vec()), "{free} bytes free: the other file is lost");
    }
    assert!(told > 0, "it was never said that the disk is full");
    disk.free();
    desk.craft(&desk.a, &["beacon", "pull"]).ok();
    assert_eq!((desk.text(a), desk.text(b)), (merged, "-".into()));
    assert!(read(desk.a.join(big)) == bytes && !desk.a.join(".claude/sync/.stage").exists());
    desk.whole();
}
