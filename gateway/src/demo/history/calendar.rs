//! The time of the history: 90 days up to now, in slots that are finer the nearer they are.
//!
//! A slot becomes one batch, in a minute of its own. Figures of 90 and of 7 days are asked for by the day, those of 24 hours by the
//! hour: what nobody looks at is not told apart, so that the history is small.

use jiff::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// How many days there are, the one at hand included.
pub(super) const DAYS: i64 = 90;
/// How many of the last days are told by the quarter of a day.
const QUARTERED: i64 = 8;
/// How much of the end is told by the hour, and how much of that by five minutes.
const FINE: i64 = 48 * HOUR;
const FINEST: i64 = HOUR;

/// A part of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// Its first second.
    pub(super) from: i64,
    /// The first second after it.
    pub(super) to: i64,
    /// Whether what is not asked for so often is told with it: members, translations, times.
    pub(super) whole: bool,
}

impl Slot {
    /// How long it is, in seconds.
    pub(super) fn seconds(self) -> i64 {
        self.to - self.from
    }

    /// The minute that its batch is of, by its first second.
    pub(super) fn minute(self) -> i64 {
        let middle = self.from + self.seconds() / 2;
        middle - middle.rem_euclid(MINUTE)
    }

    /// How many of its seconds lie between two instants.
    pub(super) fn within(self, from: i64, to: i64) -> i64 {
        (self.to.min(to) - self.from.max(from)).max(0)
    }
}

/// Three instants that everything is reckoned by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    /// The first second of the history.
    pub(super) begin: i64,
    /// The first second of the day at hand.
    pub(super) today: i64,
    /// The first second of the minute at hand: the history ends before it.
    pub(super) end: i64,
}

impl Calendar {
    /// The 90 days that end at this time.
    pub(super) fn until(now: Timestamp) -> Self {
        let now = now.as_second();
        let today = now - now.rem_euclid(DAY);
        Self {
            begin: today - (DAYS - 1) * DAY,
            today,
            end: now - now.rem_euclid(MINUTE),
        }
    }

    /// So many days before the one at hand, at this time of the day.
    pub(super) fn ago(self, days: i64, hour: i64, minute: i64) -> i64 {
        self.today - days * DAY + hour * HOUR + minute * MINUTE
    }

    /// The hundredths of a day since the beginning.
    pub(super) fn elapsed(self, second: i64) -> i64 {
        (second - self.begin) * 100 / DAY
    }

    /// Every slot, the first first, without a gap.
    pub(super) fn slots(self) -> Vec<Slot> {
        let mut slots = Vec::new();
        let mut from = self.begin;
        while from < self.end {
            let step = self.step(from);
            // Slots of one length end at multiples of it.
            let to = (from - from.rem_euclid(step) + step).min(self.end);
            let whole = self.tells_all(to, step) || to == self.end;
            slots.push(Slot { from, to, whole });
            from = to;
        }
        slots
    }

    /// How long the slot is that begins here.
    fn step(self, from: i64) -> i64 {
        let hour = self.end - self.end.rem_euclid(HOUR);
        match from {
            _ if from >= hour - FINEST => 5 * MINUTE,
            _ if from >= hour - FINE => HOUR,
            _ if from >= self.quartered() => 6 * HOUR,
            _ => DAY,
        }
    }

    fn quartered(self) -> i64 {
        self.today - (QUARTERED - 1) * DAY
    }

    /// Whether the slot that ends here tells all: every eighth day, twice a day, every hour.
    fn tells_all(self, to: i64, step: i64) -> bool {
        let every = match step {
            DAY => 8 * DAY,
            HOUR => 12 * HOUR,
            step if step < HOUR => HOUR,
            _ => 2 * DAY,
        };
        to.rem_euclid(every) == 0 || to == self.quartered()
    }
}

/// How busy clients are in an hour of the week (UTC), in thousandths of the mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// People at work, in Europe.
    Office,
    /// People at work, in America.
    Overseas,
    /// Jobs at night, and little in between.
    Nightly,
    /// A machine that asks at all times.
    Steady,
}

