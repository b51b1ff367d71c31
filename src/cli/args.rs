//! The command line.

use crate::model::{Duration, Timestamp};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A build tool for compliance evidence: scans, signs and locks what an audit needs to reproduce the result, offline.
#[derive(Debug, Parser)]
#[command(name = "proofmark", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 pass, 1 policy failed, 2 usage or configuration, 3 stale lock, 4 integrity, \
    5 infrastructure, 6 evidence incomplete, 70 bug.")]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// The verb.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Run as if started in DIR.
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// The config file [default: compliance.toml or compliance.kdl].
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<String>,
    /// Form of the result on standard output: human, json, or what the command names.
    #[arg(long, value_name = "FORM", global = true)]
    pub format: Option<String>,
    /// Whether to colour.
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: When,
    /// Progress on standard error.
    #[arg(long, value_name = "HOW", default_value = "auto", global = true)]
    pub progress: ProgressForm,
    /// Show what failed beside the lines of the config, as GitHub Actions does; there by itself.
    #[arg(long, value_name = "WHERE", default_value = "auto", global = true)]
    pub annotations: AnnotationForm,
    /// Say only what failed.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// Whether to do something that depends on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Who shows annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnnotationForm {
    /// GitHub Actions, where the run is its.
    Auto,
    /// GitHub Actions.
    Github,
    /// Nobody.
    None,
}

/// Forms of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressForm {
    /// Bars on a terminal, else lines.
    Auto,
    /// Lines.
    Plain,
    /// One JSON object a line.
    Json,
    /// None.
    None,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Detect services, write a commented compliance.toml and make a signing key.
    Init(InitArgs),
    /// Validate the config: every error at once.
    Check,
    /// Show what would run, what is cached, and why.
    Plan(PlanArgs),
    /// Scan what changed, judge it, sign it, and write the lock.
    Build(BuildArgs),
    /// Check the lock and every attestation.
    Verify(VerifyArgs),
    /// Sign anew what was signed by somebody who is no longer trusted, or no longer the configured signer.
    Resign(ResignArgs),
    /// Put the lock and all that verifies it into one file, for an auditor.
    Pack(PackArgs),
    /// What Vault has to do with the project.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Whom the project trusts, for other verifiers.
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Put attestations beside their images, in registries, and all evidence of the lock into one artefact.
    Push(PushArgs),
    /// Fetch evidence of the lock that is not here from a registry.
    Pull(PullArgs),
    /// Compare two locks: files, or git revisions.
    Diff(DiffArgs),
    /// Tell why a service failed, why an action ran, how a package got in, or what fixes a finding.
    Explain(ExplainArgs),
    /// Show what depends on what: --format tree, dot, mermaid or json.
    Graph,
    /// Scan one subject without a config: --format table, json or cyclonedx.
    Scan(ScanArgs),
    /// The advisory database.
    #[command(subcommand)]
    Db(DbCommand),
    /// The cache of earlier results.
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Tell whether this machine has what a build needs: scanners, key, advisories, clock, cache.
    Doctor,
    /// Completions for a shell, on standard output.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// The manual pages: this one on standard output, or all into a directory.
    Man {
        /// Where to write one page a command.
        directory: Option<PathBuf>,
    },
}

/// Options of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Only make the signing key, if there is none.
    #[arg(long)]
    pub key: bool,
    /// The kind of key.
    #[arg(long, value_name = "KIND", default_value = "p256")]
    pub key_type: KeyKind,
    /// Replace a config that is there.
    #[arg(long)]
    pub force: bool,
    /// Print the config instead of writing anything.
    #[arg(long)]
    pub dry_run: bool,
}

/// Kinds of signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyKind {
    /// ECDSA on P-256: what stock verifiers take.
    P256,
    /// Ed25519: signatures are reproducible too.
    Ed25519,
}

/// Options of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Only these services, and what they depend on.
    pub services: Vec<String>,
    /// Use no network.
    #[arg(long)]
    pub offline: bool,
    /// The instant to judge at: an RFC 3339 time or a date [default: now].
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<Timestamp>,
}

