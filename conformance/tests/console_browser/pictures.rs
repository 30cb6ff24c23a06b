//! The pictures of docs/screenshots, of the demo's history: made where `SLUICE_SCREENSHOTS` says where to put them.

use std::path::PathBuf;

use sluice_conformance::console::Console;
use sluice_conformance::stage::Setup;
use sluice_gateway::clock::Clock;

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
    let console = Console::keeping(Setup::guarded().clock(Clock::System));
    console.fill_with_demo();
    // Some requests, so that there is something to be seen of now.
    for number in 1..400 {
        let target = format!(
            "/v{}/customers/cus_{:06}",
            ["2.0", "2.3", "3.0"][number % 3],
            number % 44
        );
        drop(console.stage().get(&target, &[("x-api-key", "demo-key-globex")]));
    }
    let customer = console
        .stage()
        .get("/v3.0/customers/cus_000017", &[("x-api-key", "demo-key-globex")])
        .expect(200)
        .text();
    console.stage().gateway().shared.ledger.drain();
    look(console.address(), async |browser| {
        let save = async |name: &str, most: f64| {
            let picture = browser.picture(most).await;
            assert!(picture.len() <= MOST, "{name} has {} bytes", picture.len());
            std::fs::write(directory.join(name), picture).unwrap();
        };
        browser.size(1280, 900).await;
        browser.scheme("light").await;
        browser.open("/console?version=2.0").await;
        save("console-light.png", 1_560.0).await;
        browser.scheme("dark").await;
        browser.open("/console?version=2.0").await;
        save("console-dark.png", 1_560.0).await;
        browser.scheme("light").await;
        browser.open("/console/lineage").await;
        save("console-lineage.png", 1_100.0).await;
        playground(browser, &customer).await;
        save("console-playground.png", 1_500.0).await;
        browser.size(390, 844).await;
        browser.open("/console?version=2.0").await;
        save("console-narrow.png", 1_400.0).await;
    });
}

async fn playground(browser: &Browser, customer: &str) {
    browser.open("/console/playground?from=3.0&to=1.0").await;
    let pretty = format!("document.querySelector('#document').value = JSON.stringify({customer}, null, 2)");
    browser.run(&pretty).await;
    browser.follow("button.primary").await;
    browser.find("#result").await.scroll_into_view().await.unwrap();
}
