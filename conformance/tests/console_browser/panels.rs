//! Every panel by what a known ledger says.

use sluice_conformance::console::{Console, HOSTILE};

use crate::browser::{Browser, look};

#[test]
fn panels_say_what_the_ledger_knows() {
    let console = Console::kept();
    console.fill();
    console
        .stage()
        .get("/v2.1/customers/cus_000017", &[("x-api-key", "demo-key-acme")])
        .expect(200);
    console.stage().gateway().shared.ledger.drain();
    look(console.address(), async |browser| {
        browser.size(1280, 900).await;
        browser.open("/console?version=2.0").await;
        in_their_order(browser).await;
        status(browser).await;
        timeline(browser).await;
        blockers(browser).await;
        the_rest(browser).await;
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        assert_eq!(
            browser.run("return document.title").await,
            "Overview · Sluice",
            "{HOSTILE}"
        );
        each_leads_to_its_json(browser).await;
    });
}

async fn in_their_order(browser: &Browser) {
    let ids = browser
        .run("return [...document.querySelectorAll('main > section')].map(s => s.id)")
        .await;
    let order = [
        "status",
        "timeline",
        "blockers",
        "fields",
        "health",
        "protection",
        "reloads",
    ];
    assert_eq!(ids, serde_json::json!(order));
}

async fn status(browser: &Browser) {
    let status = browser.text("#status").await;
    for part in [
        "Requests",
        "/s",
        "gateway 0",
        "transformation 0",
        "upstream 0",
        "Added, p50",
        "Added, p99",
        "Generation",
    ] {
        assert!(status.contains(part), "{part} is missing in {status}");
    }
}

async fn timeline(browser: &Browser) {
    assert!(browser.count("#timeline svg .bands path").await == 2);
    let told = browser
        .run("return document.querySelector('#chart-desc').textContent")
        .await;
    let told = told.as_str().unwrap();
    assert!(
        told.contains("On 2026-03-18: 2.0 90.0 %, 3.3 10.0 %.")
            && told.contains("On 2026-06-14: 3.3 98.0 %, 2.0 2.0 %."),
        "{told}"
    );
    // Brownouts of 1.0 to 1.2 within these days: the first Tuesdays of April, May and June.
    assert_eq!(
        browser
            .count("#timeline svg .events .brownout line:not(.halo)")
            .await,
        3
    );
    assert!(browser.count("#timeline svg .ahead .going").await >= 7);
    let row = browser.run("return [...document.querySelectorAll('#timeline tbody tr')].find(r => r.cells[0].textContent == '2.0').innerText").await;
    let row = row.as_str().unwrap();
    assert!(row.contains("deprecated") && row.contains("2028-01-01"), "{row}");
}

async fn blockers(browser: &Browser) {
    let blockers = browser.text("#blockers table").await;
    for part in [
        "acme",
        "api@acme.example",
        "1,234",
        "77",
        "10 min ago",
        "<script>document.title='taken'</script>",
    ] {
        assert!(blockers.contains(part), "{part} is missing in {blockers}");
    }
    browser
        .find("#blockers a[href*='consumer'][href*='acme']")
        .await
        .click()
        .await
        .unwrap();
    let page = browser.text("main").await;
    assert!(
        page.contains("acme") && page.contains("readCustomer 1,200") && page.contains("Customer /address 34"),
        "{page}"
    );
    browser.open("/console?version=2.0").await;
}

async fn the_rest(browser: &Browser) {
    let fields = browser.text("#fields table").await;
    assert!(
        fields.contains("Customer /address")
            && fields.contains("used")
            && fields.contains("unknown")
            && !fields.contains("unused"),
        "{fields}"
    );
    let health = browser.text("#health table").await;
    assert!(
        health.contains("2.0 → 2.1") && health.contains("/address in 2.0, 5×") && health.contains("1,277"),
        "{health}"
    );
    let protection = browser.text("#protection").await;
    assert!(
        protection.contains("rate_limited") && protection.contains("321") && protection.contains("401"),
        "{protection}"
    );
    // The stage publishes by itself: no reload has been told yet.
    assert!(browser.text("#reloads").await.contains("No reload yet"));
}

async fn each_leads_to_its_json(browser: &Browser) {
    let links = browser
        .run("return [...document.querySelectorAll('section .json a')].map(a => a.getAttribute('href'))")
        .await;
    let links: Vec<String> = serde_json::from_value(links).unwrap();
    assert_eq!(links.len(), 7);
    for link in links {
        browser.open(&link).await;
        let text = browser.run("return document.body.innerText").await;
        let json: serde_json::Value = serde_json::from_str(text.as_str().unwrap()).expect("JSON");
        assert_eq!(json["demo"], false, "{link}");
    }
}
