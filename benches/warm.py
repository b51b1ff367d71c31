#!/usr/bin/env python3
"""CPU time of a build in which nothing has changed, beside ninja's and cargo's, in one run.

Makes a project of N services (one lockfile each), a ninja file of N targets and, with --cargo, a workspace of N crates, in a
temporary directory; builds each once; then times no-op runs of them in turn and prints medians of user + system time and the
median of the ratios pair by pair. Nothing is asserted: machines differ, ratios less so.

    python3 benches/warm.py [--services 142] [--runs 15] [--cargo] [--proofmark target/release/proofmark]
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile


def cpu(command, **options):
    """User + system seconds of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if done.returncode != 0:
        sys.exit(f"{command}: exit {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def proofmark_project(root, count):
    """A project of `count` services with a lockfile each, and advisories that affect none of them."""
    root.mkdir()
    lines = [
        "version = 1", '[project]\nname = "warm"', '[advisories]\nsources = ["advisories"]',
        '[trust]\nkeys = ["trust/local.pub"]', "[policy.baseline]\nmax = { critical = 0, high = 0 }",
    ]
    for at in range(count):
        name = f"service-{at:05}"
        directory = root / "src" / name
        directory.mkdir(parents=True)
        packages = {"": {"name": name, "version": "1.0.0", "dependencies": {"left": "1.0.0"}}}
        for package in range(40):
            packages[f"node_modules/package-{package}"] = {"version": f"1.{at}.{package}"}
        lock = {"name": name, "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
        (directory / "package-lock.json").write_text(json.dumps(lock, indent=2))
        after = f'depends-on = ["service-{at - 1:05}"]\n' if at % 10 else ""
        lines.append(f'[services.{name}]\npath = "src/{name}"\npolicy = "baseline"\n{after}')
    (root / "compliance.toml").write_text("\n".join(lines))
    advisories = root / "advisories" / "npm"
    advisories.mkdir(parents=True)
    record = {
        "schema_version": "1.6.0", "id": "GHSA-0000-0000-0000", "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": "npm", "name": "unrelated"},
                      "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}],
    }
    (advisories / "GHSA-0000-0000-0000.json").write_text(json.dumps(record))


def ninja_project(root, count):
    root.mkdir()
    rules = ["rule copy\n  command = cp $in $out\n"]
    for at in range(count):
        (root / f"in-{at}").write_text(str(at))
        rules.append(f"build out-{at}: copy in-{at}\n")
    (root / "build.ninja").write_text("".join(rules))


def cargo_project(root, count):
    root.mkdir()
    (root / "Cargo.toml").write_text('[workspace]\nresolver = "3"\nmembers = ["crates/*"]\n')
    for at in range(count):
        directory = root / "crates" / f"crate-{at}" / "src"
        directory.mkdir(parents=True)
        (directory / "lib.rs").write_text("")
        (directory.parent / "Cargo.toml").write_text(
            f'[package]\nname = "crate-{at}"\nversion = "0.1.0"\nedition = "2024"\n')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--services", type=int, default=142)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--cargo", action="store_true")
    parser.add_argument("--proofmark", default="target/release/proofmark")
    options = parser.parse_args()
    program = str(pathlib.Path(options.proofmark).resolve())
    with tempfile.TemporaryDirectory() as directory:
        top = pathlib.Path(directory)
        environment = dict(os.environ, PROOFMARK_CACHE_DIR=str(top / "cache"))
        proofmark_project(top / "proofmark", options.services)
        inside = {"cwd": top / "proofmark", "env": environment}
        cpu([program, "init", "--key"], **inside)
        cpu([program, "db", "import", "advisories"], **inside)
        cold = cpu([program, "build"], **inside)
        runs = {"proofmark build": ([program, "build"], inside)}
        if shutil.which("ninja"):
            ninja_project(top / "ninja", options.services)
            cpu(["ninja"], cwd=top / "ninja")
            runs["ninja"] = (["ninja"], {"cwd": top / "ninja"})
        if options.cargo:
            cargo_project(top / "cargo", options.services)
            cpu(["cargo", "check", "--offline", "--quiet"], cwd=top / "cargo")
            runs["cargo check"] = (["cargo", "check", "--offline", "--quiet"], {"cwd": top / "cargo"})
        times = {name: [] for name in runs}
        for _ in range(options.runs):
            for name, (command, where) in runs.items():
                times[name].append(cpu(command, **where))
    print(f"{options.services} services, nothing changed, {options.runs} runs in turn; CPU milliseconds (cold build {cold * 1000:.0f})")
    ours = times["proofmark build"]
    for name, taken in times.items():
        ratio = statistics.median(a / b for a, b in zip(ours, taken) if b)
        print(f"  {name:16} median {statistics.median(taken) * 1000:7.2f}  "
              f"min {min(taken) * 1000:7.2f}  max {max(taken) * 1000:7.2f}  proofmark / this {ratio:5.2f}")


if __name__ == "__main__":
    main()
