//! Results in words, one format a file.
