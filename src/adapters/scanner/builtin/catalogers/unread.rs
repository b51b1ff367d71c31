//! Package lists that this version knows of but does not read. Each is a gap: a subject that holds one is incomplete, never
//! clean by silence. A cataloger that learns to read one takes it off these lists.

use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};

/// Names of files in source trees.
const SOURCE: &[&str] = &["bun.lockb"];

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
        3
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        SOURCE.contains(&file.file_name())
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
        for path in ["a/bun.lockb", "bun.lockb"] {
            assert!(wants(&UnreadSource, path), "{path}");
            assert!(parse(&UnreadSource, path, "").is_err());
        }
        assert!(!wants(&UnreadSource, "package-lock.json"));
    }
}
