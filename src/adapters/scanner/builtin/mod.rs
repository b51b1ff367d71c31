//! The built-in scanner: reads subjects file by file and asks each cataloger what it makes of them.

pub mod catalog;
pub mod catalogers;
/// stub
pub struct Builtin(crate::model::ScannerIdentity);
impl Builtin {
    /// s
    pub fn new() -> Self {
        Self(crate::model::ScannerIdentity { name: "builtin".into(), version: "0".into(), binary: None })
    }
}
impl crate::ports::Scanner for Builtin {
    fn identity(&self) -> &crate::model::ScannerIdentity {
        &self.0
    }
    fn options(&self) -> String {
        String::new()
    }
    fn scan(self: std::sync::Arc<Self>, _: crate::ports::ScanRequest) -> crate::ports::ScanTask {
        crate::ports::ScanTask::Cpu(Box::new(|| Err(crate::ports::ScanError::Cancelled)))
    }
}
