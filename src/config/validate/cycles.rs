//! Finds circles among names, without calling itself: a file may hold a chain of any length.

use crate::config::errors::{ConfigError, Report, Span};
use std::collections::BTreeMap;

/// What each name needs, and where the file says so.
pub(super) type Needs<'a> = BTreeMap<&'a str, Vec<(&'a str, Span)>>;

/// Longest circle of which every step is shown.
const MAX_SHOWN: usize = 16;
/// Most circles that are reported: finding the steps of one takes a walk along it.
const MAX_CIRCLES: usize = 50;

/// Reports each circle as a path `a -> b -> a`, with a label at each of its steps. Names that nothing is declared for are
/// stepped over. Gives the names in an order in which each comes behind all it needs, but for those in circles.
pub(super) fn check<'a>(needs: &Needs<'a>, code: &'static str, verb: &str, report: &mut Report) -> Vec<&'a str> {
    let mut done: BTreeMap<&str, bool> = BTreeMap::new();
    let mut order = Vec::with_capacity(needs.len());
    let mut circles = 0;
    for start in needs.keys() {
        if done.contains_key(start) {
            continue;
        }
        // Each step: a name and how many of its needs were followed.
        let mut path: Vec<(&'a str, usize)> = vec![(*start, 0)];
        done.insert(*start, false);
        while let Some((name, followed)) = path.last_mut() {
            let next = needs.get(name).and_then(|needs| needs.get(*followed));
            let Some((next, _)) = next else {
                done.insert(*name, true);
                order.push(*name);
                path.pop();
                continue;
            };
            *followed += 1;
            match done.get(next) {
                Some(true) => {}
                Some(false) if circles == MAX_CIRCLES => {}
                Some(false) => {
                    circles += 1;
                    let from = path.iter().position(|(name, _)| name == next).unwrap_or(0);
                    report_circle(&path[from..], needs, code, verb, report);
                }
                None if needs.contains_key(next) => {
                    done.insert(*next, false);
                    path.push((*next, 0));
                }
                None => {}
            }
        }
    }
    order
}

fn report_circle(path: &[(&str, usize)], needs: &Needs<'_>, code: &'static str, verb: &str, report: &mut Report) {
    // Told from its first name in order, so that the same circle reads the same whichever way it was entered.
    let first = path.iter().enumerate().min_by_key(|(_, (name, _))| *name).map_or(0, |(index, _)| index);
    let steps: Vec<(&str, usize)> = path[first..].iter().chain(&path[..first]).copied().collect();
    let mut names: Vec<&str> = steps.iter().take(MAX_SHOWN).map(|(name, _)| *name).collect();
    if steps.len() > MAX_SHOWN {
        names.push("…");
    }
    names.extend(steps.first().map(|(name, _)| *name));
    let mut places = steps.iter().take(MAX_SHOWN).filter_map(|(name, followed)| {
        let (next, span) = needs.get(name)?.get(followed.checked_sub(1)?)?;
        Some((*span, format!("{name} {verb} {next}")))
    });
    let Some((span, label)) = places.next() else { return };
    let message = format!("a circle: {}", names.join(" -> "));
    let error = ConfigError::new(code, span, message).label(label).help("leave one of these steps out");
    report.add(places.fold(error, |error, (span, label)| error.also(span, label)));
}
