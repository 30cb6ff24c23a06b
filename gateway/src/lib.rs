//! The gateway: everything alive. `serve` takes connections, [`exchange`] is the life of one request, `stage` holds its
//! steps, `upstream` the way to the backends, [`edition`] what runs and how it is swapped.

pub mod admin;
pub mod body;
pub mod canonical;
pub mod cli;
pub mod clock;
pub mod demo;
pub mod edition;
pub mod exchange;
pub mod fields;
pub mod gateway;
pub mod ledger;
pub mod pools;
pub mod refusal;
pub mod reload;
pub mod serve;
pub mod stage;
pub mod upstream;
pub mod watch;
