//! What depends on what: [`Config`] to [`ComplianceGraph`], and its pictures.
//!
//! Services depend on services, use images, and images are built on base images. Every answer is sorted, so that it is the
//! same whatever the order of the file. A config has no circles; should one come in all the same, nothing here loops.

pub mod render;
mod walk;

use crate::config::Config;
use crate::model::Name;
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef as _;
use std::collections::BTreeMap;

/// Services, images and base images, and the edges between them.
#[derive(Debug, Clone)]
pub struct ComplianceGraph {
    graph: DiGraph<Node, Edge, u32>,
    services: BTreeMap<Name, NodeIndex>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// Which kind.
    pub kind: NodeKind,
    /// Its name in the config. A service and an image may have the same one.
    pub name: Name,
}

/// Kinds of node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// A service.
    Service,
    /// An image that a service uses, or that nothing does.
    Image,
    /// An image that only other images are built on.
    Base,
}

impl NodeKind {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Image => "image",
            Self::Base => "base",
        }
    }
}

/// Kinds of edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// From a service to one that it needs.
    DependsOn,
    /// From a service to its image.
    Uses,
    /// From an image to its base.
    BuiltOn,
}

impl Edge {
    /// Its words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DependsOn => "depends-on",
            Self::Uses => "uses",
            Self::BuiltOn => "built-on",
        }
    }
}

impl ComplianceGraph {
    /// The graph of a config.
    pub fn new(config: &Config) -> Self {
        let used: std::collections::BTreeSet<&Name> =
            config.services.values().flat_map(|service| &service.images).collect();
        let bases: std::collections::BTreeSet<&Name> =
            config.images.values().filter_map(|image| image.base.as_ref()).collect();
        let mut graph = DiGraph::with_capacity(config.services.len() + config.images.len(), 0);
        let mut images = BTreeMap::new();
        for name in config.images.keys() {
            let kind = if bases.contains(name) && !used.contains(name) { NodeKind::Base } else { NodeKind::Image };
            images.insert(name, graph.add_node(Node { kind, name: name.clone() }));
        }
        let mut services = BTreeMap::new();
        for name in config.services.keys() {
            services.insert(name.clone(), graph.add_node(Node { kind: NodeKind::Service, name: name.clone() }));
        }
        for (name, image) in &config.images {
            if let (Some(from), Some(to)) = (images.get(name), image.base.as_ref().and_then(|base| images.get(base))) {
                graph.update_edge(*from, *to, Edge::BuiltOn);
            }
        }
        for (name, service) in &config.services {
            let Some(from) = services.get(name) else { continue };
            for to in service.depends_on.iter().filter_map(|name| services.get(name)) {
                graph.add_edge(*from, *to, Edge::DependsOn);
            }
            for to in service.images.iter().filter_map(|name| images.get(name)) {
                graph.add_edge(*from, *to, Edge::Uses);
            }
        }
        Self { graph, services }
    }

    /// All nodes, sorted by kind and name.
    pub fn nodes(&self) -> Vec<&Node> {
        let mut nodes: Vec<&Node> = self.graph.node_weights().collect();
        nodes.sort_unstable();
        nodes
    }

    /// All edges, sorted.
    pub fn edges(&self) -> Vec<(&Node, &Node, Edge)> {
        let mut edges: Vec<_> = self
            .graph
            .edge_references()
            .map(|edge| (&self.graph[edge.source()], &self.graph[edge.target()], *edge.weight()))
            .collect();
        edges.sort_unstable();
        edges
    }

    /// The services, sorted.
    pub fn services(&self) -> impl Iterator<Item = &Name> {
        self.services.keys()
    }

    /// The services that one needs directly, sorted; none for a name that is no service.
    pub fn dependencies(&self, service: &Name) -> Vec<Name> {
        self.names(self.next(service, Direction::Outgoing))
    }

    /// The services that need one directly, sorted; none for a name that is no service.
    pub fn dependents(&self, service: &Name) -> Vec<Name> {
        self.names(self.next(service, Direction::Incoming))
    }

    fn next(&self, service: &Name, direction: Direction) -> Vec<NodeIndex> {
        self.services.get(service).map(|index| self.along(*index, direction)).unwrap_or_default()
    }

    /// The services next to one along `depends-on`, sorted by name.
    fn along(&self, index: NodeIndex, direction: Direction) -> Vec<NodeIndex> {
        let edges = self.graph.edges_directed(index, direction).filter(|edge| *edge.weight() == Edge::DependsOn);
        let mut next: Vec<NodeIndex> =
            edges.map(|edge| if direction == Direction::Outgoing { edge.target() } else { edge.source() }).collect();
        next.sort_unstable_by_key(|index| &self.graph[*index].name);
        next
    }

    fn names(&self, indexes: Vec<NodeIndex>) -> Vec<Name> {
        indexes.into_iter().map(|index| self.graph[index].name.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
