//! Counters and gauges for operators, in OpenMetrics text: what was refused and why, what is degraded, what was lost.
//!
//! They are for what is rare: a count takes a lock, unless its counter is kept ([`Meters::counter`]). Labels are bounded: beyond [`SERIES`] of one name a count goes to the
//! label value `other`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The most label sets of one name.
const SERIES: usize = 1_000;

/// Labels of one series, by name.
type Labels = Vec<(&'static str, String)>;

/// Every counter and gauge of the process.
#[derive(Debug, Default)]
pub struct Meters {
    inner: Mutex<Inner>,
    scrape: Mutex<()>,
}

#[derive(Debug, Default)]
struct Inner {
    registry: Registry,
    counters: BTreeMap<&'static str, Family<Labels, Counter>>,
    gauges: BTreeMap<&'static str, Family<Labels, Gauge<f64, AtomicU64>>>,
    known: BTreeMap<&'static str, BTreeSet<Labels>>,
}

impl Meters {
    /// Counts one. The text form adds `_total` to the name.
    pub fn count(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)]) {
        self.counter(name, help, labels).inc();
    }

    /// A counter to keep: it counts without a lock, for what is not rare.
    pub fn counter(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
    ) -> Counter {
        let mut inner = self.lock();
        let labels = inner.bounded(name, labels);
        let Inner {
            registry, counters, ..
        } = &mut *inner;
        let family = counters.entry(name).or_insert_with(|| {
            let family = Family::default();
            registry.register(name, help, family.clone());
            family
        });
        family.get_or_create(&labels).clone()
    }

    /// Sets a gauge.
    pub fn set(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)], to: f64) {
        let mut inner = self.lock();
        let labels = inner.bounded(name, labels);
        let Inner { registry, gauges, .. } = &mut *inner;
        let family = gauges.entry(name).or_insert_with(|| {
            let family = Family::default();
            registry.register(name, help, family.clone());
            family
        });
        family.get_or_create(&labels).set(to);
    }

    /// Forgets the series of a gauge: what it tells of may be gone.
    pub fn clear(&self, name: &str) {
        let mut inner = self.lock();
        if let Some(family) = inner.gauges.get(name) {
            family.clear();
        }
        inner.known.remove(name);
    }

    /// Shows what somebody else counts, too.
    pub fn show(&self, collector: impl Collector) {
        self.lock().registry.register_collector(Box::new(collector));
    }

    /// What a series shows; 0 when it was never counted or set.
    pub fn value(&self, name: &str, labels: &[(&'static str, &str)]) -> f64 {
        let inner = self.lock();
        let labels = owned(labels);
        if !inner.known.get(name).is_some_and(|known| known.contains(&labels)) {
            return 0.0;
        }
        let counted = inner
            .counters
            .get(name)
            .map(|f| f.get_or_create(&labels).get() as f64);
        let set = || inner.gauges.get(name).map(|f| f.get_or_create(&labels).get());
        counted.or_else(set).unwrap_or_default()
    }

    /// For whoever sets gauges anew and renders them: one at a time, while it is held.
    pub fn alone(&self) -> MutexGuard<'_, ()> {
        self.scrape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything as OpenMetrics text (version 1.0.0).
    pub fn render(&self) -> String {
        let mut text = String::new();
        // A String takes everything.
        let _infallible = encode(&mut text, &self.lock().registry);
        text
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn bounded(&mut self, name: &'static str, labels: &[(&'static str, &str)]) -> Labels {
        let known = self.known.entry(name).or_default();
        let mut labels = owned(labels);
        if known.len() >= SERIES && !known.contains(&labels) {
            labels.iter_mut().for_each(|(_, value)| "other".clone_into(value));
        }
        known.insert(labels.clone());
        labels
    }
}

fn owned(labels: &[(&'static str, &str)]) -> Labels {
    let owned = |(name, value): &(&'static str, &str)| (*name, (*value).to_owned());
    labels.iter().map(owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_as_text_and_bounded() {
        let meters = Meters::default();
        meters.count("sluice_refused", "Refusals", &[("code", "a\"b")]);
        meters.count("sluice_refused", "Refusals", &[("code", "a\"b")]);
        assert!(
            meters
                .render()
                .contains("sluice_refused_total{code=\"a\\\"b\"} 2"),
            "{}",
            meters.render()
        );
        for number in 0..2 * SERIES {
            meters.count("sluice_x", "X", &[("n", &number.to_string())]);
        }
        assert_eq!(meters.value("sluice_x", &[("n", "other")]), 1000.0);
        assert_eq!(meters.value("sluice_x", &[("n", "never")]), 0.0);
        assert!(meters.render().lines().count() < SERIES + 10);
    }
}
