//! `usage` of `sluice.yaml` → where it is kept who used what.

use std::time::Duration;

use super::{between, file_to_write, place, secrets};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Retention, Secret, UsagePlan, UsageStore};
use crate::raw::{RawRetention, RawUsage, RawUsageStore};
use crate::yaml::Tree;

/// How often figures may go to the store: a minute is a whole number of each.
const FLUSHES: [u64; 8] = [1, 2, 5, 10, 15, 20, 30, 60];
const STORE: &str = "/usage/store";

/// Judges the settings.
pub(super) fn build(tree: &Tree, raw: &RawUsage, faults: &mut Vec<Diagnostic>) -> Option<UsagePlan> {
    let store = store(tree, &raw.store, faults);
    let flush = flush(tree, &raw.flush, faults);
    let retention = retention(tree, &raw.retention, faults);
    Some(UsagePlan {
        store: store?,
        flush: flush?,
        keys: raw.keys,
        unidentified: raw.unidentified,
        retention: retention?,
        place: place(tree, "/usage"),
    })
}

fn store(tree: &Tree, raw: &RawUsageStore, faults: &mut Vec<Diagnostic>) -> Option<UsageStore> {
    if let Some(path) = &raw.sqlite {
        return file_to_write(tree, &format!("{STORE}/sqlite"), path, faults).map(UsageStore::Sqlite);
    }
    if let Some(path) = &raw.postgres_file {
        let secret = secrets::file(tree, &format!("{STORE}/postgres_file"), path);
        return Some(UsageStore::Postgres(secret));
    }
    let at = format!("{STORE}/postgres");
    let address = raw.postgres.as_deref()?;
    if let Some(fault) = address_fault(tree, &at, address) {
        faults.push(fault);
        return None;
    }
    let secret = Secret::Value(address.into(), place(tree, &at));
    Some(UsageStore::Postgres(secret))
}

/// What is wrong with a server's address. It is never shown: it may hold a password.
fn address_fault(tree: &Tree, at: &str, address: &str) -> Option<Diagnostic> {
    let rest = ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme));
    if secrets::is_password_written(tree, at, address) {
        return Some(secrets::written(tree, at));
    }
    if rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace)) {
        return None;
    }
    let fault = tree.fault(
        Code::BadAddress,
        at,
        "this is not the address of a PostgreSQL server",
    );
    let hint =
        "write `postgres://user@host:5432/database`, or `\"${USAGE_DATABASE}\"` where it has a password";
    Some(fault.hint(hint))
}

fn flush(tree: &Tree, text: &str, faults: &mut Vec<Diagnostic>) -> Option<Duration> {
    let at = "/usage/flush";
    let flush = super::duration(tree, at, text, faults)?;
    if FLUSHES
        .iter()
        .any(|seconds| Duration::from_secs(*seconds) == flush)
    {
        return Some(flush);
    }
    let message = format!("a minute is no whole number of `{}`", tree.shown(at));
    let hint = "write `1s`, `2s`, `5s`, `10s`, `15s`, `20s`, `30s` or `60s`";
    faults.push(tree.fault(Code::NotAChoice, at, message).hint(hint));
    None
}

fn retention(tree: &Tree, raw: &RawRetention, faults: &mut Vec<Diagnostic>) -> Option<Retention> {
    let mut read = |key: &str, text: &str, least: u64| {
        let least = Duration::from_secs(least * 3600);
        let at = format!("/usage/retention/{key}");
        between(tree, &at, text, (least, Duration::MAX), faults)
    };
    let minutes = read("minutes", &raw.minutes, 1);
    let hours = read("hours", &raw.hours, 24);
    let days = raw.days.as_ref().map(|text| read("days", text, 24));
    let (minutes, hours, days) = (minutes?, hours?, super::judged(days)?);
    let mut order = |key: &str, finer: &str, is_less: bool| {
        if is_less {
            let at = format!("/usage/retention/{key}");
            let message = format!("`{key}` are kept for a shorter time than `{finer}`");
            let hint = "coarser figures are for looking further back: keep them at least as long";
            faults.push(tree.fault(Code::RetentionOrder, &at, message).hint(hint));
        }
        !is_less
    };
    let in_order = order("hours", "minutes", hours < minutes);
    (order("days", "hours", days.is_some_and(|days| days < hours)) && in_order).then_some(Retention {
        minutes,
        hours,
        days,
    })
}
