//! What translation adds to a GET of one customer through the gateway: nothing, one change, all ten down to 1.0.

use bytes::Bytes;

use crate::figures::Figure;
use crate::load::get;
use crate::pass::round;
use crate::{Course, Fault, backend, peer};

/// The customer as the backend stores it.
pub(crate) const CUSTOMER: &str = include_str!("customer.json");

/// Measures and prints.
pub(crate) fn measure(course: &Course) -> Result<(), Fault> {
    let path = "/customers/cus_000017".to_owned();
    let backend = backend::start(vec![(path, Bytes::from_static(CUSTOMER.as_bytes()))])?;
    let peer = peer::integrationhub(backend, course.workers)?;
    let ways = [
        ("3.3: passed through", "/v3.3/customers/cus_000017"),
        ("3.2: one change", "/v3.2/customers/cus_000017"),
        ("1.0: ten changes", "/api/v1.0/getCustomer?id=17"),
    ];
    let mut rounds = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..course.rounds {
        for ((_, path), rounds) in ways.iter().zip(&mut rounds) {
            rounds.push(round(&peer, &get(path, ""), course)?.cpu);
        }
    }
    println!(
        "\nGET of IntegrationHub's customer ({} bytes) through the gateway, CPU µs a request",
        CUSTOMER.len()
    );
    let passed = Figure::of(rounds[0].iter().copied()).median;
    for ((name, _), rounds) in ways.iter().zip(&rounds) {
        let figure = Figure::of(rounds.iter().copied());
        println!(
            "  {name:<22}{figure}   {:+.2} beside pass-through",
            figure.median - passed
        );
    }
    Ok(())
}
