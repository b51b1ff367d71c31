//! Licences of Debian's packages, which lie in files of their own.

use super::*;

const DEBIAN: (&str, &str) = ("etc/os-release", "ID=debian\nVERSION_ID=12\n");
const STATUS: &str = "var/lib/dpkg/status";
const BASE: &str = "usr/share/doc/gcc-12-base/copyright";
const CURL: &str = "usr/share/doc/curl/copyright";
const EXPAT: &str = "Format: x\n\nFiles: *\nLicense: Expat\n";
const CURLS: &str = "Format: x\n\nFiles: *\nLicense: curl\n";

fn status() -> String {
    [
        ("gcc-12-base", "gcc-12", "", "12.2.0-14"),
        ("libgcc-s1", "gcc-12", "gcc-12-base (= 12.2.0-14), libc6", "12.2.0-14"),
        ("lib32gcc-s1", "gcc-12", "", "12.2.0-14"),
        ("libgcc-other", "other", "gcc-12-base", "12.2.0-14"),
        ("curl", "curl", "libgcc-s1", "7.88.1-10"),
    ]
    .iter()
    .map(|(name, source, depends, version)| {
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nSource: {source}\nVersion: {version}\n\
             Depends: {depends}\n\n"
        )
    })
    .collect()
}

fn licenses(sbom: &Sbom) -> Vec<(&str, Vec<&str>)> {
    assert_eq!(sbom.gaps, []);
    sbom.components
        .iter()
        .filter(|component| !component.licenses.is_empty())
        .map(|it| (it.name.as_str(), it.licenses.iter().map(String::as_str).collect()))
        .collect()
}

#[test]
fn licences_join_their_packages_across_layers() {
    // In one layer, before and behind the database; in layers above and below.
    let status = status();
    let database = (STATUS, status.as_str());
    let all = [("curl", vec!["curl"]), ("gcc-12-base", vec!["MIT"]), ("libgcc-s1", vec!["MIT"])];
    for layers in [
        vec![files(&[DEBIAN, (BASE, EXPAT), database, (CURL, CURLS)])],
        vec![files(&[DEBIAN, (BASE, EXPAT)]), files(&[database]), files(&[(CURL, CURLS)])],
        vec![files(&[DEBIAN, database, (BASE, EXPAT), (CURL, EXPAT)]), files(&[(CURL, CURLS)])],
    ] {
        assert_eq!(licenses(&Image::new(&layers).scan().unwrap()), all);
    }
}

#[test]
fn licences_that_are_gone_are_no_gap() {
    let status = status();
    let base = files(&[DEBIAN, (STATUS, &status), (BASE, EXPAT), (CURL, CURLS)]);
    let with = |above: Vec<u8>| Image::new(&[base.clone(), above]).scan().unwrap();
    assert_eq!(licenses(&with(files(&[("usr/share/.wh.doc", "")]))), []);
    assert_eq!(licenses(&with(files(&[("usr/share/doc/curl/.wh.copyright", "")]))).len(), 2);
    assert_eq!(licenses(&with(files(&[(CURL, "no words of any licence")]))).len(), 2);
    // A link to a file that nobody reads is not missed.
    let link =
        tar(&[(EntryType::Regular, "usr/share/doc/curl/LICENSE", "text"), (EntryType::Symlink, CURL, "LICENSE")]);
    assert_eq!(licenses(&with(link)).len(), 2);
}

#[test]
fn licences_of_a_root_filesystem_and_of_distroless_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = directory.path().join("r").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(DEBIAN.0, DEBIAN.1);
    write("var/lib/dpkg/status.d/curl", "Package: curl\nArchitecture: amd64\nVersion: 7.88.1-10\n");
    write(CURL, CURLS);
    write("usr/share/doc/other/LICENSE", "text");
    std::os::unix::fs::symlink("LICENSE", directory.path().join("r/usr/share/doc/other/copyright")).unwrap();
    let image = ImageSpec { name: Name::new("image").unwrap(), reference: "dir:r".into(), platform: None };
    let located = Locator::here(directory.path().to_owned()).locate(&SubjectSpec::Image(image), &|_, _| None).unwrap();
    let request = ScanRequest { located, cache: Arc::<Memory>::default(), cancel: Cancel::new() };
    let ScanTask::Cpu(task) = Arc::new(Builtin::new()).scan(request) else { panic!("work for a core") };
    assert_eq!(licenses(&task().unwrap()), [("curl", vec!["curl"])]);
}

#[test]
fn licences_of_one_file_are_not_kept_without_end() {
    let licenses: String = (0..200).map(|at| format!("License: {at}{}\n\n", "x".repeat(190))).collect();
    let package = |at: usize| {
        format!("Package: p{at}\nStatus: install ok installed\nSource: s\nVersion: 1\nDepends: p0\nDescription: d\n\n")
    };
    let status: String = (0..10_000).map(package).collect();
    let layer = files(&[DEBIAN, (STATUS, &status), ("usr/share/doc/p0/copyright", &licenses)]);
    let sbom = Image::new(&[layer]).scan().unwrap();
    assert_eq!(sbom.components.len(), 10_000);
    let [gap] = sbom.gaps.as_slice() else { panic!("{:?}", sbom.gaps) };
    assert_eq!((gap.kind, gap.reason.as_str()), (GapKind::LimitReached, "more than 64 MiB of licences"));
}
