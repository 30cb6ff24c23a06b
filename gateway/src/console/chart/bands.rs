//! Shares of versions, stacked.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::scale::Scale;
use super::{BOTTOM, Style, TOP, height};
use crate::ledger::report::timeline::Timeline;

/// The share of each version on each day; all are 0 on a day without requests.
pub(super) fn shares(timeline: &Timeline) -> Vec<Vec<f64>> {
    let of = |requests: &[u64], day: usize| requests.get(day).copied().unwrap_or(0) as f64;
    let days = 0..timeline.days.len();
    let totals: Vec<f64> = days
        .clone()
        .map(|day| {
            timeline
                .versions
                .iter()
                .map(|series| of(&series.requests, day))
                .sum()
        })
        .collect();
    let share = |requests: &[u64], day: usize| match totals[day] {
        total if total > 0.0 => of(requests, day) / total,
        _ => 0.0,
    };
    let versions = timeline.versions.iter();
    versions
        .map(|series| days.clone().map(|day| share(&series.requests, day)).collect())
        .collect()
}

/// A version's band: its style, and its share on each day.
pub(super) type Band<'a> = (&'a Style, &'a [f64]);

/// The bands of what was used, from the bottom up: by what becomes of versions, the newest lowest.
pub(super) fn stack<'a>(styles: &'a [Style], shares: &'a [Vec<f64>]) -> Vec<Band<'a>> {
    let pairs = styles.iter().zip(shares).rev();
    let used = pairs.filter(|(_, shares)| shares.iter().any(|share| *share > 0.0));
    let mut stack: Vec<Band<'a>> = used.map(|(style, shares)| (style, shares.as_slice())).collect();
    // The order within a family stays.
    stack.sort_by_key(|(style, _)| std::cmp::Reverse(style.family));
    stack
}

/// Draws the bands.
pub(super) fn draw(scale: &Scale, stack: &[Band<'_>]) -> Markup {
    let days = stack.first().map_or(0, |(_, shares)| shares.len());
    let mut below = vec![0.0; days];
    let mut bands = Vec::new();
    for (style, shares) in stack {
        let above: Vec<f64> = below
            .iter()
            .zip(*shares)
            .map(|(low, share)| low + share)
            .collect();
        bands.push((style, area(scale, &below, &above)));
        below = above;
    }
    html! {
        g.bands {
            @for (style, area) in &bands { path class=(style.class) d=(area) { title { (style.name) } } }
        }
    }
}

/// The area between two lines, as a path for each run of days with requests.
fn area(scale: &Scale, low: &[f64], high: &[f64]) -> String {
    let mut path = String::new();
    for run in runs(high) {
        let (from, to) = (run[0], run[run.len() - 1]);
        // One day alone has no width between two days.
        let ends = |day: usize| match from == to {
            true => (scale.at(day) - 2.0, scale.at(day) + 2.0),
            false => (scale.at(day), scale.at(day)),
        };
        let _ = write!(path, "M{:.1} {}", ends(from).0, height(high[from]));
        for day in &run {
            let _ = write!(path, "L{:.1} {}", ends(*day).1, height(high[*day]));
        }
        for day in run.iter().rev() {
            let _ = write!(path, "L{:.1} {}", ends(*day).1, height(low[*day]));
        }
        let _ = write!(path, "L{:.1} {}Z", ends(from).0, height(low[from]));
    }
    path
}

/// Days one after another with anything at all.
fn runs(high: &[f64]) -> Vec<Vec<usize>> {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for (day, share) in high.iter().enumerate() {
        if *share <= 0.0 {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.last() == Some(&(day.wrapping_sub(1))) => run.push(day),
            _ => runs.push(vec![day]),
        }
    }
    runs
}

/// Names beside the bands as they stand on the last day with requests, where there is room.
pub(super) fn names(stack: &[Band<'_>], right: f64) -> Markup {
    const LEAST: f64 = 0.02;
    const APART: f64 = 14.0;
    let days = stack.first().map_or(0, |(_, shares)| shares.len());
    let last = (0..days)
        .rev()
        .find(|day| stack.iter().any(|(_, shares)| shares[*day] > 0.0));
    let Some(last) = last else { return html! {} };
    let mut below = 0.0;
    let mut placed: Vec<(f64, &Style)> = Vec::new();
    for (style, shares) in stack {
        let share = shares[last];
        let wanted = height(below + share / 2.0) + 4.0;
        below += share;
        if share < LEAST {
            continue;
        }
        let y = placed
            .last()
            .map_or(wanted, |(lower, _)| wanted.min(lower - APART));
        if y < TOP {
            break;
        }
        placed.push((y.min(BOTTOM), style));
    }
    html! {
        g.names {
            @for (y, style) in &placed {
                rect class=(style.class) x=(right + 8.0) y=(format!("{:.1}", y - 9.0)) width="9" height="9" rx="2" {}
                text.version x=(right + 22.0) y=(format!("{y:.1}")) { (style.name) }
            }
        }
    }
}
