//! XML of manifests, read into a flat list of elements within bounds.
//!
//! Entities that a document declares are not expanded, its document type is passed over: nothing grows by being read, and
//! nothing is fetched. Elements refer to each other by place, so that no depth of nesting costs stack.

use super::super::catalog::ParseError;
use super::collect::shortened;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;

/// How deep elements may lie in each other.
const DEPTH: usize = 64;

/// How many elements a document may have.
const ELEMENTS: usize = 1_000_000;

/// A document: its elements in order, the outermost first.
pub(super) struct Document {
    elements: Vec<Element>,
}

/// An element, names without their prefix.
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    children: Vec<usize>,
}

/// An element of a document.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    document: &'a Document,
    at: usize,
}

impl Document {
    /// Reads the bytes of a file: UTF-8, or UTF-16 with a byte order mark, or Latin-1 where the document says so.
    ///
    /// # Errors
    /// As [`Document::read`], or in another encoding.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, ParseError> {
        let units = |of: fn([u8; 2]) -> u16| bytes[2..].chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect();
        let wide: Option<Vec<u16>> = match bytes {
            [0xff, 0xfe, ..] => Some(units(u16::from_le_bytes)),
            [0xfe, 0xff, ..] => Some(units(u16::from_be_bytes)),
            _ => None,
        };
        if let Some(units) = wide {
            return Self::read(&String::from_utf16(&units).map_err(|_| ParseError("not UTF-16".into()))?);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::read(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(_) if is_latin(bytes) => Self::read(&bytes.iter().map(|byte| char::from(*byte)).collect::<String>()),
            Err(error) => Err(ParseError(format!("not UTF-8: {error}"))),
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// Not well-formed, without an outermost element, or beyond the bounds.
    pub(super) fn read(text: &str) -> Result<Self, ParseError> {
        let mut reader = quick_xml::Reader::from_str(text);
        let mut elements: Vec<Element> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        loop {
            let event = reader.read_event().map_err(|error| {
                let before = usize::try_from(reader.error_position()).ok().and_then(|at| text.get(..at));
                let line = before.map_or(1, |before| before.matches('\n').count() + 1);
                ParseError(shortened(format!("line {line}: {error}")))
            })?;
            let mut add = |text: &str| {
                if let Some(element) = open.last().and_then(|at| elements.get_mut(*at)) {
                    element.text.push_str(text);
                }
            };
            match event {
                Event::Text(text) => add(&text.xml10_content()),
                Event::CData(text) => add(&text.xml10_content()),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(c)) => add(c.encode_utf8(&mut [0; 4])),
                    _ => add(&predefined(&reference.xml10_content())),
                },
                Event::Start(start) => {
                    let at = push(&mut elements, &open, &start)?;
                    open.push(at);
                }
                Event::Empty(start) => drop(push(&mut elements, &open, &start)?),
                Event::End(_) => drop(open.pop()),
                Event::Eof if !open.is_empty() => return Err(ParseError("it ends within an element: cut off".into())),
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        if elements.is_empty() {
            return Err(ParseError("not XML: it has no element".into()));
        }
        Ok(Self { elements })
    }

    /// The outermost element.
    pub(super) fn root(&self) -> Node<'_> {
        Node { document: self, at: 0 }
    }
}

/// Whether the declaration of a document names Latin-1, or what Windows has in its place.
fn is_latin(bytes: &[u8]) -> bool {
    let end = bytes.iter().position(|byte| *byte == b'>').unwrap_or_default().min(200);
    let declaration = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    declaration.starts_with("<?xml")
        && ["iso-8859-1", "iso-8859-15", "windows-1252", "latin1"]
            .iter()
            .any(|name| [format!("\"{name}\""), format!("'{name}'")].iter().any(|it| declaration.contains(it)))
}

/// Adds an element to the open one.
fn push(elements: &mut Vec<Element>, open: &[usize], start: &BytesStart<'_>) -> Result<usize, ParseError> {
    if open.len() >= DEPTH || elements.len() >= ELEMENTS {
        return Err(ParseError("more elements, or deeper ones, than are read".into()));
    }
    let at = elements.len();
    match open.last() {
        Some(parent) => elements.get_mut(*parent).into_iter().for_each(|parent| parent.children.push(at)),
        None if at > 0 => return Err(ParseError("more than one outermost element".into())),
        None => {}
    }
    let mut attributes = BTreeMap::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| ParseError(shortened(error.to_string())))?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| ParseError(shortened(error.to_string())))?;
        attributes.insert(attribute.key.local_name().into_inner().to_owned(), value.into_owned());
    }
    let name = start.local_name().into_inner().to_owned();
    elements.push(Element { name, attributes, text: String::new(), children: Vec::new() });
    Ok(at)
}

