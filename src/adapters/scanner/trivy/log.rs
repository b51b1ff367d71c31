//! Trivy's log: what it could not read. Each line is a time, a level, a message and pairs of `key=value`, separated by tabs.

use super::super::external::said::shown;
use crate::model::{Gap, GapKind};
use crate::ports::ScanError;

/// Messages that say nothing of which packages there are: where licences, and dpkg's list of what could be installed, were not
/// found.
const HARMLESS: [&str; 3] = ["license", "License", "[dpkg] Unable to parse the available file"];

/// The most gaps that are told one by one.
const MOST: usize = 1000;

/// What was not read, by the log.
///
/// # Errors
/// Something failed that is more than one file, or the log is not a log.
pub(super) fn gaps(said: &str) -> Result<Vec<Gap>, ScanError> {
    let mut gaps = Vec::new();
    for line in said.lines().filter(|line| !line.trim().is_empty()) {
        let mut parts = line.splitn(4, '\t');
        let (time, level) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (message, pairs) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_log = time.starts_with(|letter: char| letter.is_ascii_digit());
        match level {
            "INFO" if is_log => {}
            "WARN" | "DEBUG" if is_log && HARMLESS.iter().any(|word| message.contains(word)) => {}
            "DEBUG" if is_log => {
                if let Some(error) = value(pairs, "err").or_else(|| value(pairs, "error")) {
                    gaps.push(unread(message, pairs, error));
                }
            }
            "WARN" if is_log => gaps.push(unread(message, pairs, value(pairs, "err").unwrap_or_default())),
            // `ERROR`, `FATAL`, and whatever is not a line of a log.
            _ => {
                return Err(ScanError::Unusable(format!(
                    "trivy says: {}",
                    shown(line.strip_prefix(time).filter(|_| is_log).unwrap_or(line))
                )));
            }
        }
    }
    if gaps.len() > MOST {
        gaps.truncate(MOST);
        gaps.push(Gap::new(GapKind::LimitReached, "", format!("trivy could not read more than {MOST} files")));
    }
    Ok(gaps)
}

fn unread(message: &str, pairs: &str, error: &str) -> Gap {
    let place = value(pairs, "file_path").or_else(|| value(pairs, "file")).or_else(|| value(pairs, "path"));
    // Names of temporary files differ from run to run.
    let error = if error.contains("tmp/") || error.is_empty() { String::new() } else { format!(": {}", shown(error)) };
    Gap::new(
        GapKind::UnreadableFile,
        place.unwrap_or_default().trim_start_matches('/'),
        format!("trivy: {}{error}", shown(message)),
    )
}

/// The value of a pair, without its quotes; up to the next pair where it has none.
fn value<'a>(pairs: &'a str, key: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(at) = pairs[from..].find(key).map(|at| at + from) {
        let rest = &pairs[at + key.len()..];
        let begins = at == 0 || pairs[..at].ends_with(' ');
        match rest.strip_prefix('=').filter(|_| begins) {
            Some(rest) => {
                return Some(match rest.strip_prefix('"') {
                    Some(quoted) => &quoted[..end_of_quoted(quoted)],
                    None => rest.split(' ').next().unwrap_or(rest),
                });
            }
            None => from = at + key.len(),
        }
    }
    None
}

/// Where a quoted text ends.
fn end_of_quoted(text: &str) -> usize {
    let mut escaped = false;
    let ends = |(_, letter): &(usize, char)| {
        let ends = *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        ends
    };
    text.char_indices().find(ends).map_or(text.len(), |(at, _)| at)
}
