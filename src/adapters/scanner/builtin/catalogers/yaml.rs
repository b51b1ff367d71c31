//! YAML of lockfiles, read within bounds: size, depth and count of nodes; anchors are not expected and hardly allowed.

use super::super::catalog::ParseError;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy};

/// Every document of the text that is not empty. No key may stand twice in a map.
///
/// # Errors
/// Not YAML, not of the expected shape, or beyond the bounds.
pub(super) fn documents<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, ParseError> {
    read(text, DuplicateKeyPolicy::Error)
}

/// As [`documents`], but of keys that stand twice the last one counts: for files whose own tool reads them so.
///
/// # Errors
/// Not YAML, not of the expected shape, or beyond the bounds.
pub(super) fn documents_by_last_keys<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, ParseError> {
    read(text, DuplicateKeyPolicy::LastWins)
}

fn read<T: DeserializeOwned>(text: &str, twice: DuplicateKeyPolicy) -> Result<Vec<T>, ParseError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 8_000_000,
            max_nodes: 8_000_000,
            max_depth: 32,
            max_aliases: 100,
            max_anchors: 100,
            max_documents: 16,
            max_merge_keys: 0,
            // Yarn joins all descriptors of an entry into one key.
            simple_key_max_lookahead: 65_536,
        },
        duplicate_keys: twice,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        with_snippet: false,
    };
    serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| ParseError(super::collect::shortened(error.to_string())))
}

/// A scalar as text, whatever type it looks like (`lockfileVersion: 5.4`); maps and lists give nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scalar(pub(super) Option<String>);

impl Scalar {
    /// The text, empty where there is none.
    pub(super) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(Some(text.to_owned())))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }
            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }
            fn visit_none<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Scalar, D::Error> {
                deserializer.deserialize_any(self)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn scalars_are_text_and_bounds_hold() {
        let all: Vec<BTreeMap<String, Scalar>> =
            documents("a: 5.4\nb: '9.0'\nc: 1.2.3\nd: [x]\ne:\nf: true\n---\ng: 1\n").unwrap();
        let text: Vec<&str> = all[0].values().map(Scalar::as_str).collect();
        assert_eq!(text, ["5.4", "9.0", "1.2.3", "", "", "true"]);
        assert_eq!(all.len(), 2);
        for bad in [format!("a: {}", "[".repeat(10_000)), "a: 1\na: 2\n".into(), "a: [".into()] {
            assert!(documents::<BTreeMap<String, Scalar>>(&bad).is_err());
        }
        let bomb = "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c,*c,*c]\n";
        let _ = documents::<BTreeMap<String, Scalar>>(bomb);
    }
}
