//! What runs on a stage, and how it differs from the example.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;
use sluice_config::{Plan, Sources, load, render_all};
use sluice_gateway::admin::Admin;
use sluice_gateway::clock::Clock;
use sluice_gateway::demo::backend::{self, Backend};
use sluice_gateway::edition::Editions;
use sluice_gateway::gateway::{Carrier, Gateway};
use sluice_gateway::ledger::took::Part;
use sluice_gateway::reload::Reloader;
use sluice_gateway::serve::{Drain, Listener, Running, Settings, in_process};
use sluice_gateway::shared::Shared;

use super::{Answer, Broken, Client};

/// The directory of the IntegrationHub example.
#[must_use]
pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples/integrationhub")
}

/// The time on a stage: a Monday on which versions 1.0 to 2.3 are deprecated and none is gone.
///
/// # Panics
/// Never: it is a time.
#[must_use]
pub fn noon() -> Timestamp {
    "2026-06-15T12:00:00Z".parse().expect("a time")
}

/// What differs from the example.
pub struct Setup {
    files: BTreeMap<String, Vec<u8>>,
    upstream: Option<String>,
    customers: Option<Vec<Value>>,
    settings: Settings,
    clock: Clock,
    variables: BTreeMap<String, String>,
}

impl Setup {
    /// The IntegrationHub example in front of the demo backend with its seeded customers, and anyone may ask: most tests
    /// are about translation, and the guard's own begin with [`Setup::guarded`]. It is always [`noon`]: outside of every
    /// brownout, whatever day it is.
    #[must_use]
    pub fn integrationhub() -> Self {
        Self::guarded().open()
    }

    /// The same with the credentials that the example asks for.
    #[must_use]
    pub fn guarded() -> Self {
        Self::directory(&example()).clock(Clock::Fixed(noon()))
    }

    /// Without consumers: their file, what keys are hashed with, and all that the API says of them.
    #[must_use]
    pub fn open(mut self) -> Self {
        const API: &str = "apis/customers/api.yaml";
        self.files.remove("consumers.yaml");
        let exempt = "      exempt: [{consumer: megacorp, until: 2027-12-31T23:59:59Z}]\n";
        self.without("sluice.yaml", &["keys:"])
            .without(API, &["authentication:", "identity:"])
            .replace(API, ", consumers: [megacorp]", "")
            .replace(API, exempt, "")
    }

    /// Takes settings out of a file, each with all that is under it.
    #[must_use]
    fn without(self, path: &str, settings: &[&str]) -> Self {
        let text = String::from_utf8_lossy(&self.files[path]).into_owned();
        let mut inside = false;
        let kept = text.lines().filter(|line| {
            if !line.starts_with([' ', '#']) && !line.is_empty() {
                inside = settings.iter().any(|setting| line.starts_with(setting));
            }
            !inside
        });
        let kept = kept.collect::<Vec<_>>().join("\n") + "\n";
        assert!(kept.len() < text.len(), "{path} has none of {settings:?}");
        self.file(path, kept)
    }

    /// A variable of the environment that the configuration reads.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// The configuration of any directory.
    ///
    /// # Panics
    /// It cannot be read.
    #[must_use]
    pub fn directory(directory: &Path) -> Self {
        let sources = Sources::read(directory).expect("the configuration can be read");
        let file = |path: &str| (path.to_owned(), sources.get(path).unwrap_or_default().to_vec());
        let mut settings = Settings::new(vec![Listener::data(([127, 0, 0, 1], 0).into())]);
        settings.workers = 2;
        Self {
            files: sources.paths().map(file).collect(),
            upstream: None,
            customers: None,
            settings,
            clock: Clock::System,
            variables: BTreeMap::new(),
        }
    }

