//! How errors look: to people, and as JSON.

use super::{kdl, rendered, toml};

const WRONG: &str = r#"version = 1

[project]
name = "my shop"

[scan]
jbos = 4
timeout = "10 minutes"
[scan.trivy]
token = "s3cr3t-token-value"

[vault]
address = "http://vault.example.com:8200"
[vault.roles.attest]
engine = "pki"
ttl = "1h"

[policy.baseline]
max = { critical = 0, hihg = 0, medium = -1 }
licenses = { allow = ["MIT", "Apache 2.0", "MIT OR Zlib"] }
max-waiver = "365d"

[images.checkout]
ref = "oci:../images/checkout"
base = "bse"

[images.base]
ref = "oci:images/base"

[services.checkout]
path = "/src/checkout"
images = "checkout"
depends-on = ["paymnet", "email"]
policy = "baselin"
sign = "attset"

[services.payment]
path = "src/payment"
policy = "baseline"
depends-on = ["email"]

[services.email]
policy = "baseline"
depends-on = ["payment"]

[[waiver]]
id = "CVE-2024-1"
package = "pkg:npm/lodash@4.17.20"
owner = "alice@example.com"
"#;

#[test]
fn all_at_once_for_people() {
    insta::assert_snapshot!(rendered(&toml(WRONG).unwrap_err()));
}

#[test]
fn all_at_once_for_machines() {
    let errors = toml(WRONG).unwrap_err();
    let json = serde_json::to_value(&errors).unwrap();
    assert_eq!(json["errors"].as_array().unwrap().len(), errors.errors().len());
    assert_eq!(errors.codes().len(), errors.errors().len());
    insta::assert_json_snapshot!(json);
}

#[test]
fn of_kdl() {
    let text = r#"version 1
project name="shop"
scan { jbos 4; jobs 8 9; stagger (duration)"5s" }
policy "baseline" "strict" { max hihg=0 }
policy "b" { max high=0; max low=1; licenses "MIT" }
services "old" { path "x" }
service { path "src/x"; policy "b" }
service "a" images="x" policy="b" policy="c" { depends-on 1 "b" }
service "b" path="é" policy=#null
"#;
    insta::assert_snapshot!(rendered(&kdl(text).unwrap_err()));
}

#[test]
fn of_broken_syntax() {
    insta::assert_snapshot!("toml_syntax", rendered(&toml("version = \n[project\nname = 'x'\n").unwrap_err()));
    insta::assert_snapshot!("kdl_syntax", rendered(&kdl("version 1\nproject name=\nscan {\n").unwrap_err()));
}

#[test]
fn places_count_characters_and_the_byte_order_mark() {
    let text = "\u{feff}version = 1\nproject.name = 'ü'\npolicy.b.max.high = 'é' # é\n[services.s]\npath = 's'\npolicy = 'b'\n";
    let errors = toml(text).unwrap_err();
    assert_eq!(errors.codes(), ["config::invalid-name", "config::wrong-type"]);
    let (offset, length) = errors.errors()[1].span();
    assert_eq!(&text[offset..offset + length], "'é'");
    assert_eq!(errors.errors()[1].position(), (3, 21));
    let text = "\u{feff}version 1; project name=\"ü\"; jobs\npolicy \"b\" { max high=\"é\"; }; service \"s\" path=\"é\" policy = 1";
    let errors = kdl(text).unwrap_err();
    let shown: Vec<&str> = errors.errors().iter().map(|e| &text[e.span().0..e.span().0 + e.span().1]).collect();
    assert_eq!(shown, ["\"ü\"", "jobs", "\"é\"", "1"]);
}

#[test]
fn secrets_are_not_shown() {
    let text = super::LEAST.replace(
        "version = 1",
        "version = 1\nvault.token = 'hunter2-hunter2'\nscan.trivy.token = { vlaut = 'hunter2-hunter2' }\n\
         advisories.sources = ['https://u:hunter2@example.com/']\nmine = { api-key = 'hunter2-hunter2' }\n\
         store.dir = 'hvs.hunter2hunter2hunter2'",
    );
    let errors = toml(&text).unwrap_err();
    assert_eq!(errors.codes().iter().filter(|code| **code == "config::literal-secret").count(), 4);
    assert!(!rendered(&errors).contains("hunter2"), "{}", rendered(&errors));
    assert!(!serde_json::to_string(&errors).unwrap().contains("hunter2"));
    let broken = toml("version = 1\nx = 'hvs.hunter2hunter2hunter2").unwrap_err();
    assert!(!rendered(&broken).contains("hunter2"), "{}", rendered(&broken));
}

#[test]
fn a_circle_is_shown_with_every_step() {
    let service =
        |name: &str, needs: &str| format!("[services.{name}]\npath = 's'\npolicy = 'b'\ndepends-on = ['{needs}']\n");
    let text = format!("{}{}{}{}", super::LEAST, service("c", "a"), service("a", "b"), service("b", "c"));
    let errors = toml(&text).unwrap_err();
    assert_eq!(errors.codes(), ["config::dependency-cycle"]);
    assert_eq!(errors.errors()[0].to_string(), "a circle: a -> b -> c -> a");
    let shown = rendered(&errors);
    for step in ["a needs b", "b needs c", "c needs a"] {
        assert!(shown.contains(step), "{shown}");
    }
}
