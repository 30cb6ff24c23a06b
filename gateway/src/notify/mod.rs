//! Messages to the people behind consumers: what of an API goes, when, and what of it they still use.
//!
//! ```text
//! due.rs      which messages a consumer is due, pure in the plan and the time    message.rs  a message, with its key
//! text.rs     how it reads                                                       run.rs      claims and sends, each once
//! sender.rs, files.rs, webhook.rs  the two ways to send one                      summary.rs  what a run came to
//! ```
//!
//! # Each sent once
//! A message has a key, made of what it is about: the API, the version, the consumer, the occasion and its dates. A date that
//! is moved makes another message. The key is claimed in the ledger's store before the message is sent, so that of two runs
//! at the same time one sends it, and given back when sending failed, so that the next run tries again. A process that is
//! killed between the two has claimed a message that nobody got (at most once): that is one message, where the other way
//! round everybody would be told again. It can be sent by hand (`--again`). SIGINT and SIGTERM do not do that: the message
//! at hand is finished first.
//!
//! A webhook may have taken a message whose answer was lost: then it is sent again, by the same run or a later one. Its
//! `webhook-id` is made of the key and stays the same, so that a receiver can tell.

pub mod due;
mod files;
pub mod message;
mod run;
mod sender;
mod summary;
mod text;
mod webhook;

pub use run::Run;
pub use sender::Sender;
pub use summary::{Summary, Told, Unidentified, Unreached};
