//! The example that names every key, and the text that fixed the format.

use super::{kdl, toml};
use crate::config::keys::{Keys, Kind, ROOT};
use crate::config::value::{Table, ValueKind};
use crate::config::{Engine, SignWith};
use crate::model::{Date, Duration, EndOfLife, Name, Severity};
use std::collections::BTreeSet;

const TOML: &str = include_str!("../../../compliance.toml.example");
const KDL: &str = include_str!("../../../compliance.kdl.example");

#[test]
fn loads() {
    let config = toml(TOML).unwrap_or_else(|errors| panic!("{}", super::rendered(&errors)));
    let name = |text| Name::new(text).unwrap();
    assert_eq!(config.project.name, name("boutique"));
    assert_eq!((config.scan.jobs, config.scan.timeout), (Some(8), Duration::from_secs(600)));
    assert_eq!(config.advisories.max_age, Some(Duration::from_days(1)));
    let strict = &config.policies["strict"];
    assert_eq!((strict.max[&Severity::Medium], strict.max[&Severity::Low]), (0, 200), "merged by severity");
    assert_eq!(strict.grace[&Severity::High], Duration::from_days(7), "inherited");
    assert_eq!((strict.max_waiver_days, strict.end_of_life), (90, EndOfLife::Deny));
    assert_eq!(strict.licenses, config.policies["baseline"].licenses);
    let checkout = &config.services["checkout"];
    assert_eq!((checkout.engine, &checkout.sign), (Engine::Builtin, &SignWith::Role(name("attest"))));
    assert_eq!(config.services["payment"].sign, SignWith::Local);
    assert_eq!(config.waivers[0].expires, Date::parse("2026-12-31").unwrap());
    let unavailable: Vec<&str> = config.unavailable.iter().map(|missing| missing.key.as_str()).collect();
    assert_eq!(unavailable, ["policy.baseline.known-exploited", "policy.baseline.epss"]);
    for missing in &config.unavailable {
        let (offset, length) = missing.span;
        let key = missing.key.rsplit('.').next().unwrap();
        assert!(TOML[offset..offset + length].starts_with(key), "{}", missing.key);
    }
}

#[test]
fn spans_lead_to_the_keys() {
    let config = toml(TOML).unwrap();
    let at = |key: &str| {
        let (offset, length) = config.spans[key];
        &TOML[offset..offset + length]
    };
    assert_eq!(at("policy.baseline.max.high"), "high = 0");
    assert_eq!(at("policy.strict.max.high"), "high = 0");
    assert_eq!(config.spans["policy.strict.max.high"], config.spans["policy.baseline.max.high"], "where it is said");
    assert_eq!(at("policy.strict.max.medium"), "medium = 0");
    assert_eq!(at("services.checkout"), "checkout");
    assert_eq!(at("services.checkout.depends-on.0"), "\"payment\"");
    assert_eq!(at("advisories.ecosystems.0"), "\"Alpine\"", "sorted");
    assert_eq!(at("waiver.0.id"), "id = \"CVE-2024-12345\"");
    assert_eq!(at("waiver.0"), "[[waiver]]");
}

#[test]
fn says_the_same_in_kdl() {
    let (one, other) = (toml(TOML).unwrap(), kdl(KDL).unwrap_or_else(|errors| panic!("{}", super::rendered(&errors))));
    assert_eq!(serde_json::to_value(&one).unwrap(), serde_json::to_value(&other).unwrap());
    assert_eq!(one.digest(), other.digest());
    let keys = |config: &crate::config::Config| config.spans.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&one), keys(&other), "every key stands somewhere in both");
    let (offset, length) = other.spans["policy.strict.max.high"];
    assert_eq!(&KDL[offset..offset + length], "high=0");
    let (offset, length) = other.spans["waiver.0.id"];
    assert_eq!(&KDL[offset..offset + length], "id \"CVE-2024-12345\"");
}

/// Every key of the table of keys, as a path without the names that users give.
fn all_keys(keys: &Keys, prefix: &str, found: &mut BTreeSet<String>) {
    for key in keys.keys {
        let path = format!("{prefix}{}", key.name);
        match &key.kind {
            Kind::Table(keys) | Kind::Many(keys, _) => all_keys(keys, &format!("{path}."), found),
            Kind::Named(keys, ..) => all_keys(keys, &format!("{path}.*."), found),
            _ => {}
        }
        found.insert(path);
    }
}

