//! Matching many SBOMs against one snapshot: each package is looked up once, and each of its versions is held against its
//! advisories once, however many SBOMs it is in.
//!
//! What is remembered follows from the snapshot and the package alone, so findings, gaps and slices are those of
//! [`super::match_sbom`], whatever was matched before.

use super::{Case, Told, conclude, slice};
use crate::model::{Advisory, Component, Ecosystem, Finding, Gap, Purl, Sbom, Snapshot};
use crate::ports::{Advisories, AdvisoriesError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

/// Packages that are remembered at once. All are forgotten then: what is asked for again is found again.
const MOST_PACKAGES: usize = 500_000;

/// Advisories that are remembered at once.
const MOST_PIECES: usize = 50_000;

/// Versions of one package that are remembered.
const MOST_VERSIONS: usize = 10_000;

/// Modules and further names of one version that are remembered: few are the parts of one source package.
const MOST_OF_A_VERSION: usize = 64;

#[expect(
    clippy::disallowed_types,
    reason = "looked up by name only, and there are many names: its order is never seen"
)]
type Table<K, V> = std::collections::HashMap<K, V>;

/// Matches against one snapshot. Shared by everything of a run.
pub struct Matcher {
    advisories: Arc<dyn Advisories>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    by_ecosystem: Table<Ecosystem, Table<String, Arc<Package>>>,
    packages: usize,
    pieces: usize,
}

/// What the snapshot says of a package.
#[derive(Default)]
struct Package {
    /// In order of id.
    pieces: Vec<Arc<Piece>>,
    /// By version.
    told: Mutex<BTreeMap<String, Vec<ToldOf>>>,
}

/// What was told of a version.
struct ToldOf {
    second: Option<String>,
    module: Option<String>,
    on_linux: bool,
    told: Arc<Told>,
}

/// An advisory as it stands in a slice.
#[derive(Debug)]
pub struct Piece {
    advisory: Advisory,
    text: OnceLock<Vec<u8>>,
}

impl Piece {
    fn new(advisory: Advisory) -> Self {
        Self { advisory, text: OnceLock::new() }
    }

    /// The advisory.
    pub fn advisory(&self) -> &Advisory {
        &self.advisory
    }

    /// Its text, written once.
    pub fn text(&self, write: impl FnOnce(&Advisory) -> Vec<u8>) -> &[u8] {
        self.text.get_or_init(|| write(&self.advisory))
    }
}

/// What a match came to, its slice in pieces.
#[derive(Debug)]
pub struct MatchedPieces {
    /// Sorted by package URL and id.
    pub findings: Vec<Finding>,
    /// Sorted, distinct.
    pub gaps: Vec<Gap>,
    /// The advisories of the slice, in order of id.
    pub pieces: Vec<Arc<Piece>>,
}

impl Matcher {
    /// A matcher that knows nothing yet.
    pub fn new(advisories: Arc<dyn Advisories>) -> Self {
        Self { advisories, known: RwLock::default() }
    }

    /// Which snapshot is matched against.
    pub fn snapshot(&self) -> &Snapshot {
        self.advisories.snapshot()
    }

    /// Matches an SBOM: as [`super::match_sbom`].
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn of(&self, sbom: &Sbom) -> Result<MatchedPieces, AdvisoriesError> {
        let mut found: BTreeMap<Case<'_>, (Vec<Arc<Package>>, Vec<&Component>)> = BTreeMap::new();
        for (component, package) in sbom.components.iter().zip(self.packages(sbom)) {
            let Some(case) = Case::of(sbom, component) else { continue };
            let mut packages = vec![match package {
                Some(package) => package,
                None => self.look_up(case.ecosystem, &case.name)?,
            }];
            if let Some(second) = &case.second {
                packages.push(match self.known(case.ecosystem, second) {
                    Some(package) => package,
                    None => self.look_up(case.ecosystem, second)?,
                });
            }
            if packages.iter().any(|package| !package.pieces.is_empty()) {
                found.entry(case).or_insert_with(|| (packages, Vec::new())).1.push(component);
            }
        }
        let told = found.iter().filter_map(|(case, (packages, components))| {
            let (first, others) = packages.split_first()?;
            Some((first.told(others, case, &components.first()?.purl), components.as_slice()))
        });
        let (findings, gaps) = conclude(sbom, self.snapshot(), told);
        let mut packages: Vec<&Arc<Package>> = found.values().flat_map(|(packages, _)| packages).collect();
        packages.sort_unstable_by_key(|package| Arc::as_ptr(package));
        packages.dedup_by_key(|package| Arc::as_ptr(package));
        Ok(MatchedPieces { findings, gaps, pieces: joined(packages.into_iter()) })
    }

