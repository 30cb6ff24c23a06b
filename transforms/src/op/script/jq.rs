//! A jq filter, compiled: what it may call, and one run of it.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jaq_core::load::lex::Lexer;
use jaq_core::load::parse::{Def, Parser};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::native::{Fun, v};
use jaq_core::{Ctx, Filter, Native, Vars};
use jaq_json::Val;

use super::json::{from_jq, to_jq};
use super::meter::{self, Meter, Metered, metered, metered_def};
use crate::fault::{Fault, FaultKind};
use crate::value::Value;

/// What reads the clock, the environment or the zone of the machine, writes, or ends the process. `fromjson` and
/// `range` are replaced.
const LEFT_OUT: &[&str] = &[
    "halt",
    "halt_error",
    "env",
    "now",
    "debug",
    "debug_empty",
    "stderr",
    "stderr_empty",
    "localtime",
    "strflocaltime",
    "fromjson",
    "range",
];

/// `range`, as jq's manual defines it: every number passes the meter.
const RANGE: &str = "def range($from; $to; $by):
    def up: if . < $to then ., (. + $by | up) else {}[] as $x | . end;
    def down: if . > $to then ., (. + $by | down) else {}[] as $x | . end;
    def round: if . != $to then ., (. + $by | round) else {}[] as $x | . end;
    $from | if $by > 0 then up elif $by < 0 then down else round end;
  def range($from; $to): range($from; $to; 1);
  def range($to): range(0; $to; 1);";

/// A compiled filter.
pub(super) struct Jq {
    source: String,
    filter: Filter<Metered>,
}

impl fmt::Debug for Jq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Jq {
    /// Compiles a filter.
    ///
    /// # Errors
    /// What is wrong with it, in jq's words.
    pub(super) fn compile(source: &str) -> Result<Self, String> {
        let tokens = Lexer::new(source)
            .lex()
            .map_err(|faults| expected(faults.first().map(|(e, at)| (e.as_str(), *at))))?;
        let term = Parser::new(&tokens).parse(|p| p.term()).map_err(|faults| {
            let first = faults.first();
            expected(first.map(|(e, token)| (e.as_str(), token.map_or("", |t| t.0))))
        })?;
        let main = Def {
            name: "main",
            args: Vec::new(),
            body: metered(term),
        };
        Ok(Self {
            source: source.to_owned(),
            filter: compiled(main)?,
        })
    }

    /// Runs the filter on one value.
    ///
    /// # Errors
    /// When it fails, does not give exactly one output, or takes too long.
    pub(super) fn run(&self, value: &Value) -> Result<Value, Fault> {
        let input = to_jq(value)?;
        // A fault of the library must not take the gateway with it.
        let run = catch_unwind(AssertUnwindSafe(|| self.output(input)));
        run.unwrap_or_else(|_| Err(script("the filter failed inside of jq")))
    }

    fn output(&self, input: Val) -> Result<Value, Fault> {
        let left = Cell::new(0);
        let ctx = Ctx::<Metered>::new(Meter::new(&self.filter.lut, &left), Vars::new([]));
        let mut outputs = self.filter.id.run((ctx, input));
        let first = match outputs.next() {
            None => return Err(script("the filter gives nothing; exactly one output is needed")),
            Some(Ok(value)) => value,
            Some(Err(exception)) => return Err(failed(exception)),
        };
        match outputs.next() {
            None => from_jq(&first),
            Some(Ok(_)) => Err(script("the filter gives several outputs; exactly one is needed")),
            Some(Err(exception)) => Err(failed(exception)),
        }
    }
}

fn failed(exception: jaq_core::Exn<'_, Val>) -> Fault {
    match exception.get_err() {
        Ok(error) => {
            let text: String = error.to_string().chars().take(200).collect();
            script(format!("the filter failed: {text}"))
        }
        Err(_) => script("the filter takes too many steps or too much memory"),
    }
}

pub(super) fn script(detail: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Script, detail)
}

fn expected(fault: Option<(&str, &str)>) -> String {
    let (wanted, at) = fault.unwrap_or(("a filter", ""));
    let near: String = at.chars().take(40).collect();
    if near.is_empty() {
        format!("expected {wanted} at the end of the filter")
    } else {
        format!("expected {wanted} at `{near}`")
    }
}

fn compiled(main: Def<&str>) -> Result<Filter<Metered>, String> {
    let arena = Arena::default();
    let program = File {
        code: "main",
        path: (),
    };
    let modules = Loader::new(defs().into_iter().chain([main]))
        .load(&arena, program)
        .map_err(|_| "the filter could not be loaded".to_owned())?;
    let compiler = jaq_core::Compiler::default().with_funs(funs());
    compiler.compile(modules).map_err(|faults| {
        let first = faults.into_iter().flat_map(|(_, undefined)| undefined).next();
        first.map_or_else(
            || "the filter could not be compiled".to_owned(),
            |(name, kind)| format!("undefined {} `{name}`", kind.as_str()),
        )
    })
}

fn defs<'s>() -> Vec<Def<&'s str>> {
    let range = jaq_core::load::parse(RANGE, |p| p.defs()).unwrap_or_default();
    let std = jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs())
        .filter(allowed);
    range.into_iter().chain(std).map(metered_def).collect()
}

fn allowed(def: &Def<&str>) -> bool {
    !LEFT_OUT.contains(&def.name)
}

fn funs() -> impl Iterator<Item = Fun<Metered>> {
    let std = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let std = std.filter(|(name, _, _)| !LEFT_OUT.contains(name));
    std.chain(meter::funs()).chain([fromjson()])
}

/// `fromjson` through the gateway's own parser, whose depth is bounded.
fn fromjson() -> Fun<Metered> {
    let native = Native::<Metered>::new(|(_, value)| {
        let parsed = match &value {
            Val::TStr(text) => crate::parse::parse(text, crate::parse::DEPTH)
                .map_err(|fault| fault.to_string())
                .and_then(|value| to_jq(&value).map_err(|fault| fault.detail)),
            _ => Err("only a text can be parsed as JSON".to_owned()),
        };
        Box::new(std::iter::once(
            parsed.map_err(|why| jaq_core::Error::str(why).into()),
        ))
    });
    ("fromjson", v(0), native)
}
