//! What goes on beside the cores: key sets that are fetched, a store that is kept connected, files that are written.
//!
//! One thread with one runtime for the whole process. A core never waits for it without a timeout.

use std::io;
use std::thread::Builder;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The runtime beside the cores. Dropped, it ends with everything that runs on it.
#[derive(Debug)]
pub struct Background {
    handle: Handle,
    /// Dropped, it ends the thread.
    _end: oneshot::Sender<()>,
}

impl Background {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        Builder::new().name("background".to_owned()).spawn(move || {
            let _dropped = runtime.block_on(ended);
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, _end: end })
    }

    /// Starts work that goes on by itself.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(work)
    }

    /// The runtime's handle, for libraries that want one.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn work_goes_on_beside_and_ends_with_it() {
        let background = Background::start().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        drop(background.spawn(async move { tell.send(1) }));
        assert_eq!(told.recv_timeout(std::time::Duration::from_secs(10)), Ok(1));
        let (held, ended) = std::sync::mpsc::channel::<()>();
        drop(background.spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        }));
        drop(background);
        let end = ended.recv_timeout(std::time::Duration::from_secs(10));
        assert_eq!(end, Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
    }
}
