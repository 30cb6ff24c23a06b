//! A store that is filled.

use std::time::Duration;

use jiff::Timestamp;
use sluice_config::Span;
use sluice_config::plan::{NamedFile, Place, Retention, UsagePlan, UsageStore};

use super::{calendar, now, plan, versions};
use crate::demo::history::calendar::DAYS;
use crate::demo::history::fill;
use crate::ledger::fact::{Kind, Who};
use crate::ledger::question::{Grain, Question};
use crate::ledger::store::Store;

/// What a store says after it was filled is what the batches say.
#[tokio::test]
async fn a_store_is_filled_and_marked() {
    let directory = tempfile::tempdir().unwrap();
    let place = Place {
        file: "sluice.yaml".to_owned(),
        span: Span::START,
    };
    let usage = UsagePlan {
        store: UsageStore::Sqlite(NamedFile {
            path: directory.path().join("usage.sqlite"),
            place: place.clone(),
        }),
        flush: Duration::from_secs(10),
        keys: 400_000,
        unidentified: 1_000,
        retention: Retention {
            minutes: Duration::from_secs(48 * 3_600),
            hours: Duration::from_secs(90 * 86_400),
            days: None,
        },
        place,
    };
    let store = Store::open(&usage, None).await.unwrap();
    assert!(!store.is_demo().await.unwrap());
    fill(&store, &plan(), now()).await.unwrap();
    assert!(store.is_demo().await.unwrap());
    for (grain, days) in [
        (Grain::Day, (DAYS, -1)),
        (Grain::Hour, (7, 0)),
        (Grain::Minute, (1, 0)),
    ] {
        let question = Question {
            kinds: &[Kind::ByVersion],
            api: Some("customers"),
            version: Some("3.3"),
            who: None,
            grain,
            since: Timestamp::from_second(calendar().ago(days.0, 0, 0)).unwrap(),
            until: Timestamp::from_second(calendar().ago(days.1, 0, 0)).unwrap(),
            by_time: false,
            most: 10,
        };
        let known: u64 = store
            .ask(&question)
            .await
            .unwrap()
            .iter()
            .map(|known| known.counts.all())
            .sum();
        assert_eq!(known, versions(days, "3.3"), "{grain:?}");
    }
    let (seen, all) = store.seen("customers", "1.0", now(), 10, 0).await.unwrap();
    let names: Vec<&Who> = seen.iter().map(|seen| &seen.who).collect();
    assert_eq!(all, 3, "{names:?}");
    assert_eq!(store.reloads(100).await.unwrap().len(), 11);
}
