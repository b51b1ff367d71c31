//! From headers to packages, with what each needs of the others.

use super::header::{Header, tag};
use crate::adapters::scanner::builtin::catalog::{Found, ParseError, Parsed, SystemPackage};
use crate::model::SourcePackage;
use std::collections::{BTreeMap, BTreeSet};

/// The most packages of a database.
const PACKAGE_LIMIT: usize = 200_000;
/// The most capabilities, offered and needed, of all packages together.
const CAPABILITY_LIMIT: usize = 4_000_000;
/// The longest name or version, and the longest licence, in bytes.
const FIELD_LIMIT: usize = 1024;
const LICENSE_LIMIT: usize = 16 << 10;
/// How many gaps are told each by itself.
const GAPS_TOLD: usize = 20;

/// What stands for a capability: its text would take too much room.
type Capability = u64;

/// The packages of a database, as they come.
#[derive(Default)]
pub(super) struct Packages {
    found: Vec<SystemPackage>,
    /// What each package needs, by its place.
    needed: Vec<(usize, Capability)>,
    /// Which package offers what.
    offered: Vec<(Capability, usize)>,
    gaps: BTreeSet<String>,
    untold: u64,
    /// Whether a limit was reached: nothing more is taken.
    full: bool,
}

impl Packages {
    /// Takes the header of a package, or why there is none.
    pub(super) fn add(&mut self, blob: Result<Vec<u8>, ParseError>) {
        if self.full {
            return;
        }
        if let Err(error) = blob.and_then(|blob| self.header(&Header::read(&blob)?)) {
            self.gap(error.0);
        }
    }

    fn gap(&mut self, reason: String) {
        if self.gaps.len() < GAPS_TOLD || self.gaps.contains(&reason) {
            self.gaps.insert(reason);
        } else {
            self.untold += 1;
        }
    }

    fn header(&mut self, header: &Header<'_>) -> Result<(), ParseError> {
        let package = package(header)?;
        let place = self.found.len();
        let offered = header.texts(tag::PROVIDES).map(|text| (capability(text), place));
        self.offered.extend(offered.take(CAPABILITY_LIMIT.saturating_sub(self.offered.len())));
        let needed = header.texts(tag::REQUIRES).map(|text| (place, capability(text)));
        self.needed.extend(needed.take(CAPABILITY_LIMIT.saturating_sub(self.needed.len())));
        self.found.push(package);
        if self.found.len() >= PACKAGE_LIMIT || self.offered.len().max(self.needed.len()) >= CAPABILITY_LIMIT {
            self.full = true;
            self.gap("too many packages or dependencies: not all were read".into());
        }
        Ok(())
    }

    /// Everything, sorted; an error that ended the reading of a database with packages is a gap.
    ///
    /// # Errors
    /// The reading ended before the first package.
    pub(super) fn finish(mut self, end: Result<(), ParseError>) -> Result<Parsed, ParseError> {
        match end {
            Err(error) if self.found.is_empty() && self.gaps.is_empty() => return Err(error),
            Err(error) => self.gap(error.0),
            Ok(()) => {}
        }
        let mut offered: BTreeMap<Capability, usize> = BTreeMap::new();
        for (capability, place) in &self.offered {
            offered.entry(*capability).or_insert(*place);
        }
        // A package is the best to offer its own name.
        offered.extend(self.found.iter().enumerate().map(|(place, it)| (capability(it.name.as_bytes()), place)));
        let mut depends_on: Vec<BTreeSet<String>> = vec![BTreeSet::new(); self.found.len()];
        for (place, need) in &self.needed {
            let provider = offered.get(need).filter(|provider| *provider != place);
            if let (Some(all), Some(provider)) =
                (depends_on.get_mut(*place), provider.and_then(|at| self.found.get(*at)))
            {
                all.insert(provider.name.clone());
            }
        }
        for (package, needs) in self.found.iter_mut().zip(depends_on) {
            package.depends_on = needs.into_iter().collect();
        }
        let key = |it: &SystemPackage| (it.name.clone(), it.version.clone(), it.architecture.clone());
        self.found.sort_by_cached_key(key);
        let mut gaps: Vec<String> = self.gaps.into_iter().collect();
        if self.untold > 0 {
            gaps.push(format!("{} more of the kind", self.untold));
        }
        Ok(Parsed { found: self.found.into_iter().map(Found::System).collect(), gaps })
    }
}

fn capability(text: &[u8]) -> Capability {
    let hash = blake3::hash(text);
    hash.as_bytes().iter().take(8).fold(0, |sum, byte| sum << 8 | Capability::from(*byte))
}

fn package(header: &Header<'_>) -> Result<SystemPackage, ParseError> {
    let field = |tag: u32| header.text(tag).filter(|text| text.len() <= FIELD_LIMIT);
    let name = field(tag::NAME).ok_or_else(|| ParseError("a package has no name".into()))?;
    let incomplete = |what: &str| ParseError(format!("{name}: it has no {what}"));
    let version = field(tag::VERSION).ok_or_else(|| incomplete("version"))?;
    let release = field(tag::RELEASE).ok_or_else(|| incomplete("release"))?;
    let epoch = header.number(tag::EPOCH);
    if epoch.is_none() && header.has(tag::EPOCH) {
        return Err(ParseError(format!("{name}: its epoch is not a number")));
    }
    let version = full_version(epoch, &format!("{version}-{release}"));
    let source = field(tag::SOURCE).and_then(|file| source_package(&file, epoch));
    Ok(SystemPackage {
        manager: "rpm".into(),
        source: source.filter(|source| (&source.name, &source.version) != (&name, &version)),
        name,
        version,
        architecture: field(tag::ARCH).unwrap_or_default(),
        module: field(tag::MODULARITYLABEL).unwrap_or_default(),
        licenses: header.text(tag::LICENSE).filter(|text| text.len() <= LICENSE_LIMIT).into_iter().collect(),
        depends_on: Vec::new(),
    })
}

/// `1:3.0.7-6.el9`; without an epoch that is not stated.
fn full_version(epoch: Option<u32>, version: &str) -> String {
    epoch.map_or_else(|| version.to_owned(), |epoch| format!("{epoch}:{version}"))
}

/// The source package of a source file (`openssl-3.0.7-6.el9.src.rpm`), whose name has no epoch: it is that of the package.
pub(in super::super) fn source_package(file: &str, epoch: Option<u32>) -> Option<SourcePackage> {
    let stem = file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let version = full_version(epoch, &format!("{version}-{release}"));
    (!name.is_empty()).then(|| SourcePackage { name: name.to_owned(), version })
}
