#!/usr/bin/env python3
"""Makes images/: two base images and four service images, as OCI layouts.

    python3 make-images.py [DIRECTORY]      # default: images, beside this file

The same sources give the same bytes: entries are sorted, times and owners fixed. Needs Python 3.11, the `zstd` program, and Go
for the checkout binary; that and the compressed bytes are the same only with the same versions of them (the committed layouts
were made with Go 1.26.8, zlib 1.2.13 and zstd 1.5.4).

The images hold what a scanner looks at (package databases, installed packages' metadata, one Go binary) and little else:
they are not meant to be run.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE / "image-sources"
CREATED = "2026-11-02T00:00:00Z"
MTIME = 1793577600  # CREATED, seconds since 1970
OCI = "application/vnd.oci.image."
SITE = "usr/lib/python3.12/site-packages"


class Layer:
    """A layer: its compressed bytes, and the digest of the tar stream in them."""

    def __init__(self, files, note, zstd=False):
        stream = tar(files)
        self.note = note
        self.diff_id = digest(stream)
        self.media = OCI + "layer.v1.tar" + ("+zstd" if zstd else "+gzip")
        if zstd:
            command = ["zstd", "-19", "--no-progress", "--single-thread", "-c"]
            self.blob = subprocess.run(command, input=stream, stdout=subprocess.PIPE, check=True).stdout
        else:
            self.blob = gzip.compress(stream, compresslevel=9, mtime=0)


def tar(files):
    """A tar stream of `path: content`; content is bytes, a string, ("link", target) or ("program", bytes)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        parents = {str(up) for path in files for up in pathlib.PurePosixPath(path).parents if str(up) != "."}
        for path in sorted(parents | set(files)):
            entry = tarfile.TarInfo(path)
            entry.mtime = MTIME
            content = files.get(path)
            if content is None:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
                continue
            kind, content = content if isinstance(content, tuple) else ("file", content)
            if kind == "link":
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, content, 0o777
                archive.addfile(entry)
                continue
            content = content.encode() if isinstance(content, str) else content
            entry.mode, entry.size = (0o755 if kind == "program" else 0o644), len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def as_json(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Layout:
    """An OCI layout being written."""

    def __init__(self, root, name):
        self.root = root / name
        shutil.rmtree(self.root, ignore_errors=True)
        (self.root / "blobs/sha256").mkdir(parents=True)
        (self.root / "oci-layout").write_bytes(as_json({"imageLayoutVersion": "1.0.0"}))

    def blob(self, media, data, **more):
        (self.root / "blobs/sha256" / digest(data)[7:]).write_bytes(data)
        return {"mediaType": media, "digest": digest(data), "size": len(data), **more}

    def manifest(self, layers, architecture, config, base):
        history = [{"created": CREATED, "created_by": layer.note} for layer in layers]
        rootfs = {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}
        image = {"created": CREATED, "architecture": architecture, "os": "linux", "config": config, "rootfs": rootfs, "history": history}
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI + "manifest.v1+json",
            "config": self.blob(OCI + "config.v1+json", as_json(image)),
            "layers": [self.blob(layer.media, layer.blob) for layer in layers],
        }
        if base:
            manifest["annotations"] = {"org.opencontainers.image.base.name": base[0], "org.opencontainers.image.base.digest": base[1]}
        return self.blob(manifest["mediaType"], as_json(manifest))

    def finish(self, entries):
        """Writes index.json: one image, or an index of several platforms. Returns the digest of what it names."""
        if len(entries) == 1:
            named = entries[0][1]
        else:
            manifests = [{**entry, "platform": {"architecture": architecture, "os": "linux"}} for architecture, entry in entries]
            index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": manifests}
            named = self.blob(index["mediaType"], as_json(index))
        named = {**named, "annotations": {"org.opencontainers.image.ref.name": "latest"}}
        (self.root / "index.json").write_bytes(as_json({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [named]}))
        return named["digest"]


def write_image(root, name, platforms, config, base=None):
    """Writes one image. `platforms` is {architecture: layers}."""
    layout = Layout(root, name)
    entries = [(arch, layout.manifest(layers, arch, config, base)) for arch, layers in sorted(platforms.items())]
    return layout.finish(entries)


def os_release(**values):
    return "".join(f'{key.upper()}="{value}"\n' for key, value in values.items())


def debian_layer():
    """Debian 12 with the package database of a small installation."""
    release = os_release(
        pretty_name="Debian GNU/Linux 12 (bookworm)", name="Debian GNU/Linux", version_id="12", version="12 (bookworm)",
        version_codename="bookworm", id="debian",
    )
    files = {
        "etc/debian_version": "12.11\n",
        "etc/os-release": ("link", "../usr/lib/os-release"),
        "usr/lib/os-release": release,
        "var/lib/dpkg/status": (SOURCES / "dpkg-status").read_bytes(),
    }
    return Layer(files, "debian 12")


def apk_packages():
    """The rows of apk-packages.tsv by name: those of the base image, and those of payment, which adds and upgrades some."""
    base, added = (SOURCES / "apk-packages.tsv").read_text().split("# added or upgraded by the payment image\n")
    rows = lambda text: {line.split("\t")[0]: line.split("\t") for line in text.splitlines() if not line.startswith("#")}
    return rows(base), rows(base) | rows(added)


def apk_database(rows, arch):
    """lib/apk/db/installed. Names, versions, origins and licences are Alpine's; sizes and checksums are made up."""
    stanzas = []
    for name, version, origin, licence, depends, description in sorted(rows.values()):
        check = hashlib.sha1(f"{name} {version} {arch}".encode())
        size = 4096 + int.from_bytes(check.digest()[:2], "big")
        owned = f"usr/share/{name}"
        fields = {
            "C": "Q1" + base64.b64encode(check.digest()).decode(), "P": name, "V": version, "A": arch,
            "S": size, "I": size * 3, "T": description, "L": licence, "o": origin, "t": MTIME,
            "D": depends.replace("x86_64", arch), "F": owned,
        }
        stanzas.append("".join(f"{key}:{value}\n" for key, value in fields.items() if value != ""))
    return "\n".join(stanzas) + "\n"


