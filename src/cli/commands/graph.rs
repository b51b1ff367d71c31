//! `graph`: what depends on what.

use super::Context;
use crate::graph::render;
use crate::ops::{Exit, Failure, Project};
use crate::ports::Cancel;

pub(super) fn run(context: &Context<'_>) -> Result<Exit, Failure> {
    let project = Project::open(&context.world(Cancel::new())?)?;
    let text = match context.cli.global.format.as_deref() {
        Some("dot") => render::dot(&project.graph),
        Some("mermaid") => render::mermaid(&project.graph),
        Some("json") => render::json(&project.graph),
        _ => render::tree(&project.graph),
    };
    context.output.text(&text);
    Ok(Exit::Pass)
}
