//! The forms of strings: each a check that gives the canonical spelling, or says what is wrong.

use super::keys::{Form, MAX_ITEMS};
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
pub(super) const MAX_TEXT: usize = MAX_ITEMS;

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
        Form::Url => url(text),
        Form::Source => source(text),
        Form::Package => package(text),
        Form::License => license(text),
        Form::Image => image(text),
        Form::Platform => platform(text),
        Form::Timestamp => timestamp(text),
        Form::Sha256 => sha256(text),
        Form::Id => id(text),
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

fn ecosystem(text: &str) -> Result<String, Misfit> {
    const KNOWN: [&str; 15] = [
        "npm",
        "PyPI",
        "Go",
        "crates.io",
        "Debian",
        "Ubuntu",
        "Alpine",
        "Wolfi",
        "Chainguard",
        "Maven",
        "RubyGems",
        "NuGet",
        "Packagist",
        "Hex",
        "Pub",
    ];
    let ecosystem = Ecosystem::from(text.to_owned());
    if !matches!(ecosystem.kind, EcosystemKind::Other(_)) && ecosystem.release.as_deref() != Some("") {
        return Ok(ecosystem.to_string());
    }
    let kind = text.split(':').next().unwrap_or_default();
    let help = match super::errors::nearest(kind, KNOWN.into_iter()) {
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
    let purl = match Purl::parse(text) {
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
            let near = same.or_else(|| super::errors::nearest(text, names()));
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

/// The forms of a reference that name a file or directory.
const SCHEMES: [&str; 4] = ["oci", "oci-archive", "docker-archive", "dir"];

fn image(text: &str) -> Result<String, Misfit> {
    const HELP: &str = "`oci:PATH[:TAG|@sha256:…]`, `oci-archive:FILE`, `docker-archive:FILE`, `dir:PATH`, or `registry/repository:tag`";
    let bad = |why: &str| misfit("config::image-ref", format!("`{text}` {why}"), HELP);
    if text.contains(char::is_whitespace) {
        return bad("has a space");
    }
    let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| SCHEMES.contains(scheme)) else {
        if let Some((scheme, _)) = text.split_once(':').filter(|(scheme, _)| !scheme.contains(['/', '.'])) {
            let near = super::errors::nearest(scheme, SCHEMES.into_iter()).filter(|_| scheme.len() > 2);
            if let Some(near) = near {
                let message = format!("`{text}` is not a reference to an image");
                return misfit("config::image-ref", message, format!("did you mean `{near}:`?"));
            }
        }
        return if is_registry_reference(text) { Ok(text.to_owned()) } else { bad("is not a reference to an image") };
    };
    let (place, digest) = rest.split_once('@').map_or((rest, None), |(place, digest)| (place, Some(digest)));
    if digest.is_some_and(|digest| crate::model::Digest::parse(digest).is_err()) {
        return bad("has something other than a sha256 digest behind `@`");
    }
    let (place, tag) = match place.rsplit_once(':') {
        Some((place, tag)) if scheme.starts_with("oci") && !tag.contains('/') => (place, Some(tag)),
        _ => (place, None),
    };
    if place.is_empty() || tag.is_some_and(|tag| !is_tag(tag)) || (scheme == "dir" && digest.is_some()) {
        return bad("is not a reference to an image");
    }
    let mut canonical = format!("{scheme}:{}", path(place)?);
    if let Some(tag) = tag {
        canonical = format!("{canonical}:{tag}");
    }
    if let Some(digest) = digest {
        canonical = format!("{canonical}@{digest}");
    }
    Ok(canonical)
}

/// A tag, by the OCI distribution specification, or any other annotation that a layout may hold in its place.
fn is_tag(tag: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+');
    !tag.is_empty() && tag.len() <= 128 && tag.bytes().all(inner)
}

/// `[host[:port]/]path[:tag][@sha256:…]`, by <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>.
fn is_registry_reference(text: &str) -> bool {
    let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
    if digest.is_some_and(|digest| crate::model::Digest::parse(digest).is_err()) {
        return false;
    }
    let (rest, tag) = match rest.rsplit_once(':') {
        Some((rest, tag)) if !tag.contains('/') => (rest, Some(tag)),
        _ => (rest, None),
    };
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return false;
    }
    let host_like = |part: &str| part.contains(['.', ':']) || part == "localhost";
    let repository = match rest.split_once('/') {
        Some((host, repository)) if host_like(host) => {
            let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            if name.is_empty() || !name.chars().all(plain) || port.is_some_and(|port| port.parse::<u16>().is_err()) {
                return false;
            }
            repository
        }
        _ => rest,
    };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    repository
        .split('/')
        .all(|part| part.bytes().all(plain) && edge(part.as_bytes().first()) && edge(part.as_bytes().last()))
}

/// How the credentials of Vault, GitHub, GitLab, Slack and AWS begin.
const TOKEN_PREFIXES: [&str; 11] =
    ["hvs.", "hvb.", "hvr.", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "AKIA"];
/// Shortest text that is taken for a credential, in bytes.
const LEAST_TOKEN: usize = 16;

/// Where credentials stand in a text that could not be read as a config: first byte and length.
pub(super) fn tokens_in(text: &str) -> Vec<(usize, usize)> {
    let found = TOKEN_PREFIXES.iter().flat_map(|prefix| text.match_indices(prefix));
    let end = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-');
    let spans = found.map(|(at, _)| (at, text[at..].find(end).unwrap_or(text.len() - at)));
    spans.filter(|(_, length)| *length >= LEAST_TOKEN).collect()
}

/// Whether a text looks like a credential, whatever key it stands under.
pub(super) fn looks_secret(text: &str) -> bool {
    let long = text.len() >= LEAST_TOKEN;
    let user = text
        .split_once("://")
        .is_some_and(|(_, rest)| rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')));
    (long && TOKEN_PREFIXES.iter().any(|prefix| text.starts_with(prefix))) || text.contains("PRIVATE KEY-----") || user
}

/// Whether a key's name says that its value is a credential.
pub(super) fn names_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["token", "password", "passwd", "secret", "api-key", "apikey", "private-key"].iter().any(|word| key.contains(word))
}
