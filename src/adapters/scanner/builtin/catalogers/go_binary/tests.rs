use super::super::testing::mutate;
use super::*;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;

fn parse(content: Content<'_>) -> Result<Parsed, ParseError> {
    GoBinary.parse(&File { path: "app", content, companion: &|_| None })
}

fn purls(parsed: &Parsed) -> Vec<String> {
    let component = |found: &Found| if let Found::Component(component) = found { component.clone() } else { panic!() };
    parsed.found.iter().map(|found| component(found).purl.to_string()).collect()
}

/// A program of the example's images: the largest file of any layer of the checkout image.
fn example() -> Vec<u8> {
    let blobs = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/boutique/images/checkout/blobs/sha256");
    let mut largest = Vec::new();
    for blob in std::fs::read_dir(blobs).unwrap() {
        let file = std::fs::File::open(blob.unwrap().path()).unwrap();
        let mut archive = tar::Archive::new(flate2::read::MultiGzDecoder::new(file));
        let Ok(entries) = archive.entries() else { continue };
        for mut entry in entries.map_while(Result::ok) {
            if entry.size() > largest.len() as u64 {
                largest.clear();
                entry.read_to_end(&mut largest).unwrap();
            }
        }
    }
    largest
}

#[test]
fn reads_the_modules_of_a_program() {
    let program = example();
    let facts = FileFacts { path: "app/checkout", size: program.len() as u64, executable: true };
    assert!(GoBinary.wants(&facts));
    let parsed = parse(Content::Bytes(&program)).unwrap();
    assert_eq!(parsed.gaps, Vec::<String>::new());
    let found = purls(&parsed);
    assert!(found[0].starts_with("pkg:golang/stdlib@1."), "{found:?}");
    assert!(found.len() > 2, "a program with dependencies: {found:?}");

    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&program).unwrap();
    assert_eq!(parse(Content::Spooled(&file)).unwrap(), parsed);
}

#[test]
fn other_programs_and_texts_give_nothing() {
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    assert_eq!(parse(Content::Bytes(&own)).unwrap(), Parsed::default());
    assert_eq!(parse(Content::Bytes(b"#!/bin/sh\n")).unwrap(), Parsed::default());
    // Libraries that Go made for programs of other languages have their modules as well.
    assert!(GoBinary.wants(&FileFacts { path: "usr/lib/libhello.so", size: 1 << 20, executable: true }));
    assert!(!GoBinary.wants(&FileFacts { path: "usr/lib/libc.so.6", size: 1 << 20, executable: false }));
}

#[test]
fn replacements_take_the_place_of_what_they_replace() {
    let modules = "path\texample.com/app\nmod\texample.com/app\t(devel)\t\ndep\ta.example/b\tv1.0.0\th1:x=\n\
        =>\tc.example/d\tv2.0.0\th1:y=\ndep\te.example/f\tv1.1.0\n=>\t./f\t\n";
    let info = BuildInfo { go_version: "go1.22.3 X:rangefunc".into(), modules: modules.into() };
    let parsed = super::modules(&info).unwrap();
    assert_eq!(
        purls(&parsed),
        [
            "pkg:golang/stdlib@1.22.3",
            "pkg:golang/example.com/app",
            "pkg:golang/c.example/d@v2.0.0",
            "pkg:golang/e.example/f"
        ]
    );
    let flags = format!("{modules}build\t-ldflags=\"-s -X main.version=1.4.0\"\n");
    let given = BuildInfo { go_version: "go1.22.3".into(), modules: flags };
    assert_eq!(purls(&super::modules(&given).unwrap())[1], "pkg:golang/example.com/app@v1.4.0");
    let devel = BuildInfo { go_version: "devel go1.24-abc".into(), modules: String::new() };
    assert_eq!(super::modules(&devel).unwrap().gaps.len(), 1);
}

#[test]
fn damage_never_panics() {
    let program = example();
    let magic = program.windows(14).position(|bytes| bytes == b"\xff Go buildinf:").unwrap();
    for at in (0..2048).chain(magic..magic + 600) {
        let mut changed = program.clone();
        changed[at] ^= 0xff;
        parse(Content::Bytes(&changed)).ok();
    }
    for cut in (0..program.len()).step_by(program.len() / 50) {
        parse(Content::Bytes(&program[..cut])).ok();
    }
}

/// A program of Windows with one section, `.data`, of which memory holds more than the file.
fn windows(data: &[u8]) -> Vec<u8> {
    let mut file = b"MZ".to_vec();
    file.resize(60, 0);
    file.extend(64_u32.to_le_bytes());
    file.extend(b"PE\0\0");
    // Machine, sections; times and symbols; size of the header that follows, and flags.
    for half in [0x8664_u16, 1, 0, 0, 0, 0, 0, 0, 112, 0x22] {
        file.extend(half.to_le_bytes());
    }
    file.extend(0x20b_u16.to_le_bytes());
    file.resize(88 + 112, 0);
    file.extend(b".data\0\0\0");
    let stored = u32::try_from(data.len()).unwrap();
    for word in [stored + 0x10000, 0x1000, stored, 512, 0, 0, 0, 0xc000_0040] {
        file.extend(u32::to_le_bytes(word));
    }
    file.resize(512, 0);
    file.extend(data);
    file
}

#[test]
fn windows_programs_are_read() {
    let modules = format!("{0}path\texample.com/app\ndep\ta.example/b\tv1.0.0\t\n{0}", "0123456789abcdef");
    let mut data = b"\xff Go buildinf:\x08\x02".to_vec();
    data.resize(32, 0);
    for text in ["go1.22.3", &modules] {
        data.push(u8::try_from(text.len()).unwrap());
        data.extend(text.as_bytes());
    }
    let found = purls(&parse(Content::Bytes(&windows(&data))).unwrap());
    assert_eq!(found, ["pkg:golang/stdlib@1.22.3", "pkg:golang/a.example/b@v1.0.0"]);
    mutate(&GoBinary, "app.exe", &windows(&data), 10_000);
}

#[test]
fn reads_what_the_go_tool_on_this_machine_builds() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("go.mod"), "module example.com/hello\n\ngo 1.21\n").unwrap();
    std::fs::write(directory.path().join("main.go"), "package main\n\nfunc main() { println(\"hello\") }\n").unwrap();
    let built = Command::new("go")
        .args(["build", "-o", "hello", "."])
        .current_dir(directory.path())
        .env("GOCACHE", directory.path().join("cache"))
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "off")
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0")
        .status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED reads_what_the_go_tool_on_this_machine_builds: no working `go` on this machine");
        return;
    }
    let program = std::fs::read(directory.path().join("hello")).unwrap();
    let found = purls(&parse(Content::Bytes(&program)).unwrap());
    assert!(found.iter().any(|purl| purl.starts_with("pkg:golang/stdlib@1.")), "{found:?}");
    assert!(found.iter().any(|purl| purl.starts_with("pkg:golang/example.com/hello")), "{found:?}");
}
