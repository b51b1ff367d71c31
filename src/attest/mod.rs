//! Statements, DSSE envelopes, Sigstore bundles, SBOM documents. Pure.
