//! The main job, run as a user runs it, on copies of the example project.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    reason = "tests may fail loudly and touch files"
)]

mod common;

use common::{AS_OF, Project, Run, files, without_signatures};
use std::collections::BTreeSet;
use std::io::Write as _;

#[test]
fn a_build_passes_verifies_and_is_then_left_alone() {
    let project = Project::boutique();
    let first = project.build();
    assert!(first.contains("compliance.lock written"), "{first}");
    let lock = project.read("compliance.lock");
    let stamp = std::fs::metadata(project.root().join("compliance.lock")).unwrap().modified().unwrap();

    let second = project.build();
    assert!(second.contains("nothing changed"), "{second}");
    let json = project.exits(0, &["build", "--as-of", AS_OF, "--format", "json"]).json();
    assert_eq!(json["ran"], 0, "nothing is left to run");
    assert_eq!(json["lock"], "unchanged");
    assert_eq!(project.read("compliance.lock"), lock);
    assert_eq!(std::fs::metadata(project.root().join("compliance.lock")).unwrap().modified().unwrap(), stamp);

    project.ok(&["verify", "--offline", "--replay"]);
    project.ok(&["build", "--locked", "--as-of", AS_OF]);
}

#[test]
fn the_lock_is_that_of_the_reviewed_snapshot() {
    let project = Project::boutique();
    project.build();
    let lock = without_signatures(&project.read("compliance.lock"));
    let scrubbed = lock.replace(env!("CARGO_PKG_VERSION"), "@@VERSION@@");
    insta::assert_snapshot!("boutique_lock", scrubbed);
}

#[test]
fn the_lock_is_a_function_of_the_inputs() {
    let one = Project::boutique();
    one.exits(0, &["build", "--as-of", AS_OF, "--jobs", "1"]);
    let other = Project::boutique();
    let text = String::from_utf8(other.read("compliance.toml")).unwrap();
    other.write("compliance.toml", reversed_tables(&text));
    let mut command = other.command(&["build", "--as-of", AS_OF, "--jobs", "8"]);
    command.env("LC_ALL", "tr_TR.UTF-8").env("TZ", "Pacific/Kiritimati").env("LANG", "de_DE");
    let run = Run::of(command);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(without_signatures(&one.read("compliance.lock")), without_signatures(&other.read("compliance.lock")));
}

/// The same TOML with its `[services.…]`, `[images.…]` and `[[waiver]]` blocks in reverse order.
fn reversed_tables(text: &str) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines() {
        if blocks.is_empty() || line.starts_with('[') {
            blocks.push(String::new());
        }
        let block = blocks.last_mut().unwrap();
        block.push_str(line);
        block.push('\n');
    }
    let moves = |block: &String| {
        block.starts_with("[services.") || block.starts_with("[images.") || block.starts_with("[[waiver]]")
    };
    let (moved, mut kept): (Vec<String>, Vec<String>) = blocks.into_iter().partition(moves);
    assert!(moved.len() > 10);
    kept.extend(moved.into_iter().rev());
    kept.concat()
}

