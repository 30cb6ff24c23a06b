//! Bearer tokens (RFC 6750): JSON Web Tokens and introspection.
//!
//! - [`jws`]: the signed form, taken apart and verified; [`jwk`], [`key_set`]: the keys
//! - [`source`]: where key sets come from, read again in the background
//! - [`claims`]: what a token must say; [`seen`]: what was verified before
//! - [`jwt`], [`introspection`]: the two schemes
//! - [`fetch`]: exchanges with identity servers; [`breaker`]: when none is tried

pub mod breaker;
pub mod claims;
pub mod fetch;
pub mod introspection;
pub mod json;
pub mod jwk;
pub mod jws;
pub mod jwt;
pub mod key_set;
mod roca;
pub mod seen;
pub mod source;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

pub use introspection::Introspection;
pub use jwt::Jwt;
pub use source::Sources;

/// The longest token that is looked at, in bytes.
pub const MOST: usize = 8 * 1024;

/// What stands for a token in tables: from it nobody can make the token.
pub type Print = [u8; 32];

/// The print of some bytes.
pub fn print(bytes: &[u8]) -> Print {
    Sha256::digest(bytes).into()
}

/// What is wrong with a text before it is looked into: its size, or characters that no token has (RFC 6750 §2.1).
fn unfit(token: &str) -> Option<&'static str> {
    if token.len() > MOST {
        return Some("the token is longer than 8 KiB");
    }
    let body = token.trim_end_matches('=');
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
    (body.is_empty() || !body.bytes().all(fits)).then_some("the token holds characters that no token has")
}
