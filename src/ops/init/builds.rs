//! Files that name services and the directories that they are built from: compose, bake (JSON) and skaffold.
//!
//! They are read loosely, as far as is needed here: what a value does not say in the expected form is not there.

use super::markers::BuildFormat;
use super::{FoundFile, MAX_CONTENT, parent};
use serde_json::Value;
use std::collections::BTreeSet;

/// Most builds that are taken from one file.
const MAX_BUILDS: usize = 2_000;

/// One thing that such a file builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Build {
    /// As the file calls it.
    pub(super) name: String,
    /// The file, from the tree's root.
    pub(super) file: String,
    /// What it is built from, from the tree's root; empty for the root.
    pub(super) directory: String,
    /// Others of the same file that it needs.
    pub(super) depends_on: Vec<String>,
}

/// What a file says of one build: its name, its context and Dockerfile as written, and what it needs.
struct Said<'a> {
    name: &'a str,
    context: &'a str,
    dockerfile: Option<&'a str>,
    depends_on: Vec<String>,
}

/// Reads such a file. Notes what is built from elsewhere.
///
/// # Errors
/// Why it cannot be used, in words.
pub(super) fn read(format: BuildFormat, file: &FoundFile, notes: &mut BTreeSet<String>) -> Result<Vec<Build>, String> {
    if format == BuildFormat::BakeHcl {
        return Err("HCL is not read: `docker buildx bake --print` gives the same as JSON".to_owned());
    }
    let content = file.content.as_deref().ok_or("it was not read")?;
    if content.len() > MAX_CONTENT {
        return Err(format!("larger than {MAX_CONTENT} bytes"));
    }
    let text = std::str::from_utf8(content).map_err(|_| "not UTF-8")?;
    // Strict, so that services may be called `on` or `y`.
    let options = serde_saphyr::options! { strict_booleans: true };
    let yaml =
        || serde_saphyr::from_multiple_with_options::<Value>(text, options).map_err(|_| "not YAML that can be read");
    let documents = match format {
        BuildFormat::BakeJson => vec![serde_json::from_str(text).map_err(|_| "not JSON")?],
        _ => yaml()?,
    };
    let said: Vec<Said<'_>> = match format {
        BuildFormat::Compose => documents.iter().flat_map(compose).collect(),
        BuildFormat::Skaffold => documents.iter().flat_map(skaffold).collect(),
        BuildFormat::BakeJson | BuildFormat::BakeHcl => documents.iter().flat_map(bake).collect(),
    };
    if said.len() > MAX_BUILDS {
        return Err(format!("more than {MAX_BUILDS} builds"));
    }
    let mut builds = Vec::new();
    for Said { name, context, dockerfile, depends_on } in said {
        match directory_of(parent(&file.path), context, dockerfile) {
            Some(directory) => {
                builds.push(Build { name: name.to_owned(), file: file.path.clone(), directory, depends_on })
            }
            None => drop(
                notes.insert(format!("{}: `{name}` is built from `{context}`, which is not in the tree", file.path)),
            ),
        }
    }
    Ok(builds)
}

/// `services.NAME.build`, with `depends_on`. Services that only name an image of somebody else are none of the project's.
fn compose(document: &Value) -> Vec<Said<'_>> {
    let services = document.get("services").and_then(Value::as_object).into_iter().flatten();
    services
        .filter_map(|(name, service)| {
            let build = service.get("build")?;
            let context = build.as_str().or_else(|| build.get("context")?.as_str()).unwrap_or(".");
            let depends_on = match service.get("depends_on") {
                Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                Some(Value::Object(names)) => names.keys().cloned().collect(),
                _ => Vec::new(),
            };
            Some(Said { name, context, dockerfile: build.get("dockerfile").and_then(Value::as_str), depends_on })
        })
        .collect()
}

/// `target.NAME`: contexts are from the directory of the file. A target with neither context nor Dockerfile is there to be
/// inherited from.
fn bake(document: &Value) -> Vec<Said<'_>> {
    let targets = document.get("target").and_then(Value::as_object).into_iter().flatten();
    targets
        .filter_map(|(name, target)| {
            let (context, dockerfile) = (target.get("context"), target.get("dockerfile").and_then(Value::as_str));
            let context = if context.is_none() && dockerfile.is_some() { "." } else { context?.as_str()? };
            Some(Said { name, context, dockerfile, depends_on: Vec::new() })
        })
        .collect()
}

/// `build.artifacts[]`, named by the last part of the image.
fn skaffold(document: &Value) -> Vec<Said<'_>> {
    let artifacts = document.get("build").and_then(|build| build.get("artifacts")).and_then(Value::as_array);
    artifacts
        .into_iter()
        .flatten()
        .filter_map(|artifact| {
            let image = artifact.get("image")?.as_str()?;
            let name = image.rsplit('/').next()?.split([':', '@']).next()?;
            let context = artifact.get("context").and_then(Value::as_str).unwrap_or(".");
            let dockerfile = artifact.get("docker").and_then(|docker| docker.get("dockerfile")).and_then(Value::as_str);
            Some(Said { name, context, dockerfile, depends_on: Vec::new() })
        })
        .collect()
}

/// The directory that a build is about: its context, or where that is only the surroundings, that of its Dockerfile. `None` for
/// an address, a variable, or a path that leads out of the tree.
fn directory_of(base: &str, context: &str, dockerfile: Option<&str>) -> Option<String> {
    let context = join(base, context)?;
    let nearer = dockerfile
        .map(parent)
        .filter(|directory| !directory.is_empty())
        .and_then(|directory| join(&context, directory));
    Some(match nearer {
        Some(nearer) if context.is_empty() || nearer.starts_with(&format!("{context}/")) => nearer,
        _ => context,
    })
}

fn join(base: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~']) || path.contains("://") || path.contains(['$', '\\']) || path.starts_with("git@") {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
