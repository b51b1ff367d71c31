//! CycloneDX documents of other tools, as far as they are read. <https://cyclonedx.org/docs/1.6/json/>

use crate::ports::ScanError;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bom<'a> {
    #[serde(borrow)]
    bom_format: Cow<'a, str>,
    #[serde(borrow)]
    spec_version: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) metadata: Metadata<'a>,
    #[serde(borrow, default)]
    pub(crate) components: Option<Vec<Component<'a>>>,
    #[serde(borrow, default)]
    pub(crate) dependencies: Vec<Dependency<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Metadata<'a> {
    #[serde(borrow)]
    tools: Tools<'a>,
    #[serde(borrow)]
    pub(crate) component: Component<'a>,
}

#[derive(Debug, Deserialize)]
struct Tools<'a> {
    #[serde(borrow, default)]
    components: Vec<Component<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Component<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(rename = "bom-ref", borrow, default)]
    pub(crate) reference: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) purl: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) licenses: Vec<Choice<'a>>,
    #[serde(borrow, default)]
    properties: Vec<Property<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Choice<'a> {
    #[serde(borrow, default)]
    expression: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    license: Option<License<'a>>,
}

#[derive(Debug, Deserialize)]
struct License<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Property<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    value: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dependency<'a> {
    #[serde(rename = "ref", borrow)]
    pub(crate) reference: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) depends_on: Vec<Cow<'a, str>>,
}

impl Component<'_> {
    /// The first property of a name.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every property of a name.
    pub(crate) fn all<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s str> {
        self.properties.iter().filter(move |property| property.name == name).map(|property| property.value.as_ref())
    }

    /// Its licences, as it states them.
    pub(crate) fn license_texts(&self) -> Vec<String> {
        let text = |choice: &Choice<'_>| {
            let license = choice.license.as_ref();
            let stated = choice.expression.as_ref().or_else(|| license?.id.as_ref().or(license?.name.as_ref()))?;
            Some(stated.trim().to_owned()).filter(|text| !text.is_empty())
        };
        self.licenses.iter().filter_map(text).collect()
    }
}

impl<'a> Bom<'a> {
    /// A document of a tool at a version.
    ///
    /// # Errors
    /// Half a document, another format, or another tool's.
    pub(crate) fn parse(bytes: &'a [u8], tool: &str, version: &str) -> Result<Self, ScanError> {
        let unusable = |reason: &dyn std::fmt::Display| ScanError::Unusable(format!("the report of {tool} {reason}"));
        let bom: Self = serde_json::from_slice(bytes)
            .map_err(|error| unusable(&format_args!("is not whole or not CycloneDX: {error}")))?;
        if bom.bom_format != "CycloneDX" || !matches!(&*bom.spec_version, "1.4" | "1.5" | "1.6") {
            return Err(unusable(&format_args!(
                "is {} {}, not CycloneDX 1.4 to 1.6",
                bom.bom_format, bom.spec_version
            )));
        }
        let by = |component: &Component<'_>| {
            component.name == tool
                && component.version.as_deref().is_some_and(|it| it.trim_start_matches('v') == version)
        };
        if !bom.metadata.tools.components.iter().any(by) {
            return Err(unusable(&format_args!("does not say that {tool} {version} made it")));
        }
        Ok(bom)
    }

    /// Components by their references.
    pub(crate) fn by_reference(&self) -> BTreeMap<&str, &Component<'a>> {
        let all = self.components.iter().flatten();
        all.filter_map(|component| Some((component.reference.as_deref()?, component))).collect()
    }
}
