//! The graph of a small shop, of a long chain, and of one that cannot be.

use super::{ComplianceGraph, render};
use crate::config::{Config, Syntax, load};
use crate::model::Name;

fn config(text: &str) -> Config {
    let text = format!("version = 1\nproject.name = 'p'\npolicy.b = {{}}\n{text}");
    load("compliance.toml", text.as_bytes(), Syntax::Toml).unwrap()
}

fn shop() -> ComplianceGraph {
    ComplianceGraph::new(&config(
        "images.base.ref = 'oci:base'
         images.debug = { ref = 'oci:debug', base = 'base' }
         images.web = { ref = 'oci:web', base = 'base' }
         images.payment.ref = 'oci:payment'
         [services]
         web = { images = ['web'], policy = 'b', depends-on = ['checkout', 'cart'] }
         checkout = { path = 'c', policy = 'b', depends-on = ['payment', 'email'] }
         cart = { path = 'k', policy = 'b', depends-on = ['db'] }
         email = { path = 'e', policy = 'b', depends-on = ['db'] }
         payment = { path = 'p', images = ['payment'], policy = 'b' }
         db = { images = ['debug'], policy = 'b' }
         end = { path = 'x', policy = 'b' }",
    ))
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn texts<'a>(names: impl IntoIterator<Item = &'a Name>) -> Vec<&'a str> {
    names.into_iter().map(Name::as_str).collect()
}

#[test]
fn waves_hold_what_earlier_ones_allow() {
    let waves = shop().waves();
    let waves: Vec<Vec<&str>> = waves.iter().map(texts).collect();
    assert_eq!(waves, [vec!["db", "end", "payment"], vec!["cart", "email"], vec!["checkout"], vec!["web"]]);
}

#[test]
fn neighbours_closures_and_paths() {
    let shop = shop();
    assert_eq!(texts(&shop.dependencies(&name("web"))), ["cart", "checkout"]);
    assert_eq!(texts(&shop.dependents(&name("db"))), ["cart", "email"]);
    assert_eq!(texts(&shop.closure(&[name("checkout"), name("none")])), ["checkout", "db", "email", "payment"]);
    assert_eq!(texts(&shop.affected(&[name("email")])), ["checkout", "email", "web"]);
    assert_eq!(texts(&shop.path(&name("web"), &name("db")).unwrap()), ["web", "cart", "db"]);
    assert_eq!(texts(&shop.path(&name("db"), &name("db")).unwrap()), ["db"]);
    assert_eq!(shop.path(&name("db"), &name("web")), None);
    assert_eq!(shop.path(&name("db"), &name("none")), None);
    assert!(shop.dependencies(&name("none")).is_empty());
}

#[test]
fn pictures() {
    let shop = shop();
    insta::assert_snapshot!("tree", render::tree(&shop));
    insta::assert_snapshot!("dot", render::dot(&shop));
    insta::assert_snapshot!("mermaid", render::mermaid(&shop));
    insta::assert_snapshot!("json", render::json(&shop));
}

#[test]
fn a_circle_loops_nowhere() {
    let mut config = config(
        "images.a.ref = 'oci:a'
         images.b.ref = 'oci:b'
         [services]
         a = { images = ['a'], policy = 'b' }
         b = { path = 'b', policy = 'b', depends-on = ['a'] }
         c = { path = 'c', policy = 'b' }",
    );
    for (from, to) in [("a", "b"), ("a", "a")] {
        config.services.get_mut(from).unwrap().depends_on.push(name(to));
        config.images.get_mut(from).unwrap().base = Some(name(to));
    }
    let graph = ComplianceGraph::new(&config);
    assert_eq!(graph.waves(), [vec![name("c")], vec![name("a"), name("b")]]);
    assert_eq!(texts(&graph.closure(&[name("a")])), ["a", "b"]);
    assert_eq!(texts(&graph.path(&name("b"), &name("a")).unwrap()), ["b", "a"]);
    for picture in [render::tree, render::dot, render::mermaid, render::json] {
        assert!(picture(&graph).contains('c'));
    }
}

#[test]
fn a_long_chain_is_walked_without_recursion() {
    let table = |n: usize| {
        let next = if n == 9_999 { String::new() } else { format!("'s{:05}'", n + 1) };
        format!("[services.s{n:05}]\npath = 's'\npolicy = 'b'\ndepends-on = [{next}]\n")
    };
    let graph = ComplianceGraph::new(&config(&(0..10_000).map(table).collect::<String>()));
    assert_eq!(graph.waves().len(), 10_000);
    assert_eq!(graph.path(&name("s00000"), &name("s09999")).unwrap().len(), 10_000);
    let tree = render::tree(&graph);
    assert!(tree.contains("s09999") && tree.len() < 4_000_000);
    assert_eq!(ComplianceGraph::new(&config("services.s = { path = 's', policy = 'b' }")).edges().len(), 0);
}
