//! Commands that serve: `run` with its reloads and its end, and `demo` with every line that it prints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "cli/sluice.rs"]
mod binary;
#[path = "cli/todos.rs"]
mod todos;

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::Path;

use binary::{Process, ask, example, free_address, get, sluice};
use serde_json::Value as Json;

/// The small example in a directory of its own, served.
struct Served {
    directory: tempfile::TempDir,
    process: Process,
    data: SocketAddr,
    admin: SocketAddr,
}

const CHANGE: &str = "apis/todos/changes/1-2.yaml";

fn copy(to: &Path) {
    for name in ["sluice.yaml", "apis/todos/api.yaml", CHANGE] {
        fs::create_dir_all(to.join(name).parent().unwrap()).unwrap();
        fs::copy(format!("{}/{name}", example("hello")), to.join(name)).unwrap();
    }
}

impl Served {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        copy(directory.path());
        Self::start_at(directory, |directory| directory.to_owned())
    }

    fn start_at(directory: tempfile::TempDir, path: impl Fn(&Path) -> std::path::PathBuf) -> Self {
        let (data, admin, backend) = (free_address(), free_address(), todos::serve());
        let environment = [
            ("SLUICE_LISTEN", data.to_string()),
            ("SLUICE_ADMIN", admin.to_string()),
            ("TODOS_UPSTREAM", backend.to_string()),
            (
                "SLUICE_UPGRADE_SOCKET",
                directory.path().join("upgrade.sock").to_str().unwrap().to_owned(),
            ),
        ];
        let path = path(directory.path());
        let process = Process::start(
            &["run", path.to_str().unwrap(), "--log-format", "json"],
            &environment,
        );
        process.until("readiness", || {
            get(admin, "/readyz").is_some_and(|answer| answer.status == 200)
        });
        Self {
            directory,
            process,
            data,
            admin,
        }
    }

    fn plan(&self) -> Json {
        serde_json::from_str(&get(self.admin, "/plan").unwrap().body).unwrap()
    }

    fn generation(&self) -> u64 {
        self.plan()["generation"].as_u64().unwrap()
    }

    fn write(&self, name: &str, from: &str, to: &str) {
        let file = self.directory.path().join(name);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from));
        fs::write(file, text.replace(from, to)).unwrap();
    }

    /// What version 1 reads.
    fn read(&self) -> String {
        get(self.data, "/v1/todos/1").unwrap().body
    }

    fn until_generation(&self, generation: u64) {
        self.process
            .until("the edition", || self.generation() == generation);
    }
}

