//! What makes a running process read its configuration again: SIGHUP, and files that change.
//!
//! Files that the configuration only names, such as certificates, may lie anywhere: they are looked at every half minute.
//!
//! Both become causes in one queue, and one thread takes them: two reloads never run side by side, and none runs on a
//! core. Files that change together are one cause: it is waited until they are quiet.
//!
//! The directory is watched with all that is under it, and its parent for the directory itself: a link that is pointed
//! elsewhere, as Kubernetes does inside of the directory (`..data`) and deployments do with the directory, is a change of
//! the directory that holds the link.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher, recommended_watcher};
use sluice_config::is_source;
use tokio::signal::unix::{SignalKind, signal};

/// How long files must be quiet before they are read.
const QUIET: Duration = Duration::from_millis(200);
/// How long files that are never quiet are waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often files are looked at that the configuration names.
const LOOK: Duration = Duration::from_secs(30);

/// Why the configuration is to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Signal,
    Files,
}

/// Causes that are gathered. Those that come before [`Watch::serve`] wait for it.
pub struct Watch {
    causes: Receiver<Cause>,
    files: Option<Files>,
}

/// The files that are watched.
struct Files {
    directory: PathBuf,
    watcher: RecommendedWatcher,
}

impl Watch {
    /// Begins to gather. Call it first of all: until then SIGHUP ends the process. A directory that cannot be watched,
    /// above all because the system's bound on watches is reached, is no reason not to serve.
    ///
    /// # Errors
    /// When the signal cannot be received.
    pub fn begin(directory: Option<&Path>) -> io::Result<Self> {
        let (sender, causes) = channel();
        on_hangup(sender.clone())?;
        let files = directory.and_then(|directory| Files::watch(directory, sender).map_err(unwatched).ok());
        Ok(Self { causes, files })
    }

    /// Takes the causes on a thread of its own, with what is to be done at each. `is_stale` tells whether a file has
    /// changed that the configuration names.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn serve(
        mut self,
        mut reload: impl FnMut(&'static str) + Send + 'static,
        mut is_stale: impl FnMut() -> bool + Send + 'static,
    ) -> io::Result<()> {
        let work = move || {
            while let Some(cause) = self.next(&mut is_stale) {
                let why = self.settle(cause);
                // A fault in a reload must not end reloading.
                if catch_unwind(AssertUnwindSafe(|| reload(why))).is_err() {
                    tracing::error!(why, "a reload failed; nothing was changed");
                }
            }
        };
        Builder::new().name("reload".to_owned()).spawn(work).map(drop)
    }

    /// The next cause; none when the process ends.
    fn next(&self, is_stale: &mut impl FnMut() -> bool) -> Option<Cause> {
        loop {
            match self.causes.recv_timeout(LOOK) {
                Ok(cause) => return Some(cause),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if is_stale() => return Some(Cause::Files),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Waits until the files are quiet; a signal is never made to wait.
    fn settle(&mut self, first: Cause) -> &'static str {
        let deadline = Instant::now() + PATIENCE;
        let mut cause = first;
        while cause == Cause::Files && Instant::now() < deadline {
            match self.causes.recv_timeout(QUIET) {
                Ok(next) => cause = next,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Some(files) = &mut self.files {
            files.follow();
        }
        if cause == Cause::Signal {
            "SIGHUP"
        } else {
            "file change"
        }
    }
}

impl Files {
    fn watch(directory: &Path, causes: Sender<Cause>) -> io::Result<Self> {
        let directory = std::path::absolute(directory)?;
        let watched = directory.clone();
        let tell = move |event: notify::Result<Event>| {
            if event.as_ref().map_or(true, |event| concerns(event, &watched)) {
                // Nobody listens only when the process ends.
                let _ = causes.send(Cause::Files);
            }
        };
        let watcher = recommended_watcher(tell).map_err(io::Error::other)?;
        let mut files = Self { directory, watcher };
        files
            .watcher
            .watch(&files.directory, RecursiveMode::Recursive)
            .map_err(io::Error::other)?;
        if let Some(parent) = files.directory.parent() {
            // Without the right to read it, a link that is pointed elsewhere goes unseen until SIGHUP.
            let _ = files.watcher.watch(parent, RecursiveMode::NonRecursive);
        }
        Ok(files)
    }

    /// Watches what is there now: the directory may be another one than before.
    fn follow(&mut self) {
        let _ = self.watcher.unwatch(&self.directory);
        if let Err(error) = self.watcher.watch(&self.directory, RecursiveMode::Recursive) {
            unwatched(error);
        }
    }
}

fn unwatched(error: impl std::fmt::Display) {
    tracing::warn!(%error, "the configuration's directory cannot be watched; SIGHUP and the admin API still reload");
}

/// Whether an event is about the directory. Reading a file is an event too, and we read them all.
fn concerns(event: &Event, directory: &Path) -> bool {
    let here = |path: &PathBuf| {
        path.strip_prefix(directory)
            .is_ok_and(|path| !is_written_beside(path))
    };
    !event.kind.is_access() && (event.paths.is_empty() || event.paths.iter().any(here))
}

/// Whether a file is one that the gateway itself writes all the time, by its name: usage figures with what SQLite keeps
/// beside them, and logs with those that were put aside. Other files count, though they are not read as configuration: it
/// may name them, as it does certificates.
fn is_written_beside(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let written = [".sqlite", ".db", ".jsonl", ".log"];
    !is_source(&path.to_string_lossy()) && written.iter().any(|part| name.contains(part))
}

/// Takes SIGHUP over. It is a cause from here on, though nobody may take it yet.
fn on_hangup(causes: Sender<Cause>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut hangups = {
        let _inside = runtime.enter();
        signal(SignalKind::hangup())?
    };
    let work = move || {
        runtime.block_on(async {
            while hangups.recv().await.is_some() && causes.send(Cause::Signal).is_ok() {}
        });
    };
    Builder::new().name("hangup".to_owned()).spawn(work).map(drop)
}

#[cfg(test)]
mod tests {
    use notify::EventKind;
    use notify::event::{DataChange, ModifyKind};

    use super::*;

    fn concerns(path: &str) -> bool {
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let event = Event::new(written).add_path(Path::new("/etc/sluice").join(path));
        super::concerns(&event, Path::new("/etc/sluice"))
    }

    #[test]
    fn the_configuration_and_what_it_names_are_watched() {
        for path in [
            "sluice.yaml",
            "apis/todos/table.csv",
            "apis/todos/changes.log",
            "..data",
            "apis",
            "certs/api.pem",
        ] {
            assert!(concerns(path), "{path}");
        }
    }

    #[test]
    fn what_a_gateway_writes_beside_it_is_not() {
        for path in [
            "usage.sqlite",
            "usage.sqlite-wal",
            "logs/access.jsonl",
            "access.jsonl.1",
            "/var/lib/sluice.yaml",
        ] {
            assert!(!concerns(path), "{path}");
        }
    }
}
