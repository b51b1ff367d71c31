//! Maven (<https://maven.apache.org/pom.html#version-order-specification>), as its `ComparableVersion` has it in 3.6, which
//! OSV's ordering is held against; later releases differ in a few mixtures of dots and hyphens.
//!
//! A version is a list of numbers and qualifiers; a hyphen, or a change between digits and letters, puts all that follows into
//! a list of its own, the last part of the one before. What means nothing (`0`, `final`, `ga`, `release`, an empty list) is
//! left out at the end of each list and before the list that follows it. Numbers are above lists, and lists above qualifiers.
//! A release alone between hyphens is left out with its hyphen (`1-ga-1` is `1-1`): so the specification, and OSV; Maven
//! itself leaves the hyphen.

use super::{Unordered, digits};
use std::borrow::Cow;
use std::cmp::Ordering;

/// A part of a list that is not a list.
enum Item<'a> {
    /// By value.
    Number(&'a str),
    /// In lower case; empty for a release.
    Qualifier(Cow<'static, str>),
}

/// Qualifiers that come before all others, least first.
const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];

/// Where a release stands among them.
const RELEASE: usize = 5;

fn rank(qualifier: &str) -> usize {
    QUALIFIERS.iter().position(|known| *known == qualifier).unwrap_or(QUALIFIERS.len())
}

impl Item<'_> {
    /// Against the end of the other list: equal where it means nothing.
    fn against_nothing(&self) -> Ordering {
        match self {
            Self::Number(number) => digits::compare(number, ""),
            Self::Qualifier(qualifier) => rank(qualifier).cmp(&RELEASE),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => digits::compare(a, b),
            (Self::Number(_), Self::Qualifier(_)) => Ordering::Greater,
            (Self::Qualifier(_), Self::Number(_)) => Ordering::Less,
            (Self::Qualifier(a), Self::Qualifier(b)) => rank(a).cmp(&rank(b)).then_with(|| match rank(a) {
                known if known < QUALIFIERS.len() => Ordering::Equal,
                // Java compares texts by their UTF-16.
                _ => a.encode_utf16().cmp(b.encode_utf16()),
            }),
        }
    }

    /// Against a list in its place.
    fn against_list(&self) -> Ordering {
        match self {
            Self::Number(_) => Ordering::Greater,
            Self::Qualifier(_) => Ordering::Less,
        }
    }
}

/// The lists of a version, each the last part of the one before.
fn lists(text: &str) -> Vec<Vec<Item<'_>>> {
    let mut lists = Vec::new();
    let mut list = Vec::new();
    // Whether a hyphen stands before the list.
    let mut hyphen = false;
    let mut rest = text;
    loop {
        let end = rest.find(['.', '-']).unwrap_or(rest.len());
        let (mut piece, behind) = rest.split_at(end);
        let separator = behind.bytes().next();
        if piece.is_empty() && separator.is_some() {
            list.push(Item::Number(""));
        }
        while let Some(first) = piece.bytes().next() {
            let digit = first.is_ascii_digit();
            let end = piece.bytes().position(|byte| byte.is_ascii_digit() != digit).unwrap_or(piece.len());
            let (run, after) = piece.split_at(end);
            list.push(if digit { Item::Number(run) } else { Item::Qualifier(qualifier(run, !after.is_empty())) });
            if !after.is_empty() {
                lists.push(std::mem::take(&mut list));
                hyphen = false;
            }
            piece = after;
        }
        match separator {
            None => break,
            Some(b'-') => {
                let release = matches!(list.as_slice(), [Item::Qualifier(qualifier)] if qualifier.is_empty());
                match hyphen && release {
                    true => list.clear(),
                    false => lists.push(std::mem::take(&mut list)),
                }
                hyphen = true;
            }
            Some(_) => {}
        }
        rest = &behind[1..];
    }
    lists.push(list);
    trimmed(lists)
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

/// Leaves out what means nothing at the end of each list, and lists that nothing is left of at the end of all.
fn trimmed(mut lists: Vec<Vec<Item<'_>>>) -> Vec<Vec<Item<'_>>> {
    for list in &mut lists {
        while list.last().is_some_and(|item| item.against_nothing().is_eq()) {
            list.pop();
        }
    }
    while lists.last().is_some_and(Vec::is_empty) {
        lists.pop();
    }
    lists
}

/// A place in a list.
enum Place<'a> {
    Item(&'a Item<'a>),
    /// The list of all that follows.
    List,
    /// The end.
    Nothing,
}

fn place<'a>(lists: &'a [Vec<Item<'a>>], at: usize) -> Place<'a> {
    let item = lists.first().and_then(|list| list.get(at));
    item.map_or(if lists.len() > 1 { Place::List } else { Place::Nothing }, Place::Item)
}

/// Lists against the end of the other: the first part of them decides.
fn against_nothing(lists: &[Vec<Item<'_>>]) -> Ordering {
    lists.iter().find_map(|list| list.first()).map_or(Ordering::Equal, Item::against_nothing)
}

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    if let Some(text) = [a, b].into_iter().find(|text| text.is_empty() || text.contains(char::is_whitespace)) {
        return Err(Unordered::version(text));
    }
    let (a, b) = (lists(a), lists(b));
    let (mut a, mut b) = (a.as_slice(), b.as_slice());
    let mut at = 0;
    loop {
        let order = match (place(a, at), place(b, at)) {
            (Place::List, Place::List) => {
                (a, b, at) = (&a[1..], &b[1..], 0);
                continue;
            }
            (Place::Item(a), Place::Item(b)) => a.compare(b),
            (Place::Item(a), Place::List) => a.against_list(),
            (Place::List, Place::Item(b)) => b.against_list().reverse(),
            (Place::Item(a), Place::Nothing) => a.against_nothing(),
            (Place::Nothing, Place::Item(b)) => b.against_nothing().reverse(),
            (Place::List, Place::Nothing) => return Ok(against_nothing(&a[1..])),
            (Place::Nothing, Place::List) => return Ok(against_nothing(&b[1..]).reverse()),
            (Place::Nothing, Place::Nothing) => return Ok(Ordering::Equal),
        };
        if order.is_ne() {
            return Ok(order);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_compared_as_maven_does() {
        for (a, order, b) in [
            ("2-3", Ordering::Equal, "2-ga-3"),
            ("2-3", Ordering::Greater, "2--3"),
            ("2-3", Ordering::Greater, "2-0-3"),
            ("1.5-rc1", Ordering::Less, "1.5--rc1"),
            ("1.2-M20", Ordering::Less, "1.2.--M20"),
            ("3.2.Final", Ordering::Equal, "3.2-.7"),
            ("5.0.Final-x1", Ordering::Less, "5.0Final-x1"),
            ("1.4-0a4", Ordering::Greater, "1.4-M4"),
            ("1.0-b", Ordering::Less, "1.0-\u{fb01}"),
            ("1-\u{fb01}", Ordering::Greater, "1-\u{1f600}"),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} {a}");
        }
    }
}
