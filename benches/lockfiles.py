#!/usr/bin/env python3
"""Lockfiles against advisories: proofmark, osv-scanner and cargo-audit over the same files and the same records.

Every lockfile below DATA's `match-oracle-cargo` and `monorepo` is a service. osv-scanner reads the same zips of advisories, offline;
cargo-audit reads the crates.io records of them, written in RustSec's form. What each of them finds is compared first: a faster wrong
answer is no answer. Then the contenders run in turn, and ratios are printed pair by pair. Nothing is asserted.

    python3 benches/lockfiles.py [--data ../shared/data] [--runs 5] [--osv-scanner PATH] [--cargo-audit PATH]
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import sys
import tempfile
import zipfile

from images import HERE, run, set_aside

LOCKFILES = ("Cargo.lock", "uv.lock", "requirements.txt", "go.mod", "package-lock.json")
AS_OF = "2026-11-23"


def services(data, root):
    """Copies every lockfile into a directory of its own (a go.mod with its go.sum): name of the service to the file."""
    found = {}
    for top in ("match-oracle-cargo", "monorepo"):
        for path in sorted((data / top).rglob("*")):
            if path.name not in LOCKFILES:
                continue
            name = f"service-{len(found):03}"
            directory = root / "src" / name
            directory.mkdir(parents=True)
            for beside in (path, path.with_name("go.sum")):
                if beside.exists() and (beside == path or path.name == "go.mod"):
                    shutil.copy(beside, directory / beside.name)
            found[name] = directory / path.name
    return found


def project(root, found):
    lines = ["version = 1", '[project]\nname = "bench"', '[advisories]\nsources = ["advisories"]\nmax-age = "5200w"',
             '[trust]\nkeys = ["trust/local.pub"]', "[policy.any]"]
    for name in found:
        lines.append(f'[services.{name}]\npath = "src/{name}"\npolicy = "any"')
    (root / "compliance.toml").write_text("\n".join(lines))


def rustsec(record):
    """One record of crates.io in RustSec's form: TOML before a title. None for what that database does not hold."""
    if not record["id"].startswith("RUSTSEC-") or record.get("withdrawn"):
        return None
    affected = record["affected"][0]
    patched, unaffected, begun = [], [], None
    for each in affected["ranges"]:
        events = sorted((event for event in each.get("events", []) if "introduced" in event or "fixed" in event),
                        key=lambda event: tuple(int(part) for part in (event.get("introduced") or event.get("fixed")).split("-")[0].split(".")))
        last = None
        for event in events:
            if "introduced" in event:
                if last is not None:
                    patched.append(f">= {last}, < {event['introduced']}")
                elif event["introduced"] not in ("0", "0.0.0-0"):
                    unaffected.append(f"< {event['introduced']}")
                begun, last = event["introduced"], None
            else:
                last = event["fixed"]
        if last is not None:
            patched.append(f">= {last}")
    told = affected.get("database_specific", {}).get("informational")
    lines = ["```toml", "[advisory]", f'id = "{record["id"]}"', f'package = "{affected["package"]["name"]}"',
             f'date = "{record["published"][:10]}"']
    if told:
        lines.append(f'informational = "{told}"')
    lines += ["[versions]", f"patched = {json.dumps(patched)}", f"unaffected = {json.dumps(unaffected)}", "```", "",
              f"# {record.get('summary') or record['id']}", "", "As in the record.", ""]
    return affected["package"]["name"], "\n".join(lines)


def rustsec_database(data, root):
    with zipfile.ZipFile(data / "osv-db" / "crates.io" / "all.zip") as archive:
        for name in archive.namelist():
            record = json.loads(archive.read(name))
            written = rustsec(record)
            if written:
                directory = root / "crates" / written[0]
                directory.mkdir(parents=True, exist_ok=True)
                (directory / f"{record['id']}.md").write_text(written[1])
    return root


def affected_by_ours(scanned):
    """(service, package, version) with a finding, and the same with each record that told of it."""
    pairs, ids = set(), set()
    for name, document in scanned.items():
        named = {each["purl"]: (each["name"], each["version"].removeprefix("v")) for each in document["components"]}
        for finding in document["findings"]:
            key = (name, *named[finding["package"]])
            pairs.add(key)
            ids.update((*key, each) for each in finding["advisories"])
    return pairs, ids


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, default=HERE.parent / "shared" / "data")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--proofmark", type=pathlib.Path, default=HERE / "target/release/proofmark")
    parser.add_argument("--osv-scanner", default=shutil.which("osv-scanner"))
    parser.add_argument("--cargo-audit", default=shutil.which("cargo-audit"))
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"SKIPPED: there are no lockfiles and advisories at {options.data} (--data)", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as directory:
        compete(options, pathlib.Path(directory))


