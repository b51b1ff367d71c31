//! A tree for people: services that nothing needs first, below each what it needs. What was already shown is not unfolded
//! again (`…`), so that the tree is no longer than the graph.

use crate::graph::{ComplianceGraph, Edge, Node, NodeKind};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Deepest that a branch goes: a longer one starts anew at the left.
const MAX_DEPTH: usize = 64;

/// A node, its depth, and but for a root: the guide lines before it, and whether it is the last of its branch.
type Line<'a> = (&'a Node, usize, Option<(String, bool)>);

/// The graph as a tree of lines.
pub fn tree(graph: &ComplianceGraph) -> String {
    let mut below: BTreeMap<&Node, Vec<(Edge, &Node)>> = BTreeMap::new();
    let mut needed: BTreeSet<&Node> = BTreeSet::new();
    for (from, to, edge) in graph.edges() {
        below.entry(from).or_default().push((edge, to));
        needed.insert(to);
    }
    below.values_mut().for_each(|nodes| nodes.sort_unstable());
    let mut text = String::new();
    let mut shown: BTreeSet<&Node> = BTreeSet::new();
    let nodes = graph.nodes();
    // Roots, then what only a circle would have kept out.
    let roots = nodes.iter().filter(|node| !needed.contains(**node)).chain(&nodes);
    for root in roots {
        if shown.contains(root) {
            continue;
        }
        // Explicit, for a chain may be as long as the file.
        let mut open: Vec<Line<'_>> = vec![(root, 0, None)];
        while let Some((node, depth, guide)) = open.pop() {
            let again = below.contains_key(node) && (depth == MAX_DEPTH || shown.contains(node));
            if depth < MAX_DEPTH {
                shown.insert(node);
            }
            let rest = match &guide {
                None => String::new(),
                Some((guide, last)) => {
                    text.push_str(guide);
                    text.push_str(if *last { "└── " } else { "├── " });
                    format!("{guide}{}", if *last { "    " } else { "│   " })
                }
            };
            let kind = match node.kind {
                NodeKind::Service => "",
                NodeKind::Image | NodeKind::Base => node.kind.as_str(),
            };
            let gap = if kind.is_empty() { "" } else { " " };
            let _ = writeln!(text, "{kind}{gap}{}{}", node.name, if again { " …" } else { "" });
            if !again {
                let children = below.get(node).map(Vec::as_slice).unwrap_or_default();
                for (position, (_, child)) in children.iter().enumerate().rev() {
                    open.push((child, depth + 1, Some((rest.clone(), position + 1 == children.len()))));
                }
            }
        }
    }
    text
}
