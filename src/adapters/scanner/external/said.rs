//! What a program says of its work, made fit to be looked at and shown.

use std::path::Path;

/// The longest piece that is shown, in characters.
const SHOWN: usize = 300;

/// What stands before a secret.
const BEFORE_SECRETS: [&str; 6] = ["token", "password", "passwd", "secret", "authorization", "bearer"];

/// The text without colours, control characters and the private directory's path.
pub(in crate::adapters::scanner) fn plain(stderr: &[u8], private: &Path) -> String {
    let text = String::from_utf8_lossy(stderr);
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // A colour: up to the letter that ends it.
            '\u{1b}' => drop(letters.by_ref().find(char::is_ascii_alphabetic)),
            '\n' | '\t' => plain.push(letter),
            letter if letter.is_control() => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain.replace(&format!("{}/", private.display()), "")
}

/// A piece of it to show: bounded, and nothing in it that stands where a secret would.
pub(in crate::adapters::scanner) fn shown(text: &str) -> String {
    let mut shown = String::new();
    let mut hide = false;
    for word in text.split_whitespace() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        let lower = word.to_ascii_lowercase();
        let named = BEFORE_SECRETS.iter().any(|name| lower.contains(name));
        match word.find(['=', ':']).filter(|_| named) {
            Some(at) if at + 1 < word.len() => {
                shown.push_str(&word[..=at]);
                shown.push_str("***");
                hide = lower.ends_with("bearer");
            }
            _ if hide && !named => {
                shown.push_str("***");
                hide = false;
            }
            _ => {
                shown.push_str(word);
                hide = named && (lower.ends_with([':', '=']) || lower == "bearer" || lower.starts_with("--"));
            }
        }
        if shown.len() > SHOWN {
            return shown.chars().take(SHOWN).chain(['…']).collect();
        }
    }
    shown
}

/// The last line, to end a message with.
pub(in crate::adapters::scanner) fn last_words(said: &str) -> String {
    said.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .map_or_else(String::new, |line| format!(": {}", shown(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_like_a_secret_is_shown() {
        assert_eq!(shown("login failed token=s3cr3t for bob"), "login failed token=*** for bob");
        assert_eq!(shown("Authorization: Bearer abc.def ok"), "Authorization: Bearer *** ok");
        assert_eq!(shown("--password hunter2 x"), "--password *** x");
        assert_eq!(shown(&"x ".repeat(1000)).chars().count(), SHOWN + 1);
    }

    #[test]
    fn colours_and_places_of_this_machine_are_left_out() {
        let text = plain(b"\x1b[31mERROR\x1b[0m /tmp/private/ab/c\x07\nnext", Path::new("/tmp/private"));
        assert_eq!(text, "ERROR ab/c \nnext");
        assert_eq!(last_words(&text), ": next");
        assert_eq!(last_words(" \n"), "");
    }
}
