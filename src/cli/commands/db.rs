//! `db`: the advisory database of a project's sources.

use super::Context;
use crate::adapters::advisories::{self, ImportError, LocalAdvisories, UpdateError, UpdateRequest, Updated};
use crate::cli::args::DbCommand;
use crate::cli::output::Form;
use crate::cli::wire;
use crate::execute;
use crate::matching::version;
use crate::model::{EcosystemKind, Snapshot};
use crate::ops::{self, Exit, Failure, Project, World};
use crate::ports::Cancel;
use serde_json::json;
use std::cmp::Ordering;
use std::path::PathBuf;

pub(super) fn run(context: &Context<'_>, command: &DbCommand) -> Result<Exit, Failure> {
    match command {
        DbCommand::Update => update(context),
        DbCommand::Import { paths } => import(context, paths),
        DbCommand::Status => status(context),
        DbCommand::Compare { ecosystem, a, b } => compare(context, ecosystem, a.as_deref(), b.as_deref()),
    }
}

/// The project's database: that of its sources; without a config that of osv.dev.
struct Database {
    world: World,
    root: PathBuf,
    name: String,
    sources: Vec<String>,
    ecosystems: Vec<String>,
    directory: PathBuf,
}

fn database(context: &Context<'_>) -> Result<Database, Failure> {
    let (root, config) = wire::project(&context.cli.global)?;
    let has_config = root.join(&config).is_file();
    let world = wire::world(root.clone(), config, &context.cli.global, context.environment, Cancel::new(), true)?;
    let (name, sources, ecosystems) = if has_config || context.cli.global.config.is_some() {
        let project = Project::open(&world)?;
        let sources = project.config.advisories.sources.clone();
        (ops::database(&world, &sources), sources, project.config.advisories.ecosystems)
    } else {
        let sources = vec!["osv".to_owned()];
        (ops::database(&world, &sources), sources, Vec::new())
    };
    let directory = LocalAdvisories::new(wire::cache_directory(context.environment)?.join("db")).directory(&name);
    Ok(Database { world, root, name, sources, ecosystems, directory })
}

fn update(context: &Context<'_>) -> Result<Exit, Failure> {
    let database = database(context)?;
    let request = UpdateRequest {
        dir: &database.directory,
        sources: &database.sources,
        root: &database.root,
        ecosystems: &database.ecosystems,
        osv_bucket: context.environment.osv_bucket.as_deref(),
        backoff: crate::adapters::http::backoff::Backoff::default(),
    };
    let cancel = Cancel::new();
    let updated: Updated = execute::wait_for(advisories::update(&request, database.world.events.as_ref(), &cancel))
        .map_err(|error| Failure::new(Exit::Infrastructure, "run::no-threads", error.to_string()))?
        .map_err(update_failure)?;
    let what = if updated.imported.is_some() { "updated" } else { "nothing changed" };
    say(context, what, &updated.snapshot);
    Ok(Exit::Pass)
}

fn import(context: &Context<'_>, paths: &[PathBuf]) -> Result<Exit, Failure> {
    let database = database(context)?;
    // Paths are from where the command is said to run, as those of other commands are.
    let paths: Vec<PathBuf> = paths.iter().map(|path| database.root.join(path)).collect();
    let imported =
        advisories::import(&database.directory, &paths, database.world.events.as_ref()).map_err(import_failure)?;
    if imported.oddities > 0 && context.output.form == Form::Human {
        let mut text = format!("{} departures from the schema, all harmless\n", imported.oddities);
        if context.cli.global.verbose {
            for (place, what) in &imported.first_oddities {
                text.push_str(&format!("  {place}: {what}\n"));
            }
        }
        context.output.note(&text);
    }
    say(context, "imported", &imported.snapshot);
    Ok(Exit::Pass)
}

fn status(context: &Context<'_>) -> Result<Exit, Failure> {
    let database = database(context)?;
    let opened = database.world.advisories.open(&database.name).map_err(|error| ops::advisories_failure(&error))?;
    say(context, "at hand", opened.snapshot());
    Ok(Exit::Pass)
}

