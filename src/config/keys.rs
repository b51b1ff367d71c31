//! The one table of keys: which keys each table has, what their values are, and what they mean.
//!
//! The decoder, the check for unknown keys, the KDL reader and the JSON Schema all work from it, so they cannot drift apart.
//! What concerns several keys at once (names that must exist, cycles, the needs of a Vault role) is in [`super::validate`].

/// A table with fixed keys.
#[derive(Debug)]
pub(super) struct Keys {
    /// What the table is, for messages and the schema.
    pub(super) what: &'static str,
    /// Its keys.
    pub(super) keys: &'static [Key],
    /// Keys of which at least one must be there; empty for no such rule.
    pub(super) one_of: &'static [&'static str],
    /// The code of a key that is not in it.
    pub(super) unknown: &'static str,
}

/// A key.
#[derive(Debug)]
pub(super) struct Key {
    /// As written in TOML.
    pub(super) name: &'static str,
    /// What it holds.
    pub(super) kind: Kind,
    /// Whether it must be there.
    pub(super) required: bool,
    /// What it means: the schema's description.
    pub(super) doc: &'static str,
}

/// What a key holds.
#[derive(Debug)]
pub(super) enum Kind {
    /// A string of a form.
    Text(Form),
    /// A whole number from one bound to the other.
    Int(i64, i64),
    /// A number from one bound to the other.
    Number(f64, f64),
    /// A boolean.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A length of time between two bounds in seconds, and the code of one outside.
    Length(u64, u64, &'static str),
    /// A calendar date.
    Date,
    /// Different strings of a form. `true` where their order means nothing: they are sorted.
    List(Form, bool),
    /// A table with fixed keys.
    Table(&'static Keys),
    /// Tables by name, with their KDL node name and the most there may be.
    Named(&'static Keys, &'static str, usize),
    /// An array of tables, and the most there may be.
    Many(&'static Keys, usize),
    /// A secret: never a literal, always a table with the one key `vault`.
    Secret,
}

/// Forms of a string. Each but [`Form::Plain`] has its check in [`super::forms`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Any text that is not blank.
    Plain,
    /// A [`crate::model::Name`].
    Name,
    /// A path inside the project.
    Path,
    /// A glob below a directory.
    Glob,
    /// `host[:port]` of a registry.
    Host,
    /// An `https:` address, or `http:` to this machine.
    Url,
    /// `osv`, an address or a path.
    Source,
    /// A purl without a version.
    Package,
    /// One SPDX licence.
    License,
    /// A reference to an image.
    Image,
    /// `os/arch[/variant]`.
    Platform,
    /// An RFC 3161 address, `vault:ROLE` or `local`.
    Timestamp,
    /// 64 hexadecimal digits.
    Sha256,
    /// An id without spaces.
    Id,
    /// A [`crate::model::Requirement`].
    Requirement,
    /// An ecosystem as OSV names it, with or without a release.
    Ecosystem,
}

const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, required: false, doc }
}

const fn must(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, required: true, doc }
}

const fn keys(what: &'static str, keys: &'static [Key]) -> Keys {
    Keys { what, keys, one_of: &[], unknown: "config::unknown-key" }
}

const DAY: u64 = 86_400;
/// The longest life of a Vault credential, in seconds.
const MAX_TTL: u64 = 15 * 60;
const TOKEN_TTL: &str = "config::vault-token-ttl";
/// The longest that a waiver may run, in days.
pub(super) const MAX_WAIVER_DAYS: u64 = 180;
/// Most items of one list.
pub(super) const MAX_ITEMS: usize = 4_096;
const MANY: usize = 20_000;
/// `extends` copies what it inherits, so that policies are fewer.
const MAX_POLICIES: usize = 1_000;
const LONG: &str = "config::out-of-range";

/// The whole file.
pub(super) static ROOT: Keys = keys(
    "the file",
    &[
        must("version", Kind::Int(1, 1), "The version of this format: 1."),
        must("project", Kind::Table(&PROJECT), "What the whole is called."),
        key("scan", Kind::Table(&SCAN), "How subjects are scanned."),
        key("advisories", Kind::Table(&ADVISORIES), "Where advisories come from."),
        key("vault", Kind::Table(&VAULT), "How Vault is reached, and which of its roles services may name."),
        key("sign", Kind::Table(&SIGN), "Who signs what the build finds."),
        key("trust", Kind::Table(&TRUST), "Who may have signed; never read from the lock."),
        key("store", Kind::Table(&STORE), "Where the evidence is kept."),
        key("policy", Kind::Named(&POLICY, "policy", MAX_POLICIES), "What a service must meet, by name."),
        key("registry", Kind::Many(&REGISTRY, MAX_POLICIES), "Registries whose credentials lie in Vault."),
        key("images", Kind::Named(&IMAGE, "image", MANY), "Container images, by name."),
        must("services", Kind::Named(&SERVICE, "service", MANY), "What is shipped, by name."),
        key("waiver", Kind::Many(&WAIVER, MANY), "Findings that somebody answers for, until a date."),
    ],
);

