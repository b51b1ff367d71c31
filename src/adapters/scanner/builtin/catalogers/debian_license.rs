//! Licences by Debian's short names (`GPL-2+`, `Expat`) as SPDX expressions.
//! <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/#license-short-name>
//!
//! An expression is translated whole or not at all: what has a part that means nothing certain stays as it is written.

/// The longest text that is taken for a name or an expression of names, in bytes.
pub(super) const LENGTH_LIMIT: usize = 200;

/// The SPDX expression of a synopsis (`GPL-2+ or Artistic, and Expat`), else the text itself, one space between words.
pub(super) fn normal(synopsis: &str) -> String {
    let words: Vec<&str> = synopsis.split_whitespace().collect();
    let text = words.join(" ");
    let expression = list(&text).filter(|it| spdx::Expression::parse(it).is_ok());
    expression.unwrap_or(text)
}

/// Terms between which a comma stands bind the loosest: `A or B, and C`.
fn list(text: &str) -> Option<String> {
    let mut whole: Option<String> = None;
    let mut rest = text;
    loop {
        let (term, after) = rest.split_once(", ").map_or((rest, None), |(term, after)| (term, Some(after)));
        let term = alternatives(term)?;
        let term = if whole.is_some() || after.is_some() { grouped(term) } else { term };
        whole = Some(whole.take().unwrap_or_default() + &term);
        let Some(after) = after else { return whole };
        let (operator, left) =
            [(" OR ", "or "), (" AND ", "and ")].iter().find_map(|(to, from)| Some((to, after.strip_prefix(from)?)))?;
        whole = whole.map(|whole| whole + operator);
        rest = left;
    }
}

fn grouped(term: String) -> String {
    if term.contains(' ') { format!("({term})") } else { term }
}

fn alternatives(text: &str) -> Option<String> {
    let each = text.split(" or ").map(|part| {
        let all: Option<Vec<String>> = part.split(" and ").map(one).collect();
        all.map(|all| all.join(" AND "))
    });
    each.collect::<Option<Vec<String>>>().map(|each| each.join(" OR "))
}

/// One licence, with its exception where it has one.
fn one(text: &str) -> Option<String> {
    let Some((name, exception)) = text.split_once(" with ") else { return id(text) };
    let exception = exception.strip_suffix(" exception").or_else(|| exception.strip_suffix(" Exception"))?;
    Some(format!("{} WITH {}", id(name)?, only_exception(exception)?))
}

/// The one exception of the SPDX list that goes by a name, in whatever version.
fn only_exception(name: &str) -> Option<&'static str> {
    let is_named = |full: &str| {
        let matches = full.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        matches && full.get(name.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with("-exception"))
    };
    let mut named = spdx::identifiers::EXCEPTIONS.iter().map(|exception| exception.name).filter(|name| is_named(name));
    named.next().filter(|_| named.next().is_none())
}

/// The SPDX id of a short name.
pub(super) fn id(name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+' | '_');
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    if let Some(id) = gnu(name) {
        return Some(id);
    }
    let (base, later) = name.strip_suffix('+').map_or((name, ""), |base| (base, "+"));
    let same = match base.to_ascii_lowercase().as_str() {
        "expat" => "MIT",
        // That of Perl, which lies in `common-licenses`.
        "artistic" | "artistic-1" => "Artistic-1.0-Perl",
        _ => base,
    };
    // A version may leave out its zero: `Apache-2`.
    let id = listed(same).or_else(|| listed(&format!("{same}.0")))?;
    Some(format!("{id}{later}"))
}

fn listed(name: &str) -> Option<&'static str> {
    let is_same = |id: &str| id.len() == name.len() && id.eq_ignore_ascii_case(name);
    let any_case = || spdx::identifiers::LICENSES.iter().map(|license| license.name).find(|id| is_same(id));
    let id = spdx::license_id(name).or_else(|| spdx::license_id(any_case()?))?;
    (!id.is_deprecated()).then_some(id.name)
}

/// A licence of GNU's: `GPL-2+`, `GPLv3`, `LGPL-2.1-or-later`, `GFDL-NIV-1.3+`.
fn gnu(name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let rest = ["AGPL", "LGPL", "GFDL", "GPL"].iter().find_map(|family| Some((*family, upper.strip_prefix(family)?)));
    let (family, rest) = rest?;
    let (rest, invariants) = match rest.strip_prefix("-NIV").filter(|_| family == "GFDL") {
        Some(rest) => (rest, "-no-invariants"),
        None => (rest, ""),
    };
    let rest = rest.trim_start_matches('-').trim_start_matches('V');
    let later = ["+", "-OR-LATER"].iter().find_map(|later| rest.strip_suffix(later));
    let only = rest.strip_suffix("-ONLY");
    let version = later.or(only).unwrap_or(rest);
    gnu_id(family, version, invariants, later.is_some())
}

/// The SPDX id of a version of one of GNU's licences, if there is that version.
pub(super) fn gnu_id(family: &str, version: &str, invariants: &str, later: bool) -> Option<String> {
    let version = if version.contains('.') { version.to_owned() } else { format!("{version}.0") };
    let which = if later { "or-later" } else { "only" };
    listed(&format!("{family}-{version}{invariants}-{which}")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_spdx_where_that_is_certain() {
        for (name, expected) in [
            ("GPL-2", "GPL-2.0-only"),
            ("GPL-2+", "GPL-2.0-or-later"),
            ("GPL-2.0+", "GPL-2.0-or-later"),
            ("GPLv3+", "GPL-3.0-or-later"),
            ("LGPLv2.1+", "LGPL-2.1-or-later"),
            ("LGPL-2", "LGPL-2.0-only"),
            ("GPL-3.0-or-later", "GPL-3.0-or-later"),
            ("GPL-1+ or Artistic", "GPL-1.0-or-later OR Artistic-1.0-Perl"),
            ("GFDL-1.3+", "GFDL-1.3-or-later"),
            ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
            ("Expat", "MIT"),
            ("BSD-3-clause", "BSD-3-Clause"),
            ("ZLIB", "Zlib"),
            ("Apache-2", "Apache-2.0"),
            ("MPL-1.1 or GPL-2+ or LGPL-2.1+", "MPL-1.1 OR GPL-2.0-or-later OR LGPL-2.1-or-later"),
            ("LGPL-3+ or GPL-2+, and  Expat", "(LGPL-3.0-or-later OR GPL-2.0-or-later) AND MIT"),
            ("GPL-3+ and ISC", "GPL-3.0-or-later AND ISC"),
            ("GPL-2 with Linux-syscall-note exception", "GPL-2.0-only WITH Linux-syscall-note"),
            ("GPL-2+ with Texinfo exception", "GPL-2.0-or-later WITH Texinfo-exception"),
            // Of several versions, of no list, of no certain meaning.
            ("GPL-3+ with Bison exception", "GPL-3+ with Bison exception"),
            ("GPL-2+ with OpenSSL exception", "GPL-2+ with OpenSSL exception"),
            ("public-domain", "public-domain"),
            ("GPL", "GPL"),
            ("GPL-7", "GPL-7"),
            ("BSD", "BSD"),
            ("MIT/X11", "MIT/X11"),
            ("ISC and/or LGPL-2.1+", "ISC and/or LGPL-2.1+"),
            ("REGCOMP, and GPL-1+ or Artistic", "REGCOMP, and GPL-1+ or Artistic"),
            ("Expat, Zlib", "Expat, Zlib"),
            ("a  text of\twords", "a text of words"),
            ("", ""),
        ] {
            assert_eq!(normal(name), expected, "{name}");
        }
    }
}
