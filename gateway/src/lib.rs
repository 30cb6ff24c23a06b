//! gateway
pub mod demo;
