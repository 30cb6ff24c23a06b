//! The data plane over real sockets: clients that speak bytes, backends that follow a script.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bodies;
mod clients;
mod drain;
mod stage;
mod upstreams;