    /// Another time than the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Another text in the place of one that stands in a file.
    ///
    /// # Panics
    /// It does not stand there.
    #[must_use]
    pub fn replace(mut self, path: &str, from: &str, to: &str) -> Self {
        let bytes = self.files.get_mut(path).unwrap_or_else(|| panic!("no {path}"));
        let text = String::from_utf8(bytes.clone()).expect("a text");
        assert!(text.contains(from), "{path} has no {from:?}");
        *bytes = text.replace(from, to).into_bytes();
        self
    }

    /// A file, new or in the place of another.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), content.into());
        self
    }

    /// More settings at the end of `sluice.yaml`.
    #[must_use]
    pub fn main(self, text: &str) -> Self {
        self.append("sluice.yaml", text)
    }

    /// More settings at the end of a file, which need not be there.
    #[must_use]
    pub fn append(mut self, path: &str, text: &str) -> Self {
        let file = self.files.entry(path.to_owned()).or_default();
        file.extend_from_slice(format!("\n{text}\n").as_bytes());
        self
    }

    /// Another way of keeping: `patch`, `read` or `unsafe_read`.
    #[must_use]
    pub fn keep(self, how: &str) -> Self {
        self.replace("sluice.yaml", "keep: read", &format!("keep: {how}"))
    }

    /// More settings of the upstream `customers`, such as `timeouts: {first_byte: 1s}`.
    #[must_use]
    pub fn upstream_setting(self, setting: &str) -> Self {
        self.replace("sluice.yaml", "    keep:", &format!("    {setting}\n    keep:"))
    }

    /// Another upstream than the demo backend.
    #[must_use]
    pub fn upstream(mut self, address: SocketAddr) -> Self {
        self.upstream = Some(address.to_string());
        self
    }

    /// Other customers in the demo backend than the seeded ones. They are not judged.
    #[must_use]
    pub fn customers(mut self, customers: Vec<Value>) -> Self {
        self.customers = Some(customers);
        self
    }

    /// Other bounds of the listeners.
    #[must_use]
    pub fn serve(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// One more listener, with TLS, and what stands under `tls`. Its address is the last of [`Stage::addresses`].
    #[must_use]
    pub fn secured(self, tls: &str) -> Self {
        let listener = Listener::data(([127, 0, 0, 1], 0).into()).secured(true);
        self.serve(|settings| settings.listeners.push(listener))
            .main(&format!("tls: {tls}"))
    }

    /// The files.
    #[must_use]
    pub fn sources(&self) -> Sources {
        Sources::from_files(self.files.clone())
    }

    /// The plan, for an upstream at this address.
    ///
    /// # Panics
    /// The configuration is at fault.
    #[must_use]
    pub fn plan(&self, upstream: &str) -> Plan {
        let sources = self.sources();
        let environment = |name: &str| match name {
            "CUSTOMERS_UPSTREAM" => Some(upstream.to_owned()),
            _ => self.variables.get(name).cloned(),
        };
        let loaded = load(&sources, &environment);
        loaded
            .unwrap_or_else(|faults| panic!("{}", render_all(&faults, &sources)))
            .plan
    }

    /// Starts it all.
    ///
    /// # Panics
    /// Something cannot be started.
    #[must_use]
    pub fn start(self) -> Stage {
        let seeded = self.customers.clone().unwrap_or_else(backend::customers);
        let local = ([127, 0, 0, 1], 0).into();
        let backend = Backend::default()
            .customers(seeded)
            .serve(local)
            .expect("a backend");
        let upstream = self.upstream.clone().unwrap_or_else(|| backend.addr.to_string());
        let gateway = Arc::new(Gateway {
            editions: Editions::new(),
            admin: Admin::new(Arc::new(Reloader::new(&example()))),
            shared: Arc::new(Shared::start(self.clock, None).expect("a thread")),
        });
        let published = gateway.editions.publish(self.plan(&upstream), &gateway.shared);
        published.expect("a configuration that can be put to work");
        let carried = Arc::clone(&gateway);
        let running = in_process(self.settings.clone(), Drain::new(), move |core| {
            Carrier::new(&carried, core)
        });
        let running = running.expect("a gateway");
        let clients = Mutex::default();
        Stage {
            setup: self,
            upstream,
            backend,
            gateway,
            running,
            clients,
        }
    }
}

