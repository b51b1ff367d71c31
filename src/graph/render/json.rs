//! JSON: `{"nodes": [{"kind", "name"}], "edges": [{"kind", "from", "to"}], "waves": [["service"]]}`. An edge's ends are
//! `service:NAME` or `image:NAME`, the `id` of a node.

use crate::graph::{ComplianceGraph, Node, NodeKind};
use serde::Serialize;

#[derive(Serialize)]
struct View<'a> {
    nodes: Vec<NodeView<'a>>,
    edges: Vec<EdgeView>,
    waves: Vec<Vec<crate::model::Name>>,
}

#[derive(Serialize)]
struct NodeView<'a> {
    id: String,
    kind: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct EdgeView {
    kind: &'static str,
    from: String,
    to: String,
}

/// The graph as JSON, indented, with a newline at its end.
pub fn json(graph: &ComplianceGraph) -> String {
    let node = |node: &'_ Node| id(node);
    let view = View {
        nodes: graph
            .nodes()
            .into_iter()
            .map(|node| NodeView { id: id(node), kind: node.kind.as_str(), name: node.name.as_str() })
            .collect(),
        edges: graph
            .edges()
            .into_iter()
            .map(|(from, to, edge)| EdgeView { kind: edge.as_str(), from: node(from), to: node(to) })
            .collect(),
        waves: graph.waves(),
    };
    // Text, numbers and arrays only: this cannot fail.
    let mut text = serde_json::to_string_pretty(&view).unwrap_or_default();
    text.push('\n');
    text
}

/// Services and images have name spaces of their own.
fn id(node: &Node) -> String {
    let space = if node.kind == NodeKind::Service { "service" } else { "image" };
    format!("{space}:{}", node.name)
}
