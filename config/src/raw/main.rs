//! `sluice.yaml`: listeners, upstreams, bounds.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Ordered;
use super::audit::RawAudit;
use super::edge::RawAddresses;
use super::keys::{RawAdminAccess, RawKeys};
use super::notify::RawNotify;
use super::store::RawStore;
use super::telemetry::{RawAccessLog, RawTraces};
use super::tls::{RawTls, RawUpstreamTls};
use super::usage::RawUsage;
use crate::choice::Keep;

/// sluice.yaml: listeners, upstreams, bounds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Main", inline)]
pub(crate) struct RawMain {
    /// The version of the file format: 1.
    #[expect(dead_code, reason = "judged before the file is read as a whole")]
    sluice: u64,
    /// Addresses on which requests are served without TLS, such as `127.0.0.1:8080`. Empty: only those under `tls`.
    #[schemars(length(max = 100))]
    pub(crate) listen: Vec<String>,
    /// The address of the admin API; a loopback address unless there is `admin_access`. Without it there is none.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) admin: Option<String>,
    /// Who may use the admin API. With it the admin API may listen on other addresses than the loopback's.
    #[serde(default)]
    #[schemars(with = "RawAdminAccess")]
    pub(crate) admin_access: Option<RawAdminAccess>,
    /// What API keys are hashed with.
    #[serde(default)]
    #[schemars(with = "RawKeys")]
    pub(crate) keys: Option<RawKeys>,
    /// How many cores serve requests. Without it: all.
    #[serde(default)]
    #[schemars(with = "usize", range(min = 1, max = 1024))]
    pub(crate) workers: Option<usize>,
    /// The backends, by name.
    #[schemars(with = "BTreeMap<String, RawUpstream>")]
    pub(crate) upstreams: Ordered,
    /// How much of anything is accepted.
    #[serde(default)]
    pub(crate) bounds: RawBounds,
    /// How the process stops.
    #[serde(default)]
    pub(crate) drain: RawDrain,
    /// Listeners with TLS.
    #[serde(default)]
    #[schemars(with = "RawTls")]
    pub(crate) tls: Option<RawTls>,
    /// Proxies in front of the gateway, as address ranges (`10.0.0.0/8`): what they say of the client is believed.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) trusted: Vec<String>,
    /// Which addresses may ask, whatever the API.
    #[serde(default)]
    #[schemars(with = "RawAddresses")]
    pub(crate) addresses: Option<RawAddresses>,
    /// The store that a fleet of gateways shares.
    #[serde(default)]
    #[schemars(with = "RawStore")]
    pub(crate) store: Option<RawStore>,
    /// Where the audit log goes.
    #[serde(default)]
    #[schemars(with = "RawAudit")]
    pub(crate) audit: Option<RawAudit>,
    /// Where it is kept who used what: `usage: {}` keeps it in usage.sqlite. Without it nothing outlives the process.
    #[serde(default)]
    #[schemars(with = "RawUsage")]
    pub(crate) usage: Option<RawUsage>,
    /// Where traces go. Without it there are none.
    #[serde(default)]
    #[schemars(with = "RawTraces")]
    pub(crate) traces: Option<RawTraces>,
    /// Where a line of JSON for each exchange goes. Without it there are none.
    #[serde(default)]
    #[schemars(with = "RawAccessLog")]
    pub(crate) access_log: Option<RawAccessLog>,
    /// How the people behind consumers are told of what goes.
    #[serde(default)]
    #[schemars(with = "RawNotify")]
    pub(crate) notify: Option<RawNotify>,
}

/// One backend.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Upstream")]
pub(crate) struct RawUpstream {
    /// Where it listens: `host:port`.
    #[schemars(length(min = 1, max = 1000))]
    pub(crate) endpoints: Vec<String>,
    /// How what an older version cannot show is kept on writes.
    #[serde(default)]
    pub(crate) keep: Keep,
    /// How often a write is tried again when our own precondition failed.
    #[serde(default = "four")]
    #[schemars(range(max = 100))]
    pub(crate) retries: u32,
    /// How long to wait for it.
    #[serde(default)]
    pub(crate) timeouts: RawTimeouts,
    /// How many connections one core opens to one endpoint.
    #[serde(default = "connections")]
    #[schemars(range(min = 1, max = 65535))]
    pub(crate) connections: usize,
    /// TLS towards it. Without it: plain HTTP.
    #[serde(default)]
    #[schemars(with = "RawUpstreamTls")]
    pub(crate) tls: Option<RawUpstreamTls>,
    /// Whether an endpoint may be a link-local address, where clouds hand out credentials.
    #[serde(default)]
    pub(crate) link_local: bool,
}

/// How long to wait for an upstream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Timeouts")]
pub(crate) struct RawTimeouts {
    /// For a connection, such as `1s`.
    pub(crate) connect: String,
    /// For the first byte of an answer, such as `15s`.
    pub(crate) first_byte: String,
    /// For the next bytes of an answer, and how long an unused connection is held, such as `30s`.
    pub(crate) idle: String,
}

impl Default for RawTimeouts {
    fn default() -> Self {
        RawTimeouts {
            connect: "1s".into(),
            first_byte: "15s".into(),
            idle: "30s".into(),
        }
    }
}

/// How much of anything is accepted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Bounds")]
pub(crate) struct RawBounds {
    /// A request's body, such as `1MiB`.
    pub(crate) request: String,
    /// An answer that is held whole, such as `8MiB`.
    pub(crate) held: String,
    /// A body after decompression, such as `16MiB`.
    pub(crate) decoded: String,
    /// How many times larger a body may become by decompression.
    #[schemars(range(min = 1, max = 10000))]
    pub(crate) ratio: usize,
    /// How deep a document may be nested.
    #[schemars(range(min = 1, max = 128))]
    pub(crate) depth: usize,
    /// The size from which a body is translated off the core that serves it, such as `1MiB`.
    pub(crate) offload: String,
    /// How many bodies may wait for that, before more are refused.
    #[schemars(range(min = 1, max = 65536))]
    pub(crate) offload_queue: usize,
    /// A request's header with its first line, such as `64KiB`.
    pub(crate) head: String,
    /// How many lines a request's header has.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) headers: usize,
    /// A request's target, such as `8KiB`.
    pub(crate) target: String,
    /// How long a request's header may take, such as `10s`.
    pub(crate) head_within: String,
    /// How many bytes of a request's body have to come in a second while it is waited for, such as `100B`; `0B` for any.
    pub(crate) body_rate: String,
    /// For how long less is taken, such as `20s`.
    pub(crate) body_grace: String,
}

impl Default for RawBounds {
    fn default() -> Self {
        let [request, held, decoded, offload] = ["1MiB", "8MiB", "16MiB", "1MiB"].map(str::to_owned);
        RawBounds {
            request,
            held,
            decoded,
            ratio: 100,
            depth: 128,
            offload,
            offload_queue: 64,
            head: "64KiB".into(),
            headers: 100,
            target: "8KiB".into(),
            head_within: "10s".into(),
            body_rate: "100B".into(),
            body_grace: "20s".into(),
        }
    }
}

/// How the process stops.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Drain")]
pub(crate) struct RawDrain {
    /// How long answers carry `Connection: close` before the listeners close, such as `2s`.
    pub(crate) announce: String,
    /// How long exchanges may then take to end, such as `30s`.
    pub(crate) grace: String,
}

impl Default for RawDrain {
    fn default() -> Self {
        RawDrain {
            announce: "2s".into(),
            grace: "30s".into(),
        }
    }
}

fn four() -> u32 {
    4
}

fn connections() -> usize {
    256
}
