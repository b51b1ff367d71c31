//! Who can log in, and for how long.

use super::probe::{Place, Probe, Safety, no, texts, within};
use crate::config::VaultAuth;
use serde_json::{Value, json};

/// The role of a login.
pub(super) fn role(place: &str, auth: &VaultAuth, has_template: bool, data: &Value, probes: &mut Vec<Probe>) {
    let mut at = Place::new(place, data, probes);
    match auth.method.as_str() {
        "jwt" => jwt(&mut at, has_template),
        "kubernetes" => kubernetes(&mut at),
        "approle" => approle(&mut at),
        _ => {}
    }
    tokens(&mut at, auth);
}

/// What the tokens are, of a role or one by itself.
fn tokens(at: &mut Place<'_>, auth: &VaultAuth) {
    let longest = auth.max_token_ttl.map_or(VaultAuth::TOKEN_TTL, |most| most.secs());
    if auth.allow_long_lived.is_none() {
        let mend = format!("token_max_ttl={longest}s or less");
        at.check("token-ttl", "token_max_ttl", Safety::Unsafe, &mend, within(longest));
        let mend = "token_period=0: else a token can be renewed for ever";
        at.check("token-period", "token_period", Safety::Unsafe, mend, |value| *value == json!(0));
    }
    let mend = "token_policies=the policy that `proofmark vault policy` prints, and no other";
    at.check("token-policies", "token_policies", Safety::Unsafe, mend, |value| {
        let policies = texts(value);
        !policies.is_empty() && !policies.contains(&"root")
    });
}

fn jwt(at: &mut Place<'_>, has_template: bool) {
    let bound = texts(at.get("bound_audiences"));
    let safety = if bound.is_empty() { Safety::Unsafe } else { Safety::Safe };
    let mend = (safety == Safety::Unsafe).then_some("bound_audiences=[vault] audience: else tokens for others log in");
    at.add("audience", safety, format!("bound_audiences = {bound:?}"), mend);
    let claims = at.get("bound_claims").as_object();
    let subject = at.get("bound_subject").as_str().unwrap_or_default();
    let is_glob = at.get("bound_claims_type").as_str() != Some("string");
    let values = |value: &Value| match value {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    let says_something =
        |value: &Value| value.as_str().is_none_or(|text| !is_glob || text.chars().any(|c| !matches!(c, '*' | '?')));
    let binds = |value: &Value| !values(value).is_empty() && values(value).iter().all(says_something);
    let is_bound = !subject.is_empty() || claims.is_some_and(|claims| claims.values().any(binds));
    let safety = if is_bound { Safety::Safe } else { Safety::Unsafe };
    let mend =
        (!is_bound).then_some("bound_claims={\"repository\": \"owner/name\"}: else any job of the issuer logs in");
    let names: Vec<&String> = claims.into_iter().flatten().map(|(name, _)| name).collect();
    at.add("bound-claims", safety, format!("bound to {names:?}"), mend);
    let race = if has_template {
        "user_claim=job_workflow_ref: two jobs that share `sub` share an identity, and get each other's certificates"
    } else {
        "user_claim=job_workflow_ref: two jobs that share `sub` share an identity in Vault and its metadata"
    };
    at.check("user-claim", "user_claim", Safety::Unsafe, race, |value| {
        value.as_str().is_some_and(|claim| !claim.is_empty() && claim != "sub")
    });
}

fn kubernetes(at: &mut Place<'_>) {
    for (name, key) in
        [("service-accounts", "bound_service_account_names"), ("namespaces", "bound_service_account_namespaces")]
    {
        at.check(name, key, Safety::Unsafe, "bind it by whole names: else any pod logs in", |value| {
            let names = texts(value);
            !names.is_empty() && names.iter().all(|name| !name.contains('*'))
        });
    }
    let audience = at.get("audience").as_str().unwrap_or_default();
    let safety = if audience.is_empty() { Safety::Unsafe } else { Safety::Safe };
    let mend =
        (safety == Safety::Unsafe).then_some("audience=[vault.auth] audience: else a pod's token for the cluster does");
    at.add("audience", safety, format!("audience = {audience:?}"), mend);
}

fn approle(at: &mut Place<'_>) {
    at.check("secret-id", "bind_secret_id", Safety::Unsafe, "bind_secret_id=true", |value| {
        !no(value) && value.is_boolean()
    });
    at.check("secret-id-uses", "secret_id_num_uses", Safety::Unsafe, "secret_id_num_uses=1", within(1));
    at.check("secret-id-ttl", "secret_id_ttl", Safety::Unsafe, "secret_id_ttl=10m", within(86_400));
}

/// A token that is given, and is looked with.
pub(super) fn token(place: &str, auth: Option<&VaultAuth>, data: &Value, probes: &mut Vec<Probe>) {
    let mut at = Place::new(place, data, probes);
    let longest = auth.and_then(|auth| auth.max_token_ttl).map_or(VaultAuth::TOKEN_TTL, |most| most.secs());
    if auth.is_none_or(|auth| auth.allow_long_lived.is_none()) {
        let mend = format!("one that lives {longest} seconds at most: builds refuse it");
        at.check("token-ttl", "ttl", Safety::Unsafe, &mend, within(longest));
    }
    let mend = "one of the policy that `proofmark vault policy` prints: builds refuse the root's";
    at.check("token-policies", "policies", Safety::Unsafe, mend, |value| {
        let policies = texts(value);
        !policies.is_empty() && !policies.contains(&"root")
    });
}
