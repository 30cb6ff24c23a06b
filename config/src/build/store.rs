//! `store` of `sluice.yaml`: where the store is.

use std::sync::Arc;
use std::time::Duration;

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
    } else if has_written_password(tree, pointer, address) {
        let fault = tree.fault(
            Code::BadSettings,
            pointer,
            "a password stands in the configuration",
        );
        fault.hint("take the address from the environment: `\"${REDIS_URL}\"`")
    } else {
        return true;
    };
    faults.push(fault);
    false
}

/// Whether an address has a password that did not come from the environment.
fn has_written_password(tree: &Tree, pointer: &str, address: &str) -> bool {
    let user = address
        .rsplit_once('@')
        .map(|(before, _)| before.trim_start_matches("redis://"));
    let password = user.and_then(|user| Some(user.split_once(':')?.1));
    password.is_some_and(|password| !password.is_empty() && tree.shown(pointer).contains(password))
}