static PROJECT: Keys = keys("[project]", &[must("name", Kind::Text(Form::Name), "The project's name.")]);

const ENGINES: Kind = Kind::Choice(&["builtin", "trivy", "syft"]);

static SCAN: Keys = keys(
    "[scan]",
    &[
        key("engine", ENGINES, "What scans, where a service names nothing else. Default: builtin."),
        key("jobs", Kind::Int(1, 1024), "How many scans run at once. Default: the number of cores."),
        key(
            "stagger",
            Kind::Length(0, DAY, LONG),
            "The window over which the starts of scans are spread. Default: 0s.",
        ),
        key("timeout", Kind::Length(1, DAY, LONG), "The longest that one scan may take. Default: 10m."),
        key("trivy", Kind::Table(&TRIVY), "The Trivy engine."),
        key("syft", Kind::Table(&SYFT), "The syft engine."),
    ],
);

static TRIVY: Keys = keys(
    "[scan.trivy]",
    &[
        key("binary", Kind::Text(Form::Plain), "The program: a name on the search path, or a path. Default: trivy."),
        key("sha256", Kind::Text(Form::Sha256), "The program's SHA-256: another one is refused."),
        key("server", Kind::Text(Form::Url), "A Trivy server, for client/server mode."),
        key("token", Kind::Secret, "The server's token: a Vault role of engine kv or identity."),
        key(
            "database",
            Kind::Text(Form::Plain),
            "The database that it matches by: a directory with trivy.db and metadata.json, or a reference to an artefact in a registry.",
        ),
    ],
);

static SYFT: Keys = keys(
    "[scan.syft]",
    &[
        key("binary", Kind::Text(Form::Plain), "The program: a name on the search path, or a path. Default: syft."),
        key("sha256", Kind::Text(Form::Sha256), "The program's SHA-256: another one is refused."),
    ],
);

static ADVISORIES: Keys = keys(
    "[advisories]",
    &[
        key(
            "sources",
            Kind::List(Form::Source, false),
            "`osv` for osv.dev's public bucket, or https addresses and paths in its layout. Default: osv.",
        ),
        key(
            "max-age",
            Kind::Length(1, 100 * 365 * DAY, LONG),
            "The oldest that advisories may be at the time judged. Default: no limit.",
        ),
        key(
            "ecosystems",
            Kind::List(Form::Ecosystem, true),
            "The ecosystems to fetch, as OSV names them. Default: Alpine, Chainguard, Debian, Go, PyPI, Ubuntu, Wolfi, crates.io, npm.",
        ),
        key(
            "match",
            Kind::Choice(&["builtin", "trivy"]),
            "What finds the flaws of components: our own matching, or Trivy's, by the database of [scan.trivy]. Default: builtin.",
        ),
    ],
);

static VAULT: Keys = keys(
    "[vault]",
    &[
        key("address", Kind::Text(Form::Url), "Vault's address; else the environment's VAULT_ADDR."),
        key("namespace", Kind::Text(Form::Plain), "The namespace (Vault Enterprise, HCP)."),
        key(
            "ca",
            Kind::Text(Form::Path),
            "A PEM file with the authorities of its TLS; else the environment's VAULT_CACERT.",
        ),
        key("auth", Kind::Table(&VAULT_AUTH), "How to log in."),
        key("rate", Kind::Table(&VAULT_RATE), "How hard Vault may be asked."),
        key(
            "roles",
            Kind::Named(&VAULT_ROLE, "role", MAX_POLICIES),
            "The roles that services and secrets refer to, by name.",
        ),
    ],
);

static VAULT_AUTH: Keys = keys(
    "vault.auth",
    &[
        must("method", Kind::Choice(&["jwt", "approle", "kubernetes", "token", "agent"]), "How to log in."),
        key("role", Kind::Text(Form::Plain), "The role to log in as (jwt, kubernetes)."),
        key("mount", Kind::Text(Form::Plain), "Where the method is mounted. Default: the method's name."),
        key(
            "audience",
            Kind::Text(Form::Plain),
            "For whom a token of GitHub Actions is asked. Default: Vault's address.",
        ),
        key(
            "allow-long-lived",
            Kind::Text(Form::Plain),
            "Why a token may live longer than that: without a reason it is refused.",
        ),
        key("max-token-ttl", Kind::Length(60, DAY, TOKEN_TTL), "The longest that a token may live. Default: 1h."),
    ],
);

