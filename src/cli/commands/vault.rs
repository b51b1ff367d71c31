//! `vault`: what Vault has to do with the project.
#![expect(clippy::disallowed_methods, reason = "an issuer's key may lie outside the project")]

use super::Context;
use crate::cli::args::VaultCommand;
use crate::cli::output::Form;
use crate::ops::{self, Exit, Failure, Project, Setup, SetupOptions};
use crate::ports::Cancel;

pub(super) fn run(context: &Context<'_>, command: &VaultCommand) -> Result<Exit, Failure> {
    let world = context.world_for(Cancel::new(), false)?;
    let project = Project::open(&world)?;
    match command {
        VaultCommand::PublicKey { role } => {
            context.output.text(&ops::public_key(&world, &project.config, role)?);
        }
        VaultCommand::Policy => {
            let options = SetupOptions {
                issuer: Some(String::new()),
                claims: vec![(String::new(), String::new())],
                ..SetupOptions::default()
            };
            context.output.text(&ops::plan_setup(&project.config, &options)?.hcl);
        }
        VaultCommand::Setup { dry_run, issuer, issuer_key, claims, user_claim } => {
            let usage = |message: String| Failure::new(Exit::Usage, "usage::vault-setup", message);
            let key = issuer_key.as_ref().map(|path| {
                std::fs::read_to_string(path).map_err(|error| usage(format!("{}: {error}", path.display())))
            });
            let claim = |text: &String| {
                let split = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
                let split = split.ok_or_else(|| usage(format!("--claim {text}: not NAME=VALUE")))?;
                Ok((split.0.to_owned(), split.1.to_owned()))
            };
            let options = SetupOptions {
                issuer: issuer.clone(),
                issuer_key: key.transpose()?,
                claims: claims.iter().map(claim).collect::<Result<_, Failure>>()?,
                user_claim: user_claim.clone(),
            };
            let setup = ops::setup(&world, &project.config, &options, *dry_run)?;
            match context.output.form {
                Form::Json => context.output.json(&setup),
                Form::Human => context.output.text(&words(&setup)),
            }
        }
    }
    Ok(Exit::Pass)
}

fn words(setup: &Setup) -> String {
    let mut text = String::new();
    for (index, request) in setup.requests.iter().enumerate() {
        let what = match setup.changed.get(index) {
            None if request.method == "GET" => {
                let must: Vec<String> = request.expected.iter().map(|(at, value)| format!("{at} = {value}")).collect();
                format!("  must have {}", must.join(", "))
            }
            None => format!(" {}", request.body),
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
