//! Steps inside a step: what `when` and `each` apply to one value, one after another.

use serde_json::Value as Json;

use super::entry::{Files, SettingsFault};
use super::registry::find;
use super::{Direction, Operator, Pair, Side, Site, Stored, locate, places};
use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::pointer::Pointer;
use crate::shape::{Shape, TypeFault, Types};
use crate::value::Value;

/// Steps in the order of the change, old → new.
#[derive(Debug, Default)]
pub(super) struct Chain {
    steps: Vec<Box<dyn Operator>>,
}

/// What stands between two steps: the type there, and the stored document as it shows it.
struct Between {
    shape: Shape,
    stored: Option<Value>,
}

impl Chain {
    /// Reads a list of steps, each an object with one operator.
    pub(super) fn build(steps: &[Json], setting: &str, files: Files<'_>) -> Result<Self, SettingsFault> {
        let step = |(index, json): (usize, &Json)| build_step(json, &format!("{setting}/{index}"), files);
        let steps = steps.iter().enumerate().map(step).collect::<Result<_, _>>()?;
        Ok(Self { steps })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn ordered(&self, to: Direction) -> Vec<&dyn Operator> {
        let steps = self.steps.iter().map(AsRef::as_ref);
        if to == Direction::Up {
            steps.collect()
        } else {
            steps.rev().collect()
        }
    }

    /// The places of the whole chain: what each step moves, in the names of the two ends.
    pub(super) fn pairs(&self) -> Vec<Pair> {
        self.steps.iter().fold(Vec::new(), |done, step| {
            let next = step.pairs();
            let ahead = done.iter().map(|p| Pair {
                new: p.new.as_ref().map(|at| step.locate(Direction::Up, at)),
                ..p.clone()
            });
            let behind = next.iter().map(|p| Pair {
                old: p.old.as_ref().map(|at| locate(&done, Direction::Down, at)),
                ..p.clone()
            });
            behind.chain(ahead).collect()
        })
    }

    /// Where a pointer leads through all the steps.
    pub(super) fn locate(&self, to: Direction, pointer: &Pointer) -> Pointer {
        let steps = self.ordered(to).into_iter();
        steps.fold(pointer.clone(), |at, step| step.locate(to, &at))
    }

    /// The places that any step reads or writes, at whatever point of the chain.
    pub(super) fn touched(&self) -> Vec<Pointer> {
        let pairs: Vec<Pair> = self.steps.iter().flat_map(|s| s.pairs()).collect();
        let old = places(&pairs, Side::Old).cloned();
        old.chain(places(&pairs, Side::New).cloned()).collect()
    }

    pub(super) fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        self.ordered(to)
            .into_iter()
            .try_for_each(|step| step.retype(to, shape, types))
    }

    pub(super) fn stored(&self, to: Direction) -> Stored {
        let needs = self.steps.iter().map(|step| step.stored(to));
        needs.max().unwrap_or(Stored::Never)
    }

    /// Carries one document through the steps.
    pub(super) fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        self.each(to, doc, site, |step, doc, site| step.apply(to, doc, site))
    }

    /// Carries a merge patch through the steps.
    pub(super) fn patch(&self, to: Direction, patch: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        self.each(to, patch, site, |step, patch, site| step.patch(to, patch, site))
    }

    fn each(
        &self,
        to: Direction,
        doc: &mut Value,
        site: &Site<'_>,
        act: impl Fn(&dyn Operator, &mut Value, &Site<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let steps = self.ordered(to);
        let between = between(to, &steps, site)?;
        for (index, step) in steps.iter().enumerate() {
            refuse_captured(*step, to, doc)?;
            let here = step_site(site, &between, index, steps.len());
            act(*step, doc, &here)?;
        }
        Ok(())
    }
}

/// The site of one step: the ends of the chain are the outer site's.
fn step_site<'a>(site: &Site<'a>, between: &'a [Between], index: usize, count: usize) -> Site<'a> {
    let mut here = *site;
    if let Some(before) = index.checked_sub(1).and_then(|i| between.get(i)) {
        here.source = &before.shape;
        here.before = before.stored.as_ref();
    }
    if index + 1 < count
        && let Some(after) = between.get(index)
    {
        here.target = Some(&after.shape);
        here.target_types = site.source_types;
        here.after = after.stored.as_ref();
    }
    here
}

/// The types between the steps come from the source; the stored documents are shown backwards, from what is stored.
fn between(to: Direction, steps: &[&dyn Operator], site: &Site<'_>) -> Result<Vec<Between>, Fault> {
    let inner = steps.len().saturating_sub(1);
    let mut shape = site.source.clone();
    let mut all = Vec::with_capacity(inner);
    for step in &steps[..inner] {
        // A step that does not fit its type was refused when the mapping was read; here it only says less.
        if step.retype(to, &mut shape, site.source_types).is_err() {
            shape = Shape::any();
        }
        all.push(Between {
            shape: shape.clone(),
            stored: None,
        });
    }
    let Some(after) = site.after.filter(|_| site.has_stored()) else {
        return Ok(all);
    };
    let mut shown = after.clone();
    for index in (0..inner).rev() {
        show_back(to, steps[index + 1], &mut shown, &all, index, site)?;
        all[index].stored = Some(shown.clone());
    }
    Ok(all)
}

/// Takes the stored document back over one step.
fn show_back(
    to: Direction,
    step: &dyn Operator,
    shown: &mut Value,
    between: &[Between],
    index: usize,
    site: &Site<'_>,
) -> Result<(), Fault> {
    let any = Shape::any();
    let (source, source_types) = match between.get(index + 1) {
        Some(next) => (&next.shape, site.source_types),
        None => (site.target.unwrap_or(&any), site.target_types),
    };
    let back = Site {
        purpose: Purpose::Answer,
        before: None,
        after: None,
        source,
        source_types,
        target: Some(&between[index].shape),
        target_types: site.source_types,
    };
    step.apply(to.back(), shown, &back)
}

/// No capture, inside of nested steps too: a member that means something after the step, but nothing before it.
fn refuse_captured(step: &dyn Operator, to: Direction, doc: &Value) -> Result<(), Fault> {
    let pairs = step.pairs();
    super::refuse_repeated(&pairs, to.source(), doc)?;
    let known = |at: &Pointer| {
        places(&pairs, to.source()).any(|own| own.strip(at).is_some() || at.strip(own).is_some())
    };
    let captured = places(&pairs, to.target()).find(|at| !known(at) && at.look(doc).is_some());
    captured.map_or(Ok(()), |at| {
        let detail = "this member means something else in the other version";
        Err(Fault::new(FaultKind::Captured, detail).below(at))
    })
}

fn build_step(json: &Json, setting: &str, files: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let one = json.as_object().filter(|object| object.len() == 1);
    let Some((name, settings)) = one.and_then(|object| object.iter().next()) else {
        return Err(SettingsFault::new(
            setting,
            "a step is an object with one operator",
        ));
    };
    let below = format!("{setting}{}", Pointer::of([name]));
    let entry =
        find(name).ok_or_else(|| SettingsFault::new(&below, format!("there is no operator `{name}`")))?;
    (entry.build)(settings, files).map_err(|fault| SettingsFault {
        pointer: format!("{below}{}", fault.pointer),
        ..fault
    })
}
