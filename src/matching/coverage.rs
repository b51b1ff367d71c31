//! Which ecosystems of an SBOM the snapshot says nothing of.

use crate::model::{Ecosystem, Gap, GapKind, Sbom, Snapshot};
use std::collections::BTreeMap;

/// One gap for each ecosystem of the SBOM that was never imported.
pub(super) fn gaps(sbom: &Sbom, snapshot: &Snapshot) -> Vec<Gap> {
    let mut found: BTreeMap<&Ecosystem, u64> = BTreeMap::new();
    for ecosystem in sbom.components.iter().filter_map(|component| component.ecosystem.as_ref()) {
        *found.entry(ecosystem).or_default() += 1;
    }
    found.retain(|ecosystem, _| !is_covered(ecosystem, snapshot));
    let gap = |(ecosystem, count): (&Ecosystem, u64)| {
        let packages = if count == 1 { "1 package was".to_owned() } else { format!("{count} packages were") };
        let reason = format!("the advisory database has no records for {ecosystem}: {packages} not checked");
        Gap::new(GapKind::NoAdvisories, ecosystem.to_string(), reason)
    };
    found.into_iter().map(gap).collect()
}

/// Whether the snapshot has records for an ecosystem. For a release: records for that release, or a database that knows no
/// releases of the family at all (where it knows some, a stray record without one does not speak for all the others).
fn is_covered(ecosystem: &Ecosystem, snapshot: &Snapshot) -> bool {
    let has = |ecosystem: &Ecosystem| snapshot.ecosystems.get(ecosystem).is_some_and(|count| *count > 0);
    let knows_releases =
        || snapshot.ecosystems.keys().any(|known| known.kind == ecosystem.kind && known.release.is_some());
    has(ecosystem)
        || (ecosystem.release.is_some() && !knows_releases() && has(&Ecosystem::plain(ecosystem.kind.clone())))
}
