//! What must hold, as data and runners.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a runner that panics says what did not hold

pub mod console;
pub mod customers;
pub mod effort;
pub mod engine;
pub mod oracle;
pub mod pairs;
pub mod stage;
pub mod traffic;
pub mod transformations;
