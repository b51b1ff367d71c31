//! The validated configuration: what the rest of the crate works with. Every name it holds refers to something that exists,
//! every limit is within its bounds, defaults are filled in. Made only by [`super::load`].

use crate::model::{Date, Digest, Duration, Name, Policy, Waiver};
use serde::Serialize;
use std::collections::BTreeMap;

/// A whole validated config. Serializes to its canonical form, which is the same whatever the order, layout and syntax of the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Config {
    /// `[project]`.
    pub project: Project,
    /// `[scan]`.
    pub scan: Scan,
    /// `[advisories]`.
    pub advisories: AdvisorySources,
    /// `[vault]`, where given. Checked and kept as written; [`super::Vault`] is its typed form.
    #[serde(skip)]
    pub vault: Option<serde_json::Value>,
    /// `[sign]`.
    #[serde(skip)]
    pub sign: Sign,
    /// `[trust]`.
    #[serde(skip)]
    pub trust: Trust,
    /// `[store]`.
    pub store: Store,
    /// `[policy.*]`, `extends` resolved.
    pub policies: BTreeMap<Name, Policy>,
    /// `[[registry]]`, by host.
    #[serde(skip)]
    pub registries: BTreeMap<String, RegistryCredential>,
    /// `[images.*]`.
    pub images: BTreeMap<Name, Image>,
    /// `[services.*]`.
    pub services: BTreeMap<Name, Service>,
    /// `[[waiver]]`, sorted.
    pub waivers: Vec<Waiver>,
    /// What the file asks for that this version does not have (`policy.baseline.known-exploited` …), each with where it
    /// stands. `check` says so; `plan` and `build` refuse.
    #[serde(skip)]
    pub unavailable: Vec<Unavailable>,
    /// Where keys stand in the file, for messages of later steps: dotted path (`policy.baseline.max.high`, `waiver.0.id`,
    /// `services.checkout`, `services.checkout.depends-on.0`) to byte offset and length. A waiver's index is its position in
    /// [`Config::waivers`].
    #[serde(skip)]
    pub spans: BTreeMap<String, (usize, usize)>,
}

impl Config {
    /// Digest of its canonical JSON: what the lock records as `inputs.config`. Leaves out what cannot change a result:
    /// `scan.jobs`, `scan.stagger`, `scan.timeout`, credentials of registries; and who signs and who is trusted to, so that keys can be changed: a build
    /// and a verification look at those themselves.
    pub fn digest(&self) -> Digest {
        let bytes = serde_json_canonicalizer::to_vec(self).unwrap_or_default();
        Digest::of(&bytes)
    }
}

/// `[project]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Project {
    /// Its name.
    pub name: Name,
}

/// `[scan]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scan {
    /// The engine of services that name none.
    pub engine: Engine,
    /// Scans at once; `None` for the number of cores.
    #[serde(skip)]
    pub jobs: Option<usize>,
    /// Window over which scan starts are spread.
    #[serde(skip)]
    pub stagger: Duration,
    /// Longest that one action may take.
    #[serde(skip)]
    pub timeout: Duration,
    /// `[scan.trivy]`, where given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trivy: Option<ScanProgram>,
    /// `[scan.syft]`, where given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syft: Option<ScanProgram>,
}

/// `[scan.trivy]` and `[scan.syft]`: a scanner that is a program of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ScanProgram {
    /// A name on the search path, or a path from the project's root; `None` for the engine's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary: Option<String>,
    /// The only program that may run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// Address of a server, for Trivy's client/server mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The Vault role that holds the server's token.
    #[serde(skip)]
    pub token: Option<String>,
    /// The database that it matches by: a directory, or a reference to an artefact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

/// `[[registry]]`: a Vault role for each secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryCredential {
    /// A user's name, and the role that holds the password.
    Password(String, Name),
    /// The role that gives a token.
    Token(Name),
}

/// What scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// The built-in scanner.
    Builtin,
    /// Trivy.
    Trivy,
    /// Syft.
    Syft,
}

impl Engine {
    /// Its name in config, keys and lock.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Trivy => "trivy",
            Self::Syft => "syft",
        }
    }
}

/// `[advisories]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AdvisorySources {
    /// `osv` for osv.dev's public bucket, an `https:` address, or a path from the project's root; the osv.dev layout.
    pub sources: Vec<String>,
    /// Oldest snapshot, against `as_of`; `None` for no limit.
    pub max_age: Option<Duration>,
    /// Ecosystems to fetch from `osv`; empty for those that this version can match.
    pub ecosystems: Vec<String>,
    /// What matches.
    #[serde(rename = "match", skip_serializing_if = "MatchWith::is_builtin")]
    pub matcher: MatchWith,
}

/// What finds the flaws of components.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchWith {
    /// Our own matching of advisories.
    #[default]
    Builtin,
    /// Trivy, by the database of `[scan.trivy]`.
    Trivy,
}

impl MatchWith {
    /// Whether it is ours.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_builtin(&self) -> bool {
        *self == Self::Builtin
    }
}

/// `[sign]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sign {
    /// The default signer.
    pub with: SignWith,
    /// The key file of the `local` signer, from the project's root; `None` for `.proofmark/local.key`.
    pub key: Option<String>,
    /// Where time stamps come from.
    pub timestamp: Option<String>,
}

/// Which signer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SignWith {
    /// The embedded one.
    Local,
    /// A Vault role.
    Role(Name),
}

/// `[trust]`: who may have signed. Paths from the project's root.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Trust {
    /// PEM files or `trusted_root.json` files.
    pub roots: Vec<String>,
    /// Patterns of identities.
    pub identities: Vec<String>,
    /// Public keys, PEM.
    pub keys: Vec<String>,
    /// Keys that count no more since a day.
    pub revoked: Vec<RevokedKey>,
}

/// `[[trust.revoked]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevokedKey {
    /// The public key, PEM.
    pub key: String,
    /// The first day whose signatures count no more.
    pub since: Date,
    /// Why.
    pub reason: String,
}

impl Trust {
    /// Every file that it names.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.keys.iter().chain(&self.roots).chain(self.revoked.iter().map(|revoked| &revoked.key))
    }
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Store {
    /// Directory of the evidence, from the project's root. Default `.compliance`.
    pub dir: String,
}

impl Store {
    /// The directory where the config names none.
    pub const DEFAULT: &'static str = ".compliance";
}

/// `[images.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Where it is.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Which of an index.
    pub platform: Option<String>,
    /// The image it is built on.
    pub base: Option<Name>,
    /// Whether its components come from an SBOM that somebody trusted has attested, instead of from a scan.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sbom_attested: bool,
}

/// `[services.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Service {
    /// Source tree, from the project's root.
    pub path: Option<String>,
    /// Globs below `path` to leave out.
    pub exclude: Vec<String>,
    /// Its images. Sorted.
    pub images: Vec<Name>,
    /// Services it needs. Sorted.
    pub depends_on: Vec<Name>,
    /// Its policy: a name of `policies`.
    pub policy: Name,
    /// Who looks after it.
    pub owner: Option<String>,
    /// Its engine.
    pub engine: Engine,
    /// Its signer.
    #[serde(skip)]
    pub sign: SignWith,
}

/// Something the file asks for that this version does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// The key (`policy.baseline.epss`).
    pub key: String,
    /// Byte offset and length in the file.
    pub span: (usize, usize),
    /// What is not there, in words.
    pub what: String,
}
