//! config
pub mod diagnostic;
pub mod source;
mod suggest;
mod yaml;
