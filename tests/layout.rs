//! The rooms of the crate import only those above them, as `src/lib.rs` says.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail loudly and read the source")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The rooms, top to bottom.
const ROOMS: [&str; 14] = [
    "model", "ports", "config", "graph", "plan", "matching", "evaluate", "attest", "lockfile", "execute", "report",
    "ops", "adapters", "cli",
];

/// The rooms that `room` may import.
fn allowed(room: &str) -> &'static [&'static str] {
    let at = ROOMS.iter().position(|name| *name == room).unwrap();
    match room {
        "adapters" => &ROOMS[..2],
        "cli" => &ROOMS,
        _ => &ROOMS[..at],
    }
}

fn rust_files(directory: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The rooms that a source text names behind `crate::`, grouped imports included.
fn imports(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => rooms.push(first_word(rest)),
            Some(group) => {
                let mut depth = 0_usize;
                let mut start = true;
                for (at, letter) in group.char_indices() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        letter if start && letter.is_ascii_lowercase() => {
                            rooms.push(first_word(&group[at..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    rooms
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}

#[test]
fn imports_go_upward_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let mut wrong = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &files {
        let relative = file.strip_prefix(&source).unwrap();
        let room = relative.iter().next().unwrap().to_str().unwrap();
        let Some(room) = ROOMS.iter().find(|name| **name == room) else { continue };
        *seen.entry(room).or_default() += 1;
        for import in imports(&std::fs::read_to_string(file).unwrap()) {
            let known = ROOMS.contains(&import.as_str());
            if known && import != *room && !allowed(room).contains(&import.as_str()) {
                wrong.push(format!("{}: imports `{import}`", relative.display()));
            }
        }
    }
    assert_eq!(seen.len(), ROOMS.len(), "a room is missing: {seen:?}");
    assert!(wrong.is_empty(), "upward imports:\n{}", wrong.join("\n"));
}

#[test]
fn reads_imports_as_the_compiler_does() {
    let text = "use crate::{model::{A, B}, ports};\nfn f() { crate::ops::build() }\n// use crate::cli;\n";
    assert_eq!(imports(text), ["model", "ports", "ops"]);
}

#[test]
fn the_map_names_every_room_in_order() {
    let map = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let named: Vec<&str> = map
        .lines()
        .filter_map(|line| line.strip_prefix("//! - [`")?.split_once("`] — "))
        .map(|(room, _)| room)
        .collect();
    assert_eq!(named, ROOMS);
}
