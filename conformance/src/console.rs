//! A gateway whose console is looked at: its admin listener, a store of usage figures of its own, and figures that are known.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use sluice_gateway::demo::history;
use sluice_gateway::ledger::batch::{Batch, Row};
use sluice_gateway::ledger::fact::{Counts, Fact, Kind, Who};
use sluice_gateway::ledger::store::{Store, StoreFault};
use sluice_gateway::serve::Listener;

use crate::stage::{Answer, Client, PATIENCE, Setup, Stage, noon};

/// A name that a client may give itself.
pub const HOSTILE: &str = "203.0.113.0/24 \"><script>document.title='taken'</script>";

/// A gateway whose console is looked at.
pub struct Console {
    stage: Stage,
    address: SocketAddr,
    _directory: Option<tempfile::TempDir>,
}

impl Console {
    /// The IntegrationHub example with a store of usage figures, at [`noon`].
    #[must_use]
    pub fn kept() -> Self {
        Self::keeping(Setup::guarded())
    }

    /// Any configuration with a store of usage figures.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    pub fn keeping(setup: Setup) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("usage.sqlite");
        let usage = format!("usage: {{store: {{sqlite: \"{}\"}}, flush: 1s}}", file.display());
        let mut console = Self::start(setup.main(&usage));
        console._directory = Some(directory);
        drop(console.store());
        console
    }

    /// Any configuration, with an admin listener.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    pub fn start(setup: Setup) -> Self {
        let admin = Listener::admin(([127, 0, 0, 1], 0).into());
        let stage = setup.serve(|settings| settings.listeners.push(admin)).start();
        let address = *stage.addresses().last().expect("an admin listener");
        Self {
            stage,
            address,
            _directory: None,
        }
    }

    /// What runs.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Where the console is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request to the admin listener, as a browser sends it.
    ///
    /// # Panics
    /// No whole answer comes.
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
        let answer = Client::connect(self.address).exchange(method, path, fields, body);
        answer.unwrap_or_else(|broken| panic!("{method} {path}: {broken:?}"))
    }

    /// A page.
    #[track_caller]
    pub fn page(&self, path: &str) -> String {
        let answer = self.ask("GET", path, &[("accept", "text/html")], b"");
        answer.expect(200).text()
    }

    /// A report.
    #[track_caller]
    pub fn json(&self, path: &str) -> serde_json::Value {
        self.ask("GET", path, &[], b"").expect(200).json()
    }

    /// A form, with these fields of the request.
    #[track_caller]
    pub fn send(&self, path: &str, fields: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend(fields);
        self.ask("POST", path, &all, encoded(form).as_bytes())
    }

    /// The token in the first form of a page.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn token(page: &str) -> String {
        let rest = page
            .split_once("name=\"token\" value=\"")
            .expect("a form with a token")
            .1;
        rest.split_once('"').expect("an end").0.to_owned()
    }

    /// The store, once it is open.
    ///
    /// # Panics
    /// It cannot be opened.
    #[must_use]
    pub fn store(&self) -> Arc<Store> {
        let begun = Instant::now();
        let ledger = &self.stage.gateway().shared.ledger;
        loop {
            if let Some(store) = ledger.store() {
                return store;
            }
            assert!(begun.elapsed() < PATIENCE, "{:?}", ledger.state());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Does something with the store, where its connections live.
    ///
    /// # Panics
    /// The store does not do it.
    pub fn with_store<T: Send + 'static, W>(&self, work: impl FnOnce(Arc<Store>) -> W)
    where
        W: Future<Output = Result<T, StoreFault>> + Send + 'static,
    {
        let (tell, told) = std::sync::mpsc::channel();
        let work = work(self.store());
        let shared = &self.stage.gateway().shared;
        drop(shared.background.spawn(async move {
            let done = work.await.map(drop);
            tell.send(done)
        }));
        told.recv_timeout(10 * PATIENCE)
            .expect("an end")
            .expect("a store that works");
    }

    /// Fills the store with [`known`] figures.
    pub fn fill(&self) {
        self.with_store(|store| async move {
            for batch in known() {
                store.add(&batch).await?;
            }
            Ok(())
        });
    }

    /// Fills the store with the demo's history.
    ///
    /// # Panics
    /// There is no edition.
    pub fn fill_with_demo(&self) {
        let gateway = self.stage.gateway();
        let edition = gateway.editions.current().expect("an edition");
        let now = gateway.shared.clock.now();
        self.with_store(|store| async move { history::fill(&store, &edition.plan, now).await });
    }
}

/// A form as it is sent.
#[must_use]
pub fn encoded(form: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs = form
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// What is known: 90 days in which 2.0 falls from 90 requests a day to 1 and 3.3 rises from 10 to 99; and on the last day
/// two clients of 2.0, what they send and are given, what failed, and who was refused.
#[must_use]
pub fn known() -> Vec<Batch> {
    let at = |days: i64| noon() - SignedDuration::from_mins(10) - SignedDuration::from_hours(24 * days);
    let mut batches: Vec<Batch> = (1..90)
        .map(|days| batch(days + 1, at(days), shares(days)))
        .collect();
    let mut last = shares(0);
    last.extend(today());
    batches.push(batch(1, at(0), last));
    batches
}

fn shares(days: i64) -> Vec<(Fact, u64)> {
    let old = days.unsigned_abs() + 1;
    let everybody = Who::Everybody;
    vec![
        (fact(Kind::ByVersion, "2.0", &everybody, ["", "", ""]), old),
        (fact(Kind::ByVersion, "3.3", &everybody, ["", "", ""]), 100 - old),
    ]
}

fn today() -> Vec<(Fact, u64)> {
    let acme = Who::Consumer("acme".into());
    let hostile = Who::Unidentified(HOSTILE.into());
    let all = Who::Everybody;
    let changed = "2.0..2.1";
    vec![
        (fact(Kind::ByConsumer, "2.0", &acme, ["", "", ""]), 1_234),
        (fact(Kind::ByConsumer, "2.0", &hostile, ["", "", ""]), 77),
        (fact(Kind::Request, "2.0", &acme, ["readCustomer", "", ""]), 1_200),
        (fact(Kind::Request, "2.0", &acme, ["replaceCustomer", "", ""]), 34),
        (
            fact(Kind::Sent, "2.0", &acme, ["", changed, "Customer /address"]),
            34,
        ),
        (
            fact(Kind::Delivered, "2.0", &acme, ["", changed, "Customer /status"]),
            1_200,
        ),
        (fact(Kind::Lifted, "2.0", &all, ["replaceCustomer", "", ""]), 34),
        (fact(Kind::Lowered, "2.0", &all, ["readCustomer", "", ""]), 1_277),
        (
            fact(
                Kind::Faulted,
                "2.0",
                &all,
                ["replaceCustomer", changed, "/address"],
            ),
            5,
        ),
        (fact(Kind::Refused, "2.0", &acme, ["", "", "rate_limited"]), 321),
        (
            fact(Kind::Refused, "2.0", &hostile, ["", "", "unauthenticated"]),
            12,
        ),
    ]
}

/// So many consumers of 2.0, who asked a few minutes ago.
#[must_use]
pub fn users(count: u64) -> Batch {
    let by = |number: u64| {
        let who = Who::Consumer(format!("consumer {number}").into());
        (fact(Kind::ByConsumer, "2.0", &who, ["", "", ""]), 1 + number)
    };
    batch(
        1,
        noon() - SignedDuration::from_mins(10),
        (0..count).map(by).collect(),
    )
}

fn fact(kind: Kind, version: &str, who: &Who, [operation, change, what]: [&str; 3]) -> Fact {
    Fact {
        kind,
        api: "customers".into(),
        version: version.into(),
        who: who.clone(),
        operation: operation.into(),
        chosen_by: if kind == Kind::Request { "path" } else { "" }.into(),
        change: change.into(),
        what: what.into(),
    }
}

fn batch(number: i64, at: Timestamp, facts: Vec<(Fact, u64)>) -> Batch {
    let second = at.as_second();
    let rows = facts.into_iter().map(|(fact, count)| {
        let mut counts = Counts::default();
        let class = if fact.kind == Kind::Refused { 3 } else { 1 };
        counts.0[class] = count;
        Row {
            fact,
            counts,
            last_seen: second,
        }
    });
    Batch {
        gateway: "known".to_owned(),
        number,
        minute: second - second.rem_euclid(60),
        rows: rows.collect(),
        lost: 0,
    }
}
