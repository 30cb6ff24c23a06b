//! A stage for tests over real sockets: the demo backend, a gateway in front of it, and clients that see bytes.
//!
//! ```no_run
//! use sluice_conformance::stage::Stage;
//!
//! let stage = Stage::integrationhub();
//! let answer = stage.get("/v2.0/customers/cus_000017", &[("if-none-match", "\"x\"")]);
//! assert_eq!(answer.status, 200);
//! println!("{}", answer.json()["address"]);
//! println!("{:?}", stage.backend().requests());
//! ```
//!
//! - [`Setup`]: what differs from the example: its files, its environment, its upstream, the seeded customers;
//! - [`Stage`]: what runs; requests from any thread, on connections that are kept;
//! - [`Client`] and [`Answer`]: HTTP/1.1 by hand, so that nothing a gateway says is smoothed over;
//! - [`http2`]: HTTP/2 by prior knowledge;
//! - [`Case`]: exchanges as data;
//! - [`scripted`]: an upstream that writes what a test says, byte by byte.

mod answer;
mod case;
mod client;
pub mod http2;
pub mod scripted;
mod setup;

pub use answer::Answer;
pub use case::Case;
pub use client::{Broken, Client};
pub use setup::{Setup, Stage, example};

use std::time::Duration;

/// Within this anything ends, else a test fails instead of hanging.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The versions of the example, in their order.
pub const VERSIONS: [&str; 14] = [
    "1.0",
    "1.1",
    "1.2",
    "2.0",
    "2.1",
    "2.1-megacorp",
    "2.2",
    "2.3",
    "3.0",
    "3.0-hotfix",
    "3.1",
    "3.2",
    "3.3",
    "4.0-beta",
];
