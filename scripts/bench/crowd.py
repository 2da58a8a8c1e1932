"""Measures hooks of 64 sessions at once on one repository beside one after the other.

Each wave: so many processes wait at a gate, each then runs one hook (posix_spawn to wait4) and tells how long
that took. On so many cores, most of that is waiting for a core, which /bin/true has to do as well: the ratio is
given for both, and for a load that the cores can carry (sessions that pause between two hooks). What is asked
for must lie in the queue in the end: none lost, none twice.
"""

import argparse
import json
import os
import statistics
import struct
import sys
import tempfile
import time

import bench


def percentile(times, part):
    times = sorted(times)
    return times[min(len(times) - 1, int(len(times) * part))]


def payload(cwd, session):
    event = {"session_id": session, "transcript_path": "/dev/null", "cwd": cwd, "hook_event_name": "SessionEnd",
             "reason": "prompt_input_exit"}
    return (json.dumps(event) + "\n").encode()


def crowd(processes, program, env, cwd, name, each=1, pause=0.0):
    """Lets `processes` run `program` at once, `each` times with a pause between; all times."""
    gate_read, gate_write = os.pipe()
    told_read, told_write = os.pipe()
    children = []
    for number in range(processes):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(gate_write)
                os.read(gate_read, 1)
                for turn in range(each):
                    if pause:
                        # Not all in step.
                        time.sleep(pause * ((number * 7919 + turn * 104729) % 1000) / 500)
                    took, ended = bench.spawn([program], env, cwd, payload(cwd, f"{name}-{number}-{turn}"))
                    if ended != 0:
                        os._exit(2)
                    os.write(told_write, struct.pack("d", took))
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    os.close(gate_read)
    os.close(told_write)
    time.sleep(0.2)
    os.close(gate_write)
    times = []
    while chunk := os.read(told_read, 8):
        times.append(struct.unpack("d", chunk)[0])
    os.close(told_read)
    for pid in children:
        _, status = os.waitpid(pid, 0)
        if status:
            raise bench.Fault(f"{program}: a process of the crowd failed")
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--processes", type=int, default=64)
    parser.add_argument("--waves", type=int, default=20)
    parser.add_argument("--bin", default=bench.BIN, help="folder of the executables")
    options = parser.parse_args()
    count, waves, cores = options.processes, options.waves, len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="craft-crowd-") as top:
        home, repo = os.path.join(top, "home"), os.path.join(top, "repo")
        os.makedirs(home)
        env = bench.base_env(home) | {"CRAFT_WORKER": "/bin/true"}
        bench.git(top, "init", "--quiet", "--initial-branch=main", repo, env=env)
        bench.git(repo, "-c", "user.name=B", "-c", "user.email=b@example.org", "commit", "--quiet", "--allow-empty",
                  "-m", "first", env=env)
        took, code = bench.spawn([os.path.join(options.bin, "craft"), "auto-sync", "enable"], env, repo)
        if code:
            raise bench.Fault(f"craft auto-sync enable: exit code {code}")
        hook = os.path.join(options.bin, "craft-session-end")
        rows, asked = [], 0
        for name, program in (("hook", hook), ("true", "/bin/true")):
            alone = [bench.spawn([program], env, repo, payload(repo, f"{name}-alone-{n}"))[0] for n in range(300)]
            asked += 300 if name == "hook" else 0
            median = statistics.median(alone)
            burst = [t for n in range(waves) for t in crowd(count, program, env, repo, f"{name}-burst-{n}")]
            paced = crowd(count, program, env, repo, f"{name}-paced", each=waves, pause=count * median * 4 / cores)
            asked += 2 * count * waves if name == "hook" else 0
            rows.append((name, median, percentile(alone, 0.99), percentile(burst, 0.99), percentile(paced, 0.99)))
        queued = [f for f in os.listdir(os.path.join(home, ".claude/craft/queue")) if f.endswith(".json")]
        sessions = [json.load(open(os.path.join(home, ".claude/craft/queue", f)))["session"] for f in queued]
        print(f"{count} processes, {waves} waves, {cores} cores, load average {os.getloadavg()[0]:.1f}")
        print("| what | idle median | idle p99 | p99, sessions that pause | ratio | p99, all at the same moment | ratio |")
        print("|---|---|---|---|---|---|---|")
        for name, median, idle, burst, paced in rows:
            print(f"| {name} | {median * 1e3:.2f} ms | {idle * 1e3:.2f} ms | {paced * 1e3:.2f} ms | {paced / median:.1f}x "
                  f"| {burst * 1e3:.2f} ms | {burst / median:.1f}x |")
        ours, true = rows
        print(f"all at the same moment, the hook's p99 beside that of /bin/true: {ours[3] / true[3]:.1f}x")
        print(f"requests: {asked} asked for, {len(set(sessions))} in the queue, {len(sessions) - len(set(sessions))} twice")
        if len(set(sessions)) != asked or len(sessions) != asked:
            sys.exit("crowd: a request was lost or made twice")


main()
