//! Maven (<https://maven.apache.org/pom.html#version-order-specification>).
//!
//! Tokens, each with the `.` or `-` before it; a change between digits and letters is a hyphen. What means nothing (`0`,
//! `final`, `ga`, `release`) is left out at the end and before each hyphen, and the shorter list is filled up with it: with
//! `0` where the other has a number behind a dot, else with a release. (The specification says `0` behind any dot; Maven
//! itself puts `2.5.2.SP2` above `2.5.2`.)

use super::{Unordered, digits};
use std::borrow::Cow;
use std::cmp::Ordering;

/// A part of a version.
struct Token<'a> {
    /// Whether a hyphen, or a change between digits and letters, stands before it.
    hyphen: bool,
    /// A number, or a qualifier in lower case; empty for a release.
    value: Cow<'a, str>,
}

impl Token<'_> {
    fn is_number(&self) -> bool {
        digits::all(&self.value)
    }

    /// Whether it means nothing.
    fn is_null(&self) -> bool {
        self.value.bytes().all(|byte| byte == b'0')
    }

    /// Where tokens stand that differ in what stands before them or in kind.
    fn rank(&self) -> u8 {
        match (self.is_number(), self.hyphen) {
            (false, false) => 0,
            (false, true) => 1,
            (true, true) => 2,
            (true, false) => 3,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.is_number(), other.is_number()) {
            _ if self.hyphen != other.hyphen => self.rank().cmp(&other.rank()),
            (true, true) => digits::compare(&self.value, &other.value),
            (false, false) => {
                let order =
                    |value: &str| QUALIFIERS.iter().position(|known| *known == value).unwrap_or(QUALIFIERS.len());
                let (a, b) = (order(&self.value), order(&other.value));
                a.cmp(&b)
                    .then_with(|| if a == QUALIFIERS.len() { self.value.cmp(&other.value) } else { Ordering::Equal })
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// Qualifiers that come before all others, least first.
const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut hyphen = false;
    let mut rest = text;
    loop {
        let end = rest.find(['.', '-']).unwrap_or(rest.len());
        let (mut piece, behind) = rest.split_at(end);
        if piece.is_empty() {
            found.push(Token { hyphen, value: Cow::Borrowed("0") });
        }
        while let Some(first) = piece.bytes().next() {
            let digit = first.is_ascii_digit();
            let end = piece.bytes().position(|byte| byte.is_ascii_digit() != digit).unwrap_or(piece.len());
            let (run, after) = piece.split_at(end);
            let value = if digit { Cow::Borrowed(run) } else { qualifier(run, !after.is_empty()) };
            found.push(Token { hyphen, value });
            (piece, hyphen) = (after, true);
        }
        let Some(separator) = behind.bytes().next() else { break };
        (hyphen, rest) = (separator == b'-', &behind[1..]);
    }
    trim(found)
}

/// A qualifier in its one spelling. Short ones count only before a number.
fn qualifier(text: &str, before_number: bool) -> Cow<'static, str> {
    match text.to_lowercase().as_str() {
        "a" if before_number => "alpha".into(),
        "b" if before_number => "beta".into(),
        "m" if before_number => "milestone".into(),
        "cr" => "rc".into(),
        "final" | "ga" | "release" => "".into(),
        other => other.to_owned().into(),
    }
}

/// Leaves out what means nothing at the end and before each hyphen; the first token stays.
fn trim(tokens: Vec<Token<'_>>) -> Vec<Token<'_>> {
    let mut kept: Vec<Token<'_>> = Vec::with_capacity(tokens.len());
    let drop_nulls = |kept: &mut Vec<Token<'_>>| {
        while kept.len() > 1 && kept.last().is_some_and(Token::is_null) {
            kept.pop();
        }
    };
    for token in tokens {
        if token.hyphen {
            drop_nulls(&mut kept);
        }
        kept.push(token);
    }
    drop_nulls(&mut kept);
    kept
}

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    if let Some(text) = [a, b].into_iter().find(|text| text.is_empty() || text.contains(char::is_whitespace)) {
        return Err(Unordered::version(text));
    }
    let (a, b) = (tokens(a), tokens(b));
    let nothing = |like: &Token<'_>| Token {
        hyphen: like.hyphen,
        value: Cow::Borrowed(if like.hyphen || !like.is_number() { "" } else { "0" }),
    };
    for at in 0..a.len().max(b.len()) {
        let order = match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) => a.compare(b),
            (Some(a), None) => a.compare(&nothing(a)),
            (None, Some(b)) => nothing(b).compare(b),
            (None, None) => Ordering::Equal,
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}
