//! `verify`: the lock and every attestation of it.
#![expect(clippy::disallowed_methods, reason = "a trust file may lie outside the project")]

use super::Context;
use crate::adapters::packed::{Overlaid, PackedWorkspace};
use crate::adapters::workspace::LocalWorkspace;
use crate::attest::pack;
use crate::attest::{PackError, TimeSource};
use crate::cli::args::VerifyArgs;
use crate::cli::output::Form;
use crate::cli::wire::{self, Environment};
use crate::config;
use crate::model::{Name, Timestamp};
use crate::ops::{self, Exit, Expected, Failure, Verified, VerifyOptions, World};
use crate::ports::{Cancel, Workspace};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn run(context: &Context<'_>, args: &VerifyArgs) -> Result<Exit, Failure> {
    if let (Some(bundle), Some(subject)) = (&args.bundle, &args.subject) {
        return one_bundle(context, args, bundle, subject);
    }
    let (mut world, part) = match &args.pack {
        Some(path) => packed(context, path)?,
        None => (context.world_for(Cancel::new(), args.offline)?, Vec::new()),
    };
    if args.from_registry {
        let files = ops::fetch(&world, args.repository.as_deref())?;
        world.workspace = Arc::new(Overlaid::new(Arc::clone(&world.workspace), files));
    }
    let as_of = match args.as_of.as_str() {
        "lock" => None,
        "now" => Some(world.clock.now()),
        text => Some(Timestamp::parse(text).map_err(|error| {
            Failure::new(Exit::Usage, "usage::as-of", format!("--as-of {text}: {error}, or `lock`, or `now`"))
        })?),
    };
    let trust = args.trust.as_deref().map(trust_file).transpose()?;
    let times = times(args);
    // Judging at another instant is a replay.
    let options = VerifyOptions {
        replay: args.replay || as_of.is_some(),
        packed: args.pack.is_some(),
        part,
        as_of,
        times,
        trust,
    };
    let mut verified = ops::verify(&world, &options)?;
    if args.pack.is_some() && args.trust.is_none() {
        verified.trusted_by = "pack";
    }
    match context.output.form {
        Form::Json => context.output.json(&verified),
        Form::Human => {
            for failure in verified.checks.iter().flat_map(|check| &check.failures) {
                context.output.failure(failure);
            }
            context.output.note(&words(&verified));
            if args.pack.is_some() && args.trust.is_none() {
                context.output.note("trusted were the keys in the pack itself: --trust FILE names your own\n");
            }
        }
    }
    Ok(verified.exit)
}

/// From whose hands times must be.
fn times(args: &VerifyArgs) -> Option<TimeSource> {
    args.require.as_deref().map(|source| match source {
        "independent" => TimeSource::Independent,
        "company" => TimeSource::Company,
        _ => TimeSource::SelfAsserted,
    })
}

/// One bundle: trust comes from the file that is named, else from the project's config.
fn one_bundle(context: &Context<'_>, args: &VerifyArgs, bundle: &Path, subject: &str) -> Result<Exit, Failure> {
    let unreadable = |path: &Path, error: &std::io::Error| {
        Failure::new(Exit::Usage, "bundle::unreadable", format!("{}: {error}", path.display()))
    };
    let trust = match args.trust.as_deref() {
        Some(path) => {
            let (workspace, trust) = trust_file(path)?;
            ops::read_trust(workspace.as_ref(), &trust)?
        }
        None => {
            let world = context.world(Cancel::new())?;
            ops::read_trust(world.workspace.as_ref(), &ops::Project::open(&world)?.config.trust)?
        }
    };
    let size = std::fs::metadata(bundle).map_err(|error| unreadable(bundle, &error))?.len();
    if size > crate::attest::bundle::LIMIT as u64 {
        return Err(Failure::new(Exit::Integrity, "attest::malformed-bundle", "larger than any bundle"));
    }
    let bytes = std::fs::read(bundle).map_err(|error| unreadable(bundle, &error))?;
    let file = Path::new(subject);
    let subject = match file.is_file() {
        true => crate::model::Digest::of(&std::fs::read(file).map_err(|error| unreadable(file, &error))?).to_string(),
        false => subject.to_owned(),
    };
    let verified =
        ops::verify_bundle(&bytes, &subject, &trust, &Expected { kind: args.kind.clone(), times: times(args) })?;
    match context.output.form {
        Form::Json => context.output.json(&verified),
        Form::Human => context.output.note(&format!(
            "{}: about {} ({subject}), signed by {}, trusted as {}\n",
            verified.predicate_type, verified.subject, verified.signed_by, verified.trusted_as
        )),
    }
    Ok(Exit::Pass)
}