#[rustfmt::skip] // A row is a day.
const HOURS: [[i64; 24]; 4] = [
    [300, 250, 240, 240, 260, 380, 700, 1200, 1750, 1880, 1850, 1760, 1500, 1650, 1800, 1750, 1550, 1300, 950, 750, 620, 520, 440, 360],
    [720, 560, 450, 360, 300, 260, 250, 250, 270, 320, 430, 660, 1050, 1600, 1900, 2000, 1950, 1700, 1800, 1850, 1750, 1520, 1150, 900],
    [2420, 3100, 2900, 2300, 1700, 900, 500, 450, 600, 650, 620, 600, 560, 600, 620, 600, 560, 500, 420, 400, 400, 500, 800, 1300],
    [1000; 24],
];
/// From Monday on.
const DAYS_OF_WEEK: [[i64; 7]; 4] = [
    [1200, 1270, 1280, 1250, 1130, 470, 400],
    [1160, 1240, 1260, 1240, 1140, 520, 440],
    [1020, 1040, 1040, 1040, 1030, 930, 900],
    [1000; 7],
];

impl Rhythm {
    /// How much of a mean hour falls into a slot, in thousandths.
    pub(super) fn hours(self, slot: Slot) -> u64 {
        let first = slot.from - slot.from.rem_euclid(HOUR);
        let hours = (first..slot.to).step_by(HOUR as usize);
        let busy = hours.map(|hour| slot.within(hour, hour + HOUR) * self.busy(hour));
        (busy.sum::<i64>() / HOUR).unsigned_abs()
    }

    fn busy(self, hour: i64) -> i64 {
        let of_day = hour.rem_euclid(DAY) / HOUR;
        // The first of January 1970 was a Thursday.
        let weekday = (hour.div_euclid(DAY) + 3).rem_euclid(7);
        let row = self as usize;
        HOURS[row][of_day as usize] * DAYS_OF_WEEK[row][weekday as usize] / 1_000
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_history_has_no_gap_and_ends_before_this_minute() {
        for now in [
            "2026-11-28T04:20:31Z",
            "2026-11-28T00:00:05Z",
            "2027-03-01T23:59:59Z",
        ] {
            let now: Timestamp = now.parse().unwrap();
            let calendar = Calendar::until(now);
            let slots = calendar.slots();
            assert_eq!(slots[0].from, calendar.begin);
            assert!(slots.windows(2).all(|pair| pair[0].to == pair[1].from));
            assert!(
                slots.windows(2).all(|pair| pair[0].minute() < pair[1].minute()),
                "a batch has a minute of its own"
            );
            let last = slots.last().unwrap();
            assert!(last.to <= now.as_second() && now.as_second() - last.to < 60);
            assert!(last.whole, "nothing is left over");
            assert!(slots.len() < 250, "{}", slots.len());
        }
    }

    #[test]
    fn every_rhythm_is_a_mean_week() {
        let monday = Calendar::until("2026-11-23T00:00:00Z".parse().unwrap()).today;
        for rhythm in [Rhythm::Office, Rhythm::Overseas, Rhythm::Nightly, Rhythm::Steady] {
            let week = Slot {
                from: monday,
                to: monday + 7 * DAY,
                whole: true,
            };
            let hours = rhythm.hours(week);
            assert!(
                (167_800..=168_000).contains(&hours),
                "{rhythm:?}: {hours} thousandths of 168 hours"
            );
        }
    }

    #[test]
    fn a_part_of_an_hour_is_a_part_of_what_happens_in_it() {
        let slot = |from, to| Slot {
            from,
            to,
            whole: false,
        };
        assert_eq!(Rhythm::Steady.hours(slot(0, 3_600)), 1_000);
        assert_eq!(Rhythm::Steady.hours(slot(600, 1_200)), 166);
        assert_eq!(slot(0, 100).within(50, 200), 50);
        assert_eq!(slot(0, 100).within(200, 300), 0);
    }
}
