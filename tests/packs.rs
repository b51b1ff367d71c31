//! Packs of a part of a lock: whole in themselves, and saying that they are a part.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "tests may fail loudly and touch files"
)]

mod common;

use common::Project;
use proofmark::attest::pack;
use proofmark::model::Name;

const VERIFY: [&str; 5] = ["verify", "--pack", "part.pack", "--trust", "trust.toml"];

/// The example, built, with a pack of one service.
fn packed(service: &str) -> Project {
    let project = Project::boutique();
    project.build();
    project.write("trust.toml", "keys = [\"trust/local.pub\"]\n");
    project.ok(&["pack", "--service", service, "-o", "part.pack"]);
    project
}

#[test]
fn a_part_verifies_and_says_that_it_is_one() {
    let project = packed("checkout");
    project.ok(&["pack", "-o", "whole.pack"]);
    assert!(project.read("part.pack").len() < project.read("whole.pack").len());
    let said = project.ok(&VERIFY);
    assert!(said.contains("a part of it") && said.contains("checkout: ") && !said.contains("analytics"), "{said}");
    let json = project.exits(0, &[&VERIFY[..], &["--format", "json"]].concat()).json();
    let part: Vec<&str> = json["part"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(part.contains(&"checkout") && part.contains(&"payment"), "with what it depends on: {part:?}");
    assert_eq!(json["verdicts"].as_object().unwrap().len(), part.len());
    // The same evidence, the same bytes; and verdicts that can be computed anew.
    project.ok(&["pack", "--service", "checkout", "-o", "again.pack"]);
    assert_eq!(project.read("part.pack"), project.read("again.pack"));
    let replayed = project.exits(0, &[&VERIFY[..], &["--replay", "--format", "json"]].concat()).json();
    assert_eq!(replayed["replayed"], replayed["verdicts"]);
    project.exits(2, &["pack", "--service", "nobody"]);
    // A public key says whom to trust, too; another one does not, and a certificate alone says nothing.
    let key = ["verify", "--pack", "part.pack", "--trust", "trust/local.pub"];
    assert!(project.ok(&key).contains("checkout: "));
    let other = Project::boutique();
    other.ok(&["init", "--key"]);
    project.write("other.pub", String::from_utf8(other.read("trust/local.pub")).unwrap());
    project.exits(4, &["verify", "--pack", "part.pack", "--trust", "other.pub"]);
    project.exits(2, &["verify", "--pack", "part.pack", "--trust", "trust/time.pem"]);
}

#[test]
fn a_part_cannot_be_made_smaller_or_changed() {
    let project = packed("checkout");
    let good = project.read("part.pack");
    for at in (0..good.len()).step_by(good.len() / 60) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        project.write("part.pack", &bad);
        project.exits(4, &VERIFY);
    }
    // By somebody who knows the form.
    let whole = pack::decode(&good).unwrap();
    let with = |change: &dyn Fn(&mut pack::Pack)| {
        let mut other = whole.clone();
        change(&mut other);
        project.write("part.pack", pack::encode(&other).unwrap());
    };
    with(&|pack| pack.part = vec![Name::new("checkout").unwrap()]);
    assert!(project.exits(4, &VERIFY).stderr.contains("pack::part"), "without what it depends on");
    with(&|pack| pack.part.push(Name::new("zebra").unwrap()));
    assert!(project.exits(4, &VERIFY).stderr.contains("pack::part"), "of no service");
    with(&|pack| pack.part.clear());
    assert!(project.exits(4, &VERIFY).stderr.contains("store::missing"), "as if it were all");
    with(&|pack| {
        let bundle = pack.files.keys().find(|path| path.contains("attestations/sha256")).unwrap().clone();
        pack.files.remove(&bundle);
    });
    assert!(project.exits(4, &VERIFY).stderr.contains("store::missing"), "without one of its bundles");
}

#[test]
fn a_private_key_does_not_leave() {
    let project = Project::boutique();
    project.build();
    project.write("trust/local.pub", project.read(".proofmark/local.key"));
    let refused = project.exits(2, &["pack"]);
    assert!(refused.stderr.contains("attest::private-key"), "{}", refused.stderr);
    assert!(!project.root().join("evidence.pack").exists());
}
