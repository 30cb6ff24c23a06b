//! Tests of the picture's parts.
#![allow(clippy::unwrap_used)]

use jiff::ToSpan;
use jiff::civil::Date;

use super::*;
use crate::ledger::report::timeline::Series;

fn timeline(requests: &[&[u64]]) -> Timeline {
    let first: Date = "2026-01-01".parse().unwrap();
    let days = requests[0].len() as i64;
    let series = requests.iter().enumerate().map(|(version, requests)| Series {
        version: version.to_string(),
        requests: requests.to_vec(),
    });
    Timeline {
        api: "a".to_owned(),
        demo: false,
        days: (0..days)
            .map(|day| first.checked_add(day.days()).unwrap())
            .collect(),
        versions: series.collect(),
    }
}

#[test]
fn shares_of_a_day_make_one_whole() {
    let shares = bands::shares(&timeline(&[&[1, 0, 5], &[3, 0, 0]]));
    assert_eq!(shares, [[0.25, 0.0, 1.0], [0.75, 0.0, 0.0]]);
}

#[test]
fn series_that_are_too_short_are_filled_up() {
    let mut short = timeline(&[&[1, 2, 3], &[1, 1, 1]]);
    short.versions[1].requests.truncate(1);
    assert_eq!(bands::shares(&short)[1], [0.5, 0.0, 0.0]);
}

#[test]
fn a_share_stands_between_bottom_and_top() {
    assert_eq!([height(0.0), height(1.0)], [BOTTOM, TOP]);
}

#[test]
fn it_is_told_in_words() {
    let timeline = timeline(&[&[0, 1, 3], &[0, 3, 1]]);
    let told = told(&timeline, &bands::shares(&timeline));
    assert_eq!(
        told,
        "On 2026-01-02: 1 75.0 %, 0 25.0 %. On 2026-01-03: 0 75.0 %, 1 25.0 %. The tables below say the same."
    );
}
