//! Who is due what, day by day.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::ToSpan;
use sluice_config::plan::{Days, Exemption, Plan};
use sluice_config::{Sources, load};

use super::*;

const REMINDERS: [u16; 3] = [90, 30, 7];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Reading the example takes longer than everything else here.
static EXAMPLE: LazyLock<Plan> = LazyLock::new(|| {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/examples/integrationhub");
    let sources = Sources::read(std::path::Path::new(directory)).unwrap();
    load(&sources, &|_| None).unwrap().plan
});

fn plan(course: &Course) -> Plan {
    let mut plan = EXAMPLE.clone();
    plan.apis[0].lifecycle.versions = vec![Some(std::sync::Arc::new(course.clone()))];
    plan
}

fn course() -> Course {
    Course {
        deprecated: Some(at("2027-01-01T00:00:00Z")),
        sunset: Some(at("2027-12-31T23:59:59Z")),
        ..Course::default()
    }
}

/// What acme is due.
fn told(course: &Course, now: Timestamp) -> Vec<Occasion> {
    let plan = plan(course);
    let api = &plan.apis[0];
    let id = api.version("1.0").unwrap();
    due(api, id, plan.consumers.named("acme"), &REMINDERS, now)
}

fn reminders(course: &Course, now: Timestamp) -> Vec<(u16, i64)> {
    let all = told(course, now).into_iter();
    all.filter_map(|one| match one {
        Occasion::Sunset { reminder, days_left } => Some((reminder, days_left)),
        _ => None,
    })
    .collect()
}

#[test]
fn each_day_before_a_sunset_has_one_reminder_at_most() {
    let sunset = course().sunset.unwrap();
    for days in 0..120_i64 {
        let now = sunset.checked_sub((days * 24).hours()).unwrap();
        let expected = REMINDERS
            .into_iter()
            .filter(|reminder| i64::from(*reminder) >= days)
            .min();
        let expected: Vec<_> = expected.map(|reminder| (reminder, days)).into_iter().collect();
        assert_eq!(reminders(&course(), now), expected, "{days} days before");
    }
}

#[test]
fn a_day_that_has_begun_counts() {
    assert_eq!(reminders(&course(), at("2027-10-02T23:59:58Z")), []);
    assert_eq!(reminders(&course(), at("2027-10-02T23:59:59Z")), [(90, 90)]);
    assert_eq!(reminders(&course(), at("2027-12-01T12:00:00Z")), [(90, 31)]);
    // Day 30 was missed: the reminder of day 30 comes at day 29, not those of day 90.
    assert_eq!(reminders(&course(), at("2027-12-02T12:00:00Z")), [(30, 30)]);
    assert_eq!(reminders(&course(), at("2027-12-03T12:00:00Z")), [(30, 29)]);
    assert_eq!(reminders(&course(), at("2027-12-31T23:59:59Z")), [(7, 0)]);
    assert_eq!(told(&course(), at("2028-01-01T00:00:00Z")), [], "it is gone");
}

#[test]
fn a_deprecation_is_told_as_soon_as_it_is_planned() {
    assert_eq!(
        told(&course(), at("2026-06-01T00:00:00Z")),
        [Occasion::Deprecated]
    );
    let no_date = Course {
        deprecated: None,
        ..course()
    };
    assert_eq!(told(&no_date, at("2026-06-01T00:00:00Z")), [Occasion::Deprecated]);
    let preview = Course {
        preview: true,
        ..Course::default()
    };
    assert_eq!(told(&preview, at("2026-06-01T00:00:00Z")), []);
}

#[test]
fn what_is_switched_off_is_told_by_nobody() {
    let mut plan = plan(&course());
    let id = plan.apis[0].version("1.0").unwrap();
    plan.apis[0].lifecycle.off = sluice_config::plan::VersionSet::of([id]);
    let due = due(&plan.apis[0], id, None, &REMINDERS, at("2027-12-30T00:00:00Z"));
    assert_eq!(due, []);
}

#[test]
fn an_exempt_consumer_is_told_of_its_own_end() {
    let acme = plan(&course()).consumers.named("acme").unwrap();
    let exempt = Course {
        exempt: vec![Exemption {
            consumer: acme,
            until: at("2028-06-30T23:59:59Z"),
        }],
        brownouts: vec![Brownout::Recurring {
            on: Days::Every,
            from: 0,
            lasts: 60,
        }],
        ..course()
    };
    let deprecated = vec![Occasion::Deprecated];
    assert_eq!(told(&exempt, at("2027-12-30T00:00:00Z")), deprecated);
    assert_eq!(told(&exempt, at("2028-05-01T00:00:00Z")).len(), 2);
    assert_eq!(reminders(&exempt, at("2028-06-25T00:00:00Z")), [(7, 6)]);
    // An exemption that ends before the sunset moves nothing.
    assert_eq!(end(&course(), Some(acme)), course().sunset);
}

/// Brownouts by week.
fn weeks(course: &Course, now: Timestamp) -> Vec<(Date, Vec<Rest>)> {
    let all = told(course, now).into_iter();
    let brownouts = all.filter_map(|one| match one {
        Occasion::Brownout { week, windows } => Some((week, windows)),
        _ => None,
    });
    brownouts.collect()
}

fn windows(course: &Course, now: Timestamp) -> Option<(Date, Vec<Rest>)> {
    weeks(course, now).into_iter().next()
}

