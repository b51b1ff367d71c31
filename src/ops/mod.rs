//! The verbs, one a file. Each takes the [`World`] and plain options, and gives a result that `report` words; none prints.

mod exit;
mod failure;
pub mod init;
mod warm;
mod world;

pub use exit::Exit;
pub use failure::Failure;
pub use warm::{State, Summary};
pub use world::World;
