//! gateway
pub mod body;
pub mod canonical;
pub mod demo;
pub mod refusal;
pub mod serve;
pub mod upstream;