/// Options of `build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// Only these services, and what they depend on; the lock is then left alone.
    pub services: Vec<String>,
    /// Change nothing: exit 3 if the lock would change.
    #[arg(long)]
    pub locked: bool,
    /// Use no network.
    #[arg(long)]
    pub offline: bool,
    /// Actions at once [default: scan.jobs, else the number of cores].
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// Spread scan starts over this window [default: scan.stagger].
    #[arg(long, value_name = "LENGTH")]
    pub stagger: Option<Duration>,
    /// The instant to judge at: an RFC 3339 time or a date [default: now].
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<Timestamp>,
    /// Go on with what can still run after a failure.
    #[arg(long)]
    pub keep_going: bool,
    /// Append the result as Markdown to FILE, such as GitHub's `$GITHUB_STEP_SUMMARY`.
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Push the evidence afterwards, as `push` does, if every verdict passes.
    #[arg(long, conflicts_with_all = ["offline", "locked", "services"])]
    pub push: bool,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Use no network: what images in registries are now is not looked at.
    #[arg(long)]
    pub offline: bool,
    /// Compute findings and verdicts anew from the stored evidence and compare.
    #[arg(long)]
    pub replay: bool,
    /// The instant to judge at in a replay: lock, now, or a time.
    #[arg(long, value_name = "TIME", default_value = "lock")]
    pub as_of: String,
    /// Who may have signed: a TOML file with the keys of [trust], or a public key.
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// From whose hands every attestation must have a time, at least.
    #[arg(long, value_name = "SOURCE", value_parser = ["independent", "company", "self-asserted"])]
    pub require: Option<String>,
    /// Take evidence that is not here from the registry, as `pull` would, without keeping it.
    #[arg(long, conflicts_with_all = ["offline", "pack"])]
    pub from_registry: bool,
    /// The repository that `push` put it into [default: that of the lock's first image in a registry].
    #[arg(long, value_name = "REPOSITORY", requires = "from_registry")]
    pub repository: Option<String>,
    /// Verify one bundle instead of the project: that it is about --subject, and signed by somebody trusted.
    #[arg(long, value_name = "FILE", requires = "subject", conflicts_with_all = ["pack", "from_registry", "replay", "offline"])]
    pub bundle: Option<PathBuf>,
    /// The predicate type that the bundle must be of.
    #[arg(long = "type", value_name = "URI", requires = "bundle")]
    pub kind: Option<String>,
    /// What the bundle is to be about: a file, or `sha256:` with a digest.
    #[arg(long, value_name = "FILE|DIGEST", requires = "bundle")]
    pub subject: Option<String>,
    /// Verify what is in a pack instead of the project.
    #[arg(long, value_name = "FILE")]
    pub pack: Option<PathBuf>,
}

/// Options of `resign`.
#[derive(Debug, Args)]
pub struct ResignArgs {
    /// Who may have signed until now, a TOML file with the keys of [trust], or a public key: each signature that is replaced must be theirs.
    #[arg(long, value_name = "FILE")]
    pub was_trusted: Option<PathBuf>,
    /// Ask no registry whether its images are still those of the lock.
    #[arg(long)]
    pub offline: bool,
}

#[derive(Debug, Args)]
pub struct PackArgs {
    /// Only this service, with all that it depends on, once or more [default: all].
    #[arg(long = "service", value_name = "SERVICE")]
    pub services: Vec<String>,
    /// Where to write it.
    #[arg(short, long, value_name = "FILE", default_value = "evidence.pack")]
    pub output: PathBuf,
}

/// What to do with Vault.
#[derive(Debug, clap::Subcommand)]
pub enum VaultCommand {
    /// Make the mounts, keys, policy and login that the config needs, with VAULT_TOKEN as administrator; again changes nothing.
    Setup(Box<VaultSetupArgs>),
    /// Look for settings of Vault that are known to be unsafe, and say how to mend each; changes nothing.
    Status,
    /// Print what a build may do in Vault: the policy, HCL.
    Policy,
    /// Print the public half of the key behind a role of engine transit, PEM: a file for [trust] keys.
    PublicKey(VaultFile),
    /// Print the authorities behind a role of engine pki, PEM: a file for [trust] roots.
    Roots(VaultFile),
}

