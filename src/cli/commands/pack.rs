//! `pack`: one file for an auditor.

use super::Context;
use crate::cli::args::PackArgs;
use crate::cli::output::Form;
use crate::model::Digest;
use crate::ops::{self, Exit, Failure};
use crate::ports::Cancel;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

pub(super) fn run(context: &Context<'_>, args: &PackArgs) -> Result<Exit, Failure> {
    let world = context.world(Cancel::new())?;
    let bytes = ops::pack(&world, &args.services)?;
    write(&args.output, &bytes).map_err(|error| {
        Failure::new(Exit::Infrastructure, "pack::unwritable", format!("{}: {error}", args.output.display()))
    })?;
    let (path, digest) = (args.output.display().to_string(), Digest::of(&bytes));
    match context.output.form {
        Form::Json => context.output.json(&serde_json::json!({
            "version": 1, "path": path, "digest": digest.to_string(), "bytes": bytes.len(),
        })),
        Form::Human => context.output.note(&format!(
            "{path}: {} bytes, {digest}\nto check it, offline: proofmark verify --pack {path} --trust FILE\n",
            bytes.len()
        )),
    }
    Ok(Exit::Pass)
}

/// Replaces the file in one step.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let readable = std::fs::Permissions::from_mode(0o644);
    let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
