//! Documents made to be slow: a megabyte of members, of elements, of one name, of nesting. Work may grow with a document,
//! not with its square; and a thread of the usual two mebibytes holds whatever the parser lets in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use serde_json::{Value as Json, json};
use sluice_conformance::customers::customers;
use sluice_conformance::effort::spent;
use sluice_conformance::engine::{Between, integrationhub};
use sluice_conformance::transformations::{Engine as _, File, Reference, Way};
use sluice_transforms::contract::Purpose;
use sluice_transforms::lineage::Lineage;
use sluice_transforms::message::{Request, Response};
use sluice_transforms::parse::parse;
use sluice_transforms::patch;
use sluice_transforms::value::Value;

/// As many as fit into a megabyte.
const MANY: usize = 60_000;

/// The CPU time that one unit may cost, unoptimised, through all versions: a square would cost a thousandfold of what it does.
const EACH: Duration = Duration::from_micros(800);

fn customer() -> Json {
    customers(5, 1).remove(0)
}

fn with(name: &str, value: Json) -> Json {
    let mut all = customer();
    all[name] = value;
    all
}

/// Many members that no version mentions.
fn members(many: usize, value: impl Fn(usize) -> Json) -> serde_json::Map<String, Json> {
    (0..many).map(|i| (format!("m{i}"), value(i))).collect()
}

fn strange(many: usize) -> Json {
    let mut all = customer();
    all.as_object_mut().unwrap().extend(members(many, |i| json!(i)));
    all
}

#[track_caller]
fn within(what: &str, many: usize, work: impl FnOnce()) {
    let before = spent();
    work();
    let took = spent() - before;
    println!("{what}: {took:?}, {:?} each", took / u32::try_from(many).unwrap());
    assert!(
        took < EACH * u32::try_from(many).unwrap(),
        "{what}: {took:?} for {many}"
    );
}

/// Lowered to the oldest version, put back unchanged and edited, and patched, over what is stored.
fn round(lineage: &Lineage, version: &str, stored: &Json, edit: impl Fn(&mut Json)) {
    let between = Between::new(lineage, version);
    let (shown, _) = between.lower("readCustomer", 200, stored).unwrap();
    let mut sent = sluice_conformance::engine::json(&shown.body.unwrap());
    assert_eq!(between.replace(stored, &sent).unwrap(), *stored);
    edit(&mut sent);
    let _ = between.replace(stored, &sent);
}

#[test]
fn many_members() {
    let (lineage, stored) = (integrationhub(), strange(MANY));
    for version in ["1.0", "2.0"] {
        within(&format!("{version}: members"), MANY, || {
            round(&lineage, version, &stored, |sent| sent["name"] = json!("Eve"))
        });
    }
}

#[test]
fn many_members_in_a_patch() {
    let (lineage, stored) = (integrationhub(), customer());
    let removed = Json::Object(members(MANY, |_| Json::Null));
    let set = Json::Object(members(MANY, |i| json!(i)));
    let between = Between::new(&lineage, "2.0");
    within("2.0: members that go", MANY, || {
        assert_eq!(between.patch_on(&stored, &removed).unwrap(), stored)
    });
    within("2.0: members that come", MANY, || {
        drop(between.patch_on(&stored, &set).unwrap())
    });
    within("2.0: members that come, alone", MANY, || {
        drop(between.patch(&stored, &set).unwrap())
    });
}

#[test]
fn many_elements() {
    let lineage = integrationhub();
    let many = MANY / 4;
    let phones: Vec<Json> = (0..many)
        .map(|i| json!({"kind": "mobile", "number": format!("+{i}")}))
        .collect();
    let tags: Vec<Json> = (0..many).map(|i| json!(format!("t{i}"))).collect();
    let turned = |sent: &mut Json, name: &str| {
        if let Some(items) = sent[name].as_array_mut() {
            items.rotate_left(1);
        }
    };
    for version in ["1.0", "2.0"] {
        within(&format!("{version}: phones"), many, || {
            round(&lineage, version, &with("phones", json!(phones)), |s| {
                turned(s, "phones")
            })
        });
        within(&format!("{version}: tags"), many, || {
            round(&lineage, version, &with("tags", json!(tags)), |s| {
                turned(s, "tags")
            })
        });
    }
}

#[test]
fn many_customers() {
    let lineage = integrationhub();
    let page = json!({"data": customers(9, MANY / 60), "total": MANY});
    for version in ["1.0", "2.0"] {
        within(&format!("{version}: customers"), MANY, || {
            drop(
                Between::new(&lineage, version)
                    .lower("listCustomers", 200, &page)
                    .unwrap(),
            )
        });
    }
}

