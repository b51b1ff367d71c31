//! Whether a lock still speaks of the present: the config, the subjects and the scanners. Says nothing of signatures.

use crate::model::{Digest, Lock, LockService, Name, SubjectDigest, SubjectKind};
use std::collections::{BTreeMap, BTreeSet};

/// The present, as the config and the located subjects tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Current {
    /// Digest of the config.
    pub config: Digest,
    /// By name.
    pub services: BTreeMap<Name, CurrentService>,
    /// Scanner name to version, as the lock records it.
    pub scanners: BTreeMap<String, String>,
}

/// A service of the config.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentService {
    /// Digest of its policy.
    pub policy: Digest,
    /// What it directly depends on.
    pub depends_on: BTreeSet<Name>,
    /// Its subjects, by name.
    pub subjects: BTreeMap<Name, CurrentSubject>,
}

/// A located subject.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentSubject {
    /// Where it is taken from.
    pub uri: String,
    /// Which kind.
    pub kind: SubjectKind,
    /// What it is.
    pub digest: SubjectDigest,
}

/// A reason why a lock is stale.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Stale {
    /// The config says something else.
    ConfigChanged {
        /// In the lock.
        from: Digest,
        /// Now.
        to: Digest,
    },
    /// Another scanner, or another version of it.
    ScannerChanged {
        /// Its name.
        scanner: String,
        /// Its version in the lock; `None` where the lock has no such scanner.
        from: Option<String>,
        /// Its version now; `None` where it is no longer used.
        to: Option<String>,
    },
    /// A service that the lock does not have.
    ServiceAdded {
        /// Which.
        service: Name,
    },
    /// A service that only the lock has.
    ServiceRemoved {
        /// Which.
        service: Name,
    },
    /// A service is judged by another policy.
    PolicyChanged {
        /// Which service.
        service: Name,
        /// In the lock.
        from: Digest,
        /// Now.
        to: Digest,
    },
    /// A service depends on others than the lock says.
    DependenciesChanged {
        /// Which service.
        service: Name,
        /// No longer.
        removed: Vec<Name>,
        /// Newly.
        added: Vec<Name>,
    },
    /// A subject that the lock does not have.
    SubjectAdded {
        /// Of which service.
        service: Name,
        /// Which.
        subject: Name,
    },
    /// A subject that only the lock has.
    SubjectRemoved {
        /// Of which service.
        service: Name,
        /// Which.
        subject: Name,
    },
    /// A subject is taken from another place, or is of another kind.
    SubjectMoved {
        /// Of which service.
        service: Name,
        /// Which.
        subject: Name,
        /// In the lock.
        from: String,
        /// Now.
        to: String,
    },
    /// A subject's content is not that of the lock.
    SubjectChanged {
        /// Of which service.
        service: Name,
        /// Which.
        subject: Name,
        /// In the lock.
        from: SubjectDigest,
        /// Now.
        to: SubjectDigest,
    },
}

/// Every reason why the lock does not speak of the present; none where it does. In order: config, scanners, services by name.
pub fn satisfy(lock: &Lock, current: &Current) -> Vec<Stale> {
    let mut stale = Vec::new();
    if lock.inputs.config != current.config {
        stale.push(Stale::ConfigChanged { from: lock.inputs.config, to: current.config });
    }
    let scanners: BTreeSet<&String> = lock.inputs.scanners.keys().chain(current.scanners.keys()).collect();
    for scanner in scanners {
        let (from, to) = (lock.inputs.scanners.get(scanner), current.scanners.get(scanner));
        if from != to {
            stale.push(Stale::ScannerChanged { scanner: scanner.clone(), from: from.cloned(), to: to.cloned() });
        }
    }
    let locked: BTreeMap<&Name, &LockService> = lock.services.iter().map(|service| (&service.name, service)).collect();
    let names: BTreeSet<&Name> = locked.keys().copied().chain(current.services.keys()).collect();
    for name in names {
        match (locked.get(name), current.services.get(name)) {
            (Some(old), Some(new)) => service(old, new, &mut stale),
            (None, _) => stale.push(Stale::ServiceAdded { service: name.clone() }),
            (_, None) => stale.push(Stale::ServiceRemoved { service: name.clone() }),
        }
    }
    stale
}

