//! Generated calendars, against a calendar that counts days one by one.

#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Weekday;
use proptest::prelude::*;
use sluice_config::plan::{Brownout, Course, Days, Exemption, Trial};
use sluice_config::{Sources, load};

use super::*;

const DAY: i64 = 86_400;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn course() -> Course {
    Course {
        deprecated: Some(at("2024-01-01T00:00:00Z")),
        sunset: Some(at("2027-06-30T23:59:59Z")),
        brownouts: vec![Brownout::Recurring {
            on: Days::Nth(1, Weekday::Tuesday),
            from: 14 * 3600,
            lasts: 3600,
        }],
        ..Course::default()
    }
}

#[test]
fn a_course_is_run_from_its_beginning_to_its_end() {
    for (now, expected) in [
        ("2023-12-31T23:59:59Z", "active"),
        // A first Tuesday before anybody was told.
        ("2023-12-05T14:30:00Z", "active"),
        ("2024-01-01T00:00:00Z", "deprecated"),
        ("2026-12-01T13:59:59.999Z", "deprecated"),
        ("2026-12-01T14:00:00Z", "brownout"),
        ("2026-12-01T14:59:59.999Z", "brownout"),
        ("2026-12-01T15:00:00Z", "deprecated"),
        ("2026-12-08T14:30:00Z", "deprecated"),
        ("2027-06-30T23:59:59.999Z", "deprecated"),
        ("2027-07-01T00:00:00Z", "sunset"),
        ("2027-07-06T14:30:00Z", "sunset"),
    ] {
        assert_eq!(of_course(&course(), None, at(now)).name(), expected, "{now}");
    }
    let until = at("2026-12-01T15:00:00Z");
    let now = at("2026-12-01T14:10:00Z");
    assert_eq!(of_course(&course(), None, now), State::Brownout { until });
}

#[test]
fn a_preview_is_one_until_it_goes() {
    let preview = Course {
        preview: true,
        sunset: Some(at("2027-01-01T00:00:00Z")),
        ..Course::default()
    };
    assert_eq!(
        of_course(&preview, None, at("2026-01-01T00:00:00Z")),
        State::Preview
    );
    assert_eq!(
        of_course(&preview, None, at("2027-01-01T00:00:01Z")),
        State::Sunset
    );
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
    let window = Brownout::Recurring {
        on: Days::Last(Weekday::Saturday),
        from: 23 * 3600,
        lasts: 2 * 3600,
    };
    // The last Saturday of January 2026 is the 31st: the window ends in February.
    assert_eq!(
        end(&window, at("2026-02-01T00:59:59Z")),
        Some(at("2026-02-01T01:00:00Z"))
    );
    assert_eq!(end(&window, at("2026-02-01T01:00:00Z")), None);
    assert_eq!(end(&window, at("2026-01-31T00:30:00Z")), None);
    assert_eq!(
        next(&window, at("2026-02-01T01:00:00Z")),
        Some(at("2026-02-28T23:00:00Z"))
    );
}

/// Year, month, day and weekday (0 is Monday) of each day from 1970 on, by counting alone.
fn count_to(day: i64) -> (i64, i64, i64, i64) {
    let (mut year, mut month, mut date) = (1970, 1, 1);
    for _ in 0..day {
        date += 1;
        if date > length(year, month) {
            (month, date) = (month + 1, 1);
        }
        if month > 12 {
            (year, month) = (year + 1, 1);
        }
    }
    (year, month, date, (day + 3) % 7)
}

