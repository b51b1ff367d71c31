//! The forms of strings: each a check that gives the canonical spelling, or says what is wrong.

mod image;
mod secrets;

pub(super) use secrets::{looks_secret, names_secret, tokens_in};

use crate::config::keys::Form;
use crate::model::{Ecosystem, EcosystemKind, Name, Purl};

/// Why a text does not have its form.
pub(super) struct Misfit {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: String,
}

fn misfit<T>(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit { code, message: message.into(), help: help.into() })
}

/// Longest string, in bytes.
pub(super) const MAX_TEXT: usize = 4_096;

/// Checks a text against its form and gives its canonical spelling.
pub(super) fn check(form: Form, text: &str) -> Result<String, Misfit> {
    if text.trim().is_empty() {
        return misfit("config::empty", "the text is empty", "say it, or leave the key out");
    }
    if text.len() > MAX_TEXT {
        return misfit("config::text", format!("the text has more than {MAX_TEXT} bytes"), "shorten it");
    }
    if text.chars().any(|c| c.is_control() && !(form == Form::Plain && matches!(c, '\n' | '\t'))) {
        return misfit("config::text", "the text has a control character", "leave it out");
    }
    match form {
        Form::Plain => Ok(text.to_owned()),
        Form::Name => name(text),
        Form::Path => path(text),
        Form::Glob => glob(text),
        Form::Host => host(text),
        Form::Url => url(text),
        Form::Source => source(text),
        Form::Package => package(text),
        Form::License => license(text),
        Form::Image => image::image(text),
        Form::Platform => platform(text),
        Form::Timestamp => timestamp(text),
        Form::Sha256 => sha256(text),
        Form::Id => id(text),
        Form::Requirement => requirement(text),
        Form::Ecosystem => ecosystem(text),
    }
}

fn name(text: &str) -> Result<String, Misfit> {
    match Name::new(text) {
        Ok(name) => Ok(name.to_string()),
        Err(error) => misfit("config::invalid-name", format!("`{text}` is not a name"), error.to_string()),
    }
}

fn id(text: &str) -> Result<String, Misfit> {
    if text.contains(char::is_whitespace) {
        return misfit("config::text", "an id has no spaces", "give one id, such as `CVE-2024-12345`");
    }
    Ok(text.to_owned())
}

fn requirement(text: &str) -> Result<String, Misfit> {
    match crate::model::Requirement::parse(text) {
        Ok(requirement) => Ok(requirement.to_string()),
        Err(words) => misfit("config::requirement", format!("`{text}` is nothing that can be required"), words),
    }
}

fn ecosystem(text: &str) -> Result<String, Misfit> {
    const KNOWN: [&str; 30] = EcosystemKind::MATCHED;
    let ecosystem = Ecosystem::from(text.to_owned());
    if KNOWN.contains(&ecosystem.kind.as_str()) && ecosystem.release.as_deref() != Some("") {
        return Ok(text.to_owned());
    }
    let kind = text.split(':').next().unwrap_or_default();
    let help = match crate::config::errors::nearest(kind, KNOWN.into_iter()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}", KNOWN.join(", ")),
    };
    misfit("config::ecosystem", format!("`{text}` is not an ecosystem that is known here"), help)
}

fn sha256(text: &str) -> Result<String, Misfit> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    match crate::model::Digest::from_hex(hex) {
        Ok(digest) => Ok(digest.hex()),
        Err(_) => {
            misfit("config::sha256", "this is not a SHA-256", "64 lower-case hexadecimal digits, as `sha256sum` prints")
        }
    }
}

/// A path inside the project, with `/`: `./a//b/../c/` becomes `a/c`, the project's root `.`.
pub(super) fn path(text: &str) -> Result<String, Misfit> {
    const HELP: &str = "paths start at the directory of the config, use `/`, and stay below it";
    let outside = |why: &str| misfit("config::path-outside", format!("`{text}` {why}"), HELP);
    let drive = text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && text.as_bytes().get(1) == Some(&b':');
    if text.starts_with('/') || text.starts_with('~') || drive {
        return outside("is absolute");
    }
    if text.contains('\\') {
        return outside("has a backslash");
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return outside("leads out of the project"),
            ".." => {}
            part => parts.push(part),
        }
    }
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// A glob below a directory. Its parts stay as written: `..` is refused altogether.
fn glob(text: &str) -> Result<String, Misfit> {
    if text.split('/').any(|part| part == "..") {
        let message = format!("`{text}` leads out of the service's tree");
        return misfit("config::path-outside", message, "a glob stays below the service's path");
    }
    path(text)?;
    Ok(text.strip_prefix("./").unwrap_or(text).to_owned())
}

