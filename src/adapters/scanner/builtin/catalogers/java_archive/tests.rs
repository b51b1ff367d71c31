//! Archives made by the `zip` crate.

use super::super::testing::{components, damage_bytes, mutate, parse_bytes};
use super::*;
use ::zip::CompressionMethod as Method;
use std::io::Write as _;

const POM: &str = "META-INF/maven/com.example/lib/pom.properties";
const LIB: &str = "groupId=com.example\nartifactId=lib\nversion=1.0\n";
const MANIFEST: &str = "META-INF/MANIFEST.MF";

fn zip(files: &[(&str, &[u8])], method: Method) -> Vec<u8> {
    let mut zip = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, ::zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn purls(path: &str, bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let parsed = parse_bytes(&JavaArchive, path, bytes).unwrap();
    (components(&parsed).iter().map(|it| it.purl.to_string()).collect(), parsed.gaps.clone())
}

#[test]
fn archives_within_archives_are_read() {
    for method in [Method::Stored, Method::Deflated] {
        let inner = zip(&[(POM, LIB.as_bytes()), (MANIFEST, b"Bundle-License: Apache-2.0\r\n")], method);
        let shaded = POM.replace("lib/", "shaded/");
        let other = LIB.replace("=lib", "=shaded");
        let middle = zip(&[("a.class", &[0; 9000]), (POM, LIB.as_bytes()), (&shaded, other.as_bytes())], method);
        let files: [(&str, &[u8]); 4] = [
            (MANIFEST, b"Manifest-Version: 1.0\nStart-Class: com.example.\n App\n"),
            ("BOOT-INF/lib/lib-1.0.jar", &inner),
            ("WEB-INF/lib/middle.war", &zip(&[("x/lib-1.0.jar", &middle)], method)),
            ("BOOT-INF/lib/spring-core-5.3.20.jar", &zip(&[("a", b"")], method)),
        ];
        let outer = zip(&files, method);
        let (found, gaps) = purls("app/app.jar", &outer);
        let expected = ["com.example/lib@1.0", "com.example/shaded@1.0", "org.springframework/spring-core@5.3.20"];
        assert_eq!(found, expected.map(|it| format!("pkg:maven/{it}")));
        assert_eq!(gaps, Vec::<String>::new());
        // With a script before it, as executable archives have it, and from a file.
        let script = [b"#!/bin/sh\nexec java -jar \"$0\"\n".as_slice(), &outer].concat();
        assert_eq!(purls("app/app.jar", &script).0, found);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&outer).unwrap();
        let content = crate::adapters::scanner::builtin::catalog::Content::Spooled(&file);
        let spooled = JavaArchive.parse(&File { path: "app/app.jar", content, companion: &|_| None }).unwrap();
        assert_eq!(components(&spooled).len(), 3);
    }
}

#[test]
fn a_library_that_does_not_say_what_it_is_is_a_gap() {
    let empty = zip(&[("A.class", b"")], Method::Stored);
    assert_eq!(purls("lib/thing.jar", &empty).1.len(), 1);
    assert_eq!(
        purls("lib/thing-2.1.jar", &empty),
        (vec!["pkg:maven/thing@2.1".into()], purls("thing-2.1.jar", &empty).1)
    );
    assert_eq!(purls("lib/thing-2.1.jar", &empty).1.len(), 1);
    let program = zip(&[(MANIFEST, b"Main-Class: A\n")], Method::Stored);
    assert_eq!(purls("app.jar", &program), (vec![], vec![]));
    assert_eq!(purls("thing-2.1.214.jar", &program).1.len(), 1);
    let runtime = zip(&[(MANIFEST, b"Implementation-Title: Java Runtime Environment\n")], Method::Stored);
    assert_eq!(purls("usr/lib/jvm/17/lib/jrt-fs.jar", &runtime), (vec![], vec![]));
    let odd = zip(&[(POM, b"groupId=${x}\n")], Method::Stored);
    assert_eq!(purls("app.jar", &odd).1.len(), 2);
}

#[test]
fn a_library_with_another_in_it_is_still_itself() {
    let pom = LIB.as_bytes();
    let shaded = zip(&[(POM, pom), ("A.class", b"")], Method::Stored);
    let found = |path: &str, bytes: &[u8]| purls(path, bytes).0;
    assert_eq!(
        found("graphql-java-17.3.jar", &shaded),
        ["pkg:maven/com.example/lib@1.0", "pkg:maven/com.graphql-java/graphql-java@17.3"]
    );
    // One that was renamed, or is called otherwise, is what its only `pom.properties` says.
    for path in ["app.jar", "the-lib-1.0.jar", "lib-2.0.jar"] {
        assert_eq!(found(path, &shaded), ["pkg:maven/com.example/lib@1.0"], "{path}");
    }
    assert!(is_archive("a/B.JAR") && !is_archive(".jar") && !is_archive("a.jar.txt"));
    // Libraries are unpacked to other places than their own as well.
    let agent = zip(&[("agent/META-INF/maven/g/a/pom.properties", pom), ("b/pom.properties", b"x")], Method::Stored);
    assert_eq!(purls("agent.jar", &agent), (vec!["pkg:maven/com.example/lib@1.0".into()], vec![]));
}

#[test]
fn a_guessed_group_is_told() {
    let guessed = zip(&[(MANIFEST, b"Bundle-SymbolicName: org.example.thing\n")], Method::Stored);
    let (found, gaps) = purls("thing-1.0.jar", &guessed);
    assert_eq!((found, gaps.len()), (vec!["pkg:maven/org.example/thing@1.0".into()], 1));
    let known = zip(&[(MANIFEST, b"Implementation-Vendor-Id: org.apache\n")], Method::Stored);
    let (found, gaps) = purls("tomcat-embed-core-9.0.63.jar", &known);
    assert_eq!((found, gaps.len()), (vec!["pkg:maven/org.apache.tomcat.embed/tomcat-embed-core@9.0.63".into()], 0));
}

#[test]
fn bombs_and_circles_end() {
    let mut nested = zip(&[(POM, LIB.as_bytes())], Method::Deflated);
    for _ in 0..DEPTH_LIMIT + 3 {
        nested = zip(&[("x.jar", &nested)], Method::Stored);
    }
    assert_eq!(purls("x.jar", &nested).1.len(), 1);
    // The content is larger than the directory says.
    let mut lying = zip(&[(POM, &[b'x'; 100_000])], Method::Deflated);
    let at = (0..lying.len()).rev().find(|at| lying[*at..].starts_with(b"PK\x01\x02")).unwrap();
    lying[at + 24..at + 28].copy_from_slice(&10_u32.to_le_bytes());
    assert_eq!(purls("x.jar", &lying).1.len(), 2);
    assert!(parse_bytes(&JavaArchive, "x.jar", b"").is_err());
    assert!(parse_bytes(&JavaArchive, "x.jar", b"PK\x03\x04").is_err());
}

#[test]
fn no_damage_panics() {
    let inner = zip(&[(POM, LIB.as_bytes())], Method::Deflated);
    let outer = zip(&[(MANIFEST, b"A: b\n"), ("lib-1.0.jar", &inner)], Method::Deflated);
    damage_bytes(&JavaArchive, "x.jar", &outer);
    mutate(&JavaArchive, "x.jar", &outer, 10_000);
}
