//! Arguments, exit codes and wiring.
