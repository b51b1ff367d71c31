//! One meaning, one digest: whatever the order, the layout and the syntax.

use super::{kdl, toml};
use proptest::prelude::*;

const TABLES: &[(&str, &[&str])] = &[
    ("[project]", &["name = 'p'"]),
    ("[scan]", &["engine = 'builtin'", "jobs = 3"]),
    ("[trust]", &["roots = ['b', 'a']", "keys = ['k']", "revoked = [{ key = 'z', since = 2026-10-01, reason = 'r' }]"]),
    ("[policy.a]", &["extends = 'b'", "max = { low = 3 }", "epss = 0.25"]),
    ("[policy.b]", &["max = { high = 0, low = 9 }", "grace.high = '7d'", "licenses.allow = ['MIT', 'Zlib']"]),
    ("[images.i]", &["ref = 'oci:i'", "platform = 'linux/amd64'", "base = 'j'"]),
    ("[images.j]", &["ref = 'oci:j'"]),
    ("[services.s]", &["path = 's'", "images = ['i', 'j']", "policy = 'a'", "depends-on = ['t', 'u']"]),
    ("[services.t]", &["path = './t/'", "policy = 'b'", "owner = 'team'"]),
    ("[services.u]", &["images = ['j']", "policy = 'b'"]),
    ("[[waiver]]", &["id = 'A'", "reason = 'r'", "owner = 'o'", "expires = 2026-01-01", "services = ['t', 's']"]),
    ("[[waiver]]", &["id = 'B'", "reason = 'r'", "owner = 'o'", "expires = 2026-01-02", "package = 'pkg:npm/x'"]),
];

/// The same in KDL, one node for each table.
const NODES: &[&str] = &[
    "project name=p",
    "scan { jobs 3; engine builtin }",
    "trust { keys k; roots a b; revoked key=z since=\"2026-10-01\" reason=r }",
    "policy a epss=0.25 { extends b; max low=3 }",
    "policy b { licenses { allow Zlib MIT }; max low=9 high=0; grace high=\"7d\" }",
    "image i ref=\"oci:i\" base=j platform=\"linux/amd64\"",
    "image j { ref \"oci:j\" }",
    "service s path=s policy=a { depends-on u t; images j i }",
    "service t path=t policy=b owner=team",
    "service u policy=b { images j }",
    "waiver id=A reason=r owner=o expires=\"2026-01-01\" { services s t }",
    "waiver id=B reason=r owner=o expires=\"2026-01-02\" package=\"pkg:npm/x\"",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn order_and_syntax_mean_nothing(
        tables in Just((0..TABLES.len()).collect::<Vec<_>>()).prop_shuffle(),
        nodes in Just(NODES.to_vec()).prop_shuffle(),
        turns in proptest::collection::vec(0usize..5, TABLES.len()),
        gap in "[ \t\n]{0,3}",
    ) {
        let plain: String = TABLES.iter().map(|(head, keys)| format!("{head}\n{}\n", keys.join("\n"))).collect();
        let plain = toml(&format!("version = 1\n{plain}")).unwrap();

        let mut text = format!("version = 1\n{gap}");
        for table in tables {
            let (head, keys) = TABLES[table];
            let mut keys = keys.to_vec();
            let turn = turns[table] % keys.len();
            keys.rotate_left(turn);
            text.push_str(&format!("{head} # a note\n{gap}{}\n{gap}\n", keys.join(" # another\n")));
        }
        let shuffled = toml(&text).unwrap();
        prop_assert_eq!(plain.digest(), shuffled.digest());
        prop_assert_eq!(serde_json::to_vec(&plain).unwrap(), serde_json::to_vec(&shuffled).unwrap());
        prop_assert_eq!(&plain.waivers, &shuffled.waivers);

        let kdl = kdl(&format!("{}\n{gap}version 1\n", nodes.join("\n"))).unwrap();
        prop_assert_eq!(plain.digest(), kdl.digest());
    }

    #[test]
    fn no_text_is_too_odd(text in ".{0,200}", words in proptest::collection::vec("[a-z]{1,6}|[\\[\\]{}=.\"'#\n;/*-]|version|services|policy|max", 0..60)) {
        let _ = (toml(&text), kdl(&text));
        let text = words.concat();
        let _ = (toml(&text), kdl(&text));
        let text = words.join(" ");
        for result in [toml(&text), kdl(&text)] {
            if let Err(errors) = result {
                prop_assert!(!errors.errors().is_empty());
                let _ = super::rendered(&errors);
            }
        }
    }
}

#[test]
fn another_meaning_has_another_digest() {
    let base = toml(super::LEAST).unwrap();
    for (from, to) in [("high = 0", "high = 1"), ("path = 's'", "path = 'x'"), ("[services.s]", "[services.t]")] {
        assert_ne!(base.digest(), toml(&super::LEAST.replace(from, to)).unwrap().digest());
    }
    for same in ["scan.jobs = 3", "scan.stagger = '5s'", "scan.timeout = '1h'"] {
        let text = super::LEAST.replace("version = 1", &format!("version = 1\n{same}"));
        assert_eq!(base.digest(), toml(&text).unwrap().digest(), "{same} cannot change a result");
    }
}