fn weekly(day: Weekday, hour: i64) -> Brownout {
    Brownout::Recurring {
        on: Days::Weekly(day),
        from: hour * 3600,
        lasts: 3600,
    }
}

fn daily() -> Course {
    Course {
        brownouts: vec![Brownout::Recurring {
            on: Days::Every,
            from: 14 * 3600,
            lasts: 3600,
        }],
        ..course()
    }
}

#[test]
fn daily_brownouts_are_told_once_a_week() {
    let begin = at("2027-03-01T00:00:00Z"); // a Monday
    let mut known = BTreeSet::new();
    for hour in 0..28 * 24 {
        let now = begin.checked_add(hour.hours()).unwrap();
        let all = weeks(&daily(), now);
        assert!(all.len() <= 2, "{now}: {all:?}");
        let (week, windows) = all[0].clone();
        known.extend(all.into_iter().map(|(week, _)| week));
        assert!(windows[0].from > now, "what is open is not ahead");
        assert!(
            windows.iter().all(|w| monday(w.from) <= week),
            "{now}: {windows:?}"
        );
        let over = second_of(week) + 7 * DAY;
        let missing = (over - now.as_second()) / DAY - windows.len() as i64;
        assert!(
            (0..=1).contains(&missing) || missing == -1,
            "{now}: every window until the week's end"
        );
    }
    assert_eq!(known.len(), 5);
}

/// When each window is told first, by a run a day at 06:00.
fn first_told(course: &Course) -> std::collections::BTreeMap<Timestamp, Timestamp> {
    let mut first = std::collections::BTreeMap::new();
    for day in 0..60_i64 {
        let now = at("2027-03-01T06:00:00Z")
            .checked_add((day * 24).hours())
            .unwrap();
        for (_, windows) in weeks(course, now) {
            for window in windows {
                first.entry(window.from).or_insert(now);
            }
        }
    }
    first
}

#[test]
fn no_window_hides_behind_one_of_another_week() {
    let both = Course {
        brownouts: vec![weekly(Weekday::Sunday, 20), weekly(Weekday::Monday, 2)],
        ..course()
    };
    let told = first_told(&both);
    for (day, hour) in [(Weekday::Sunday, 20), (Weekday::Monday, 2)] {
        let of = told.keys().map(|from| TimeZone::UTC.to_datetime(*from));
        let count = of
            .filter(|from| (from.date().weekday(), from.hour()) == (day, hour))
            .count();
        assert!(count >= 8, "{day:?}: {count}");
    }
}

#[test]
fn every_window_is_told_a_week_ahead() {
    let ahead = |from: Timestamp, told: Timestamp| from.as_second() - told.as_second();
    for course in [
        daily(),
        Course {
            brownouts: vec![weekly(Weekday::Sunday, 20), weekly(Weekday::Monday, 2)],
            ..course()
        },
    ] {
        let known = first_told(&course);
        // Those of the first days were ahead before the first run.
        let later = known
            .iter()
            .filter(|(from, _)| **from > at("2027-03-08T12:00:00Z"));
        let soonest = later.map(|(from, told)| ahead(*from, *told)).min();
        assert!(soonest.is_some_and(|soonest| soonest > 6 * DAY), "{soonest:?}");
    }
}

#[test]
fn a_week_of_many_windows_has_all_of_them() {
    let once = |hour: i64| Brownout::Once {
        from: at("2027-05-12T00:00:00Z").checked_add(hour.hours()).unwrap(),
        to: at("2027-05-12T00:30:00Z").checked_add(hour.hours()).unwrap(),
    };
    let many = |count: i64| Course {
        brownouts: (0..count).map(once).collect(),
        ..course()
    };
    let (week, told) = windows(&many(30), at("2027-05-10T00:00:00Z")).unwrap();
    assert_eq!(told.len(), 30);
    // One more, moved or gone, makes another message.
    assert_eq!(
        (
            of_week(&many(30), None, week).len(),
            of_week(&many(31), None, week).len()
        ),
        (30, 31)
    );
}

#[test]
fn a_window_is_told_within_seven_days_of_it() {
    let once = Course {
        brownouts: vec![Brownout::Once {
            from: at("2027-05-12T10:00:00Z"),
            to: at("2027-05-13T10:00:00Z"),
        }],
        ..course()
    };
    assert_eq!(windows(&once, at("2027-05-05T10:00:00Z")), None);
    let (week, told) = windows(&once, at("2027-05-05T10:00:01Z")).unwrap();
    assert_eq!((week, told.len()), ("2027-05-10".parse().unwrap(), 1));
    assert_eq!(told[0].to, at("2027-05-13T10:00:00Z"));
    assert_eq!(windows(&once, at("2027-05-12T10:00:00Z")), None, "it has begun");
    let too_early = Course {
        deprecated: Some(at("2027-06-01T00:00:00Z")),
        ..once
    };
    assert_eq!(windows(&too_early, at("2027-05-11T00:00:00Z")), None);
}

#[test]
fn the_week_of_a_message_does_not_depend_on_the_day_it_is_written() {
    let (week, first) = windows(&daily(), at("2027-03-01T00:00:00Z")).unwrap();
    let (same, last) = windows(&daily(), at("2027-03-07T00:00:00Z")).unwrap();
    assert_eq!((week, first.len(), last.len()), (same, 7, 1));
    let whole = of_week(&daily(), None, week);
    assert_eq!(whole, first);
}
