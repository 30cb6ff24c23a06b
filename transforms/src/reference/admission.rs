//! What is refused, or taken out, before a step would carry it: documents of another kind, members that no version
//! mentions, names that mean something elsewhere.

use super::Interpreter;
use crate::fault::{Fault, FaultKind};
use crate::lineage::Additions;
use crate::op::{Direction, Pair, Site, places};
use crate::pointer::Pointer;
use crate::shape::{Kind, Known, Shape, Types};
use crate::value::Value;
use crate::walk::refuse_duplicates;

impl Interpreter<'_> {
    /// Duplicates that matter, and members that no version mentions.
    pub(super) fn admit(&self, body: &mut Option<Value>, shape: Option<&Shape>) -> Result<(), Fault> {
        let (Some(body), Some(shape)) = (body.as_mut(), shape) else {
            return Ok(());
        };
        refuse_other_kind(body, shape, &self.chain.source.types)?;
        refuse_duplicates(body, shape, &self.chain.source.types)?;
        treat_additions(body, shape, &self.chain.source.types, self.policy.additions)
    }
}

/// A document of another kind than its type says would pass every step untouched: the wrong version.
pub(super) fn refuse_other_kind(doc: &Value, shape: &Shape, types: &Types) -> Result<(), Fault> {
    let (wanted, fits) = match &shape.resolve(types).kind {
        Kind::Object { .. } | Kind::Map(_) => ("an object", doc.as_object().is_some()),
        Kind::List(_) => ("a list", doc.as_list().is_some()),
        _ => return Ok(()),
    };
    let null = matches!(doc, Value::Null) && (shape.nullable || shape.resolve(types).nullable);
    if fits || null {
        Ok(())
    } else {
        Err(Fault::unfit(format!(
            "{wanted} is needed here, this is {}",
            doc.kind()
        )))
    }
}

pub(super) fn treat_additions(
    doc: &mut Value,
    shape: &Shape,
    types: &Types,
    policy: Additions,
) -> Result<(), Fault> {
    let shape = shape.resolve(types);
    match (doc, &shape.kind) {
        (_, _) if policy == Additions::Pass => Ok(()),
        (Value::Object(object), Kind::Object { .. }) => {
            object
                .members_mut()
                .retain(|m| policy != Additions::Strip || shape.child(&m.key.decoded(), types).is_some());
            object.members_mut().iter_mut().try_for_each(|member| {
                let at = Pointer::of([member.key.decoded()]);
                let Some(child) = shape.child(&at.names()[0], types) else {
                    return Err(Fault::new(FaultKind::Unplaced, "no version has this member").below(&at));
                };
                treat_additions(&mut member.value, child, types, policy).map_err(|f| f.below(&at))
            })
        }
        (Value::Object(object), Kind::Map(inner)) => object.members_mut().iter_mut().try_for_each(|member| {
            let at = Pointer::of([member.key.decoded()]);
            treat_additions(&mut member.value, inner, types, policy).map_err(|f| f.below(&at))
        }),
        (Value::List(items), Kind::List(inner)) => {
            items.iter_mut().enumerate().try_for_each(|(index, item)| {
                treat_additions(item, inner, types, policy)
                    .map_err(|f| f.below(&Pointer::of([index.to_string()])))
            })
        }
        _ => Ok(()),
    }
}

/// A member whose name means something on the target side, but nothing on the source side, would be taken for it.
pub(super) fn refuse_captured(
    pairs: &[Pair],
    to: Direction,
    doc: &Value,
    site: &Site<'_>,
    patch: bool,
) -> Result<(), Fault> {
    for place in places(pairs, to.target()) {
        // What stands above the place or below it is carried as a whole.
        let own = places(pairs, to.source())
            .any(|p| p.strip(place).is_some() || p != place && place.strip(p).is_some());
        let unknown = (1..=place.names().len())
            .map(|d| place.truncate(d))
            .find(|at| site.source.knows(at, site.source_types) != Known::Yes);
        let Some(at) = unknown.filter(|_| !own) else {
            continue;
        };
        let untyped = site.source.knows(&at, site.source_types) == Known::Untyped;
        let elsewhere = |at: &Pointer| !places(pairs, to.source()).any(|p| p.strip(at).is_some());
        // A patch that removes what holds the place removes it too.
        let removed = |at: &Pointer| patch && at.look(doc) == Some(&Value::Null);
        let mut way = (1..=place.names().len())
            .map(|depth| place.truncate(depth))
            .filter(elsewhere);
        let met = if untyped {
            way.any(|at| removed(&at) || at == *place && at.look(doc).is_some())
        } else {
            at.look(doc).is_some()
        };
        if met {
            return Err(Fault::new(
                FaultKind::Captured,
                "this name means something in another version, but nothing in this one",
            )
            .below(&at));
        }
    }
    Ok(())
}
