//! Canonical JSON (RFC 8785), and strict reading: no repeated keys, bounded size and depth.

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What every repeated-key error begins with, so that it can be told from other errors of the reader.
const DUPLICATE: &str = "duplicate key ";

/// Why a text is not JSON that is read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StrictError {
    /// Not JSON, or deeper than 128 levels.
    Syntax(String),
    /// One object names this key twice.
    Duplicate(String),
}

/// The canonical bytes of a value. Nothing that this crate writes can fail here: it holds no non-finite number and no map
/// with keys other than strings.
pub(super) fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    let Ok(value) = serde_json::to_value(value) else { return Vec::new() };
    canonical_value(&value)
}

/// The canonical bytes of a value at hand.
pub(super) fn canonical_value(value: &Value) -> Vec<u8> {
    let bytes = if is_plain(value) { serde_json::to_vec(value) } else { serde_json_canonicalizer::to_vec(value) };
    bytes.unwrap_or_default()
}

/// Whether the ordinary writer gives the canonical bytes: ASCII keys in order, whole numbers that a double can hold. Its
/// escapes are those of RFC 8785, so this is the common case; it saves the canonicalizer's copy of every object.
fn is_plain(value: &Value) -> bool {
    const SAFE: i64 = 1 << 53;
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.as_i64().is_some_and(|number| (-SAFE..=SAFE).contains(&number)),
        Value::Array(items) => items.iter().all(is_plain),
        Value::Object(map) => is_plain_object(map),
    }
}

/// The same of an object.
pub(super) fn is_plain_object(map: &Map<String, Value>) -> bool {
    map.keys().all(|key| key.is_ascii()) && map.keys().is_sorted() && map.values().all(is_plain)
}

/// Reads any JSON value, refusing objects with a repeated key.
pub(super) fn parse_strict(bytes: &[u8]) -> Result<Value, StrictError> {
    serde_json::from_slice::<Strict>(bytes).map(|strict| strict.0).map_err(|error| {
        let text = error.to_string();
        match text.strip_prefix(DUPLICATE) {
            Some(key) => StrictError::Duplicate(key.split(" at line ").next().unwrap_or(key).to_owned()),
            None => StrictError::Syntax(text),
        }
    })
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("{DUPLICATE}{key}")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u32>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn both_writers_agree(value in any_json()) {
            let bytes = canonical_value(&value);
            prop_assert_eq!(&bytes, &serde_json_canonicalizer::to_vec(&value).unwrap());
            let again = parse_strict(&bytes).unwrap();
            prop_assert_eq!(canonical_value(&again), bytes);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_strict(&bytes);
        }
    }

    #[test]
    fn refuses_repeated_keys_at_any_depth() {
        assert_eq!(parse_strict(br#"{"a":[{"k":1,"k":1}]}"#), Err(StrictError::Duplicate("k".into())));
        assert_eq!(parse_strict(br#"{"k":1,"\u006b":2}"#), Err(StrictError::Duplicate("k".into())));
        assert!(matches!(parse_strict(&[b'['; 100_000]), Err(StrictError::Syntax(_))));
        assert!(matches!(parse_strict(b"{} {}"), Err(StrictError::Syntax(_))));
    }
}
