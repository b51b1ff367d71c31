#![expect(clippy::disallowed_methods, reason = "tests walk real trees")]

use super::*;
use crate::config;
use std::path::{Path, PathBuf};

fn found(path: &str, content: &str) -> FoundFile {
    FoundFile { path: path.to_owned(), content: wants_content(path).then(|| content.as_bytes().to_vec()) }
}

fn detect_paths(paths: &[&str]) -> Detected {
    detect(&paths.iter().map(|path| found(path, "")).collect::<Vec<_>>())
}

/// `name=path`, with `-other` for what is left out of it.
fn outline(detected: &Detected) -> Vec<String> {
    let line = |service: &DetectedService| {
        let path = service.path.as_deref().unwrap_or("none");
        let exclude: String = service.exclude.iter().map(|glob| format!(" -{glob}")).collect();
        format!("{}={path}{exclude}", service.name)
    };
    detected.services.iter().map(line).collect()
}

/// The services whose path covers a file.
fn covering<'a>(detected: &'a Detected, file: &str) -> Vec<&'a str> {
    let covers = |service: &&DetectedService| {
        let path = service.path.as_deref().unwrap_or("none");
        let inside =
            if path == "." { Some(file) } else { file.strip_prefix(path).and_then(|rest| rest.strip_prefix('/')) };
        inside.is_some_and(|rest| !service.exclude.iter().any(|glob| rest.starts_with(glob.trim_end_matches("**"))))
    };
    detected.services.iter().filter(covers).map(|service| service.name.as_str()).collect()
}

fn walk(root: &Path, directory: &Path, files: &mut Vec<FoundFile>) {
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            walk(root, &path, files);
        } else {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let content = wants_content(&relative).then(|| std::fs::read(&path).unwrap());
            files.push(FoundFile { path: relative, content });
        }
    }
}

fn tree(root: &Path) -> Vec<FoundFile> {
    let mut files = Vec::new();
    walk(root, root, &mut files);
    files
}

#[test]
fn one_package_is_one_service() {
    assert_eq!(outline(&detect_paths(&["package.json", "package-lock.json", "src/index.js"])), ["root=."]);
    assert_eq!(outline(&detect_paths(&["go.mod", "go.sum", "tools/go.mod", "Dockerfile"])), ["root=."]);
    assert_eq!(outline(&detect_paths(&["README.md"])), [""; 0]);
}

#[test]
fn siblings_are_services_and_nested_locks_belong_to_them() {
    let detected = detect_paths(&[
        "pom.xml",
        "src/accounts/contacts/uv.lock",
        "src/accounts/users/uv.lock",
        "src/web/package-lock.json",
        "src/web/e2e/package-lock.json",
        "src/web/tools/requirements.txt",
        "src/cart/cart.sln",
        "src/cart/src/cart.csproj",
        "src/cart/src/Dockerfile",
        "src/cart/tests/cart.tests.csproj",
    ]);
    assert_eq!(
        outline(&detected),
        ["cart=src/cart", "contacts=src/accounts/contacts", "users=src/accounts/users", "web=src/web"]
    );
    assert_eq!(detected.notes, ["pom.xml: holds several services, is none itself"]);
}

#[test]
fn members_of_a_workspace_share_its_lock() {
    let members = detect_paths(&["Cargo.toml", "Cargo.lock", "crates/a/Cargo.toml", "crates/b/Cargo.toml"]);
    assert_eq!(outline(&members), ["root=."]);
    let built =
        detect_paths(&["package.json", "yarn.lock", "apps/a/package.json", "apps/a/Dockerfile", "apps/b/package.json"]);
    assert_eq!(outline(&built), ["a=apps/a", "root=. -apps/a/**"]);
}

#[test]
fn names_are_valid_and_unique() {
    let detected = detect_paths(&[
        "shop/api/go.mod",
        "bank/api/go.mod",
        "api/go.mod",
        "_odd näme/go.mod",
        "deep/src/go.mod",
        "x/server/Dockerfile",
    ]);
    let names: Vec<_> = detected.services.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["api", "bank-api", "deep", "odd-n-me", "shop-api", "x"]);
}

#[test]
fn compose_names_services_and_what_they_need() {
    let compose = "
services:
  web:
    build: ./frontend
    depends_on: [orders, db]
  orders:
    build: { context: ., dockerfile: services/orders/Dockerfile }
    depends_on:
      db: { condition: service_healthy }
      web: { condition: service_started }
  db:
    image: postgres:16
  elsewhere:
    build: https://git.example.com/x.git
  gone:
    build: ./gone
";
    let files = [
        found("deploy/compose.yaml", &compose.replace("./", "../").replace("context: .", "context: ..")),
        found("frontend/package-lock.json", ""),
        found("services/orders/go.mod", ""),
        found("services/orders/Dockerfile", ""),
    ];
    let detected = detect(&files);
    assert_eq!(outline(&detected), ["orders=services/orders", "web=frontend"]);
    let needs: Vec<Vec<&str>> =
        detected.services.iter().map(|service| service.depends_on.iter().map(Name::as_str).collect()).collect();
    assert_eq!(needs, [vec!["web"], vec![]], "one direction of a circle only");
    assert_eq!(
        detected.notes,
        [
            "deploy/compose.yaml: `elsewhere` is built from `https://git.example.com/x.git`, which is not in the tree",
            "deploy/compose.yaml: `gone` is built from `gone`, where nothing is",
        ]
    );
}

