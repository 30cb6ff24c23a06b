//! 90 days of made-up traffic for `sluice demo`, so that there is something to see at once. Always the same for the same time;
//! only the demo fills a ledger with it, and marks it.
//!
//! ```text
//! cast.rs       who used which version, and how much: the stories
//! calendar.rs   the 90 days in slots, and how busy an hour is
//! troubles.rs   what went wrong
//! members.rs    which members exchanges carry, found by the plan's own lineage
//! times.rs      how long exchanges took
//! play.rs tally.rs   one use, slot by slot      book.rs sums.rs   a slot's facts as a batch
//! reloads.rs    the change log
//! chance.rs     numbers from a fixed seed
//! ```

mod book;
mod calendar;
mod cast;
mod chance;
mod members;
mod play;
mod reloads;
mod sums;
mod tally;
#[cfg(test)]
mod tests;
mod times;
mod troubles;

use std::collections::BTreeMap;

use jiff::Timestamp;
use sluice_config::plan::{ApiPlan, Plan};

use crate::ledger::batch::Batch;
use crate::ledger::fact::Who;
use crate::ledger::store::{Store, StoreFault};
use book::Book;
use calendar::Calendar;
use chance::Chance;
use members::Members;
use play::{Asked, Player, Scene, Turn};
use troubles::Troubles;

/// The API that the history is of.
const API: &str = "customers";

/// Fills a store with the 90 days that end at this time, and marks it: whatever shows these figures says that they are made up.
///
/// # Errors
/// The store does not take them.
pub async fn fill(store: &Store, plan: &Plan, now: Timestamp) -> Result<(), StoreFault> {
    store.mark_demo().await?;
    for batch in batches(plan, now) {
        store.add(&batch).await?;
    }
    for reload in reloads::reloads(Calendar::until(now)) {
        store.tell_reload(&reload).await?;
    }
    Ok(())
}

/// The batches of the 90 days that end at this time, the first first; none for another configuration than the example.
pub fn batches(plan: &Plan, now: Timestamp) -> Vec<Batch> {
    let Some(api) = plan.apis.iter().find(|api| api.name == API) else {
        return Vec::new();
    };
    let calendar = Calendar::until(now);
    let troubles = Troubles::of(calendar);
    let scene = Scene {
        api,
        calendar,
        troubles: &troubles,
    };
    let mut players = players(plan, api);
    let mut book = Book::new(&api.name);
    let slots = calendar.slots().into_iter();
    let batches = slots.zip(1..).map(|(slot, number)| {
        let mut turn = Turn {
            scene: &scene,
            slot,
            book: &mut book,
            chance: Chance::at(slot.from),
        };
        for player in &mut players {
            player.play(&mut turn);
        }
        knocks(&mut turn);
        book.batch(number, slot.minute(), slot.to - 1)
    });
    batches.filter(|batch| !batch.rows.is_empty()).collect()
}

/// Everybody who uses a version that the plan has.
fn players(plan: &Plan, api: &ApiPlan) -> Vec<Player> {
    let versions = api.versions.iter().map(|version| version.name.as_str());
    let met: BTreeMap<&str, Members> = versions.map(|name| (name, members::of(api, name))).collect();
    let players = cast::USES
        .iter()
        .filter_map(|one| Player::of(plan, api, one, met.get(one.version)?));
    players.collect()
}

/// Requests that are refused at the door, of clients that do nothing else.
fn knocks(turn: &mut Turn<'_>) {
    for knock in &turn.scene.troubles.knocks {
        let times = turn.chance.about(knock.expected(turn.slot));
        let asked = Asked {
            version: &knock.version.into(),
            who: &Who::Unidentified(knock.who.into()),
            chosen_by: &"path".into(),
            operation: &"".into(),
        };
        asked.turned_away(knock.kind, times, turn.book);
    }
}
