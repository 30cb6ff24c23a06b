//! A real PostgreSQL for tests: a server of its own on a free port of the loopback, in a directory that goes with it.
//!
//! ```no_run
//! use sluice_conformance::stage::postgres::Postgres;
//!
//! let Some(mut server) = Postgres::start() else { return }; // says that it was skipped
//! println!("{}", server.url());
//! server.restart();
//! ```

use std::fs::{self, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, process};

use super::PATIENCE;

/// The password of its user: nothing that a gateway says may hold it.
pub const PASSWORD: &str = "planted-password-of-postgres";
/// What no test needs: it would only make them slow. With the last of these a server answers commits that are lost when it is
/// killed, unless a client asks for more: those that hold usage figures have to.
const HASTE: [&str; 3] = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"];

/// A running server. It ends with this value, and nothing of it is left.
pub struct Postgres {
    programs: PathBuf,
    directory: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
    process: Option<Child>,
}

impl Postgres {
    /// Starts one. Where PostgreSQL is not installed it says so, and there is none.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            println!("skipped: no PostgreSQL");
            return None;
        };
        let directory = directory();
        // A server refuses to run as root.
        let user = fs::metadata("/proc/self")
            .is_ok_and(|own| is_root(&own))
            .then(user);
        if let Some((id, group)) = user {
            chown(&directory, Some(id), Some(group)).expect("the directory is the server's");
        }
        let mut server = Self {
            programs,
            directory,
            user,
            port: 0,
            process: None,
        };
        server.initialise();
        server.port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        server.go();
        Some(server)
    }

    /// Its address with user and password, and the database that is always there.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The address of a database on it.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://sluice:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database; its address.
    ///
    /// # Panics
    /// It is there already.
    #[must_use]
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url_of(name)
    }

    /// Runs SQL in a database; what it answers, a line a row, columns parted by `|`.
    ///
    /// # Panics
    /// It fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--quiet",
            "--set",
            "ON_ERROR_STOP=1",
        ]);
        let done = psql
            .args(["--command", sql, &self.url_of(database)])
            .output()
            .expect("psql");
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{sql}: {told}");
        String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
    }

    /// Stops it in good order, and starts it again with what it holds.
    ///
    /// # Panics
    /// It does not stop or start.
    pub fn restart(&mut self) {
        self.stop();
        self.go();
    }

    /// Stops it in good order: transactions that are open are rolled back.
    ///
    /// # Panics
    /// It does not stop.
    pub fn stop(&mut self) {
        self.signal("-INT");
        self.ended();
    }

    /// Kills it at once, with all that it was doing (SIGKILL).
    ///
    /// # Panics
    /// It does not run.
    pub fn kill(&mut self) {
        self.signal("-KILL");
        self.ended();
    }

    /// Starts it again after [`Self::stop`] or [`Self::kill`].
    ///
    /// # Panics
    /// It does not start.
    pub fn go(&mut self) {
        let begun = Instant::now();
        // After a kill its children may hold the memory for a moment: until then it does not start.
        while !self.serves() {
            assert!(
                begun.elapsed() < PATIENCE,
                "postgres does not start: {}",
                self.log()
            );
            let ended = self
                .process
                .as_mut()
                .is_none_or(|process| process.try_wait().unwrap().is_some());
            if ended {
                self.process = Some(self.serve());
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Lets it hang: connections stay, and nothing is answered.
    ///
    /// # Panics
    /// It does not run.
    pub fn hang(&self) {
        self.group("-STOP");
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// It does not run.
    pub fn go_on(&self) {
        self.group("-CONT");
    }

    fn initialise(&self) {
        let password = self.directory.join("password");
        fs::write(&password, PASSWORD).unwrap();
        fs::set_permissions(&password, Permissions::from_mode(0o644)).unwrap();
        let mut initdb = self.program("initdb");
        initdb.args([
            "--no-sync",
            "--auth=scram-sha-256",
            "--username=sluice",
            "--encoding=UTF8",
            "--no-locale",
        ]);
        initdb
            .arg(format!("--pwfile={}", password.display()))
            .arg(self.data());
        let done = initdb.output().expect("initdb");
        assert!(
            done.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    fn serve(&self) -> Child {
        let mut postgres = self.program("postgres");
        postgres
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()]);
        postgres.args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
        ]);
        for setting in HASTE {
            postgres.args(["-c", setting]);
        }
        let log = fs::File::options()
            .append(true)
            .create(true)
            .open(self.directory.join("log"));
        let log = log.expect("a log");
        postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // A group of its own: what hangs hangs with its children, and a key on a terminal does not reach it.
        postgres.process_group(0).spawn().expect("postgres")
    }

    fn program(&self, name: &str) -> Command {
        let mut program = Command::new(self.programs.join(name));
        program.current_dir(&self.directory).env("LC_ALL", "C");
        if let Some((id, group)) = self.user {
            program.uid(id).gid(group);
        }
        program
    }

    /// Whether it lets its user in.
    fn serves(&self) -> bool {
        let Some(process) = &self.process else {
            return false;
        };
        let ready = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        ready.starts_with(&format!("{}\n", process.id()))
            && ready.contains("ready")
            && TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    fn ended(&mut self) {
        let begun = Instant::now();
        while let Some(process) = &mut self.process {
            if process.try_wait().unwrap().is_some() {
                self.process = None;
            }
            assert!(begun.elapsed() < PATIENCE, "postgres does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn signal(&self, name: &str) {
        let process = self.process.as_ref().expect("it runs");
        send(name, &process.id().to_string());
    }

    /// To the server and its children.
    fn group(&self, name: &str) {
        let process = self.process.as_ref().expect("it runs");
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", process.id()));
        for child in children.unwrap_or_default().split_whitespace() {
            send(name, child);
        }
        send(name, &process.id().to_string());
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let id = process.id().to_string();
            let _asked = Command::new("kill").args(["-QUIT", &id]).status();
            let begun = Instant::now();
            while matches!(process.try_wait(), Ok(None)) && begun.elapsed() < Duration::from_secs(5) {
                std::thread::sleep(Duration::from_millis(10));
            }
            let _gone = (process.kill(), process.wait());
        }
        let _removed = fs::remove_dir_all(&self.directory);
    }
}

fn send(name: &str, process: &str) {
    let sent = Command::new("kill").args([name, process]).status();
    assert!(sent.expect("kill").success(), "kill {name} {process}");
}

/// Where its programs are: on the PATH, or where Debian puts them; the newest.
fn programs() -> Option<PathBuf> {
    let there = |at: &PathBuf| {
        ["initdb", "postgres", "psql"]
            .iter()
            .all(|name| at.join(name).is_file())
    };
    let path = env::var_os("PATH").unwrap_or_default();
    if let Some(found) = env::split_paths(&path).find(there) {
        return Some(found);
    }
    let installed = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let mut found: Vec<PathBuf> = installed
        .map(|release| release.path().join("bin"))
        .filter(there)
        .collect();
    found.sort();
    found.pop()
}

/// A directory that nobody else has.
fn directory() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let directory = env::temp_dir().join(format!("sluice-postgres-{}-{number}", process::id()));
    let _left = fs::remove_dir_all(&directory);
    fs::create_dir(&directory).expect("a directory");
    directory
}

fn is_root(own: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    own.uid() == 0
}

/// The user that the package makes, and its group.
fn user() -> (u32, u32) {
    let passwd = fs::read_to_string(Path::new("/etc/passwd")).expect("users");
    let line = passwd.lines().find(|line| line.starts_with("postgres:"));
    let fields: Vec<&str> = line.expect("the user `postgres`").split(':').collect();
    (
        fields[2].parse().expect("a number"),
        fields[3].parse().expect("a number"),
    )
}
