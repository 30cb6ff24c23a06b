//! Connections to a store: a few, with a bound on every wait.

use std::fs::{self, OpenOptions};
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sluice_config::plan::{NamedFile, Secret, UsagePlan, UsageStore};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection, Executor};

use super::fault::{self, StoreFault};
use crate::{files, secret};

/// How long a connection may take, or the wait for one.
const CONNECT: Duration = Duration::from_secs(5);
/// How long it waits before it tries a busy file again.
const PAUSE: Duration = Duration::from_millis(10);
/// How many connections a gateway has to a server.
const SERVER: u32 = 4;
/// How many questions a file answers at once.
const READERS: u32 = 2;
/// Only the process's own user reads usage figures: they name consumers and addresses.
const MODE: u32 = 0o600;
/// What stands in a path as it is.
const PATH: AsciiSet = NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// A writer waits for others' locks; a commit is on the disk when it is answered, so that it outlives the loss of power,
/// not only of the process; a write-ahead log that has grown is cut off again.
const SQLITE: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = OFF;";
/// Pages that are kept, in KiB: a batch of the largest size is written without reading any page twice.
const SQLITE_WRITER: &str = "PRAGMA cache_size = -32768;";
/// The same of a reader, which writes nothing.
const SQLITE_READER: &str = "PRAGMA cache_size = -8192; PRAGMA query_only = ON;";
/// A server gives up by itself what nobody waits for any more, and says nothing of tables that are there already. Where commits
/// are answered before they are on the disk, ours are not.
const POSTGRES: &str = "SET statement_timeout = '60s'; SET lock_timeout = '20s'; \
    SET idle_in_transaction_session_timeout = '90s'; SET client_min_messages = warning; SET application_name = 'sluice'; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Whether both are the same store, wherever in a configuration they are named.
pub(in crate::ledger) fn is_same(one: &UsageStore, other: &UsageStore) -> bool {
    match (one, other) {
        (UsageStore::Sqlite(one), UsageStore::Sqlite(other)) => one.path == other.path,
        (UsageStore::Postgres(one), UsageStore::Postgres(other)) => match (one, other) {
            (Secret::Value(one, _), Secret::Value(other, _)) => one == other,
            (Secret::File(one), Secret::File(other)) => one.path == other.path,
            _ => false,
        },
        _ => false,
    }
}

/// Which kind of store it is: they differ in a few words of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// Connections to a store.
pub(super) struct Pools {
    pub(super) dialect: Dialect,
    /// One for a file, since it has one writer at a time.
    write: AnyPool,
    read: AnyPool,
}

/// A connection in use. It goes back to the others once what it did is done ([`Line::keep`]). Else it is closed: nobody knows what
/// it is doing, or whether it ever answers; and of a transaction that SQLite rolled back by itself the driver knows nothing.
pub(super) struct Line {
    line: PoolConnection<Any>,
    done: bool,
}

impl Line {
    async fn of(pool: &AnyPool) -> Result<Self, sqlx::Error> {
        let line = pool.acquire().await?;
        Ok(Self { line, done: false })
    }

    /// It is done.
    pub(super) fn keep(mut self) {
        self.done = true;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.done {
            self.line.close_on_drop();
        }
    }
}

impl Deref for Line {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.line
    }
}

impl DerefMut for Line {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.line
    }
}

impl Pools {
    /// A connection for questions.
    pub(super) async fn reader(&self) -> Result<Line, sqlx::Error> {
        Line::of(&self.read).await
    }

    /// A connection that writes.
    pub(super) async fn writer(&self) -> Result<Line, sqlx::Error> {
        Line::of(&self.write).await
    }

