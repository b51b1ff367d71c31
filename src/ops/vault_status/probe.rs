//! One setting that was looked at, and how a list of them is made.

use serde::Serialize;
use serde_json::Value;

/// How a setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// Safe.
    Safe,
    /// Safe; it could be better.
    Weak,
    /// It was not shown, or not understood: nothing is known of it.
    NotKnown,
    /// Somebody could use it.
    Unsafe,
}

/// One setting that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// Where: a path of Vault, or of the config.
    pub place: String,
    /// What, a stable name.
    pub name: &'static str,
    /// How it is.
    pub safety: Safety,
    /// What was found.
    pub found: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// The probes of one place.
pub(super) struct Place<'a> {
    place: &'a str,
    data: &'a Value,
    probes: &'a mut Vec<Probe>,
}

impl<'a> Place<'a> {
    /// With what was found there.
    pub(super) fn new(place: &'a str, data: &'a Value, probes: &'a mut Vec<Probe>) -> Self {
        Self { place, data, probes }
    }

    /// A setting, which is not known where it is not shown, and of the other safety where it is not right.
    pub(super) fn check(
        &mut self,
        name: &'static str,
        key: &str,
        otherwise: Safety,
        mend: &str,
        is_right: impl FnOnce(&Value) -> bool,
    ) {
        let Some(value) = self.data.get(key) else {
            return self.add(name, Safety::NotKnown, format!("{key} is not shown"), None);
        };
        let safety = if is_right(value) { Safety::Safe } else { otherwise };
        self.add(name, safety, format!("{key} = {}", short(value)), (safety != Safety::Safe).then_some(mend));
    }

    /// What comes of more than one setting.
    pub(super) fn add(&mut self, name: &'static str, safety: Safety, found: String, mend: Option<&str>) {
        let mend = mend.map(str::to_owned);
        self.probes.push(Probe { place: self.place.to_owned(), name, safety, found, mend });
    }

    /// A setting as it was found.
    pub(super) fn get(&self, key: &str) -> &'a Value {
        self.data.get(key).unwrap_or(&Value::Null)
    }
}

/// A value in a line of bounded length.
fn short(value: &Value) -> String {
    value.to_string().chars().filter(|c| !c.is_control()).take(120).collect()
}

/// Whether a value is false.
pub(super) fn no(value: &Value) -> bool {
    *value == Value::Bool(false)
}

/// Whether a number is from 1 to a limit.
pub(super) fn within(most: u64) -> impl Fn(&Value) -> bool {
    move |value| value.as_u64().is_some_and(|number| (1..=most).contains(&number))
}

/// The texts of a list; none for anything else.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