#[test]
fn the_small_example_serves_any_json_backend() {
    let served = Served::start();
    assert_eq!(served.read(), r#"{"id":1,"title":"read","done":false}"#);
    assert_eq!(get(served.data, "/v2/todos/1").unwrap().body, todos::STORED);
    let fields = "Content-Type: application/json\r\n";
    let made = ask(
        served.data,
        "POST",
        "/v1/todos",
        fields,
        r#"{"title":"write","done":true}"#,
    )
    .unwrap();
    assert_eq!(
        (made.status, made.body.as_str()),
        (201, r#"{"title":"write","done":true}"#)
    );
    assert_eq!(todos::last_body(), r#"{"name":"write","status":"finished"}"#);
}

#[test]
fn a_file_that_changes_is_a_reload() {
    let served = Served::start();
    served.write(CHANGE, "from: /title", "from: /label");
    served.until_generation(2);
    assert_eq!(served.plan()["last_reload"], Json::Null);
    assert_eq!(served.read(), r#"{"id":1,"label":"read","done":false}"#);
}

#[test]
fn a_link_that_is_pointed_elsewhere_is_a_reload() {
    // As Kubernetes mounts a ConfigMap: the files are links into `..data`, which is one more.
    let directory = tempfile::tempdir().unwrap();
    let mount = directory.path().join("mount");
    for (name, title) in [("..one", "/title"), ("..two", "/label")] {
        copy(&mount.join(name));
        let change = mount.join(name).join(CHANGE);
        let text = fs::read_to_string(&change).unwrap().replace("/title", title);
        fs::write(change, text).unwrap();
    }
    symlink("..one", mount.join("..data")).unwrap();
    symlink("..data/sluice.yaml", mount.join("sluice.yaml")).unwrap();
    symlink("..data/apis", mount.join("apis")).unwrap();
    let served = Served::start_at(directory, |directory| directory.join("mount"));
    assert!(served.read().contains("title"));
    symlink("..two", mount.join("..data_tmp")).unwrap();
    fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    served.until_generation(2);
    assert!(served.read().contains("label"));
    served.process.signal("HUP");
    served
        .process
        .until("the signal", || served.process.err().contains("SIGHUP"));
    assert_eq!(served.generation(), 2);
}

#[test]
fn a_directory_that_is_replaced_is_a_reload() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        copy(&directory.path().join(name));
    }
    let change = directory.path().join("two").join(CHANGE);
    fs::write(
        &change,
        fs::read_to_string(&change).unwrap().replace("/title", "/label"),
    )
    .unwrap();
    symlink("one", directory.path().join("current")).unwrap();
    let served = Served::start_at(directory, |directory| directory.join("current"));
    let link = |name: &str| {
        symlink(name, served.directory.path().join("next")).unwrap();
        fs::rename(
            served.directory.path().join("next"),
            served.directory.path().join("current"),
        )
        .unwrap();
    };
    link("two");
    served.until_generation(2);
    assert!(served.read().contains("label"));
    served.write(&format!("two/{CHANGE}"), "/label", "/caption");
    served.until_generation(3);
    link("one");
    served.until_generation(4);
    assert!(served.read().contains("title"));
}

#[test]
fn a_faulty_file_leaves_the_old_edition_and_is_told() {
    let served = Served::start();
    served.write(CHANGE, "summary:", "sumary:");
    served.process.until("the diagnostics", || {
        served.process.err().contains("did you mean `summary`?")
    });
    assert_eq!((served.generation(), served.read().contains("title")), (1, true));
    let refused = ask(served.admin, "POST", "/reload", "", "").unwrap();
    let problem: Json = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(
        (refused.status, problem["code"].as_str()),
        (409, Some("faulty_configuration"))
    );
    assert_eq!(problem["diagnostics"][0]["file"], CHANGE);
    let last = &served.plan()["last_reload"];
    assert_eq!(
        (&last["why"], &last["refused"][0]["file"]),
        (&"admin call".into(), &CHANGE.into())
    );
    assert!(last["at"].is_string());
    assert!(
        served.process.err().contains("\"faults\":1,\"warnings\":0"),
        "{}",
        served.process.err()
    );
    served.write(CHANGE, "sumary:", "summary:");
    served.write(CHANGE, "from: /title", "from: /label");
    served.until_generation(2);
}

#[test]
fn sighup_and_the_admin_api_reload_through_the_same_function() {
    let served = Served::start();
    served.process.signal("HUP");
    served.process.until("the signal", || {
        served.process.err().contains("\"why\":\"SIGHUP\"")
    });
    let unchanged = ask(served.admin, "POST", "/reload", "", "").unwrap();
    assert_eq!(
        (unchanged.status, unchanged.body.as_str()),
        (200, r#"{"changed":false,"generation":1}"#)
    );
    assert_eq!(get(served.admin, "/reload").unwrap().status, 405);
    assert_eq!(served.generation(), 1);
}

#[test]
fn what_only_a_new_process_can_change_is_named_and_waits() {
    let served = Served::start();
    assert_eq!(served.plan()["pending"], Json::Array(Vec::new()));
    served.write("sluice.yaml", "upstreams:", "workers: 1\nupstreams:");
    served.until_generation(2);
    assert_eq!(served.plan()["pending"][0], "workers");
    let named = || served.process.err().contains("\"settings\":\"workers\"");
    served.process.until("a word", named);
    served.write("sluice.yaml", "workers: 1\n", "");
    served.until_generation(3);
    assert_eq!(served.plan()["pending"], Json::Array(Vec::new()));
}

#[test]
fn an_upgrade_hands_the_sockets_over() {
    let mut served = Served::start();
    let before = served.process.id();
    let (path, socket) = (
        served.directory.path(),
        served.directory.path().join("upgrade.sock"),
    );
    let environment = [
        ("SLUICE_LISTEN", served.data.to_string()),
        ("SLUICE_ADMIN", served.admin.to_string()),
        ("TODOS_UPSTREAM", todos::serve().to_string()),
    ];
    let arguments = [
        "run",
        path.to_str().unwrap(),
        "--upgrade",
        "--upgrade-socket",
        socket.to_str().unwrap(),
        "--log-format",
        "json",
    ];
    let next = Process::start(&arguments, &environment);
    next.until("the socket", || socket.exists());
    served.process.signal("QUIT");
    next.until("the hand-over", || next.err().contains("\"serving\""));
    assert_eq!(served.process.end().code(), Some(0), "{}", served.process.err());
    assert_ne!(next.id(), before);
    assert!(served.read().contains("title"));
    assert_eq!(served.generation(), 1);
}

#[test]
fn sigterm_drains_and_ends_with_0() {
    let mut served = Served::start();
    served.write(
        "sluice.yaml",
        "upstreams:",
        "drain: {announce: 10ms, grace: 1s}\nupstreams:",
    );
    served.until_generation(2);
    assert_eq!(served.plan()["pending"][0], "drain");
    served.process.signal("TERM");
    assert_eq!(served.process.end().code(), Some(0));
}

#[test]
fn an_address_that_is_taken_is_2_and_says_how_to_choose_another() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let free = "127.0.0.1:0";
    for (option, variable) in [
        ("--listen", "SLUICE_LISTEN"),
        ("--admin", "SLUICE_ADMIN"),
        ("--backend", "CUSTOMERS_UPSTREAM"),
    ] {
        let others = ["--listen", "--admin", "--backend"]
            .into_iter()
            .filter(|other| *other != option);
        let mut arguments = vec!["demo", option, &address];
        others.for_each(|other| arguments.extend([other, free]));
        let said = sluice(&arguments, "");
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(
            said.err.contains(option) && said.err.contains(variable),
            "{}",
            said.err
        );
    }
}

#[test]
fn an_address_of_the_configuration_that_is_taken_is_named_with_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    copy(directory.path());
    let main = directory.path().join("sluice.yaml");
    let text = fs::read_to_string(&main).unwrap();
    let text = text
        .replace("127.0.0.1:8080", &address)
        .replace("127.0.0.1:9901", "127.0.0.1:0");
    fs::write(&main, text).unwrap();
    let socket = directory.path().join("upgrade.sock");
    let arguments = [
        "run",
        directory.path().to_str().unwrap(),
        "--upgrade-socket",
        socket.to_str().unwrap(),
    ];
    let said = sluice(&arguments, "");
    let told = "`listen` in sluice.yaml, or SLUICE_LISTEN in the environment";
    assert!(said.code == 2 && said.err.contains(told), "{}", said.err);
}

/// The arguments of a curl line: fields, and where to. `$TOKEN` is what the shell would put in.
fn curl(line: &str, token: &str) -> Option<(String, SocketAddr, String)> {
    let (_, arguments) = line.split_once("curl ")?;
    let words: Vec<&str> = arguments
        .split(['\'', '"'])
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    let url = words.iter().find_map(|word| word.strip_prefix("http://"))?;
    let (address, path) = url.split_once('/')?;
    let fields = words.windows(2).filter(|pair| pair[0] == "-H");
    let fields: String = fields
        .map(|pair| format!("{}\r\n", pair[1].replace("$TOKEN", token)))
        .collect();
    Some((fields, address.parse().unwrap(), format!("/{path}")))
}

/// The token that the demo prints.
fn token(table: &str) -> String {
    let mut lines = table.lines();
    let token = lines.find_map(|line| line.trim().strip_prefix("TOKEN="));
    token.expect("a token").to_owned()
}

#[test]
fn every_line_that_the_demo_prints_answers() {
    let free = "127.0.0.1:0".to_owned();
    let names = ["SLUICE_LISTEN", "SLUICE_ADMIN", "CUSTOMERS_UPSTREAM"];
    let mut demo = Process::start(
        &["demo", "--now", "2026-06-15T12:00:00Z"],
        &names.map(|name| (name, free.clone())),
    );
    demo.until("the table", || demo.out().contains("Ctrl-C ends the demo."));
    let table = demo.out();
    let token = token(&table);
    let lines: Vec<_> = table.lines().filter_map(|line| curl(line, &token)).collect();
    assert_eq!(lines.len(), 14 + 4 + 2, "{table}");
    for (header, address, target) in &lines {
        let answer = ask(*address, "GET", target, header, "").unwrap();
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        let selected =
            header.contains("API-Version") || header.contains("Accept") || target.contains("api-version");
        let shown = match target.starts_with("/customers/") {
            true if selected => "api-version: 3.1\r\n",
            true if header.contains("demo-key") => "api-version: 2.3\r\n",
            _ => "",
        };
        assert!(answer.head.contains(shown), "{target}: {}", answer.head);
    }
    // The table is honest: each version asks for what its line sends.
    for (_, address, target) in &lines[..14] {
        let bare = target.split("&api_key").next().unwrap();
        assert_eq!(get(*address, bare).unwrap().status, 401, "{bare}");
    }
    let (header, address, _) = &lines[12];
    let customer = ask(*address, "GET", "/v3.3/customers/cus_000018", header, "")
        .unwrap()
        .body;
    let mut customer: Json = serde_json::from_str(&customer).unwrap();
    customer
        .as_object_mut()
        .unwrap()
        .retain(|name, _| name != "id" && name != "createdAt");
    let made = ask(
        *address,
        "POST",
        "/v3.3/customers",
        &format!("{header}Content-Type: application/json\r\n"),
        &customer.to_string(),
    )
    .unwrap();
    assert!(
        made.body.contains("\"createdAt\":\"2026-06-15T12:"),
        "{}",
        made.body
    );
    demo.signal("INT");
    assert_eq!(demo.end().code(), Some(0), "{}", demo.err());
}

#[test]
fn the_demo_rehearses_another_day() {
    let free = "127.0.0.1:0".to_owned();
    let names = ["SLUICE_LISTEN", "SLUICE_ADMIN", "CUSTOMERS_UPSTREAM"];
    let demo = Process::start(
        &["demo", "--now", "2027-07-01T00:00:00Z"],
        &names.map(|name| (name, free.clone())),
    );
    demo.until("the table", || demo.out().contains("Ctrl-C ends the demo."));
    let table = demo.out();
    let versions: Vec<_> = table
        .lines()
        .filter(|line| line.contains("curl "))
        .take(14)
        .collect();
    assert_eq!(versions.len(), 14, "{table}");
    for line in versions {
        let name = line.split_whitespace().next().unwrap();
        let (state, status) = match name {
            "1.0" | "1.1" | "1.2" => (" sunset ", 410),
            "2.0" | "2.1" | "2.2" | "2.3" => (" deprecated ", 200),
            "4.0-beta" => (" preview ", 200),
            _ => (" active ", 200),
        };
        assert!(line.contains(state), "{line}");
        let (header, address, target) = curl(line, &token(&table)).unwrap();
        let answer = ask(address, "GET", &target, &header, "").unwrap();
        assert_eq!(answer.status, status, "{line}: {}", answer.body);
        if status == 410 {
            assert!(
                answer.head.contains("sunset: wed, 30 jun 2027 23:59:59 gmt"),
                "{}",
                answer.head
            );
        }
    }
    let admin = table
        .lines()
        .filter_map(|line| curl(line, ""))
        .find(|(_, _, target)| target == "/plan")
        .unwrap()
        .1;
    let plan: Json = serde_json::from_str(&get(admin, "/plan").unwrap().body).unwrap();
    let states = plan["apis"][0]["lifecycle"].as_array().unwrap();
    assert_eq!(states.len(), 14);
    assert_eq!(states[0]["state"], "sunset");
    assert_eq!(states[0]["successor"], "3.3");
    assert_eq!(states[3]["sunset"], "2028-01-01T00:00:00Z");
}