    /// How a transaction begins that writes. A file has one writer: it waits for its turn there, instead of failing in the middle.
    pub(super) fn begin(&self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN",
        }
    }

    /// Connects. A relative path is meant from `directory`.
    pub(super) async fn open(plan: &UsagePlan, directory: Option<&Path>) -> Result<Self, StoreFault> {
        sqlx::any::install_default_drivers();
        match &plan.store {
            UsageStore::Sqlite(named) => Self::file(named, directory).await,
            UsageStore::Postgres(address) => Self::server(address, directory).await,
        }
    }

    async fn file(named: &NamedFile, directory: Option<&Path>) -> Result<Self, StoreFault> {
        let path = files::path(named, directory);
        let options = options(&address(create(&path)?)?)?;
        // The first makes it a file with a write-ahead log.
        let tried = tried(&options, &[SQLITE]).await;
        tried.map_err(|fault| unopened(&path, fault))?;
        let write = pool(1, &[SQLITE, SQLITE_WRITER]).connect_lazy_with(options.clone());
        let read = pool(READERS, &[SQLITE, SQLITE_READER]).connect_lazy_with(options);
        Ok(Self {
            dialect: Dialect::Sqlite,
            write,
            read,
        })
    }

    async fn server(address: &Secret, directory: Option<&Path>) -> Result<Self, StoreFault> {
        let address = secret::read(address, directory, 1);
        let address = address.map_err(|diagnostic| StoreFault::Address(diagnostic.message.clone()))?;
        let address = String::from_utf8(address);
        let address = address.map_err(|_| StoreFault::Address("it is no text".to_owned()))?;
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| address.starts_with(scheme))
        {
            return Err(StoreFault::Address("it should begin with postgres://".to_owned()));
        }
        let options = options(&address)?;
        tried(&options, &[POSTGRES]).await?;
        let pool = pool(SERVER, &[POSTGRES]).connect_lazy_with(options);
        Ok(Self {
            dialect: Dialect::Postgres,
            write: pool.clone(),
            read: pool,
        })
    }
}

fn options(address: &str) -> Result<AnyConnectOptions, StoreFault> {
    Ok(address.parse::<AnyConnectOptions>()?.disable_statement_logging())
}

/// Connects once: a pool would try again and again, and not tell why in the end.
async fn tried(options: &AnyConnectOptions, settings: &[&'static str]) -> Result<(), StoreFault> {
    let mut line = AnyConnection::connect_with(options).await?;
    set(&mut line, settings).await?;
    Ok(line.close().await?)
}

fn pool(most: u32, settings: &'static [&'static str]) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(CONNECT)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |line, _| Box::pin(set(line, settings)))
}

/// A file that others are just turning into one with a write-ahead log, or whose log the last of them cuts off, is refused at
/// once, whatever the settings say of waiting.
async fn set(line: &mut AnyConnection, settings: &[&'static str]) -> Result<(), sqlx::Error> {
    let until = Instant::now() + CONNECT;
    for setting in settings {
        while let Err(error) = line.execute(sqlx::raw_sql(*setting)).await {
            if !fault::is_busy_file(&error) || Instant::now() > until {
                return Err(error);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// Makes the file, if it is not there.
fn create(path: &Path) -> Result<PathBuf, StoreFault> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let why = "it is no regular file".to_owned();
        return Err(StoreFault::File {
            path: path.to_owned(),
            why,
        });
    }
    let made = OpenOptions::new().append(true).create(true).mode(MODE).open(path);
    let whole = made.and_then(|_| fs::canonicalize(path));
    whole.map_err(|error| StoreFault::file(path.to_owned(), &error))
}

fn address(path: PathBuf) -> Result<String, StoreFault> {
    match path.to_str() {
        Some(path) => Ok(format!("sqlite:{}?mode=rw", utf8_percent_encode(path, &PATH))),
        None => Err(StoreFault::File {
            path,
            why: "its path is no UTF-8".to_owned(),
        }),
    }
}

fn unopened(path: &Path, fault: StoreFault) -> StoreFault {
    match fault {
        StoreFault::Failed(why) => StoreFault::File {
            path: path.to_owned(),
            why,
        },
        other => other,
    }
}
