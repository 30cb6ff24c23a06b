//! Days to the width of a plot, and which of them are named.

use jiff::ToSpan;
use jiff::civil::Date;
use maud::{Markup, html};

/// The names of months, short.
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Days to the width.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    first: Date,
    last: Date,
    left: f64,
    right: f64,
}

impl Scale {
    /// From the first to the last day, both within.
    pub(super) fn new((first, last): (Date, Date), (left, right): (f64, f64)) -> Self {
        Self {
            first,
            last,
            left,
            right,
        }
    }

    /// Where a day stands; outside of the plot for one that is not within.
    pub(super) fn x(&self, date: Date) -> f64 {
        let days = days(self.first, self.last).max(1.0);
        let at = self.left + days_signed(self.first, date) / days * (self.right - self.left);
        (at * 10.0).round() / 10.0
    }

    /// Where the day of this number stands.
    pub(super) fn at(&self, day: usize) -> f64 {
        let date = self.first.checked_add((day as i64).days());
        date.map_or(self.right, |date| self.x(date))
    }

    /// The first and the last day.
    pub(super) fn ends(&self) -> (Date, Date) {
        (self.first, self.last)
    }

    /// Whether a day is within.
    pub(super) fn holds(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }

    /// Days that are named below the plot, and their names.
    pub(super) fn ticks(&self) -> Vec<(Date, String)> {
        let months = days(self.first, self.last) / 30.0;
        let dates = self.month_starts();
        let named = dates.into_iter().filter(|date| match months {
            ..8.0 => true,
            ..22.0 => (date.month() - 1) % 3 == 0,
            _ => date.month() == 1,
        });
        self.spaced(named.map(|date| (date, self.named(date, months))))
    }

    /// Those that leave each other room.
    fn spaced(&self, named: impl Iterator<Item = (Date, String)>) -> Vec<(Date, String)> {
        const CHARACTER: f64 = 7.0;
        let mut kept: Vec<(Date, String)> = Vec::new();
        for (date, name) in named {
            let room = (name.chars().count() + 1) as f64 * CHARACTER;
            let is_far = |(last, _): &(Date, String)| self.x(date) - self.x(*last) >= room;
            if kept.last().is_none_or(is_far) {
                kept.push((date, name));
            }
        }
        kept
    }

    fn named(&self, date: Date, months: f64) -> String {
        let month = usize::from(date.month().unsigned_abs()).saturating_sub(1);
        let month = MONTHS.get(month).copied().unwrap_or_default();
        match months {
            ..4.0 => format!("{} {month}", date.day()),
            ..22.0 => format!("{month} {}", date.year()),
            _ => date.year().to_string(),
        }
    }

    /// Every first of a month within; of few months the fifteenth, too.
    fn month_starts(&self) -> Vec<Date> {
        let few = days(self.first, self.last) < 120.0;
        let mut found = Vec::new();
        let mut at = self.first;
        // A plot is of some years at most: see `ahead`.
        for _ in 0..5_000 {
            if at > self.last {
                break;
            }
            if at.day() == 1 || few && at.day() == 15 {
                found.push(at);
            }
            match at.tomorrow() {
                Ok(next) => at = next,
                Err(_) => break,
            }
        }
        found
    }

    /// Ticks and names below a plot.
    pub(super) fn axis(&self, y: f64) -> Markup {
        html! {
            g.axis {
                line x1=(self.left) x2=(self.right) y1=(y) y2=(y) {}
                @for (date, name) in self.ticks() {
                    @let x = self.x(date);
                    line x1=(x) x2=(x) y1=(y) y2=(y + 5.0) {}
                    text x=(x) y=(y + 19.0) text-anchor="middle" { (name) }
                }
            }
        }
    }
}

fn days(from: Date, to: Date) -> f64 {
    days_signed(from, to).abs()
}

fn days_signed(from: Date, to: Date) -> f64 {
    from.until(to).map_or(0.0, |span| f64::from(span.get_days()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_stands_at_its_share_of_the_width() {
        let scale = Scale::new((date("2026-01-01"), date("2026-01-11")), (0.0, 100.0));
        assert_eq!(
            [
                scale.x(date("2026-01-01")),
                scale.at(5),
                scale.x(date("2026-01-11"))
            ],
            [0.0, 50.0, 100.0]
        );
        assert!(scale.holds(date("2026-01-11")) && !scale.holds(date("2026-01-12")));
        let one = Scale::new((date("2026-01-01"), date("2026-01-01")), (0.0, 100.0));
        assert_eq!(one.at(0), 0.0);
    }

    #[test]
    fn names_are_as_many_as_there_is_room_for() {
        let names = |from, to| {
            let scale = Scale::new((date(from), date(to)), (0.0, 400.0));
            scale
                .ticks()
                .into_iter()
                .map(|(_, name)| name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names("2026-08-31", "2026-10-20"),
            ["1 Sep", "15 Sep", "1 Oct", "15 Oct"]
        );
        assert_eq!(
            names("2026-11-28", "2027-08-28"),
            ["Jan 2027", "Apr 2027", "Jul 2027"]
        );
        assert_eq!(names("2026-11-28", "2029-12-31"), ["2027", "2028", "2029"]);
        let narrow = Scale::new((date("2026-11-28"), date("2028-02-28")), (0.0, 180.0));
        let narrow: Vec<String> = narrow.ticks().into_iter().map(|(_, name)| name).collect();
        assert_eq!(narrow, ["Jan 2027", "Jul 2027", "Jan 2028"]);
    }
}
