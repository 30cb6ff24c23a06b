//! The contenders: nginx and `sluice run`, set up to do the same.

mod guarded;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::Fault;
use crate::process::{Process, free_address, sluice};

pub(crate) use guarded::{Guard, KEY, guarded, metered};

/// A proxy in front of the backend.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
    directory: TempDir,
}

impl Peer {
    /// Ends the process, and gives what it said.
    pub(crate) fn end(self) -> String {
        drop(self.process);
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

/// nginx from the system's packages. It takes `/v2.0` off the path, as Sluice does; with `fields` it also sets the
/// fields that Sluice sets.
pub(crate) fn nginx(
    name: &'static str,
    fields: bool,
    backend: SocketAddr,
    workers: usize,
) -> Result<Peer, Fault> {
    let directory = tempfile::tempdir()?;
    let address = free_address()?;
    let config = directory.path().join("nginx.conf");
    let fields = if fields { FIELDS } else { "" };
    fs::write(&config, nginx_config(address, backend, workers, fields))?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(directory.path()).arg("-c").arg(&config);
    command.arg("-e").arg(directory.path().join("error.log"));
    let process = Process::start(command, &directory.path().join("log"), address)
        .map_err(|e| format!("{e}\nnginx is needed: apt-get install nginx-light"))?;
    Ok(Peer {
        name,
        address,
        process,
        directory,
    })
}

/// What Sluice tells the backend of the client, and the client of the answer.
const FIELDS: &str = "
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header Forwarded \"for=$remote_addr;host=$http_host;proto=$scheme\";
            proxy_set_header Via \"1.1 nginx\";
            proxy_set_header X-Real-IP \"\";
            add_header API-Version 2.0;
            add_header Via \"1.1 nginx\";";

/// As fast as nginx goes: no log, no temporary files, connections that are kept on both sides.
fn nginx_config(address: SocketAddr, backend: SocketAddr, workers: usize, fields: &str) -> String {
    format!(
        "daemon off;
worker_processes {workers};
pid nginx.pid;
error_log error.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream backend {{
        server {backend};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address} reuseport;
        location /v2.0/ {{
            proxy_pass http://backend/;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";{fields}
        }}
    }}
}}
"
    )
}

/// `sluice run` with one change that the requests do not pass: they come in the origin's version. The binary is the one at hand
/// where none is named.
pub(crate) fn pass_through(
    name: &'static str,
    program: Option<&Path>,
    backend: SocketAddr,
    workers: usize,
    wrapper: &[&str],
) -> Result<Peer, Fault> {
    let directory = tempfile::tempdir()?;
    let api = directory.path().join("apis/notes");
    fs::create_dir_all(api.join("changes"))?;
    let address = free_address()?;
    fs::write(
        directory.path().join("sluice.yaml"),
        main_file(address, backend, workers),
    )?;
    fs::write(api.join("api.yaml"), API)?;
    fs::write(api.join("changes/1.0-2.0.yaml"), CHANGE)?;
    let sluice = program.map_or_else(sluice, |named| Ok(named.to_owned()))?;
    run_in(wrapper, &sluice, directory.path(), address, &[]).map(|process| Peer {
        name,
        address,
        process,
        directory,
    })
}

