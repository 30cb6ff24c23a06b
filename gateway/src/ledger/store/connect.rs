//! Connections to a store: a few, with a bound on every wait.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sluice_config::plan::{NamedFile, Secret, UsagePlan, UsageStore};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, ConnectOptions, Connection, Executor};

use super::fault::StoreFault;
use crate::{files, secret};

/// How long a connection may take, or the wait for one.
const CONNECT: Duration = Duration::from_secs(5);
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
/// A server gives up by itself what nobody waits for any more, and says nothing of tables that are there already.
const POSTGRES: &str = "SET statement_timeout = '60s'; SET lock_timeout = '20s'; \
    SET idle_in_transaction_session_timeout = '90s'; SET client_min_messages = warning; SET application_name = 'sluice'";

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
    pub(super) write: AnyPool,
    pub(super) read: AnyPool,
}

impl Pools {
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
        // The writer comes first: it makes the file one with a write-ahead log.
        let write = pool(1, &[SQLITE, SQLITE_WRITER]);
        let write = write.connect_with(options.clone()).await;
        let write = write.map_err(|error| unopened(&path, error))?;
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
        let pool = pool(SERVER, &[POSTGRES]).connect_with(options(&address)?).await?;
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

fn pool(most: u32, settings: &'static [&'static str]) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(CONNECT)
        .idle_timeout(None)
        .max_lifetime(None)
        // A transaction that the store itself rolled back is still open as the driver sees it: such a connection goes.
        .before_acquire(|line, _| Box::pin(async move { Ok(!line.is_in_transaction()) }))
        .after_connect(move |line, _| Box::pin(set(line, settings)))
}

async fn set(line: &mut AnyConnection, settings: &[&'static str]) -> Result<(), sqlx::Error> {
    for setting in settings {
        line.execute(sqlx::raw_sql(*setting)).await?;
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

fn unopened(path: &Path, error: sqlx::Error) -> StoreFault {
    match StoreFault::from(error) {
        StoreFault::Failed(why) => StoreFault::File {
            path: path.to_owned(),
            why,
        },
        other => other,
    }
}
