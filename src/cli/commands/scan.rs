//! `scan`: one subject without a config.

use super::Context;
use crate::adapters::registry::Evidence;
use crate::adapters::subjects::Locator;
use crate::cli::args::ScanArgs;
use crate::cli::output::Form;
use crate::cli::wire;
use crate::config::Engine;
use crate::model::{Name, Severity, SeverityCounts};
use crate::ops::{self, Exit, Failure, Scan};
use crate::ports::{Cancel, DatabaseAt, ImageSpec, SourceSpec, SubjectSpec};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn run(context: &Context<'_>, args: &ScanArgs) -> Result<Exit, Failure> {
    let (root, spec) = subject(context, args)?;
    let (project, config) = wire::project(&context.cli.global)?;
    let has_config = project.join(&config).is_file();
    let mut world = wire::world(project, config, &context.cli.global, context.environment, Cancel::new(), false)?;
    let remote = wire::remote(context.environment, &world.cache, &world.cancel, false);
    world.registry = Arc::new(Evidence::new(Arc::clone(&remote.registries)));
    world.subjects = Arc::new(Locator::here(root).with(remote));
    let project = has_config.then(|| ops::Project::open(&world)).transpose();
    let asked = args.engine.is_some() || args.match_advisories;
    let config = if asked { project?.map(|project| project.config) } else { None };
    let finder = args.match_advisories.then(|| ops::finder(&world, config.as_ref())).transpose()?;
    let engine = match args.engine.as_deref() {
        Some("trivy") => Engine::Trivy,
        Some("syft") => Engine::Syft,
        _ => Engine::Builtin,
    };
    let scanner = ops::open_scanner(&world, config.as_ref(), engine)?;
    let mut scan = ops::scan(&world, &spec, scanner, finder.as_ref())?;
    if let Some(database) = &args.compare_trivy {
        let start = context.cli.global.directory.clone().unwrap_or_else(|| PathBuf::from("."));
        let at = match start.join(database) {
            path if path.is_dir() => DatabaseAt::Directory(path),
            _ => DatabaseAt::Registry(database.clone()),
        };
        let matcher = ops::open_matcher(&world, config.as_ref(), &at)?;
        scan.compare(matcher.as_ref())?;
    }
    match (context.cli.global.format.as_deref(), context.output.form) {
        (Some("cyclonedx"), _) => context.output.document(&String::from_utf8_lossy(&scan.cyclonedx())),
        (_, Form::Json) => context.output.json(&json!({
            "version": 1,
            "subject": scan.subject,
            "scanner": scan.scanner,
            "distro": scan.sbom.distro,
            "components": scan.sbom.components,
            "findings": scan.findings,
            "gaps": scan.gaps,
            "compared": scan.compared,
        })),
        _ => context.output.text(&words(&scan)),
    }
    Ok(scan.exit())
}

