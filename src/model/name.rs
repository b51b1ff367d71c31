//! Names that users give to services, images, policies and roles.

use serde::{Deserialize, Serialize};

/// A name from `compliance.toml`: 1 to 128 of `a-z A-Z 0-9 . _ -`, starting with a letter or digit. It can stand in a
/// file name, a tag and a URI without quoting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Box<str>);

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 128 letters, digits, `.`, `_` or `-`, and starts with a letter or digit")]
pub struct NameError;

impl Name {
    /// Checks and keeps the name.
    ///
    /// # Errors
    /// A text that is empty, too long or has another character.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let first = text.bytes().next().ok_or(NameError)?;
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if text.len() <= 128 && first.is_ascii_alphanumeric() && text.bytes().all(inner) {
            Ok(Self(text.into()))
        } else {
            Err(NameError)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.into()
    }
}
