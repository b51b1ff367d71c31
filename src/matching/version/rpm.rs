//! RPM's ordering (`rpm-version(7)`): Red Hat, AlmaLinux, Rocky Linux, openSUSE, SUSE and others. Epoch, version and release,
//! each by runs of digits and of letters; `~` is below the end, `^` just above it.

use super::{Unordered, digits};
use std::cmp::Ordering;

/// Cuts off a run of digits or of letters.
fn run(text: &str, number: bool) -> (&str, &str) {
    let inside = |byte: u8| if number { byte.is_ascii_digit() } else { byte.is_ascii_alphabetic() };
    text.split_at(text.bytes().position(|byte| !inside(byte)).unwrap_or(text.len()))
}

/// Compares one part.
fn part(mut a: &str, mut b: &str) -> Ordering {
    'parts: loop {
        let separator = |c: char| !c.is_ascii_alphanumeric() && c != '~' && c != '^';
        (a, b) = (a.trim_start_matches(separator), b.trim_start_matches(separator));
        for sign in ['~', '^'] {
            match (a.strip_prefix(sign), b.strip_prefix(sign)) {
                (Some(rest_a), Some(rest_b)) => {
                    (a, b) = (rest_a, rest_b);
                    continue 'parts;
                }
                (Some(_), None) if sign == '^' && b.is_empty() => return Ordering::Greater,
                (None, Some(_)) if sign == '^' && a.is_empty() => return Ordering::Less,
                (Some(_), None) => return Ordering::Less,
                (None, Some(_)) => return Ordering::Greater,
                (None, None) => {}
            }
        }
        let Some(first) = a.bytes().next() else { return if b.is_empty() { Ordering::Equal } else { Ordering::Less } };
        if b.is_empty() {
            return Ordering::Greater;
        }
        let number = first.is_ascii_digit();
        let ((run_a, rest_a), (run_b, rest_b)) = (run(a, number), run(b, number));
        // A number is above a word.
        if run_b.is_empty() {
            return if number { Ordering::Greater } else { Ordering::Less };
        }
        let order = if number { digits::compare(run_a, run_b) } else { run_a.cmp(run_b) };
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    if let Some(text) = [a, b].into_iter().find(|text| text.is_empty() || text.contains(char::is_whitespace)) {
        return Err(Unordered::version(text));
    }
    let parse = |text| {
        // What stands before a colon is an epoch only where it is a number, or nothing.
        let (epoch, rest) = digits::split(text);
        let (epoch, rest) = rest.strip_prefix(':').map_or(("0", text), |rest| (epoch, rest));
        let (version, release) =
            rest.rsplit_once('-').map_or((rest, None), |(version, release)| (version, Some(release)));
        (epoch, version, release)
    };
    let (a, b) = (parse(a), parse(b));
    Ok(digits::compare(a.0, b.0).then_with(|| part(a.1, b.1)).then_with(|| match (a.2, b.2) {
        (Some(a), Some(b)) => part(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_is_an_epoch() {
        for (a, order, b) in [
            ("1.9-9.el9", Ordering::Equal, "1.9-9:.el9"),
            ("2.4:1-1", Ordering::Equal, "2.4.1-1"),
            (":1.0-1", Ordering::Equal, "1.0-1"),
            ("0:1.0-1", Ordering::Equal, "1.0-1"),
            ("a:1", Ordering::Less, "1:0"),
            ("10:1", Ordering::Greater, "9:2"),
            ("99999999999999999999:1", Ordering::Greater, "9:2"),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} {a}");
        }
    }
}