/// A world in which the project is what the pack holds.
fn packed(context: &Context<'_>, path: &Path) -> Result<(World, Vec<Name>), Failure> {
    let unreadable =
        |error: std::io::Error| Failure::new(Exit::Usage, "pack::unreadable", format!("{}: {error}", path.display()));
    if std::fs::metadata(path).map_err(unreadable)?.len() > pack::LIMIT as u64 {
        return Err(Failure::from_diagnostic(Exit::Integrity, PackError::TooLarge { limit: pack::LIMIT }));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let pack = pack::decode(&bytes).map_err(|error| Failure::from_diagnostic(Exit::Integrity, error))?;
    // Nothing is looked for on this machine: neither project nor cache have a place.
    let nowhere = Environment { cache: Some(PathBuf::from("/nonexistent")), ..Environment::default() };
    let root = PathBuf::from("/nonexistent");
    let mut world = wire::world(root, pack.config, &context.cli.global, &nowhere, Cancel::new(), true)?;
    world.workspace = Arc::new(PackedWorkspace::new(pack.files));
    Ok((world, pack.part))
}

fn words(verified: &Verified) -> String {
    let mut text = format!("{} as of {}\n", verified.lock, verified.as_of);
    if !verified.part.is_empty() {
        text.push_str("a part of it: what is not listed below is not in this pack, and was not looked at\n");
    }
    for check in &verified.checks {
        let result = match check.failures.len() {
            0 if check.not_reached > 0 && check.looked_at == 0 => "not checked".to_owned(),
            0 if check.looked_at == 0 => "nothing of the kind".to_owned(),
            0 => "ok".to_owned(),
            1 => "FAILED: 1 fault".to_owned(),
            faults => format!("FAILED: {faults} faults"),
        };
        let left_out = match check.left_out {
            0 => String::new(),
            left_out => format!(", {left_out} in registries left out"),
        };
        let not_reached = match check.not_reached {
            0 => String::new(),
            not_reached => format!(", {not_reached} not reached"),
        };
        text.push_str(&format!(
            "  {:16} {result} ({} looked at{not_reached}{left_out})\n",
            check.name, check.looked_at
        ));
    }
    let times: Vec<String> = verified.times.iter().map(|(source, count)| format!("{count} {source}")).collect();
    text.push_str(&format!("  times: {}\n", times.join(", ")));
    let verdicts = verified.replayed.as_ref().unwrap_or(&verified.verdicts);
    for (service, verdict) in verdicts {
        let recorded = verified.verdicts.get(service).filter(|recorded| *recorded != verdict);
        let recorded = recorded.map(|recorded| format!(" (recorded: {recorded})")).unwrap_or_default();
        text.push_str(&format!("  {service}: {verdict}{recorded}\n"));
    }
    text
}

/// Whom to trust, by a file of its own; its paths start where it lies.
pub(super) fn trust_file(path: &Path) -> Result<(Arc<dyn Workspace>, config::Trust), Failure> {
    let unreadable =
        |error: std::io::Error| Failure::new(Exit::Usage, "trust::unreadable", format!("{}: {error}", path.display()));
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let absolute = std::fs::canonicalize(path).map_err(unreadable)?;
    let root = absolute.parent().unwrap_or(Path::new("/")).to_owned();
    let named = absolute.file_name().map_or_else(|| path.to_owned(), |name| path.with_file_name(name));
    let trust = config::load_trust(&named.display().to_string(), &bytes)
        .map_err(|errors| Failure::from_diagnostic(Exit::Usage, errors))?;
    Ok((Arc::new(LocalWorkspace::new(root)), trust))
}
