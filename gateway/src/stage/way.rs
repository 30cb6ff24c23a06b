//! How the messages of one exchange are translated.

use std::sync::Arc;
use std::time::Duration;

use sluice_config::plan::VersionId;
use sluice_transforms::reference::Interpreter;

use crate::edition::{Edition, Version};

/// How a message is translated: one edition, one API, one version.
#[derive(Clone)]
pub struct Way {
    /// The edition that the exchange sees from beginning to end.
    pub edition: Arc<Edition>,
    /// The API, by its position.
    pub api: usize,
    /// The client's version.
    pub version: VersionId,
}

impl Way {
    /// The client's version.
    pub fn version(&self) -> &Version {
        &self.edition.apis[self.api].versions[self.version.index()]
    }

    /// From the client's version to the origin.
    pub fn lifting(&self) -> Interpreter<'_> {
        Interpreter::new(&self.edition.plan.apis[self.api].lineage, &self.version().lift)
    }

    /// From the origin to the client's version.
    pub fn lowering(&self) -> Interpreter<'_> {
        Interpreter::new(&self.edition.plan.apis[self.api].lineage, &self.version().lower)
    }

    /// The path prefix at the upstream.
    pub fn base(&self) -> &str {
        self.edition.plan.apis[self.api].base.as_str()
    }

    /// The longest silence in a body.
    pub fn idle(&self) -> Duration {
        self.edition.idle(self.api)
    }
}
