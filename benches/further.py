#!/usr/bin/env python3
"""CPU time and memory of each further image whose layers are all known: a Debian base with P packages, and configs that differ.
With --own-layers each has a small layer of its own on the base as well.

Builds growing numbers of such images, each time from nothing (evidence and cache), and prints what one image more costs: user and system
seconds of the whole run, the slope from one size to the next, and the peak memory. A straight line has the same slope everywhere.

    python3 benches/further.py [--packages 175] [--images 100,400,1600] [--runs 3] [--own-layers] [--proofmark target/release/proofmark] [--keep DIR]
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent.parent
AS_OF = "2026-11-23T00:00:00Z"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def cost(command, directory, environment):
    """User and system seconds and peak resident kilobytes of one command."""
    process = subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command}: exit {process.returncode}\n{complaint.decode()[-2000:]}")
    return usage.ru_utime, usage.ru_stime, usage.ru_maxrss


def set_aside(top, *paths):
    """Takes paths away without removing them: a file system that has just removed many files is slow to make others."""
    for path in paths:
        if path.exists():
            path.rename(top / f"{path.name}.{time.monotonic_ns()}")


def base(packages):
    """A Debian layer: os-release, dpkg's status, and the copyright of each package. As gzip, with the digest of its tar."""
    status = "\n".join(
        f"Package: library-{at}\nStatus: install ok installed\nArchitecture: amd64\nSource: source-{at // 3}\nVersion: 1.{at}-1\n"
        for at in range(packages))
    members = {"etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n', "var/lib/dpkg/status": status}
    for at in range(packages):
        members[f"usr/share/doc/library-{at}/copyright"] = (
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: 2026\nLicense: GPL-2+\n")
        members[f"var/lib/dpkg/info/library-{at}.list"] = f"/.\n/usr/lib/library-{at}.so\n"
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    return gzip.compress(plain.getvalue(), 6, mtime=0), hashlib.sha256(plain.getvalue()).hexdigest()


def put(layout, content):
    digest = hashlib.sha256(content).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(content)
    return {"digest": f"sha256:{digest}", "size": len(content)}


def own_layer(index):
    """A layer of one installed package, which no other image has."""
    content = json.dumps({"name": f"service-{index}", "version": "1.0.0", "license": "MIT"}).encode()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.GNU_FORMAT) as archive:
        entry = tarfile.TarInfo(f"srv/node_modules/service-{index}/package.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), 6, mtime=0), hashlib.sha256(plain.getvalue()).hexdigest()


def images(root, packages, count, own_layers):
    layer, diff = base(packages)
    first = None
    for index in range(count):
        layout = root / "images" / f"image-{index}"
        (layout / "blobs" / "sha256").mkdir(parents=True)
        if first is None:
            first = layout / "blobs" / "sha256" / hashlib.sha256(layer).hexdigest()
            first.write_bytes(layer)
        else:
            os.link(first, layout / "blobs" / "sha256" / first.name)
        diffs, layers = [diff], [{"mediaType": LAYER, "digest": f"sha256:{first.name}", "size": len(layer)}]
        if own_layers:
            own, own_diff = own_layer(index)
            diffs.append(own_diff)
            layers.append({"mediaType": LAYER, **put(layout, own)})
        config = {"architecture": "amd64", "os": "linux", "config": {"Labels": {"number": str(index)}},
                  "rootfs": {"type": "layers", "diff_ids": [f"sha256:{each}" for each in diffs]}}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": CONFIG, **put(layout, json.dumps(config).encode())},
                    "layers": layers}
        described = {"mediaType": MANIFEST, **put(layout, json.dumps(manifest).encode()), "platform": {"architecture": "amd64", "os": "linux"}}
        (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [described]}))
        (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def advisories(root):
    directory = root / "advisories" / "Debian"
    directory.mkdir(parents=True)
    for number in range(20):
        record = {"schema_version": "1.6.0", "id": f"DSA-{number + 1}-1", "modified": "2026-01-01T00:00:00Z", "affected": [
            {"package": {"ecosystem": "Debian:12", "name": f"source-{number}"},
             "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.30-1"}]}]}]}
        (directory / f"{record['id']}.json").write_text(json.dumps(record))
    directory = root / "advisories" / "npm"
    directory.mkdir()
    record = {"schema_version": "1.6.0", "id": "GHSA-xxxx-xxxx-xxxx", "modified": "2026-01-01T00:00:00Z", "affected": [
        {"package": {"ecosystem": "npm", "name": "nobody-has-this"}, "versions": ["1.0.0"]}]}
    (directory / f"{record['id']}.json").write_text(json.dumps(record))


def config(root, count):
    lines = ["version = 1", '[project]\nname = "further"', '[advisories]\nsources = ["advisories"]', '[trust]\nkeys = ["trust/local.pub"]', "[policy.any]"]
    for index in range(count):
        lines.append(f'[images.image-{index}]\nref = "oci:images/image-{index}"')
        lines.append(f'[services.service-{index}]\nimages = ["image-{index}"]\npolicy = "any"')
    (root / "compliance.toml").write_text("\n".join(lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--packages", type=int, default=175)
    parser.add_argument("--images", default="100,400,1600")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--own-layers", action="store_true", help="each image has a small layer of its own on the shared one")
    parser.add_argument("--proofmark", type=pathlib.Path, default=HERE / "target/release/proofmark")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    sizes = [int(size) for size in options.images.split(",")]
    program = str(options.proofmark.resolve())
    with tempfile.TemporaryDirectory() as directory:
        top = options.keep or pathlib.Path(directory)
        root, cache = top / "project", top / "cache"
        root.mkdir(parents=True)
        images(root, options.packages, max(sizes), options.own_layers)
        advisories(root)
        config(root, 1)
        environment = {"PATH": os.environ["PATH"], "HOME": str(top / "home"), "PROOFMARK_CACHE_DIR": str(cache)}
        cost([program, "init", "--key"], root, environment)
        measured = {size: [] for size in sizes}
        for _ in range(options.runs):
            for size in sizes:
                set_aside(top, cache, root / ".compliance", root / ".proofmark" / "state", root / "compliance.lock")
                config(root, size)
                cost([program, "-q", "db", "import", "advisories"], root, environment)
                measured[size].append(cost([program, "-q", "build", "--as-of", AS_OF], root, environment))
    share = "share a layer and have one of their own" if options.own_layers else "share every layer"
    print(f"images of {options.packages} packages that {share}, from nothing, {options.runs} runs in turn")
    before = None
    for size in sizes:
        user, system = (statistics.median(each[at] for each in measured[size]) for at in (0, 1))
        line = f"  {size:6} images  user {user:7.2f} s  system {system:7.2f} s  peak {max(each[2] for each in measured[size]) / 1024:5.0f} MB"
        if before:
            further = size - before[0]
            line += f"  each further: user {1000 * (user - before[1]) / further:5.2f} ms, system {1000 * (system - before[2]) / further:5.2f} ms"
        before = (size, user, system)
        print(line)


if __name__ == "__main__":
    main()