    fn known(&self, ecosystem: &Ecosystem, name: &str) -> Option<Arc<Package>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.by_ecosystem.get(ecosystem)?.get(name).map(Arc::clone)
    }

    /// What is known already of each component's package.
    fn packages(&self, sbom: &Sbom) -> Vec<Option<Arc<Package>>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let package = |component: &Component| {
            let ecosystem = component.ecosystem.as_ref()?;
            let name = ecosystem.kind.normal_name(component.lookup().0);
            known.by_ecosystem.get(ecosystem)?.get(name.as_ref()).map(Arc::clone)
        };
        sbom.components.iter().map(package).collect()
    }

    fn look_up(&self, ecosystem: &Ecosystem, name: &str) -> Result<Arc<Package>, AdvisoriesError> {
        let pieces: Vec<_> = slice::of_package(self.advisories.as_ref(), ecosystem, name)?
            .into_iter()
            .map(|advisory| Arc::new(Piece::new(advisory)))
            .collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.packages >= MOST_PACKAGES || known.pieces >= MOST_PIECES {
            *known = Known::default();
        }
        known.packages += 1;
        known.pieces += pieces.len();
        let package = Arc::new(Package { pieces, told: Mutex::default() });
        let names = known.by_ecosystem.entry(ecosystem.clone()).or_default();
        // Whoever looked it up at the same time found the same.
        Ok(Arc::clone(names.entry(name.to_owned()).or_insert(package)))
    }
}

impl Package {
    /// What it and others by which a case goes say of it.
    fn told(&self, others: &[Arc<Self>], case: &Case<'_>, package: &Purl) -> Arc<Told> {
        let mut versions = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |of: &&ToldOf| {
            (of.second.as_deref(), &of.module, of.on_linux) == (case.second.as_deref(), &case.module, case.on_linux)
        };
        if let Some(known) = versions.get(case.version).and_then(|all| all.iter().find(same)) {
            return Arc::clone(&known.told);
        }
        if versions.len() >= MOST_VERSIONS {
            versions.clear();
        }
        let pieces = self.pieces.iter().chain(others.iter().flat_map(|other| &other.pieces));
        let advisories: Vec<_> =
            pieces.map(|piece| (piece.advisory(), piece.advisory.affected.iter().collect())).collect();
        let told = Arc::new(case.told(package, &advisories));
        let all = versions.entry(case.version.to_owned()).or_default();
        if all.len() >= MOST_OF_A_VERSION {
            all.clear();
        }
        let second = case.second.as_deref().map(str::to_owned);
        all.push(ToldOf { second, module: case.module.clone(), on_linux: case.on_linux, told: Arc::clone(&told) });
        told
    }
}

