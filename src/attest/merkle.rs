//! The Merkle root over the statements of a lock.
//!
//! The tree hash of RFC 6962 §2.1 with SHA-256: a leaf is `H(0x00 ‖ digest)`, a node `H(0x01 ‖ left ‖ right)`, the left
//! side holding the largest power of two that is less than the number of leaves; no leaf at all is `H("")`. The leaves are
//! the 32 bytes of each distinct statement digest, in order, so the root says which statements there are and nothing of the
//! order in which they were made.

use crate::model::{Digest, Hasher};

/// The root over a set of statement digests.
pub fn root(statements: impl IntoIterator<Item = Digest>) -> Digest {
    let mut leaves: Vec<Digest> = statements.into_iter().collect();
    leaves.sort_unstable();
    leaves.dedup();
    subtree(&leaves)
}

fn subtree(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [leaf] => hash(0, &[leaf]),
        _ => {
            let (left, right) = leaves.split_at(leaves.len().div_ceil(2).next_power_of_two());
            hash(1, &[&subtree(left), &subtree(right)])
        }
    }
}

fn hash(domain: u8, parts: &[&Digest]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(&[domain]);
    for part in parts {
        hasher.update(part.as_bytes());
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u8) -> Vec<Digest> {
        let mut leaves: Vec<Digest> = (0..count).map(|byte| Digest::of(&[byte])).collect();
        leaves.sort();
        leaves
    }

    #[test]
    fn is_the_tree_of_rfc_6962() {
        let l = leaves(7);
        let leaf = |index: usize| hash(0, &[&l[index]]);
        let node = |left: Digest, right: Digest| hash(1, &[&left, &right]);
        assert_eq!(root([]).hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(root(l[..1].to_vec()), leaf(0));
        assert_eq!(root(l[..2].to_vec()), node(leaf(0), leaf(1)));
        assert_eq!(root(l[..3].to_vec()), node(node(leaf(0), leaf(1)), leaf(2)));
        let four = node(node(leaf(0), leaf(1)), node(leaf(2), leaf(3)));
        assert_eq!(root(l[..4].to_vec()), four);
        assert_eq!(root(l[..5].to_vec()), node(four, leaf(4)));
        assert_eq!(root(l.clone()), node(four, node(node(leaf(4), leaf(5)), leaf(6))));
    }

    #[test]
    fn order_and_repetition_leave_no_trace() {
        let mut shuffled = leaves(9);
        shuffled.reverse();
        shuffled.push(shuffled[3]);
        assert_eq!(root(shuffled), root(leaves(9)));
        assert_ne!(root(leaves(9)), root(leaves(8)));
    }
}
