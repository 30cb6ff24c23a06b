//! What bounds a jq filter: jaq has no interruption of its own, so the filter is rewritten before it is compiled.
//!
//! Whatever can go on forever or multiply — the body of a definition, a pass of a fold, each value of `.[]` and `..` — first
//! passes the meter, a filter that changes nothing and counts. Now and then the meter also weighs the value at hand, and
//! it looks at how deep the stack has grown. When the budget is spent it halts the filter, which no `try` can catch.
//! Multiplication, which repeats texts, is weighed before it is done.

use std::cell::Cell;

use jaq_core::data::HasLut;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};
use jaq_core::{DataT, Exn, Lut, Native};
use jaq_json::{Num, Val};

/// How many steps a filter may take; weighing a value takes a step for each part of it.
pub(super) const STEPS: u64 = 1_000_000;

/// How deep the values may nest that a filter makes.
const DEPTH: u64 = 512;

/// How much stack a filter may use, in bytes.
const STACK: usize = 512 * 1024;

/// How many steps are taken between two weighings.
const WEIGHED: u64 = 8;

/// Marks the data that metered filters carry along.
#[derive(Debug)]
pub(super) struct Metered;

/// The budget of one run.
#[derive(Clone)]
pub(super) struct Meter<'a> {
    lut: &'a Lut<Metered>,
    left: &'a Cell<u64>,
    stack: usize,
}

impl DataT for Metered {
    type V<'a> = Val;
    type Data<'a> = Meter<'a>;
}

impl<'a> HasLut<'a, Metered> for Meter<'a> {
    fn lut(&self) -> &'a Lut<Metered> {
        self.lut
    }
}

impl<'a> Meter<'a> {
    /// A full budget, seen from this place of the stack.
    pub(super) fn new(lut: &'a Lut<Metered>, left: &'a Cell<u64>) -> Self {
        left.set(STEPS);
        let stack = here();
        Self { lut, left, stack }
    }

    fn tick<'e>(&self, value: &Val) -> Result<(), Exn<'e, Val>> {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        if left == 0 || self.stack.abs_diff(here()) > STACK {
            return Err(Exn::halt(1));
        }
        if left.is_multiple_of(WEIGHED) {
            self.pay(weight(value, left, 0))?;
        }
        Ok(())
    }

    fn pay<'e>(&self, cost: u64) -> Result<(), Exn<'e, Val>> {
        let left = self.left.get();
        self.left.set(left.saturating_sub(cost));
        if cost > left { Err(Exn::halt(1)) } else { Ok(()) }
    }
}

/// An address near the top of the stack.
fn here() -> usize {
    let mark = 0u8;
    std::ptr::from_ref(&mark).addr()
}

/// How many parts a value has, as far as that matters: more than `limit` is too many.
fn weight(value: &Val, limit: u64, depth: u64) -> u64 {
    if depth > DEPTH {
        return u64::MAX;
    }
    let many = |parts: &mut dyn Iterator<Item = &Val>| {
        let mut sum = 1u64;
        for part in parts {
            if sum > limit {
                break;
            }
            sum = sum.saturating_add(weight(part, limit - sum, depth + 1));
        }
        sum
    };
    match value {
        Val::TStr(text) | Val::BStr(text) => 1 + text.len() as u64 / 16,
        Val::Num(Num::BigInt(number)) => 1 + number.bits() / 64,
        Val::Num(Num::Dec(number)) => 1 + number.len() as u64 / 16,
        Val::Arr(items) => many(&mut items.iter()),
        Val::Obj(members) => many(&mut members.iter().flat_map(|(key, value)| [key, value])),
        Val::Null | Val::Bool(_) | Val::Num(_) => 1,
    }
}

/// The two filters that metered programs call.
pub(super) fn funs() -> [jaq_core::native::Fun<Metered>; 2] {
    let meter = Native::<Metered>::new(|(ctx, value)| {
        let ticked = ctx.data().tick(&value);
        Box::new(std::iter::once(ticked.map(|()| value)))
    })
    .with_paths(|(ctx, (value, path))| {
        let ticked = ctx.data().tick(&value);
        Box::new(std::iter::once(ticked.map(|()| (value, path))))
    })
    .with_update(|(ctx, value), update| match ctx.data().tick(&value) {
        Ok(()) => update(value),
        Err(halt) => Box::new(std::iter::once(Err(halt))),
    });
    let times = Native::<Metered>::new(|(mut ctx, _)| {
        let (right, left) = (ctx.pop_var(), ctx.pop_var());
        let paid = ctx.data().pay(product(&left, &right));
        let product = paid.and_then(|()| (left * right).map_err(Exn::from));
        Box::new(std::iter::once(product))
    });
    [
        ("meter", jaq_core::native::v(0), meter),
        ("times", jaq_core::native::v(2), times),
    ]
}

/// The weight of a product, before it is made.
fn product(left: &Val, right: &Val) -> u64 {
    let repeated = |text: &[u8], times: &Num| match times.as_isize() {
        Some(times) if times <= 0 => 0,
        times => {
            let times = times.and_then(|t| u64::try_from(t).ok()).unwrap_or(u64::MAX);
            (text.len() as u64).saturating_mul(times) / 16
        }
    };
    match (left, right) {
        (Val::TStr(text) | Val::BStr(text), Val::Num(times))
        | (Val::Num(times), Val::TStr(text) | Val::BStr(text)) => repeated(text, times),
        _ => weight(left, STEPS, 0).saturating_add(weight(right, STEPS, 0)),
    }
}