/// The pieces of several packages: an advisory that speaks of more than one is one piece.
fn joined<'a>(packages: impl Iterator<Item = &'a Arc<Package>>) -> Vec<Arc<Piece>> {
    let mut pieces: Vec<&Arc<Piece>> = packages.flat_map(|package| &package.pieces).collect();
    pieces.sort_by(|a, b| a.advisory.id.cmp(&b.advisory.id));
    pieces
        .chunk_by(|a, b| a.advisory.id == b.advisory.id)
        .filter_map(|same| match same {
            [piece] => Some(Arc::clone(piece)),
            same => slice::join(same.iter().map(|piece| piece.advisory())).map(|joined| Arc::new(Piece::new(joined))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::match_sbom;
    use super::*;
    use crate::model::{Component, Digest, SourcePackage, Timestamp};
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Records in OSV's form, cut down on lookup as the port says; counts lookups.
    struct Records {
        snapshot: Snapshot,
        records: Vec<Advisory>,
        asked: AtomicUsize,
    }

    impl Advisories for Records {
        fn snapshot(&self) -> &Snapshot {
            &self.snapshot
        }

        fn lookup(&self, ecosystem: &Ecosystem, name: &str) -> Result<Vec<Advisory>, AdvisoriesError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let mut found = self.records.clone();
            for advisory in &mut found {
                advisory.affected.retain(|entry| {
                    let of = &entry.package.ecosystem;
                    let release = of.release.is_none() || of.release == ecosystem.release;
                    of.kind == ecosystem.kind && release && entry.package.name == name
                });
            }
            found.retain(|advisory| !advisory.affected.is_empty());
            Ok(found)
        }
    }

    fn records(seeds: &[(u8, u8, u8)]) -> Arc<Records> {
        let mut by_id: BTreeMap<String, Advisory> = BTreeMap::new();
        for (id, package, range) in seeds {
            let ecosystem =
                ["npm", "Debian:12", "Debian:13", "Debian", "AlmaLinux:8", "Wolfi"][usize::from(package / 8 % 6)];
            let build = if ecosystem.starts_with("Alma") && id % 3 > 0 { ".module_el8+1+a" } else { "" };
            let entry = format!(
                r#"{{"package":{{"ecosystem":"{ecosystem}","name":"p{}"}},"ranges":[{{"type":"ECOSYSTEM","events":[
                   {{"introduced":"{}"}},{{"fixed":"{}{build}"}}]}}]{}}}"#,
                package % 8,
                range % 4,
                range / 4 % 8,
                if range % 7 == 0 { r#","versions":["2"]"# } else { "" },
            );
            let entry = serde_json::from_str(&entry).unwrap();
            let id = format!("T-{}", id % 12);
            let json = format!(
                r#"{{"id":"{id}","modified":"2026-01-01T00:00:00Z","aliases":["CVE-2026-{}"],"summary":"m:{}","affected":[]{}}}"#,
                range % 3,
                range % 2,
                if id.ends_with('7') { r#","withdrawn":"2026-01-02T00:00:00Z""# } else { "" },
            );
            let advisory = by_id.entry(id).or_insert_with(|| serde_json::from_str(&json).unwrap());
            advisory.affected.push(entry);
        }
        let snapshot = Snapshot {
            digest: Digest::of(b"records"),
            modified: Timestamp::parse("2026-01-01").unwrap(),
            ecosystems: BTreeMap::from([("npm".to_owned().into(), 2), ("Debian:12".to_owned().into(), 9)]),
        };
        Arc::new(Records { snapshot, records: by_id.into_values().collect(), asked: AtomicUsize::new(0) })
    }

    fn sbom(parts: &[(u8, u8)]) -> Sbom {
        let component = |(package, version): &(u8, u8)| {
            let kinds =
                [("npm", "npm"), ("Debian:12", "deb"), ("Debian:13", "deb"), ("AlmaLinux:8", "rpm"), ("Wolfi", "apk")];
            let (ecosystem, kind) = kinds[usize::from(package / 8 % 5)];
            let module = [("rpmmod", ["", "m:0:1:a", "m:1:1:a"][usize::from(version / 8 % 3)])];
            let version = ["0", "1", "2", "3", "", "not a version", "0.module_el8+1+a", "1.module_el8+1+a"]
                [usize::from(version % 8)];
            let name = format!("p{}", package % 8);
            let purl = Purl::build(kind, Some(&ecosystem.replace(':', "")), &name, Some(version), &module).unwrap();
            let mut component = Component::new(purl, &name, version, Some(ecosystem.to_owned().into()));
            let source = SourcePackage { name: format!("p{}", package % 3), version: version.to_owned() };
            component.source = (kind == "apk").then_some(source);
            component
        };
        Sbom { components: parts.iter().map(component).collect(), ..Sbom::default() }.normalized()
    }

    proptest! {
        #[test]
        fn what_was_matched_before_leaves_no_trace(
            seeds in prop::collection::vec(any::<(u8, u8, u8)>(), 0..40),
            sboms in prop::collection::vec(prop::collection::vec(any::<(u8, u8)>(), 0..20), 1..6),
        ) {
            let records = records(&seeds);
            let matcher = Matcher::new(records.clone());
            for parts in &sboms {
                let sbom = sbom(parts);
                let at_once = match_sbom(&sbom, records.as_ref()).unwrap();
                let remembered = matcher.of(&sbom).unwrap();
                prop_assert_eq!(remembered.findings, at_once.findings);
                prop_assert_eq!(remembered.gaps, at_once.gaps);
                let advisories: Vec<Advisory> =
                    remembered.pieces.iter().map(|piece| piece.advisory().clone()).collect();
                prop_assert_eq!(advisories, at_once.slice.advisories);
            }
        }
    }

    #[test]
    fn each_package_is_looked_up_once() {
        let records = records(&[(1, 0, 16), (2, 8, 16)]);
        let matcher = Matcher::new(records.clone());
        for _ in 0..5 {
            matcher.of(&sbom(&[(0, 1), (1, 1), (8, 1)])).unwrap();
        }
        assert_eq!(records.asked.load(Ordering::Relaxed), 3);
    }
}
