//! Time as a value: instants, dates and lengths, parsed and shown in one form each. Nothing here reads a clock.

use serde::{Deserialize, Serialize};

/// An instant in whole seconds, shown as RFC 3339 in UTC (`2026-11-23T00:00:00Z`). The default is the beginning of 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(jiff::Timestamp);

/// A calendar date in UTC, shown as `2026-11-23`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(jiff::civil::Date);

/// A length of time in whole seconds, written `90s`, `15m`, `24h`, `7d` or `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration(u64);

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not an RFC 3339 instant.
    #[error("expected an RFC 3339 time such as `2026-11-23T00:00:00Z` or a date such as `2026-11-23`")]
    Timestamp,
    /// Not a date.
    #[error("expected a date such as `2026-11-23`")]
    Date,
    /// Not a length of time.
    #[error("expected a length of time such as `90s`, `15m`, `24h`, `7d` or `2w`")]
    Duration,
}

impl Timestamp {
    /// Parses RFC 3339 with any offset, or a date (its first second in UTC). Fractions of a second are cut off.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        if let Ok(date) = Date::parse(text) {
            return Ok(date.start());
        }
        let stamp: jiff::Timestamp = text.parse().map_err(|_| TimeError::Timestamp)?;
        Self::from_unix(stamp.as_second())
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// A year outside -9999 to 9999.
    pub fn from_unix(seconds: i64) -> Result<Self, TimeError> {
        jiff::Timestamp::from_second(seconds).map(Self).map_err(|_| TimeError::Timestamp)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix(self) -> i64 {
        self.0.as_second()
    }

    /// The date in UTC.
    pub fn date(self) -> Date {
        Date(jiff::tz::Offset::UTC.to_datetime(self.0).date())
    }

    /// This instant and a length after it; the last representable one where that would be later.
    pub fn plus(self, length: Duration) -> Self {
        let seconds = self.unix().saturating_add(i64::try_from(length.0).unwrap_or(i64::MAX));
        Self::from_unix(seconds).unwrap_or(Self(jiff::Timestamp::MAX))
    }

    /// The length since an earlier instant; zero where that one is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration(u64::try_from(self.unix().saturating_sub(earlier.unix())).unwrap_or(0))
    }
}

impl Date {
    /// Parses `YYYY-MM-DD`.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        if text.len() != 10 {
            return Err(TimeError::Date);
        }
        text.parse().map(Self).map_err(|_| TimeError::Date)
    }

    /// The first second of the date in UTC.
    pub fn start(self) -> Timestamp {
        jiff::tz::Offset::UTC
            .to_timestamp(self.0.to_datetime(jiff::civil::Time::midnight()))
            .map_or(Timestamp(jiff::Timestamp::MAX), Timestamp)
    }

    /// The first second after the date: what is valid *through* a date ends here.
    pub fn end(self) -> Timestamp {
        self.start().plus(Duration::from_days(1))
    }
}

impl Duration {
    /// So many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// So many days of 24 hours.
    pub const fn from_days(days: u64) -> Self {
        Self(days.saturating_mul(86_400))
    }

    /// Seconds.
    pub const fn secs(self) -> u64 {
        self.0
    }

    /// Whole days, rounded down.
    pub const fn days(self) -> u64 {
        self.0 / 86_400
    }

    /// Parses a whole number and one of `s`, `m`, `h`, `d`, `w`.
    ///
    /// # Errors
    /// Any other text, and more than 100 years.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let unit = match text.as_bytes().last() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3_600,
            Some(b'd') => 86_400,
            Some(b'w') => 604_800,
            _ => return Err(TimeError::Duration),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TimeError::Duration);
        }
        let count: u64 = digits.parse().map_err(|_| TimeError::Duration)?;
        match count.checked_mul(unit) {
            Some(seconds) if seconds <= 100 * 366 * 86_400 => Ok(Self(seconds)),
            _ => Err(TimeError::Duration),
        }
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (count, unit) = match self.0 {
            s if s != 0 && s % 86_400 == 0 => (s / 86_400, 'd'),
            s if s != 0 && s % 3_600 == 0 => (s / 3_600, 'h'),
            s if s != 0 && s % 60 == 0 => (s / 60, 'm'),
            s => (s, 's'),
        };
        write!(f, "{count}{unit}")
    }
}

macro_rules! text_form {
    ($($type:ty),*) => {$(
        impl TryFrom<String> for $type {
            type Error = TimeError;
            fn try_from(text: String) -> Result<Self, TimeError> {
                Self::parse(&text)
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
        impl std::str::FromStr for $type {
            type Err = TimeError;
            fn from_str(text: &str) -> Result<Self, TimeError> {
                Self::parse(text)
            }
        }
    )*};
}
text_form!(Timestamp, Date, Duration);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_one_form_each() {
        let stamp = Timestamp::parse("2026-11-23T01:30:00.75+01:00").unwrap();
        assert_eq!(stamp.to_string(), "2026-11-23T00:30:00Z");
        assert_eq!(stamp.date().to_string(), "2026-11-23");
        assert_eq!(stamp.date().end().to_string(), "2026-11-24T00:00:00Z");
        assert_eq!(Timestamp::parse("2026-11-23").unwrap(), stamp.date().start());
        for (text, shown) in [("24h", "1d"), ("90s", "90s"), ("2w", "14d"), ("0s", "0s"), ("120s", "2m")] {
            assert_eq!(Duration::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "7", "-1d", "1.5h", "99999999999d", "d", "７d"] {
            assert_eq!(Duration::parse(text), Err(TimeError::Duration), "{text}");
        }
    }
}
