#!/usr/bin/env python3
"""Measures `craft scan` beside other secret scanners: recall, false blocks and speed, in one run.

    scripts/bench/scan_peers.py                     what is installed in target/tools, and ours
    scripts/bench/scan_peers.py --install           installs the peers into target/tools first
    scripts/bench/scan_peers.py --seed 1 --list     a seed for tuning, with the cases that ours got wrong

The corpus and the tree are made by `cargo run --example corpus`. Every scanner gets the same files; a file
counts as blocked when the scanner's report names it (ours: with a finding that blocks). CPU seconds are those
of the process and of what it started, from wait4. What is printed is a Markdown table.
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT = 300  # seconds of a run; a scanner that needs longer is stopped, and the table says so
TOOLS = os.path.join(TOP, "target", "tools")
CASE = re.compile(r"cases[/\\]+(\d{4})[/\\]")
SECRETLINT = {"rules": [{"id": "@secretlint/secretlint-rule-preset-recommend"}]}


def venv(name):
    return os.path.join(TOOLS, "venv", "bin", name)


def node(name):
    return os.path.join(TOOLS, "node", "node_modules", ".bin", name)


class Scanner:
    """How a scanner is called on a folder, and how its version is asked for."""

    def __init__(self, name, program, arguments, version=("--version",), blocked=None):
        self.name, self.program, self.arguments = name, program, arguments
        self.version_arguments = version
        self.blocked = blocked or (lambda report: set(CASE.findall(report)))

    def version(self, env):
        done = subprocess.run([self.program, *self.version_arguments], env=env, capture_output=True, text=True)
        found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
        return found.group(0) if found else "?"

    def run(self, folder, env):
        """(CPU seconds, wall seconds, peak MB, report) of one scan of `folder`, which is named relatively."""
        parent, name = os.path.split(folder)
        argv = [self.program, *(a.replace("{}", name) for a in self.arguments)]
        with tempfile.TemporaryFile() as report:
            begun = time.perf_counter()
            process = subprocess.Popen(
                argv, cwd=parent, env=env, stdin=subprocess.DEVNULL, stdout=report, stderr=subprocess.DEVNULL
            )
            stop = threading.Timer(LIMIT, process.kill)
            stop.start()
            _, status, usage = os.wait4(process.pid, 0)
            stop.cancel()
            took = time.perf_counter() - begun
            process.returncode = os.waitstatus_to_exitcode(status)
            report.seek(0)
            text = report.read().decode("utf-8", "replace")
        return usage.ru_utime + usage.ru_stime, took, usage.ru_maxrss / 1024, text


def ours_blocked(report):
    """Cases with a finding that blocks. A finding is any object that names a file of a case."""
    blocked = set()

    def walk(value):
        if isinstance(value, dict):
            severity = str(value.get("severity", "critical")).lower()
            files = [v for k, v in value.items() if k in ("file", "path") and isinstance(v, str)]
            if severity in ("critical", "error", "block", "blocks"):
                blocked.update(number for file in files for number in CASE.findall(file))
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    for text in [report] if report.lstrip().startswith(("{\n", "[")) else report.splitlines() or [report]:
        try:
            walk(json.loads(text))
        except ValueError:
            continue
    return blocked


def scanners(craft):
    return [
        Scanner("craft scan", craft, ["scan", "--json", "{}"], blocked=ours_blocked),
        Scanner(
            "kingfisher", venv("kingfisher"), ["scan", "{}", "--no-validate", "--format", "json", "--git-history", "none"]
        ),
        Scanner("detect-secrets", venv("detect-secrets"), ["scan", "--all-files", "--no-verify", "{}"]),
        Scanner("ripsecrets", os.path.join(TOOLS, "bin", "ripsecrets"), ["{}"]),
        Scanner("keyspoor", os.path.join(TOOLS, "bin", "keyspoor"), ["scan", "{}"]),
        Scanner("gitleaks", os.path.join(TOOLS, "bin", "gitleaks"), ["dir", "{}", "-f", "json", "-r", "-"], ("version",)),
        Scanner(
            "secretlint",
            node("secretlint"),
            ["--format", "unix", "--secretlintrc", os.path.join(TOOLS, "secretlintrc.json"), "{}/**/*"],
        ),
    ]


def install():
    """Each from its own registry; one that cannot be installed is left out of the table."""
    os.makedirs(os.path.join(TOOLS, "node"), exist_ok=True)
    with open(os.path.join(TOOLS, "node", "package.json"), "w", encoding="utf-8") as file:
        file.write('{"private": true}\n')
    python = os.path.join(TOOLS, "venv")
    cargo = ["cargo", "install", "--root", TOOLS, "--target-dir", os.path.join(TOOLS, "build")]
    for argv, folder in [
        ([sys.executable, "-m", "venv", python], TOOLS),
        ([venv("pip"), "install", "--quiet", "detect-secrets", "kingfisher-bin"], TOOLS),
        (["npm", "install", "--silent", "secretlint", "@secretlint/secretlint-rule-preset-recommend"], os.path.join(TOOLS, "node")),
        ([*cargo, "ripsecrets"], TOOLS),
        ([*cargo, "keyspoor"], TOOLS),
    ]:
        if shutil.which(argv[0]) is None or subprocess.run(argv, cwd=folder).returncode != 0:
            print(f"scan_peers: left out: {' '.join(argv)}", file=sys.stderr)


def make(folder, *arguments):
    argv = ["cargo", "run", "--quiet", "--all-features", "--example", "corpus", "--", folder, *arguments]
    subprocess.run(argv, cwd=TOP, check=True, stdout=subprocess.DEVNULL)


def size(folder):
    """MB of the files under it."""
    return sum(
        os.path.getsize(os.path.join(parent, name)) for parent, _, names in os.walk(folder) for name in names
    ) / 1e6


def shares(manifest, blocked):
    """Percent blocked, by tier and of all positives."""
    percent = {}
    for tier in ["T1", "T2", "T3", "LookAlike"]:
        cases = [case for case in manifest if case["tier"] == tier]
        percent[tier] = 100 * sum(case["case"] in blocked for case in cases) / len(cases)
    positive = [case for case in manifest if case["blocks"]]
    percent["recall"] = 100 * sum(case["case"] in blocked for case in positive) / len(positive)
    return percent


def history(craft, tree, top, env):
    """A whole history of one commit, scanned twice: the second time all clean objects are known."""
    env = {**env, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for argv in [["init", "-q"], ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "-m", "x"]]:
        subprocess.run(["git", *argv], cwd=tree, env=env, check=True)
    ours = Scanner("craft scan", craft, ["scan", "-C", "{}", "--history"])
    runs = [ours.run(tree, env)[:2] for _ in range(2)]
    first, again = (f"{took * 1000:.0f} ms ({cpu * 1000:.0f} ms of CPU, with that of git)" for cpu, took in runs)
    print(f"\n`craft scan --history` over the same tree as one commit: {first}; once more: {again}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", action="store_true", help="install the peers into target/tools")
    parser.add_argument("--craft", default=os.path.join(TOP, "bin", "craft"), help="our executable (default: bin/craft)")
    parser.add_argument("--seed", type=int, default=1_000_001, help="1000000 and above: contexts held out from tuning")
    parser.add_argument("--bytes", type=int, default=60_000_000, help="size of the tree for speed")
    parser.add_argument("--only", default="", help="names of scanners, with commas")
    parser.add_argument("--list", action="store_true", help="name the cases that our scanner got wrong")
    parser.add_argument("--no-speed", action="store_true")
    options = parser.parse_args()
    if options.install:
        install()
    os.makedirs(TOOLS, exist_ok=True)
    with open(os.path.join(TOOLS, "secretlintrc.json"), "w", encoding="utf-8") as file:
        json.dump(SECRETLINT, file)
    chosen = [s for s in scanners(os.path.abspath(options.craft)) if not options.only or s.name in options.only.split(",")]
    with tempfile.TemporaryDirectory() as top:
        env = {"PATH": os.environ["PATH"], "HOME": os.path.join(top, "home"), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
        corpus, tree, empty = (os.path.join(top, name) for name in ["corpus", "tree", "empty"])
        for folder in [env["HOME"], empty]:
            os.mkdir(folder)
        with open(os.path.join(empty, "a.txt"), "w", encoding="utf-8") as file:
            file.write("nothing\n")
        make(corpus, str(options.seed))
        with open(os.path.join(corpus, "manifest.json"), encoding="utf-8") as file:
            manifest = json.load(file)
        count = sum(case["blocks"] for case in manifest)
        if not options.no_speed:
            make(tree, str(options.seed), "--tree", str(options.bytes))
            megabytes = size(tree)
            print(f"Tree: {megabytes:.0f} MB. ", end="")
        print(f"Corpus: seed {options.seed}, {count} positives, {len(manifest) - count} look-alikes.\n")
        print("| scanner | T1 | T2 | T3 | recall | false blocks | MB per CPU second | CPU s | start-up, CPU ms | peak MB |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        wrong = []
        for scanner in chosen:
            if not os.access(scanner.program, os.X_OK):
                continue
            report = scanner.run(os.path.join(corpus, "cases"), env)[3]
            blocked = scanner.blocked(report)
            if not blocked:
                print(f"scan_peers: {scanner.name} named no file at all: was it called rightly?", file=sys.stderr)
            percent = shares(manifest, blocked)
            row = [f"{scanner.name} {scanner.version(env)}"]
            row += [f"{percent[key]:.1f} %" for key in ["T1", "T2", "T3", "recall", "LookAlike"]]
            if options.no_speed:
                row += ["-"] * 4
            else:
                start = min(scanner.run(empty, env)[0] for _ in range(3))
                cpu, took, peak, _ = scanner.run(tree, env)
                stopped = took >= LIMIT
                row += [f"{'< ' * stopped}{megabytes / cpu:.1f}", f"{'> ' * stopped}{cpu:.2f}", f"{start * 1000:.0f}", f"{peak:.0f}"]
            print("| " + " | ".join(row) + " |", flush=True)
            if scanner is chosen[0]:
                wrong = [case["name"] for case in manifest if case["blocks"] != (case["case"] in blocked)]
        if not options.no_speed:
            history(chosen[0].program, tree, top, env)
        if options.list:
            print("\nWrong: " + chosen[0].name)
            print("\n".join(f"- {name}" for name in wrong))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
