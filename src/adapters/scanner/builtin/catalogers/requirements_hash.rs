//! Hashes behind the lines of a requirements file (`--hash=sha256:…`).
//!
//! Nothing closes a requirements file. But pip refuses a file in which some requirements have a hash and others have not,
//! so that one that lacks it, or a hash that is not whole, tells that the file was cut or changed by hand.

/// What the lines of a file say of hashes.
#[derive(Default)]
pub(super) struct Hashes {
    any: bool,
    without: Option<usize>,
}

impl Hashes {
    /// Takes the options behind a requirement at a line.
    ///
    /// # Errors
    /// A hash that is not whole.
    pub(super) fn take(&mut self, line: usize, options: &str) -> Result<(), String> {
        if hashed(options)? {
            self.any = true;
        } else if self.without.is_none() {
            self.without = Some(line);
        }
        Ok(())
    }

    /// The line that lacks a hash where others have one.
    pub(super) fn missing(&self) -> Option<usize> {
        self.without.filter(|_| self.any)
    }
}

/// Whether there are hashes among the options.
fn hashed(options: &str) -> Result<bool, String> {
    let mut any = false;
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let hash = match word.split_once('=').unwrap_or((word, "")) {
            ("--hash", "") => words.next().unwrap_or_default(),
            ("--hash", hash) => hash,
            (option, _) if option.len() < 6 && "--hash".starts_with(option) => {
                return Err("an option that is cut".into());
            }
            _ => continue,
        };
        any = true;
        let (algorithm, digits) = hash.split_once(':').unwrap_or((hash, ""));
        let length = match algorithm {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ => return Err("a hash of an unknown kind".into()),
        };
        if digits.len() != length || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("a hash that is not whole".into());
        }
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_whole_or_none() {
        let digits = "a".repeat(64);
        let mut hashes = Hashes::default();
        hashes.take(1, "").unwrap();
        assert_eq!(hashes.missing(), None);
        hashes.take(2, &format!("--hash=sha256:{digits} --hash sha256:{digits}")).unwrap();
        assert_eq!(hashes.missing(), Some(1));
        for bad in ["--hash=sha256:12", "--hash=md5:00", "--hash", "--ha", &format!("--hash=sha256:{digits}0")] {
            assert!(hashed(bad).is_err(), "{bad}");
        }
        assert_eq!(hashed("--config-settings x=y"), Ok(false));
    }
}