def compete(options, root):
    found = services(options.data, root)
    project(root, found)
    shutil.copytree(options.data / "osv-db", root / "advisories")
    cache = root / "cache"
    environment = {"PATH": os.environ["PATH"], "HOME": str(root / "home"), "PROOFMARK_CACHE_DIR": str(cache),
                   "OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY": str(root / "osv")}
    for kind in ("osv-scanner", "osv-scalibr"):
        (root / "osv").mkdir(exist_ok=True)
        (root / "osv" / kind).symlink_to(root / "advisories")
    ours = str(options.proofmark.resolve())
    run([ours, "init", "--key"], environment, root)
    imported = run([ours, "-q", "db", "import", "advisories"], environment, root)
    rust = {name: path for name, path in found.items() if path.name == "Cargo.lock"}
    crates = rustsec_database(options.data, root / "rustsec") if options.cargo_audit else None

    def cold_build():
        set_aside(cache, root / ".compliance", root / ".proofmark" / "state", root / "compliance.lock")
        run([ours, "-q", "db", "import", "advisories"], environment, root)
        return run([ours, "-q", "build", "--as-of", AS_OF], environment, root)

    def scan(name):
        return [ours, "-q", "scan", f"dir:src/{name}", "--match", "--format", "json"]

    def osv(path):
        return [options.osv_scanner, "scan", "source", "--offline", "-r", "--format", "json", str(path)]

    def audit(path):
        return [options.cargo_audit, "audit", "--db", str(crates), "--no-fetch", "--stale", "--json", "--file", str(path)]

    def looped(commands):
        totals = [0.0, 0.0, 0]
        for command in commands:
            cpu, wall, peak, _ = run(command, environment, root)
            totals = [totals[0] + cpu, totals[1] + wall, max(totals[2], peak)]
        return (*totals, b"")

    scanned = {name: json.loads(run(scan(name), environment, root)[3]) for name in found}
    pairs, ids = affected_by_ours(scanned)
    print(f"{len(found)} lockfiles, {sum(len(each['components']) for each in scanned.values())} packages; advisories read in {imported[0]:.2f} s of CPU, once")
    print(f"affected packages: proofmark {len(pairs)}")
    if options.osv_scanner:
        theirs, named = set(), set()
        for result in json.loads(run(osv("src"), environment, root)[3])["results"]:
            name = pathlib.Path(result["source"]["path"]).parent.name
            for package in result["packages"]:
                key = (name, package["package"]["name"], package["package"]["version"])
                theirs.add(key)
                named.update((*key, each["id"]) for each in package["vulnerabilities"])
        print(f"  osv-scanner {len(theirs)}, only it: {sorted(theirs - pairs)[:5]}, only proofmark: {sorted(pairs - theirs)[:5]}, ids only it names: {len(named - ids)} {sorted(named - ids)[:5]}")
    if options.cargo_audit:
        theirs = set()
        for name, path in rust.items():
            report = json.loads(run(audit(path), environment, root)[3])
            told = report["vulnerabilities"]["list"] + [each for kind in report["warnings"].values() for each in kind]
            theirs.update((name, each["package"]["name"], each["package"]["version"], each["advisory"]["id"]) for each in told if each["advisory"])
        mine = {each for each in ids if each[0] in rust and each[3].startswith("RUSTSEC-")}
        print(f"  cargo-audit (RUSTSEC ids of {len(rust)} files) {len(theirs)}, proofmark {len(mine)}, only it: {sorted(theirs - mine)[:5]}, only proofmark: {sorted(mine - theirs)[:5]}")

    contenders = {"proofmark build": cold_build, "proofmark scans": lambda: looped(scan(name) for name in found)}
    if options.osv_scanner:
        contenders["osv-scanner, once"] = lambda: run(osv("src"), environment, root)
        contenders["osv-scanner, each"] = lambda: looped(osv(path.parent) for path in found.values())
    if options.cargo_audit:
        contenders["cargo-audit, Rust"] = lambda: looped(audit(path) for path in rust.values())
        contenders["proofmark, Rust"] = lambda: looped(scan(name) for name in rust)
    measured = {name: [] for name in contenders}
    for _ in range(options.runs):
        for name, contender in contenders.items():
            measured[name].append(contender())
    first = [each[0] for each in measured["proofmark build"]]
    for name, results in measured.items():
        cpu, wall = (statistics.median(each[at] for each in results) for at in (0, 1))
        peak = max(each[2] for each in results)
        ratio = statistics.median(each[0] / mine for each, mine in zip(results, first))
        print(f"  {name:18} CPU {cpu:7.3f} s  wall {wall:7.3f} s  peak {peak / 1024:5.0f} MB  this / proofmark build {ratio:6.2f}")


if __name__ == "__main__":
    main()
