//! What `sluice demo` needs beside the gateway itself: a backend to stand in front of, and an issuer of tokens.

pub mod backend;
pub mod history;
pub mod issuer;
