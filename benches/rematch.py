#!/usr/bin/env python3
"""CPU time of a build in which only the advisory database is new: every stored SBOM is matched again, none is scanned.

Makes a project of N services with a lockfile of P packages each, drawn from D distinct ones, and advisories for one package
in five; builds it; then, in turn, adds one advisory (which affects the packages named by --changed) and builds again. The
lock and the evidence of the last build are compared, byte by byte, with those of a build from nothing.

    python3 benches/rematch.py [--services 1000] [--packages 200] [--distinct 11672] [--runs 3]
"""

import argparse
import json
import os
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile

AS_OF = "2026-11-23T00:00:00Z"


def cpu(command, **options):
    """User and system seconds, and the peak memory of any child so far in KB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if done.returncode not in (0, 1):
        sys.exit(f"{command}: exit {done.returncode}\n{done.stdout.decode()[-2000:]}{done.stderr.decode()[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime, after.ru_maxrss


def record(root, number, package, fixed):
    advisory = {
        "schema_version": "1.6.0", "id": f"GHSA-{number:04}-aaaa-bbbb", "modified": f"2026-01-01T00:00:{number % 60:02}Z",
        "aliases": [f"CVE-2025-{number + 10000}"], "summary": f"a flaw of package {package}",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"}],
        "affected": [{"package": {"ecosystem": "npm", "name": f"package-{package}"},
                      "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}],
        "references": [{"type": "WEB", "url": f"https://example.com/advisories/{number}"}],
    }
    (root / f"{advisory['id']}.json").write_text(json.dumps(advisory))


def project(root, options):
    random.seed(7)
    lines = ["version = 1", '[project]\nname = "rematch"', '[advisories]\nsources = ["advisories"]',
             '[trust]\nkeys = ["trust/local.pub"]', "[policy.baseline]\nmax = { critical = 0 }"]
    for at in range(options.services):
        name = f"service-{at:05}"
        directory = root / "src" / name
        directory.mkdir(parents=True)
        packages = {"": {"name": name, "version": "1.0.0"}}
        for package in random.sample(range(options.distinct), options.packages):
            packages[f"node_modules/package-{package}"] = {"version": f"1.{package % 7}.{package % 11}"}
        lock = {"name": name, "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
        (directory / "package-lock.json").write_text(json.dumps(lock))
        lines.append(f'[services.{name}]\npath = "src/{name}"\npolicy = "baseline"')
    (root / "compliance.toml").write_text("\n".join(lines))
    advisories = root / "advisories" / "npm"
    advisories.mkdir(parents=True)
    for number, package in enumerate(range(0, options.distinct, 5)):
        # One in ten affects the versions that are in use; the others are fixed long since.
        record(advisories, number, package, "2.0.0" if number % 10 == 0 else "0.9.0")
    return advisories


def tree(root):
    """Content by path of SBOMs and slices, and of the lock without its bundles: those differ by their signatures, and the lock names
    the digest of what each of them says."""
    found = {"compliance.lock": (root / "compliance.lock").read_text()}
    for kind in ("sboms", "slices"):
        for path in (root / ".compliance" / kind).iterdir():
            found[f"{kind}/{path.name}"] = path.read_bytes()
    return found


def lock_without_bundles(text):
    return "\n".join(line for line in text.splitlines() if "bundle =" not in line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--packages", type=int, default=200)
    parser.add_argument("--distinct", type=int, default=11672)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--proofmark", default="target/release/proofmark")
    options = parser.parse_args()
    program = str(pathlib.Path(options.proofmark).resolve())
    with tempfile.TemporaryDirectory() as directory:
        top = options.keep or pathlib.Path(directory)
        root = top / "project"
        root.mkdir(parents=True)
        advisories = project(root, options)
        inside = {"cwd": root, "env": dict(os.environ, PROOFMARK_CACHE_DIR=str(top / "cache"))}
        build = [program, "-q", "build", "--as-of", AS_OF]
        cpu([program, "init", "--key"], **inside)
        cpu([program, "-q", "db", "import", "advisories"], **inside)
        user, system, _ = cpu(build, **inside)
        print(f"{options.services} services of {options.packages} packages, {options.distinct} distinct")
        print(f"  from nothing      user {user:6.2f} s  system {system:6.2f} s  {1000 * (user + system) / options.services:6.2f} ms a service")
        if options.keep:
            record(advisories, 9999, 1, "2.0.0")
            cpu([program, "-q", "db", "import", "advisories"], **inside)
            print(f"cd {root} && PROOFMARK_CACHE_DIR={top / 'cache'} {' '.join(build)}")
            return
        for run in range(options.runs):
            record(advisories, 9990 + run, 1 + run, "2.0.0")
            cpu([program, "-q", "db", "import", "advisories"], **inside)
            user, system, peak = cpu(build, **inside)
            print(f"  a new advisory    user {user:6.2f} s  system {system:6.2f} s  {1000 * (user + system) / options.services:6.2f} ms a service, peak of all {peak / 1024:.0f} MB")
        again = top / "again"
        shutil.copytree(root, again, ignore=shutil.ignore_patterns(".compliance", "compliance.lock", "state"))
        fresh = {"cwd": again, "env": dict(os.environ, PROOFMARK_CACHE_DIR=str(top / "other-cache"))}
        cpu([program, "-q", "db", "import", "advisories"], **fresh)
        cpu(build, **fresh)
        old, new = tree(root), tree(again)
        same = lock_without_bundles(old.pop("compliance.lock")) == lock_without_bundles(new.pop("compliance.lock"))
        same = same and all(old.get(path) == content for path, content in new.items())
        print(f"  the same as from nothing: {'yes' if same else 'NO'}")
        if not same:
            sys.exit(1)


if __name__ == "__main__":
    main()
