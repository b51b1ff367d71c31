//! Runs a plan through the ports.
