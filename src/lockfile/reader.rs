//! Reads the text of a lock in one pass, in the one layout that `encode` writes.
//!
//! Everything between the values is compared literally; values are parsed into their types; entries must be in order. What
//! this lets through may still be spelt differently (an escape that need not be one): [`super::decode()`] compares with
//! `encode`.

use super::encode::HEADER;
use super::{LockError, words};
use crate::model::{
    Date, Digest, Lock, LockAdvisories, LockAttestation, LockFinding, LockInputs, LockRequired, LockService,
    LockSubject, LockVersion, Name, Purl, SeverityCounts, SignerId, SubjectDigest, Timestamp,
};
use miette::SourceSpan;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Display;

const SERVICE: &str = "\n[[service]]\n";
const SUBJECT: &str = "\n[[service.subject]]\n";
const FINDING: &str = "  [[service.subject.finding]]\n";
const ATTESTATION: &str = "  [[service.subject.attestation]]\n";
const REQUIRED: &str = "  [[service.subject.required]]\n";

/// The lock of a text, and where its root stands.
pub(super) fn read(text: &str) -> Result<(Lock, SourceSpan), LockError> {
    let mut reader = Reader { text, at: 0 };
    reader.literal(HEADER)?;
    reader.version()?;
    let inputs = reader.inputs()?;
    reader.literal("\n[root]\n")?;
    let start = reader.at;
    let root = reader.line("statements", Digest::parse)?;
    let root_span = span(start, reader.at.saturating_sub(1));
    let mut services: Vec<LockService> = Vec::new();
    while reader.at < text.len() {
        reader.literal(SERVICE)?;
        let start = reader.at;
        let service = reader.service()?;
        let order = services.last().map(|last| last.name.cmp(&service.name));
        reader.in_order("service", order, &service.name, start)?;
        services.push(service);
    }
    Ok((Lock { inputs, root, services }, root_span))
}

