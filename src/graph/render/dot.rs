//! Graphviz: <https://graphviz.org/doc/info/lang.html>.

use crate::graph::{ComplianceGraph, Edge, Node, NodeKind};
use std::fmt::Write as _;

/// The graph in Graphviz's language.
pub fn dot(graph: &ComplianceGraph) -> String {
    let mut text = String::from("digraph compliance {\n  rankdir=LR;\n");
    for node in graph.nodes() {
        let shape = match node.kind {
            NodeKind::Service => "box",
            NodeKind::Image => "ellipse",
            NodeKind::Base => "cylinder",
        };
        let _ = writeln!(text, "  {} [label={}, shape={shape}];", id(node), quoted(node.name.as_str()));
    }
    for (from, to, edge) in graph.edges() {
        let style = match edge {
            Edge::DependsOn => "solid",
            Edge::Uses => "dashed",
            Edge::BuiltOn => "dotted",
        };
        let _ = writeln!(text, "  {} -> {} [style={style}];", id(from), id(to));
    }
    text.push_str("}\n");
    text
}

/// Services and images have name spaces of their own.
fn id(node: &Node) -> String {
    let space = if node.kind == NodeKind::Service { "service" } else { "image" };
    quoted(&format!("{space}:{}", node.name))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
