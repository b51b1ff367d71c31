//! What lay in the images that were scanned last: images with the same layers hold the same.

use super::layer::LayerId;
use crate::model::Sbom;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many are remembered.
const RECENT: usize = 16;
/// How many components they may have together.
const COMPONENTS: usize = 20_000;

/// SBOMs by the layers of their images, lowest first.
#[derive(Default)]
pub(super) struct Stacks(Mutex<VecDeque<(Vec<LayerId>, Arc<Sbom>)>>);

impl Stacks {
    /// That of an image with exactly these layers.
    pub(super) fn get(&self, layers: &[LayerId]) -> Option<Arc<Sbom>> {
        let recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().find(|(known, _)| known == layers).map(|(_, sbom)| Arc::clone(sbom))
    }

    /// Remembers one.
    pub(super) fn put(&self, layers: Vec<LayerId>, sbom: &Arc<Sbom>) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.push_back((layers, Arc::clone(sbom)));
        let mut weight: usize = recent.iter().map(|(_, sbom)| sbom.components.len()).sum();
        while recent.len() > RECENT || weight > COMPONENTS {
            let Some((_, oldest)) = recent.pop_front() else { break };
            weight -= oldest.components.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Component, Digest, Purl};

    fn sbom(components: usize) -> Arc<Sbom> {
        let purl = Purl::build("npm", None, "a", Some("1.0.0"), &[]).unwrap();
        Arc::new(Sbom { components: vec![Component::new(purl, "a", "1.0.0", None); components], ..Sbom::default() })
    }

    #[test]
    fn few_are_remembered_and_no_large_ones() {
        let layers = |number: usize| vec![LayerId { blob: None, diff_id: Digest::of(&number.to_le_bytes()) }];
        let stacks = Stacks::default();
        for number in 0..=RECENT {
            stacks.put(layers(number), &sbom(1));
        }
        assert!(stacks.get(&layers(0)).is_none() && stacks.get(&layers(1)).is_some());
        stacks.put(layers(100), &sbom(COMPONENTS));
        assert!(stacks.get(&layers(1)).is_none() && stacks.get(&layers(100)).is_some());
        stacks.put(layers(101), &sbom(COMPONENTS + 1));
        assert!(stacks.0.lock().unwrap().is_empty());
    }
}
