//! Which of several images is meant.

use super::document::Platform;
use crate::ports::SubjectError;

/// The place of the one that fits: the platform asked for, else the only one, else the only one for `linux/amd64`.
pub(super) fn choose(reference: &str, wanted: Option<&str>, all: &[Platform]) -> Result<usize, SubjectError> {
    let fitting: Vec<usize> = match wanted {
        Some(wanted) => places(all, |platform| fits(platform, wanted)),
        None if all.len() == 1 => vec![0],
        None => places(all, |platform| fits(platform, "linux/amd64")),
    };
    let list = || all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let error = |reason: String| Err(SubjectError::Reference(format!("{reference}: {reason}")));
    match (fitting.as_slice(), wanted) {
        ([one], _) => Ok(*one),
        _ if all.is_empty() => error("it holds no image".into()),
        ([], Some(wanted)) => error(format!("no image for {wanted}; there are {}", list())),
        ([], None) => {
            error(format!("several images and none for linux/amd64: name a `platform`; there are {}", list()))
        }
        _ => error(format!("several images fit: name a tag, a digest or a `platform`; there are {}", list())),
    }
}

fn places(all: &[Platform], fits: impl Fn(&Platform) -> bool) -> Vec<usize> {
    all.iter().enumerate().filter(|(_, platform)| fits(platform)).map(|(place, _)| place).collect()
}

/// A platform without a variant stands for every variant.
fn fits(platform: &Platform, wanted: &str) -> bool {
    let mut parts = wanted.splitn(3, '/');
    parts.next() == Some(&platform.os)
        && parts.next() == Some(&platform.architecture)
        && parts.next().is_none_or(|variant| platform.variant.as_deref() == Some(variant))
}
