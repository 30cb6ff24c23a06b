//! When a version's share falls to 1 %: pure in the counts of days.
//!
//! # The method
//! A version that is replaced by its successors loses its share as any technology does: the logarithm of its odds,
//! `ln(share / (1 - share))`, falls on a straight line (Fisher and Pry, "A simple substitution model of technological
//! change", 1971). While the share is small that is exponential decay: each week the same part of those who remain moves. A
//! line through the share itself would promise an end much too early, since the last ones take the longest. (Decay that was
//! exponential from the beginning is told up to a fifth too early while the share is still large.)
//!
//! The slope of that line is the seasonal slope of Hirsch, Slack and Smith ("Techniques of trend analysis for monthly
//! water quality data", 1982), with weekdays for their months: the median of the slopes between all pairs of days that are
//! the same weekday. So a weekly pattern cannot be mistaken for a trend, and neither a day without requests nor a few days
//! that were like no other move it; the growth of the whole API plays no part, as shares have none. It counts as falling
//! only if the seasonal Kendall test of the same paper says so (one-sided, at 2.5 %). The line goes through the share of the last
//! seven whole days, which hold each weekday once. The day at hand is not over, and is left out.

use jiff::ToSpan;
use jiff::civil::Date;

use super::sunset::Forecast;

/// How many whole days are looked at.
const DAYS: usize = 28;
/// How many of them must have requests.
const FEWEST: usize = 14;
const WEEK: usize = 7;
/// The share at which a version is as good as gone.
const GOAL: f64 = 0.01;
/// What is further away is not in sight, in days.
const FURTHEST: f64 = 3_652.5;
/// What the test's statistic exceeds by chance once in forty times (normal distribution).
const CHANCE: f64 = 1.96;

/// Requests of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// In the version.
    pub version: u64,
    /// In all versions.
    pub all: u64,
}

/// How a version's share goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// How much it changes in a week, at the share of now; none where there are too few days.
    pub trend: Option<f64>,
    /// When it falls to 1 %.
    pub forecast: Forecast,
}

/// The share of these days together, 0 to 1; none where there were no requests.
pub fn share(days: &[Day]) -> Option<f64> {
    let (version, all) = sums(days);
    (all > 0).then(|| version as f64 / all as f64)
}

/// How the share goes on. `days` are in order, without a gap; the last one is the day at hand, `today`.
pub fn outlook(days: &[Day], today: Date) -> Outlook {
    let whole = days.split_last().map_or(days, |(_, whole)| whole);
    let whole = &whole[whole.len().saturating_sub(DAYS)..];
    let week = &whole[whole.len().saturating_sub(WEEK)..];
    let slope = Slope::of(whole).filter(|_| share(week).is_some());
    let trend = slope.as_ref().map(|slope| {
        let share = share(week).unwrap_or_default();
        slope.by_day * WEEK as f64 * share * (1.0 - share)
    });
    let recent = &days[days.len().saturating_sub(WEEK)..];
    let forecast = match (share(recent), slope) {
        (Some(share), _) if share <= GOAL => Forecast::Reached,
        (_, None) => Forecast::TooFewDays,
        (_, Some(slope)) => slope.meets(week, today),
    };
    Outlook { trend, forecast }
}

/// The slope of the log odds.
struct Slope {
    by_day: f64,
    falls: bool,
}

impl Slope {
    fn of(days: &[Day]) -> Option<Self> {
        if days.iter().filter(|day| day.all > 0).count() < FEWEST {
            return None;
        }
        let (mut slopes, mut score, mut variance) = (Vec::new(), 0.0, 0.0);
        for weekday in 0..WEEK {
            let met: Vec<(usize, Day)> = same(days, weekday).collect();
            let count = met.len() as f64;
            variance += count * (count - 1.0) * (2.0 * count + 5.0) / 18.0;
            for (place, (at, day)) in met.iter().enumerate() {
                for (before_at, before) in &met[..place] {
                    // Two days on which nobody asked in the version say nothing of how fast it goes.
                    if day.version + before.version > 0 {
                        let slope = (log_odds(*day) - log_odds(*before)) / (at - before_at) as f64;
                        score -= if slope == 0.0 { 0.0 } else { slope.signum() };
                        slopes.push(slope);
                    }
                }
            }
        }
        // The correction for continuity: scores are whole numbers two apart.
        let falls = score > 0.0 && (score - 1.0) / f64::sqrt(variance) >= CHANCE;
        (slopes.len() >= WEEK).then(|| Self {
            by_day: median(&mut slopes),
            falls,
        })
    }

    /// When the line through the share of this week meets the goal; the week ended yesterday.
    fn meets(&self, week: &[Day], today: Date) -> Forecast {
        if !self.falls || self.by_day >= 0.0 {
            return Forecast::NotInSight;
        }
        let (version, all) = sums(week);
        let level = log_odds(Day { version, all });
        let goal = f64::ln(GOAL / (1.0 - GOAL));
        let from_centre = (goal - level) / self.by_day;
        let days = (from_centre - before_today(week)).ceil().max(0.0);
        if days > FURTHEST {
            return Forecast::NotInSight;
        }
        let date = today.checked_add((days as i64).days());
        date.map_or(Forecast::NotInSight, Forecast::On)
    }
}

/// The days with requests that are the same weekday.
fn same(days: &[Day], weekday: usize) -> impl Iterator<Item = (usize, Day)> {
    let all = days.iter().copied().enumerate().skip(weekday).step_by(WEEK);
    all.filter(|(_, day)| day.all > 0)
}

/// How many days before today the requests of a week that ended yesterday were made, on average.
fn before_today(week: &[Day]) -> f64 {
    let (_, all) = sums(week);
    let ages = week.iter().rev().zip(1u32..);
    let sum: f64 = ages.map(|(day, age)| day.all as f64 * f64::from(age)).sum();
    sum / all.max(1) as f64
}

fn sums(days: &[Day]) -> (u64, u64) {
    days.iter().fold((0, 0), |(version, all), day| {
        (version + day.version, all + day.all)
    })
}

/// The empirical log odds: half a request on either side keeps them finite (Haldane 1956, Anscombe 1956).
fn log_odds(day: Day) -> f64 {
    let others = day.all.saturating_sub(day.version);
    f64::ln((day.version as f64 + 0.5) / (others as f64 + 0.5))
}

/// The median of some numbers; there is one at least.
fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        f64::midpoint(numbers[middle - 1], numbers[middle])
    }
}

#[cfg(test)]
mod tests;