#[test]
fn one_changed_lockfile_runs_only_what_it_touches_and_the_plan_says_so() {
    let project = Project::boutique();
    project.build();
    let lock = String::from_utf8(project.read("src/storefront/package-lock.json")).unwrap();
    let changed = lock.replacen("\"version\": \"1.", "\"version\": \"2.", 1);
    assert_ne!(lock, changed);
    project.write("src/storefront/package-lock.json", changed);

    let plan = project.exits(0, &["plan", "--as-of", AS_OF, "--format", "json"]).json();
    let planned: BTreeSet<String> = plan["actions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|action| action["run"] == true)
        .map(|action| action["label"].as_str().unwrap().to_owned())
        .collect();
    let run = project.run(&["build", "--as-of", AS_OF, "--progress", "json"]);
    let mut ran = BTreeSet::new();
    for line in run.stderr.lines().filter(|line| line.starts_with('{')) {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        match event["event"].as_str().unwrap() {
            "action-started" => drop(ran.insert(event["action"].as_str().unwrap().to_owned())),
            "judged" => drop(ran.insert(format!("judge {}", event["service"].as_str().unwrap()))),
            _ => {}
        }
    }
    assert_eq!(planned, ran, "{}", run.stderr);
    assert!(planned.contains("sbom storefront/source") && planned.contains("match storefront/source"), "{planned:?}");
    assert!(
        planned.iter().all(|label| label.starts_with("judge ") || label.contains(" storefront/source")),
        "{planned:?}"
    );
}

#[test]
fn whatever_changes_is_seen() {
    let project = Project::boutique();
    project.build();
    let is_unchanged = || project.run(&["build", "--as-of", AS_OF]).stdout.contains("nothing changed");
    // A file that was written a moment before it was hashed is hashed once more by the next build.
    let settle = || {
        project.build();
        project.build();
    };
    assert!(is_unchanged());

    // One byte for another, at once: neither size nor, on a coarse clock, time need differ.
    let lock = project.read("src/mailer/requirements.txt");
    let mut changed = lock.clone();
    let digit = changed.iter().position(u8::is_ascii_digit).unwrap();
    changed[digit] = if changed[digit] == b'9' { b'8' } else { b'9' };
    project.write("src/mailer/requirements.txt", &changed);
    assert!(!is_unchanged());
    project.write("src/mailer/requirements.txt", &lock);
    settle();
    assert!(is_unchanged());

    // Another lockfile in a directory that was looked at.
    project.write("src/mailer/sub/requirements.txt", "lodash==1.0.0\n");
    assert!(!is_unchanged());
    std::fs::remove_dir_all(project.root().join("src/mailer/sub")).unwrap();
    settle();
    assert!(is_unchanged());

    // Evidence that is gone comes back, and the lock with it.
    let before = project.read("compliance.lock");
    let evidence = files(&project.root().join(".compliance/sboms")).remove(0);
    std::fs::remove_file(&evidence).unwrap();
    assert!(!is_unchanged());
    assert!(evidence.exists());
    assert_eq!(project.read("compliance.lock"), before);

    // Other advisories.
    settle();
    std::fs::remove_file(project.root().join("advisories/npm").join(first_name(&project, "advisories/npm"))).unwrap();
    project.ok(&["db", "import", "advisories"]);
    assert!(!is_unchanged());
}

fn first_name(project: &Project, directory: &str) -> String {
    let path = files(&project.root().join(directory)).remove(0);
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn evidence_that_was_altered_is_made_again_though_the_last_build_had_verified_it() {
    let project = Project::boutique();
    project.build();
    let mut rounds = 0;
    let mut build = || {
        // Something is new, so that the build looks at everything; and all of the evidence is old enough to be remembered.
        rounds += 1;
        std::thread::sleep(std::time::Duration::from_millis(50));
        project.write("src/mailer/requirements.txt", format!("jinja2==3.1.{rounds}\n"));
        project.run(&["build", "--as-of", AS_OF]);
    };
    build();
    for kind in ["sboms", "slices", "attestations/sha256"] {
        let evidence = files(&project.root().join(".compliance").join(kind));
        for path in &evidence {
            let mut changed = std::fs::read(path).unwrap();
            let at = changed.len() / 2;
            changed[at] ^= 1;
            // In its place: neither the directory nor the inode tells.
            std::fs::OpenOptions::new().write(true).open(path).unwrap().write_all(&changed).unwrap();
        }
        assert_eq!(project.run(&["verify"]).code, 4, "{kind}");
        build();
        let run = project.run(&["verify", "--replay"]);
        assert!(run.code < 2, "{kind}: {}{}", run.stdout, run.stderr);
    }
    // Of whom the last build trusted nothing is known in this one.
    for key in [".proofmark/local.key", "trust/local.pub"] {
        std::fs::remove_file(project.root().join(key)).unwrap();
    }
    project.ok(&["init", "--key"]);
    build();
    let run = project.run(&["verify"]);
    assert!(run.code < 2, "{}{}", run.stdout, run.stderr);
}

#[test]
fn time_is_an_input() {
    let project = Project::boutique();
    project.build();
    let lock = project.read("compliance.lock");
    // A later instant at which nothing has ended changes nothing, not even the recorded instant.
    project.exits(0, &["build", "--as-of", "2026-12-24"]);
    assert_eq!(project.read("compliance.lock"), lock);
    // Once the waivers have ended they are errors, and nothing is written.
    let run = project.exits(2, &["build", "--as-of", "2027-04-15"]);
    assert!(run.stderr.contains("evaluate::expired-waiver"), "{}", run.stderr);
    assert_eq!(project.read("compliance.lock"), lock);
    // The lock verifies for ever as of its own instant, and no longer passes as of that later one.
    project.ok(&["verify", "--replay"]);
    project.exits(1, &["verify", "--replay", "--as-of", "2027-04-15"]);
}

#[test]
fn what_was_not_scanned_is_never_clean() {
    let cut = Project::boutique();
    let lock = cut.read("src/storefront/package-lock.json");
    cut.write("src/storefront/package-lock.json", &lock[..lock.len() / 2]);
    let run = cut.exits(6, &["build", "--as-of", AS_OF]);
    assert!(run.stdout.contains("package-lock.json"), "{}", run.stdout);
    cut.exits(6, &["verify"]);

    let no_database = Project::boutique();
    std::fs::remove_dir_all(no_database.cache()).unwrap();
    let run = no_database.exits(6, &["build", "--as-of", AS_OF]);
    assert!(run.stderr.contains("db::missing"), "{}", run.stderr);
    assert!(!no_database.root().join("compliance.lock").exists());

    let old = Project::boutique();
    old.edit("compliance.toml", "sources = [\"advisories\"]", "sources = [\"advisories\"]\nmax-age = \"1h\"");
    let run = old.exits(6, &["build", "--as-of", "2027-02-01"]);
    assert!(run.stdout.contains("stale-advisories"), "{}", run.stdout);
}

#[test]
fn a_failing_service_fails_what_depends_on_it_and_names_the_way() {
    let project = Project::boutique();
    let run = project.exits(1, &["--config", "compliance.failing.toml", "build", "--as-of", AS_OF]);
    assert!(run.stdout.contains("shipping: fail"), "{}", run.stdout);
    assert!(run.stdout.contains("depends on shipping, which fails"), "{}", run.stdout);
    assert!(run.stdout.contains("compliance.failing.toml:"), "the line of the limit: {}", run.stdout);
    insta::assert_snapshot!("boutique_failing", run.stdout);
}

#[test]
fn a_stale_lock_is_refused_and_nothing_is_written() {
    let project = Project::boutique();
    project.build();
    let before = project.read("compliance.lock");
    project.edit("compliance.toml", "[project]", "# a comment changes nothing\n[project]");
    project.ok(&["build", "--locked", "--as-of", AS_OF]);
    project.edit("src/storefront/package-lock.json", "\"version\": \"1.", "\"version\": \"3.");
    let run = project.exits(3, &["build", "--locked", "--as-of", AS_OF]);
    assert!(run.stderr.contains("lock::stale"), "{}", run.stderr);
    project.exits(3, &["verify"]);
    assert_eq!(project.read("compliance.lock"), before);
}

#[test]
fn no_changed_byte_of_the_evidence_goes_unnoticed() {
    let project = Project::boutique();
    project.build();
    let evidence = files(&project.root().join(".compliance"));
    assert!(evidence.len() > 50);
    for (nth, path) in evidence.iter().enumerate() {
        // Every file once, at a place that moves through the files.
        let good = std::fs::read(path).unwrap();
        let mut changed = good.clone();
        let at = (nth * 7919) % changed.len();
        changed[at] ^= 1;
        std::fs::write(path, &changed).unwrap();
        let is_lock_bundle = path.to_string_lossy().contains("/lock/");
        let run = project.run(&["verify"]);
        assert_eq!(run.code, 4, "{} at {at}: {}{}", path.display(), run.stdout, run.stderr);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            is_lock_bundle || run.stderr.replace(['\n', ' ', '│'], "").contains(&name[..20]),
            "{name}: {}",
            run.stderr
        );
        std::fs::write(path, &good).unwrap();
    }
    project.ok(&["verify"]);
    std::fs::remove_file(&evidence[0]).unwrap();
    project.exits(4, &["verify"]);
}

#[test]
fn no_changed_byte_of_the_lock_goes_unnoticed() {
    let project = Project::boutique();
    project.build();
    let good = project.read("compliance.lock");
    for at in (0..good.len()).step_by(good.len() / 150) {
        let mut changed = good.clone();
        changed[at] ^= 1;
        project.write("compliance.lock", &changed);
        let run = project.run(&["verify", "--replay"]);
        let is_version = good[..at].ends_with(b"version = ");
        assert!(run.code == 4 || is_version, "byte {at}: exit {}: {}{}", run.code, run.stdout, run.stderr);
    }
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::boutique();
    let key = project.root().join(".proofmark/local.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let run = project.exits(2, &["build", "--as-of", AS_OF]);
    assert!(run.stderr.contains("sign::refused"), "{}", run.stderr);
    assert!(!project.root().join("compliance.lock").exists());
}

#[test]
fn a_damaged_cache_is_said_and_made_again() {
    let project = Project::boutique();
    project.build();
    let lock = project.read("compliance.lock");
    std::fs::remove_dir_all(project.root().join(".proofmark/state")).unwrap();
    for path in files(&project.cache().join("v1/actions")) {
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
    }
    let run = project.exits(0, &["build", "--as-of", AS_OF, "--progress", "plain"]);
    assert!(run.stderr.contains("cache::corrupted"), "{}", run.stderr);
    assert_eq!(project.read("compliance.lock"), lock);
}

#[test]
fn differences_between_locks_are_told() {
    let project = Project::boutique();
    project.build();
    std::fs::copy(project.root().join("compliance.lock"), project.root().join("old.lock")).unwrap();
    project.edit("src/storefront/package-lock.json", "\"version\": \"1.", "\"version\": \"4.");
    project.run(&["build", "--as-of", AS_OF]);
    let json = project.exits(0, &["diff", "old.lock", "compliance.lock", "--format", "json"]).json();
    let subject = &json["services-changed"][0]["subjects-changed"][0];
    assert_eq!(json["services-changed"][0]["name"], "storefront", "{json}");
    assert_eq!(subject["components"]["changed"].as_array().map(Vec::len), Some(1), "{json}");
    let words = project.ok(&["diff", "old.lock"]);
    assert!(words.contains("storefront"), "{words}");
    project.exits(2, &["diff", "no-such-file-or-revision"]);
}

#[test]
fn help_is_as_reviewed() {
    let project = Project::bare("help");
    insta::assert_snapshot!("help", project.ok(&["--help"]));
    for command in ["build", "verify", "plan", "scan", "db", "init"] {
        insta::assert_snapshot!(format!("help_{command}"), project.ok(&[command, "--help"]));
    }
    project.exits(2, &["no-such-command"]);
    project.exits(2, &["graph", "--format", "yaml"]);
}

#[test]
fn versions_are_compared() {
    let project = Project::bare("versions");
    for (ecosystem, a, sign, b) in [
        ("npm", "1.2.3", "<", "1.10.0"),
        ("PyPI", "-word.version-dev", "<", "1.0"),
        ("Maven", "-1", "<", "1"),
        ("Alpine:v3.20", "1.0_rc1", "<", "1.0"),
        ("Red Hat", "1:1-1", ">", "2-1"),
        ("redhat", "1:1-1", ">", "2-1"),
        ("pypi", "1.0.0", "=", "1"),
    ] {
        assert_eq!(project.ok(&["db", "compare", ecosystem, a, b]), format!("{sign}\n"), "{ecosystem} {a} {b}");
    }
    project.exits(2, &["db", "compare", "npm", "1.x", "1.0.0"]);
    project.exits(2, &["db", "compare", "npm", "1.0.0"]);
    assert!(project.exits(2, &["db", "compare", "Nothing", "1", "2"]).stderr.contains("PyPI"));
    assert_eq!(project.ok(&["db", "compare", "npm", "1.0.0", "1.0.0", "-q"]), "=\n");
    let pairs = |ecosystem: &[&str], input: &str| {
        project.write("input", input);
        let mut command = project.command(&[&["db", "compare"], ecosystem].concat());
        command.stdin(std::fs::File::open(project.root().join("input")).unwrap());
        let run = common::Run::of(command);
        (run.code, run.stdout)
    };
    assert_eq!(pairs(&["npm", "-"], "1 2\n\n2 1\n"), (0, "<\n>\n".into()));
    assert_eq!(pairs(&["npm", "-"], "1 2\nx 1\n1 y\n1 1\n"), (2, "<\n?\n?\n=\n".into()));
    let mixed = "Rocky Linux 1-1 1-2\nnpm 2 1\nPyPI 1.0 1\nLinux 1 2\n";
    assert_eq!(pairs(&["-"], mixed), (2, "<\n>\n=\n?\n".into()));
    assert_eq!(pairs(&["-"], "1 2\n").0, 2);
}

#[test]
fn an_sbom_is_a_subject() {
    let project = Project::boutique();
    let document = |version: &str| {
        serde_json::json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
            {"type": "library", "name": "lodash", "version": version, "purl": format!("pkg:npm/lodash@{version}")}]})
        .to_string()
    };
    project.write("images/foreign.json", document("4.17.20"));
    let config = String::from_utf8(project.read("compliance.toml")).unwrap();
    let line = config.lines().find(|line| line.contains("\"oci:images/payment\"")).unwrap().to_owned();
    project.edit("compliance.toml", &line, &line.replace("oci:images/payment", "sbom:images/foreign.json"));
    let built = project.run(&["build", "--as-of", AS_OF]);
    assert!([0, 1].contains(&built.code), "{}{}", built.stdout, built.stderr);
    let replayed = project.run(&["verify", "--replay", "--offline"]);
    assert_eq!(replayed.code, built.code, "{}{}", replayed.stdout, replayed.stderr);
    assert!(String::from_utf8(project.read("compliance.lock")).unwrap().contains("uri = \"sbom:images/foreign.json\""));
    let found = project.ok(&["scan", "images/foreign.json", "--match"]);
    assert!(found.contains("CVE-2021-23337"), "{found}");
    project.write("images/foreign.json", document("4.17.21"));
    project.exits(3, &["verify"]);
    // A document that cannot be read is not one without packages.
    project.write("images/foreign.json", "{}");
    project.exits(6, &["build", "--as-of", AS_OF]);
    project.exits(6, &["scan", "sbom:images/foreign.json"]);
}

