//! A file and a server that hold usage figures, and what is put into them.
#![allow(dead_code, unreachable_pub)]

mod file;
mod measure;
mod model;
pub mod notes;
mod server;
pub mod upgrade;

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use jiff::Timestamp;
use sluice_config::Span;
use sluice_config::plan::{NamedFile, Place, Retention, Secret, UsagePlan, UsageStore};
use sluice_conformance::stage::postgres::Postgres;
use sluice_gateway::ledger::batch::{Batch, Row};
use sluice_gateway::ledger::fact::{Counts, Fact, Kind, Who};
use sluice_gateway::ledger::question::{Grain, Question};
use sluice_gateway::ledger::store::Store;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;

/// A day in seconds.
pub const DAY: i64 = 86_400;
/// Any test ends within this.
const LONG: Duration = Duration::from_secs(600);

/// Where a store is. It goes with this value.
pub struct At {
    pub plan: UsagePlan,
    url: String,
    directory: Option<TempDir>,
    server: Option<Arc<Postgres>>,
}

impl At {
    /// A new file.
    pub fn file() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("usage store?#%.db");
        Self {
            plan: plan(sqlite(&path)),
            url: format!(
                "sqlite:{}",
                path.display()
                    .to_string()
                    .replace('%', "%25")
                    .replace('?', "%3f")
                    .replace('#', "%23")
            ),
            directory: Some(directory),
            server: None,
        }
    }

    /// A new database of a server that the tests at hand share, if there may be one.
    pub fn server() -> Option<Self> {
        static SERVER: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mut shared = SERVER.lock().unwrap();
        let server = match shared.upgrade() {
            Some(server) => server,
            None => Arc::new(Postgres::start()?),
        };
        *shared = Arc::downgrade(&server);
        drop(shared);
        let url = server.database(&format!("usage{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        Some(Self {
            plan: plan(postgres(&url)),
            url,
            directory: None,
            server: Some(server),
        })
    }

    /// Opens it, as one more gateway does.
    pub async fn open(&self) -> Store {
        Store::open(&self.plan, None).await.unwrap()
    }

    /// Whether it is a server.
    pub fn is_server(&self) -> bool {
        self.server.is_some()
    }

    /// Makes it without any table.
    pub fn make(&self) {
        if let UsageStore::Sqlite(named) = &self.plan.store {
            std::fs::write(&named.path, "").unwrap();
        }
    }

    /// Does something to it that no store does.
    pub async fn sql(&self, sql: &str) {
        let mut line = AnyConnection::connect(&self.url).await.unwrap();
        line.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())))
            .await
            .unwrap();
        line.close().await.unwrap();
    }
}

/// Runs a test on a file.
pub fn on_file<F: Future<Output = ()>>(test: impl FnOnce(At) -> F) {
    run(test(At::file()));
}

/// Runs a test on a server, if there may be one.
pub fn on_server<F: Future<Output = ()>>(test: impl FnOnce(At) -> F) {
    if let Some(at) = At::server() {
        run(test(at));
    }
}

/// Runs something with several threads, as the gateway's background has them.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let ended = runtime
        .unwrap()
        .block_on(async { tokio::time::timeout(LONG, test).await });
    ended.expect("it takes too long")
}

pub fn sqlite(path: &Path) -> UsageStore {
    UsageStore::Sqlite(NamedFile {
        path: path.to_owned(),
        place: place(),
    })
}

pub fn postgres(url: &str) -> UsageStore {
    UsageStore::Postgres(Secret::Value(url.into(), place()))
}

pub fn plan(store: UsageStore) -> UsagePlan {
    UsagePlan {
        store,
        flush: Duration::from_secs(15),
        keys: 1_000,
        unidentified: 100,
        retention: Retention {
            minutes: Duration::from_secs(48 * 3_600),
            hours: Duration::from_secs(90 * 86_400),
            days: None,
        },
        place: place(),
    }
}

fn place() -> Place {
    Place {
        file: "sluice.yaml".to_owned(),
        span: Span::START,
    }
}

/// A Monday; 12:34:56.
pub fn now() -> Timestamp {
    "2026-06-15T12:34:56Z".parse().unwrap()
}

/// Everything, by fact.
pub fn all(grain: Grain) -> Question<'static> {
    Question {
        kinds: &Kind::ALL,
        api: None,
        version: None,
        who: None,
        grain,
        since: Timestamp::UNIX_EPOCH,
        until: Timestamp::MAX,
        by_time: false,
        most: u32::MAX,
    }
}

/// Requests in a version of `customers`.
pub fn fact(version: &str) -> Fact {
    Fact {
        kind: Kind::Request,
        api: "customers".into(),
        version: version.into(),
        who: Who::Consumer("acme".into()),
        operation: "readCustomer".into(),
        chosen_by: "path".into(),
        change: "".into(),
        what: "".into(),
    }
}

/// Requests of a consumer in a version of `customers`.
pub fn consumer(version: &str, number: u64) -> Fact {
    Fact {
        kind: Kind::ByConsumer,
        who: Who::Consumer(format!("consumer-{number}").into()),
        operation: "".into(),
        chosen_by: "".into(),
        ..fact(version)
    }
}

pub fn row(fact: Fact, counts: [u64; 5], last_seen: i64) -> Row {
    Row {
        fact,
        counts: Counts(counts),
        last_seen,
    }
}

/// A batch of the minute that holds `second`.
pub fn batch(gateway: &str, number: i64, second: i64, rows: Vec<Row>) -> Batch {
    Batch {
        gateway: gateway.to_owned(),
        number,
        minute: Grain::Minute.floor(second),
        rows,
        lost: 0,
    }
}

/// Minutes for two days, hours for 90.
pub fn retention(days: Option<u64>) -> Retention {
    let long = |days: u64| Duration::from_secs(days * 86_400);
    Retention {
        minutes: long(2),
        hours: long(90),
        days: days.map(long),
    }
}
