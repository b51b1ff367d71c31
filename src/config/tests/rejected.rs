//! One wrong file for each code, and files made to do harm.

use super::{LEAST, kdl, toml};
use crate::config::{Syntax, load};

/// The least config with lines added at its top, and at its end.
fn with(top: &str, end: &str) -> String {
    format!("{}{end}\n", LEAST.replace("version = 1\n", &format!("version = 1\n{top}\n")))
}

#[test]
fn each_for_its_reason() {
    let service = |line: &str| format!("[services.t]\n{line}");
    let waiver = |line: &str| format!("[[waiver]]\nowner = 'o'\nreason = 'r'\n{line}");
    let end = |text: String| with("", &text);
    let cases: Vec<(String, &[&str])> = vec![
        ("project.name = 'p'".into(), &["config::missing-key", "config::missing-key"]),
        (LEAST.replace("version = 1", "version = 2\nwhatever = 3"), &["config::version"]),
        (LEAST.replace("version = 1", "version = '1'"), &["config::version"]),
        (LEAST.replace("version = 1", "version = 99999999999999999999"), &["config::number"]),
        (with("scan.jobs = 0x8000000000000000", ""), &["config::number"]),
        (with("policy.b.epss = 1e999", ""), &["config::number"]),
        (with("policy.b.epss = nan", ""), &["config::number"]),
        (with("policy.b.epss = 1.5", ""), &["config::out-of-range"]),
        (with("scan.jobs = 1025", ""), &["config::out-of-range"]),
        (with("scan.stagger = '2w'", ""), &["config::out-of-range"]),
        (with("scan.timeout = '0s'", ""), &["config::out-of-range"]),
        (with("scan.timeout = '5 min'", ""), &["config::duration"]),
        (with("policy.b.max.high = 1", ""), &["config::duplicate-key"]),
        (with("policy.b.max.urgent = 1", ""), &["config::unknown-severity"]),
        (with("policy.b.max.low = -1", ""), &["config::out-of-range"]),
        (with("policy.b.grace.high = 7", ""), &["config::wrong-type"]),
        (with("policy.b.max-waiver = '181d'", ""), &["config::max-waiver"]),
        (with("policy.b.licenses.allow = ['MTI']", ""), &["config::license"]),
        (with("policy.b.licenses.allow = ['MIT AND Zlib']", ""), &["config::license"]),
        (with("policy.b.licenses.unknown = 'deny'", ""), &["config::missing-key"]),
        (with("policy.b.end-of-life = 'denied'", ""), &["config::unknown-value"]),
        (with("policy.b.extends = 'b'", ""), &["config::extends-cycle"]),
        (with("policy.b.extends = 'c'\npolicy.c.extends = 'b'", ""), &["config::extends-cycle"]),
        (with("policy.b.extends = 'c'", ""), &["config::unknown-policy"]),
        (with("advisories.ecosystems = ['NPM']", ""), &["config::ecosystem"]),
        (with("advisories.ecosystems = ['Debian:']", ""), &["config::ecosystem"]),
        (with("advisories.ecosystems = ['Linux']", ""), &["config::ecosystem"]),
        (with("store.dir = '../x'", ""), &["config::path-outside"]),
        (with("store.dir = 'a/../../x'", ""), &["config::path-outside"]),
        (with("store.dir = ''", ""), &["config::empty"]),
        (with("store.dir = \"a\\u0000b\"", ""), &["config::text"]),
        (with("store = 'x'", ""), &["config::wrong-type"]),
        (with("sign.key = '/etc/key'", ""), &["config::path-outside"]),
        (with("sign.key = 'C:/key'", ""), &["config::path-outside"]),
        (with("sign.with = 'team'", ""), &["config::unknown-role"]),
        (with("sign.timestamp = 'vault:team'", ""), &["config::unknown-role"]),
        (with("sign.timestamp = 'tsa.example.com'", ""), &["config::url"]),
        (with("trust.keys = ['~/key']", ""), &["config::path-outside"]),
        (with("trust.keys = ['a', './a']", ""), &["config::duplicate-item"]),
        (with("vault.address = 'http://vault.example.com'", ""), &["config::insecure-url"]),
        (with("vault.address = 'https://'", ""), &["config::url"]),
        (with("vault.roles.r = { engine = 'pki', role = 'x', ttl = '16m' }", ""), &["config::vault-ttl"]),
        (with("vault.roles.r = { engine = 'kv', path = 'x' }", ""), &["config::missing-key"]),
        (with("vault.roles.r = { engine = 'transit', role = 'x', field = 'f' }", ""), &["config::useless-key"]),
        (with("vault.roles.r = { engine = 'pki', role = 'x', key-version = 1 }", ""), &["config::useless-key"]),
        (with("vault.roles.r = { engine = 'transit', role = 'x', key-version = 0 }", ""), &["config::out-of-range"]),
        (with("vault.auth = { method = 'token', max-token-ttl = '25h' }", ""), &["config::vault-token-ttl"]),
        (with("vault.ca = '../ca.pem'", ""), &["config::path-outside"]),
        (with("vault.roles.local = { engine = 'transit', role = 'x' }", ""), &["config::reserved-name"]),
        (end(waiver("id = 'A'\nexpires = 2026-01-01\npackage = 'pkg:npm/@a/b@1'")), &["config::purl-version"]),
        (
            with("whatever = 1\npolicy.b.max.high = 1\nscan.jobs = 0", ""),
            &["config::unknown-key", "config::out-of-range", "config::duplicate-key"],
        ),
        (
            with("vault.roles.r = { engine = 'kv', path = 'x', field = 'f' }\nsign.with = 'r'", ""),
            &["config::role-engine"],
        ),
        (with("scan.trivy.token = 'text'", ""), &["config::literal-secret"]),
        (with("scan.trivy.server = 'https://t'\nscan.trivy.token = { vault = 'r' }", ""), &["config::unknown-role"]),
        (
            with(
                "scan.trivy.token = { vault = 'r' }\nvault.roles.r = { engine = 'kv', path = 'secret/data/x', field = 'f' }",
                "",
            ),
            &["config::useless-key"],
        ),
        (with("registry = [{ host = 'r.example' }]", ""), &["config::registry-credential"]),
        (
            with("registry = [{ host = 'r.example', username = 'u', password = 'text' }]", ""),
            &["config::registry-credential", "config::literal-secret"],
        ),
        (with("registry = [{ host = 'nohost', username = 'u', password = { vault = 'r' } }]", ""), &["config::host"]),
        (
            with(
                "registry = [{ host = 'r.example', token = { vault = 't' } }]\nvault.roles.t = { engine = 'transit', role = 'k' }",
                "",
            ),
            &["config::role-engine"],
        ),
        (with("scan.trivy.token = {}", ""), &["config::missing-key"]),
        (with("scan.trivy.sha256 = 'abc'", ""), &["config::sha256"]),
        (with("images.source.ref = 'oci:x'", ""), &["config::reserved-name"]),
        (with("images.x.ref = 'oic:x'", ""), &["config::image-ref"]),
        (with("images.x.ref = 'Upper/Case'", ""), &["config::image-ref"]),
        (with("images.x.ref = 'oci:x@sha256:12'", ""), &["config::image-ref"]),
        (with("images.x.ref = 'oci:/x'", ""), &["config::path-outside"]),
        (with("images.x = { ref = 'oci:x', platform = 'amd64' }", ""), &["config::platform"]),
        (with("images.x = { ref = 'oci:x', base = 'y' }", ""), &["config::unknown-image"]),
        (with("images.x = { ref = 'oci:x', base = 'x' }", ""), &["config::base-cycle"]),
        (end(service("policy = 'b'")), &["config::nothing-to-scan"]),
        (end(service("policy = 'b'\nimages = []")), &["config::nothing-to-scan"]),
        (end(service("path = 't'")), &["config::missing-key"]),
        (end(service("path = 't'\npolicy = 'c'")), &["config::unknown-policy"]),
        (end(service("path = 't'\npolicy = 'b'\ndepends-on = ['u']")), &["config::unknown-service"]),
        (end(service("path = 't'\npolicy = 'b'\ndepends-on = ['t']")), &["config::dependency-cycle"]),
        (end(service("images = ['i']\npolicy = 'b'")), &["config::unknown-image"]),
        (end(service("path = 't'\npolicy = 'b'\nexclude = ['../x']")), &["config::path-outside"]),
        (end("[services.'a b']\npath = 't'\npolicy = 'b'".into()), &["config::invalid-name"]),
        ("version = 1\nproject.name = 'p'\n[services]".into(), &["config::no-services"]),
        (end(waiver("id = 'A'")), &["config::missing-key"]),
        (end(waiver("id = 'A'\nexpires = 2026-02-30")), &["config::syntax"]),
        (end(waiver("id = 'A'\nexpires = '2026-2-3'")), &["config::date"]),
        (end(waiver("id = 'A'\nexpires = 2026-01-01T00:00:00Z")), &["config::wrong-type"]),
        (end(waiver("id = 'A B'\nexpires = 2026-01-01")), &["config::text"]),
        (end(waiver("id = 'A'\nexpires = 2026-01-01\nservices = ['x']")), &["config::unknown-service"]),
        (end(waiver("id = 'A'\nexpires = 2026-01-01\nservices = []")), &["config::empty"]),
        (end(waiver("id = 'A'\nexpires = 2026-01-01\npackage = 'lodash'")), &["config::purl"]),
        (end(waiver("id = 'A'\nexpires = 2026-01-01\npackage = 'pkg:npm/x@1'")), &["config::purl-version"]),
        (
            end(format!(
                "{}{}",
                waiver("id = 'A'\nexpires = 2026-01-01\n"),
                waiver("id = 'A'\nexpires = 2026-01-02\nservices = ['s']")
            )),
            &["config::duplicate-waiver"],
        ),
        (with("services = 3", ""), &["config::syntax"]),
    ];
    assert!(toml(LEAST).is_ok());
    for (text, codes) in cases {
        match toml(&text) {
            Ok(_) => panic!("loads, but for {codes:?} should not:\n{text}"),
            Err(errors) => assert_eq!(errors.codes(), codes, "{text}\n{}", super::rendered(&errors)),
        }
    }
}

