//! What people ask the ledger: each question is one file, with what it answers as a type. The console shows these types,
//! commands print them, and both give them as JSON.
//!
//! Numbers of the last 24 hours, 7 days and 90 days include the hour or the day at hand.

pub mod client;
pub mod fields;
pub mod figures;
pub mod forecast;
pub mod health;
pub mod prediction;
pub mod protection;
pub mod sunset;
pub mod timeline;
pub mod who_uses;
pub mod window;

#[cfg(test)]
mod given;
