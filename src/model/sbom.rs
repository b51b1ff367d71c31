//! What a scan found in a subject.

use super::{Component, Digest, Distro, Gap};
use serde::{Deserialize, Serialize};

/// The components of a subject, and what could not be looked at. Always [normal](Sbom::normalized): sorted, equal
/// components folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sbom {
    /// The distribution, for a root filesystem that names one.
    pub distro: Option<Distro>,
    /// Sorted by package URL, one each.
    pub components: Vec<Component>,
    /// Sorted, distinct.
    pub gaps: Vec<Gap>,
}

impl Sbom {
    /// Brings to normal form: components of one package URL are folded (locations, licences and dependencies joined,
    /// the widest scope kept) and everything is sorted, so that the order of discovery leaves no trace.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        self.components.sort_by(|a, b| a.purl.cmp(&b.purl).then_with(|| a.cmp(b)));
        let mut folded: Vec<Component> = Vec::with_capacity(self.components.len());
        for component in self.components {
            match folded.last_mut() {
                Some(last) if last.purl == component.purl => {
                    last.scope = last.scope.min(component.scope);
                    last.source = last.source.take().or(component.source);
                    last.licenses.extend(component.licenses);
                    last.locations.extend(component.locations);
                    last.depends_on.extend(component.depends_on);
                }
                _ => folded.push(component),
            }
        }
        for component in &mut folded {
            component.licenses.sort();
            component.licenses.dedup();
            component.locations.sort();
            component.locations.dedup();
            component.depends_on.sort();
            component.depends_on.dedup();
        }
        self.components = folded;
        self.gaps.sort();
        self.gaps.dedup();
        self
    }
}

/// Which scanner made an SBOM; part of the SBOM's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScannerIdentity {
    /// `builtin`, `trivy`, `syft`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Digest of the program file; `None` for the built-in one, whose version names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<Digest>,
}

/// As the lock names it: the version, with the program's digest where it is a program of its own.
impl std::fmt::Display for ScannerIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.version)?;
        self.binary.map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}