fn length(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether a day is meant, by counting.
fn meant(on: Days, day: i64) -> bool {
    let (year, month, date, weekday) = count_to(day);
    let is = |wanted: Weekday| i64::from(wanted.to_monday_zero_offset()) == weekday;
    match on {
        Days::Every => true,
        Days::Weekly(wanted) => is(wanted),
        Days::Nth(nth, wanted) => {
            is(wanted) && (0..date).filter(|back| back % 7 == 0).count() == usize::from(nth)
        }
        Days::Last(wanted) => is(wanted) && date + 7 > length(year, month),
        Days::Monthly(wanted) => date == i64::from(wanted),
    }
}

static CONSUMERS: LazyLock<[ConsumerId; 2]> = LazyLock::new(consumers);

/// Two consumers: their numbers come from a plan alone.
fn consumers() -> [ConsumerId; 2] {
    let files = [
        (
            "sluice.yaml",
            "sluice: 1\nlisten: [\"127.0.0.1:0\"]\nupstreams:\n  todos: {endpoints: [\"127.0.0.1:9\"]}\n",
        ),
        ("consumers.yaml", "sluice: 1\nconsumers: {one: {}, two: {}}\n"),
        (
            "apis/todos/api.yaml",
            "sluice: 1\napi: todos\nupstream: todos\norigin: \"1\"\nadditions: pass\nselect: [{path: {template: \"/v{version}\"}}]\nversions: [{name: \"1\"}]\n",
        ),
    ];
    let sources = Sources::from_files(files.map(|(path, text)| (path, text.as_bytes())));
    let plan = load(&sources, &|_| None).unwrap().plan;
    ["one", "two"].map(|name| plan.consumers.named(name).unwrap())
}

fn weekdays() -> impl Strategy<Value = Weekday> {
    (0_i8..7).prop_map(|day| Weekday::from_monday_zero_offset(day).unwrap())
}

fn days() -> impl Strategy<Value = Days> {
    prop_oneof![
        Just(Days::Every),
        weekdays().prop_map(Days::Weekly),
        (1_u8..=4, weekdays()).prop_map(|(nth, day)| Days::Nth(nth, day)),
        weekdays().prop_map(Days::Last),
        (1_u8..=31).prop_map(Days::Monthly),
    ]
}

fn windows() -> impl Strategy<Value = (Days, i64, i64)> {
    (days(), 0..1440_i64, 1..=1440_i64).prop_map(|(on, from, lasts)| (on, from * 60, lasts * 60))
}

/// Days of the years 1999 to 2032: months of every length, leap days, the leap year 2000.
fn moments() -> impl Strategy<Value = i64> {
    let edges = prop_oneof![Just(0_i64), Just(1), Just(DAY - 1), 0..DAY];
    (10_592..22_900_i64, edges).prop_map(|(day, second)| day * DAY + second)
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_window_is_open_when_counting_says_so((on, from, lasts) in windows(), now in moments()) {
        let window = Brownout::Recurring { on, from, lasts };
        let open = |day: i64| meant(on, day) && (day * DAY + from..day * DAY + from + lasts).contains(&now);
        let today = now / DAY;
        let begun = [today, today - 1].into_iter().find(|day| open(*day));
        prop_assert_eq!(end(&window, instant(now)), begun.map(|day| instant(day * DAY + from + lasts)));
    }

    #[test]
    fn the_next_window_is_the_first_that_opens((on, from, lasts) in windows(), now in moments()) {
        let window = Brownout::Recurring { on, from, lasts };
        let opens = next(&window, instant(now)).unwrap();
        prop_assert!(end(&window, opens).is_some());
        if opens > instant(now) {
            prop_assert_eq!(end(&window, instant(opens.as_second() - 1)).filter(|e| *e > opens), None);
            let days = now / DAY..=opens.as_second() / DAY;
            let first = days.clone().find(|day| meant(on, *day) && day * DAY + from > now);
            prop_assert_eq!(first.map(|day| day * DAY + from), Some(opens.as_second()));
        } else {
            prop_assert_eq!(opens, instant(now));
        }
    }

    /// An exemption turns refusals into what the course was otherwise, up to its last second, for one consumer alone.
    #[test]
    fn an_exemption_is_one_consumers_and_ends(until in moments(), now in moments(), windows in prop::collection::vec(windows(), 0..3)) {
        let brownouts = windows.iter().map(|(on, from, lasts)| Brownout::Recurring { on: *on, from: *from, lasts: *lasts });
        let consumers = *CONSUMERS;
        let course = Course {
            exempt: vec![Exemption { consumer: consumers[0], until: instant(until) }],
            brownouts: brownouts.collect(),
            ..course()
        };
        let plain = Course { exempt: Vec::new(), ..course.clone() };
        let whoever = of_course(&plain, None, instant(now));
        prop_assert_eq!(of_course(&course, None, instant(now)), whoever);
        prop_assert_eq!(of_course(&course, Some(consumers[1]), instant(now)), whoever);
        let own = of_course(&course, Some(consumers[0]), instant(now));
        match whoever {
            State::Sunset | State::Brownout { .. } if now <= until => prop_assert_eq!(own, State::Deprecated),
            _ => prop_assert_eq!(own, whoever),
        }
    }

    #[test]
    fn a_state_follows_the_dates(begin in moments(), lives in 0..4_000 * DAY, now in moments(), windows in prop::collection::vec(windows(), 0..3)) {
        let brownouts = windows.iter().map(|(on, from, lasts)| Brownout::Recurring { on: *on, from: *from, lasts: *lasts });
        let course = Course {
            deprecated: Some(instant(begin)),
            sunset: Some(instant(begin + lives)),
            brownouts: brownouts.collect(),
            ..Course::default()
        };
        let state = of_course(&course, None, instant(now));
        let open = course.brownouts.iter().filter_map(|w| end(w, instant(now))).max();
        let expected = match open {
            _ if now > begin + lives => State::Sunset,
            _ if now < begin => State::Active,
            Some(until) => State::Brownout { until },
            None => State::Deprecated,
        };
        prop_assert_eq!(state, expected);
        // What went does not come again.
        if state == State::Sunset {
            prop_assert_eq!(of_course(&course, None, instant(now + 1_000_000)), State::Sunset);
        }
    }
}

#[test]
fn a_trial_is_one_consumers_while_it_lasts() {
    let [one, two] = *CONSUMERS;
    let of = |from, to, share| Trial {
        consumer: one,
        share,
        from: instant(from),
        to: instant(to),
    };
    let trials = [of(100, 200, 1.0), of(300, 400, 1.0)];
    let withholds = |who, now| trial::withholds(&trials, who, instant(now), (trial::number(), 0));
    for (now, goes_on) in [
        (99, false),
        (100, true),
        (199, true),
        (200, false),
        (300, true),
        (400, false),
    ] {
        assert_eq!(withholds(Some(one), now), goes_on, "{now}");
        assert!(!withholds(Some(two), now) && !withholds(None, now), "{now}");
    }
}
