//! `script`: a jq filter for each direction, for what no other operator can say. Slow: the value becomes jq's and back.
//!
//! ```yaml
//! script: {at: /window, up: 'split("-") | {from: .[0], to: .[1]}', down: '"\(.from)-\(.to)"', slow: true}
//! script: {at: /error, down: '.error.message', one_way: down, slow: true}
//! ```
//!
//! The filter gets the value at the place and gives exactly one. It sees nothing else: no inputs, clock, environment or
//! files. Its steps (a million), its stack and the sizes of its input and output (1 MiB)
//! are bounded; a filter that exceeds them
//! fails, and so does the message. Numbers that the filter does not calculate with keep their text; calculating with
//! anything but integers is done in binary floating point.
//!
//! What becomes of the type say `old_schema` and `new_schema`, or `keeps_type: true`; without them anything may stand there.
//!
//! What it loses is the author's to know: the two filters should undo each other, which `sluice check` tries out. A value
//! that the client did not change is never passed through: the stored one stays. `one_way` declares that the other
//! direction is never asked for; it is refused.

mod jq;
mod json;
mod meter;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::{Direction, Operator, Pair, Site, Stored};
use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Shape, TypeFault, Types};
use crate::value::Value;
use jq::Jq;

/// Settings of `script`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the value stands, the same on both sides, as a JSON Pointer.
    pub at: String,
    /// The jq filter that turns the old value into the new one.
    #[serde(default)]
    pub up: Option<String>,
    /// The jq filter that turns the new value into the old one.
    #[serde(default)]
    pub down: Option<String>,
    /// Must be `true`: documents that pass a script are built as a whole.
    pub slow: bool,
    /// JSON Schema of the old value; needed where the origin is on the new side.
    #[serde(default)]
    pub old_schema: Option<Json>,
    /// JSON Schema of the new value; needed where the origin is on the old side.
    #[serde(default)]
    pub new_schema: Option<Json>,
    /// Whether both sides have the same type: the filters only change which values stand there.
    #[serde(default)]
    pub keeps_type: bool,
    /// The only direction that is ever asked for, if not both are.
    #[serde(default)]
    pub one_way: Option<OneWay>,
}

/// The only direction of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OneWay {
    /// From old to new.
    Up,
    /// From new to old.
    Down,
}

const WINDOW: &str = r#"{"at": "/w", "up": "split(\"-\") | {from: .[0], to: .[1]}", "down": "\"\\(.from)-\\(.to)\"", "slow": true}"#;
const SAME: &str = r#"{"at": "/n", "up": "[.[]]", "down": ".", "slow": true}"#;
const LOOP: &str =
    r#"{"at": "/n", "up": "def f: f; f", "down": "[limit(3; repeat(.))] | .[5:][]", "slow": true}"#;
const ERROR: &str =
    r#"{"at": "", "down": "{error: (.error.message // \"unknown\")}", "one_way": "down", "slow": true}"#;

