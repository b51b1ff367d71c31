//! Mermaid flowchart: <https://mermaid.js.org/syntax/flowchart.html>.

use crate::graph::{ComplianceGraph, Edge, Node, NodeKind};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The graph as a Mermaid flowchart.
pub fn mermaid(graph: &ComplianceGraph) -> String {
    let nodes = graph.nodes();
    // Numbers for ids: a name may be a word that Mermaid keeps for itself, such as `end`.
    let ids: BTreeMap<&Node, usize> = nodes.iter().enumerate().map(|(index, node)| (*node, index)).collect();
    let mut text = String::from("flowchart LR\n");
    for (index, node) in nodes.iter().enumerate() {
        let (open, close) = match node.kind {
            NodeKind::Service => ("[", "]"),
            NodeKind::Image => ("([", "])"),
            NodeKind::Base => ("[(", ")]"),
        };
        let _ = writeln!(text, "  n{index}{open}\"{}\"{close}", escaped(node.name.as_str()));
    }
    for (from, to, edge) in graph.edges() {
        let arrow = match edge {
            Edge::DependsOn => "-->",
            Edge::Uses => "-.->",
            Edge::BuiltOn => "==>",
        };
        if let (Some(from), Some(to)) = (ids.get(from), ids.get(to)) {
            let _ = writeln!(text, "  n{from} {arrow} n{to}");
        }
    }
    text
}

/// Mermaid's entity codes for what would end a quoted label.
fn escaped(text: &str) -> String {
    text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
}
