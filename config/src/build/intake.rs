//! `bounds` of what a client sends → how requests are taken in.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Intake;
use crate::raw::RawBounds;
use crate::yaml::Tree;

/// What a header may take. Beyond, nobody else on the way takes it either.
const HEAD: RangeInclusive<usize> = 1 << 10..=1 << 20;
/// What a target may take; a longer one is none to HTTP libraries.
const TARGET: RangeInclusive<usize> = 128..=32 << 10;
/// A rate that nobody has is a slip.
const RATE: RangeInclusive<usize> = 1..=1 << 20;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Judges how requests are taken in.
pub(super) fn build(tree: &Tree, raw: &RawBounds, faults: &mut Vec<Diagnostic>) -> Option<Intake> {
    let mut judge = Judge { tree, faults };
    let head = judge.sized("head", &raw.head, &HEAD);
    let target = judge.sized("target", &raw.target, &TARGET);
    let head_within = judge.within("head_within", &raw.head_within);
    let body_rate = judge.rate(&raw.body_rate);
    let body_grace = judge.within("body_grace", &raw.body_grace);
    Some(Intake {
        head: head?,
        headers: raw.headers,
        target: target?,
        head_within: head_within?,
        body_rate: body_rate?,
        body_grace: body_grace?,
    })
}

struct Judge<'a> {
    tree: &'a Tree,
    faults: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    fn sized(&mut self, key: &str, text: &str, range: &RangeInclusive<usize>) -> Option<usize> {
        let pointer = format!("/bounds/{key}");
        let size = super::size(self.tree, &pointer, text, self.faults)?;
        if range.contains(&size) {
            return Some(size);
        }
        let (least, most) = (range.start(), range.end());
        self.out_of_range(&pointer, format!("it has to be from {least} to {most} bytes"));
        None
    }

    /// `0B` takes any rate.
    fn rate(&mut self, text: &str) -> Option<u32> {
        match crate::quantity::size(text) {
            Ok(0) => Some(0),
            _ => u32::try_from(self.sized("body_rate", text, &RATE)?).ok(),
        }
    }

    fn within(&mut self, key: &str, text: &str) -> Option<Duration> {
        let pointer = format!("/bounds/{key}");
        let wait = super::wait(self.tree, &pointer, text, self.faults)?;
        if wait <= DAY {
            return Some(wait);
        }
        self.out_of_range(&pointer, "it has to be a day at most".to_owned());
        None
    }

    fn out_of_range(&mut self, pointer: &str, message: String) {
        self.faults
            .push(self.tree.fault(Code::OutOfRange, pointer, message));
    }
}
