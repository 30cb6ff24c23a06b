//! What is lost, and full disks.

#![allow(clippy::unwrap_used)]

use std::fs;

use super::*;
use crate::meters::Meters;

/// A number is kept as a line of its own.
struct Number(u32);

impl Entry for Number {
    fn write(&self, text: &mut String) {
        text.push_str(&format!("{}\n", self.0));
    }

    fn write_lost(_: Timestamp, missing: u64, text: &mut String) {
        text.push_str(&format!("lost {missing}\n"));
    }
}

const HABITS: Habits = Habits {
    name: "the journal",
    thread: "journal",
    waiting: 2,
    gather: Duration::ZERO,
};

fn journal(meters: &Meters) -> Journal<Number> {
    Journal::new(HABITS, Clock::System, meters.counter("lost", "Lost", &[]))
}

fn writer(
    journal: &Journal<Number>,
    waiting: mpsc::Receiver<Message<Number>>,
    opened: Opened,
) -> Writer<Number> {
    Writer {
        waiting,
        log: opened.0.unwrap(),
        lost: Arc::clone(&journal.lost),
        habits: HABITS,
        clock: Clock::System,
    }
}

fn file(directory: &tempfile::TempDir, rotate: usize) -> Opened {
    Opened::at(Some(At::File {
        path: directory.path().join("j"),
        rotate,
        keep: 100,
    }))
    .unwrap()
}

/// A writer that does not come on: every entry beyond the queue is lost, counted, and told in the journal.
#[test]
fn what_is_lost_is_counted_and_told() {
    let directory = tempfile::tempdir().unwrap();
    let meters = Meters::default();
    let journal = journal(&meters);
    let (way, waiting) = mpsc::sync_channel(2);
    journal.way.store(Some(Arc::new(way)));
    (0..5).for_each(|number| journal.keep(|| Number(number)));
    assert_eq!(meters.value("lost", &[]), 3.0);
    journal.way.store(None);
    writer(&journal, waiting, file(&directory, 1000)).write();
    let text = fs::read_to_string(directory.path().join("j")).unwrap();
    assert_eq!(text, "lost 3\n0\n1\n");
    assert_eq!(journal.lost.untold.load(Ordering::Relaxed), 0);
}

/// Where no line follows, what was lost is told all the same.
#[test]
fn what_is_lost_last_is_told_at_a_flush_before_another_log_and_at_the_end() {
    let text = |directory: &tempfile::TempDir| fs::read_to_string(directory.path().join("j")).unwrap();
    let [flushed, left, ended] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let begin = |directory: &tempfile::TempDir| {
        let journal = journal(&Meters::default());
        journal.lost.add(3);
        let (way, waiting) = mpsc::sync_channel(8);
        (way, writer(&journal, waiting, file(directory, 1000)))
    };

    let (way, writer) = begin(&flushed);
    let thread = std::thread::spawn(move || writer.write());
    let (done, told) = mpsc::sync_channel(1);
    way.send(Message::Flush(done)).unwrap();
    told.recv().unwrap();
    assert_eq!(text(&flushed), "lost 3\n");
    drop(way);
    thread.join().unwrap();

    let (way, writer) = begin(&left);
    way.send(Message::Reopen(Log::Stdout)).unwrap();
    drop(way);
    writer.write();
    assert_eq!(text(&left), "lost 3\n");

    let (way, writer) = begin(&ended);
    drop(way);
    writer.write();
    assert_eq!(text(&ended), "lost 3\n");
}

/// `/dev/full` refuses every byte, as a disk that is full does.
#[test]
fn a_full_disk_costs_entries_and_nothing_else() {
    let meters = Meters::default();
    let journal = journal(&meters);
    let (way, waiting) = mpsc::sync_channel(8);
    (0..3).for_each(|number| way.send(Message::Entry(Number(number))).unwrap());
    drop(way);
    writer(&journal, waiting, Opened::full().unwrap()).write();
    assert_eq!(meters.value("lost", &[]), 3.0);
    assert_eq!(journal.lost.untold.load(Ordering::Relaxed), 3);
}

/// Lines are written as many at once; each file ends where one more would be too much, and no line is torn.
#[test]
fn many_lines_at_once_are_put_into_as_many_files_as_they_need() {
    let directory = tempfile::tempdir().unwrap();
    let journal = journal(&Meters::default());
    let (way, waiting) = mpsc::sync_channel(200);
    (1000..1100).for_each(|number| way.send(Message::Entry(Number(number))).unwrap());
    drop(way);
    // Three lines of five bytes each.
    writer(&journal, waiting, file(&directory, 17)).write();
    let at = |number: usize| match number {
        0 => directory.path().join("j"),
        number => directory.path().join(format!("j.{number}")),
    };
    let texts: Vec<String> = (0..=33)
        .rev()
        .map(|number| fs::read_to_string(at(number)).unwrap())
        .collect();
    assert!(
        texts.iter().all(|text| text.len() <= 15 && text.ends_with('\n')),
        "{texts:?}"
    );
    let all: Vec<u32> = texts.concat().lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(all, (1000..1100).collect::<Vec<_>>());
}