def dist_info(name, version, licence, classifier, requires=()):
    """The metadata of an installed Python package."""
    place = f"{SITE}/{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", f"License: {licence}"]
    lines += [f"Classifier: License :: OSI Approved :: {classifier}"] + [f"Requires-Dist: {need}" for need in requires]
    record = f"{name}-{version}.dist-info/METADATA,,\n{name}-{version}.dist-info/RECORD,,\n"
    return {f"{place}/METADATA": "\n".join(lines) + "\n", f"{place}/INSTALLER": "pip\n", f"{place}/RECORD": record}


def alpine_layer(arch):
    """Alpine 3.22 with Python and pip: the base of what is not written in Go or C."""
    release = os_release(name="Alpine Linux", id="alpine", version_id="3.22.1", pretty_name="Alpine Linux v3.22")
    files = {
        "etc/alpine-release": "3.22.1\n",
        "etc/apk/arch": arch + "\n",
        "etc/apk/world": "alpine-baselayout\nalpine-keys\napk-tools\nbusybox\nmusl-utils\npython3\n",
        "etc/os-release": release,
        "lib/apk/db/installed": apk_database(apk_packages()[0], arch),
        **dist_info("pip", "24.0", "MIT", "MIT License"),
    }
    return Layer(files, "alpine 3.22 with python 3.12")


def npm_lock_packages(service):
    """{path: package.json} for what a package-lock.json installs without development packages."""
    lock = json.loads((HERE / "src" / service / "package-lock.json").read_text())
    files = {}
    for place, entry in lock["packages"].items():
        if place and not entry.get("dev"):
            about = {"name": place.rpartition("node_modules/")[2], "version": entry["version"]}
            about |= {key: entry[key] for key in ("license", "dependencies") if key in entry}
            files[f"{place}/package.json"] = json.dumps(about, indent=2) + "\n"
    return files


def yarn_lock_packages(service):
    """The same for a yarn.lock of version 1 in which each package has one version."""
    text = (HERE / "src" / service / "yarn.lock").read_text()
    files = {}
    for name, version in re.findall(r'^"?(@?[^@\s"]+)@.*:\n  version "([^"]+)"', text, re.MULTILINE):
        files[f"node_modules/{name}/package.json"] = json.dumps({"name": name, "version": version}, indent=2) + "\n"
    return files


def below(directory, files):
    return {f"{directory}/{path}": content for path, content in files.items()}


def go_binary(service):
    """A static Linux program."""
    with tempfile.TemporaryDirectory() as scratch:
        target = os.path.join(scratch, service)
        command = ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", target, "."]
        environment = {**os.environ, "CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": "amd64", "GOFLAGS": ""}
        subprocess.run(command, cwd=HERE / "src" / service, env=environment, check=True)
        return pathlib.Path(target).read_bytes()


def main():
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else HERE / "images"

    debian = debian_layer()
    debian_base = ("debian:latest", write_image(root, "debian", {"amd64": [debian]}, {}))
    alpine = {"amd64": alpine_layer("x86_64"), "arm64": alpine_layer("aarch64")}
    alpine_base = ("alpine:latest", write_image(root, "alpine", {arch: [layer] for arch, layer in alpine.items()}, {}))

    program = Layer({"usr/local/bin/checkout": ("program", go_binary("checkout"))}, "checkout")
    write_image(root, "checkout", {"amd64": [debian, program]}, {"Entrypoint": ["/usr/local/bin/checkout"]}, debian_base)

    shop = below("opt/storefront", npm_lock_packages("storefront"))
    for name in ("package.json", "server.js"):
        shop[f"opt/storefront/{name}"] = (HERE / "src/storefront" / name).read_bytes()
    shop = Layer(shop, "storefront", zstd=True)
    write_image(root, "storefront", {"amd64": [debian, shop]}, {"Cmd": ["node", "/opt/storefront/server.js"]}, debian_base)

    packages = Layer(
        {
            **dist_info("Jinja2", "2.11.2", "BSD-3-Clause", "BSD License", ["MarkupSafe (>=0.23)"]),
            **dist_info("MarkupSafe", "1.1.1", "BSD-3-Clause", "BSD License"),
            **dist_info("grpcio", "1.62.0", "Apache License 2.0", "Apache Software License"),
        },
        "recommendation: packages",
    )
    program = Layer({"opt/recommendation/main.py": (HERE / "src/recommendation/main.py").read_bytes()}, "recommendation")
    platforms = {arch: [layer, packages, program] for arch, layer in alpine.items()}
    write_image(root, "recommendation", platforms, {"Cmd": ["python3", "/opt/recommendation/main.py"]}, alpine_base)

    node = Layer(
        {
            "lib/apk/db/installed": apk_database(apk_packages()[1], "x86_64"),
            f"{SITE}/.wh.pip-24.0.dist-info": "",
        },
        "apk upgrade, node in, pip out",
    )
    program = below("opt/payment", yarn_lock_packages("payment"))
    program["opt/payment/index.js"] = (HERE / "src/payment/index.js").read_bytes()
    program["etc/apk/.wh..wh..opq"] = ""
    layers = [alpine["amd64"], node, Layer(program, "payment")]
    write_image(root, "payment", {"amd64": layers}, {"Cmd": ["node", "/opt/payment/index.js"]}, alpine_base)


if __name__ == "__main__":
    main()
