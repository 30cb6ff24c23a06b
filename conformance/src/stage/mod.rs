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
//! - [`http2`]: HTTP/2 by prior knowledge or over TLS;
//! - [`tls`]: certificates that tests make, and how clients speak TLS;
//! - [`Case`]: exchanges as data;
//! - [`postgres`]: a real server for usage figures;
//! - [`scripted`]: an upstream that writes what a test says, byte by byte.

mod answer;
mod case;
mod client;
pub mod http2;
pub mod postgres;
pub mod scripted;
mod setup;
pub mod tls;

pub use answer::Answer;
pub use case::Case;
pub use client::{Broken, Client};
pub use setup::{Setup, Stage, example, noon};

pub use crate::oracle::VERSIONS;

use std::time::Duration;

/// Within this anything ends, else a test fails instead of hanging.
pub const PATIENCE: Duration = Duration::from_secs(30);
