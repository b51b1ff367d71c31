//! `init`: a commented config from what lies in the project, and a signing key.
#![expect(
    clippy::disallowed_methods,
    reason = "init walks a project that has no config yet, and makes the key's directories"
)]

use super::Context;
use crate::adapters::clock::SystemClock;
use crate::adapters::signer::local::{KeyType, LocalSigner};
use crate::adapters::timestamper::local::LocalTimestamper;
use crate::cli::args::{InitArgs, KeyKind};
use crate::cli::wire;
use crate::model::Name;
use crate::ops::{self, Exit, Failure, FoundFile, LOCAL_KEY, Project, TIME_KEY, TIME_ROOT};
use crate::ports::{Cancel, Clock as _, Workspace as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The public half of the local key, where the config trusts no other.
const PUBLIC_KEY: &str = "trust/local.pub";

/// The most files that are looked at.
const MOST_FILES: usize = 1_000_000;

/// The largest build file that is read, in bytes.
const BUILD_FILE_LIMIT: u64 = 1 << 20;

pub(super) fn run(context: &Context<'_>, args: &InitArgs) -> Result<Exit, Failure> {
    let (root, config) = wire::project(&context.cli.global)?;
    if args.key {
        let world = wire::world(root.clone(), config, &context.cli.global, context.environment, Cancel::new(), true)?;
        let project = Project::open(&world)?;
        let private = project.config.sign.key.clone().unwrap_or_else(|| LOCAL_KEY.to_owned());
        let public = project.config.trust.keys.first().cloned().unwrap_or_else(|| PUBLIC_KEY.to_owned());
        make_key(context, &root, &private, &public, args.key_type)?;
        if project.config.sign.timestamp.as_deref() == Some("local") {
            make_clock(context, &root)?;
        }
        return Ok(Exit::Pass);
    }
    // A new config is written where the command runs, even below another project.
    let root = match &context.cli.global.directory {
        Some(directory) => std::fs::canonicalize(directory),
        None => std::env::current_dir(),
    }
    .map_err(|error| Failure::new(Exit::Usage, "usage::directory", error.to_string()))?;
    let files = walk(&root)?;
    let detected = ops::detect(&files);
    let text = ops::render(&detected, &project_name(&root)?);
    if args.dry_run {
        context.output.text(&text);
        return Ok(Exit::Pass);
    }
    let config = context.cli.global.config.clone().unwrap_or_else(|| "compliance.toml".to_owned());
    if root.join(&config).exists() && !args.force {
        return Err(Failure::new(Exit::Usage, "init::exists", format!("{config} is there already"))
            .help("--force replaces it; `init --key` only makes a signing key"));
    }
    let workspace = crate::adapters::workspace::LocalWorkspace::new(root.clone());
    let failed =
        |error: crate::ports::WorkspaceError| Failure::new(Exit::Infrastructure, "init::unwritable", error.to_string());
    workspace.write(&config, text.as_bytes()).map_err(failed)?;
    let mut said = format!("{config}: {} services, {} images\n", detected.services.len(), detected.images.len());
    for note in &detected.notes {
        said.push_str(&format!("  {note}\n"));
    }
    context.output.note(&said);
    make_key(context, &root, LOCAL_KEY, PUBLIC_KEY, args.key_type)?;
    context.output.note(if detected.services.is_empty() {
        "no service was found: declare at least one, then `proofmark db update` and `proofmark build`\n"
    } else {
        "next: `proofmark db update`, then `proofmark build`\n"
    });
    Ok(Exit::Pass)
}

/// Makes the key pair unless it is there. The private half's directory keeps itself out of version control.
fn make_key(context: &Context<'_>, root: &Path, private: &str, public: &str, kind: KeyKind) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Usage, "init::key", error.to_string());
    let (private_path, public_path) = (root.join(private), root.join(public));
    if private_path.exists() && public_path.exists() {
        LocalSigner::open(&private_path).map_err(|error| failed(&error))?;
        context.output.note(&format!("{private}: the signing key is there already\n"));
        return Ok(());
    }
    if public_path.exists() && !private_path.exists() {
        let what = format!("{public} is there, but its private half {private} is not on this machine");
        return Err(Failure::new(Exit::Usage, "init::key", what).help(
            "a clone comes without it: set PROOFMARK_KEY_FILE to where it is, or move the public half away to make another key",
        ));
    }
    let workspace = crate::adapters::workspace::LocalWorkspace::new(root.to_owned());
    if private.starts_with(".proofmark/") {
        workspace.write(".proofmark/.gitignore", b"*\n").map_err(|error| failed(&error))?;
    }
    let kind = match kind {
        KeyKind::P256 => KeyType::P256,
        KeyKind::Ed25519 => KeyType::Ed25519,
    };
    let made = LocalSigner::generate(&private_path, &public_path, kind).map_err(|error| failed(&error))?;
    context.output.note(&format!("{private}: made a signing key, its public half is {public}\n  {}\n", made.id));
    Ok(())
}

/// Makes the embedded authority on time unless it is there.
fn make_clock(context: &Context<'_>, root: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Usage, "init::key", error.to_string());
    let private = context.environment.time_key.clone().unwrap_or_else(|| root.join(TIME_KEY));
    let public = root.join(TIME_ROOT);
    if private.exists() && public.exists() {
        LocalTimestamper::open(&private, Arc::new(SystemClock)).map_err(|error| failed(&error))?;
        context.output.note(&format!("{TIME_KEY}: the embedded time authority's key is there already\n"));
        return Ok(());
    }
    if public.exists() {
        let what = format!("{TIME_ROOT} is there, but the key of that authority is not on this machine");
        return Err(Failure::new(Exit::Usage, "init::key", what).help(
            "set PROOFMARK_TIME_KEY_FILE to where it is, or move the certificates away to make another authority",
        ));
    }
    let workspace = crate::adapters::workspace::LocalWorkspace::new(root.to_owned());
    workspace.write(".proofmark/.gitignore", b"*\n").map_err(|error| failed(&error))?;
    LocalTimestamper::generate(&private, &public, SystemClock.now()).map_err(|error| failed(&error))?;
    context
        .output
        .note(&format!("{TIME_KEY}: made an authority on time, self-asserted: name {TIME_ROOT} in [trust] roots\n"));
    Ok(())
}

/// The project's name, after its directory; an error where no letter of that can stand in a name.
fn project_name(root: &Path) -> Result<Name, Failure> {
    let directory = root.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let valid: String =
        directory.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    Name::new(valid.trim_start_matches('-'))
        .or_else(|_| Name::new("project"))
        .map_err(|error| Failure::new(Exit::Usage, "init::name", error.to_string()))
}

/// Every file below the root, with the content of those that tell of services.
fn walk(root: &Path) -> Result<Vec<FoundFile>, Failure> {
    let mut files = Vec::new();
    let mut open: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        // A directory that may not be read has nothing for us.
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let Ok(kind) = entry.file_type() else { continue };
            let (Some(name), Some(relative)) =
                (name.to_str(), path.strip_prefix(root).ok().and_then(|path| path.to_str()).map(str::to_owned))
            else {
                continue;
            };
            if kind.is_dir() && !ops::SKIPPED_DIRECTORIES.contains(&name) {
                open.push(path);
            } else if kind.is_file() {
                files.push(FoundFile { content: content(&path, &relative), path: relative });
            }
            if files.len() > MOST_FILES {
                return Err(Failure::new(Exit::Usage, "init::too-many", format!("more than {MOST_FILES} files")));
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn content(path: &Path, relative: &str) -> Option<Vec<u8>> {
    if !ops::wants_content(relative) || std::fs::metadata(path).ok()?.len() > BUILD_FILE_LIMIT {
        return None;
    }
    std::fs::read(path).ok()
}
