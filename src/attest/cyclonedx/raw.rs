//! The shape of the documents that we write, field by field: what CycloneDX allows beyond it is refused when read.
//!
//! The fields of each object stand in the order of their names in the document, so that the ordinary JSON writer gives
//! canonical JSON (its escapes are those of RFC 8785, and the only number is the 1 of `version`).

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

type Text<'a> = Cow<'a, str>;

fn is_empty<T>(items: &[T]) -> bool {
    items.is_empty()
}

/// [`RawBom`] up to its metadata.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawStart<'a> {
    pub(super) bom_format: Text<'a>,
    pub(super) components: Vec<RawComponent<'a>>,
    pub(super) compositions: [RawComposition<'a>; 1],
    pub(super) dependencies: Vec<RawDependency<'a>>,
}

/// [`RawBom`] from behind its metadata.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawEnd<'a> {
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) properties: Vec<RawProperty<'a>>,
    pub(super) spec_version: Text<'a>,
    pub(super) version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawBom<'a> {
    #[serde(borrow)]
    pub(super) bom_format: Text<'a>,
    #[serde(borrow)]
    pub(super) components: Vec<RawComponent<'a>>,
    #[serde(borrow)]
    pub(super) compositions: [RawComposition<'a>; 1],
    #[serde(borrow)]
    pub(super) dependencies: Vec<RawDependency<'a>>,
    #[serde(borrow)]
    pub(super) metadata: RawMetadata<'a>,
    #[serde(borrow, default, skip_serializing_if = "is_empty")]
    pub(super) properties: Vec<RawProperty<'a>>,
    #[serde(borrow)]
    pub(super) spec_version: Text<'a>,
    pub(super) version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawMetadata<'a> {
    #[serde(borrow)]
    pub(super) component: RawComponent<'a>,
    #[serde(borrow)]
    pub(super) tools: RawTools<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTools<'a> {
    #[serde(borrow)]
    pub(super) components: [RawComponent<'a>; 1],
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawComponent<'a> {
    #[serde(borrow, rename = "bom-ref", default, skip_serializing_if = "Option::is_none")]
    pub(super) bom_ref: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) evidence: Option<RawEvidence<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "is_empty")]
    pub(super) hashes: Vec<RawHash<'a>>,
    #[serde(borrow, default, skip_serializing_if = "is_empty")]
    pub(super) licenses: Vec<RawLicenseChoice<'a>>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "is_empty")]
    pub(super) properties: Vec<RawProperty<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEvidence<'a> {
    #[serde(borrow)]
    pub(super) occurrences: Vec<RawOccurrence<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawOccurrence<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) additional_context: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) location: Text<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHash<'a> {
    #[serde(borrow)]
    pub(super) alg: Text<'a>,
    #[serde(borrow)]
    pub(super) content: Text<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLicenseChoice<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) expression: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) license: Option<RawLicense<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLicense<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProperty<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Text<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawDependency<'a> {
    #[serde(borrow)]
    pub(super) depends_on: Vec<Text<'a>>,
    #[serde(borrow, rename = "ref")]
    pub(super) reference: Text<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawComposition<'a> {
    #[serde(borrow)]
    pub(super) aggregate: Text<'a>,
    #[serde(borrow)]
    pub(super) assemblies: Vec<Text<'a>>,
}
