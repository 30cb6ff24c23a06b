//! `store` of `sluice.yaml`: where the store is.

use std::sync::Arc;
use std::time::Duration;

use super::secrets;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Secret, StorePlan};
use crate::raw::RawStore;
use crate::yaml::Tree;

/// How long a request may wait for the store.
const LONGEST: Duration = Duration::from_secs(1);

/// Judges it. Its address is never shown: it may hold a password.
pub(super) fn build(tree: &Tree, raw: &RawStore, faults: &mut Vec<Diagnostic>) -> Option<StorePlan> {
    let timeout = super::wait(tree, "/store/timeout", &raw.timeout, faults);
    if timeout.is_some_and(|timeout| timeout > LONGEST) {
        let fault = tree.fault(
            Code::OutOfRange,
            "/store/timeout",
            "requests would queue for the store",
        );
        faults.push(fault.hint("write 1s at most; 20ms is much where it is near"));
    }
    let named = is_address(tree, &raw.redis, faults);
    let place = || super::place(tree, "/store/redis");
    named.then_some(())?;
    Some(StorePlan {
        redis: Secret::Value(Arc::from(raw.redis.as_str()), place()),
        timeout: timeout?,
        prefix: raw.prefix.clone(),
        nodes: raw.nodes,
        place: place(),
    })
}

fn is_address(tree: &Tree, address: &str, faults: &mut Vec<Diagnostic>) -> bool {
    let pointer = "/store/redis";
    let fault = if address.starts_with("rediss://") {
        let fault = tree.fault(Code::NotSupported, pointer, "TLS to the store is not supported");
        fault.hint("write `redis://host:port`, and keep the way to it private")
    } else if !address
        .strip_prefix("redis://")
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    {
        let fault = tree.fault(Code::BadAddress, pointer, "this is not the address of a store");
        fault.hint("write `redis://127.0.0.1:6379`, or `\"${REDIS_URL}\"` where it has a password")
    } else if secrets::is_password_written(tree, pointer, address) {
        secrets::written(tree, pointer)
    } else {
        return true;
    };
    faults.push(fault);
    false
}