#[test]
fn what_looks_odd_but_is_right() {
    for (top, end) in [
        ("vault.address = 'http://127.0.0.1:8200'", ""),
        ("vault.address = 'http://[::1]:8200/'", ""),
        ("store.dir = './a/../b/'", ""),
        ("policy.b.epss = 1", ""),
        ("policy.b.licenses.allow = []", ""),
        ("policy.b.licenses.allow = ['GPL-2.0', 'LicenseRef-ours', 'Apache-2.0 WITH LLVM-exception']", ""),
        (
            "images.x.ref = 'oci:images/x:1.0@sha256:0000000000000000000000000000000000000000000000000000000000000000'",
            "",
        ),
        ("images.x.ref = 'localhost:5000/a/b:v1'", ""),
        ("images.x.ref = 'nginx'", ""),
        ("images.'x.y' = { ref = 'oci:x' }", ""),
        ("waiver = []", ""),
        ("advisories.ecosystems = ['Debian:12', 'npm', 'Red Hat', 'SUSE', 'openSUSE:Leap 15.6']", ""),
    ] {
        let text = with(top, end);
        assert!(toml(&text).is_ok(), "{text}\n{}", super::rendered(&toml(&text).unwrap_err()));
    }
}

#[test]
fn texts_have_one_spelling() {
    let end = "[[waiver]]\nid = 'A'\nowner = 'o'\nreason = 'see ssh://git@host/x'\nexpires = 2026-01-01\npackage = 'pkg:NPM/@a/b'";
    let config =
        toml(&with("images.x.ref = 'oci:./images//x/:1.0'\nstore.dir = 'a/../b/'\nsign.key='./k'", end)).unwrap();
    assert_eq!(config.waivers[0].package.as_deref(), Some("pkg:npm/%40a/b"));
    assert_eq!(config.images["x"].reference, "oci:images/x:1.0");
    assert_eq!((config.store.dir.as_str(), config.sign.key.as_deref()), ("b", Some("k")));
}

