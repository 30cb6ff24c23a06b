//! `sluice transform`: carries documents of a type between two versions.

use std::io::{self, BufRead, Read};
use std::path::PathBuf;

use clap::Args;
use sluice_config::plan::{ApiPlan, Plan};
use sluice_transforms::fault::Fault;
use sluice_transforms::lineage::Chain;
use sluice_transforms::parse::parse;
use sluice_transforms::reference::document::DocumentInterpreter;
use sluice_transforms::value::Value;

use super::output::{self, Progress};
use super::{Failure, Outcome, Verdict, configuration, document};

/// Carries documents between any two versions: from standard input to standard output.
///
/// The input is one document, or NDJSON: one document a line. A document that cannot be carried is told on standard
/// error with its line and left out; the exit code is 1 then. Towards the origin documents are carried as a client
/// creates them, away from it as a client is shown them.
///
///   sluice transform DIR --api customers --type Customer --from 3.3 --to 1.0 < customer.json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Transform {
    /// The directory of the configuration.
    path: PathBuf,
    /// The API.
    #[arg(long, value_name = "NAME")]
    api: String,
    /// The type that the documents have, as the API's document names it.
    #[arg(long = "type", value_name = "NAME")]
    label: String,
    /// The version that they are in.
    #[arg(long, value_name = "VERSION")]
    from: String,
    /// The version to carry them to.
    #[arg(long, value_name = "VERSION")]
    to: String,
    /// The document that is replaced, in the version --to: what the version --from cannot show is kept from it.
    #[arg(long, value_name = "FILE")]
    stored: Option<PathBuf>,
}

impl Transform {
    pub(super) fn carry_out(self) -> Outcome {
        let Some(plan) = configuration::plan(&self.path)? else {
            return Ok(Verdict::Faulty);
        };
        let api = configuration::api(&plan, &self.api)?;
        let chain = self.chain(api)?;
        let interpreter = DocumentInterpreter::new(&api.lineage, &chain, &self.label);
        let interpreter = interpreter.ok_or_else(|| no_such_type(&self.label, &chain))?;
        let stored = self.stored(&plan)?;
        let mut work = Work {
            interpreter,
            stored,
            depth: plan.bounds.depth,
            verdict: Verdict::Sound,
        };
        work.input(io::stdin().lock())?;
        Ok(work.verdict)
    }

    fn chain(&self, api: &ApiPlan) -> Result<Chain, Failure> {
        api.lineage.chain(&self.from, &self.to).ok_or_else(|| {
            let unknown = if api.version(&self.from).is_none() {
                &self.from
            } else {
                &self.to
            };
            let names = api.lineage.versions().join(", ");
            Failure::new(format!("there is no version `{unknown}`; there are: {names}"))
        })
    }

    fn stored(&self, plan: &Plan) -> Result<Option<Value>, Failure> {
        let Some(file) = &self.stored else { return Ok(None) };
        document::read(file, plan.bounds.depth).map(Some)
    }
}

fn no_such_type(label: &str, chain: &Chain) -> Failure {
    let known = |name: &&String| chain.target.types.contains_key(*name);
    let names: Vec<&str> = chain
        .source
        .types
        .keys()
        .filter(known)
        .map(String::as_str)
        .collect();
    Failure::new(match names.as_slice() {
        [] => "the API has no document, so that its types have no names; `sluice explain` shows what becomes of a request"
            .to_owned(),
        names => format!("no type of both versions is called `{label}`; there are: {}", names.join(", ")),
    })
}

/// Documents on their way.
struct Work<'a> {
    interpreter: DocumentInterpreter<'a>,
    stored: Option<Value>,
    depth: usize,
    verdict: Verdict,
}

impl Work<'_> {
    /// A first line that is a document is one of many; otherwise the document goes on after it.
    fn input(&mut self, mut input: impl BufRead) -> Result<(), Failure> {
        let mut first = Vec::new();
        input.read_until(b'\n', &mut first).map_err(unreadable)?;
        if parse(&first, self.depth).is_ok() {
            return self.lines(io::Cursor::new(first).chain(input));
        }
        input.read_to_end(&mut first).map_err(unreadable)?;
        let whole = parse(&first, self.depth);
        let several = || {
            first
                .split(|b| *b == b'\n')
                .skip(1)
                .any(|line| parse(line, self.depth).is_ok_and(|v| v.as_object().is_some()))
        };
        if whole.is_err() && several() {
            return self.lines(first.as_slice());
        }
        self.one(None, whole.map_err(|fault| fault.to_string()))
    }

    fn lines(&mut self, mut input: impl BufRead) -> Result<(), Failure> {
        let progress = Progress::new();
        let mut line = Vec::new();
        for number in 1_usize.. {
            line.clear();
            if input.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            if number > 1 && self.stored.is_some() {
                return Err(Failure::new(
                    "--stored goes with one document, and the input has several",
                ));
            }
            if number.is_multiple_of(1000) {
                progress.at(&format!("{number} documents"));
            }
            let document = parse(&line, self.depth).map_err(|fault| fault.to_string());
            self.one(Some(number), document)?;
        }
        Ok(())
    }

    fn one(&mut self, line: Option<usize>, document: Result<Value, String>) -> Result<(), Failure> {
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        match document.and_then(|document| self.carry(document, &place).map_err(|fault| told(&fault))) {
            Ok(carried) => output::print(&format!("{carried}\n")),
            Err(fault) => {
                output::complain(&format!("{place}{fault}"));
                self.verdict = Verdict::Faulty;
                Ok(())
            }
        }
    }

    fn carry(&self, document: Value, place: &str) -> Result<Value, Fault> {
        if let Some(stored) = &self.stored {
            return self.interpreter.put(document, stored);
        }
        let carried = self.interpreter.carry(document)?;
        if carried.omitted > 0 {
            output::complain(&format!(
                "{place}{} elements of lists were left out or replaced",
                carried.omitted
            ));
        }
        Ok(carried.document)
    }
}

fn told(fault: &Fault) -> String {
    let place = if fault.pointer.is_root() {
        String::new()
    } else {
        format!("{}: ", fault.pointer)
    };
    format!("{place}{}", fault.detail)
}

fn unreadable(error: io::Error) -> Failure {
    Failure::new(format!("the input cannot be read: {error}"))
}
