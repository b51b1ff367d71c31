//! `cache`: what is kept of earlier runs.

use super::Context;
use crate::adapters::cache::{LocalCache, Usage};
use crate::adapters::clock::SystemClock;
use crate::cli::args::CacheCommand;
use crate::cli::output::Form;
use crate::cli::wire;
use crate::ops::{Exit, Failure};
use crate::ports::Clock as _;
use serde_json::json;

pub(super) fn run(context: &Context<'_>, command: &CacheCommand) -> Result<Exit, Failure> {
    let cache = LocalCache::open(&wire::cache_directory(context.environment)?);
    let failed = |error: std::io::Error| Failure::new(Exit::Infrastructure, "cache::unusable", error.to_string());
    match command {
        CacheCommand::Stats => say(context, "holds", &cache, cache.usage().map_err(failed)?),
        CacheCommand::Gc { max_age } => {
            say(context, "removed", &cache, cache.collect(*max_age, SystemClock.now().unix()).map_err(failed)?);
        }
        CacheCommand::Clear => {
            let all = cache.usage().map_err(failed)?;
            cache.clear().map_err(failed)?;
            say(context, "removed", &cache, all);
        }
    }
    Ok(Exit::Pass)
}

fn say(context: &Context<'_>, verb: &str, cache: &LocalCache, usage: Usage) {
    let directory = cache.directory().display();
    match context.output.form {
        Form::Json => context.output.json(&json!({ "version": 1, "directory": directory.to_string(), verb: usage })),
        Form::Human => context.output.note(&format!(
            "{directory}: {verb} {} results, {} documents of registries, {:.1} MiB\n",
            usage.actions,
            usage.blobs,
            usage.bytes as f64 / f64::from(1 << 20)
        )),
    }
}
