//! What lay in the images that were scanned last: images with the same layers hold the same.

use super::layer::LayerId;
use crate::model::Sbom;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many are remembered.
const RECENT: usize = 16;

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
        if recent.len() >= RECENT {
            recent.pop_front();
        }
        recent.push_back((layers, Arc::clone(sbom)));
    }
}