fn span(start: usize, end: usize) -> SourceSpan {
    (start, end.saturating_sub(start)).into()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The error that something else stands here than should, over the rest of the line.
    fn unexpected(&self, expected: &str) -> LockError {
        let line = self.rest().find('\n').unwrap_or(self.rest().len());
        LockError::NotCanonical { expected: expected.to_owned(), span: span(self.at, self.at + line) }
    }

    fn literal(&mut self, literal: &str) -> Result<(), LockError> {
        if self.rest().starts_with(literal) {
            self.at += literal.len();
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{}`", literal.trim().replace('\n', "\\n"))))
        }
    }

    fn takes(&mut self, literal: &str) -> bool {
        let takes = self.rest().starts_with(literal);
        if takes {
            self.at += literal.len();
        }
        takes
    }

    fn in_order(
        &self,
        key: &'static str,
        previous: Option<Ordering>,
        found: &dyn Display,
        start: usize,
    ) -> Result<(), LockError> {
        let line = self.text.get(start..).and_then(|rest| rest.find('\n')).unwrap_or(0);
        let (found, span) = (|| found.to_string(), span(start, start + line));
        match previous {
            None | Some(Ordering::Less) => Ok(()),
            Some(Ordering::Equal) => Err(LockError::Duplicate { key, found: found(), span }),
            Some(Ordering::Greater) => Err(LockError::Unsorted { key, found: found(), span }),
        }
    }

    /// A basic string with its quotes; the escapes of TOML 1.0.
    fn string(&mut self) -> Result<Cow<'a, str>, LockError> {
        let start = self.at;
        self.literal("\"")?;
        let from = self.at;
        let bytes = self.text.as_bytes();
        let mut owned: Option<String> = None;
        let mut plain = from;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    let text = owned.get_or_insert_with(String::new);
                    text.push_str(self.text.get(plain..self.at).unwrap_or_default());
                    let (character, length) = self.escape().ok_or_else(|| {
                        let end = (self.at + 2).min(self.text.len());
                        LockError::NotCanonical { expected: "an escape of TOML".into(), span: span(self.at, end) }
                    })?;
                    text.push(character);
                    self.at += length;
                    plain = self.at;
                }
                None | Some(b'\n') => {
                    let expected = "the end of the text in quotes".to_owned();
                    return Err(LockError::NotCanonical { expected, span: span(start, self.at) });
                }
                Some(_) => self.at += 1,
            }
        }
        let last = self.text.get(plain..self.at).unwrap_or_default();
        self.at += 1;
        Ok(match owned {
            None => Cow::Borrowed(last),
            Some(mut text) => {
                text.push_str(last);
                Cow::Owned(text)
            }
        })
    }

    /// The character of the escape that stands here, and how many bytes it takes.
    fn escape(&self) -> Option<(char, usize)> {
        let simple = match self.text.as_bytes().get(self.at + 1)? {
            b'"' => '"',
            b'\\' => '\\',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let hex = self.text.get(self.at + 2..self.at + 6)?;
                let code = hex.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(hex, 16))?;
                return char::from_u32(code.ok()?).map(|character| (character, 6));
            }
            _ => return None,
        };
        Some((simple, 2))
    }

    /// A string that must parse.
    fn parsed<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, LockError> {
        let start = self.at;
        let text = self.string()?;
        parse(&text).map_err(|error| LockError::Value {
            key: key.trim_start(),
            reason: error.to_string(),
            span: span(start, self.at),
        })
    }

    /// `key = "value"` and the end of the line.
    fn line<T, E: Display>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, LockError> {
        self.literal(key)?;
        self.literal(" = ")?;
        let value = self.parsed(key, parse)?;
        self.literal("\n")?;
        Ok(value)
    }

    /// A whole number that every TOML reader can hold.
    fn number(&mut self, key: &'static str) -> Result<u64, LockError> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(self.unexpected("a whole number"));
        }
        let text = self.rest().get(..digits).unwrap_or_default();
        let span = span(self.at, self.at + digits);
        self.at += digits;
        match text.parse::<i64>().map(u64::try_from) {
            Ok(Ok(number)) => Ok(number),
            _ => Err(LockError::Value { key, reason: "the number is too large".into(), span }),
        }
    }

    fn list<T: Ord + Display, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Vec<T>, LockError> {
        self.literal(key)?;
        self.literal(" = [")?;
        let mut items: Vec<T> = Vec::new();
        if !self.takes("]\n") {
            loop {
                let start = self.at;
                let item = self.parsed(key, &parse)?;
                self.in_order(key, items.last().map(|last| last.cmp(&item)), &item, start)?;
                items.push(item);
                if self.takes("]\n") {
                    break;
                }
                self.literal(", ")?;
            }
        }
        Ok(items)
    }

    fn version(&mut self) -> Result<(), LockError> {
        self.literal("version = ")?;
        let start = self.at;
        let found = self.number("version")?;
        if found != u64::from(LockVersion::NUMBER) {
            return Err(LockError::UnknownVersion { found: found.to_string(), span: span(start, self.at) });
        }
        self.literal("\n")
    }

    fn inputs(&mut self) -> Result<LockInputs, LockError> {
        self.literal("\n[inputs]\n")?;
        let config = self.line("config", Digest::parse)?;
        let as_of = self.line("as-of", Timestamp::parse)?;
        self.literal("advisories = { snapshot = ")?;
        let snapshot = self.parsed("snapshot", Digest::parse)?;
        self.literal(", modified = ")?;
        let modified = self.parsed("modified", Timestamp::parse)?;
        self.literal(" }\nscanners = {")?;
        let scanners = self.scanners()?;
        Ok(LockInputs { config, as_of, advisories: LockAdvisories { snapshot, modified }, scanners })
    }

    fn scanners(&mut self) -> Result<BTreeMap<String, String>, LockError> {
        let mut scanners = BTreeMap::new();
        if self.takes("}\n") {
            return Ok(scanners);
        }
        self.literal(" ")?;
        loop {
            let start = self.at;
            let name = if self.rest().starts_with('"') {
                self.string()?.into_owned()
            } else {
                let bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
                let length = self.rest().bytes().take_while(bare).count();
                let name = self.rest().get(..length).unwrap_or_default().to_owned();
                self.at += length;
                name
            };
            self.in_order(
                "scanners",
                scanners.last_key_value().map(|(last, _): (&String, _)| last.cmp(&name)),
                &name,
                start,
            )?;
            self.literal(" = ")?;
            let version = self.string()?.into_owned();
            scanners.insert(name, version);
            if self.takes(" }\n") {
                return Ok(scanners);
            }
            self.literal(", ")?;
        }
    }

    fn service(&mut self) -> Result<LockService, LockError> {
        let mut service = LockService {
            name: self.line("name", Name::new)?,
            verdict: self.line("verdict", words::parse_verdict)?,
            policy: self.line("policy", Digest::parse)?,
            depends_on: self.list("depends-on", Name::new)?,
            waivers: self.list("waivers", text)?,
            subjects: Vec::new(),
        };
        while self.takes(SUBJECT) {
            let start = self.at;
            let subject = self.subject()?;
            let order = service.subjects.last().map(|last| last.name.cmp(&subject.name));
            self.in_order("subject", order, &subject.name, start)?;
            service.subjects.push(subject);
        }
        Ok(service)
    }

    fn subject(&mut self) -> Result<LockSubject, LockError> {
        let mut subject = LockSubject {
            name: self.line("name", Name::new)?,
            uri: self.line("uri", text)?,
            kind: self.line("kind", |text| words::parse(&words::KINDS, text))?,
            digest: self.line("digest", SubjectDigest::parse)?,
            sbom: self.line("sbom", Digest::parse)?,
            slice: self.line("slice", Digest::parse)?,
            components: self.components()?,
            counts: self.counts()?,
            findings: Vec::new(),
            attestations: Vec::new(),
            required: Vec::new(),
        };
        while self.takes(FINDING) {
            let start = self.at;
            let finding = self.finding()?;
            let order = subject.findings.last();
            let order = order.map(|last| (&last.id, &last.package).cmp(&(&finding.id, &finding.package)));
            self.in_order("finding", order, &finding.id, start)?;
            subject.findings.push(finding);
        }
        while self.takes(ATTESTATION) {
            let start = self.at;
            let attestation = self.attestation()?;
            let order = subject.attestations.last().map(|last| last.predicate_type.cmp(&attestation.predicate_type));
            self.in_order("attestation", order, &attestation.predicate_type, start)?;
            subject.attestations.push(attestation);
        }
        while self.takes(REQUIRED) {
            let start = self.at;
            let required = LockRequired {
                predicate_type: self.line("  type", text)?,
                statement: self.line("  statement", Digest::parse)?,
                bundle: self.line("  bundle", Digest::parse)?,
                signer: SignerId(self.line("  signer", text)?),
            };
            let order = subject.required.last().map(|last| last.cmp(&required));
            self.in_order("required", order, &required.predicate_type, start)?;
            subject.required.push(required);
        }
        Ok(subject)
    }

    fn components(&mut self) -> Result<u64, LockError> {
        self.literal("components = ")?;
        let components = self.number("components")?;
        self.literal("\n").map(|()| components)
    }

    fn counts(&mut self) -> Result<SeverityCounts, LockError> {
        let mut count = |before: &str| self.literal(before).and_then(|()| self.number("findings"));
        let counts = SeverityCounts {
            critical: count("findings = { critical = ")?,
            high: count(", high = ")?,
            medium: count(", medium = ")?,
            low: count(", low = ")?,
            unknown: count(", unknown = ")?,
        };
        self.literal(" }\n").map(|()| counts)
    }

    fn finding(&mut self) -> Result<LockFinding, LockError> {
        Ok(LockFinding {
            id: self.line("  id", text)?,
            package: self.line("  package", Purl::parse)?,
            severity: self.line("  severity", words::parse_severity)?,
            status: self.line("  status", |text| words::parse(&words::STATUSES, text))?,
            first_seen: self.line("  first-seen", Date::parse)?,
        })
    }

    fn attestation(&mut self) -> Result<LockAttestation, LockError> {
        Ok(LockAttestation {
            predicate_type: self.line("  type", words::parse_type)?,
            statement: self.line("  statement", Digest::parse)?,
            bundle: self.line("  bundle", Digest::parse)?,
            signer: SignerId(self.line("  signer", text)?),
        })
    }
}

/// Any text.
fn text(text: &str) -> Result<String, std::convert::Infallible> {
    Ok(text.to_owned())
}
