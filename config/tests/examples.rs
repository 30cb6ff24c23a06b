//! The examples are valid configurations.

use std::error::Error;
use std::path::Path;

use sluice_config::{Sources, load, render_all};

#[test]
fn integrationhub_loads() -> Result<(), Box<dyn Error>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/integrationhub");
    let sources = Sources::read(&directory).map_err(|faults| render_all(&faults, &Sources::default()))?;
    let loaded = load(&sources, &|_| None).map_err(|faults| render_all(&faults, &sources))?;
    assert!(
        loaded.warnings.is_empty(),
        "{}",
        render_all(&loaded.warnings, &sources)
    );
    let api = &loaded.plan.apis[0];
    assert_eq!(api.versions.len(), 14);
    for version in &api.versions {
        assert!(
            api.lineage.chain(&version.name, "3.3").is_some(),
            "{}",
            version.name
        );
    }
    Ok(())
}
