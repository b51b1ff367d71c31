//! Names for what was found: from build files and directories, made valid and unique.

use super::builds::Build;
use super::grouping::{Group, owner};
use super::{DetectedImage, DetectedService, file_name, parent};
use crate::model::Name;
use std::collections::{BTreeMap, BTreeSet};

/// Directory names that say nothing of the service: the one above does.
const GENERIC: &[&str] = &["src", "app", "source", "code", "server", "service", "main", "build", "docker"];

/// Longest name given, in bytes: leaves room for what makes it unique.
const LONGEST: usize = 100;

/// One service for each group, in their order.
pub(super) fn services(groups: &[Group], builds: &[Build]) -> Vec<DetectedService> {
    let mut built: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for build in builds {
        if let Some(index) = owner(groups, &build.directory) {
            built.entry(index).or_default().insert(&build.name);
        }
    }
    let mut taken = BTreeSet::new();
    let mut services = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let called = built.get(&index).and_then(|names| only(names, file_name(&group.directory)));
        let Some(name) = unique(called, &group.directory, "root", &mut taken) else { continue };
        let relative =
            |other: &String| other.get(group.directory.len()..).unwrap_or_default().trim_start_matches('/').to_owned();
        services.push(DetectedService {
            name,
            path: Some(if group.directory.is_empty() { ".".to_owned() } else { group.directory.clone() }),
            exclude: group.others.iter().map(|other| format!("{}/**", escape_glob(&relative(other)))).collect(),
            images: Vec::new(),
            depends_on: Vec::new(),
            evidence: group.evidence.iter().cloned().collect(),
        });
    }
    services
}

/// One image for each layout, sorted by name.
pub(super) fn images(layouts: &BTreeSet<&str>, notes: &mut BTreeSet<String>) -> Vec<DetectedImage> {
    let mut taken = BTreeSet::new();
    let mut images = Vec::new();
    for directory in layouts {
        if directory.contains([':', '@']) {
            notes.insert(format!("{directory}: an OCI layout whose path cannot stand in a reference"));
            continue;
        }
        let Some(name) = unique(None, directory, "image", &mut taken) else { continue };
        images.push(DetectedImage {
            name,
            reference: format!("oci:{}", if directory.is_empty() { "." } else { directory }),
        });
    }
    images.sort_by(|a, b| a.name.cmp(&b.name));
    images
}

/// The name that build files agree on, or the one that is the directory's.
fn only<'a>(names: &BTreeSet<&'a str>, directory: &str) -> Option<&'a str> {
    let agreed = names.first().filter(|_| names.len() == 1);
    agreed.or_else(|| names.get(directory)).copied()
}

/// A name that is not taken: as called, else by the directory, else with the directories above it, else with a number.
fn unique(called: Option<&str>, directory: &str, root: &str, taken: &mut BTreeSet<Name>) -> Option<Name> {
    let mut place = directory;
    if called.is_none() && GENERIC.contains(&file_name(place)) && !parent(place).is_empty() {
        place = parent(place);
    }
    let mut text = called.unwrap_or_else(|| if place.is_empty() { root } else { file_name(place) }).to_owned();
    loop {
        let name = valid(&text)?;
        if taken.insert(name.clone()) {
            return Some(name);
        }
        place = parent(place);
        if place.is_empty() || text.len() > LONGEST {
            break;
        }
        text = format!("{}-{text}", file_name(place));
    }
    let stem = valid(&text)?;
    (2..=usize::MAX).find_map(|number| {
        let name = Name::new(&format!("{stem}-{number}")).ok()?;
        taken.insert(name.clone()).then_some(name)
    })
}

/// The nearest valid name.
fn valid(text: &str) -> Option<Name> {
    let fits = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let text: String = text.chars().map(fits).collect();
    let text = text.trim_start_matches(['.', '_', '-']);
    let text = text.get(..LONGEST).unwrap_or(text);
    Name::new(if text.is_empty() { "service" } else { text }).ok()
}

/// A glob that stands for the path alone.
fn escape_glob(path: &str) -> String {
    path.chars().map(|c| if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '!') { '?' } else { c }).collect()
}
