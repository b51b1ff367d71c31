//! Since when a distribution's release gets no fixes any more. Past that day no advisories are written for it, so that
//! nothing found means nothing.
//!
//! What counts is support that comes with the release for nothing: Debian with its LTS period
//! (<https://wiki.debian.org/LTS>), Ubuntu's standard support without Pro (<https://ubuntu.com/about/release-cycle>), Alpine's
//! `main` repository (<https://alpinelinux.org/releases/>). The days of Debian and Ubuntu are those of the package
//! `distro-info-data` of April 2026 (<https://salsa.debian.org/debian/distro-info-data>), columns `eol-lts` and `eol`. Those of the rpm distributions are the
//! ends of maintenance that each announces: <https://access.redhat.com/support/policy/updates/errata>,
//! <https://wiki.almalinux.org/release-notes/>, <https://wiki.rockylinux.org/rocky/version/>,
//! <https://www.centos.org/cl-vs-cs/>, <https://www.oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf>,
//! <https://aws.amazon.com/linux/>, <https://en.opensuse.org/Lifetime>, <https://docs.fedoraproject.org/en-US/releases/eol/>,
//! <https://www.suse.com/lifecycle> (general support, without LTSS; Micro has four years of it).

use crate::model::{Date, Distro};

/// A release and the last day it is looked after.
type Row = ((u32, u32), &'static str);

const DEBIAN: &[Row] = &[
    ((6, 0), "2016-02-29"),
    ((7, 0), "2018-05-31"),
    ((8, 0), "2020-06-30"),
    ((9, 0), "2022-06-30"),
    ((10, 0), "2024-06-30"),
    ((11, 0), "2026-08-31"),
    ((12, 0), "2028-06-30"),
    ((13, 0), "2030-06-30"),
];

const UBUNTU: &[Row] = &[
    ((12, 4), "2017-04-28"),
    ((12, 10), "2014-05-16"),
    ((13, 4), "2014-01-27"),
    ((13, 10), "2014-07-17"),
    ((14, 4), "2019-04-25"),
    ((14, 10), "2015-07-23"),
    ((15, 4), "2016-02-04"),
    ((15, 10), "2016-07-28"),
    ((16, 4), "2021-04-30"),
    ((16, 10), "2017-07-20"),
    ((17, 4), "2018-01-13"),
    ((17, 10), "2018-07-19"),
    ((18, 4), "2023-05-31"),
    ((18, 10), "2019-07-18"),
    ((19, 4), "2020-01-23"),
    ((19, 10), "2020-07-17"),
    ((20, 4), "2025-05-29"),
    ((20, 10), "2021-07-22"),
    ((21, 4), "2022-01-20"),
    ((21, 10), "2022-07-14"),
    ((22, 4), "2027-06-01"),
    ((22, 10), "2023-07-20"),
    ((23, 4), "2024-01-25"),
    ((23, 10), "2024-07-11"),
    ((24, 4), "2029-05-31"),
    ((24, 10), "2025-07-10"),
    ((25, 4), "2026-01-15"),
    ((25, 10), "2026-07-09"),
    ((26, 4), "2031-05-29"),
    ((26, 10), "2027-07-15"),
];

const ALPINE: &[Row] = &[
    ((3, 0), "2016-05-01"),
    ((3, 1), "2016-11-01"),
    ((3, 2), "2017-05-01"),
    ((3, 3), "2017-11-01"),
    ((3, 4), "2018-05-01"),
    ((3, 5), "2018-11-01"),
    ((3, 6), "2019-05-01"),
    ((3, 7), "2019-11-01"),
    ((3, 8), "2020-05-01"),
    ((3, 9), "2020-11-01"),
    ((3, 10), "2021-05-01"),
    ((3, 11), "2021-11-01"),
    ((3, 12), "2022-05-01"),
    ((3, 13), "2022-11-01"),
    ((3, 14), "2023-05-01"),
    ((3, 15), "2023-11-01"),
    ((3, 16), "2024-05-23"),
    ((3, 17), "2024-11-22"),
    ((3, 18), "2025-05-09"),
    ((3, 19), "2025-11-01"),
    ((3, 20), "2026-04-01"),
    ((3, 21), "2026-11-01"),
    ((3, 22), "2027-05-01"),
    ((3, 23), "2027-11-01"),
];

const RHEL: &[Row] = &[
    ((5, 0), "2017-03-31"),
    ((6, 0), "2020-11-30"),
    ((7, 0), "2024-06-30"),
    ((8, 0), "2029-05-31"),
    ((9, 0), "2032-05-31"),
    ((10, 0), "2035-05-31"),
];

const ALMA: &[Row] = &[((8, 0), "2029-03-01"), ((9, 0), "2032-05-31"), ((10, 0), "2035-05-31")];

const ROCKY: &[Row] = &[((8, 0), "2029-05-31"), ((9, 0), "2032-05-31"), ((10, 0), "2035-05-31")];

/// Of 8 the later one, that of Stream: `os-release` does not always tell them apart.
const CENTOS: &[Row] = &[
    ((5, 0), "2017-03-31"),
    ((6, 0), "2020-11-30"),
    ((7, 0), "2024-06-30"),
    ((8, 0), "2024-05-31"),
    ((9, 0), "2027-05-31"),
];

const ORACLE: &[Row] =
    &[((6, 0), "2021-03-31"), ((7, 0), "2024-12-31"), ((8, 0), "2029-07-31"), ((9, 0), "2032-06-30")];

const AMAZON: &[Row] = &[((2, 0), "2026-06-30"), ((2018, 0), "2023-12-31"), ((2023, 0), "2029-06-30")];

const LEAP: &[Row] = &[
    ((15, 0), "2019-12-03"),
    ((15, 1), "2021-02-02"),
    ((15, 2), "2022-01-04"),
    ((15, 3), "2022-12-31"),
    ((15, 4), "2023-12-07"),
    ((15, 5), "2024-12-31"),
    ((15, 6), "2026-04-30"),
    ((16, 0), "2027-10-31"),
];

const SUSE: &[Row] = &[
    ((11, 0), "2010-12-31"),
    ((11, 1), "2012-08-31"),
    ((11, 2), "2014-01-31"),
    ((11, 3), "2016-01-31"),
    ((11, 4), "2019-03-31"),
    ((12, 0), "2016-06-30"),
    ((12, 1), "2017-05-31"),
    ((12, 2), "2018-03-31"),
    ((12, 3), "2019-06-30"),
    ((12, 4), "2020-06-30"),
    ((12, 5), "2024-10-31"),
    ((15, 0), "2019-12-31"),
    ((15, 1), "2021-01-31"),
    ((15, 2), "2021-12-31"),
    ((15, 3), "2022-12-31"),
    ((15, 4), "2023-12-31"),
    ((15, 5), "2024-12-31"),
    ((15, 6), "2025-12-31"),
    ((15, 7), "2031-07-31"),
];

const SUSE_MICRO: &[Row] = &[
    ((5, 1), "2025-10-31"),
    ((5, 2), "2026-04-30"),
    ((5, 3), "2026-10-30"),
    ((5, 4), "2027-04-30"),
    ((5, 5), "2027-10-31"),
    ((6, 0), "2028-06-30"),
    ((6, 1), "2028-11-30"),
];

const FEDORA: &[Row] =
    &[((37, 0), "2023-12-05"), ((38, 0), "2024-05-21"), ((39, 0), "2024-11-26"), ((40, 0), "2025-05-13")];

/// The last day that a release is looked after. A release that is not in the table is taken for the next later one that is:
/// older than all of them, it is as long over as the oldest; newer than all of them, nothing is known against it, which is
/// `None`, as for a distribution without releases or one we know nothing of.
pub fn last_day(distro: &Distro) -> Option<Date> {
    // And whether a release is named by two numbers.
    let (rows, by_minor) = match distro.id.as_str() {
        "debian" => (DEBIAN, false),
        "ubuntu" => (UBUNTU, true),
        "alpine" => (ALPINE, true),
        "rhel" => (RHEL, false),
        "almalinux" => (ALMA, false),
        "rocky" => (ROCKY, false),
        "centos" => (CENTOS, false),
        "ol" => (ORACLE, false),
        "amzn" => (AMAZON, false),
        "opensuse-leap" => (LEAP, true),
        "sles" | "sles_sap" | "sled" | "sle_hpc" => (SUSE, true),
        "sle-micro" | "sl-micro" | "suse-microos" | "slem" => (SUSE_MICRO, true),
        "fedora" => (FEDORA, false),
        _ => return None,
    };
    let mut numbers = distro.version.split('.').map(leading_number);
    let major = numbers.next()??;
    // The first release of SUSE's is named by one number alone.
    let minor = if by_minor { numbers.next().unwrap_or(Some(0))? } else { 0 };
    let (_, day) = rows.iter().find(|(release, _)| *release >= (major, minor))?;
    Date::parse(day).ok()
}

/// The number that a part of a version begins with (`21` of Alpine's `3.21_alpha20240807`).
fn leading_number(part: &str) -> Option<u32> {
    let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
    part[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order_and_readable() {
        for rows in [DEBIAN, UBUNTU, ALPINE, RHEL, ALMA, ROCKY, CENTOS, ORACLE, AMAZON, LEAP, SUSE, SUSE_MICRO, FEDORA]
        {
            assert!(rows.is_sorted_by(|a, b| a.0 < b.0));
            assert!(rows.iter().all(|(_, day)| Date::parse(day).is_ok()));
        }
    }

    #[test]
    fn releases_are_found() {
        for (id, version, day) in [
            ("debian", "12", Some("2028-06-30")),
            ("debian", "9.13", Some("2022-06-30")),
            ("debian", "4", Some("2016-02-29")),
            ("debian", "14", None),
            ("debian", "", None),
            ("ubuntu", "22.04", Some("2027-06-01")),
            ("ubuntu", "9.10", Some("2017-04-28")),
            ("ubuntu", "28.04", None),
            ("alpine", "3.20.3", Some("2026-04-01")),
            ("alpine", "3.9.6", Some("2020-11-01")),
            ("alpine", "3.21_alpha20240807", Some("2026-11-01")),
            ("alpine", "2.7", Some("2016-05-01")),
            ("alpine", "99999999999.1", None),
            ("wolfi", "20230201", None),
            ("rhel", "8.10", Some("2029-05-31")),
            ("almalinux", "9.4", Some("2032-05-31")),
            ("centos", "8", Some("2024-05-31")),
            ("amzn", "2018.03", Some("2023-12-31")),
            ("opensuse-leap", "15.5", Some("2024-12-31")),
            ("opensuse-leap", "16.0", Some("2027-10-31")),
            ("opensuse-leap", "16.1", None),
            ("sles", "15.5", Some("2024-12-31")),
            ("sles", "15", Some("2019-12-31")),
            ("sles_sap", "12.5", Some("2024-10-31")),
            ("sles", "15.7", Some("2031-07-31")),
            ("sles", "16.0", None),
            ("sle-micro", "5.5", Some("2027-10-31")),
            ("sl-micro", "6.0", Some("2028-06-30")),
            ("fedora", "30", Some("2023-12-05")),
            ("fedora", "43", None),
        ] {
            let distro = Distro { id: id.into(), version: version.into(), codename: None };
            assert_eq!(last_day(&distro), day.map(|day| Date::parse(day).unwrap()), "{id} {version}");
        }
    }
}
