#!/usr/bin/env python3
"""Ten images that share one large base layer: their SBOMs by proofmark, Trivy and syft, and a bare inflate of the layers.

The base is made by debootstrap (or taken from --rootfs); each image adds a small layer of its own. The package sets are
compared first: a faster wrong answer is no answer. Then the contenders run in turn, cold; CPU time (user + system), wall time
and peak memory are printed, with ratios pair by pair. Nothing is asserted: machines differ, ratios less so.

    python3 benches/images.py [--rootfs DIR] [--images 10] [--runs 5] [--proofmark target/release/proofmark]
                              [--trivy PATH] [--syft PATH]
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent.parent


def run(command, environment=None, cwd=None):
    """CPU seconds, wall seconds, peak resident kilobytes and output of one command and its children."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=cwd)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 6):
        sys.exit(f"{command}: exit {process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss, output


def set_aside(*paths):
    """Takes paths away without removing them: what a file system does after many removals would be counted to the next run."""
    for path in paths:
        if path.exists():
            path.rename(path.with_name(f"{path.name}.{time.monotonic_ns()}"))


def blob(layout, content):
    digest = hashlib.sha256(content).hexdigest()
    path = layout / "blobs" / "sha256" / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(content)
    return {"digest": f"sha256:{digest}", "size": len(content)}


def packed(members):
    """A gzip layer of (name, bytes) pairs, and the digest of its tar."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), 6, mtime=0), hashlib.sha256(plain.getvalue()).hexdigest()


def base_layer(root, rootfs):
    """The base as a gzip file, and the digest of its tar."""
    compressed = root / "base.tar.gz"
    hasher = hashlib.sha256()
    tar = subprocess.Popen(
        ["tar", "--numeric-owner", "--sort=name", "--mtime=@0", "--exclude=./dev/*", "--exclude=./proc/*",
         "--exclude=./var/cache/apt/*", "-C", str(rootfs), "-cf", "-", "."], stdout=subprocess.PIPE)
    with gzip.GzipFile(compressed, "wb", 6, mtime=0) as out:
        while part := tar.stdout.read(1 << 20):
            hasher.update(part)
            out.write(part)
    if tar.wait() != 0:
        sys.exit("tar failed")
    return compressed, hasher.hexdigest()


def small_layer(index):
    """An application: a few npm packages, and a Python package that only this image has."""
    members = []
    for package in range(30):
        name = f"part-{package}"
        content = json.dumps({"name": name, "version": f"1.{index}.{package}", "license": "MIT"}).encode()
        members.append((f"srv/app/node_modules/{name}/package.json", content))
        members.append((f"srv/app/node_modules/{name}/index.js", os.urandom(20_000)))
    metadata = f"Metadata-Version: 2.1\nName: service-{index}\nVersion: 1.{index}\n\n".encode()
    members.append((f"usr/lib/python3/dist-packages/service_{index}-1.{index}.dist-info/METADATA", metadata))
    return packed(members)


def layouts(root, rootfs, count):
    base, base_diff = base_layer(root, rootfs)
    with base.open("rb") as file:
        # In parts: the peak memory of a child counts what this process held when it started it.
        base_digest = hashlib.file_digest(file, "sha256").hexdigest()
    print(f"base layer: {base.stat().st_size / 1e6:.0f} MB compressed", file=sys.stderr)
    made = []
    for index in range(count):
        layout = root / "images" / f"image-{index}"
        (layout / "blobs" / "sha256").mkdir(parents=True)
        os.link(base, layout / "blobs" / "sha256" / base_digest)
        content, diff = small_layer(index)
        kind = "application/vnd.oci.image.layer.v1.tar+gzip"
        small = blob(layout, content)
        config = {"architecture": "amd64", "os": "linux", "config": {},
                  "rootfs": {"type": "layers", "diff_ids": [f"sha256:{base_diff}", f"sha256:{diff}"]}}
        manifest = {
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                       **blob(layout, json.dumps(config).encode())},
            "layers": [{"mediaType": kind, "digest": f"sha256:{base_digest}", "size": base.stat().st_size},
                       {"mediaType": kind, **small}],
        }
        described = {"mediaType": manifest["mediaType"], **blob(layout, json.dumps(manifest).encode()),
                     "platform": {"architecture": "amd64", "os": "linux"}}
        (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [described]}))
        (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        made.append(layout)
    return made


def project(root, count):
    lines = ["version = 1", '[project]\nname = "bench"', '[advisories]\nsources = ["advisories"]',
             '[trust]\nkeys = ["trust/local.pub"]', "[policy.any]"]
    for index in range(count):
        lines.append(f'[images.image-{index}]\nref = "oci:images/image-{index}"')
        lines.append(f'[services.service-{index}]\nimages = ["image-{index}"]\npolicy = "any"')
    (root / "compliance.toml").write_text("\n".join(lines))
    for ecosystem, name in (("Debian", "Debian:12"), ("npm", "npm"), ("PyPI", "PyPI")):
        directory = root / "advisories" / ecosystem
        directory.mkdir(parents=True)
        record = {"schema_version": "1.6.0", "id": f"X-{ecosystem}", "modified": "2026-01-01T00:00:00Z",
                  "affected": [{"package": {"ecosystem": name, "name": "unrelated"},
                                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]}
        (directory / f"X-{ecosystem}.json").write_text(json.dumps(record))


def packages(document):
    """name@version of a CycloneDX document's packages of the three ecosystems."""
    found = set()
    for component in document.get("components", []):
        purl = component.get("purl", "")
        kind = purl[4:].split("/", 1)[0]
        if kind in ("deb", "npm", "pypi"):
            name = purl.split("?")[0].rsplit("/", 1)[-1]
            found.add((kind, name.replace("%2B", "+").replace("%3A", ":").replace("%7E", "~").split("@")[0],
                       component.get("version", "").split(":")[-1]))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rootfs", type=pathlib.Path)
    parser.add_argument("--images", type=int, default=10)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--proofmark", type=pathlib.Path, default=HERE / "target/release/proofmark")
    parser.add_argument("--inflate", type=pathlib.Path, default=HERE / "target/release/examples/inflate")
    parser.add_argument("--trivy", default=shutil.which("trivy"))
    parser.add_argument("--syft", default=shutil.which("syft"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        rootfs = options.rootfs
        if rootfs is None:
            rootfs = root / "rootfs"
            subprocess.run(["debootstrap", "--variant=minbase", "--include=build-essential", "bookworm", str(rootfs)],
                           check=True, stdout=subprocess.DEVNULL)
        images = layouts(root, rootfs, options.images)
        project(root, options.images)
        compete(options, root, images)


def compete(options, root, images):
    cache = root / "cache"
    environment = {"PATH": os.environ["PATH"], "HOME": str(root / "home"), "PROOFMARK_CACHE_DIR": str(cache)}
    ours = str(options.proofmark.resolve())

    def cold_build():
        set_aside(cache, root / ".compliance", root / ".proofmark" / "state", root / "compliance.lock")
        run([ours, "-q", "db", "import", "advisories"], environment, root)
        return run([ours, "-q", "build", "--as-of", "2026-11-23"], environment, root)

    def looped(command):
        totals = [0.0, 0.0, 0]
        for image in images:
            cpu, wall, peak, _ = run(command(image), environment, root)
            totals = [totals[0] + cpu, totals[1] + wall, max(totals[2], peak)]
        return (*totals, b"")

    def trivy(image):
        return [options.trivy, "image", "--input", str(image), "--format", "cyclonedx", "--quiet",
                "--cache-dir", str(root / "trivy-cache"), "--offline-scan", "--skip-db-update", "--skip-java-db-update"]

    def cold_trivy():
        set_aside(root / "trivy-cache")
        return looped(trivy)

    def syft(image):
        return [options.syft, "scan", f"oci-dir:{image}", "-o", "cyclonedx-json", "-q"]

    environment["SYFT_CHECK_FOR_APP_UPDATE"] = "false"
    run([ours, "init", "--key"], environment, root)
    contenders = {"proofmark build": cold_build}
    layers = {str(path) for image in images for path in (image / "blobs" / "sha256").iterdir() if path.stat().st_size > 100_000}
    distinct = {pathlib.Path(path).name: path for path in layers}
    if options.inflate.exists():
        contenders["bare inflate"] = lambda: run([str(options.inflate), *sorted(distinct.values())])
    if options.trivy:
        contenders["trivy loop"] = cold_trivy
    if options.syft:
        contenders["syft loop"] = lambda: looped(syft)

    run([ours, "-q", "db", "import", "advisories"], environment, root)
    reference = packages(json.loads(run([ours, "scan", f"oci:{images[0]}", "--format", "cyclonedx"], environment, root)[3]))
    print(f"packages of the first image: proofmark {len(reference)}")
    for name, peer, command in (("trivy", options.trivy, trivy), ("syft", options.syft, syft)):
        if peer:
            theirs = packages(json.loads(run(command(images[0]), environment, root)[3]))
            print(f"  {name}: {len(theirs)}, only {name}: {sorted(theirs - reference)[:5]}, "
                  f"only proofmark: {sorted(reference - theirs)[:5]}")

    measured = {name: [] for name in contenders}
    for _ in range(options.runs):
        for name, contender in contenders.items():
            measured[name].append(contender())
    ours = [each[0] for each in measured["proofmark build"]]
    print(f"{len(images)} images, {len(distinct)} distinct layers, cold, {options.runs} runs in turn")
    for name, results in measured.items():
        cpu = statistics.median(each[0] for each in results)
        wall = statistics.median(each[1] for each in results)
        peak = max(each[2] for each in results)
        ratio = statistics.median(each[0] / mine for each, mine in zip(results, ours))
        print(f"  {name:16} CPU {cpu:8.2f} s  wall {wall:8.2f} s  peak {peak / 1024:7.0f} MB  this / proofmark {ratio:6.2f}")
    again = run([str(options.proofmark.resolve()), "-q", "build", "--as-of", "2026-11-23"], environment, root)
    print(f"  proofmark again  CPU {again[0]:8.3f} s")


if __name__ == "__main__":
    main()
