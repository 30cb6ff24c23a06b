//! What the ledger shows in OpenMetrics text. Labels are of the configuration (API, version, operation), never of clients.
//!
//! Names, units and buckets of whole requests and upstreams follow OpenTelemetry's semantic conventions for HTTP metrics.

use std::fmt::Error;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::Ledger;
use super::series::{Histogram, Place, Series};
use super::source::Source;
use super::took::Part;

/// The ledger as metrics show it.
#[derive(Debug)]
pub struct Shown(pub Arc<Ledger>);

/// Labels of a series.
type Labels<'a> = [(&'static str, &'a str)];

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Histograms of durations: of what, name and help.
const DURATIONS: [(Part, &str, &str); 5] = [
    (
        Part::Whole,
        "http_server_request_duration",
        "How long requests took until the head of their answer stood",
    ),
    (
        Part::Upstream,
        "http_client_request_duration",
        "How long upstreams took until the head of their answer stood, all tries together",
    ),
    (
        Part::Gateway,
        "sluice_gateway_duration",
        "What the gateway took itself",
    ),
    (
        Part::Transformation,
        "sluice_transformation_duration",
        "What translation between versions took",
    ),
    (
        Part::Added,
        "sluice_added_duration",
        "What the gateway and translation took together",
    ),
];

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let series = self.0.series();
        for (part, name, help) in DURATIONS {
            durations(&mut encoder, &series, part, name, help)?;
        }
        failures(&mut encoder, &series)?;
        refusals(&mut encoder, &series)?;
        self.state(&mut encoder)
    }
}

impl Shown {
    fn state(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let state = self.0.state();
        let flushed = state.flushed.map_or(0.0, |at| at.as_millisecond() as f64 / 1e3);
        let is_up = f64::from(u8::from(state.kept && state.fault.is_none()));
        let gauges = [
            (
                "sluice_ledger_pending_rows",
                "Rows of usage figures that wait for the store",
                state.waiting as f64,
            ),
            (
                "sluice_ledger_store_up",
                "Whether the store of usage figures takes them; 0 without one",
                is_up,
            ),
            (
                "sluice_ledger_last_flush_timestamp_seconds",
                "When the store took all usage figures last, in Unix time; 0 for never",
                flushed,
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let lost = ConstCounter::new(state.lost);
        let help = "Exchanges whose usage could not be kept";
        lost.encode(encoder.encode_descriptor("sluice_ledger_lost", help, None, MetricType::Counter)?)
    }
}

/// Whole requests and upstreams are told by class, as the conventions have it.
fn durations(
    encoder: &mut DescriptorEncoder<'_>,
    series: &Series,
    part: Part,
    name: &str,
    help: &str,
) -> Result<(), Error> {
    let mut family = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
    let by_class = matches!(part, Part::Whole | Part::Upstream);
    for (place, operation) in &series.operations {
        let times = &operation.times[part as usize];
        let [api, version, id] = labels(place);
        if by_class {
            for (class, one) in CLASSES.into_iter().zip(times) {
                let labels = [api, version, id, ("status_class", class)];
                write(&mut family, &labels, part, one)?;
            }
        } else {
            let mut all = Histogram::default();
            times.iter().for_each(|one| all.absorb(one));
            write(&mut family, &[api, version, id], part, &all)?;
        }
    }
    Ok(())
}

fn write(
    family: &mut prometheus_client::encoding::MetricEncoder<'_>,
    labels: &Labels<'_>,
    part: Part,
    histogram: &Histogram,
) -> Result<(), Error> {
    if histogram.count() == 0 {
        return Ok(());
    }
    let bounds = part.bounds().iter().map(|nanos| *nanos as f64 / 1e9);
    let bounds = bounds.chain(std::iter::once(f64::INFINITY));
    let buckets: Vec<(f64, u64)> = bounds.zip(histogram.buckets.iter().copied()).collect();
    let sum = histogram.nanos as f64 / 1e9;
    let mut one = family.encode_family(&labels)?;
    one.encode_histogram::<[(&str, &str); 0]>(sum, histogram.count(), &buckets, None)
}

fn failures(encoder: &mut DescriptorEncoder<'_>, series: &Series) -> Result<(), Error> {
    let help = "Answers with 5xx, by whose fault they are";
    let mut family = encoder.encode_descriptor("sluice_failures", help, None, MetricType::Counter)?;
    for (place, operation) in &series.operations {
        for (source, count) in Source::ALL.into_iter().zip(operation.failures) {
            if count == 0 {
                continue;
            }
            let [api, version, id] = labels(place);
            let labels: &Labels<'_> = &[api, version, id, ("source", source.name())];
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn refusals(encoder: &mut DescriptorEncoder<'_>, series: &Series) -> Result<(), Error> {
    let help = "Requests that the gateway refused, by why";
    let mut family = encoder.encode_descriptor("sluice_refusals", help, None, MetricType::Counter)?;
    for ((api, version, code), count) in &series.refusals {
        let labels: &Labels<'_> = &[("api", api), ("version", version), ("code", code)];
        ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn labels((api, version, operation): &Place) -> [(&'static str, &str); 3] {
    [("api", api), ("version", version), ("operation", operation)]
}
