//! SUSE's products by the packages that they share.
//!
//! OSV names a product of SUSE for each record (`Linux Enterprise Module for Basesystem 15 SP5`, `Linux Enterprise Server 15
//! SP5-LTSS`): which of them a package was released to. An image tells its service pack and nothing of products: modules need no
//! mark in it, and which kind of support somebody pays for is not written anywhere. All products of a service pack are built
//! from the same sources, a source package in one version for all of them
//! (<https://documentation.suse.com/sles/15-SP7/html/SLES-all/article-modules.html>), so the service pack is the release that
//! counts: `Linux Enterprise 15 SP5`.
//!
//! Left as they are named, and so never matched, are products that have packages of their own in other versions under the same
//! names: SUSE Manager and its client tools, Enterprise Storage, OpenStack Cloud, Liberty Linux, Teradata's editions, and the
//! modules for certifications (versions that were certified, not the newest) and for confidential computing (their own qemu).
//! What they take from a service pack, records name for that as well.

/// What the records of SUSE Linux Enterprise 12's modules go by, which have no service packs: they speak of packages of each.
const MODULES_OF_12: &str = "Linux Enterprise 12 Modules";

/// What stands behind the version of a product whose support lasts longer.
const SUPPORT: [&str; 7] = ["LTSS", "ESPOS", "BCL", "EXTREME", "CORE", "Extended", "Security"];

/// Words of products that have a stream of their own.
const APART: [&str; 7] = ["Certifications", "Confidential", "Manager", "Storage", "CLIENT", "TERADATA", "Teradata"];

/// The release that a product's packages are of (`Linux Enterprise 15 SP5`, `Linux Enterprise Micro 5.5`, `Linux Micro 6.0`);
/// `None` where it is no more than itself.
pub(super) fn stream(product: &str) -> Option<String> {
    let mut words: Vec<&str> = product.split([' ', '-']).collect();
    while words.last().is_some_and(|word| SUPPORT.contains(word)) {
        words.pop();
    }
    if words.iter().any(|word| APART.contains(word)) {
        return None;
    }
    let last = words.pop()?;
    let named = |name: &[&str]| words.starts_with(name);
    if named(&["Linux", "Enterprise", "Micro"]) || named(&["MicroOS"]) || named(&["Linux", "Micro"]) {
        return micro(last);
    }
    if !(named(&["Linux", "Enterprise"]) || named(&["Real", "Time", "Module"]) || named(&["Package", "Hub"])) {
        return None;
    }
    let pack = last.strip_prefix("SP");
    let major = if pack.is_some() { words.pop()? } else { last };
    let is_shared = words.iter().any(|word| matches!(*word, "Module" | "Hub"));
    match pack {
        None if major == "12" && is_shared => Some(MODULES_OF_12.to_owned()),
        None => enterprise(major),
        Some(pack) => enterprise(&format!("{major}.{pack}")),
    }
}

/// The release of a version as `os-release` has it: `15.5` is `Linux Enterprise 15 SP5`, `16.0` is `Linux Enterprise 16.0`.
pub(super) fn enterprise(version: &str) -> Option<String> {
    let (major, minor) = numbers(version)?;
    match (major, minor) {
        (11 | 12 | 15, None | Some(0)) => Some(format!("Linux Enterprise {major}")),
        (11 | 12 | 15, Some(pack)) => Some(format!("Linux Enterprise {major} SP{pack}")),
        (16.., Some(minor)) => Some(format!("Linux Enterprise {major}.{minor}")),
        _ => None,
    }
}

/// The release of a version of Micro, which had another name before 6.
pub(super) fn micro(version: &str) -> Option<String> {
    match numbers(version)? {
        (5, Some(minor)) => Some(format!("Linux Enterprise Micro 5.{minor}")),
        (major @ 6.., Some(minor)) => Some(format!("Linux Micro {major}.{minor}")),
        _ => None,
    }
}

fn numbers(version: &str) -> Option<(u32, Option<u32>)> {
    let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    match version.split_once('.') {
        None => Some((number(version)?, None)),
        Some((major, minor)) => Some((number(major)?, Some(number(minor)?))),
    }
}

