//! Findings, waivers, policy and `as_of` to verdicts. Pure.