#[test]
fn many_members_of_one_name() {
    let lineage = integrationhub();
    let text = customer().to_string();
    let repeated = format!(
        "{},{}}}",
        &text[..text.len() - 1],
        vec![r#""x":1"#; MANY].join(",")
    );
    let between = Between::new(&lineage, "1.0");
    within("one name", MANY, || {
        drop(between.lower_text("readCustomer", 200, &repeated).unwrap())
    });
}

#[test]
fn many_differences() {
    let (from, into) = (
        Json::Object(members(MANY, |i| json!(i))),
        Json::Object(members(MANY, |i| json!(i + 1))),
    );
    let [from, into] = [from, into].map(|v| parse(v.to_string().as_bytes(), 8).unwrap());
    within("difference", MANY, || {
        let changes = patch::difference(&from, &into).unwrap();
        let mut target = from.clone();
        patch::apply(&mut target, &changes);
        assert_eq!(target, into);
    });
}

/// Runs on a thread of two mebibytes, as the gateway's do.
fn on_a_thread(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}

fn deep(depth: usize) -> String {
    let half = depth / 2;
    format!("{}1{}", r#"[{"m":"#.repeat(half), "}]".repeat(half))
}

#[test]
fn deep_documents_fit_a_threads_stack() {
    on_a_thread(|| {
        let text = deep(512);
        let value = parse(text.as_bytes(), 512).unwrap();
        assert_eq!(value.to_json(), text);
        let copy = value.clone();
        assert_eq!(copy, value);
        let mut target = Value::Null;
        patch::apply(&mut target, &copy);
        assert!(patch::difference(&target, &value).is_ok());
        assert!(std::collections::HashSet::from([copy]).contains(&value));
        assert!(parse(text.as_bytes(), 511).is_err());
        assert!(parse("[".repeat(1 << 20).as_bytes(), 512).is_err());
    });
}

#[test]
fn deep_members_go_through_every_version() {
    on_a_thread(|| {
        let lineage = integrationhub();
        let mut stored = customer();
        stored["deep"] = serde_json::from_str(&deep(120)).unwrap();
        stored["address"]["deep"] = stored["deep"].clone();
        for version in ["1.0", "2.0", "3.2"] {
            round(&lineage, version, &stored, |sent| sent["name"] = json!("Eve"));
        }
    });
}

/// A lineage of two versions.
fn lineage_of(text: &str) -> std::sync::Arc<Lineage> {
    File::of("hostile", text.as_bytes()).compiled()
}

const TREE: &str = r##"{
  "versions": ["1", "2"], "origin": "2", "cases": [],
  "types": {"Tree": {"type": "object", "properties": {"label": {}, "n": {}, "in": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}, "best": {"oneOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "string"}]}}}},
  "changes": [{"between": ["1", "2"], "types": {"Tree": [{"rename": {"from": "/title", "to": "/label"}}, {"add": {"at": "/n", "loss": {"create": "drop", "replace": "keep"}}}]}}]
}"##;

fn tree(depth: usize, name: &str, open: &str, close: &str) -> Value {
    let text = format!(
        "{}{{}}{}",
        format!(r#"{{"{name}":1,{open}"#).repeat(depth),
        format!("{close}}}").repeat(depth)
    );
    parse(text.as_bytes(), 600).unwrap()
}

/// Shown and written back through the reference.
fn there_and_back(lineage: &Lineage, stored: &Value, shown: &Value) {
    let way = Way {
        lineage,
        version: "1",
    };
    let request = |body: &Value| Request {
        operation: "replace".to_owned(),
        arguments: vec![],
        body: Some(body.clone()),
    };
    let answer = Response {
        operation: "read".to_owned(),
        status: 200,
        headers: vec![],
        body: Some(stored.clone()),
    };
    assert_eq!(
        Reference.lower(&way, answer).unwrap().response.body.as_ref(),
        Some(shown)
    );
    let put = Reference
        .put(&way, request(shown), Purpose::Replace, stored)
        .unwrap();
    assert_eq!(put.body.as_ref(), Some(stored));
}

#[test]
fn deep_types_fit_a_threads_stack() {
    on_a_thread(|| {
        let lineage = lineage_of(TREE);
        for (depth, open, close) in [(250, r#""in":["#, "]"), (120, r#""best":"#, "")] {
            let [stored, shown] = ["label", "title"].map(|name| tree(depth, name, open, close));
            within(&format!("a tree of {depth}"), 1_000, || {
                there_and_back(&lineage, &stored, &shown)
            });
        }
    });
}

const EACH_OF: &str = r#"{
  "versions": ["1", "2"], "origin": "2", "cases": [],
  "types": {"Thing": {"type": "object", "properties": {"l": {"type": "array", "items": {"type": "object", "properties": {"k": {}, "b": {}, "c": {}, "n": {}}}}, "m": {"type": "object", "additionalProperties": {}}}}},
  "changes": [{"between": ["1", "2"], "types": {"Thing": [
    {"each": {"at": "/l/*", "steps": [{"rename": {"from": "/a", "to": "/b"}}, {"when": {"at": "/k", "equals": 1, "steps": [{"rename": {"from": "/x", "to": "/c"}}, {"add": {"at": "/n", "loss": {"create": {"default": 0}, "replace": "keep"}}}]}}]}},
    {"list_to_map": {"at": "/m", "key": "k", "value": "v"}}
  ]}}]
}"#;

#[test]
fn many_elements_of_nested_steps() {
    let lineage = lineage_of(EACH_OF);
    let many = 10_000;
    let items = |a: &str, c: &str| {
        (0..many)
            .map(|i| json!({"k": i % 2, a: i, c: i}))
            .collect::<Vec<_>>()
    };
    let map: Json = Json::Object(members(many, |i| json!(i)));
    let list: Vec<Json> = (0..many).map(|i| json!({"k": format!("m{i}"), "v": i})).collect();
    let [stored, shown] = [
        json!({"l": items("b", "c"), "m": map}),
        json!({"l": items("a", "x"), "m": list}),
    ];
    let fix = |value: Json, from: &str, to: &str| {
        // Of documents of the other kind nothing is renamed in the branch.
        let mut value = value;
        for item in value["l"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .filter(|i| i["k"] == 0)
        {
            let kept = item.as_object_mut().unwrap().remove(from).unwrap();
            item[to] = kept;
        }
        sluice_conformance::engine::document(&value)
    };
    let (stored, shown) = (fix(stored, "c", "y"), fix(shown, "x", "y"));
    within("nested steps", many, || there_and_back(&lineage, &stored, &shown));
}
