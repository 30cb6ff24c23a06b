//! The reloads of the history: what explains the figures.

use jiff::Timestamp;

use super::book::GATEWAY;
use super::calendar::Calendar;
use super::chance::Chance;
use super::troubles::Moments;
use crate::ledger::store::ReloadRecord;

const HOUR: i64 = 3_600;
const MINUTE: i64 = 60;

/// What became of a reload.
const PUBLISHED: &str = "published";
const REFUSED: &str = "refused";
/// What caused it.
const FILES: &str = "file change";
const SIGNAL: &str = "SIGHUP";

/// Every reload, the first first.
pub(super) fn reloads(calendar: Calendar) -> Vec<ReloadRecord> {
    let moments = Moments::of(calendar);
    // Versions whose chain has the change 2.0..2.1.
    let mapping =
        ["1.0", "1.1", "1.2", "2.0"].map(|version| format!("API customers: version {version} changed"));
    let one = |text: &str| vec![text.to_owned()];
    let told = [
        (
            calendar.ago(64, 7, 30),
            "startup",
            PUBLISHED,
            one("the first edition"),
        ),
        // Its tokens name it from now on: it may move to 3.2.
        (
            calendar.ago(42, 9, 12),
            FILES,
            PUBLISHED,
            one("consumer acme changed"),
        ),
        (
            moments.trial.0,
            FILES,
            PUBLISHED,
            one("API customers: lifecycle changed"),
        ),
        (
            moments.trial.1,
            FILES,
            PUBLISHED,
            one("API customers: lifecycle changed"),
        ),
        (moments.mapping.0, FILES, PUBLISHED, mapping.to_vec()),
        (
            moments.mapping.1 - 22 * MINUTE,
            FILES,
            REFUSED,
            one("SLU0041 in apis/customers/changes/2.0-2.1.yaml"),
        ),
        (moments.mapping.1, FILES, PUBLISHED, mapping.to_vec()),
        (
            calendar.end - 26 * HOUR,
            SIGNAL,
            PUBLISHED,
            one("API customers: limits changed"),
        ),
        (
            moments.closed,
            FILES,
            PUBLISHED,
            one("API customers: authentication changed"),
        ),
        (
            moments.surge.1 + 2 * HOUR,
            SIGNAL,
            PUBLISHED,
            one("API customers: limits changed"),
        ),
        // The old key is out of use.
        (moments.rotated.0, FILES, PUBLISHED, one("consumer acme changed")),
    ];
    let mut generation = 0;
    let mut hash = String::new();
    let records = told.into_iter().filter_map(|(second, why, outcome, changes)| {
        if outcome == PUBLISHED {
            generation += 1;
            hash = hash_of(second);
        }
        Some(ReloadRecord {
            at: Timestamp::from_second(second).ok()?,
            gateway: GATEWAY.to_owned(),
            generation,
            hash: hash.clone(),
            why: why.to_owned(),
            outcome: outcome.to_owned(),
            changes,
        })
    });
    records.collect()
}

/// What looks like the hash of a plan.
fn hash_of(second: i64) -> String {
    let mut chance = Chance::at(second);
    (0..32).map(|_| format!("{:02x}", chance.below(256))).collect()
}