/// The five entities that every document has; any other stays as it is written.
fn predefined(name: &str) -> String {
    match name {
        "lt" => "<".into(),
        "gt" => ">".into(),
        "amp" => "&".into(),
        "apos" => "'".into(),
        "quot" => "\"".into(),
        other => format!("&{other};"),
    }
}

impl<'a> Node<'a> {
    fn element(self) -> &'a Element {
        &self.document.elements[self.at]
    }

    /// Its name without a prefix.
    pub(super) fn name(self) -> &'a str {
        &self.element().name
    }

    /// The text directly in it, without blanks around it.
    pub(super) fn text(self) -> &'a str {
        self.element().text.trim()
    }

    /// An attribute, by its name without a prefix.
    pub(super) fn attribute(self, name: &str) -> Option<&'a str> {
        self.element().attributes.get(name).map(String::as_str)
    }

    /// The elements directly in it.
    pub(super) fn children(self) -> impl Iterator<Item = Node<'a>> {
        self.element().children.iter().map(move |at| Node { document: self.document, at: *at })
    }

    /// The elements directly in it that have this name.
    pub(super) fn all(self, name: &str) -> impl Iterator<Item = Node<'a>> {
        self.children().filter(move |child| child.name() == name)
    }

    /// The first of those.
    pub(super) fn child(self, name: &str) -> Option<Node<'a>> {
        self.all(name).next()
    }

    /// The text of the first of those; `None` where there is none or it is empty.
    pub(super) fn child_text(self, name: &str) -> Option<&'a str> {
        self.child(name).map(Node::text).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_whatever_surrounds_them() {
        let text = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x \"y\">]><!-- c --><p:a xmlns:p=\"u\" p:k=\"&lt;1\">\n\
                    <b>x<!-- c -->y &amp; &#65;<![CDATA[<z>]]></b><b/><c>&x;</c></p:a>";
        let document = Document::read(text).unwrap();
        let root = document.root();
        assert_eq!((root.name(), root.attribute("k")), ("a", Some("<1")));
        assert_eq!(root.all("b").map(Node::text).collect::<Vec<_>>(), ["xy & A<z>", ""]);
        assert_eq!((root.child_text("c"), root.child_text("b")), (Some("&x;"), Some("xy & A<z>")));
    }

    #[test]
    fn encodings_that_are_declared_are_read() {
        let text = |bytes: &[u8]| Document::of(bytes).map(|document| document.root().text().to_owned());
        let latin =
            |name: &str| [format!("<?xml version='1.0' encoding='{name}'?><a>").as_bytes(), b"\xe4</a>"].concat();
        for name in ["ISO-8859-1", "windows-1252"] {
            assert_eq!(text(&latin(name)).as_deref(), Ok("ä"), "{name}");
        }
        assert!(text(&latin("utf-8")).is_err() && text(b"\xff").is_err() && text(b"").is_err());
        assert_eq!(text("\u{feff}<a>ä</a>".as_bytes()).as_deref(), Ok("ä"));
        for bytes in [|unit: u16| unit.to_le_bytes(), |unit: u16| unit.to_be_bytes()] {
            let wide: Vec<u8> = "\u{feff}<a>ä</a>".encode_utf16().flat_map(bytes).collect();
            assert_eq!(text(&wide).as_deref(), Ok("ä"));
        }
    }

    #[test]
    fn what_is_cut_or_hostile_is_refused() {
        for bad in ["", "x", "<a>", "<a><b></a>", "<a/><b/>", "<a k=\"&x;\"/>", "</a>", "<a", "<a k/>"] {
            assert!(Document::read(bad).is_err(), "{bad}");
        }
        assert!(Document::read(&"<a>".repeat(10_000)).is_err());
        let laughs = "<!DOCTYPE a [<!ENTITY b \"lol\"><!ENTITY c \"&b;&b;\">]><a>&c;&c;</a>";
        assert_eq!(Document::read(laughs).unwrap().root().text(), "&c;&c;");
        let text = "<a k='1'><b>&amp;</b><!-- c --></a>";
        for at in 0..text.len() {
            drop(Document::read(&text[..at]));
            drop(Document::read(&text[at..]));
        }
    }
}
