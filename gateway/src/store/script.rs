//! Scripts: what the store does in one piece.

use std::sync::OnceLock;

use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Value};

/// A script in the store's language (Lua). It is sent once, then called by its hash.
#[derive(Debug)]
pub struct Script {
    /// What it is called in logs.
    pub name: &'static str,
    code: &'static str,
    made: OnceLock<redis::Script>,
}

impl Script {
    /// A script, to be kept in a `static`.
    pub const fn new(name: &'static str, code: &'static str) -> Self {
        Self {
            name,
            code,
            made: OnceLock::new(),
        }
    }

    /// Calls it over a connection, with each key under a prefix.
    pub(super) async fn call(
        &self,
        line: &MultiplexedConnection,
        prefix: &str,
        keys: &[&str],
        args: &[&[u8]],
    ) -> RedisResult<Value> {
        let made = self.made.get_or_init(|| redis::Script::new(self.code));
        let mut call = made.prepare_invoke();
        for key in keys {
            call.key(format!("{prefix}:{key}"));
        }
        for arg in args {
            call.arg(*arg);
        }
        call.invoke_async(&mut line.clone()).await
    }
}
