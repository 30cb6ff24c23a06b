//! A small API with limits, and an upstream that answers everything.
#![allow(dead_code, unreachable_pub)] // each test file uses a part of it

pub mod redis;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use sfv::{BareItem, List, ListEntry, Parser};
use sluice_conformance::stage::{Answer, Setup, scripted};

const MAIN: &str = r#"
sluice: 1
listen: ["127.0.0.1:0"]
upstreams:
  things: {endpoints: ["${CUSTOMERS_UPSTREAM}"]}
"#;

const API: &str = r#"
sluice: 1
api: things
upstream: things
origin: "2.0"
additions: pass
document: openapi.yaml
select: [{path: {template: "/v{version}"}}]
versions: [{name: "1.0"}, {name: "2.0"}]
"#;

const CHANGE: &str = r#"
sluice: 1
between: ["1.0", "2.0"]
summary: A thing has a name.
types:
  Thing:
    - rename: {from: /title, to: /name}
"#;

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: {title: Things, version: "2.0"}
paths:
  /things:
    get:
      operationId: listThings
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}}
    post:
      operationId: createThing
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}}
  /things/{id}:
    get:
      operationId: readThing
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}}
components:
  schemas:
    Thing: {type: object, properties: {name: {type: string}}}
"##;

/// The API with these settings at the end of `api.yaml`, in front of an upstream that answers everything.
pub fn things(settings: &str) -> Setup {
    things_before(settings, "", upstream())
}

/// The same in front of another upstream, with more settings at the end of `sluice.yaml`.
pub fn things_before(settings: &str, main: &str, upstream: SocketAddr) -> Setup {
    let empty = tempfile::tempdir().expect("a directory");
    write(empty.path(), "sluice.yaml", &format!("{MAIN}\n{main}\n"));
    write(
        empty.path(),
        "apis/things/api.yaml",
        &format!("{API}\n{settings}\n"),
    );
    write(empty.path(), "apis/things/openapi.yaml", DOCUMENT);
    write(empty.path(), "apis/things/changes/1.0-2.0.yaml", CHANGE);
    Setup::directory(empty.path()).upstream(upstream)
}

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    std::fs::write(path, text).expect("a file");
}

/// Answers every request with one thing.
pub fn upstream() -> SocketAddr {
    scripted::upstream(|mut stream, _| while answer(&mut stream).is_some() {})
}

fn answer(stream: &mut TcpStream) -> Option<()> {
    let head = scripted::head(stream)?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).ok()?;
    let body = r#"{"name":"a thing"}"#;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).ok()
}

/// What `RateLimit` or `RateLimit-Policy` says of a limit: a parameter's number.
pub fn told(answer: &Answer, field: &str, name: &str, parameter: &str) -> Option<i64> {
    let lines = answer.list(field);
    let list: List = Parser::new(&lines)
        .parse()
        .unwrap_or_else(|fault| panic!("{field}: {lines}: {fault}"));
    list.iter().find_map(|member| {
        let ListEntry::Item(item) = member else {
            panic!("an inner list: {lines}")
        };
        let BareItem::String(text) = &item.bare_item else {
            panic!("no string: {lines}")
        };
        let value = item.params.get(parameter).filter(|_| text.as_str() == name)?;
        let BareItem::Integer(number) = value else {
            panic!("no number: {lines}")
        };
        Some(i64::from(*number))
    })
}

/// The code of a problem.
pub fn code(answer: &Answer) -> String {
    answer.json()["code"].as_str().unwrap_or_default().to_owned()
}