fn named_keys(table: &Table, keys: &Keys, prefix: &str, found: &mut BTreeSet<String>) {
    for (name, entry) in table {
        let path = format!("{prefix}{name}");
        let kind = keys.keys.iter().find(|key| key.name == name).map(|key| &key.kind);
        match (kind, &entry.value.kind) {
            (Some(Kind::Table(keys)), ValueKind::Table(table)) => named_keys(table, keys, &format!("{path}."), found),
            (Some(Kind::Named(keys, ..)), ValueKind::Table(tables)) => {
                for entry in tables.values() {
                    if let ValueKind::Table(table) = &entry.value.kind {
                        named_keys(table, keys, &format!("{path}.*."), found);
                    }
                }
            }
            (Some(Kind::Many(keys, _)), ValueKind::List(items)) => {
                for item in items {
                    if let ValueKind::Table(table) = &item.kind {
                        named_keys(table, keys, &format!("{path}."), found);
                    }
                }
            }
            _ => {}
        }
        found.insert(path);
    }
}

#[test]
fn names_every_key() {
    let (mut all, mut named) = (BTreeSet::new(), BTreeSet::new());
    all_keys(&ROOT, "", &mut all);
    let table = crate::config::toml::parse(TOML, 0, &mut crate::config::errors::Report::default()).unwrap();
    named_keys(&table, &ROOT, "", &mut named);
    assert_eq!(all, named);
}

#[test]
fn the_text_of_the_design_loads() {
    let text = r##"
#:schema ./schema/compliance.schema.json
version = 1

[project]
name = "boutique"

[scan]
engine = "builtin"              # builtin | trivy | syft ; a service may override it
jobs = 8
stagger = "0s"                  # spread scan starts over this window
timeout = "10m"
[scan.trivy]
binary = "trivy"
sha256 = "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"
server = "https://trivy.internal:4954"   # optional client/server mode
token = { vault = "scan-token" }         # never a literal

[advisories]
sources = ["osv"]
max-age = "24h"

[vault]
address = "https://vault.example.com:8200"   # else VAULT_ADDR
namespace = "team-a"
auth = { method = "jwt", role = "github-actions" }  # jwt | approle | kubernetes | token | agent
rate = { requests-per-second = 50, retries = 5 }
[vault.roles.attest]            # the roles that services refer to
engine = "pki"                  # pki | transit | kv
mount = "pki-attest"
role = "attestation"
ttl = "15m"                     # more than 15m is an error
[vault.roles.scan-token]
engine = "kv"
path = "secret/data/trivy"
field = "token"

[sign]
with = "local"                  # local | a Vault role
timestamp = "https://tsa.example.com"

[trust]
roots = ["trust/root.pem"]
identities = ["spiffe://example.com/ci/*"]
keys = ["trust/local.pub"]
revoked = [{ key = "trust/stolen.pub", since = 2026-10-01, reason = "a laptop was stolen" }]

[policy.baseline]
max = { critical = 0, high = 0, medium = 20 }
ignore-unfixed = false
grace = { high = "7d", medium = "30d" }
known-exploited = "deny"
epss = 0.5
licenses = { allow = ["MIT", "Apache-2.0", "BSD-3-Clause"], unknown = "deny" }
end-of-life = "deny"
[policy.strict]
extends = "baseline"
max = { critical = 0, high = 0, medium = 0 }

[images.base]
ref = "oci:images/base"
[images.checkout]
ref = "registry.example.com/boutique/checkout:1.4.2"
platform = "linux/amd64"
base = "base"

[services.payment]
path = "src/payment"
policy = "baseline"

[services.checkout]
path = "src/checkout"           # source tree: lockfiles and manifests
images = ["checkout"]
depends-on = ["payment"]
policy = "strict"
owner = "team-checkout"
sign = "attest"

[[waiver]]
id = "CVE-2024-12345"
package = "pkg:npm/lodash"
services = ["checkout"]
reason = "not reachable: template() is never called"
owner = "alice@example.com"
expires = 2026-12-31
"##;
    toml(text).unwrap_or_else(|errors| panic!("{}", super::rendered(&errors)));
}
