"""Measures hooks, worker and status beside their yardsticks, and writes docs/benchmarks.md.

Every case is a process started with posix_spawn and awaited with wait4; cases that are compared run
in turns (one run of each, then the next run of each), so that a busy moment hits all of them. What is
reported is the median and its ratio to the yardstick's median of the same run.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(TOP, "bin")
HERE = os.path.join(TOP, "scripts", "bench")
DOCUMENT = os.path.join(TOP, "docs", "benchmarks.md")
READING = "## Reading it"
EVENTS = {"start": "SessionStart", "end": "SessionEnd", "prompt": "UserPromptSubmit", "stop": "Stop"}
PROGRAMS = {"start": "craft-session-start", "end": "craft-session-end", "prompt": "craft-prompt-sync", "stop": "craft-stop"}
BOOK = os.path.join(TOP, "tests", "fixtures", "para", "seed-executing.md")


class Fault(Exception):
    """The measurement would not measure what it says."""


def base_env(home):
    return {
        "PATH": os.environ["PATH"], "HOME": home, "USER": "bench", "GIT_CONFIG_NOSYSTEM": "1",
        "CLAUDE_PID": str(os.getpid()), "LC_ALL": "C",
    }


def spawn(argv, env, cwd, payload=None):
    """Runs one process; (seconds, exit code)."""
    if payload is None:
        stdin = os.open("/dev/null", os.O_RDONLY)
    else:
        stdin, write = os.pipe()
        os.write(write, payload)
        os.close(write)
    null = os.open("/dev/null", os.O_WRONLY)
    actions = [(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
    here = os.getcwd()
    os.chdir(cwd)
    begun = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=actions)
    _, status, _ = os.wait4(pid, 0)
    took = time.perf_counter() - begun
    os.chdir(here)
    os.close(stdin)
    os.close(null)
    return took, os.waitstatus_to_exitcode(status)


class Case:
    """Something to measure: `prepare` runs before each run, unmeasured."""

    def __init__(self, name, argv, env, cwd, payload=None, prepare=None, after=None, codes=(0,)):
        self.name, self.argv, self.env, self.cwd, self.payload = name, argv, env, cwd, payload
        self.prepare, self.after, self.codes = prepare, after, codes
        self.times = []

    def once(self, keep=True):
        if self.prepare:
            self.prepare()
        took, code = spawn(self.argv, self.env, self.cwd, self.payload)
        if code not in self.codes:
            raise Fault(f"{self.name}: exit code {code}")
        if self.after:
            self.after()
        if keep:
            self.times.append(took)

    @property
    def median(self):
        return statistics.median(self.times)


def measure(cases, runs):
    for _ in range(2):
        for case in cases:
            case.once(keep=False)
    for _ in range(runs):
        for case in cases:
            case.once()


def git(folder, *arguments, stdin=None, env=None):
    done = subprocess.run(["git", *arguments], cwd=folder, env=env, input=stdin, capture_output=True)
    if done.returncode:
        raise Fault(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode(errors="replace").strip()


def name_of(index):
    return f"d{index // 1000:03d}/e{index // 100 % 10}/f{index:06d}.txt"


def make_remote(folder, files, env):
    """A bare repository with `files` files, from fast-import."""
    os.makedirs(folder)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", env=env)
    parts = ["commit refs/heads/main\ncommitter B <b@example.com> 1700000000 +0000\ndata 5\nfirst\n"]
    for index in range(files):
        body = f"file {index}\n" * 12
        parts.append(f"M 100644 inline {name_of(index)}\ndata {len(body)}\n{body}\n")
    git(folder, "fast-import", "--quiet", stdin="".join(parts).encode(), env=env)


class Bed:
    """One enrolled clone of a remote of its own, with a home of its own."""

    def __init__(self, top, name, files, settings=None):
        self.home = os.path.join(top, name)
        self.remote = os.path.join(self.home, "remote.git")
        self.clone = os.path.join(self.home, "clone")
        self.craft = os.path.join(self.home, ".claude", "craft")
        os.makedirs(self.home)
        with open(os.path.join(self.home, ".gitconfig"), "w") as file:
            file.write("[user]\n\tname = B\n\temail = b@example.com\n")
        self.env = base_env(self.home)
        self.files, self.turn = files, 0
        make_remote(self.remote, files, self.env)
        git(self.home, "clone", "--quiet", self.remote, "clone", env=self.env)
        # Files written in the same second as the index are read again by every `git status`.
        time.sleep(1.1)
        git(self.clone, "status", "--porcelain", env=self.env)
        self.configure(settings)

    def configure(self, settings):
        if settings is None:
            return
        self.craft_in(self.clone, "auto-sync", "enable")
        path = os.path.join(self.craft, "config.json")
        with open(path) as file:
            config = json.load(file)
        triggers = config.setdefault("autoSync", {}).setdefault("triggers", {})
        for trigger, fields in settings.items():
            triggers.setdefault(trigger, {}).update(fields)
        with open(path, "w") as file:
            json.dump(config, file)

    def payload(self, hook, cwd=None, answer="It is done, and the tests pass."):
        extra = {
            "start": {"source": "startup"}, "end": {"reason": "other"}, "prompt": {"prompt": "Go on, please."},
            "stop": {"stop_hook_active": False, "last_assistant_message": answer},
        }
        event = {
            "session_id": "0b3a7c1e-bench", "transcript_path": f"{self.home}/t.jsonl", "cwd": cwd or self.clone,
            "hook_event_name": EVENTS[hook], **extra[hook],
        }
        return (json.dumps(event) + "\n").encode()

    def hook(self, name, hook, worker="/bin/true", env=None, **more):
        env = {**self.env, "CRAFT_WORKER": worker, **(env or {})}
        return Case(name, [f"{BIN}/{PROGRAMS[hook]}"], env, self.clone, self.payload(hook), **more)

    def planned(self, hook, answer=""):
        """The hook in a repository that is not enrolled and has a plan under way, and a fresh book for each run."""
        top = os.path.join(self.home, "planned")
        book = os.path.join(top, "context", "context.md")
        if not os.path.isdir(top):
            os.makedirs(os.path.dirname(book))
            git(top, "init", "--quiet", env=self.env)
        case = Case("", [f"{BIN}/{PROGRAMS[hook]}"], self.env, top, self.payload(hook, top, answer),
                    prepare=lambda: shutil.copyfile(BOOK, book))

        def ticked():
            with open(book) as file:
                if ("- [x]" in file.read()) != bool(answer):
                    raise Fault(f"the {hook} hook ticked what it should not, or not what it should")

        case.after = ticked
        return case

    def mailed(self):
        """The start hook in a repository that is not enrolled, where a file from another environment waits."""
        ours, theirs = (os.path.join(self.home, side) for side in ("Code", "Desktop"))
        remote = os.path.join(self.home, "mail.git")
        git(self.home, "init", "--quiet", "--bare", remote, env=self.env)
        for side in (ours, theirs):
            git(self.home, "clone", "--quiet", remote, side, env=self.env)
            self.craft_in(side, "beacon", "init", "--as", os.path.basename(side))
        with open(os.path.join(theirs, ".claude", "planning", "plan.md"), "w") as file:
            file.write("# A plan\n")
        self.craft_in(theirs, "beacon", "push")
        self.craft_in(ours, "beacon", "status")
        argv, payload = [f"{BIN}/{PROGRAMS['start']}"], self.payload("start", ours)
        said = subprocess.run(argv, cwd=ours, env=self.env, input=payload, capture_output=True).stdout.decode()
        if "1 file waits from Desktop" not in said:
            raise Fault(f"the start hook did not tell what waits: {said}")
        return Case("", argv, self.env, ours, payload)

    def craft_in(self, folder, *words):
        done = subprocess.run([f"{BIN}/craft", *words], cwd=folder, env=self.env, capture_output=True)
        if done.returncode:
            raise Fault(f"craft {' '.join(words)}: {done.stderr.decode()}{done.stdout.decode()}")

    def queued(self):
        folder = os.path.join(self.craft, "queue")
        return [os.path.join(folder, f) for f in os.listdir(folder)] if os.path.isdir(folder) else []

    def empty_queue(self):
        """Leaves neither request nor session, as it is when the next session begins."""
        for path in self.queued():
            os.remove(path)
        sessions = os.path.join(self.craft, "sessions")
        for name in os.listdir(sessions) if os.path.isdir(sessions) else []:
            os.remove(os.path.join(sessions, name))

    def queue_one(self, hook):
        """A request in the queue, put there by the hook itself, and no worker."""
        self.empty_queue()
        spawn([f"{BIN}/{'craft-session-start' if hook == 'start' else 'craft-prompt-sync'}"],
              {**self.env, "CRAFT_WORKER": "/bin/true"}, self.clone, self.payload(hook))
        if len(self.queued()) != 1:
            raise Fault(f"the {hook} hook queued {len(self.queued())} requests")

    def incoming(self):
        """A commit on the remote that changes one file."""
        self.turn += 1
        body = f"incoming {self.turn}\n"
        script = (
            f"commit refs/heads/main\ncommitter C <c@example.com> {1700000000 + self.turn} +0000\n"
            f"data 8\nincoming\nfrom refs/heads/main^0\nM 100644 inline {name_of(0)}\ndata {len(body)}\n{body}\n"
        )
        git(self.remote, "fast-import", "--quiet", stdin=script.encode(), env=self.env)

    def edits(self, count=10):
        for index in range(1, count + 1):
            with open(os.path.join(self.clone, name_of(index)), "a") as file:
                file.write(f"edit {self.turn}\n")

    def in_step(self):
        """The claim behind every full sync: all committed, all pushed, the incoming commit here."""
        head, tip = git(self.clone, "rev-parse", "HEAD", env=self.env), git(self.remote, "rev-parse", "main", env=self.env)
        if head != tip or git(self.clone, "status", "--porcelain", env=self.env):
            raise Fault("the sync did not end in step")
        with open(os.path.join(self.clone, name_of(0))) as file:
            if file.read() != f"incoming {self.turn}\n":
                raise Fault("the incoming commit is not here")


class Table:
    """Rows: what, its median, the yardstick, ratio, target, verdict."""

    def __init__(self, title, text):
        self.title, self.text, self.rows = title, text, []

    def add(self, what, case, yardstick, target, size=""):
        ratio = case.median / yardstick.median
        verdict = "" if target is None else ("met" if ratio <= target else "**missed**")
        wanted = "" if target is None else f"≤ {target:g}×"
        self.rows.append([size, what, milliseconds(case.median), yardstick.name, milliseconds(yardstick.median),
                          f"{ratio:.2f}×", wanted, verdict])

    def markdown(self):
        head = ["files", "what", "median", "beside", "its median", "ratio", "target", ""]
        return f"## {self.title}\n\n{self.text}\n\n" + grid(head, self.rows)


def grid(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def milliseconds(seconds):
    return f"{seconds * 1000:.2f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


PROMPT_NEVER = {"userPrompt": {"probability": 1_000_000, "debounceMs": 0}}
PROMPT_ALWAYS = {"userPrompt": {"probability": 1, "debounceMs": 0}, "sessionStart": {"budgetMs": 0}}


def bench_hooks(top, runs, size, table):
    # Three homes over clones of the same size: not enrolled, enrolled and never drawn, always drawn.
    stranger = Bed(top, f"stranger-{size}", size)
    never = Bed(top, f"never-{size}", size, PROMPT_NEVER)
    always = Bed(top, f"always-{size}", size, PROMPT_ALWAYS)
    true = Case("`/bin/true`", ["/bin/true"], stranger.env, stranger.clone)
    rows = [
        ("session start, not enrolled", stranger.hook("", "start"), 1.5),
        ("session end, not enrolled", stranger.hook("", "end"), 1.5),
        ("prompt, not enrolled", stranger.hook("", "prompt"), 1.5),
        ("prompt, enrolled, not drawn", never.hook("", "prompt"), 1.5),
        ("session start, request queued, worker started", always.hook("", "start", after=always.empty_queue), 3),
        ("session end, request queued, worker started", always.hook("", "end", after=always.empty_queue), 3),
        ("prompt, drawn, request queued, worker started", always.hook("", "prompt", after=always.empty_queue), 3),
        ("session start, not enrolled, a plan told", stranger.planned("start"), 2),
        ("session start, not enrolled, a file waits", stranger.mailed(), 2),
        ("stop, no to-do named", stranger.hook("", "stop"), 1.5),
        ("stop, a to-do ticked", stranger.planned("stop", "para: done 3"), None),
    ]
    never.hook("", "prompt").once()
    if never.queued():
        raise Fault("a prompt that is never drawn left a request")
    for hook in ("start", "end", "prompt"):
        always.hook("", hook).once()
        if not always.queued():
            raise Fault(f"the {hook} hook left no request")
        always.empty_queue()
    extra = []
    if size == 100:
        env = {**never.env}
        if shutil.which("jq"):
            extra.append(("the same prompt, bash + jq", [shutil.which("bash"), f"{HERE}/hook.sh"]))
        if shutil.which("node"):
            extra.append(("the same prompt, Node", [shutil.which("node"), f"{HERE}/hook.mjs"]))
        extra = [(what, Case("", argv, env, never.clone, never.payload("prompt"))) for what, argv in extra]
    measure([true] + [case for _, case, _ in rows] + [case for _, case in extra], runs)
    for what, case, target in rows:
        table.add(what, case, true, target, f"{size:,}")
    for what, case in extra:
        table.add(what, case, true, None, f"{size:,}")
    end = rows[5][1]
    return [f"{size:,}", milliseconds(end.median), milliseconds(max(end.times)), "< 50 ms",
            "met" if max(end.times) < 0.05 else ("met (median)" if end.median < 0.05 else "**missed**")]


def bench_sync(top, runs, size, idle, full, memory):
    bed = Bed(top, f"sync-{size}", size, PROMPT_ALWAYS)
    typed = Bed(top, f"typed-{size}", size)
    worker = [f"{BIN}/craft", "worker"]
    which = shutil.which("git")

    fetch = Case("`git fetch`", [which, "fetch", "--quiet", "origin"], typed.env, typed.clone)
    look = Case("`git status; git fetch`", ["/bin/sh", "-c", "git status --porcelain; git fetch --quiet origin"],
                typed.env, typed.clone)
    bare = Case("`git fetch` without maintenance", [which, "-c", "maintenance.auto=false", "fetch", "--quiet", "origin"],
                typed.env, typed.clone)
    pull = Case("", worker, bed.env, bed.clone, prepare=lambda: bed.queue_one("start"), after=lambda: drained(bed))
    sync = Case("", worker, bed.env, bed.clone, prepare=lambda: bed.queue_one("prompt"), after=lambda: drained(bed))
    measure([fetch, bare, look, pull, sync], runs)
    idle.add("pull, nothing new", pull, fetch, 1.3, f"{size:,}")
    idle.add("pull, nothing new", pull, bare, None, f"{size:,}")
    idle.add("sync, nothing to do", sync, fetch, 1.3, f"{size:,}")
    idle.add("sync, nothing to do", sync, look, None, f"{size:,}")

    def prepare(one):
        one.incoming()
        one.edits()

    def prepare_worker():
        prepare(bed)
        bed.queue_one("prompt")

    def check(one):
        one.in_step()

    def check_worker():
        drained(bed)
        check(bed)

    shell = Case("the commands typed", [f"{HERE}/shell-sync.sh", typed.clone], typed.env, typed.clone,
                 prepare=lambda: prepare(typed), after=lambda: check(typed))
    whole = Case("", worker, bed.env, bed.clone, prepare=prepare_worker, after=check_worker)
    measure([shell, whole], runs)
    full.add("full sync", whole, shell, 1.2, f"{size:,}")

    prepare_worker()
    own = own_memory(worker, bed.env, bed.clone)
    check_worker()
    prepare_worker()
    largest = largest_memory(top, worker, bed.env, bed.clone)
    check_worker()
    prepare(typed)
    by_hand = largest_memory(top, [f"{HERE}/shell-sync.sh", typed.clone], typed.env, typed.clone)
    check(typed)
    memory.append([f"{size:,}", mebibytes(own), mebibytes(largest), mebibytes(by_hand)])
    return bed


def largest_memory(top, argv, env, cwd):
    """Peak resident KiB of the largest process among `argv` and all its descendants."""
    peak = os.path.join(top, "peak")
    if not os.path.exists(peak):
        subprocess.run(["cc", "-O1", "-o", peak, f"{HERE}/peak.c"], check=True)
    done = subprocess.run([peak, *argv], env=env, cwd=cwd, capture_output=True)
    if done.returncode:
        raise Fault(f"{argv[0]}: exit code {done.returncode}")
    return int(done.stdout.split()[-1])


def drained(bed):
    left = [path for path in bed.queued() if path.endswith(".json")]
    if left:
        raise Fault(f"the worker left {len(left)} requests")


def mebibytes(kib):
    return f"{kib / 1024:.1f} MiB"


def own_memory(argv, env, cwd):
    """Peak resident KiB of the process itself, its children excepted; 0 where /proc does not tell."""
    child = subprocess.Popen(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    peak = 0

    def watch():
        nonlocal peak
        while child.returncode is None:
            try:
                with open(f"/proc/{child.pid}/status") as file:
                    for line in file:
                        if line.startswith("VmHWM"):
                            peak = max(peak, int(line.split()[1]))
            except OSError:
                return
            time.sleep(0.0005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    child.wait()
    watcher.join()
    return peak


def bench_status(bed, runs, size, rows):
    true = Case("`/bin/true`", ["/bin/true"], bed.env, bed.clone)
    # A status that is out of date has a worker look anew, in the background: not while we measure.
    env = {**bed.env, "CRAFT_WORKER": "/bin/true"}
    status = Case("status", [f"{BIN}/craft", "auto-sync", "status"], env, bed.clone)
    payload = json.dumps({"session_id": "bench", "cwd": bed.clone, "version": "2"}).encode() + b"\n"
    line = Case("status line", [f"{BIN}/craft", "statusline"], {**env, "COLUMNS": "120"}, bed.clone, payload)
    measure([true, status, line], runs)
    for what, case, most in [("`craft auto-sync status`", status, 10), ("`craft statusline`", line, 5)]:
        rows.append([f"{size:,}", what, milliseconds(case.median), f"{case.median / true.median:.2f}×", f"≤ {most} ms",
                     "met" if case.median <= most / 1000 else "**missed**"])


def document(arguments, hooks, ends, idle, full, status, memory):
    version = git(TOP, "--version").split()[2]
    kernel = ".".join(platform.release().split(".")[:2])
    try:
        with open(DOCUMENT) as file:
            reading = file.read().partition(READING)[2]
    except OSError:
        reading = "\n"
    return "\n".join([
        "# Benchmarks",
        "",
        "What the suite costs, as ratios from one run: seconds say more about a machine than about a program.",
        "`scripts/bench.sh` measures and writes this file (the last section is written by hand and kept);",
        "`scripts/bench.sh --quick` is a smoke run, `--help` tells how to change the number of runs.",
        "",
        f"Machine: {os.cpu_count()} cores, {platform.system()} {kernel}, {platform.machine()}, git {version}, "
        f"load average {os.getloadavg()[2]:.1f}. "
        f"Runs: {arguments.hook_runs} a hook, {arguments.sync_runs} a sync (a third of that on 100,000 files).",
        "",
        "Each case is a process started with `posix_spawn` and awaited with `wait4`; cases that are compared run in",
        "turns; a ratio is that of the medians. Remotes are bare repositories on the same disk, which is the hardest",
        "yardstick: any network makes the fetch slower and the ratio better. After each sync the harness checks that",
        "everything is committed, pushed and received, and stops if it is not.",
        "",
        hooks.markdown(),
        "## SessionEnd in absolute time\n",
        "The client gives all SessionEnd hooks together about 1.5 s. Ours, with a request queued and the worker started:\n",
        grid(["files", "median", "slowest run", "target", ""], ends),
        idle.markdown(),
        full.markdown(),
        "## Status\n",
        "Both read recorded state only, and start no git.\n",
        grid(["files", "what", "median", "beside `/bin/true`", "target", ""], status),
        "## Memory\n",
        "Peak resident size during a full sync. The worker's own, from the kernel's high-water mark; then the largest",
        "single process of all, the worker or one of its gits; then the same for the commands typed.\n",
        grid(["files", "worker", "largest process of a sync", "largest process, typed"], memory),
        READING,
    ]) + (reading or "\n")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few runs on few files; prints, writes nothing")
    parser.add_argument("--no-build", action="store_true", help="measure what is in bin/ already")
    parser.add_argument("--hook-runs", type=int, default=300, metavar="N", help="runs a hook (300)")
    parser.add_argument("--sync-runs", type=int, default=30, metavar="N", help="runs a sync (30)")
    parser.add_argument("--sizes", default="100,10000,100000", metavar="LIST", help="numbers of files (100,10000,100000)")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.hook_runs, arguments.sync_runs, arguments.sizes = 20, 3, "100,1000"

    hooks = Table("Hooks", "Each executable as the client runs it: JSON on a pipe, no shell. `CRAFT_WORKER` is "
                  "`/bin/true`, so that only the hook is measured. Bash and Node run `scripts/bench/hook.*`, which ask "
                  "the same questions.")
    idle = Table("Nothing to do", "The worker with one request in its queue, and nothing to commit, to receive or to "
                 "send. A pull is compared with `git fetch` alone, as people have it. What it contains is a fetch "
                 "without the look whether maintenance is due, with which git ends its own, so it stands beside that as "
                 "well. A sync must also look at the working tree, so it stands beside `git status` and `git fetch` too.")
    full = Table("A full sync", "Ten changed files are committed, one incoming commit is fetched and merged, the result "
                 "is pushed. The yardstick is `scripts/bench/shell-sync.sh`: `git status`, `add`, `commit`, `fetch`, "
                 "`merge`, `push`. The worker does the same, and keeps a snapshot, passes the gate, tries the merge in "
                 "memory, journals and records.")
    ends, status, memory = [], [], []
    top = os.path.realpath(tempfile.mkdtemp(prefix="craft-bench-"))
    try:
        for size in [int(s) for s in arguments.sizes.split(",")]:
            print(f"bench: {size:,} files", file=sys.stderr, flush=True)
            runs = max(3, arguments.sync_runs // (3 if size >= 100_000 else 1))
            ends.append(bench_hooks(top, arguments.hook_runs, size, hooks))
            bed = bench_sync(top, runs, size, idle, full, memory)
            bench_status(bed, arguments.hook_runs // 3, size, status)
            for name in os.listdir(top):
                if os.path.isdir(os.path.join(top, name)):
                    shutil.rmtree(os.path.join(top, name))
    except Fault as fault:
        sys.exit(f"bench: {fault}")
    finally:
        shutil.rmtree(top, ignore_errors=True)
    text = document(arguments, hooks, ends, idle, full, status, memory)
    if arguments.quick:
        print(text.partition(READING)[0])
    else:
        with open(DOCUMENT, "w") as file:
            file.write(text)
        print(f"bench: {os.path.relpath(DOCUMENT, TOP)} is written")


if __name__ == "__main__":
    main()
