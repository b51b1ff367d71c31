//! What the tokens of a build may do: not more than to sign, and not with times of their own choosing.

use super::grants::{Grant, grants};
use super::probe::{Probe, Safety};
use crate::config::Vault;

/// What a policy says, where it could be read and understood.
pub(super) struct Policy {
    name: String,
    grants: Option<Vec<Grant>>,
}

impl Policy {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// From its text; `None` for one that was not shown.
    pub(super) fn new(name: &str, text: Option<&str>) -> Self {
        Self { name: name.to_owned(), grants: text.and_then(grants) }
    }
}

/// Parameters by which a request would say when a certificate begins and ends.
const TIMES: [&str; 2] = ["not_after", "not_before"];

/// The holes of the policies of a build.
pub(super) fn check(vault: &Vault, policies: &[Policy], probes: &mut Vec<Probe>) {
    for policy in policies {
        let place = format!("sys/policies/acl/{}", policy.name);
        let mut add = |name, safety, found: String, mend: Option<&str>| {
            let mend = mend.map(str::to_owned);
            probes.push(Probe { place: place.clone(), name, safety, found, mend });
        };
        let Some(grants) = &policy.grants else {
            add("policy", Safety::NotKnown, "its text is not shown, or not understood".to_owned(), None);
            continue;
        };
        for (name, mend, targets) in targets(vault) {
            let found = grants.iter().find(|grant| targets.iter().any(|target| target.is_hit_by(grant)));
            match found {
                Some(grant) => add(name, Safety::Unsafe, format!("it grants {}", grant.path), Some(mend)),
                None => add(name, Safety::Safe, "it grants nothing of it".to_owned(), None),
            }
        }
    }
}

/// Paths that a build must not use.
struct Target {
    path: String,
    /// Whether only to change something there is meant.
    writes: bool,
}

impl Target {
    fn is_hit_by(&self, grant: &Grant) -> bool {
        (if self.writes { grant.writes() } else { grant.opens() }) && grant.covers(&self.path)
    }
}

fn targets(vault: &Vault) -> Vec<(&'static str, &'static str, Vec<Target>)> {
    let of = |engine: &str, paths: &[&str], writes: bool| -> Vec<Target> {
        let roles = vault.roles.values().filter(|role| role.engine == engine);
        roles
            .flat_map(|role| paths.iter().map(|path| format!("{}/{path}", role.mounted())))
            .map(|path| Target { path, writes })
            .collect()
    };
    let mut list = vec![(
        "administration",
        "take sys/ and auth/ out of it: whoever has it gives himself everything",
        ["sys/policies/", "sys/mounts/", "sys/auth/", "auth/token/create", "auth/token/create/", "auth/token/roles/"]
            .map(|path| Target { path: path.to_owned(), writes: true })
            .into(),
    )];
    if vault.roles.values().any(|role| role.engine == "pki") {
        let mend = "take it out: it makes the private key in Vault and sends it";
        list.push(("issue", mend, of("pki", &["issue/"], true)));
        let mend = "take it out: it certifies whatever it is asked";
        list.push(("sign-verbatim", mend, of("pki", &["sign-verbatim", "sign-verbatim/", "sign-self-issued"], true)));
        let paths = ["roles/", "root/", "intermediate/", "config/", "issuer/", "issuers/", "keys/"];
        list.push(("authorities", "take it out: it changes who is certified", of("pki", &paths, true)));
    }
    if vault.roles.values().any(|role| role.engine == "transit") {
        let mut paths = of("transit", &["export/", "backup/"], false);
        paths.extend(of("transit", &["keys/", "restore/", "config/"], true));
        list.push(("keys", "grant sign/KEY, and to read keys/KEY, alone", paths));
    }
    list
}

/// Whether every policy that grants a path denies requests a say in times. `None` where that is not known.
pub(super) fn deny_times(policies: &[Policy], path: &str) -> Option<bool> {
    let mut denied = true;
    for policy in policies {
        let granting = policy.grants.as_ref()?.iter().filter(|grant| grant.writes() && grant.covers(path));
        for grant in granting {
            denied &= grant.denied.contains("*") || TIMES.iter().all(|time| grant.denied.contains(*time));
        }
    }
    (!policies.is_empty()).then_some(denied)
}
