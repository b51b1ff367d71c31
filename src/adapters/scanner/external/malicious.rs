//! Releases of scanners that are known to be malicious.

/// A release.
struct Release {
    name: &'static str,
    version: &'static str,
    why: &'static str,
}

/// The advisory that names them: <https://github.com/aquasecurity/trivy/security/advisories/GHSA-69fq-xp46-6x23>.
const WHY: &str = "published by an attacker in March 2026 to steal credentials (GHSA-69fq-xp46-6x23, CVE-2026-33634)";

const RELEASES: [Release; 3] = [
    Release { name: "trivy", version: "0.69.4", why: WHY },
    Release { name: "trivy", version: "0.69.5", why: WHY },
    Release { name: "trivy", version: "0.69.6", why: WHY },
];

/// Why a version of a scanner must not run; `None` where nothing is known against it.
pub(super) fn known(name: &str, version: &str) -> Option<&'static str> {
    let plain = version.trim_start_matches('v');
    let plain = plain.split(['-', '+']).next().unwrap_or(plain);
    RELEASES.iter().find(|release| release.name == name && release.version == plain).map(|release| release.why)
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn every_spelling_of_a_malicious_version_is_known() {
        for version in ["0.69.4", "v0.69.4", "0.69.5", "0.69.6", "0.69.4-dirty", "0.69.4+build"] {
            assert!(known("trivy", version).is_some(), "{version}");
        }
        for version in ["0.69.3", "0.70.0", "0.59.1", "0.69.40"] {
            assert!(known("trivy", version).is_none(), "{version}");
        }
        assert!(known("syft", "0.69.4").is_none());
    }
}
