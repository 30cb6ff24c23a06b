//! What `sluice demo` needs beside the gateway itself: a backend to stand in front of.

pub mod backend;
