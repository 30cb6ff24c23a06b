//! What else a store keeps, and what it does with what is odd: of both kinds.

use jiff::Timestamp;
use sluice_gateway::ledger::batch::Batch;
use sluice_gateway::ledger::fact::Fact;
use sluice_gateway::ledger::question::Grain;
use sluice_gateway::ledger::store::{ReloadRecord, Store, StoreFault};

use super::{At, all, batch, fact, now, retention, row};

pub async fn a_sum_that_is_too_large_is_a_fault_and_changes_nothing(at: At) {
    let store = at.open().await;
    let minute = now().as_second() - 56;
    let give = |number, count| {
        batch(
            "g",
            number,
            minute,
            vec![row(fact("1.0"), [0, count, 0, 0, 0], minute)],
        )
    };
    store.add(&give(1, i64::MAX as u64 - 1)).await.unwrap();
    for count in [2, u64::MAX] {
        let fault = store.add(&give(2, count)).await.unwrap_err();
        assert!(matches!(fault, StoreFault::Overflow(_)), "{fault:?}");
    }
    store.add(&give(2, 1)).await.unwrap();
    assert_eq!(
        store.ask(&all(Grain::Hour)).await.unwrap()[0].counts.0[1],
        i64::MAX as u64
    );
}

pub async fn reloads_are_told_newest_first(at: At) {
    let store = at.open().await;
    let record = |n: i64| ReloadRecord {
        at: Timestamp::from_microsecond(n * 1_000_001).unwrap(),
        gateway: "g".to_owned(),
        generation: n as u64,
        hash: format!("{n:064}"),
        why: "a file changed".to_owned(),
        outcome: "published".to_owned(),
        changes: vec![
            "+ apis/customers: \"quoted\"".to_owned(),
            String::new(),
            "nul \u{fffd}".to_owned(),
        ],
    };
    for n in [2, 1, 3, 3] {
        store.tell_reload(&record(n)).await.unwrap();
    }
    assert_eq!(store.reloads(9).await.unwrap(), [record(3), record(2), record(1)]);
    assert_eq!(store.reloads(1).await.unwrap(), [record(3)]);
    for n in 4..=1_010 {
        store.tell_reload(&record(n)).await.unwrap();
    }
    assert_eq!(store.prune(now(), &retention(None)).await.unwrap(), 10);
    assert_eq!(store.reloads(u32::MAX).await.unwrap().len(), 1_000);
}

pub async fn a_message_is_claimed_once(at: At) {
    let stores = [at.open().await, at.open().await, at.open().await];
    let claim = async |message: &str| {
        let [a, b, c] = stores.each_ref().map(|store| store.claim(message, now()));
        let (a, b, c) = tokio::join!(a, b, c);
        [a, b, c]
            .map(|claimed| usize::from(claimed.unwrap()))
            .iter()
            .sum::<usize>()
    };
    for message in ["sunset 30 acme 1.0", "sunset 7 acme 1.0"] {
        assert_eq!(claim(message).await, 1);
        assert_eq!(claim(message).await, 0);
    }
    stores[2].release("sunset 7 acme 1.0").await.unwrap();
    assert_eq!(claim("sunset 7 acme 1.0").await, 1);
    assert_eq!(claim("sunset 30 acme 1.0").await, 0);
}

pub async fn figures_may_be_marked_as_made_up(at: At) {
    let store = at.open().await;
    assert!(!store.is_demo().await.unwrap());
    for _ in 0..2 {
        store.mark_demo().await.unwrap();
        assert!(at.open().await.is_demo().await.unwrap());
    }
}

pub async fn losses_are_summed(at: At) {
    let store = at.open().await;
    assert_eq!(store.lost().await.unwrap(), 0);
    for (gateway, number, lost) in [("a", 1, 5), ("a", 2, 0), ("a", 3, 7), ("b", 1, 30), ("b", 1, 30)] {
        let lossy = Batch {
            lost,
            ..batch(gateway, number, now().as_second() - 56, vec![])
        };
        store.add(&lossy).await.unwrap();
    }
    assert_eq!(store.lost().await.unwrap(), 42);
}

pub async fn gateways_open_an_empty_store_at_once(at: At) {
    let mut opening = tokio::task::JoinSet::new();
    for number in 1..=8 {
        let plan = at.plan.clone();
        opening.spawn(async move {
            let store = Store::open(&plan, None).await.unwrap();
            let minute = now().as_second() - 56;
            let given = batch(
                "g",
                number,
                minute,
                vec![row(fact("1.0"), [0, 1, 0, 0, 0], minute)],
            );
            store.add(&given).await.unwrap();
        });
    }
    while let Some(opened) = opening.join_next().await {
        opened.unwrap();
    }
    let known = at.open().await.ask(&all(Grain::Day)).await.unwrap();
    assert_eq!(known[0].counts.all(), 8);
}

pub async fn tables_of_a_newer_release_are_refused(at: At) {
    drop(at.open().await);
    at.sql("UPDATE sluice_marks SET value = 3 WHERE name = 'schema'")
        .await;
    let fault = Store::open(&at.plan, None).await.unwrap_err();
    assert_eq!(fault, StoreFault::Newer { found: 3, known: 2 });
    assert!(fault.to_string().contains("newer release"), "{fault}");
}

pub async fn odd_text_is_kept(at: At) {
    let store = at.open().await;
    let minute = now().as_second() - 56;
    let long = "/x".repeat(4_000);
    let texts = [
        "",
        "'; DROP TABLE sluice_facts; --",
        "Ünïcode ☃ \u{1f980}",
        "{1,2}",
        "[\"a\\\"]",
        "nul \0 inside",
        &long,
    ];
    let facts = texts.map(|text| Fact {
        what: text.into(),
        ..fact("1.0")
    });
    let rows = facts
        .iter()
        .map(|fact| row(fact.clone(), [0, 1, 0, 0, 0], minute))
        .collect();
    store.add(&batch("gate'way \0", 1, minute, rows)).await.unwrap();
    let mut kept: Vec<_> = store.ask(&all(Grain::Day)).await.unwrap();
    kept.sort_by(|a, b| a.fact.what.cmp(&b.fact.what));
    let kept: Vec<String> = kept.iter().map(|known| known.fact.what.to_string()).collect();
    let mut expected = texts.map(|text| {
        text.replace('\0', "\u{fffd}")
            .chars()
            .take(1024)
            .collect::<String>()
    });
    expected.sort();
    assert_eq!(kept, expected);
    // Two that are one once they are cut off count together.
    let facts = ["a", "b"].map(|end| Fact {
        what: format!("{long}{end}").into(),
        ..fact("3.0")
    });
    let rows = facts.map(|fact| row(fact, [0, 1, 0, 0, 0], minute)).to_vec();
    store.add(&batch("g", 1, minute, rows)).await.unwrap();
    let mut question = all(Grain::Day);
    question.version = Some("3.0");
    let known = store.ask(&question).await.unwrap();
    assert_eq!((known.len(), known[0].counts.all()), (1, 2));
}
