//! OpenWrt's and Yocto's package database, `opkg/status`: in the form of dpkg's.
//! Format: <https://git.yoctoproject.org/opkg/tree/libopkg/pkg_parse.c>.

use super::dpkg::{package, stanzas};
use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads};

/// Where the database lies.
const PLACES: &[&str] = &["usr/lib/opkg/status", "var/lib/opkg/status", "opt/lib/opkg/status"];

/// Reads the database.
pub(super) struct Opkg;

impl Cataloger for Opkg {
    fn name(&self) -> &'static str {
        "opkg"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        PLACES.contains(&file.path)
    }

    fn places(&self) -> &'static [&'static str] {
        PLACES
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let bytes = file.content.bytes()?;
        let text = String::from_utf8_lossy(&bytes);
        let mut parsed = Parsed::default();
        if !text.is_empty() && !text.ends_with('\n') {
            parsed.gap("the last line is cut off".into());
        }
        for (number, stanza) in stanzas(&text).enumerate() {
            match package(&stanza, false) {
                Ok(Some(mut package)) => {
                    package.manager = "opkg".into();
                    // Where it was built from is a path in a feed, not a package.
                    package.source = None;
                    parsed.add(Found::System(package));
                }
                Ok(None) => {}
                Err(what) => parsed.gap(format!("entry {}: {what}", number + 1)),
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{damage, parse};
    use super::*;

    const PATH: &str = "usr/lib/opkg/status";
    const GOOD: &str = "Package: busybox\nVersion: 1.36.1-1\nDepends: libc\nStatus: install user installed\n\
        Architecture: mips_24kc\nInstalled-Time: 1700000000\n\nPackage: gone\nVersion: 1\nStatus: deinstall user not-installed\n";

    #[test]
    fn lists_what_is_installed() {
        let parsed = parse(&Opkg, PATH, GOOD).unwrap();
        let [Found::System(package)] = parsed.found.as_slice() else { panic!("{parsed:?}") };
        assert_eq!((package.manager.as_str(), package.version.as_str()), ("opkg", "1.36.1-1"));
        assert_eq!(parse(&Opkg, PATH, "Package: a\nVersion: 1\n").unwrap().gaps.len(), 1);
    }

    #[test]
    fn no_damage_panics() {
        damage(&Opkg, PATH, GOOD);
    }
}
