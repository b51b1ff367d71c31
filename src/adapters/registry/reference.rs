//! References to images in registries: `[host[:port]/]repository[:tag][@sha256:…]`, with docker's short forms.

use crate::model::Digest;

/// Where docker's short names lie.
const DOCKER: &str = "registry-1.docker.io";

/// A reference, taken apart. Its form was checked with the config; here it is only read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Host and port that requests go to.
    pub(crate) host: String,
    /// The repository.
    pub(crate) repository: String,
    /// The tag; `latest` where there is neither tag nor digest.
    pub(crate) tag: Option<String>,
    /// The digest, which counts more than a tag.
    pub(crate) digest: Option<Digest>,
}

impl Reference {
    /// Reads a reference; `None` where it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(Digest::parse(digest).ok()?)),
            None => (text, None),
        };
        let (rest, tag) = match rest.rsplit_once(':') {
            Some((rest, tag)) if !tag.contains('/') => (rest, Some(tag.to_owned())),
            _ => (rest, None),
        };
        let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
        let (host, repository) = match rest.split_once('/') {
            Some((host, repository)) if is_host(host) => (host, repository.to_owned()),
            _ => ("docker.io", rest.to_owned()),
        };
        let (host, repository) = match host {
            "docker.io" | "index.docker.io" if !repository.contains('/') => (DOCKER, format!("library/{repository}")),
            "docker.io" | "index.docker.io" => (DOCKER, repository),
            host => (host, repository),
        };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte);
        let whole = !host.is_empty() && !repository.is_empty() && repository.bytes().all(plain);
        if !whole || repository.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return None;
        }
        let is_tag_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
        if tag.as_ref().is_some_and(|tag| tag.is_empty() || !tag.bytes().all(is_tag_byte)) {
            return None;
        }
        let tag = tag.or_else(|| digest.is_none().then(|| "latest".to_owned()));
        Some(Self { host: host.to_owned(), repository, tag, digest })
    }

    /// What a manifest is asked for by.
    pub(crate) fn selector(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// The names under which credentials for it may be kept, likeliest first.
    pub(crate) fn credential_names(&self) -> Vec<String> {
        if self.host == DOCKER {
            let names = ["https://index.docker.io/v1/", "index.docker.io", "docker.io", DOCKER];
            return names.map(str::to_owned).to_vec();
        }
        vec![
            self.host.clone(),
            format!("https://{}", self.host),
            format!("https://{}/v1/", self.host),
            format!("https://{}/v2/", self.host),
        ]
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let of = |text: &str| {
            let it = Reference::parse(text)?;
            Some(format!("{} {} {}", it.host, it.repository, it.selector()))
        };
        let zero = format!("sha256:{}", "0".repeat(64));
        let pinned = format!("r.example/a@{zero}");
        let both = format!("r.example:5000/a/b:1@{zero}");
        for (text, expected) in [
            ("nginx", "registry-1.docker.io library/nginx latest".to_owned()),
            ("docker.io/grafana/loki:3", "registry-1.docker.io grafana/loki 3".to_owned()),
            ("localhost/a:1", "localhost a 1".to_owned()),
            ("127.0.0.1:5000/a/b", "127.0.0.1:5000 a/b latest".to_owned()),
            (&pinned, format!("r.example a {zero}")),
            (&both, format!("r.example:5000 a/b {zero}")),
        ] {
            assert_eq!(of(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "r.example/",
            "r.example/../x",
            "r.example/A",
            "r.example/a:",
            "r.example/a:b?c",
            "r.example/a@sha256:0",
            "a//b",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
