//! The gateway: everything alive. `serve` takes connections, [`exchange`] is the life of one request, `stage` holds its
//! steps, `upstream` the way to the backends, [`edition`] what runs and how it is swapped. What the steps of the guard
//! decide by lives in [`guard`]: credentials in [`auth`], [`limits`], schemas in [`validation`], kept answers in
//! [`idempotency`].

pub mod admin;
pub mod audit;
pub mod auth;
pub mod background;
pub mod body;
pub mod canonical;
pub mod cli;
pub mod clock;
pub mod console;
pub mod demo;
pub mod edge;
pub mod edition;
pub mod exchange;
pub mod fields;
mod files;
mod framing;
pub mod gateway;
pub mod guard;
mod here;
pub mod idempotency;
pub mod identity;
pub mod journal;
pub mod ledger;
pub mod lifecycle;
pub mod limits;
pub mod meters;
pub mod notify;
pub mod pools;
mod readable;
pub mod refusal;
pub mod reload;
pub mod scrape;
pub mod secret;
pub mod serve;
pub mod shared;
pub mod stage;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod upstream;
pub mod validation;
pub mod watch;