#[test]
fn bake_and_skaffold_name_services() {
    let bake = r#"{"target": {"api": {"context": "svc/one"}, "_base": {"args": {}}}}"#;
    let skaffold =
        "build:\n  artifacts:\n  - image: registry.example.com/shop/two:dev\n    context: svc/two\n---\nbuild: {}\n";
    let detected = detect(&[
        found("docker-bake.json", bake),
        found("skaffold.yaml", skaffold),
        found("svc/one/main.c", ""),
        found("svc/two/main.c", ""),
    ]);
    let names: Vec<_> = detected.services.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["api", "two"]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let files = [
        found("compose.yaml", "services: [unclosed"),
        found("docker-bake.hcl", "target \"x\" {}"),
        found("docker-bake.json", "{"),
        FoundFile { path: "skaffold.yaml".to_owned(), content: Some(vec![0xff, 0xfe]) },
        found("a\\b/go.mod", ""),
        found("../up/go.mod", ""),
        found("node_modules/x/package-lock.json", ""),
    ];
    let detected = detect(&files);
    assert!(detected.services.is_empty());
    assert_eq!(detected.notes.len(), 6, "{:#?}", detected.notes);
}

#[test]
fn deep_and_hostile_input_is_bounded() {
    let deep = format!("services: {}", "[".repeat(200_000));
    let alias = format!("a: &a [x]\n{}services: {{}}", "b: &b [*a, *a, *a]\n".repeat(2_000));
    let long = "x/".repeat(100_000);
    let detected =
        detect(&[found("compose.yaml", &deep), found("compose.b.yaml", &alias), found(&format!("{long}go.mod"), "")]);
    assert!(detected.services.is_empty());
    assert_eq!(detected.notes.len(), 3, "two files and a path");
}

#[test]
fn layouts_are_images() {
    let mut paths =
        vec!["images/cart/oci-layout", "images/cart/blobs/sha256/package-lock.json", "images/base/oci-layout"];
    let alone = detect_paths(&paths);
    assert_eq!(outline(&alone), ["base=none", "cart=none"]);
    paths.push("src/cart/go.mod");
    let detected = detect_paths(&paths);
    assert_eq!(outline(&detected), ["cart=src/cart"]);
    assert_eq!(detected.services[0].images, [Name::new("cart").unwrap()]);
    assert_eq!(detected.images[0].reference, "oci:images/base");
}

#[test]
fn the_order_of_files_does_not_matter() {
    let mut files = tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/boutique"));
    let once = detect(&files);
    files.reverse();
    assert_eq!(detect(&files), once);
    assert_eq!(once.services.len(), 12);
    assert_eq!(once.images.len(), 6);
    assert_eq!(once.notes, [""; 0]);
}

#[test]
fn the_text_is_toml_with_every_service() {
    let detected = detect(&[
        found("a.b/compose.yml", "services: {x: {build: ., depends_on: [y]}, y: {build: 'o\"dd'}}"),
        found("a.b/go.mod", ""),
        found("a.b/o\"dd/Dockerfile", ""),
        found("images/x/oci-layout", ""),
    ]);
    let text = render(&detected, &Name::new("shop").unwrap());
    let loaded = config::load("compliance.toml", text.as_bytes(), config::Syntax::Toml);
    assert!(loaded.is_ok(), "{:?}", loaded.err());
    let value: toml::Table = text.parse().unwrap();
    assert_eq!(value["project"]["name"].as_str(), Some("shop"));
    assert_eq!(value["services"].as_table().unwrap().len(), detected.services.len());
    let x = &value["services"]["x"];
    assert_eq!(x["path"].as_str(), Some("a.b"));
    assert_eq!(x["exclude"][0].as_str(), Some("o\"dd/**"));
    assert_eq!(x["images"][0].as_str(), Some("x"));
    assert_eq!(x["depends-on"][0].as_str(), Some("y"));
    assert!(render(&Detected::default(), &Name::new("shop").unwrap()).parse::<toml::Table>().is_ok());
}

#[test]
fn every_lockfile_of_real_monorepos_lies_in_one_service() {
    let data = std::env::var_os("PROOFMARK_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let repositories = data.join("monorepo");
    if !repositories.is_dir() {
        eprintln!(
            "SKIPPED every_lockfile_of_real_monorepos_lies_in_one_service: no test data at {}",
            repositories.display()
        );
        return;
    }
    for (repository, services) in [("bank-of-anthos", 8), ("microservices-demo", 11), ("microservices-demo-v0.3.9", 10)]
    {
        let root = repositories.join(repository);
        let detected = detect(&tree(&root.join("tree")));
        assert_eq!(detected.services.len(), services, "{repository}: {:#?}", outline(&detected));
        let expected: serde_json::Value =
            serde_json::from_slice(&std::fs::read(root.join("expected.per-lockfile.json")).unwrap()).unwrap();
        for lockfile in expected["lockfiles"].as_array().unwrap() {
            let path = lockfile["path"].as_str().unwrap();
            assert_eq!(covering(&detected, path).len(), 1, "{repository}: {path}");
        }
        assert!(render(&detected, &Name::new(repository).unwrap()).parse::<toml::Table>().is_ok());
    }
}