fn service(old: &LockService, new: &CurrentService, stale: &mut Vec<Stale>) {
    let service = || old.name.clone();
    if old.policy != new.policy {
        stale.push(Stale::PolicyChanged { service: service(), from: old.policy, to: new.policy });
    }
    let before: BTreeSet<&Name> = old.depends_on.iter().collect();
    let now: BTreeSet<&Name> = new.depends_on.iter().collect();
    if before != now {
        let names = |a: &BTreeSet<&Name>, b: &BTreeSet<&Name>| a.difference(b).map(|name| (*name).clone()).collect();
        let (removed, added) = (names(&before, &now), names(&now, &before));
        stale.push(Stale::DependenciesChanged { service: service(), removed, added });
    }
    for subject in &old.subjects {
        let name = || subject.name.clone();
        let Some(now) = new.subjects.get(&subject.name) else {
            stale.push(Stale::SubjectRemoved { service: service(), subject: name() });
            continue;
        };
        if (&subject.uri, subject.kind) != (&now.uri, now.kind) {
            let (from, to) = (subject.uri.clone(), now.uri.clone());
            stale.push(Stale::SubjectMoved { service: service(), subject: name(), from, to });
        }
        if subject.digest != now.digest {
            let (from, to) = (subject.digest, now.digest);
            stale.push(Stale::SubjectChanged { service: service(), subject: name(), from, to });
        }
    }
    let added = new.subjects.keys().filter(|name| !old.subjects.iter().any(|subject| subject.name == **name));
    stale.extend(added.map(|name| Stale::SubjectAdded { service: service(), subject: name.clone() }));
}

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or_none = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
        let names = |names: &[Name]| names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
        match self {
            Self::ConfigChanged { .. } => f.write_str("the config has changed"),
            Self::ScannerChanged { scanner, from, to } => {
                write!(f, "scanner `{scanner}`: {} in the lock, {} now", or_none(from), or_none(to))
            }
            Self::ServiceAdded { service } => write!(f, "service `{service}` is not in the lock"),
            Self::ServiceRemoved { service } => write!(f, "service `{service}` is only in the lock"),
            Self::PolicyChanged { service, .. } => write!(f, "service `{service}`: its policy has changed"),
            Self::DependenciesChanged { service, removed, added } => {
                write!(f, "service `{service}`: its dependencies have changed")?;
                if !added.is_empty() {
                    write!(f, "; new: {}", names(added))?;
                }
                if !removed.is_empty() {
                    write!(f, "; no longer: {}", names(removed))?;
                }
                Ok(())
            }
            Self::SubjectAdded { service, subject } => {
                write!(f, "service `{service}`: subject `{subject}` is not in the lock")
            }
            Self::SubjectRemoved { service, subject } => {
                write!(f, "service `{service}`: subject `{subject}` is only in the lock")
            }
            Self::SubjectMoved { service, subject, from, to } => {
                write!(f, "service `{service}`: subject `{subject}` was {from} and is {to} now")
            }
            Self::SubjectChanged { service, subject, from, to } => {
                write!(f, "service `{service}`: subject `{subject}` has changed from {from} to {to}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockfile::tests::example;

    fn present(lock: &Lock) -> Current {
        let subject = |subject: &crate::model::LockSubject| {
            let current = CurrentSubject { uri: subject.uri.clone(), kind: subject.kind, digest: subject.digest };
            (subject.name.clone(), current)
        };
        let service = |service: &LockService| {
            let current = CurrentService {
                policy: service.policy,
                depends_on: service.depends_on.iter().cloned().collect(),
                subjects: service.subjects.iter().map(subject).collect(),
            };
            (service.name.clone(), current)
        };
        Current {
            config: lock.inputs.config,
            services: lock.services.iter().map(service).collect(),
            scanners: lock.inputs.scanners.clone(),
        }
    }

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn every_reason_is_told() {
        let lock = example();
        assert_eq!(satisfy(&lock, &present(&lock)), []);

        let mut current = present(&lock);
        current.config = Digest::of(b"other");
        current.scanners = BTreeMap::from([("builtin".into(), "0.2.0".into()), ("syft".into(), "1.0.0".into())]);
        let payment = current.services.remove("payment").unwrap();
        current.services.insert(name("zeta"), payment);
        let checkout = current.services.get_mut("checkout").unwrap();
        checkout.policy = Digest::of(b"other");
        checkout.depends_on = BTreeSet::from([name("zeta")]);
        let source = checkout.subjects.remove("source").unwrap();
        checkout.subjects.insert(name("worker"), source);
        let image = checkout.subjects.get_mut("checkout").unwrap();
        image.uri = "oci:other".into();
        image.digest = SubjectDigest::Sha256(Digest::of(b"other"));
        let lines: Vec<String> = satisfy(&lock, &current).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
