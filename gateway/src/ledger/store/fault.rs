//! Why the usage store did not do what it was asked.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::Error;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// Why the usage store did not do what it was asked. Nothing of it was written, unless the server was lost while it
/// committed: a batch is then given again, and counts once.
///
/// No address is shown here, since it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// There is no connection, or it was lost.
    #[error("the usage store does not answer: {0}")]
    Down(String),
    /// Others hold what is needed, for longer than a wait may last.
    #[error("the usage store is busy: {0}")]
    Busy(String),
    /// It did not answer in time.
    #[error("the usage store did not answer within {} s", .0.as_secs())]
    Late(Duration),
    /// There is no room left.
    #[error("the usage store has no room left: {0}. Make room on its disk; it goes on by itself then")]
    Full(String),
    /// It may be read only.
    #[error("the usage store cannot be written to: {0}")]
    ReadOnly(String),
    /// It refused these credentials, or what they may do.
    #[error("the usage store refused: {0}")]
    Refused(String),
    /// The file cannot be opened.
    #[error("`{}` cannot be opened as usage store: {why}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Its tables are those of a newer release.
    #[error(
        "the usage store was written by a newer release (its tables have version {found}, this release knows {known}). Use that release, or another store"
    )]
    Newer {
        /// The version of its tables.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// The address is none.
    #[error("the address of the usage store is none: {0}")]
    Address(String),
    /// A count has become larger than 2⁶³ - 1.
    #[error("a count has become larger than the usage store can hold: {0}")]
    Overflow(String),
    /// Anything else.
    #[error("the usage store failed: {0}")]
    Failed(String),
}

impl StoreFault {
    /// Of an attempt to open a file.
    pub(super) fn file(path: PathBuf, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error.to_string()),
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(error.to_string()),
            _ => Self::File {
                path,
                why: error.to_string(),
            },
        }
    }
}

impl From<Error> for StoreFault {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
                Some(error) => of_postgres(error.code(), error.message().to_owned()),
                None => of_sqlite(
                    error.code().unwrap_or_default().parse().unwrap_or(0),
                    error.to_string(),
                ),
            },
            Error::Io(error) => Self::Down(error.to_string()),
            Error::Tls(error) => Self::Down(error.to_string()),
            Error::PoolTimedOut => Self::Down("no connection could be had in time".to_owned()),
            Error::PoolClosed | Error::WorkerCrashed => Self::Down(error.to_string()),
            // What was wrong with the address might be told with a part of it.
            Error::Configuration(_) => Self::Address("it should be postgres://USER@HOST/DATABASE".to_owned()),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// By SQLSTATE (PostgreSQL, appendix A).
fn of_postgres(state: &str, message: String) -> StoreFault {
    match (state, state.get(..2).unwrap_or_default()) {
        ("53100", _) => StoreFault::Full(message),
        ("25006", _) => StoreFault::ReadOnly(message),
        ("22003", _) => StoreFault::Overflow(message),
        ("57014" | "55P03" | "40001" | "40P01", _) | (_, "53") => StoreFault::Busy(message),
        (_, "57" | "08") => StoreFault::Down(message),
        ("42501" | "3D000", _) | (_, "28") => StoreFault::Refused(message),
        _ => StoreFault::Failed(message),
    }
}

/// By SQLite's extended result code (sqlite.org/rescode.html), whose last byte is the primary one.
fn of_sqlite(code: i32, message: String) -> StoreFault {
    /// The index of a write-ahead log could not grow: `SQLITE_IOERR_SHMSIZE`.
    const NO_ROOM_FOR_INDEX: i32 = 4874;
    /// A number that is none any more, in a strict table: `SQLITE_CONSTRAINT_DATATYPE`.
    const NO_NUMBER: i32 = 3091;
    match (code, code & 0xff) {
        (NO_ROOM_FOR_INDEX, _) | (_, 13) => StoreFault::Full(message),
        (NO_NUMBER, _) => StoreFault::Overflow(message),
        (_, 5 | 6) => StoreFault::Busy(message),
        (_, 8) => StoreFault::ReadOnly(message),
        _ => StoreFault::Failed(message),
    }
}

/// Whether the same transaction may well succeed when it is tried again at once: it was in the way of another one.
pub(super) fn is_conflict(error: &Error) -> bool {
    let Error::Database(error) = error else {
        return false;
    };
    error.try_downcast_ref::<SqliteError>().is_none()
        && matches!(error.code().as_deref(), Some("40001" | "40P01"))
}

/// Whether others hold a file for a moment, of what does not wait for them.
pub(super) fn is_busy_file(error: &Error) -> bool {
    let Error::Database(error) = error else {
        return false;
    };
    let busy = |code| matches!(of_sqlite(code, String::new()), StoreFault::Busy(_));
    error.try_downcast_ref::<SqliteError>().is_some()
        && error.code().and_then(|code| code.parse().ok()).is_some_and(busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_are_told_apart() {
        let text = || "text".to_owned();
        assert_eq!(of_sqlite(13, text()), StoreFault::Full(text()));
        assert_eq!(of_sqlite(4874, text()), StoreFault::Full(text()));
        assert_eq!(of_sqlite(517, text()), StoreFault::Busy(text()));
        assert_eq!(of_sqlite(1032, text()), StoreFault::ReadOnly(text()));
        assert_eq!(of_sqlite(11, text()), StoreFault::Failed(text()));
        assert_eq!(of_postgres("53100", text()), StoreFault::Full(text()));
        assert_eq!(of_postgres("53300", text()), StoreFault::Busy(text()));
        assert_eq!(of_postgres("57P01", text()), StoreFault::Down(text()));
        assert_eq!(of_postgres("57014", text()), StoreFault::Busy(text()));
        assert_eq!(of_postgres("28P01", text()), StoreFault::Refused(text()));
        assert_eq!(of_postgres("", text()), StoreFault::Failed(text()));
    }

    #[test]
    fn an_address_is_never_shown() {
        let error = Error::Configuration("postgres://u:planted-password@h/d".into());
        assert!(!StoreFault::from(error).to_string().contains("planted"));
    }
}
