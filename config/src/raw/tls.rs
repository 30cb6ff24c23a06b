//! TLS: listeners and their certificates, and the way to an upstream.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::choice::TlsVersion;

/// Listeners with TLS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Tls")]
pub(crate) struct RawTls {
    /// Addresses on which requests are served over TLS, such as `0.0.0.0:8443`.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) listen: Vec<String>,
    /// Whether the admin address is served over TLS too.
    #[serde(default)]
    pub(crate) admin: bool,
    /// The oldest version of TLS that is spoken.
    #[serde(default)]
    pub(crate) minimum: TlsVersion,
    /// The certificates; which one a client gets is decided by the host that it asks for (SNI). Clients that name no host
    /// get the default, which is the first unless another one says so.
    #[schemars(length(min = 1, max = 1000))]
    pub(crate) certificates: Vec<RawCertificate>,
    /// Client certificates. Without it none is asked for.
    #[serde(default)]
    #[schemars(with = "RawClients")]
    pub(crate) clients: Option<RawClients>,
    /// The longest that a handshake may take, such as `10s`.
    #[serde(default = "ten_seconds")]
    pub(crate) handshake: String,
}

/// A certificate and its key, both PEM.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Certificate")]
pub(crate) struct RawCertificate {
    /// The certificate, then those between it and its authority. A relative path is meant from the configuration directory.
    pub(crate) certificate: String,
    /// The private key.
    pub(crate) key: String,
    /// The hosts that it is given for, such as `api.example.com` or `*.example.com`. Without it: the certificate's own names.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) hosts: Vec<String>,
    /// Whether clients get it that ask for a host that no certificate is for. Without any such they are refused.
    #[serde(default)]
    pub(crate) default: bool,
}

/// Client certificates.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientCertificates")]
pub(crate) struct RawClients {
    /// The authorities whose certificates are accepted, PEM.
    pub(crate) authorities: String,
    /// Whether a connection without a client certificate is refused.
    #[serde(default)]
    pub(crate) required: bool,
}

/// TLS towards an upstream. Its certificate is always verified.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UpstreamTls")]
pub(crate) struct RawUpstreamTls {
    /// The name that its certificate must have; it is asked for (SNI) too, and stands in `Host`. Without it: the host of
    /// the endpoint.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) server_name: Option<String>,
    /// The authorities that may have issued its certificate, PEM. Without it: the system's.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) authorities: Option<String>,
    /// The certificate that the gateway shows, PEM.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) certificate: Option<String>,
    /// The private key of `certificate`, PEM.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) key: Option<String>,
    /// The oldest version of TLS that is spoken.
    #[serde(default)]
    pub(crate) minimum: TlsVersion,
}

fn ten_seconds() -> String {
    "10s".to_owned()
}
