//! A real store for tests: `redis-server` on a free port, with nothing on disk.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sluice_conformance::stage::PATIENCE;
use tempfile::TempDir;

/// A running server. It ends with this value.
pub struct Redis {
    port: u16,
    password: String,
    directory: TempDir,
    process: Child,
}

impl Redis {
    /// Starts one.
    pub fn start() -> Self {
        Self::with_password("")
    }

    /// Starts one that asks for a password, if it is not empty.
    pub fn with_password(password: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a socket");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let directory = tempfile::tempdir().expect("a directory");
        let process = serve(port, password, &directory);
        let password = password.to_owned();
        let redis = Self {
            port,
            password,
            directory,
            process,
        };
        redis.wait();
        redis
    }

    /// `store` of `sluice.yaml`, with more settings.
    pub fn store(&self, more: &str) -> String {
        format!("store: {{redis: \"redis://127.0.0.1:{}\"{more}}}", self.port)
    }

    /// Its address, with a password.
    pub fn address(&self, password: &str) -> String {
        format!("redis://:{password}@127.0.0.1:{}", self.port)
    }

    /// Kills it: what it knew is gone.
    pub fn kill(&mut self) {
        self.signal("-KILL");
        let _ended = self.process.wait();
    }

    /// Starts an empty one in its place.
    pub fn start_again(&mut self) {
        self.process = serve(self.port, &self.password, &self.directory);
        self.wait();
    }

    /// Lets it hang: connections stay, and nothing is answered.
    pub fn stop(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    /// How many scripts it has run.
    pub fn calls(&self) -> u64 {
        let client = redis::Client::open(self.address(&self.password)).expect("an address");
        let mut line = client.get_connection().expect("a connection");
        let info: String = redis::cmd("INFO")
            .arg("commandstats")
            .query(&mut line)
            .expect("an answer");
        let stat = info
            .lines()
            .find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
        stat.map_or(0, |stat| {
            stat.split(',')
                .next()
                .unwrap_or_default()
                .parse()
                .expect("a number")
        })
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.expect("kill").success(), "kill {name} {pid}");
    }

    fn wait(&self) {
        let begun = Instant::now();
        let client = redis::Client::open(self.address(&self.password)).expect("an address");
        let answers = || {
            let mut line = client.get_connection_with_timeout(Duration::from_secs(1)).ok()?;
            redis::cmd("PING").query::<String>(&mut line).ok()
        };
        while answers().is_none() {
            assert!(begun.elapsed() < PATIENCE, "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn serve(port: u16, password: &str, directory: &TempDir) -> Child {
    let port = port.to_string();
    let started = Command::new("redis-server")
        .args([
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .args(["--requirepass", password])
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    started.expect("redis-server on the PATH: `make tools` installs it")
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _gone = (self.process.kill(), self.process.wait());
    }
}