#[test]
fn is_not_text() {
    let errors = load("x.toml", b"version = 1\n# \xff\xfe\n", Syntax::Toml).unwrap_err();
    assert_eq!(errors.codes(), ["config::not-utf8"]);
    assert_eq!(errors.errors()[0].position(), (2, 3));
    for syntax in [Syntax::Toml, Syntax::Kdl] {
        for bytes in [&b"\xff"[..], b"", b"\0", b"\xef\xbb\xbf"] {
            assert!(load("x", bytes, syntax).is_err());
        }
    }
}

#[test]
fn is_too_large_or_too_deep() {
    let large = vec![b'#'; (8 << 20) + 1];
    assert_eq!(load("x", &large, Syntax::Toml).unwrap_err().codes(), ["config::too-large"]);
    for open in ["[", "a=["] {
        assert_eq!(toml(&open.repeat((8 << 20) / open.len())).unwrap_err().codes()[0], "config::too-deep");
    }
    assert_eq!(kdl(&"a{".repeat(4 << 20)).unwrap_err().codes(), ["config::too-deep"]);
    let size = 512 << 10;
    for open in ["[", "{", "a=[", "a={b=", "'''\n'''[", "\"\\\"\"[", "a.", "[[a]]\n[", "a = [ # ]\n"] {
        let text = open.repeat(size / open.len());
        let codes = toml(&text).unwrap_err().codes();
        assert!(matches!(codes[..], ["config::too-deep" | "config::syntax", ..]), "{open}: {codes:?}");
    }
    let opens = [
        "{",
        "a{",
        "a {\n",
        "/*",
        "/* {",
        "a \"}\" {",
        "a \"\\\"{",
        "a #\"\"#{",
        "a/-{",
        "\"\"\"\n{\n\"\"\" {",
        "/* * / ",
    ];
    for open in opens {
        let text = open.repeat(size / open.len());
        let codes = kdl(&text).unwrap_err().codes();
        let refused = matches!(codes[..], ["config::too-deep" | "config::syntax" | "config::too-large", ..]);
        assert!(refused, "{open}: {codes:?}");
    }
}

