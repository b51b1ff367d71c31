//! `check`: the config is valid, or every error of it.

use super::Context;
use crate::cli::output::Form;
use crate::ops::{Exit, Failure, Project};
use crate::ports::Cancel;
use serde_json::json;

pub(super) fn run(context: &Context<'_>) -> Result<Exit, Failure> {
    let world = context.world(Cancel::new())?;
    let project = Project::open(&world)?;
    let config = &project.config;
    let unavailable: Vec<String> =
        config.unavailable.iter().map(|missing| format!("{}: {}", missing.key, missing.what)).collect();
    match context.output.form {
        Form::Json => context.output.json(&json!({
            "version": 1,
            "config": world.config_path,
            "digest": config.digest(),
            "services": config.services.len(),
            "images": config.images.len(),
            "waivers": config.waivers.len(),
            "unavailable": unavailable,
        })),
        Form::Human => {
            let mut text = format!(
                "{}: valid: {} services, {} images, {} waivers\n",
                world.config_path,
                config.services.len(),
                config.images.len(),
                config.waivers.len()
            );
            for missing in &unavailable {
                text.push_str(&format!("  not in this version, a build refuses it: {missing}\n"));
            }
            context.output.note(&text);
        }
    }
    Ok(Exit::Pass)
}
