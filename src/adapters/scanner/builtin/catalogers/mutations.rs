//! Thousands of changed inputs for the catalogers whose own tests change none.

use super::testing::{components, damage, parse};
use super::*;

const CARGO: &str = "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n]\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://index.example\"\nchecksum = \"00\"\n";
const METADATA: &str = "Metadata-Version: 2.1\nName: Own-Package\nVersion: 1.0.0\nLicense: MIT\nClassifier: License :: OSI Approved :: MIT License\nRequires-Dist: a>=1; extra == 'x'\n\nbody\n";
const GO: &str = "module example.com/own\n\ngo 1.22\n\nrequire (\n\texample.com/a v1.2.3\n\texample.com/b v0.0.0-20240101000000-abcdefabcdef // indirect\n)\n\nreplace example.com/a => example.com/c v1.0.0\n";
const OS: &str = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME='bookworm'\n";
const POETRY: &str = "[[package]]\nname = \"a\"\nversion = \"1.0\"\noptional = false\ngroups = [\"main\"]\n[package.dependencies]\nb = \"*\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0\"\noptional = true\n\n[metadata]\nlock-version = \"2.1\"\ncontent-hash = \"0\"\n";
const REQUIREMENTS: &str = "--index-url https://u:p@x.example/simple\na==1.0 ; python_version > '3' \\\n  --hash=sha256:00\nb[extra]==2.0 # via a\n-e git+https://x.example/c.git@af885e2e890b9ef0875edd2b117305119ee5bdc5#egg=c\n-r other.txt\n";
const UV: &str = "version = 1\nrequires-python = \">=3.12\"\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"a\" }]\n[package.dev-dependencies]\ndev = [{ name = \"b\" }]\n\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://x.example/simple\" }\n\n[[package]]\nname = \"b\"\nversion = \"2.0\"\nsource = { registry = \"https://x.example/simple\" }\n";

#[test]
fn changed_inputs_do_no_harm() {
    let seeds: [(&dyn Cataloger, &str, &str); 7] = [
        (&cargo_lock::CargoLock, "Cargo.lock", CARGO),
        (&dist_info::DistInfo, "l/a.dist-info/METADATA", METADATA),
        (&go_mod::GoMod, "go.mod", GO),
        (&os_release::OsRelease, "etc/os-release", OS),
        (&poetry_lock::PoetryLock, "poetry.lock", POETRY),
        (&requirements::Requirements, "requirements.txt", REQUIREMENTS),
        (&uv_lock::UvLock, "uv.lock", UV),
    ];
    for (cataloger, path, seed) in seeds {
        let parsed = parse(cataloger, path, seed).unwrap();
        assert!(!components(&parsed).is_empty() || path == "etc/os-release", "{path}");
        damage(cataloger, path, seed);
    }
}