fn say(context: &Context<'_>, what: &str, snapshot: &Snapshot) {
    match context.output.form {
        Form::Json => {
            let ecosystems: serde_json::Map<String, serde_json::Value> =
                snapshot.ecosystems.iter().map(|(ecosystem, count)| (ecosystem.to_string(), json!(count))).collect();
            context.output.json(&json!({
                "version": 1,
                "snapshot": snapshot.digest,
                "modified": snapshot.modified,
                "ecosystems": ecosystems,
            }));
        }
        Form::Human => {
            let mut text = format!("{what}: {} of {}\n", snapshot.digest, snapshot.modified);
            for (ecosystem, count) in &snapshot.ecosystems {
                text.push_str(&format!("  {ecosystem}: {count}\n"));
            }
            context.output.note(&text);
        }
    }
}

fn import_failure(error: ImportError) -> Failure {
    let exit = match error {
        ImportError::NothingThere { .. } | ImportError::NoEcosystem { .. } | ImportError::Source { .. } => Exit::Usage,
        ImportError::Records(_) => Exit::Incomplete,
        ImportError::Database(_) => Exit::Infrastructure,
    };
    Failure::from_diagnostic(exit, error)
}

fn update_failure(error: UpdateError) -> Failure {
    let exit = match &error {
        UpdateError::Import(ImportError::Records(_)) => Exit::Incomplete,
        _ => Exit::Infrastructure,
    };
    Failure::from_diagnostic(exit, error)
}

/// `db compare`: one pair by arguments, or many from standard input, where `?` stands for a pair that has no order.
fn compare(context: &Context<'_>, ecosystem: &str, a: Option<&str>, b: Option<&str>) -> Result<Exit, Failure> {
    if let (Some(a), Some(b)) = (a, b) {
        let sign = sign(ecosystem, a, b)?;
        context.output.text(&format!("{sign}\n"));
        return Ok(Exit::Pass);
    }
    let from_input = ecosystem == "-" || a == Some("-");
    if !from_input {
        return Err(Failure::new(
            Exit::Usage,
            "usage::compare",
            "expected two versions, or `-` for pairs on standard input",
        ));
    }
    let mut text = String::new();
    let mut unordered = Vec::new();
    let mut count = 0_usize;
    for line in std::io::stdin().lines() {
        let line = line.map_err(|error| Failure::new(Exit::Usage, "usage::input", error.to_string()))?;
        let mut words: Vec<&str> = line.split_whitespace().collect();
        // Some ecosystems have names of two words.
        let (b, a, name) = (words.pop(), words.pop(), words.join(" "));
        let sign = match (ecosystem, name.as_str(), a, b) {
            (_, _, _, None) => continue,
            ("-", name, Some(a), Some(b)) if !name.is_empty() => sign(name, a, b),
            (ecosystem, "", Some(a), Some(b)) if ecosystem != "-" => sign(ecosystem, a, b),
            _ => return Err(Failure::new(Exit::Usage, "usage::input", format!("not a pair of versions: `{line}`"))),
        };
        text.push_str(sign.as_ref().map_or("?", |sign| sign));
        text.push('\n');
        if let Err(failure) = sign {
            count += 1;
            if unordered.len() < SHOWN {
                unordered.push(failure);
            }
        }
    }
    context.output.text(&text);
    match (count, unordered.pop()) {
        (1, Some(failure)) => Err(failure),
        (2.., Some(last)) => {
            unordered.push(last);
            let pairs = format!("{count} pairs have no order");
            Err(Failure { details: unordered, ..Failure::new(Exit::Usage, "version::unordered", pairs) })
        }
        _ => Ok(Exit::Pass),
    }
}

/// How many pairs without an order are told one by one.
const SHOWN: usize = 10;

fn sign(ecosystem: &str, a: &str, b: &str) -> Result<&'static str, Failure> {
    let family = ecosystem.split(':').next().unwrap_or(ecosystem);
    // People write `pypi` and `redhat`.
    let letters = |name: &str| name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let known = version::ORDERED.into_iter().find(|known| *known == family).or_else(|| {
        let written = letters(family);
        version::ORDERED.into_iter().find(|known| letters(known) == written)
    });
    let order = version::compare(&EcosystemKind::parse(known.unwrap_or(family)), a, b).map_err(|error| {
        let help = known.is_none().then(|| format!("those with an ordering: {}", version::ORDERED.join(", ")).into());
        let message = format!("{ecosystem}: {a} and {b}: {error}");
        Failure { help, ..Failure::new(Exit::Usage, "version::unordered", message) }
    })?;
    Ok(match order {
        Ordering::Less => "<",
        Ordering::Equal => "=",
        Ordering::Greater => ">",
    })
}
