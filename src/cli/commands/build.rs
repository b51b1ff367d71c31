//! `build`: the main job.

use super::Context;
use crate::cli::args::BuildArgs;
use crate::cli::output::Form;
use crate::model::Name;
use crate::ops::{
    self, BuildOptions, BuildOutcome, Built, Exit, Failure, LockOutcome, Prepared, Summary, Wanted, World,
};
use crate::ports::Cancel;
use crate::report::{self, BuildReport, ServiceReport};
use std::io::Write as _;

pub(super) fn run(context: &Context<'_>, args: &BuildArgs) -> Result<Exit, Failure> {
    let world = context.world_for(Cancel::new(), args.offline)?;
    let options = BuildOptions {
        wanted: Wanted { services: args.services.clone(), as_of: args.as_of, stagger: args.stagger },
        locked: args.locked,
        jobs: args.jobs,
        keep_going: args.keep_going,
        in_full: context.output.form == Form::Json || context.cli.global.verbose,
    };
    let (outcome, prepared) = match ops::build(&world, &options) {
        Ok(done) => done,
        Err(failure) => {
            summarize(args, || format!("### {}\n\n{}", world.config_path, report::fenced(&failure.message)))?;
            return Err(failure);
        }
    };
    let exit = match (outcome, prepared) {
        (BuildOutcome::Unchanged(summary), _) => {
            summarize(args, || unchanged(&summary))?;
            context.output.note(&unchanged(&summary));
            Exit::Pass
        }
        (BuildOutcome::Built(built), prepared) => {
            summarize(args, || markdown(&world, &built, prepared.as_ref()))?;
            context.output.annotate(annotations(&world, &built, prepared.as_ref()));
            match context.output.form {
                Form::Json => context.output.json(&json(&built)),
                Form::Human => human(context, &world, &built, prepared.as_ref()),
            }
            built.exit
        }
    };
    if args.push && exit == Exit::Pass {
        super::push::push_from(context, &world, None)?;
    }
    Ok(exit)
}

/// Appends to the file that the options name. A summary that was asked for and cannot be written is said.
fn summarize(args: &BuildArgs, text: impl FnOnce() -> String) -> Result<(), Failure> {
    let Some(path) = &args.summary else { return Ok(()) };
    let append = || {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(text().as_bytes())
    };
    append()
        .map_err(|error| Failure::new(Exit::Infrastructure, "usage::summary", format!("{}: {error}", path.display())))
}

fn markdown(world: &World, built: &Built, prepared: Option<&Prepared>) -> String {
    let components = |service: &Name| built.components.get(service).copied().unwrap_or_default();
    let limits = |service: &Name, reason: &_| ops::limit_place(world, &prepared?.project, service, reason);
    report::markdown(built.project.as_str(), &built.services, &components, &limits)
}

fn annotations(world: &World, built: &Built, prepared: Option<&Prepared>) -> Vec<report::github::Annotation> {
    let limits = |service: &Name, reason: &_| ops::limit_place(world, &prepared?.project, service, reason);
    report::github::annotations(&built.services, &limits)
}

fn unchanged(summary: &Summary) -> String {
    format!(
        "{}: nothing changed: {} services pass, {} of them by waivers\n",
        summary.project,
        summary.pass + summary.waived,
        summary.waived
    )
}

fn json(built: &Built) -> BuildReport {
    BuildReport {
        version: 1,
        project: built.project.to_string(),
        as_of: built.as_of.to_string(),
        ran: built.ran,
        cached: built.cached,
        lock: match built.lock {
            LockOutcome::Written { .. } => "written",
            LockOutcome::Unchanged => "unchanged",
            LockOutcome::LeftAlone => "left-alone",
        }
        .to_owned(),
        services: built.services.iter().map(ServiceReport::from).collect(),
        exit: built.exit.code(),
    }
}

fn human(context: &Context<'_>, world: &World, built: &Built, prepared: Option<&Prepared>) {
    let components = |service: &Name| built.components.get(service).copied().unwrap_or_default();
    let limits = |service: &Name, reason: &_| ops::limit_place(world, &prepared?.project, service, reason);
    let text = report::verdicts(&built.services, &components, &limits, context.output.color);
    if built.exit == Exit::Pass {
        context.output.note(&text);
    } else {
        context.output.text(&text);
    }
    let lock = world.lock_path();
    let lock = match built.lock {
        LockOutcome::Written { signed } => format!("{lock} written, {signed} statements signed"),
        LockOutcome::Unchanged => format!("{lock} unchanged"),
        LockOutcome::LeftAlone => format!("{lock} left alone: it is of all services"),
    };
    context.output.note(&format!("\n{} actions run, {} cached; {lock}\n", built.ran, built.cached));
}
