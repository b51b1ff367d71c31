//! What each package of a lock is needed for, told from who needs it.

use crate::model::Scope;
use std::collections::VecDeque;

/// One package needs another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    /// Index of the one that is needed.
    pub(super) to: usize,
    /// Whether it can be left out.
    pub(super) optional: bool,
}

/// The scope of each node: the least (run time first) by which a root leads to it. `None` where no root does.
pub(super) fn scopes(edges: &[Vec<Edge>], roots: &[(usize, Scope)]) -> Vec<Option<Scope>> {
    let mut scopes: Vec<Option<Scope>> = vec![None; edges.len()];
    for scope in [Scope::Runtime, Scope::Optional, Scope::Development] {
        let mut queue: VecDeque<usize> =
            roots.iter().filter(|(_, wanted)| *wanted == scope).map(|(node, _)| *node).collect();
        if scope == Scope::Optional {
            let known = edges.iter().zip(&scopes).filter(|(_, known)| **known == Some(Scope::Runtime));
            queue.extend(known.flat_map(|(edges, _)| edges).filter(|edge| edge.optional).map(|edge| edge.to));
        }
        while let Some(node) = queue.pop_front() {
            let (Some(known), Some(next)) = (scopes.get_mut(node), edges.get(node)) else { continue };
            if known.is_some() {
                continue;
            }
            *known = Some(scope);
            queue.extend(next.iter().filter(|edge| scope != Scope::Runtime || !edge.optional).map(|edge| edge.to));
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_scope_wins_and_loops_end() {
        let edge = |to| Edge { to, optional: false };
        let edges = vec![
            vec![edge(1), Edge { to: 2, optional: true }],
            vec![edge(0)],
            vec![edge(3)],
            vec![],
            vec![edge(1), edge(3), edge(4), edge(9)],
            vec![],
        ];
        let scopes = scopes(&edges, &[(4, Scope::Development), (0, Scope::Runtime)]);
        use Scope::{Development, Optional, Runtime};
        assert_eq!(scopes, [Some(Runtime), Some(Runtime), Some(Optional), Some(Optional), Some(Development), None]);
    }
}
