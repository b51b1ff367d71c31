//! [`RawConfig`] to [`Config`]: what concerns several keys at once. Every check reports all it finds.

mod cycles;
mod images;
mod names;
mod policies;
mod registries;
mod services;
mod unavailable;
mod vault;
mod waivers;

use super::errors::{ConfigError, Report, Span};
use super::raw::{RawConfig, Section};
use super::types::{
    AdvisorySources, Config, Engine, MatchWith, Project, RevokedKey, Scan, ScanProgram, Sign, SignWith, Store, Trust,
};
use crate::model::{Digest, Duration, Name};
use names::Names;
use std::collections::BTreeMap;

/// The validated config; `None` where something that it cannot be without is missing, which was reported.
pub(super) fn validate(raw: &RawConfig, report: &mut Report) -> Option<Config> {
    let names = Names::of(raw);
    vault::check(raw, &names, report);
    let sign = sign(raw, &names, report);
    let scan = scan(raw);
    let registries = registries::validate(raw, &names, report);
    let (policies, resolved) = policies::validate(raw, &names, report);
    let images = images::validate(raw, &names, report);
    let services = services::validate(raw, &names, &scan, &sign, report);
    let (waivers, waiver_sections) = waivers::validate(raw, &names, report);
    if let Some(tables) = raw.table("services").filter(|tables| tables.items().is_empty()) {
        let error =
            ConfigError::new("config::no-services", tables.key, "there is no service: nothing would be checked")
                .help("name at least one: `[services.NAME]`");
        report.add(error);
    }
    let name = raw.table("project").and_then(|project| name_of(project, "name"));
    if !report.is_empty() {
        return None;
    }

    let mut spans = BTreeMap::new();
    raw.places("", &mut spans);
    for (name, section) in &resolved {
        section.places(&format!("policy.{name}"), &mut spans);
    }
    for (index, section) in waiver_sections.iter().enumerate() {
        spans.insert(format!("waiver.{index}"), section.key.into());
        section.places(&format!("waiver.{index}"), &mut spans);
    }
    Some(Config {
        project: Project { name: name? },
        unavailable: unavailable::list(raw, &spans),
        scan,
        advisories: advisories(raw, report),
        vault: raw.table("vault").map(Section::to_json),
        sign,
        trust: trust(raw),
        store: Store { dir: raw.table("store").and_then(|store| store.owned("dir")).unwrap_or(Store::DEFAULT.into()) },
        policies,
        registries,
        images,
        services,
        waivers,
        spans,
    })
}

/// The name under a key; `None` where it is not there or was reported.
fn name_of(section: &Section, key: &str) -> Option<Name> {
    section.text(key).and_then(|found| Name::new(found.text).ok())
}

fn engine_of(section: &Section) -> Option<Engine> {
    match section.text("engine")?.text {
        "trivy" => Some(Engine::Trivy),
        "syft" => Some(Engine::Syft),
        _ => Some(Engine::Builtin),
    }
}

fn scan(raw: &RawConfig) -> Scan {
    let empty = Section::default();
    let scan = raw.table("scan").unwrap_or(&empty);
    Scan {
        engine: engine_of(scan).unwrap_or(Engine::Builtin),
        jobs: scan.int("jobs").and_then(|jobs| usize::try_from(jobs).ok()),
        stagger: scan.length("stagger").unwrap_or(Duration::from_secs(0)),
        timeout: scan.length("timeout").unwrap_or(Duration::from_secs(600)),
        trivy: scan.table("trivy").map(program),
        syft: scan.table("syft").map(program),
    }
}

fn program(section: &Section) -> ScanProgram {
    ScanProgram {
        binary: section.owned("binary"),
        sha256: section.text("sha256").and_then(|found| Digest::from_hex(found.text).ok()),
        server: section.owned("server"),
        token: section.secret("token").map(|found| found.text.to_owned()),
        database: section.owned("database"),
    }
}

fn advisories(raw: &RawConfig, report: &mut Report) -> AdvisorySources {
    let empty = Section::default();
    let section = raw.table("advisories").unwrap_or(&empty);
    let matcher = match section.text("match") {
        Some(found) if found.text == "trivy" => {
            let trivy = raw.table("scan").and_then(|scan| scan.table("trivy"));
            if trivy.is_none_or(|trivy| trivy.item("database").is_none()) {
                let message = "Trivy matches by a database, and none is named";
                let help =
                    "`[scan.trivy] database`: a directory, or a reference such as \"registry.example.com/trivy-db:2\"";
                report.add(ConfigError::new("config::missing-key", found.span, message).help(help));
            }
            MatchWith::Trivy
        }
        _ => MatchWith::Builtin,
    };
    let sources = section.texts("sources");
    AdvisorySources {
        sources: if sources.is_empty() { vec!["osv".to_owned()] } else { sources },
        max_age: section.length("max-age"),
        ecosystems: section.texts("ecosystems"),
        matcher,
    }
}

fn sign(raw: &RawConfig, names: &Names<'_>, report: &mut Report) -> Sign {
    let empty = Section::default();
    let section = raw.table("sign").unwrap_or(&empty);
    if let Some(stamp) = section.text("timestamp")
        && let Some(role) = stamp.text.strip_prefix("vault:")
    {
        vault::need_role(role, stamp.span, &["pki", "transit"], names, report);
    }
    Sign {
        with: signer(section, "with", names, report).unwrap_or(SignWith::Local),
        key: section.owned("key"),
        timestamp: section.owned("timestamp"),
    }
}

/// The signer under a key: `local`, or a Vault role that can sign.
fn signer(section: &Section, key: &str, names: &Names<'_>, report: &mut Report) -> Option<SignWith> {
    let found = section.text(key)?;
    if found.text == "local" {
        return Some(SignWith::Local);
    }
    vault::need_role(found.text, found.span, &["pki", "transit"], names, report);
    Name::new(found.text).ok().map(SignWith::Role)
}

fn trust(raw: &RawConfig) -> Trust {
    let section = |key| raw.table("trust").map(|trust| trust.texts(key)).unwrap_or_default();
    let revoked =
        raw.table("trust").map(|trust| trust.many("revoked")).unwrap_or_default().iter().filter_map(|revoked| {
            Some(RevokedKey {
                key: revoked.owned("key")?,
                since: revoked.date("since")?,
                reason: revoked.owned("reason")?,
            })
        });
    Trust {
        roots: section("roots"),
        identities: section("identities"),
        keys: section("keys"),
        revoked: revoked.collect(),
    }
}

/// A name that something else has a meaning for.
fn reserved(kind: &str, name: &str, span: Span, meaning: &str, report: &mut Report) {
    let message = format!("{kind} cannot be called `{name}`: {meaning}");
    report.add(ConfigError::new("config::reserved-name", span, message).help("give it another name"));
}
