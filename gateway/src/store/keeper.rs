//! Keeps the connection to the store, beside the cores, and counts the gateways that live.
//!
//! Nobody waits for it: while there is no connection, calls fail at once.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use redis::{AsyncConnectionConfig, Value};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::{Script, Store};
use crate::meters::Meters;

/// How long after a fault the store is tried again, and how much longer at most, so that a fleet does not come at once.
const AGAIN: Duration = Duration::from_secs(1);
const JITTER_MS: u64 = 250;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(1);
/// How often a gateway tells that it lives.
const BEAT: Duration = Duration::from_secs(1);
/// How long it is believed without telling again: [`BELIEVED_MS`].
const BELIEVED: Duration = Duration::from_secs(5);
const BELIEVED_MS: &[u8] = b"5000";

/// Tells that this gateway lives, and how many do. One key, which goes when nobody tells any more.
static ALIVE: Script = Script::new(
    "alive",
    "local t = redis.call('TIME')
     local now = t[1] * 1000 + math.floor(t[2] / 1000)
     local believed = tonumber(ARGV[2])
     redis.call('ZADD', KEYS[1], now, ARGV[1])
     redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - believed)
     redis.call('PEXPIRE', KEYS[1], believed)
     return redis.call('ZCARD', KEYS[1])",
);

/// Runs until the store is no longer used. `first` is told when the first attempt has ended.
pub(super) async fn keep(store: Weak<Store>, given_up: Arc<Notify>, first: Sender<()>) {
    let mut told = None;
    let mut transition = |now: &Result<(), String>| {
        if told.replace(now.is_ok()) != Some(now.is_ok()) {
            tell(&store, now);
        }
    };
    while store.strong_count() > 0 {
        let connected = connect(&store).await;
        transition(&connected);
        let _nobody_waits = first.send(());
        if connected.is_ok() {
            beat(&store, &given_up).await;
            transition(&Err("it gave no answers".to_owned()));
        }
        sleep(AGAIN + jitter()).await;
    }
}

/// One attempt: a connection that answers. Else why not, for the log.
async fn connect(store: &Weak<Store>) -> Result<(), String> {
    let Some(store) = store.upgrade() else {
        return Err("it is no longer used".to_owned());
    };
    let late = |_| "it did not answer in time".to_owned();
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(None);
    let connecting = store.client.get_multiplexed_async_connection_with_config(&config);
    let connected = timeout(CONNECT, connecting).await.map_err(late)?;
    let line = Arc::new(connected.map_err(|error| error.to_string())?);
    let args = alive_args(&store.node);
    let alive = ALIVE.call(&line, &store.plan.prefix, &["nodes"], &args);
    let count = timeout(CONNECT, alive).await.map_err(late)?;
    // A store that lost its data, and one that just came back, knows fewer than there are.
    count_nodes(&store, &count.map_err(|error| error.to_string())?, true);
    store.faults.store(0, Ordering::Relaxed);
    store.line.store(Some(line));
    Ok(())
}

/// Tells that this gateway lives, until the connection is given up.
async fn beat(store: &Weak<Store>, given_up: &Notify) {
    let begun = Instant::now();
    loop {
        let _ = timeout(BEAT, given_up.notified()).await;
        let Some(store) = store.upgrade().filter(|store| store.is_up()) else {
            return;
        };
        let args = alive_args(&store.node);
        if let Ok(count) = store.run(&ALIVE, &["nodes"], &args).await {
            count_nodes(&store, &count, begun.elapsed() < BELIEVED);
        }
    }
}

fn alive_args(node: &str) -> [&[u8]; 2] {
    [node.as_bytes(), BELIEVED_MS]
}

fn count_nodes(store: &Store, count: &Value, at_least_as_before: bool) {
    let Value::Int(count) = count else {
        return;
    };
    let count = u32::try_from(*count).unwrap_or(1).max(1);
    let before = store.nodes();
    let now = if at_least_as_before {
        count.max(before)
    } else {
        count
    };
    store.nodes.store(now, Ordering::Relaxed);
    if now != before {
        let set = |meters: &Meters| {
            let help = "Gateways that share the store, as last known";
            meters.set("sluice_store_nodes", help, &[], f64::from(now));
        };
        store.meter(set);
    }
}

/// One line for each transition, and what shows in metrics.
fn tell(store: &Weak<Store>, now: &Result<(), String>) {
    let Some(store) = store.upgrade() else {
        return;
    };
    match now {
        Ok(()) => tracing::info!(nodes = store.nodes(), "the store is connected"),
        Err(why) => tracing::warn!(
            why,
            "the store cannot be asked: what it keeps is judged as each setting says under `on_failure`"
        ),
    }
    let is_up = now.is_ok();
    let limits = store.limits.load(Ordering::Relaxed);
    store.meter(|meters| {
        let help = "Whether the store that the fleet shares can be asked";
        meters.set("sluice_store_up", help, &[], f64::from(u8::from(is_up)));
        if limits {
            set_degraded(meters, !is_up);
        }
    });
}

/// Whether limits of the fleet are judged without the store.
pub(super) fn set_degraded(meters: &Meters, is_degraded: bool) {
    let help = "Whether limits of the fleet are judged without the store";
    let value = f64::from(u8::from(is_degraded));
    meters.set("sluice_limits_degraded", help, &[], value);
}

/// A name that no other gateway has.
pub(super) fn random_name() -> String {
    let mut bytes = [0; 8];
    // Without randomness the time and the process tell gateways apart well enough.
    if getrandom::fill(&mut bytes).is_err() {
        let now = jiff::Timestamp::now().as_nanosecond() as u64;
        bytes = (now ^ u64::from(std::process::id())).to_be_bytes();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn jitter() -> Duration {
    let mut byte = [0];
    let _same = getrandom::fill(&mut byte);
    Duration::from_millis(u64::from(byte[0]) * JITTER_MS / 256)
}
