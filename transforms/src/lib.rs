//! Versions and documents: a lineage of versions, the changes between neighbours, and the reference interpreter.
//!
//! The way of a document:
//!
//! - [`parse`] reads bytes into a [`value::Value`] that has lost nothing.
//! - [`lineage`] finds the chain of steps between two versions.
//! - [`reference`] takes the steps one after another. It is slow and obvious: it is the specification.
//!
//! Everything here is pure: no clock, no sockets, no files, no logging.

pub mod change;
pub mod check;
pub mod contract;
pub mod decimal;
pub mod export;
pub mod fault;
pub mod generate;
pub mod lineage;
pub mod message;
pub mod message_op;
pub mod op;
pub mod openapi;
pub mod parse;
pub mod patch;
pub mod pointer;
pub mod reference;
pub mod shape;
pub mod template;
pub mod value;
pub mod version;
pub mod walk;