/// A backend, a gateway in front of it, and clients.
pub struct Stage {
    setup: Setup,
    upstream: String,
    backend: backend::Running,
    gateway: Arc<Gateway>,
    running: Running,
    clients: Mutex<Vec<Client>>,
}

impl Stage {
    /// The IntegrationHub example, of which anyone may ask.
    #[must_use]
    pub fn integrationhub() -> Self {
        Setup::integrationhub().start()
    }

    /// The demo backend: its customers, what it was asked, what it shall do wrong.
    #[must_use]
    pub fn backend(&self) -> &backend::Running {
        &self.backend
    }

    /// The gateway's own state.
    #[must_use]
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// Where the gateway finds its upstream.
    #[must_use]
    pub fn upstream(&self) -> &str {
        &self.upstream
    }

    /// Where the gateway listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running.addresses()[0]
    }

    /// Where the gateway listens, in the order of the settings.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        self.running.addresses()
    }

    /// The way out of the gateway.
    #[must_use]
    pub fn drain(&self) -> &Drain {
        self.running.drain()
    }

    /// The configuration that it was started with.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Makes another configuration the running one, with the same upstream.
    ///
    /// # Panics
    /// It cannot be put to work.
    pub fn publish(&self, setup: &Setup) -> u64 {
        let plan = setup.plan(&self.upstream);
        let published = self.gateway.editions.publish(plan, &self.gateway.shared);
        published.expect("a configuration that can be put to work")
    }

    /// How many exchanges the ledger has counted so far, by API, version and operation.
    #[must_use]
    pub fn counted(&self) -> BTreeMap<(String, String, String), u64> {
        let ledger = &self.gateway.shared.ledger;
        ledger.drain();
        let series = ledger.series();
        let counted = series.operations.iter().map(|((api, version, id), operation)| {
            let whole = operation.times[Part::Whole as usize].iter();
            let place = (api.to_string(), version.to_string(), id.to_string());
            (place, whole.map(|class| class.count()).sum())
        });
        counted.collect()
    }

    /// A connection of its own.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::connect(self.address())
    }

    /// `GET`.
    #[track_caller]
    pub fn get(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", target, headers, b"")
    }

    /// Any request with any body. From any thread; connections are kept and used again.
    ///
    /// # Panics
    /// No whole answer comes.
    #[track_caller]
    pub fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let answer = self.try_send(method, target, headers, body);
        answer.unwrap_or_else(|broken| panic!("{method} {target}: {broken:?}"))
    }

    /// A request with a document. The media type is JSON, of `PATCH` merge patch, unless `headers` names another one.
    #[track_caller]
    pub fn write(&self, method: &str, target: &str, headers: &[(&str, &str)], document: &Value) -> Answer {
        let media = if method == "PATCH" {
            "application/merge-patch+json"
        } else {
            "application/json"
        };
        let mut all = headers.to_vec();
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            all.push(("content-type", media));
        }
        self.send(method, target, &all, document.to_string())
    }

    /// Any request, the answer of which may be broken.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn try_send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Result<Answer, Broken> {
        let kept = lock(&self.clients).pop();
        let mut client = kept.unwrap_or_else(|| self.client());
        let answer = client.exchange(method, target, headers, body.as_ref())?;
        // What the gateway is about to close, or has not read to its end, is not used again.
        if answer.status != 101 && answer.status < 400 && answer.list("connection").is_empty() {
            lock(&self.clients).push(client);
        }
        Ok(answer)
    }

    /// Stops, and waits for what is in progress.
    pub fn shutdown(self) {
        drop(self.clients);
        self.running.shutdown();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
