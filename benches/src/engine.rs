//! The reference interpreter on its own: parse, lower, write, on one thread.

use std::hint::black_box;
use std::time::{Duration, Instant};

use sluice_config::{Sources, load, render_all};
use sluice_transforms::lineage::{Chain, Lineage};
use sluice_transforms::message::Response;
use sluice_transforms::parse::parse;
use sluice_transforms::reference::{Interpreter, Unobserved};

use crate::figures::Figure;
use crate::versions::CUSTOMER;
use crate::{Fault, peer};

/// How long one sample takes.
const SAMPLE: Duration = Duration::from_millis(100);

/// Measures and prints.
pub(crate) fn measure(rounds: usize) -> Result<(), Fault> {
    let sources =
        Sources::read(&peer::example()).map_err(|faults| render_all(&faults, &Sources::default()))?;
    let loaded = load(&sources, &|_| None).map_err(|faults| render_all(&faults, &sources))?;
    let lineage = &loaded.plan.apis.first().ok_or("the example has no API")?.lineage;
    let large = larger(CUSTOMER, 10 * 1024);
    println!(
        "\nReference interpreter, µs a document on one thread, median of {rounds} samples (least to most)"
    );
    for (size, document) in [("customer", CUSTOMER), ("10 KB", &large)] {
        let length = document.len();
        println!(
            "  {size:<9} {:<26}{}   {length} bytes",
            "read and written only",
            sample(rounds, || written(document))?
        );
        for (name, to) in [
            ("lowered to 3.2, 1 change", "3.2"),
            ("lowered to 1.0, 10 changes", "1.0"),
        ] {
            let chain = lineage
                .chain(lineage.origin(), to)
                .ok_or("the example has other versions")?;
            let steps = chain.steps.len();
            println!(
                "  {size:<9} {name:<26}{}   {steps} steps",
                sample(rounds, || lowered(lineage, &chain, document))?
            );
        }
    }
    Ok(())
}

fn written(document: &str) -> Result<usize, Fault> {
    Ok(parse(document.as_bytes(), 128)?.to_json().len())
}

fn lowered(lineage: &Lineage, chain: &Chain, document: &str) -> Result<usize, Fault> {
    let response = Response {
        operation: "readCustomer".to_owned(),
        status: 200,
        headers: Vec::new(),
        body: Some(parse(document.as_bytes(), 128)?),
    };
    let lowered = Interpreter::new(lineage, chain).lower(response, &mut Unobserved);
    let lowered = lowered.map_err(|fault| fault.detail)?;
    Ok(lowered.response.body.map_or(0, |body| body.to_json().len()))
}

/// Microseconds that `work` takes.
fn sample(rounds: usize, work: impl Fn() -> Result<usize, Fault>) -> Result<Figure, Fault> {
    let mut samples = Vec::new();
    for _ in 0..rounds {
        let (begin, mut times) = (Instant::now(), 0.0);
        while begin.elapsed() < SAMPLE {
            black_box(work()?);
            times += 1.0;
        }
        samples.push(begin.elapsed().as_secs_f64() * 1e6 / times);
    }
    Ok(Figure::of(samples))
}

/// The document with members that no version mentions, until it has this size.
fn larger(document: &str, size: usize) -> String {
    let Some((before, _)) = document.rsplit_once('}') else {
        return document.to_owned();
    };
    let mut text = before.trim_end().to_owned();
    let mut number = 0;
    while text.len() < size {
        text.push_str(&format!(
            ",\n  \"note{number}\": {{\"at\": {number}, \"text\": \"{}\"}}",
            "n".repeat(60)
        ));
        number += 1;
    }
    text.push_str("\n}");
    text
}
