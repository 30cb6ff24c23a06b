//! The files as written. Raw is for reading: no type of this module leaves the crate.

mod api;
mod audit;
mod authentication;
mod change;
mod consumers;
mod edge;
mod idempotency;
mod keys;
mod lifecycle;
mod limits;
mod main;
mod notify;
mod range;
mod store;
mod telemetry;
mod tls;
mod tokens;
mod usage;
mod validation;

pub(crate) use api::{
    RawAdditions, RawApi, RawErrors, RawMediaType, RawNamed, RawOnFailure, RawSelector, RawUnmentioned,
    RawVersion,
};
pub(crate) use authentication::{RawApiKey, RawAuthentication, RawScheme};
pub(crate) use change::{RawChange, RawDocument, RawPart};
pub(crate) use consumers::{RawConsumer, RawConsumers};
pub(crate) use edge::{
    RawAddresses, RawCompression, RawCors, RawFrames, RawSecurityHeaders, RawTransportSecurity,
};
pub(crate) use keys::{RawClientCertificate, RawKey, RawPassword};
pub(crate) use lifecycle::{RawBrownout, RawExemption, RawLifecycle, RawMemberCourse, RawTrial};
pub(crate) use limits::{RawLimit, RawOnStoreFailure, RawWhere};
pub(crate) use main::{RawBounds, RawMain, RawUpstream};
pub(crate) use notify::{RawNotify, RawNotifyTo};
pub(crate) use range::RawVersions;
use serde_json::{Map, Value};
pub(crate) use store::RawStore;
pub(crate) use telemetry::{RawAccessLog, RawAccessLogTo, RawLogFile, RawTraces};
pub(crate) use tls::{RawCertificate, RawTls, RawUpstreamTls};
pub(crate) use tokens::{RawIntrospection, RawJwt, RawReach};
pub(crate) use usage::{RawRetention, RawUsage, RawUsageStore};
pub(crate) use validation::RawAnswers;

/// The format version of every file that this release reads.
pub(crate) const FORMAT: u64 = 1;

/// A mapping whose order counts. Its members have the type that the schema says.
pub(crate) type Ordered = Map<String, Value>;
