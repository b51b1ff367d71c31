//! The text form of `compliance.lock`. Pure.
