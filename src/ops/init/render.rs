//! What was detected, as the text of a first `compliance.toml`: valid as it stands, one line of explanation for each section.

use super::{Detected, DetectedService};
use crate::model::Name;
use std::fmt::Write as _;

/// Most notes that are written out.
const MAX_NOTES: usize = 40;

/// The text of a config. Has no services where none were detected, which the config's check then says.
pub fn render(detected: &Detected, project_name: &Name) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_config(&mut out, detected, project_name);
    out
}

fn write_config(out: &mut String, detected: &Detected, project_name: &Name) -> std::fmt::Result {
    writeln!(
        out,
        "# What proofmark scans, judges, signs and records for this project. Written by `proofmark init`: a guess, to be read."
    )?;
    writeln!(out, "version = 1\n")?;
    writeln!(out, "[project]\nname = {}\n", quoted(project_name.as_str()))?;
    out.push_str(SETTINGS);

    if !detected.images.is_empty() {
        writeln!(
            out,
            "\n# Images: OCI layouts that were found. Where one is built on another, say so: base = \"NAME\". Where one has several"
        )?;
        writeln!(out, "# platforms, say which: platform = \"linux/amd64\".")?;
    }
    for image in &detected.images {
        writeln!(out, "[images.{}]\nref = {}", key(&image.name), quoted(&image.reference))?;
    }
    writeln!(
        out,
        "\n# Services: what is shipped. `path` is its source tree, for lockfiles; `depends-on` names services that it needs."
    )?;
    if detected.services.is_empty() {
        out.push_str(NO_SERVICE);
    }
    for service in &detected.services {
        write_service(out, service)?;
    }
    out.push_str(WAIVER);
    if !detected.notes.is_empty() {
        writeln!(out, "\n# Seen, and not used above:")?;
        for note in detected.notes.iter().take(MAX_NOTES) {
            writeln!(out, "# - {}", note.escape_debug())?;
        }
        if let Some(more @ 1..) = detected.notes.len().checked_sub(MAX_NOTES) {
            writeln!(out, "# - and {more} more")?;
        }
    }
    Ok(())
}

const SETTINGS: &str = r#"# What scans. The built-in scanner needs nothing installed.
[scan]
engine = "builtin"

# Where advisories come from: "osv" is osv.dev's public database; paths and https addresses in its layout work as well.
[advisories]
sources = ["osv"]

# Who signs. "local" is a key of this machine, kept out of the repository; a Vault role is for CI.
[sign]
with = "local"

# Who may have signed. Commit the public key.
[trust]
keys = ["trust/local.pub"]

# Policies: the most findings of each severity that pass; a severity that is not named has no limit.
[policy.baseline]
max = { critical = 0, high = 0 }
"#;

const NO_SERVICE: &str = r#"# None was found: at least one has to be declared.
# [services.NAME]
# path = "."
# policy = "baseline"

"#;

const WAIVER: &str = r#"# Waivers: findings that somebody answers for, until a date at most 180 days ahead.
# [[waiver]]
# id = "CVE-2024-12345"
# package = "pkg:npm/example"
# services = ["NAME"]
# reason = "why it is acceptable"
# owner = "who@example.com"
# expires = YYYY-MM-DD
"#;

fn write_service(out: &mut String, service: &DetectedService) -> std::fmt::Result {
    writeln!(out, "[services.{}]", key(&service.name))?;
    if let Some(path) = &service.path {
        writeln!(out, "path = {}", quoted(path))?;
    }
    write_list(out, "exclude", service.exclude.iter().map(String::as_str))?;
    write_list(out, "images", service.images.iter().map(Name::as_str))?;
    write_list(out, "depends-on", service.depends_on.iter().map(Name::as_str))?;
    writeln!(out, "policy = \"baseline\"\n")
}

fn write_list<'a>(out: &mut String, key: &str, items: impl Iterator<Item = &'a str>) -> std::fmt::Result {
    let items: Vec<String> = items.map(quoted).collect();
    if items.is_empty() { Ok(()) } else { writeln!(out, "{key} = [{}]", items.join(", ")) }
}

/// A key as TOML writes it: bare where it can be.
fn key(name: &Name) -> String {
    let bare = name.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare { name.to_string() } else { quoted(name.as_str()) }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