/// The directory that the reference starts from, and the reference within it.
fn subject(context: &Context<'_>, args: &ScanArgs) -> Result<(PathBuf, SubjectSpec), Failure> {
    let start = context.cli.global.directory.clone().unwrap_or_else(|| PathBuf::from("."));
    let real = |path: &str| {
        std::fs::canonicalize(start.join(path))
            .map_err(|error| Failure::new(Exit::Usage, "subject::missing", format!("{path}: {error}")))
    };
    let schemes = [
        ("oci:", "oci"),
        ("oci-archive:", "oci-archive"),
        ("docker-archive:", "docker-archive"),
        ("rootfs:", "dir"),
        ("sbom:", "sbom"),
    ];
    let image = schemes.into_iter().find_map(|(prefix, scheme)| Some((scheme, args.reference.strip_prefix(prefix)?)));
    if let Some((scheme, rest)) = image {
        // A tag or digest stands behind the path, unless all of it is one.
        let (path, tail) = match rest.rfind([':', '@']).filter(|_| !start.join(rest).exists()) {
            Some(at) => rest.split_at(rest[..at].find('@').unwrap_or(at)),
            None => (rest, ""),
        };
        let path = real(path)?;
        let (root, name) = parts(&path);
        let image = ImageSpec {
            name: image_name(&name)?,
            reference: format!("{scheme}:{name}{tail}"),
            platform: args.platform.clone(),
        };
        return Ok((root, SubjectSpec::Image(image)));
    }
    if let Some(reference) = registry(&start, &args.reference) {
        let name = reference.rsplit('/').next().and_then(|last| last.split([':', '@']).next()).unwrap_or_default();
        let image =
            ImageSpec { name: image_name(name)?, reference: reference.to_owned(), platform: args.platform.clone() };
        return Ok((start, SubjectSpec::Image(image)));
    }
    let path = real(args.reference.strip_prefix("dir:").unwrap_or(&args.reference))?;
    if path.is_file() {
        let (root, name) = parts(&path);
        let reference = format!("sbom:{name}");
        return Ok((root, SubjectSpec::Image(ImageSpec { name: image_name(&name)?, reference, platform: None })));
    }
    if !path.is_dir() {
        return Err(Failure::new(Exit::Usage, "subject::reference", format!("{} is not a directory", args.reference))
            .help("a source directory, `oci:`, `oci-archive:`, `docker-archive:`, `rootfs:` for an unpacked root filesystem, or an image in a registry"));
    }
    let (root, name) = parts(&path);
    Ok((root, SubjectSpec::Source(SourceSpec { path: name, exclude: Vec::new() })))
}

/// The part that names an image in a registry: behind `registry:`, or where nothing here has this name and it has a host, a tag
/// or a digest.
fn registry<'a>(start: &Path, reference: &'a str) -> Option<&'a str> {
    if let Some(rest) = reference.strip_prefix("registry:") {
        return Some(rest);
    }
    let (first, _) = reference.split_once('/').unwrap_or((reference, ""));
    let like_one = reference.contains([':', '@']) || (first.contains('.') && first != reference);
    (like_one && !first.starts_with('.') && !reference.starts_with("dir:") && !start.join(reference).exists())
        .then_some(reference)
}

fn image_name(text: &str) -> Result<Name, Failure> {
    Name::new(text)
        .or_else(|_| Name::new("image"))
        .map_err(|error| Failure::new(Exit::Usage, "usage::name", error.to_string()))
}

fn parts(path: &Path) -> (PathBuf, String) {
    let parent = path.parent().unwrap_or(path).to_owned();
    let name = path.file_name().map_or_else(|| ".".to_owned(), |name| name.to_string_lossy().into_owned());
    (parent, name)
}

fn words(scan: &Scan) -> String {
    let mut text = format!("{} {}\n", scan.subject.uri, scan.subject.digest);
    if let Some(distro) = &scan.sbom.distro {
        text.push_str(&format!("{distro}\n"));
    }
    for component in &scan.sbom.components {
        text.push_str(&format!("  {}\n", component.purl));
    }
    text.push_str(&format!("{} components\n", scan.sbom.components.len()));
    if let Some(findings) = &scan.findings {
        let mut counts = SeverityCounts::default();
        for finding in findings {
            counts.add(finding.severity);
            let fix = if finding.fixed.is_empty() {
                "no fix".to_owned()
            } else {
                format!("fixed in {}", finding.fixed.join(", "))
            };
            text.push_str(&format!("  {}  {}  {}  {fix}\n", finding.id, finding.severity, finding.package));
        }
        let counts: Vec<String> =
            Severity::ALL.iter().map(|severity| format!("{} {severity}", counts.get(*severity))).collect();
        text.push_str(&format!("{} findings: {}\n", findings.len(), counts.join(", ")));
    }
    if let Some(compared) = &scan.compared {
        let program = format!("{} with the database {}", compared.program, compared.database);
        text.push_str(&format!("{program}: {} findings of ours are its too\n", compared.same));
        for (who, only) in [("only ours", &compared.ours), ("only its", &compared.theirs)] {
            only.iter().for_each(|(package, id)| text.push_str(&format!("  {who}: {id}  {package}\n")));
        }
    }
    for gap in &scan.gaps {
        text.push_str(&format!("not scanned: {gap}\n"));
    }
    text
}