/// `script`.
pub const SCRIPT: Entry = Entry {
    name: "script",
    summary: "A jq filter for each direction.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case {
            settings: WINDOW,
            what: What::Both(
                r#"{"a":1,"w":"8-ö","z":2}"#,
                r#"{"a":1,"w":{"from":"8","to":"ö"},"z":2}"#,
            ),
        },
        Case {
            settings: WINDOW,
            what: What::Both(r#"{"a":1}"#, r#"{"a":1}"#),
        },
        Case {
            settings: SAME,
            what: What::Both(
                r#"{"n":[1.10,1e400,-0,12345678901234567890123,{"b":1,"a":"\""}]}"#,
                r#"{"n":[1.10,1e400,-0,12345678901234567890123,{"b":1,"a":"\""}]}"#,
            ),
        },
        Case {
            settings: SAME,
            what: What::RefusedUp(r#"{"n":7}"#, "/n"),
        },
        Case {
            settings: LOOP,
            what: What::RefusedUp(r#"{"n":7}"#, "/n"),
        },
        Case {
            settings: LOOP,
            what: What::RefusedDown(r#"{"n":7}"#, "/n"),
        },
        Case {
            settings: ERROR,
            what: What::Down(r#"{"error":{"message":"m"}}"#, r#"{"error":"m"}"#),
        },
        Case {
            settings: ERROR,
            what: What::RefusedUp(r#"{"error":"m"}"#, ""),
        },
        Case {
            settings: WINDOW,
            what: What::PutUp {
                stored: r#"{"w":{"from":"8","to":"9","x":1}}"#,
                sent: r#"{"w":"8-9"}"#,
                gives: r#"{"w":{"from":"8","to":"9","x":1}}"#,
            },
        },
        Case {
            settings: WINDOW,
            what: What::Patch(r#"{"w":"8-9"}"#, None),
        },
        Case {
            settings: WINDOW,
            what: What::Patch(r#"{"z":1}"#, Some(r#"{"z":1}"#)),
        },
    ],
};

fn build(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    if !settings.slow {
        return Err(SettingsFault::new(
            "/slow",
            "a script is slow: say `slow: true`, or use another operator",
        ));
    }
    if settings.keeps_type && (settings.old_schema.is_some() || settings.new_schema.is_some()) {
        let message = "with `keeps_type` the other side's type is known already";
        return Err(SettingsFault::new("/keeps_type", message));
    }
    let needed = |way: OneWay| settings.one_way.is_none_or(|only| only == way);
    let shape = |schema: &Option<Json>| schema.as_ref().map_or_else(Shape::any, crate::openapi::shape);
    Ok(Box::new(Script {
        at: pointer(&settings.at, "/at")?,
        up: filter(settings.up.as_deref(), needed(OneWay::Up), "/up")?,
        down: filter(settings.down.as_deref(), needed(OneWay::Down), "/down")?,
        keeps_type: settings.keeps_type,
        old: shape(&settings.old_schema),
        new: shape(&settings.new_schema),
    }))
}

/// The filter of one direction, which is given if and only if that direction is asked for.
fn filter(source: Option<&str>, needed: bool, setting: &str) -> Result<Option<Jq>, SettingsFault> {
    match source {
        Some(_) if !needed => Err(SettingsFault::new(
            setting,
            "`one_way` says that this direction is never asked for",
        )),
        Some(source) => Jq::compile(source)
            .map(Some)
            .map_err(|why| SettingsFault::new(setting, format!("this is no jq filter: {why}"))),
        None if needed => Err(SettingsFault::new(
            setting,
            "a filter is needed for this direction, or `one_way`",
        )),
        None => Ok(None),
    }
}

#[derive(Debug)]
struct Script {
    at: Pointer,
    up: Option<Jq>,
    down: Option<Jq>,
    keeps_type: bool,
    old: Shape,
    new: Shape,
}

impl Script {
    fn run(&self, to: Direction, value: &Value) -> Result<Value, Fault> {
        let filter = if to == Direction::Up { &self.up } else { &self.down };
        match filter {
            Some(filter) => filter.run(value),
            None => Err(jq::script("this step goes the other way only")),
        }
    }
}

impl Operator for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn pairs(&self) -> Vec<Pair> {
        vec![Pair::shallow(&self.at, &self.at)]
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        let Some(place) = shape.at_mut(&self.at, types)? else {
            return Ok(());
        };
        if self.keeps_type {
            return Ok(());
        }
        let made = if to == Direction::Up { &self.new } else { &self.old };
        let mut made = made.clone();
        // What the whole of a named type becomes is still that type.
        if self.at.is_root() {
            made.label = place.label.take();
        }
        *place = made;
        Ok(())
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let Some(value) = self.at.look_mut(doc) else {
            return Ok(());
        };
        *value = match (site.before(&self.at), site.after(&self.at)) {
            (Some(before), Some(after)) if before == value => after.clone(),
            _ => self.run(to, value).map_err(|f| f.below(&self.at))?,
        };
        Ok(())
    }

    fn stored(&self, _: Direction) -> Stored {
        Stored::Consulted
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn run(filter: &str, input: &str) -> Result<String, String> {
        let value = parse(input.as_bytes(), 64).unwrap();
        let filter = Jq::compile(filter)?;
        filter.run(&value).map(|v| v.to_json()).map_err(|f| f.detail)
    }

    fn gives(filter: &str, input: &str, output: &str) {
        assert_eq!(run(filter, input).as_deref(), Ok(output), "{filter}");
    }

    #[test]
    fn filters_do_what_jq_does() {
        gives("map(. * 2)", "[1,2]", "[2,4]");
        gives(".[] |= . + 1", "[1,2]", "[2,3]");
        gives(".a *= 3", r#"{"a":2}"#, r#"{"a":6}"#);
        gives("[range(3)] + [range(5;1;-2)]", "1", "[0,1,2,5,3]");
        gives("[paths]", r#"{"a":[1]}"#, r#"[["a"],["a",0]]"#);
        gives(
            "walk(if type == \"number\" then . + 1 end)",
            r#"{"a":[1]}"#,
            r#"{"a":[2]}"#,
        );
        gives(
            "with_entries(.key |= ascii_upcase)",
            r#"{"b":1.0,"a":2}"#,
            r#"{"B":1.0,"A":2}"#,
        );
        gives("del(.[] | select(. == 1))", "[1,2,1]", "[2]");
        gives(
            "to_entries | from_entries",
            r#"{"b":1,"a":2}"#,
            r#"{"b":1,"a":2}"#,
        );
        gives("fromjson | .a", r#""{\"a\":1.10}""#, "1.10");
        gives("tonumber", r#""1.50""#, "1.50");
        gives("reduce .[] as {a: $x} (0; . + $x)", r#"[{"a":1},{"a":2}]"#, "3");
        gives("[.[] as $x | label $out | ($x, break $out)]", "[1,2]", "[1,2]");
        gives("[limit(2; repeat(.))]", "1", "[1,1]");
        gives(r#"sub("(?<x>b)"; "<\(.x)>")"#, r#""abc""#, r#""a<b>c""#);
        gives("[.[] | try error catch .]", "[1]", "[1]");
        gives("first(range(10; infinite))", "1", "10");
    }

    #[test]
    fn exactly_one_output() {
        assert!(run("empty", "1").unwrap_err().contains("nothing"));
        assert!(run("1, 2", "1").unwrap_err().contains("several"));
        assert!(run(".a", "1").unwrap_err().contains("failed"));
        assert!(run("1, error", "1").unwrap_err().contains("failed"));
        for filter in ["nan", "infinite", "{(1): 2}", "tobytes"] {
            assert!(run(filter, r#""x""#).is_err(), "{filter}");
        }
    }

    #[test]
    fn what_would_not_end_is_ended() {
        for filter in [
            "def f: f; f",
            "def f: [f]; f",
            "def f: 1 + f; f",
            "def f: (f // 1); f",
            "def f: try f catch 1; f",
            "def f: f | f; f",
            "[repeat(1)]",
            "last(repeat(1))",
            "until(false; . + 1)",
            "last(range(1e18))",
            "[range(1e12)] | length",
            "reduce range(100) as $x (\"a\"; . + .)",
            "reduce range(100) as $x ({a: \"a\"}; {a: (.a + .a)})",
            "reduce range(100) as $x (2; . * .)",
            "reduce range(1000000) as $x (0; [.])",
            "reduce range(1000) as $x (0; [., .]) | tojson",
            "[range(1000)] | [.[] as $a | .[] as $b | .[] as $c | .[] as $d | 1] | length",
            "[range(1000)] | [.[] + .[] + .[] + .[]] | length",
            "[[range(100)] | combinations(9)] | length",
            "\"abc\" * 1000000000000",
            "\"abc\" * 9223372036854775807",
            "{a: \"abc\"} | .a *= 9223372036854775807",
        ] {
            let fault = run(filter, "1").expect_err(filter);
            assert!(!fault.contains("inside of jq"), "{filter}: {fault}");
        }
    }

    #[test]
    fn what_reaches_outside_is_not_there() {
        for filter in [
            "env",
            "$ENV",
            "now",
            "input",
            "inputs",
            "debug",
            "stderr",
            "halt",
            "halt_error",
            "localtime",
            "import \"a\" as b; .",
            "include \"a\"; .",
            "input_filename",
            "$__prog_args",
            "get_search_list",
        ] {
            assert!(Jq::compile(filter).is_err(), "{filter}");
        }
    }

    #[test]
    fn faults_of_a_filter_are_told_when_it_is_read() {
        let fault = |filter: &str| Jq::compile(filter).unwrap_err();
        assert_eq!(fault("foo(1)"), "undefined filter `foo`");
        assert_eq!(fault("$x"), "undefined variable `$x`");
        assert!(fault(".a |").contains("end of the filter"), "{}", fault(".a |"));
        assert!(fault("(.a").contains("closing parenthesis"), "{}", fault("(.a"));
    }

    #[test]
    fn duplicates_and_giants_are_refused() {
        assert!(
            run(".", r#"{"a":1,"\u0061":2}"#)
                .unwrap_err()
                .contains("more than once")
        );
        let long = format!("\"{}\"", "x".repeat(2 << 20));
        assert!(run(".", &long).unwrap_err().contains("too large"));
        let digits = "9".repeat(5000);
        gives(".", &digits, &digits);
    }
}
