//! What is bounded beside the table of a core: names of a day, a minute of all cores, what is told as lost.

use super::*;

/// Exchanges of clients without a credential, one of each network.
fn unknown(shard: &Shard, names: &Arc<Names>, networks: std::ops::Range<u16>) {
    for network in networks {
        let [high, low] = network.to_be_bytes();
        let client = Unknown {
            address: Some([10, high, low, 1].into()),
            agent: None,
        };
        shard.count(
            names,
            Told {
                client,
                ..told(0, 0, None, 200)
            },
        );
    }
}

fn named(facts: &BTreeMap<Fact, Counts>) -> usize {
    let names = facts.keys().filter_map(|fact| match &fact.who {
        Who::Unidentified(name) => Some(name),
        _ => None,
    });
    names.collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn so_many_names_a_day_are_told_apart_however_often_they_are_flushed() {
    let bounds = Bounds {
        unidentified: 10,
        ..ROOM
    };
    let (shard, names, mut pending) = (Shard::new(bounds), names(), Pending::default());
    for day in 0..2 {
        let mut kept = BTreeMap::<Fact, Counts>::new();
        for flush in 0..6 {
            unknown(&shard, &names, flush * 8..flush * 8 + 8);
            flushed(&shard, &mut pending, day * 86_400 + i64::from(flush) * 20, bounds);
            for (fact, counts) in all(&mut pending).0 {
                kept.entry(fact).or_default().add(&counts);
            }
        }
        assert_eq!((named(&kept), of(&kept, Kind::Request)), (10, 48));
    }
}

#[test]
fn a_minute_of_many_cores_is_bounded() {
    let bounds = Bounds {
        keys: 500,
        unidentified: 100_000,
    };
    let (names, mut pending) = (names(), Pending::default());
    for core in 0..8 {
        let shard = Shard::new(bounds);
        unknown(&shard, &names, core * 400..core * 400 + 400);
        flushed(&shard, &mut pending, 0, bounds);
    }
    // The bound, and what has a place in any case: `other` and sums.
    assert!(pending.rows() <= 500 + 20, "{}", pending.rows());
    let (facts, _) = all(&mut pending);
    assert_eq!((of(&facts, Kind::Request), pending.lost), (3_200, 0));
    assert_eq!(of(&facts, Kind::ByConsumer), 3_200);
    assert_eq!(of(&facts, Kind::ByVersion), 3_200);
}

#[test]
fn of_a_minute_that_was_sent_in_part_what_was_not_sent_is_lost() {
    let bounds = Bounds {
        keys: 100_000,
        unidentified: 100_000,
    };
    let (shard, names, mut pending) = (Shard::new(bounds), names(), Pending::default());
    unknown(&shard, &names, 0..9_000);
    flushed(&shard, &mut pending, 0, bounds);
    let requests = |batch: &Batch| {
        let requests = batch.rows.iter().filter(|row| row.fact.kind == Kind::Request);
        requests.map(|row| row.counts.all()).sum::<u64>()
    };
    let sent = pending.next("g").unwrap();
    pending.acknowledge(sent.number);
    // Whether this one arrived is unknown.
    assert!(pending.next("g").is_some());
    assert_eq!(pending.clear() + requests(&sent), 9_000);
    assert_eq!((pending.lost, pending.rows()), (9_000 - requests(&sent), 0));
}
