//! Walks over the services: waves, closures and paths.

use super::ComplianceGraph;
use crate::model::Name;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

impl ComplianceGraph {
    /// The services in waves: each needs only services of earlier waves. Sorted within a wave. Services in a circle, which a
    /// config does not have, make a last wave of their own.
    pub fn waves(&self) -> Vec<Vec<Name>> {
        let mut open: BTreeMap<NodeIndex, usize> =
            self.services.values().map(|index| (*index, self.along(*index, Direction::Outgoing).len())).collect();
        let mut ready: Vec<NodeIndex> =
            open.iter().filter(|(_, needs)| **needs == 0).map(|(index, _)| *index).collect();
        let mut waves = Vec::new();
        while !ready.is_empty() {
            let mut next = Vec::new();
            for index in &ready {
                open.remove(index);
                for dependent in self.along(*index, Direction::Incoming) {
                    if let Some(needs) = open.get_mut(&dependent) {
                        *needs = needs.saturating_sub(1);
                        if *needs == 0 {
                            next.push(dependent);
                        }
                    }
                }
            }
            waves.push(self.sorted(std::mem::replace(&mut ready, next)));
        }
        if !open.is_empty() {
            waves.push(self.sorted(open.into_keys().collect()));
        }
        waves
    }

    /// These services and everything that they need, directly or not. Names that are no service are left out.
    pub fn closure(&self, services: &[Name]) -> BTreeSet<Name> {
        self.reach(services, Direction::Outgoing)
    }

    /// These services and everything that needs them, directly or not. Names that are no service are left out.
    pub fn affected(&self, services: &[Name]) -> BTreeSet<Name> {
        self.reach(services, Direction::Incoming)
    }

    /// A shortest way along `depends-on`, both ends included; of several the first by name. `None` where there is none.
    pub fn path(&self, from: &Name, to: &Name) -> Option<Vec<Name>> {
        let (start, goal) = (*self.services.get(from)?, *self.services.get(to)?);
        let mut before: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::from([(start, start)]);
        let mut queue = VecDeque::from([start]);
        while let Some(index) = queue.pop_front() {
            if index == goal {
                let mut path = vec![goal];
                let mut at = goal;
                while at != start {
                    at = *before.get(&at)?;
                    path.push(at);
                }
                path.reverse();
                return Some(self.names(path));
            }
            for next in self.along(index, Direction::Outgoing) {
                before.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    index
                });
            }
        }
        None
    }

    fn reach(&self, services: &[Name], direction: Direction) -> BTreeSet<Name> {
        let mut open: Vec<NodeIndex> = services.iter().filter_map(|name| self.services.get(name)).copied().collect();
        let mut seen: BTreeSet<NodeIndex> = open.iter().copied().collect();
        while let Some(index) = open.pop() {
            open.extend(self.along(index, direction).into_iter().filter(|next| seen.insert(*next)));
        }
        self.names(seen.into_iter().collect()).into_iter().collect()
    }

    fn sorted(&self, indexes: Vec<NodeIndex>) -> Vec<Name> {
        let mut names = self.names(indexes);
        names.sort_unstable();
        names
    }
}
