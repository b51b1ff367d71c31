//! Reasons in words, for every format that shows text.

use crate::model::{Name, Reason, Verdict};

/// A reason as one line.
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::TooMany { severity, count, max } => {
            format!("{count} {severity} {} where the policy allows {max}", plural(*count, "finding"))
        }
        Reason::Malicious { id, package } => format!("{package} was made to harm ({id})"),
        Reason::License { package, expression } if expression.is_empty() => format!("{package} has no known licence"),
        Reason::License { package, expression } => format!("{package}: the licence `{expression}` is not allowed"),
        Reason::EndOfLife { distro, since } => {
            format!("{distro} has had no security support since {since}: nothing found there means nothing")
        }
        Reason::NotAttested { requirement } => {
            format!("nobody who is trusted has attested {requirement}, which the policy requires")
        }
        Reason::Gap(gap) => format!("not scanned: {gap}"),
        Reason::Dependency { path, verdict } => {
            let path: Vec<&str> = path.iter().map(Name::as_str).collect();
            let what = match verdict {
                Verdict::Incomplete => "is incomplete",
                _ => "fails",
            };
            match path.as_slice() {
                [] => format!("a dependency {what}"),
                [direct] => format!("depends on {direct}, which {what}"),
                [.., last] => format!("depends on {}, and {last} {what}", path.join(" → ")),
            }
        }
        Reason::Waivers { count } => format!("{count} {} waived", plural(*count, "finding")),
    }
}

/// The word for so many.
fn plural(count: u64, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}
