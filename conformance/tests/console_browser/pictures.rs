//! The pictures of docs/screenshots, of the demo's history: made where `SLUICE_SCREENSHOTS` says where to put them.

use std::path::PathBuf;

use sluice_conformance::console::Console;

use crate::browser::{Browser, look};

/// The most bytes of a picture.
const MOST: usize = 300 * 1024;

#[test]
fn the_pictures_of_the_documentation() {
    let Ok(directory) = std::env::var("SLUICE_SCREENSHOTS") else {
        println!("skipped: SLUICE_SCREENSHOTS does not say where pictures go");
        return;
    };
    let directory = PathBuf::from(directory);
    let console = Console::kept();
    console.fill_with_demo();
    look(console.address(), async |browser| {
        let save = async |name: &str, most: f64| {
            let picture = browser.picture(most).await;
            assert!(picture.len() <= MOST, "{name} has {} bytes", picture.len());
            std::fs::write(directory.join(name), picture).unwrap();
        };
        browser.size(1280, 900).await;
        browser.scheme("light").await;
        browser.open("/console?version=2.0").await;
        save("console-light.png", 1_700.0).await;
        browser.scheme("dark").await;
        browser.open("/console?version=2.0").await;
        save("console-dark.png", 1_700.0).await;
        browser.scheme("light").await;
        browser.open("/console/lineage").await;
        save("console-lineage.png", 1_100.0).await;
        playground(browser).await;
        save("console-playground.png", 1_500.0).await;
        browser.size(390, 844).await;
        browser.open("/console?version=2.0").await;
        save("console-narrow.png", 1_400.0).await;
    });
}

async fn playground(browser: &Browser) {
    browser.open("/console/playground?from=3.3&to=1.0").await;
    browser.find("button.primary").await.click().await.unwrap();
    browser.find("#result").await.scroll_into_view().await.unwrap();
}
