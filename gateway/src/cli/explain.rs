//! `sluice explain`: what becomes of a request, by the same stages that carry it.
//!
//! ```text
//! request.rs  the request as it was given      way.rs   identify, route, and what a refusal is answered with
//! lift.rs     to the upstream, step by step    lower.rs the answer on its way back
//! told.rs     what there is to tell            text.rs, json.rs  how it is told
//! ```

mod json;
mod lift;
mod lower;
mod request;
mod steps;
mod text;
mod told;
mod way;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sluice_transforms::value::Value;

use super::options::Time;
use super::{Outcome, Verdict, configuration, document, output};
use crate::edition::Edition;
use request::Asked;
use told::Told;
use way::Walk;

/// Tells what becomes of a request: which API and version it is for and how that was chosen, the chain of changes, the
/// request at the upstream, and the document after every step.
///
/// A request that the gateway refuses is told with the answer that the client gets; the exit code is 1 then.
///
///   sluice explain DIR "GET /v2.0/customers/cus_000017"
///   sluice explain DIR "GET /customers/cus_000017" --header "API-Version: 3.1" --answer customer.json
///   sluice explain DIR - < request.http
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Explain {
    /// The directory of the configuration.
    path: PathBuf,
    /// Method and target, or a file with a raw HTTP request (head and body), or `-` for one on standard input.
    request: String,
    /// A field of the request, as in "API-Version: 3.1"; may be given again.
    #[arg(long, value_name = "FIELD")]
    header: Vec<String>,
    /// The request's document.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The document that is stored at the upstream, for writes that keep some of it.
    #[arg(long, value_name = "FILE")]
    stored: Option<PathBuf>,
    /// The document that the upstream answers with; it is carried back to the client.
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
    /// The status that the upstream answers with.
    #[arg(long, value_name = "STATUS", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..600))]
    status: u16,
    /// Writes one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    time: Time,
}

/// Documents that were given beside the request.
struct Given {
    stored: Option<Value>,
    answer: Option<Value>,
    status: u16,
}

impl Explain {
    pub(super) fn carry_out(self) -> Outcome {
        let Some(plan) = configuration::plan(&self.path)? else {
            return Ok(Verdict::Faulty);
        };
        let depth = plan.bounds.depth;
        let read = |file: &Option<PathBuf>| file.as_ref().map(|file| document::read(file, depth)).transpose();
        let given = Given {
            stored: read(&self.stored)?,
            answer: read(&self.answer)?,
            status: self.status,
        };
        let asked = Asked::read(&self.request, &self.header, self.body.as_deref())?;
        let edition = Arc::new(Edition::unguarded(plan));
        let mut told = Told::new(&asked, self.time.clock().now());
        Walk {
            edition: &edition,
            given: &given,
        }
        .walk(asked, &mut told);
        output::print(&if self.json {
            json::write(&told)?
        } else {
            text::write(&told)
        })?;
        Ok(if told.refused {
            Verdict::Faulty
        } else {
            Verdict::Sound
        })
    }
}