static VAULT_RATE: Keys = keys(
    "vault.rate",
    &[
        key("requests-per-second", Kind::Int(1, 10_000), "Requests a second at most."),
        key("retries", Kind::Int(0, 5), "How often a request is tried again. Default: 5."),
    ],
);

static VAULT_ROLE: Keys = keys(
    "a Vault role",
    &[
        must(
            "engine",
            Kind::Choice(&["pki", "transit", "kv", "identity"]),
            "What is behind it: pki and transit sign, kv holds secrets, identity gives a token of minutes that says who asks.",
        ),
        key("mount", Kind::Text(Form::Plain), "Where the engine is mounted. Default: the engine's name."),
        key("role", Kind::Text(Form::Plain), "The engine's role (pki, identity) or key (transit)."),
        key(
            "identity",
            Kind::Text(Form::Plain),
            "Whom its certificates must name, a URI (pki). Default: PROOFMARK_IDENTITY, else GitHub's workflow.",
        ),
        key("path", Kind::Text(Form::Plain), "The path of the secret (kv, version 2): `secret/data/trivy`."),
        key("field", Kind::Text(Form::Plain), "The field of the secret (kv)."),
        key("ttl", Kind::Length(1, MAX_TTL, "config::vault-ttl"), "How long a credential lives: at most 15m."),
        key(
            "key-type",
            Kind::Choice(&["ecdsa-p256", "ed25519"]),
            "What `vault setup` makes the key as (transit). Default: ecdsa-p256.",
        ),
        key(
            "key-version",
            Kind::Int(1, 1_000_000),
            "The version of the key that signs (transit). Default: the newest, which a rotation changes.",
        ),
    ],
);

static SIGN: Keys = keys(
    "[sign]",
    &[
        key("with", Kind::Text(Form::Name), "`local`, or a Vault role. Default: local."),
        key("key", Kind::Text(Form::Path), "The private key file of `local`. Default: .proofmark/local.key."),
        key(
            "timestamp",
            Kind::Text(Form::Timestamp),
            "Where time stamps come from: an RFC 3161 address, or `local`. Default: nowhere.",
        ),
    ],
);

static TRUST: Keys = keys(
    "[trust]",
    &[
        key("roots", Kind::List(Form::Path, true), "PEM files or Sigstore trusted_root.json files."),
        key(
            "identities",
            Kind::List(Form::Plain, true),
            "Identities that may have signed; `*` stands for characters other than `/` and `@`, `**` for any.",
        ),
        key("keys", Kind::List(Form::Path, true), "Public keys that may have signed, PEM files."),
        key("revoked", Kind::Many(&REVOKED, MAX_POLICIES), "Keys that somebody else may hold since a day."),
    ],
);

static REVOKED: Keys = keys(
    "a revoked key",
    &[
        must(
            "key",
            Kind::Text(Form::Path),
            "The public key, a PEM file; in `keys` too, where what it signed before still counts.",
        ),
        must(
            "since",
            Kind::Date,
            "The first day, in UTC, whose signatures count no more: it counts what an authority on time that is not the signer's own dates before.",
        ),
        must("reason", Kind::Text(Form::Plain), "Why."),
    ],
);

static STORE: Keys =
    keys("[store]", &[key("dir", Kind::Text(Form::Path), "The directory of the evidence. Default: .compliance.")]);

const DENY_ALLOW: Kind = Kind::Choice(&["deny", "allow"]);

/// A policy; `extends` is resolved over its keys.
pub(super) static POLICY: Keys = keys(
    "a policy",
    &[
        key(
            "extends",
            Kind::Text(Form::Name),
            "A policy whose keys hold where this one says nothing; its tables merge key by key.",
        ),
        key("max", Kind::Table(&MAX), "The most findings of a severity that pass; one that is not named has no limit."),
        key("ignore-unfixed", Kind::Bool, "Whether findings without a fix are left out. Default: false."),
        key("grace", Kind::Table(&GRACE), "How long after it was first seen a finding of a severity does not count."),
        key(
            "known-exploited",
            DENY_ALLOW,
            "What a finding that is known to be exploited means, whatever its severity.",
        ),
        key(
            "epss",
            Kind::Number(0.0, 1.0),
            "The probability of exploitation from which a finding counts, whatever its severity.",
        ),
        key("licenses", Kind::Table(&LICENSES), "Which licences components may have. Default: any."),
        key("end-of-life", DENY_ALLOW, "What a distribution without support any more means. Default: deny."),
        key(
            "max-waiver",
            Kind::Length(DAY, MAX_WAIVER_DAYS * DAY, "config::max-waiver"),
            "The longest that a waiver may run: at most 180d, the default.",
        ),
        key("include-development", Kind::Bool, "Whether development-only components count. Default: true."),
        key(
            "require",
            Kind::List(Form::Requirement, true),
            "What others must have attested of each image: slsa-provenance, sbom, cyclonedx, spdx, vex, test-result, or a URI.",
        ),
    ],
);