/// An `https:` address, or `http:` to this machine.
fn host(text: &str) -> Result<String, Misfit> {
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let is_host = name.contains('.') || port.is_some() || name == "localhost";
    if is_host && name.chars().all(plain) && port.is_none_or(|port| port.parse::<u16>().is_ok()) {
        return Ok(text.to_owned());
    }
    misfit(
        "config::host",
        format!("`{text}` is no host of a registry"),
        "such as `registry.example.com` or `localhost:5000`",
    )
}

fn url(text: &str) -> Result<String, Misfit> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme @ ("https" | "http"), rest)) => (scheme, rest),
        _ => {
            return misfit(
                "config::url",
                format!("`{text}` is not an https address"),
                "such as `https://host.example.com:8200`",
            );
        }
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = if let Some(inner) = authority.strip_prefix('[') {
        let (host, port) = inner.split_once(']').unwrap_or(("", ""));
        (host, port.strip_prefix(':'))
    } else {
        authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)))
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let whole = !host.is_empty()
        && host.chars().all(plain)
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
        && !text.contains(char::is_whitespace);
    if !whole {
        return misfit("config::url", format!("`{text}` is not an address"), "such as `https://host.example.com:8200`");
    }
    if scheme == "http" && !is_loopback(host) {
        let message = format!("`{text}` is not encrypted");
        return misfit(
            "config::insecure-url",
            message,
            "use https; http is for this machine alone (127.0.0.1, [::1], localhost)",
        );
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn source(text: &str) -> Result<String, Misfit> {
    if text == "osv" {
        Ok(text.to_owned())
    } else if text.contains("://") {
        url(text)
    } else {
        path(text)
    }
}

fn timestamp(text: &str) -> Result<String, Misfit> {
    match text.strip_prefix("vault:") {
        Some(role) => Ok(format!("vault:{}", name(role)?)),
        None if text == "local" => Ok(text.to_owned()),
        None => url(text),
    }
}

fn package(text: &str) -> Result<String, Misfit> {
    const HELP: &str = "such as `pkg:npm/lodash` or `pkg:deb/debian/openssl`";
    // npm's scopes are often written as npm shows them.
    let purl = match Purl::parse(&text.replace("/@", "/%40")) {
        Ok(purl) => purl,
        Err(error) => return misfit("config::purl", format!("`{text}` is {error}"), HELP),
    };
    let bare = purl.without_version();
    if bare != purl.as_str() {
        let message = format!("`{text}` has a version, qualifier or subpath");
        return misfit("config::purl-version", message, format!("write `{bare}`: it holds for every version"));
    }
    Ok(bare.to_owned())
}

/// One licence, with its exception where it has one. Ids that SPDX calls deprecated are still in use, and are taken.
fn license(text: &str) -> Result<String, Misfit> {
    let mode = spdx::ParseMode { allow_deprecated: true, ..spdx::ParseMode::STRICT };
    match spdx::Expression::parse_mode(text, mode) {
        Ok(expression) => {
            if let [spdx::expression::ExprNode::Req(one)] = expression.iter().collect::<Vec<_>>()[..] {
                return Ok(one.req.to_string());
            }
            let message = format!("`{text}` is more than one licence");
            misfit(
                "config::license",
                message,
                "give each on its own: a component's expression is judged against them all",
            )
        }
        Err(_) => {
            let names = || spdx::identifiers::LICENSES.iter().map(|license| license.name);
            let same = names().find(|name| name.eq_ignore_ascii_case(text));
            let near = same.or_else(|| crate::config::errors::nearest(text, names()));
            let near = near.or_else(|| spdx::imprecise_license_id(text).map(|(id, _)| id.name));
            let help = near
                .map_or_else(|| "see https://spdx.org/licenses/".to_owned(), |near| format!("did you mean `{near}`?"));
            misfit("config::license", format!("`{text}` is not an SPDX licence"), help)
        }
    }
}

fn platform(text: &str) -> Result<String, Misfit> {
    let parts: Vec<&str> = text.split('/').collect();
    let plain = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(plain) {
        return misfit(
            "config::platform",
            format!("`{text}` is not a platform"),
            "such as `linux/amd64` or `linux/arm/v7`",
        );
    }
    Ok(text.to_owned())
}
