//! What happens to a request on its way, one file each, in the order in which it happens.
//!
//! identify → route → pass, or translate: lift → forward → lower → respond. Each stage's result is what the next one needs.

pub mod documents;
pub mod forward;
pub mod identify;
pub mod links;
pub mod lower;
pub mod options;
pub mod pass;
pub mod precondition;
pub mod refuse;
pub mod respond;
pub mod route;
pub mod translate;
pub mod way;
pub mod write;
