//! The recipes of examples/ci: they parse, their commands exist, and they keep to what they say of credentials.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests may fail loudly and touch files"
)]

use clap::Parser as _;
use proofmark::cli::Cli;
use serde_json::Value;

fn text(name: &str) -> String {
    std::fs::read_to_string(format!("{}/examples/ci/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Holds every command line of ours to the program's own options.
fn check(name: &str, script: &str) -> usize {
    let lines = script
        .lines()
        .map(str::trim)
        .filter_map(|line| line.strip_prefix("proofmark ").or_else(|| line.strip_prefix("$(PROOFMARK) ")));
    let mut count = 0;
    for line in lines {
        let words = line.split_whitespace().map(|word| word.trim_matches('"').to_owned());
        let parsed = Cli::try_parse_from(std::iter::once("proofmark".to_owned()).chain(words));
        assert!(parsed.is_ok(), "{name}: {line}: {}", parsed.unwrap_err());
        count += 1;
    }
    count
}

#[test]
fn github() {
    let workflow = yaml("github.yml");
    assert_eq!(workflow["permissions"], serde_json::json!({}), "nothing is allowed but what a job asks for");
    let jobs = workflow["jobs"].as_object().unwrap();
    let mut count = 0;
    for (name, job) in jobs {
        let permissions = job["permissions"].as_object().unwrap();
        assert!(
            permissions.iter().all(|(what, how)| how == "read" || (what == "id-token" && name == "build")),
            "{name}"
        );
        for step in job["steps"].as_array().unwrap() {
            if let Some(action) = step["uses"].as_str() {
                let (_, commit) = action.split_once('@').unwrap();
                assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
                assert_eq!(step["with"]["persist-credentials"], false);
            }
            let script = step["run"].as_str().unwrap_or_default();
            assert!(!script.contains("GITHUB_ENV") && !script.contains("${{"), "{script}");
            count += check("github.yml", script);
        }
    }
    assert!(count >= 8, "{count}");
    assert!(!text("github.yml").contains("secrets."), "no stored secret");
    assert!(jobs["check"]["permissions"]["id-token"].is_null(), "a pull request has no identity");
}

#[test]
fn gitlab() {
    let pipeline = yaml("gitlab-ci.yml");
    let mut count = 0;
    for job in ["compliance:check", "compliance:build"] {
        for line in pipeline[job]["script"].as_array().unwrap() {
            count += check("gitlab-ci.yml", line.as_str().unwrap());
        }
    }
    assert_eq!(count, 9);
    assert!(pipeline["compliance:check"]["id_tokens"].is_null(), "a merge request has no identity");
}

#[test]
fn make() {
    assert_eq!(check("compliance.mk", &text("compliance.mk")), 6);
    let run = std::process::Command::new("make")
        .args(["-n", "-f", "compliance.mk", "compliance-release"])
        .current_dir(format!("{}/examples/ci", env!("CARGO_MANIFEST_DIR")))
        .output()
        .unwrap();
    assert!(run.status.success());
    assert!(String::from_utf8_lossy(&run.stdout).contains("proofmark verify --offline --replay"));
}