type Source<'s> = Term<&'s str>;

/// A definition whose body passes the meter.
pub(super) fn metered_def(def: Def<&str>) -> Def<&str> {
    Def {
        body: after_meter(metered(def.body)),
        ..def
    }
}

/// The same filter, with a meter wherever it can go on forever.
pub(super) fn metered(term: Source<'_>) -> Source<'_> {
    match term {
        Term::Id | Term::Num(_) | Term::Break(_) | Term::Var(_) => term,
        Term::Recurse => then_meter(Term::Recurse),
        Term::Str(format, parts) => Term::Str(format, parts.into_iter().map(part).collect()),
        Term::Arr(inner) => Term::Arr(inner.map(|i| boxed(*i))),
        Term::Obj(members) => Term::Obj(members.into_iter().map(member).collect()),
        Term::Neg(inner) => Term::Neg(boxed(*inner)),
        Term::BinOp(left, op, right) => binary(metered(*left), op, metered(*right)),
        Term::Label(name, inner) => Term::Label(name, boxed(*inner)),
        Term::Fold(name, values, pattern, passes) => {
            let pass = |(index, pass)| {
                let pass = metered(pass);
                if index == 0 { pass } else { after_meter(pass) }
            };
            let passes = passes.into_iter().enumerate().map(pass).collect();
            Term::Fold(name, boxed(*values), bound(pattern), passes)
        }
        Term::TryCatch(inner, catch) => Term::TryCatch(boxed(*inner), catch.map(|c| boxed(*c))),
        Term::IfThenElse(cases, other) => {
            let case = |(when, then)| (metered(when), metered(then));
            Term::IfThenElse(cases.into_iter().map(case).collect(), other.map(|o| boxed(*o)))
        }
        Term::Def(defs, inner) => Term::Def(defs.into_iter().map(metered_def).collect(), boxed(*inner)),
        Term::Call(name, args) => Term::Call(name, args.into_iter().map(metered).collect()),
        Term::Path(inner, path) => metered_path(boxed(*inner), path),
    }
}

fn boxed(term: Source<'_>) -> Box<Source<'_>> {
    Box::new(metered(term))
}

fn part<'s>(part: StrPart<&'s str, Source<'s>>) -> StrPart<&'s str, Source<'s>> {
    match part {
        StrPart::Term(term) => StrPart::Term(metered(term)),
        other => other,
    }
}

fn member<'s>((key, value): (Source<'s>, Option<Source<'s>>)) -> (Source<'s>, Option<Source<'s>>) {
    // A key alone is a short form that only some terms have.
    match value {
        Some(value) => (metered(key), Some(metered(value))),
        None => (key, None),
    }
}

fn bound(pattern: Pattern<&str>) -> Pattern<&str> {
    match pattern {
        Pattern::Obj(members) => {
            let member = |(key, inner)| (metered(key), bound(inner));
            Pattern::Obj(members.into_iter().map(member).collect())
        }
        Pattern::Arr(items) => Pattern::Arr(items.into_iter().map(bound).collect()),
        Pattern::Var(name) => Pattern::Var(name),
    }
}

fn binary<'s>(left: Source<'s>, op: BinaryOp<&'s str>, right: Source<'s>) -> Source<'s> {
    match op {
        BinaryOp::Math(Math::Mul) => Term::Call("times", vec![left, right]),
        // `l *= r` is `r as $x | l |= . * $x`.
        BinaryOp::UpdateMath(Math::Mul) => {
            let product = Term::Call("times", vec![Term::Id, Term::Var("$factor")]);
            let update = Term::BinOp(Box::new(left), BinaryOp::Update, Box::new(product));
            let bind = BinaryOp::Pipe(Some(Pattern::Var("$factor")));
            Term::BinOp(Box::new(right), bind, Box::new(update))
        }
        BinaryOp::Pipe(Some(pattern)) => {
            let bind = BinaryOp::Pipe(Some(bound(pattern)));
            Term::BinOp(Box::new(left), bind, Box::new(right))
        }
        op => Term::BinOp(Box::new(left), op, Box::new(right)),
    }
}

fn metered_path<'s>(inner: Box<Source<'s>>, path: Path<Source<'s>>) -> Source<'s> {
    let many = path
        .0
        .iter()
        .any(|(part, _)| matches!(part, Part::Range(None, None)));
    let inside = |part| match part {
        Part::Index(at) => Part::Index(metered(at)),
        Part::Range(from, to) => Part::Range(from.map(metered), to.map(metered)),
    };
    let parts = path.0.into_iter().map(|(part, opt)| (inside(part), opt));
    let term = Term::Path(inner, Path(parts.collect()));
    if many { then_meter(term) } else { term }
}

fn then_meter(term: Source<'_>) -> Source<'_> {
    let meter = Term::Call("meter", Vec::new());
    Term::BinOp(Box::new(term), BinaryOp::Pipe(None), Box::new(meter))
}

fn after_meter(term: Source<'_>) -> Source<'_> {
    let meter = Term::Call("meter", Vec::new());
    Term::BinOp(Box::new(meter), BinaryOp::Pipe(None), Box::new(term))
}
