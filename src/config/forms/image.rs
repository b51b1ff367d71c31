//! References to images: a layout, an archive, a directory, a document that lists what is in one, or a repository in a registry.

use super::{Misfit, misfit, path};

/// The forms of a reference that name a file or directory.
const SCHEMES: [&str; 5] = ["oci", "oci-archive", "docker-archive", "dir", "sbom"];

pub(super) fn image(text: &str) -> Result<String, Misfit> {
    const HELP: &str = "`oci:PATH[:TAG|@sha256:…]`, `oci-archive:FILE`, `docker-archive:FILE`, `dir:PATH`, `sbom:FILE`, or `registry/repository:tag`";
    let bad = |why: &str| misfit("config::image-ref", format!("`{text}` {why}"), HELP);
    if text.contains(char::is_whitespace) {
        return bad("has a space");
    }
    let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| SCHEMES.contains(scheme)) else {
        if let Some((scheme, _)) = text.split_once(':').filter(|(scheme, _)| !scheme.contains(['/', '.'])) {
            let near = crate::config::errors::nearest(scheme, SCHEMES.into_iter()).filter(|_| scheme.len() > 2);
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
    if place.is_empty() || tag.is_some_and(|tag| !is_tag(tag)) || (matches!(scheme, "dir" | "sbom") && digest.is_some())
    {
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
