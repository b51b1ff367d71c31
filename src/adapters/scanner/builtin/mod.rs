//! The built-in scanner: reads subjects file by file and asks each cataloger what it makes of them.

pub mod catalog;
pub mod catalogers;
