//! The one bridge between waiting and computing.

use super::errors::ExecuteError;
use std::sync::Arc;

/// Runs work on the pool and waits for its result without blocking the thread that waits.
///
/// # Errors
/// The work panicked.
pub(super) async fn on_cores<T: Send + 'static>(
    pool: &Arc<rayon::ThreadPool>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ExecuteError> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    pool.spawn(move || {
        // The receiver is gone when the action's time is up; nobody wants the result then.
        sender.send(work()).unwrap_or_default();
    });
    receiver.await.map_err(|_| ExecuteError::Lost)
}

/// Waits on this thread for one thing after the other; connections live from one to the next.
pub struct Waiter(tokio::runtime::Runtime);

impl Waiter {
    /// One that waits for nothing yet.
    ///
    /// # Errors
    /// The machine gives no runtime.
    pub fn new() -> Result<Self, ExecuteError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self(runtime.map_err(|error| ExecuteError::NoThreads(error.to_string()))?))
    }

    /// Waits for one thing.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.0.block_on(work)
    }
}

/// Waits for one thing on this thread.
///
/// # Errors
/// The machine gives no runtime.
pub fn wait_for<T>(work: impl Future<Output = T>) -> Result<T, ExecuteError> {
    Ok(Waiter::new()?.wait(work))
}