const fn severities(what: &'static str, keys: &'static [Key]) -> Keys {
    Keys { what, keys, one_of: &[], unknown: "config::unknown-severity" }
}

const COUNT: Kind = Kind::Int(0, u32::MAX as i64);
const GRACE_LENGTH: Kind = Kind::Length(0, 366 * DAY, LONG);

static MAX: Keys = severities(
    "policy max",
    &[
        key("critical", COUNT, "Critical ones."),
        key("high", COUNT, "High ones."),
        key("medium", COUNT, "Medium ones."),
        key("low", COUNT, "Low ones."),
        key("unknown", COUNT, "Unrated ones."),
    ],
);

static GRACE: Keys = severities(
    "policy grace",
    &[
        key("critical", GRACE_LENGTH, "Critical ones."),
        key("high", GRACE_LENGTH, "High ones."),
        key("medium", GRACE_LENGTH, "Medium ones."),
        key("low", GRACE_LENGTH, "Low ones."),
        key("unknown", GRACE_LENGTH, "Unrated ones."),
    ],
);

static LICENSES: Keys = keys(
    "policy licenses",
    &[
        key("allow", Kind::List(Form::License, true), "SPDX licences that may be used, each on its own."),
        key("exceptions", Kind::List(Form::Package, true), "Packages that any licence is allowed for."),
        key("unknown", DENY_ALLOW, "What a component without a known licence means. Default: deny."),
    ],
);

static REGISTRY: Keys = keys(
    "a registry",
    &[
        must(
            "host",
            Kind::Text(Form::Host),
            "Its host, with its port where it has one, as references to images name it.",
        ),
        key("username", Kind::Text(Form::Plain), "The user's name, for a password."),
        key("password", Kind::Secret, "The user's password: a Vault role of engine kv."),
        key(
            "token",
            Kind::Secret,
            "In place of name and password: a token that the registry's login exchanges for its own; a Vault role of engine kv or identity.",
        ),
    ],
);

static IMAGE: Keys = keys(
    "an image",
    &[
        must(
            "ref",
            Kind::Text(Form::Image),
            "oci:PATH[:TAG|@DIGEST], oci-archive:FILE, docker-archive:FILE, dir:PATH, sbom:FILE, or a registry reference.",
        ),
        key("platform", Kind::Text(Form::Platform), "Which of an index of several: os/arch[/variant]."),
        key("base", Kind::Text(Form::Name), "The image that it is built on."),
        key(
            "sbom",
            Kind::Choice(&["scanned", "attested"]),
            "Where its components come from: a scan, or an SBOM that somebody in [trust] has attested. Default: scanned.",
        ),
    ],
);

static SERVICE: Keys = Keys {
    what: "a service",
    keys: &[
        key("path", Kind::Text(Form::Path), "Its source tree: lockfiles and manifests."),
        key("exclude", Kind::List(Form::Glob, true), "What to leave out of the source tree: globs below it."),
        key("images", Kind::List(Form::Name, true), "Its images."),
        key(
            "depends-on",
            Kind::List(Form::Name, true),
            "The services that it needs: it is no more compliant than they are.",
        ),
        must("policy", Kind::Text(Form::Name), "The policy that it must meet."),
        key("owner", Kind::Text(Form::Plain), "Who looks after it."),
        key("engine", ENGINES, "What scans it. Default: that of [scan]."),
        key("sign", Kind::Text(Form::Name), "`local`, or a Vault role. Default: that of [sign]."),
    ],
    one_of: &["path", "images"],
    unknown: "config::unknown-key",
};

static WAIVER: Keys = keys(
    "a waiver",
    &[
        must("id", Kind::Text(Form::Id), "Any id that the finding goes by."),
        key("package", Kind::Text(Form::Package), "The package, as a purl without version. Default: any."),
        key("services", Kind::List(Form::Name, true), "The services that it holds for. Default: all."),
        must("reason", Kind::Text(Form::Plain), "Why the finding is acceptable."),
        must("owner", Kind::Text(Form::Plain), "Who answers for it."),
        must("expires", Kind::Date, "The last day that it holds, in UTC: at most 180 days ahead."),
    ],
);
