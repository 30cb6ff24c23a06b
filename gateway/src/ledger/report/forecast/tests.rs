//! Forecasts of series whose true end is known.

use jiff::civil::{Date, date};

use super::*;

const TODAY: Date = date(2027, 3, 10);

/// Days before today: the last one is 0.
fn series(days: i32, of: impl Fn(i32) -> (f64, f64)) -> Vec<Day> {
    let day = |age: i32| {
        let (share, all) = of(age);
        let all = all.round().max(0.0);
        Day {
            version: (share.clamp(0.0, 1.0) * all).round() as u64,
            all: all as u64,
        }
    };
    (0..days).rev().map(day).collect()
}

/// Numbers from -1 to 1 that look random, the same each time.
fn noise(age: i32, seed: u64) -> f64 {
    let mut state = (age as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed;
    for _ in 0..3 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    (state % 20_001) as f64 / 10_000.0 - 1.0
}

fn decay(age: i32, now: f64, half_life: f64) -> f64 {
    now * f64::exp2(f64::from(age) / half_life)
}

fn is_weekend(age: i32) -> bool {
    age.rem_euclid(7) >= 5
}

/// The day on which exponential decay comes to 1 %.
fn true_end(now: f64, half_life: f64) -> i64 {
    (half_life * f64::log2(now / GOAL)).ceil() as i64
}

#[track_caller]
fn ends_within(days: &[Day], expected: i64, tolerance: i64) {
    let outlook = outlook(days, TODAY);
    let Forecast::On(found) = outlook.forecast else {
        panic!("{outlook:?}, expected in {expected} days");
    };
    let found = i64::from(TODAY.until(found).unwrap().get_days());
    assert!(
        (found - expected).abs() <= tolerance,
        "in {found} days, expected {expected}"
    );
}

#[test]
fn exponential_decay_ends_when_it_does() {
    for (now, half_life) in [(0.02, 10.0), (0.03, 14.0), (0.05, 20.0), (0.08, 45.0)] {
        let days = series(90, |age| (decay(age, now, half_life), 1e6));
        // Odds fall a little faster than shares as long as these are large.
        let end = true_end(now, half_life);
        ends_within(&days, end, end / 8 + 1);
    }
    // From two fifths on it is the last one in five days that is missed.
    let days = series(90, |age| (decay(age, 0.1, 14.0), 1e6));
    ends_within(&days, true_end(0.1, 14.0), true_end(0.1, 14.0) / 4);
}

#[test]
fn substitution_ends_when_it_does() {
    // From nine tenths on, along the curve of Fisher and Pry.
    let odds = |age: i32| 9.0 * f64::exp(0.07 * f64::from(age));
    let days = series(60, |age| (odds(age) / (1.0 + odds(age)), 1e6));
    let end = (f64::ln(9.0 * 99.0) / 0.07).ceil() as i64;
    ends_within(&days, end, 1);
}

#[test]
fn weekends_are_no_trend() {
    // A version that offices use: a third of its share on weekends, and the API's traffic falls to a quarter then.
    let pattern = |age: i32, share: f64| match is_weekend(age) {
        true => (share / 3.0, 25_000.0),
        false => (share, 100_000.0),
    };
    for begin in 0..7 {
        let days = series(60, |age| pattern(age + begin, decay(age, 0.04, 14.0)));
        let plain = true_end(0.04 * 0.94, 14.0);
        ends_within(&days, plain, 4);
        let steady = series(60, |age| pattern(age + begin, 0.2));
        assert_eq!(outlook(&steady, TODAY).forecast, Forecast::NotInSight, "{begin}");
    }
}

#[test]
fn noise_moves_it_a_little() {
    for seed in 1..20 {
        let days = series(60, |age| {
            let share = decay(age, 0.04, 14.0) * (1.0 + 0.15 * noise(age, seed));
            (share, 50_000.0 * (1.0 + 0.3 * noise(age, seed + 100)))
        });
        let end = true_end(0.04, 14.0);
        ends_within(&days, end, end / 4);
    }
}

#[test]
fn noise_alone_is_seldom_a_trend() {
    let falls = |seed| {
        let days = series(60, |age| (0.2 * (1.0 + 0.2 * noise(age, seed)), 10_000.0));
        outlook(&days, TODAY).forecast != Forecast::NotInSight
    };
    let fooled = (1..200).filter(|seed| falls(*seed)).count();
    // One in forty by the test's own level.
    assert!(fooled <= 10, "{fooled} of 199");
}

#[test]
fn days_like_no_other_do_not_move_it() {
    let mut days = series(60, |age| (decay(age, 0.08, 14.0), 100_000.0));
    let plain = outlook(&days, TODAY);
    // A job that ran wild, an outage of the version, and one of everything.
    let last = days.len() - 1;
    days[last - 12] = Day {
        version: 900_000,
        all: 1_000_000,
    };
    days[last - 17].version = 0;
    days[last - 20] = Day::default();
    let (Forecast::On(with), Forecast::On(without)) = (outlook(&days, TODAY).forecast, plain.forecast) else {
        panic!("{plain:?}");
    };
    assert!(without.until(with).unwrap().get_days().abs() <= 2);
}

#[test]
fn growth_of_the_api_is_no_use_of_the_version() {
    // The version's own requests stay as they are; all others double every four weeks.
    let days = series(60, |age| {
        let all = 40_000.0 / decay(age, 1.0, 28.0);
        (2_000.0 / all, all)
    });
    ends_within(&days, true_end(0.05, 28.0), 7);
    // And in a version that is used at work alone, days without a request are not taken for a fall.
    let at_work = series(60, |age| {
        let all = 10_000.0 * f64::exp(-0.01 * f64::from(age));
        (if is_weekend(age) { 0.0 } else { 0.3 }, all)
    });
    assert_eq!(outlook(&at_work, TODAY).forecast, Forecast::NotInSight);
}

#[test]
fn a_line_ends_no_earlier_than_it_does() {
    // Two points less a week: the last ones may take longer, never less.
    let days = series(60, |age| (0.06 + 0.02 / 7.0 * f64::from(age), 1e6));
    let outlook = outlook(&days, TODAY);
    let Forecast::On(end) = outlook.forecast else {
        panic!("{outlook:?}")
    };
    assert!(TODAY.until(end).unwrap().get_days() >= 18, "{outlook:?}");
    let trend = outlook.trend.unwrap();
    assert!((-0.021..=-0.01).contains(&trend), "{trend}");
}

#[test]
fn what_grows_or_stays_is_not_in_sight() {
    let grows = series(60, |age| (0.5 - 0.005 * f64::from(age), 10_000.0));
    assert_eq!(outlook(&grows, TODAY).forecast, Forecast::NotInSight);
    assert!(outlook(&grows, TODAY).trend.unwrap() > 0.0);
    let stays = series(60, |_| (0.5, 10_000.0));
    assert_eq!(
        outlook(&stays, TODAY),
        Outlook {
            trend: Some(0.0),
            forecast: Forecast::NotInSight
        }
    );
    let alone = series(60, |_| (1.0, 10_000.0));
    assert_eq!(outlook(&alone, TODAY).forecast, Forecast::NotInSight);
    // It falls, and takes forty years.
    let slowly = series(60, |age| (decay(age, 0.08, 5_000.0), 1e9));
    assert_eq!(outlook(&slowly, TODAY).forecast, Forecast::NotInSight);
}

#[test]
fn what_is_there_is_reached() {
    let under = series(60, |_| (0.009, 10_000.0));
    assert_eq!(outlook(&under, TODAY).forecast, Forecast::Reached);
    let unused = series(60, |_| (0.0, 10_000.0));
    assert_eq!(outlook(&unused, TODAY).forecast, Forecast::Reached);
    // Also when there are few days.
    let young = series(4, |_| (0.0, 10.0));
    assert_eq!(outlook(&young, TODAY).forecast, Forecast::Reached);
}

#[test]
fn few_days_say_nothing() {
    let none = outlook(&[], TODAY);
    assert_eq!(
        none,
        Outlook {
            trend: None,
            forecast: Forecast::TooFewDays
        }
    );
    // 13 whole days, and today.
    let few = series(14, |age| (decay(age, 0.1, 10.0), 1e6));
    assert_eq!(outlook(&few, TODAY).forecast, Forecast::TooFewDays);
    let enough = series(15, |age| (decay(age, 0.1, 10.0), 1e6));
    assert!(matches!(outlook(&enough, TODAY).forecast, Forecast::On(_)));
    // 28 days, 13 of them with requests.
    let sparse = series(29, |age| {
        (0.5, if (1..=13).contains(&age) { 1_000.0 } else { 0.0 })
    });
    assert_eq!(outlook(&sparse, TODAY).forecast, Forecast::TooFewDays);
    // Nobody has asked for a week.
    let asleep = series(60, |age| (decay(age, 0.1, 10.0), if age < 8 { 0.0 } else { 1e6 }));
    assert_eq!(outlook(&asleep, TODAY).forecast, Forecast::TooFewDays);
    assert_eq!(share(&[Day::default()]), None);
}

#[test]
fn few_requests_are_enough() {
    // 40 requests a day, and as many seen as chance gives.
    for seed in 1..10 {
        let days = series(60, |age| {
            let mean = 40.0 * decay(age, 0.3, 10.0).min(0.9);
            let seen = (mean + mean.sqrt() * noise(age, seed)).max(0.0);
            (seen / 40.0, 40.0)
        });
        let Forecast::On(end) = outlook(&days, TODAY).forecast else {
            panic!("{seed}")
        };
        let end = TODAY.until(end).unwrap().get_days();
        assert!((15..=80).contains(&end), "{end}");
    }
}

#[test]
fn today_is_not_over() {
    let mut days = series(60, |age| (decay(age, 0.1, 14.0), 100_000.0));
    let before = outlook(&days, TODAY);
    if let Some(today) = days.last_mut() {
        *today = Day { version: 30, all: 40 };
    }
    assert_eq!(outlook(&days, TODAY), before);
}
