//! Identity servers as they are: they rotate keys, are down, slow, redirect, answer too much or nonsense. Real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod introspection;
mod keys;
mod server;
mod wire;

use std::future::Future;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sluice_config::plan::{Algorithm, ClaimsPlan, JwtPlan, KeySetPlan, KeySource, Place, Remote};
use sluice_config::{Code, Span};
use sluice_conformance::stage::scripted;
use sluice_gateway::auth::found::Found;
use sluice_gateway::auth::token::Jwt;
use sluice_gateway::clock::Clock;
use sluice_gateway::demo::issuer::Issuer;
use sluice_gateway::shared::Shared;

use server::{Server, ok, status};

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(20);

fn shared() -> Arc<Shared> {
    Arc::new(Shared::start(Clock::System, None).unwrap())
}

fn place() -> Place {
    Place {
        file: "apis/x/api.yaml".to_owned(),
        span: Span::START,
    }
}

fn remote(url: String) -> Remote {
    Remote {
        url,
        timeout: Duration::from_secs(5),
        authorities: None,
        plain_http: false,
        link_local: false,
        place: place(),
    }
}

fn claims() -> ClaimsPlan {
    ClaimsPlan {
        issuer: Some("https://id.example".to_owned()),
        audience: vec!["customers".to_owned()],
        leeway: Duration::from_secs(60),
        subject: "sub".to_owned(),
        scopes: None,
    }
}

fn jwt_plan(address: SocketAddr, refresh: Duration, unknown_key: Duration) -> JwtPlan {
    let source = KeySource::Remote(remote(format!("http://{address}/jwks.json?key=planted-query")));
    JwtPlan {
        keys: KeySetPlan {
            source,
            refresh,
            unknown_key,
        },
        claims: claims(),
        algorithms: vec![Algorithm::ES256],
    }
}

fn token(issuer: &Issuer) -> String {
    let lasts = SignedDuration::from_secs(300);
    issuer.token(
        "acme",
        &["customers.read"],
        "customers",
        "https://id.example",
        Timestamp::now(),
        lasts,
    )
}

/// On a runtime of one thread, as a core is.
fn on_a_core<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

fn judge(jwt: &Jwt, token: &str) -> Found {
    on_a_core(jwt.judge(token, Timestamp::now()))
}

/// Asks until it is so; there is a deadline.
#[track_caller]
fn until(what: &str, is: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_proved(found: &Found) -> bool {
    matches!(found, Found::Proved(proof) if proof.subject == "acme")
}

fn is_wrong(found: &Found, why: &str) -> bool {
    matches!(found, Found::Wrong(text) if text.contains(why))
}

fn is_unavailable(found: &Found) -> bool {
    matches!(found, Found::Unavailable(_))
}
