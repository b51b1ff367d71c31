//! Pictures of the graph, one form a file. Each is a pure function, and the same for the same graph.

mod dot;
mod json;
mod mermaid;
mod tree;

pub use dot::dot;
pub use json::json;
pub use mermaid::mermaid;
pub use tree::tree;