#[test]
fn the_kdl_parser_does_not_run_out_of_stack() {
    // Each calls for one more level of recovery; each as large as one node may be.
    for junk in ["\"", "=", "}", "a{}"] {
        let codes = kdl(&junk.repeat((32 << 10) / junk.len())).unwrap_err().codes();
        assert_eq!(codes[0], "config::syntax", "{junk}");
    }
    let comment = format!("/*{}*/ version 1", "*/ /*".repeat(100_000));
    assert!(kdl(&comment).unwrap_err().codes().contains(&"config::missing-key"));
    assert_eq!(kdl(&"a ".repeat(20_000)).unwrap_err().codes(), ["config::too-large"]);
    let hidden = "a /-{".repeat(8) + &"}".repeat(8);
    assert!(!kdl(&hidden).unwrap_err().codes().contains(&"config::syntax"), "read once, not 2^8 times");
}

#[test]
fn kdl_is_cut_where_kdl_ends_a_node() {
    let text = "/- kdl-version 2\nversion \\ // one\n  1; project /* \n ; */ name=p\n/-\n\npolicy x { max }\n\
                policy b {\n max high=0; /- {\n junk\n}\n}\nservice s path=\"\"\"\n  a;b\n  \"\"\" /-{ x\n } policy=b\r\n";
    let config =
        kdl(&text.replace("/- {\n junk\n}\n", "")).unwrap_or_else(|errors| panic!("{}", super::rendered(&errors)));
    assert_eq!(config.policies.len(), 1);
    assert_eq!(config.services["s"].path.as_deref(), Some("a;b"));
}

#[test]
fn brackets_in_strings_and_comments_are_no_depth() {
    let many = "[{".repeat(60);
    let text = with(&format!("# {many}\nstore.dir = '{many}'\nsign.key = \"\\\"{many}\""), "");
    assert!(toml(&text).is_ok(), "{}", super::rendered(&toml(&text).unwrap_err()));
    let many = "{}".repeat(60);
    let text = format!(
        "// {many}\n/* {many} /* {many} */ */\nversion 1; project name=p\npolicy \"b\"\nservice \"s\" policy=b path=#\"{many}\"#\n"
    );
    assert!(kdl(&text).is_ok(), "{}", super::rendered(&kdl(&text).unwrap_err()));
}

#[test]
fn many_errors_are_cut_short() {
    let text = with(&(0..2_000).map(|n| format!("x{n} = 1\n")).collect::<String>(), "");
    let errors = toml(&text).unwrap_err();
    assert_eq!(errors.errors().len(), 501);
    assert_eq!(errors.codes()[500], "config::too-many-errors");
    let chain: String = (0..20_000).map(|n| format!("[policy.p{n}]\nextends = 'p{}'\n", n + 1)).collect();
    assert_eq!(toml(&with("", &chain)).unwrap_err().codes()[0], "config::too-many");
    let ring = |size: usize| -> String {
        let table = |n| format!("[services.s{n}]\npath = 's'\npolicy = 'b'\ndepends-on = ['s{}']\n", (n + 1) % size);
        (0..size).map(table).collect()
    };
    assert_eq!(toml(&with("", &ring(15_000))).unwrap_err().codes(), ["config::dependency-cycle"]);
}
