//! A plan in words, and in its published JSON form.

use super::action::{Action, Plan};
use serde::Serialize;

/// The published form, version 1.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanReport {
    version: u32,
    run: usize,
    cached: usize,
    actions: Vec<ActionReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct ActionReport {
    label: String,
    kind: &'static str,
    run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<super::RunReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<String>,
    offset_milliseconds: u64,
}

impl Plan {
    /// Every action, in order: those of subjects, then the judgements.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        let subjects = self.subjects.iter().flat_map(|subject| [&subject.sbom, &subject.matching]);
        subjects.chain(self.services.iter().map(|service| &service.judge))
    }

    /// How many actions run, and how many have their result at hand.
    pub fn counts(&self) -> (usize, usize) {
        let run = self.actions().filter(|action| action.decision.reason().is_some()).count();
        (run, self.actions().count() - run)
    }
}

impl From<&Plan> for PlanReport {
    fn from(plan: &Plan) -> Self {
        let (run, cached) = plan.counts();
        let report = |action: &Action, also: &[(crate::model::Name, crate::model::Name)]| ActionReport {
            label: action.label.clone(),
            kind: action.kind.as_str(),
            run: action.decision.reason().is_some(),
            reason: action.decision.reason().map(ToString::to_string),
            why: action.decision.reason().cloned(),
            key: action.key.map(|key| key.to_string()),
            also: also.iter().map(|(service, subject)| format!("{service}/{subject}")).collect(),
            offset_milliseconds: u64::try_from(action.offset.as_millis()).unwrap_or(u64::MAX),
        };
        let mut actions = Vec::new();
        for subject in &plan.subjects {
            let also = subject.used_by.get(1..).unwrap_or_default();
            actions.push(report(&subject.sbom, also));
            actions.push(report(&subject.matching, also));
        }
        actions.extend(plan.services.iter().map(|service| report(&service.judge, &[])));
        Self { version: 1, run, cached, actions }
    }
}

/// The plan as lines: what runs and why; what does not is counted, or listed too.
pub fn render(plan: &Plan, all: bool) -> String {
    let mut text = String::new();
    for action in plan.actions() {
        match action.decision.reason() {
            Some(reason) if action.offset.is_zero() => {
                text.push_str(&format!("run     {}  ({reason})\n", action.label))
            }
            Some(reason) => {
                text.push_str(&format!("run     {}  ({reason}; after {:?})\n", action.label, action.offset));
            }
            None if all => text.push_str(&format!("cached  {}\n", action.label)),
            None => {}
        }
    }
    let (run, cached) = plan.counts();
    text.push_str(&format!("{run} to run, {cached} cached\n"));
    text
}