fn main_file(address: SocketAddr, backend: SocketAddr, workers: usize) -> String {
    format!(
        "sluice: 1
listen: [\"{address}\"]
workers: {workers}
upstreams:
  notes:
    endpoints: [\"{backend}\"]
drain: {{announce: 10ms, grace: 1s}}
"
    )
}

const API: &str = r#"sluice: 1
api: notes
upstream: notes
origin: "2.0"
additions: pass
select:
  - path: {template: "/v{version}"}
versions: [{name: "1.0"}, {name: "2.0"}]
"#;

const CHANGE: &str = r#"sluice: 1
between: ["1.0", "2.0"]
summary: A title became a name.
documents:
  - of: ["GET /notes/{id}"]
    steps: [{rename: {from: /title, to: /name}}]
"#;

/// `sluice run` with the IntegrationHub example, a copy of it that says how many workers there are and asks for no
/// credentials: what is measured is translation.
pub(crate) fn integrationhub(backend: SocketAddr, workers: usize) -> Result<Peer, Fault> {
    let directory = tempfile::tempdir()?;
    copy(&example(), directory.path())?;
    let address = free_address()?;
    let main = directory.path().join("sluice.yaml");
    let text = fs::read_to_string(&main)?;
    fs::write(&main, format!("{text}\nworkers: {workers}\n"))?;
    open(&directory.path().join("apis/customers/api.yaml"))?;
    let environment = [
        ("SLUICE_LISTEN", address.to_string()),
        ("SLUICE_ADMIN", free_address()?.to_string()),
        ("CUSTOMERS_UPSTREAM", backend.to_string()),
    ];
    run(directory.path(), address, &environment).map(|process| Peer {
        name: "sluice",
        address,
        process,
        directory,
    })
}

/// `sluice run` with the IntegrationHub example as it is, and with limits, validation, an audit log and counters on top.
pub(crate) fn guarded_integrationhub(backend: SocketAddr, workers: usize) -> Result<Peer, Fault> {
    let directory = tempfile::tempdir()?;
    copy(&example(), directory.path())?;
    let (address, audit) = (free_address()?, directory.path().join("audit.jsonl"));
    let more = format!("\nworkers: {workers}\naudit: {{file: \"{}\"}}\n", audit.display());
    append(&directory.path().join("sluice.yaml"), &more)?;
    append(&directory.path().join("apis/customers/api.yaml"), GUARD)?;
    let keys = directory.path().join("keys.json");
    fs::write(&keys, KEY_SET)?;
    let environment = [
        ("SLUICE_LISTEN", address.to_string()),
        ("SLUICE_ADMIN", free_address()?.to_string()),
        ("CUSTOMERS_UPSTREAM", backend.to_string()),
        ("CUSTOMERS_JWKS", keys.display().to_string()),
    ];
    run(directory.path(), address, &environment).map(|process| Peer {
        name: "sluice, IntegrationHub guarded",
        address,
        process,
        directory,
    })
}

const GUARD: &str = "
limits:
  - {name: each-consumer, key: [consumer], rate: 1000/s, burst: 2000, consumers: [acme, megacorp]}
validation: {requests: true}
";

/// A public key of P-256: the first of RFC 7517, appendix A.1.
const KEY_SET: &str = r#"{"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "use": "sig",
  "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;

fn append(file: &Path, text: &str) -> Result<(), Fault> {
    let before = fs::read_to_string(file)?;
    Ok(fs::write(file, format!("{before}{text}"))?)
}

/// Takes the authentication out of an API's file, which is its last part.
fn open(api: &Path) -> Result<(), Fault> {
    let text = fs::read_to_string(api)?;
    let (open, _) = text
        .split_once("\nauthentication:")
        .ok_or("the example asks for no credentials")?;
    fs::write(api, open.replace(", consumers: [megacorp]", ""))?;
    Ok(())
}

/// Where the example is.
pub(crate) fn example() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples/integrationhub")
}

/// `sluice run` with more options, as the child of another program where one is named.
fn run_in(
    wrapper: &[&str],
    sluice: &Path,
    directory: &Path,
    address: SocketAddr,
    more: &[&str],
) -> Result<Process, Fault> {
    let mut command = match wrapper {
        [] => Command::new(sluice),
        [program, options @ ..] => {
            let mut command = Command::new(program);
            command.args(options).arg(sluice);
            command
        }
    };
    command.arg("run").arg(directory).args(more);
    Process::start(command, &directory.join("log"), address)
}

fn run(directory: &Path, address: SocketAddr, environment: &[(&str, String)]) -> Result<Process, Fault> {
    let mut command = Command::new(sluice()?);
    // Outside of every brownout.
    command
        .arg("run")
        .arg(directory)
        .args(["--now", "2026-06-15T12:00:00Z"]);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    Process::start(command, &directory.join("log"), address)
}

fn copy(from: &Path, to: &Path) -> Result<(), Fault> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
