//! `vault`: what Vault has to do with the project.
#![expect(clippy::disallowed_methods, reason = "an issuer's key may lie outside the project")]

use super::Context;
use crate::cli::args::{VaultCommand, VaultFile, VaultSetupArgs};
use crate::cli::output::Form;
use crate::ops::{self, Exit, Failure, Project, Safety, Setup, SetupOptions, VaultStatus, World};
use crate::ports::{Cancel, WorkspaceError};
use serde_json::json;
use std::path::PathBuf;

pub(super) fn run(context: &Context<'_>, command: &VaultCommand) -> Result<Exit, Failure> {
    let world = context.world_for(Cancel::new(), false)?;
    let project = Project::open(&world)?;
    match command {
        VaultCommand::PublicKey(file) => {
            give(context, &world, file, &ops::public_key(&world, &project.config, &file.role)?)
        }
        VaultCommand::Roots(file) => {
            give(context, &world, file, &ops::vault_roots(&world, &project.config, &file.role)?)
        }
        VaultCommand::Policy => {
            context.output.text(&ops::policy(&project.config)?);
            Ok(Exit::Pass)
        }
        VaultCommand::Status => {
            let status = ops::vault_status(&world, &project.config)?;
            let exit = status.exit();
            match context.output.form {
                Form::Json => context
                    .output
                    .json(&json!({"version": status.version, "probes": status.probes, "exit": exit.code()})),
                Form::Human => context.output.text(&status_words(&status)),
            }
            Ok(exit)
        }
        VaultCommand::Setup(args) => {
            let options = setup_options(args)?;
            let setup = ops::setup(&world, &project.config, &options, args.dry_run)?;
            match context.output.form {
                Form::Json => context.output.json(&setup),
                Form::Human => context.output.text(&words(&setup)),
            }
            Ok(Exit::Pass)
        }
    }
}

/// Prints what is to be trusted, or puts it into a file of the project.
fn give(context: &Context<'_>, world: &World, file: &VaultFile, text: &str) -> Result<Exit, Failure> {
    match &file.write {
        None => context.output.text(text),
        Some(path) => {
            let failed = |error: WorkspaceError| Failure::new(Exit::Usage, "vault::not-written", error.to_string());
            world.workspace.write(path, text.as_bytes()).map_err(failed)?;
        }
    }
    Ok(Exit::Pass)
}

fn setup_options(args: &VaultSetupArgs) -> Result<SetupOptions, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, "usage::vault-setup", message);
    let read =
        |path: &PathBuf| std::fs::read_to_string(path).map_err(|error| usage(format!("{}: {error}", path.display())));
    let claim = |text: &String| {
        let split = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
        let split = split.ok_or_else(|| usage(format!("--claim {text}: not NAME=VALUE")))?;
        Ok((split.0.to_owned(), split.1.to_owned()))
    };
    let mount = args.root_mount.as_ref().filter(|mount| !is_path(mount));
    if let Some(mount) = mount {
        return Err(usage(format!("--root-mount {mount}: not a path of Vault")));
    }
    Ok(SetupOptions {
        issuer: args.issuer.clone(),
        issuer_key: args.issuer_key.as_ref().map(read).transpose()?,
        claims: args.claims.iter().map(claim).collect::<Result<_, Failure>>()?,
        user_claim: args.user_claim.clone(),
        root_mount: args.root_mount.clone(),
        kubernetes_host: args.kubernetes_host.clone(),
        kubernetes_ca: args.kubernetes_ca.as_ref().map(read).transpose()?,
        service_accounts: args.service_accounts.clone(),
        namespaces: args.namespaces.clone(),
    })
}

/// Parts that mean themselves alone, as those of a config must.
fn is_path(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    text.split('/').all(|part| !part.is_empty() && part.bytes().all(inner) && !matches!(part, "." | ".."))
}

fn status_words(status: &VaultStatus) -> String {
    let width = status.probes.iter().map(|probe| probe.place.len() + probe.name.len() + 1).max().unwrap_or_default();
    let mut text = String::new();
    for probe in &status.probes {
        let safety = match probe.safety {
            Safety::Safe => "safe",
            Safety::Weak => "weak",
            Safety::NotKnown => "not known",
            Safety::Unsafe => "UNSAFE",
        };
        let place = format!("{} {}", probe.place, probe.name);
        text.push_str(&format!("{safety:<9}  {place:<width$}  {}", probe.found));
        if let Some(mend) = &probe.mend {
            text.push_str(&format!(" — {mend}"));
        }
        text.push('\n');
    }
    let count = |safety| status.probes.iter().filter(|probe| probe.safety == safety).count();
    let (bad, hidden) = (count(Safety::Unsafe), count(Safety::NotKnown));
    text.push_str(&format!("{} settings looked at: {bad} unsafe, {hidden} not known\n", status.probes.len()));
    text
}

fn words(setup: &Setup) -> String {
    let mut text = String::new();
    for (index, request) in setup.requests.iter().enumerate() {
        let what = match setup.changed.get(index) {
            None if request.method == "GET" => {
                let must: Vec<String> = request.expected.iter().map(|(at, value)| format!("{at} = {value}")).collect();
                format!("  must have {}", must.join(", "))
            }
            None => {
                let only = request.only_where_empty.as_ref();
                let only = only.map_or_else(String::new, |(path, at)| format!("  only where {path} has no {at}"));
                format!(" {}{only}", request.body)
            }
            Some(true) if request.method == "GET" => "  is as it must be".to_owned(),
            Some(true) => "  set".to_owned(),
            Some(false) => "  there already".to_owned(),
        };
        text.push_str(&format!("{} {}{what}\n", request.method, request.path));
    }
    if setup.changed.is_empty() {
        text.push_str(&format!("policy {}:\n{}", setup.policy, setup.hcl));
    }
    for left in &setup.left {
        text.push_str(&format!("left to do: {left}\n"));
    }
    text
}
