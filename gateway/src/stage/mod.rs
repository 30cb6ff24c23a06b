//! What happens to a request on its way, one file each, in the order in which it happens.
//!
//! edge → identify → authenticate → route → lifecycle → limit → validate → idempotency → pass, or translate: lift →
//! forward → lower → respond. Each stage's result is what the next one needs.

pub mod authenticate;
pub mod dispatch;
pub mod documents;
pub mod edge;
pub mod forward;
pub mod idempotency;
pub mod identify;
pub mod lifecycle;
pub mod limit;
pub mod links;
pub mod lower;
pub mod members;
pub mod monitor;
pub mod options;
pub mod pass;
pub mod precondition;
pub mod receive;
pub mod refuse;
pub mod respond;
pub mod route;
pub mod successor;
pub mod translate;
pub mod validate;
pub mod way;
pub mod write;
