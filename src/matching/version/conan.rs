//! Conan (`conan.tools.scm.Version`): any text. What follows the last `+` is a build, what follows the first `-` a pre-release;
//! the rest and those are lists separated by dots, numbers by value, without the zeros at their ends. A number and a word are
//! compared as texts. A pre-release is below its release, and no build below any.

use super::{Unordered, digits};
use std::borrow::Cow;
use std::cmp::Ordering;

/// A part of a list.
enum Item<'a> {
    Number(Cow<'a, str>),
    Word(&'a str),
}

impl<'a> Item<'a> {
    /// Single `_` between digits do not count.
    fn new(text: &'a str) -> Self {
        match text.split('_').all(digits::all) {
            true if text.contains('_') => Self::Number(text.replace('_', "").into()),
            true => Self::Number(text.into()),
            false => Self::Word(text),
        }
    }

    /// A number without leading zeros, or the word.
    fn text(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Number(number) => match number.trim_start_matches('0') {
                "" => "0",
                number => number,
            },
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => digits::compare(a, b),
            _ => self.text().cmp(other.text()),
        }
    }
}

fn items(text: &str) -> Vec<Item<'_>> {
    let mut items: Vec<Item<'_>> = text.split('.').map(Item::new).collect();
    while items.last().is_some_and(|item| matches!(item, Item::Number(_)) && item.text() == "0") {
        items.pop();
    }
    items
}

/// Lists, the longer above its prefix.
fn lists(a: &str, b: &str) -> Ordering {
    let (a, b) = (items(a), items(b));
    let order = a.iter().zip(&b).map(|(a, b)| a.compare(b)).find(|order| order.is_ne());
    order.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// Main part, pre-release, build.
fn parse(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let (text, build) = text.rsplit_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (main, pre) = text.split_once('-').map_or((text, None), |(main, pre)| (main, Some(pre)));
    (main, pre, build)
}

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    if let Some(text) = [a, b].into_iter().find(|text| text.is_empty() || text.contains(char::is_whitespace)) {
        return Err(Unordered::version(text));
    }
    let (a, b) = (parse(a), parse(b));
    let pre = match (a.1, b.1) {
        (Some(a), Some(b)) => lists(a, b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    };
    // Where only one is a pre-release, that decides, and no build does.
    Ok(lists(a.0, b.0).then(pre).then_with(|| match (a.2, b.2) {
        (Some(a), Some(b)) => lists(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_what_conan_orders() {
        for (a, order, b) in [
            ("1.2.3", Ordering::Equal, "1.2.3.0"),
            ("1.2.11.1", Ordering::Greater, "1.2.11"),
            ("cci.20200203", Ordering::Greater, "3.1"),
            ("1.1.1w", Ordering::Greater, "1.1.1k"),
            ("1.1.1w", Ordering::Greater, "1.1.1"),
            ("1.9", Ordering::Less, "1.10"),
            ("2.0-rc1", Ordering::Less, "2.0"),
            ("2.0-rc.2", Ordering::Less, "2.0-rc.10"),
            ("2.0+1", Ordering::Greater, "2.0"),
            ("2.0-rc1+1", Ordering::Less, "2.0"),
            ("1_0", Ordering::Equal, "10"),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} {a}");
        }
        assert!(compare("", "1").is_err());
    }
}
