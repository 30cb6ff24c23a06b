//! The store of usage figures: whatever holds of one kind of store holds of the other, over a real file and a real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stores;

use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use sluice_gateway::ledger::fact::{Counts, Kind, Who};
use sluice_gateway::ledger::question::{Grain, Known};

use stores::notes::{
    a_message_is_claimed_once, a_sum_that_is_too_large_is_a_fault_and_changes_nothing,
    figures_may_be_marked_as_made_up, gateways_open_an_empty_store_at_once, losses_are_summed,
    odd_text_is_kept, reloads_are_told_newest_first, tables_of_a_newer_release_are_refused,
};
use stores::upgrade::tables_of_version_1_become_those_of_version_2_and_keep_counts;
use stores::{At, DAY, all, batch, consumer, fact, now, retention, row};

/// Each of these holds of both.
macro_rules! both {
    ($($behaviour:ident),* $(,)?) => {
        mod sqlite { $(#[test] fn $behaviour() { super::stores::on_file(super::$behaviour); })* }
        mod postgres { $(#[test] fn $behaviour() { super::stores::on_server(super::$behaviour); })* }
    };
}

both!(
    a_batch_counts_once_in_every_grain,
    gateways_add_to_one_another,
    a_batch_that_is_given_by_two_at_once_counts_once,
    an_add_that_was_cut_off_anywhere_is_given_again,
    a_question_narrows,
    many_facts_are_walked_through,
    who_was_seen_is_told_by_week,
    what_is_too_old_goes,
    large_prunings_go_in_portions,
    odd_text_is_kept,
    a_sum_that_is_too_large_is_a_fault_and_changes_nothing,
    reloads_are_told_newest_first,
    a_message_is_claimed_once,
    figures_may_be_marked_as_made_up,
    losses_are_summed,
    gateways_open_an_empty_store_at_once,
    tables_of_a_newer_release_are_refused,
    tables_of_version_1_become_those_of_version_2_and_keep_counts,
    clients_without_a_credential_are_kept_for_90_days,
);

async fn a_batch_counts_once_in_every_grain(at: At) {
    let store = at.open().await;
    let minute = now().as_second() - 56;
    let given = batch(
        "g",
        1,
        minute,
        vec![row(fact("1.0"), [0, 3, 0, 1, 0], minute + 5)],
    );
    for _ in 0..3 {
        store.add(&given).await.unwrap();
    }
    for grain in [Grain::Minute, Grain::Hour, Grain::Day] {
        let known = store.ask(&all(grain)).await.unwrap();
        let expected = Known {
            fact: fact("1.0"),
            at: 0,
            counts: Counts([0, 3, 0, 1, 0]),
            first_seen: minute + 5,
            last_seen: minute + 5,
        };
        assert_eq!(known, [expected]);
    }
    let mut next = given.clone();
    next.number = 2;
    next.rows[0].last_seen = minute + 50;
    store.add(&next).await.unwrap();
    let known = store.ask(&all(Grain::Day)).await.unwrap();
    assert_eq!(known[0].counts, Counts([0, 6, 0, 2, 0]));
    assert_eq!(
        (known[0].first_seen, known[0].last_seen),
        (minute + 5, minute + 50)
    );
    let reopened = at.open().await;
    assert_eq!(reopened.ask(&all(Grain::Day)).await.unwrap(), known);
}

async fn gateways_add_to_one_another(at: At) {
    const GATEWAYS: u64 = 4;
    const BATCHES: i64 = 12;
    let mut adding = tokio::task::JoinSet::new();
    for gateway in 0..GATEWAYS {
        let store = at.open().await;
        adding.spawn(async move {
            for number in 1..=BATCHES {
                let minute = (now().as_second() - 56) - 60 * (number % 3);
                // The same facts in another order: who locks first must not matter.
                let mut rows: Vec<_> = (0..300)
                    .map(|n| row(consumer("1.0", n), [0, n, 0, 0, 1], minute))
                    .collect();
                rows.rotate_left(75 * gateway as usize);
                store
                    .add(&batch(&format!("g{gateway}"), number, minute, rows))
                    .await
                    .unwrap();
            }
        });
    }
    while let Some(added) = adding.join_next().await {
        added.unwrap();
    }
    let known = at.open().await.ask(&all(Grain::Day)).await.unwrap();
    assert_eq!(known.len(), 300);
    let times = GATEWAYS * BATCHES as u64;
    for known in known {
        let Who::Consumer(name) = &known.fact.who else {
            panic!("{known:?}")
        };
        let n: u64 = name.trim_start_matches("consumer-").parse().unwrap();
        assert_eq!(known.counts, Counts([0, n * times, 0, 0, times]), "{name}");
    }
}

async fn a_batch_that_is_given_by_two_at_once_counts_once(at: At) {
    let (one, other) = (at.open().await, at.open().await);
    for number in 1..=20 {
        let minute = now().as_second() - 56;
        let given = batch(
            "g",
            number,
            minute,
            vec![row(fact("1.0"), [0, 1, 0, 0, 0], minute)],
        );
        let (first, second) = tokio::join!(one.add(&given), other.add(&given));
        first.unwrap();
        second.unwrap();
    }
    assert_eq!(one.ask(&all(Grain::Minute)).await.unwrap()[0].counts.0[1], 20);
}

async fn an_add_that_was_cut_off_anywhere_is_given_again(at: At) {
    let store = at.open().await;
    for number in 1..=60 {
        let minute = now().as_second() - 56;
        let rows = (0..40)
            .map(|n| row(consumer("1.0", n), [0, 1, 0, 0, 0], minute))
            .collect();
        let given = batch("g", number, minute, rows);
        let patience = Duration::from_micros(150 * number as u64);
        let _cut_off = tokio::time::timeout(patience, store.add(&given)).await;
        store.add(&given).await.unwrap();
    }
    let known = store.ask(&all(Grain::Hour)).await.unwrap();
    assert_eq!(known.len(), 40);
    assert!(known.iter().all(|known| known.counts.0[1] == 60), "{known:?}");
}

async fn a_question_narrows(at: At) {
    let store = at.open().await;
    let today = Grain::Day.floor(now().as_second());
    let mut other = fact("1.0");
    other.api = "orders".into();
    let mut refused = fact("2.0");
    (refused.kind, refused.what) = (Kind::Refused, "rate_limited".into());
    let rows = |day: i64| {
        let facts = [
            fact("1.0"),
            fact("2.0"),
            other.clone(),
            refused.clone(),
            consumer("1.0", 1),
        ];
        let rows = facts.into_iter().zip(1..);
        rows.map(|(fact, n)| row(fact, [0, n, 0, 0, 0], day))
            .collect::<Vec<_>>()
    };
    for day in 0..10 {
        let day = today - day * DAY;
        store.add(&batch("g", day, day, rows(day))).await.unwrap();
    }
    let totals = async |question| {
        let known = store.ask(&question).await.unwrap();
        known
            .into_iter()
            .map(|known| known.counts.all())
            .collect::<Vec<_>>()
    };
    let day = all(Grain::Day);
    assert_eq!(
        totals(day.clone()).await,
        [50, 40, 30, 20, 10],
        "the largest first"
    );
    let mut question = day.clone();
    question.most = 2;
    assert_eq!(totals(question).await, [50, 40]);
    let mut question = day.clone();
    question.kinds = &[Kind::Refused, Kind::Failed];
    assert_eq!(totals(question.clone()).await, [40]);
    question.kinds = &[];
    assert!(totals(question).await.is_empty());
    let mut question = day.clone();
    question.api = Some("customers");
    assert_eq!(totals(question.clone()).await, [50, 40, 20, 10]);
    question.version = Some("2.0");
    assert_eq!(totals(question).await, [40, 20]);
    let who = Who::Consumer("consumer-1".into());
    let mut question = day.clone();
    question.who = Some(&who);
    assert_eq!(totals(question).await, [50]);
    // Windows: rounded down where they begin, and without the instant at which they end.
    let mut question = day.clone();
    question.since = Timestamp::from_second(today - 2 * DAY + 4_000).unwrap();
    question.until = Timestamp::from_second(today).unwrap();
    assert_eq!(totals(question.clone()).await, [10, 8, 6, 4, 2], "two days");
    question.until += 1.nanosecond();
    assert_eq!(totals(question.clone()).await, [15, 12, 9, 6, 3], "three");
    question.by_time = true;
    question.most = 6;
    let known = store.ask(&question).await.unwrap();
    let times: Vec<_> = known.iter().map(|known| (today - known.at) / DAY).collect();
    assert_eq!(times, [2, 2, 2, 2, 2, 1], "the earliest first");
    assert_eq!(known[0].counts.all(), 5, "the largest first within a day");
}

async fn many_facts_are_walked_through(at: At) {
    const FACTS: u64 = 3_000;
    let store = at.open().await;
    let today = Grain::Day.floor(now().as_second());
    for (number, day) in [(1, today - 89 * DAY), (2, today)] {
        let facts = (0..FACTS).flat_map(|n| [consumer("1.0", n), consumer("2.0", n)]);
        let rows = facts
            .map(|fact| row(fact, [0, 0, 1, number as u64, 0], day))
            .collect();
        store.add(&batch("g", number, day, rows)).await.unwrap();
    }
    let mut question = all(Grain::Day);
    question.kinds = &[Kind::ByConsumer];
    question.version = Some("2.0");
    let known = store.ask(&question).await.unwrap();
    assert_eq!(known.len() as u64, FACTS);
    for known in &known {
        assert_eq!(
            (&*known.fact.version, known.counts),
            ("2.0", Counts([0, 0, 2, 3, 0]))
        );
        assert_eq!((known.first_seen, known.last_seen), (today - 89 * DAY, today));
    }
    question.by_time = true;
    question.version = None;
    let known = store.ask(&question).await.unwrap();
    assert_eq!(known.len() as u64, 4 * FACTS);
    assert!(known.is_sorted_by_key(|known| known.at));
}

async fn who_was_seen_is_told_by_week(at: At) {
    let store = at.open().await;
    let now = now().as_second();
    let (today, hour) = (Grain::Day.floor(now), Grain::Hour.floor(now));
    // Each a second inside of a window and a second outside.
    let edges = [
        (1, hour - 23 * 3_600, [1, 1, 1]),
        (2, hour - 23 * 3_600 - 60, [0, 1, 1]),
        (3, today - 6 * DAY, [0, 1, 1]),
        (4, today - 6 * DAY - 60, [0, 0, 1]),
        (5, today - 89 * DAY, [0, 0, 1]),
        (6, today - 89 * DAY - 60, [0, 0, 0]),
    ];
    for (n, second, _) in edges {
        let row = row(consumer("1.0", n), [1, 0, 0, 0, 0], second);
        store.add(&batch("g", n as i64, second, vec![row])).await.unwrap();
    }
    let mut busy = consumer("1.0", 7);
    busy.who = Who::Unidentified("192.0.2.0/24 curl".into());
    let rows = vec![
        row(busy.clone(), [1, 2, 3, 4, 5], now),
        row(consumer("2.0", 8), [0, 9, 0, 0, 0], now),
    ];
    store.add(&batch("g", 7, now - 56, rows)).await.unwrap();
    let at = Timestamp::from_second(now).unwrap();
    let (seen, all) = store.seen("customers", "1.0", at, 100, 0).await.unwrap();
    assert_eq!((all, seen.len()), (6, 6));
    assert_eq!(
        (&seen[0].who, seen[0].day, seen[0].week, seen[0].quarter),
        (&busy.who, 15, 15, 15)
    );
    let names: Vec<_> = seen[1..].iter().map(|seen| seen.who.clone()).collect();
    let expected: Vec<_> = (1..=5).map(|n| consumer("", n).who).collect();
    assert_eq!(names, expected, "then who was seen last");
    for (seen, (_, second, counts)) in seen[1..].iter().zip(edges) {
        assert_eq!([seen.day, seen.week, seen.quarter], counts, "{seen:?}");
        assert_eq!((seen.first_seen, seen.last_seen), (second, second));
    }
    let (page, all) = store.seen("customers", "1.0", at, 2, 1).await.unwrap();
    assert_eq!((page.as_slice(), all), (&seen[1..3], 6));
    assert_eq!(
        store.seen("customers", "1.0", at, 2, 6).await.unwrap(),
        (vec![], 6)
    );
    assert_eq!(
        store.seen("customers", "9.0", at, 2, 0).await.unwrap(),
        (vec![], 0)
    );
}

async fn what_is_too_old_goes(at: At) {
    let store = at.open().await;
    let second = now().as_second() - 56;
    for (number, age) in [
        (1, 0),
        (2, 2 * DAY),
        (3, 2 * DAY + 60),
        (4, 91 * DAY),
        (5, 401 * DAY),
    ] {
        let minute = second - age;
        let row = row(consumer("1.0", number as u64), [0, 1, 0, 0, 0], minute);
        store.add(&batch("g", number, minute, vec![row])).await.unwrap();
    }
    let left = async || {
        let grains = [Grain::Minute, Grain::Hour, Grain::Day];
        let mut left = [0; 3];
        for (left, grain) in left.iter_mut().zip(grains) {
            *left = store.ask(&all(grain)).await.unwrap().len();
        }
        left
    };
    assert_eq!(store.prune(now(), &retention(None)).await.unwrap(), 5);
    assert_eq!(left().await, [2, 3, 5], "days are kept for ever");
    assert_eq!(store.prune(now(), &retention(None)).await.unwrap(), 0);
    assert_eq!(
        store.prune(now(), &retention(Some(400))).await.unwrap(),
        2,
        "a row and its fact"
    );
    assert_eq!(left().await, [2, 3, 4]);
    // Long after, nothing is left, not even that a batch was in.
    let later = now() + (20_000 * 24).hours();
    assert_eq!(
        store.prune(later, &retention(Some(400))).await.unwrap(),
        2 + 3 + 4 + 4 + 5
    );
    assert_eq!(left().await, [0, 0, 0]);
}

async fn clients_without_a_credential_are_kept_for_90_days(at: At) {
    const NAMES: u64 = 6_000;
    let store = at.open().await;
    let today = Grain::Day.floor(now().as_second());
    let named = |name: String| {
        let mut fact = consumer("1.0", 0);
        fact.who = Who::Unidentified(name.into());
        fact
    };
    // One that comes every week, more names than go at once on one day, and a consumer that goes on being known.
    for (number, age) in (1..=20).map(|week| (week, week * 7)) {
        let day = today - age * DAY;
        let mut rows = vec![
            row(named("weekly".to_owned()), [0, 1, 0, 0, 0], day),
            row(consumer("1.0", 1), [0, 1, 0, 0, 0], day),
        ];
        if age == 98 {
            rows.extend((0..NAMES).map(|n| row(named(format!("once {n}")), [0, 1, 0, 0, 0], day)));
        }
        store.add(&batch("g", number, day, rows)).await.unwrap();
    }
    let gone = 2 * NAMES + 8;
    let finer = 2 * 8 + NAMES + 2 * 20 + NAMES;
    let pruned = store.prune(now(), &retention(None)).await.unwrap();
    assert_eq!(pruned, gone + finer);
    let known = store.ask(&all(Grain::Day)).await.unwrap();
    let kept: Vec<_> = known
        .iter()
        .map(|known| (&known.fact.who, known.counts.all()))
        .collect();
    let weekly = named("weekly".to_owned()).who;
    assert_eq!(kept, [(&consumer("1.0", 1).who, 20), (&weekly, 12)]);
    assert_eq!(known[1].last_seen, today - 7 * DAY);
    assert!(known[1].first_seen >= today - 90 * DAY, "{known:?}");
    assert_eq!(store.prune(now(), &retention(None)).await.unwrap(), 0);
}

async fn large_prunings_go_in_portions(at: At) {
    const FACTS: u64 = 12_000;
    let store = at.open().await;
    let old = now().as_second() - 56 - 500 * DAY;
    let rows = (0..FACTS)
        .map(|n| row(consumer("1.0", n), [0, 1, 0, 0, 0], old))
        .collect();
    store.add(&batch("g", 1, old, rows)).await.unwrap();
    let minute = now().as_second() - 56;
    let stays = vec![row(consumer("1.0", 5), [0, 1, 0, 0, 0], minute)];
    store.add(&batch("g", 2, minute, stays)).await.unwrap();
    assert_eq!(
        store.prune(now(), &retention(Some(400))).await.unwrap(),
        4 * FACTS - 1
    );
    let known = store.ask(&all(Grain::Day)).await.unwrap();
    assert_eq!(
        (known.len(), known[0].counts.all(), known[0].first_seen),
        (1, 1, old)
    );
}
