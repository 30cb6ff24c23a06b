//! Who asked, as reports name them.

use sluice_config::plan::{ConsumerId, Consumers};

use crate::ledger::fact::Who;

/// A client as reports name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The consumer's name; of a client without a credential its address range and user agent; `other` beyond the bound.
    pub who: String,
    /// Whether that is a consumer's name.
    pub identified: bool,
    /// The consumer's number, while consumers.yaml has it.
    pub consumer: Option<ConsumerId>,
    /// Whom to tell.
    pub contact: Option<String>,
}

impl Client {
    /// Names a client by what consumers.yaml says now.
    pub fn of(who: &Who, consumers: &Consumers) -> Self {
        let (name, identified) = match who {
            Who::Consumer(name) => (&**name, true),
            Who::Unidentified(name) => (&**name, false),
            Who::Everybody => ("everybody", false),
            Who::Other => ("other", false),
        };
        let consumer = consumers.named(name).filter(|_| identified);
        let plan = consumer.and_then(|id| consumers.get(id));
        Self {
            who: name.to_owned(),
            identified,
            consumer,
            contact: plan.and_then(|plan| plan.contact.clone()),
        }
    }
}
