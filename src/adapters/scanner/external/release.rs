//! Files by which Trivy tells distributions, made from `os-release`, which says the same: a root filesystem's subject is of the
//! files that the built-in scanner reads, and those are none of them.

use std::collections::BTreeMap;
use std::path::Path;

/// The largest `os-release`, in bytes.
const LIMIT: u64 = 64 << 10;

/// Adds the file for a root filesystem's distribution, where it is not there.
pub(super) fn add(root: &Path) -> std::io::Result<()> {
    let Some(text) = ["etc/os-release", "usr/lib/os-release"].iter().find_map(|place| read(&root.join(place))) else {
        return Ok(());
    };
    let Some((place, content)) = file(&text) else { return Ok(()) };
    let path = root.join(place);
    if path.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(root.join("etc"))?;
    std::fs::write(path, content)
}

fn read(path: &Path) -> Option<String> {
    let size = path.metadata().ok()?.len();
    std::fs::read_to_string(path).ok().filter(|_| size <= LIMIT)
}

/// The file's place and content.
fn file(os_release: &str) -> Option<(&'static str, String)> {
    let pairs = os_release.lines().filter_map(|line| line.trim().split_once('='));
    let values: BTreeMap<&str, &str> = pairs.map(|(name, value)| (name, value.trim_matches(['"', '\'']))).collect();
    let version = values.get("VERSION_ID").filter(|version| !version.is_empty())?;
    Some(match *values.get("ID")? {
        "debian" => ("etc/debian_version", format!("{version}\n")),
        "alpine" => ("etc/alpine-release", format!("{version}\n")),
        "ubuntu" => ("etc/lsb-release", format!("DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={version}\n")),
        "rocky" => ("etc/rocky-release", format!("Rocky Linux release {version}\n")),
        "almalinux" => ("etc/almalinux-release", format!("AlmaLinux release {version}\n")),
        "rhel" => ("etc/redhat-release", format!("Red Hat Enterprise Linux release {version}\n")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_have_their_file() {
        let of = |text| file(text).map(|(place, content)| (place, content.trim_end().to_owned()));
        assert_eq!(of("ID=debian\nVERSION_ID=\"12\"\n"), Some(("etc/debian_version", "12".into())));
        assert_eq!(of("VERSION_ID='9.4'\nID=\"rocky\""), Some(("etc/rocky-release", "Rocky Linux release 9.4".into())));
        assert_eq!((of("ID=debian"), of("ID=wolfi\nVERSION_ID=1"), of("")), (None, None, None));
    }

    #[test]
    fn what_is_there_stays() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("usr/lib")).unwrap();
        std::fs::write(root.join("usr/lib/os-release"), "ID=debian\nVERSION_ID=12\n").unwrap();
        add(root).unwrap();
        assert_eq!(std::fs::read_to_string(root.join("etc/debian_version")).unwrap(), "12\n");
        std::fs::write(root.join("etc/debian_version"), "12.11\n").unwrap();
        add(root).unwrap();
        assert_eq!(std::fs::read_to_string(root.join("etc/debian_version")).unwrap(), "12.11\n");
    }
}