#[test]
fn what_is_wrong_with_a_config_is_told_to_machines_too() {
    let project = Project::boutique();
    let line = |text: &str, part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    project.edit("compliance.toml", "version = 1", "version = 1\nnonsense = 2");
    let text = String::from_utf8(project.read("compliance.toml")).unwrap();
    let told = project.run(&["check", "--format", "json"]);
    assert_eq!(told.code, 2);
    let error = &told.json()["error"];
    assert_eq!(error["code"], "config::unknown-key", "{error}");
    let detail = &error["details"][0];
    assert_eq!(detail["code"], "config::unknown-key", "{error}");
    assert!(detail["message"].as_str().unwrap().contains("nonsense"), "{error}");
    assert_eq!(detail["place"]["file"], "compliance.toml", "{error}");
    assert_eq!(detail["place"]["line"], line(&text, "nonsense"), "{error}");
    assert_eq!(detail["place"]["column"], 1, "{error}");
}

#[test]
fn one_bundle_is_verified_by_itself() {
    let project = Project::boutique();
    project.build();
    let scan = project.ok(&["scan", "oci:images/checkout", "--format", "json"]);
    let scan: serde_json::Value = serde_json::from_str(&scan).unwrap();
    let digest = scan["subject"]["digest"].as_str().unwrap().to_owned();
    let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    let checkout =
        lock["service"].as_array().unwrap().iter().find(|it| it["name"].as_str() == Some("checkout")).unwrap();
    let subject =
        checkout["subject"].as_array().unwrap().iter().find(|it| it["kind"].as_str() == Some("image")).unwrap();
    let bundle =
        subject["attestation"].as_array().unwrap()[0]["bundle"].as_str().unwrap().trim_start_matches("sha256:");
    let path = format!(".compliance/attestations/sha256/{bundle}.sigstore.json");
    let said = project.ok(&["verify", "--bundle", &path, "--subject", &digest]);
    assert!(said.contains("trusted as trust/local.pub"), "{said}");
    project.exits(4, &["verify", "--bundle", &path, "--subject", &format!("sha256:{}", "0".repeat(64))]);
    // A file stands for its digest: a manifest, for an image.
    let manifest = format!("images/checkout/blobs/sha256/{}", digest.trim_start_matches("sha256:"));
    project.ok(&["verify", "--bundle", &path, "--subject", &manifest]);
    project.exits(2, &["verify", "--bundle", &path, "--subject", "nothing"]);
    project.exits(2, &["verify", "--bundle", &path]);
    // Trust comes from outside.
    project.write("elsewhere/trust.toml", "keys = [\"other.pub\"]\n");
    let other = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    project.write("elsewhere/other.pub", other);
    project.exits(4, &["verify", "--bundle", &path, "--subject", &digest, "--trust", "elsewhere/trust.toml"]);
    let mut bytes = project.read(&path);
    let place = bytes.len() / 3;
    bytes[place] ^= 1;
    project.write(&path, bytes);
    project.exits(4, &["verify", "--bundle", &path, "--subject", &digest]);
}