/// The release whose records speak of packages of a release as well.
pub(super) fn shared(release: &str) -> Option<&'static str> {
    release.starts_with("Linux Enterprise 12").then_some(MODULES_OF_12).filter(|shared| *shared != release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_one_service_pack_share_its_packages() {
        for (product, expected) in [
            ("Linux Enterprise Server 15 SP5", Some("Linux Enterprise 15 SP5")),
            ("Linux Enterprise Server 15 SP5-LTSS", Some("Linux Enterprise 15 SP5")),
            ("Linux Enterprise High Performance Computing 15 SP5-ESPOS", Some("Linux Enterprise 15 SP5")),
            ("Linux Enterprise Server for SAP Applications 15 SP5", Some("Linux Enterprise 15 SP5")),
            ("Linux Enterprise Module for Basesystem 15 SP5", Some("Linux Enterprise 15 SP5")),
            ("Linux Enterprise Module for Python 3 15 SP5", Some("Linux Enterprise 15 SP5")),
            ("Linux Enterprise Module for Public Cloud 15 SP5", Some("Linux Enterprise 15 SP5")),
            ("Linux Enterprise Live Patching 15 SP5", Some("Linux Enterprise 15 SP5")),
            ("Real Time Module 15 SP5", Some("Linux Enterprise 15 SP5")),
            ("Package Hub 15 SP5", Some("Linux Enterprise 15 SP5")),
            ("Linux Enterprise 15 SP5", Some("Linux Enterprise 15 SP5")),
            ("Linux Enterprise Module for Basesystem 15", Some("Linux Enterprise 15")),
            ("Linux Enterprise Server 15-LTSS", Some("Linux Enterprise 15")),
            ("Linux Enterprise Server LTSS Extended Security 12 SP5", Some("Linux Enterprise 12 SP5")),
            ("Linux Enterprise Server 12 SP5-LTSS Extended Security", Some("Linux Enterprise 12 SP5")),
            ("Linux Enterprise Server 11 SP4-LTSS EXTREME CORE", Some("Linux Enterprise 11 SP4")),
            ("Linux Enterprise Module for Web and Scripting 12", Some(MODULES_OF_12)),
            ("Linux Enterprise Server 12", Some("Linux Enterprise 12")),
            ("Linux Enterprise Server 16.0", Some("Linux Enterprise 16.0")),
            ("Linux Enterprise Server for SAP applications 16.0", Some("Linux Enterprise 16.0")),
            ("Linux Enterprise Micro 5.5", Some("Linux Enterprise Micro 5.5")),
            ("Linux Enterprise Micro for Rancher 5.3", Some("Linux Enterprise Micro 5.3")),
            ("MicroOS 5.1", Some("Linux Enterprise Micro 5.1")),
            ("Linux Micro 6.0", Some("Linux Micro 6.0")),
            ("Linux Micro Extras 6.0", Some("Linux Micro 6.0")),
            ("Linux Enterprise Module for SUSE Manager Server 4.3", None),
            ("Linux Enterprise Module for Certifications 15 SP7", None),
            ("Linux Enterprise Module for Confidential Computing Technical Preview 15 SP6", None),
            ("Linux Enterprise Server for SAP Applications 11 SP4-CLIENT-TOOLS", None),
            ("Linux Enterprise Server 12 SP3-LTSS-TERADATA", None),
            ("Manager Server 4.3", None),
            ("Enterprise Storage 7.1", None),
            ("OpenStack Cloud 9", None),
            ("Liberty Linux 9", None),
            ("Linux Enterprise Server 15 SP", None),
            ("Linux Enterprise", None),
            ("Linux Enterprise Server 4 SP2", None),
            (MODULES_OF_12, None),
            ("", None),
        ] {
            assert_eq!(stream(product).as_deref(), expected, "{product}");
        }
    }

    #[test]
    fn modules_of_12_have_no_service_packs() {
        assert_eq!(shared("Linux Enterprise 12 SP5"), Some(MODULES_OF_12));
        assert_eq!((shared(MODULES_OF_12), shared("Linux Enterprise 15 SP5")), (None, None));
    }
}
