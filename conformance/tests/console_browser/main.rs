//! The console in a real browser: every panel by what a known ledger says, the playground, the light and the dark, a narrow
//! screen, no scripts, the keyboard alone, logging in and out, and what the content security policy refuses.
//!
//! Without chromedriver these tests print that they were skipped. `SLUICE_SCREENSHOTS=DIR` has the pictures of docs/ made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod browser;
mod doors;
mod pages;
mod panels;
mod pictures;
