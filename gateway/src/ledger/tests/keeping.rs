//! Where counts go when a reload names another store, or none.

use std::path::Path;

use jiff::Timestamp;
use sluice_config::Span;
use sluice_config::plan::{NamedFile, Place, Retention, UsagePlan, UsageStore};

use super::*;
use crate::background::Background;
use crate::clock::Clock;
use crate::ledger::question::{Grain, Question};
use crate::ledger::store::Store;
use crate::ledger::{Ledger, Metering};

/// A plan that names a store in that line of a file.
fn plan(path: &Path, line: usize) -> UsagePlan {
    let place = Place {
        file: "sluice.yaml".to_owned(),
        span: Span { line, ..Span::START },
    };
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    UsagePlan {
        store: UsageStore::Sqlite(NamedFile {
            path: path.to_owned(),
            place: place.clone(),
        }),
        flush: Duration::from_secs(60),
        keys: 1_000,
        unidentified: 100,
        retention: Retention {
            minutes: hours(48),
            hours: hours(90 * 24),
            days: None,
        },
        place,
    }
}

fn count(ledger: &Ledger, exchanges: usize) {
    let (shard, names) = (ledger.shard().unwrap(), names());
    for _ in 0..exchanges {
        shard.count(&names, told(0, 0, Some(1), 200));
    }
}

/// How many requests a store knows.
async fn requests(store: &Store) -> u64 {
    let question = Question {
        kinds: &[Kind::Request],
        api: None,
        version: None,
        who: None,
        grain: Grain::Day,
        since: Timestamp::UNIX_EPOCH,
        until: Timestamp::MAX,
        by_time: false,
        most: 100,
    };
    let known = store.ask(&question).await.unwrap();
    known.iter().map(|known| known.counts.all()).sum()
}

#[test]
fn what_a_store_did_not_take_waits_for_it_and_is_lost_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let background = Background::start().unwrap();
    let ledger = Ledger::start(Clock::System, &background, Metering::Kept);
    // A directory is no store: it is as good as one that is down.
    ledger.adopt(Some(&plan(directory.path(), 1)), None);
    count(&ledger, 3);
    assert!(!ledger.flush());
    // The same store in another line is the same store.
    ledger.adopt(Some(&plan(directory.path(), 9)), None);
    assert!(!ledger.flush());
    let state = ledger.state();
    assert!(state.waiting > 0 && state.lost == 0, "{state:?}");
    ledger.adopt(Some(&plan(&directory.path().join("usage.sqlite"), 9)), None);
    count(&ledger, 2);
    assert!(ledger.flush());
    let state = ledger.state();
    assert_eq!((state.waiting, state.lost, state.kept), (0, 3, true));
    let store = ledger.store().unwrap();
    let told = background
        .handle()
        .block_on(async { (requests(&store).await, store.lost().await.unwrap()) });
    assert_eq!(told, (2, 3));
}

#[test]
fn where_nothing_is_kept_any_more_the_last_counts_still_are() {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan(&directory.path().join("usage.sqlite"), 1);
    let background = Background::start().unwrap();
    let ledger = Ledger::start(Clock::System, &background, Metering::Kept);
    ledger.adopt(Some(&plan), None);
    assert!(ledger.flush());
    count(&ledger, 3);
    ledger.adopt(None, None);
    assert!(ledger.flush());
    count(&ledger, 2);
    assert!(ledger.flush());
    let state = ledger.state();
    assert_eq!((state.waiting, state.lost, state.kept), (0, 0, false));
    let kept = background.handle().block_on(async {
        let store = Store::open(&plan, None).await.unwrap();
        requests(&store).await
    });
    assert_eq!(kept, 3);
}