/// Options of `vault setup`.
#[derive(Debug, Args)]
pub struct VaultSetupArgs {
    /// Only print every request, and the policy.
    #[arg(long)]
    pub dry_run: bool,
    /// Who issues the CI's tokens (jwt).
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// The issuer's public key, PEM, where it is not to be discovered (jwt).
    #[arg(long, value_name = "FILE")]
    pub issuer_key: Option<PathBuf>,
    /// A claim that a job's token must have, once or more (jwt).
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    pub claims: Vec<String>,
    /// The claim that tells jobs apart [default: job_workflow_ref] (jwt).
    #[arg(long, value_name = "NAME")]
    pub user_claim: Option<String>,
    /// Where the root is that signs intermediates [default: one is made] (pki).
    #[arg(long, value_name = "MOUNT")]
    pub root_mount: Option<String>,
    /// The address of the cluster whose pods log in (kubernetes).
    #[arg(long, value_name = "URL")]
    pub kubernetes_host: Option<String>,
    /// The authorities of the cluster's TLS, PEM (kubernetes).
    #[arg(long, value_name = "FILE")]
    pub kubernetes_ca: Option<PathBuf>,
    /// A service account that may log in, once or more (kubernetes).
    #[arg(long = "service-account", value_name = "NAME")]
    pub service_accounts: Vec<String>,
    /// A namespace that it is in, once or more (kubernetes).
    #[arg(long = "kubernetes-namespace", value_name = "NAME")]
    pub namespaces: Vec<String>,
}

/// What of Vault is to be trusted.
#[derive(Debug, Args)]
pub struct VaultFile {
    /// The role's name in the config.
    pub role: String,
    /// Write it to this file of the project instead.
    #[arg(long, value_name = "FILE")]
    pub write: Option<String>,
}

/// What to do with whom the project trusts.
#[derive(Debug, clap::Subcommand)]
pub enum TrustCommand {
    /// Write Sigstore's trusted_root.json, and print the cosign command that checks each bundle.
    Export {
        /// Where to write it.
        #[arg(short, long, value_name = "FILE", default_value = "trusted_root.json")]
        output: PathBuf,
        /// Who may have signed: a TOML file with the keys of [trust], or a public key.
        #[arg(long, value_name = "FILE")]
        trust: Option<PathBuf>,
    },
}

/// Options of `push`.
#[derive(Debug, Args)]
pub struct PushArgs {
    /// Put everything into this repository [default: attestations beside their images, the rest beside the first image].
    #[arg(long, value_name = "REPOSITORY")]
    pub repository: Option<String>,
}

/// Options of `pull`.
#[derive(Debug, Args)]
pub struct PullArgs {
    /// The repository that `push` put it into [default: that of the lock's first image in a registry].
    #[arg(long, value_name = "REPOSITORY")]
    pub repository: Option<String>,
}

/// Options of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The earlier lock: a file, or a git revision.
    pub old: String,
    /// The later lock: a file, or a git revision [default: the lock of this project].
    pub new: Option<String>,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A service, an action (`sbom checkout/source`), a package (`lodash`, `pkg:npm/lodash`), or an advisory id.
    pub what: String,
}

/// Options of `scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// `oci:PATH`, `oci-archive:FILE`, `docker-archive:FILE`, `rootfs:DIRECTORY`, an image in a registry,
    /// an SBOM file, or a source directory.
    pub reference: String,
    /// What scans [default: builtin].
    #[arg(long, value_name = "ENGINE", value_parser = ["builtin", "trivy", "syft"])]
    pub engine: Option<String>,
    /// Look findings up in the advisory database.
    #[arg(long = "match")]
    pub match_advisories: bool,
    /// Hold the findings against Trivy's own match, with the database in a directory or a registry: exit 6 where they
    /// differ.
    #[arg(long, value_name = "DATABASE", requires = "match_advisories")]
    pub compare_trivy: Option<String>,
    /// Which image of an index of several: os/arch.
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
}

/// `db …`.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Fetch what changed at the configured sources.
    Update,
    /// Make the database from a directory or zip in the osv.dev layout.
    Import {
        /// Directory, or zip.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Tell which advisories there are, and how old.
    Status,
    /// Compare two versions: prints `<`, `=` or `>`.
    Compare {
        /// As OSV names it (`npm`, `PyPI`, `Debian`), or `-`: then each line of standard input is `ECOSYSTEM A B`.
        ecosystem: String,
        /// A version, or `-`: then each line of standard input is `A B`, and `?` stands for a pair that has no order.
        #[arg(allow_hyphen_values = true)]
        a: Option<String>,
        /// A version.
        #[arg(allow_hyphen_values = true)]
        b: Option<String>,
    },
}

/// `cache …`.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Tell where it is and what is in it.
    Stats,
    /// Remove what has not been used for a while.
    Gc {
        /// How long is a while.
        #[arg(long, value_name = "LENGTH", default_value = "30d")]
        max_age: Duration,
    },
    /// Remove all of it.
    Clear,
}
