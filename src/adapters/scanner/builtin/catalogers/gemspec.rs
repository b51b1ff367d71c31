//! `specifications/NAME-VERSION.gemspec`: a gem that is installed, as RubyGems writes it: a line an attribute, in Ruby's notation,
//! which is read and never run. Format: <https://guides.rubygems.org/specification-reference/>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::gemfile_lock;
use super::identity::Origin;

/// Reads installed gems.
pub(super) struct Gemspec;

impl Cataloger for Gemspec {
    fn name(&self) -> &'static str {
        "gem-installed"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let Some((directory, name)) = file.path.rsplit_once('/') else { return false };
        let within = directory.ends_with("/specifications") || directory.ends_with("/specifications/default");
        name.ends_with(".gemspec") && within
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = String::from_utf8_lossy(&file.content.bytes()?).into_owned();
        // RubyGems' own first line names the gem; gems that come with Ruby may have none.
        let stub = text.lines().find_map(|line| line.strip_prefix("# stub: "));
        let mut stub = stub.into_iter().flat_map(|stub| stub.split(' '));
        let (name, version, platform) = (stub.next(), stub.next(), stub.next());
        let object = object(&text);
        let value = |key: &str| {
            text.lines().find_map(|line| {
                let attribute = line.trim().strip_prefix(object)?.strip_prefix('.')?;
                attribute.trim_start().strip_prefix(key)?.trim_start().strip_prefix('=')
            })
        };
        let attribute = |key: &str| value(key).and_then(literal);
        let missing = |what: &str| ParseError(format!("it says no {what}"));
        let name = name.map(str::to_owned).or_else(|| attribute("name")).ok_or_else(|| missing("name"))?;
        let version = version.map(str::to_owned).or_else(|| attribute("version")).ok_or_else(|| missing("version"))?;
        let version = match platform {
            Some(platform) if platform != "ruby" => format!("{version}-{platform}"),
            _ => version,
        };
        let mut component = gemfile_lock::component(&name, &version, &Origin::Registry).map_err(ParseError)?;
        let licenses = value("licenses").or_else(|| value("license"));
        component.licenses = licenses.into_iter().flat_map(|list| list.split(',')).filter_map(literal).collect();
        let mut all = Collector::default();
        all.add(component);
        Ok(all.finish())
    }
}

/// What the file calls the specification: `s` in all that RubyGems writes, whatever its author chose in others.
fn object(text: &str) -> &str {
    let named =
        text.lines().find_map(|line| line.trim().strip_prefix("Gem::Specification.new do |")?.split('|').next());
    named.map_or("s", str::trim)
}

/// The text in the first quotes.
fn literal(text: &str) -> Option<String> {
    let start = text.find(['"', '\''])?;
    let quote = text[start..].chars().next()?;
    let rest = &text[start + 1..];
    let inner = &rest[..rest.find(quote)?];
    (!inner.is_empty()).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = "# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.13.3 x86_64-linux lib\n\nGem::Specification.new do |s|\n\
        \x20 s.name = \"nokogiri\".freeze\n  s.version = \"1.13.3\"\n  s.licenses = [\"MIT\".freeze, \"Ruby\".freeze]\nend\n";
    const PATH: &str = "usr/lib/ruby/gems/3.1.0/specifications/nokogiri-1.13.3.gemspec";

    #[test]
    fn a_gem_is_read_and_not_run() {
        let parsed = parse(&Gemspec, PATH, SAMPLE).unwrap();
        let [component] = components(&parsed)[..] else { panic!("{parsed:?}") };
        assert_eq!(component.purl.as_str(), "pkg:gem/nokogiri@1.13.3?platform=x86_64-linux");
        assert_eq!(component.licenses, ["MIT", "Ruby"]);
        let plain = "Gem::Specification.new do |s|\n  s.name = 'rake'\n  s.version = '13.0.6'\nend\n";
        assert_eq!(components(&parse(&Gemspec, PATH, plain).unwrap())[0].purl.as_str(), "pkg:gem/rake@13.0.6");
        let own = "Gem::Specification.new do |spec|\n  spec.name = 'rake'.freeze # x\n  spec.version = '13.0.6'\n  spec.license = 'MIT'\nend\n";
        let parsed = parse(&Gemspec, PATH, own).unwrap();
        let [component] = components(&parsed)[..] else { panic!("{parsed:?}") };
        assert_eq!((component.purl.as_str(), component.licenses.join(" ")), ("pkg:gem/rake@13.0.6", "MIT".to_owned()));
        for text in ["", "s.name = \"a\"", "  s.name = X\n  s.version = Y\n"] {
            assert!(parse(&Gemspec, PATH, text).is_err(), "{text}");
        }
        damage(&Gemspec, PATH, SAMPLE);
    }
}
