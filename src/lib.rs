//! # Proofmark
//!
//! A build tool for compliance evidence. Teams declare services, images and thresholds in `compliance.toml`; a build scans
//! what changed, judges it, signs it, and writes `compliance.lock`, which records the digest of every attestation, so that an
//! auditor can reproduce the whole result later, offline.
//!
//! ## The flow, one pass from top to bottom
//!
//! | step | room | from → to |
//! |---|---|---|
//! | read the config | [`config`] | `compliance.toml` or `.kdl` → `RawConfig` (with spans) → `Config` (validated, all errors at once) |
//! | resolve | [`graph`] | `Config` → `ComplianceGraph`: services, images, base images, what depends on what |
//! | plan | [`plan`] | graph, located subjects, the last lock → `Plan`: each action, its key, and why it runs or does not |
//! | execute | [`execute`] | `Plan` → `Evidence`, through [`ports`]: SBOMs, findings, advisory slices |
//! | match | [`matching`] | SBOM and advisories → findings; pure, so that a replay can do it again |
//! | judge | [`evaluate`] | evidence, policy, waivers, `as_of` → `ServiceVerdict`; pure |
//! | attest | [`attest`] | results → `Statement` → DSSE envelope → bundle; and back, verified |
//! | lock | [`lockfile`] | results → `compliance.lock`; and back; staleness and differences |
//!
//! [`ops`] runs these steps, one verb a file; [`report`] words their results.
//!
//! ## The rooms, in order
//!
//! Each may import only those above it; a test reads the imports and fails on an upward one.
//!
//! - [`model`] — nouns, no I/O, no clock.
//! - [`ports`] — what the core needs from the world, one trait a file.
//! - [`config`] — text to `Config`.
//! - [`graph`] — what depends on what.
//! - [`plan`] — what will run, and why.
//! - [`matching`] — which advisories affect which components, and every ecosystem's version ordering.
//! - [`evaluate`] — verdicts.
//! - [`attest`] — statements, envelopes, bundles, SBOM documents.
//! - [`lockfile`] — the lock's text form.
//! - [`execute`] — the only place where work is run in parallel; the one bridge between waiting and computing.
//! - [`report`] — one format a file.
//! - [`ops`] — one verb a file.
//! - [`adapters`] — the world, behind the ports. They import only `model` and `ports`.
//! - [`cli`] — arguments, exit codes, wiring; the only room that imports `adapters`.
//!
//! `model` to `lockfile` are synchronous and pure: no files, no network, no clock, no environment. Time is a value, `as_of`.

pub mod adapters;
pub mod attest;
pub mod cli;
pub mod config;
pub mod evaluate;
pub mod execute;
pub mod graph;
pub mod lockfile;
pub mod matching;
pub mod model;
pub mod ops;
pub mod plan;
pub mod ports;
pub mod report;
