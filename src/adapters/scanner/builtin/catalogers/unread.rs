//! Package lists that this version knows of but does not read. Each is a gap: a subject that holds one is incomplete, never
//! clean by silence. A cataloger that learns to read one takes it off these lists.

use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};

/// Names of files in source trees.
const SOURCE: &[&str] = &["Cartfile.resolved", "bun.lockb", "rebar.lock"];

/// Endings of files in source trees: projects of .NET, whose packages stand in them where there is no lockfile.
const SOURCE_ENDINGS: &[&str] = &[".csproj", ".fsproj", ".vbproj"];

/// Package lists of source trees.
pub(super) struct UnreadSource;

/// The gap that stands for the file.
fn unread() -> Result<Parsed, ParseError> {
    Err(ParseError("this version does not read such package lists".into()))
}

impl Cataloger for UnreadSource {
    fn name(&self) -> &'static str {
        "unread-source"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let name = file.file_name();
        SOURCE.contains(&name) || SOURCE_ENDINGS.iter().any(|ending| name.ends_with(ending))
    }

    fn parse(&self, _: &File<'_>) -> Result<Parsed, ParseError> {
        unread()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::parse;
    use super::*;

    #[test]
    fn what_is_not_read_is_said() {
        let wants =
            |cataloger: &dyn Cataloger, path: &str| cataloger.wants(&FileFacts { path, size: 1, executable: false });
        for path in ["a/bun.lockb", "Cartfile.resolved", "rebar.lock", "src/Cart.csproj"] {
            assert!(wants(&UnreadSource, path), "{path}");
            assert!(parse(&UnreadSource, path, "").is_err());
        }
        assert!(!wants(&UnreadSource, "package-lock.json"));
    }
}
