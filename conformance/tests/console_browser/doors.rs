//! Logging in and out, and forms that are refused.

use sluice_conformance::console::Console;
use sluice_conformance::stage::Setup;
use sluice_gateway::auth::keys::Hasher;

use crate::browser::look;

const SECRET: &str = "a-secret-of-more-than-sixteen-bytes";

fn administered() -> Setup {
    let digits = Hasher::new(SECRET.as_bytes()).hash(b"ops-key").0;
    let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    let access = format!("admin_access: {{keys: [{{name: ops, hash: \"hmac-sha256:{digits}\"}}]}}");
    Setup::integrationhub().main(&format!("keys: {{secret: {SECRET}}}\n{access}"))
}

#[test]
fn an_administrator_logs_in_and_out() {
    let console = Console::start(administered());
    look(console.address(), async |browser| {
        browser.open("/console/lineage").await;
        assert_eq!(browser.path().await, "/console/login");
        let key = browser.find("#key").await;
        key.send_keys("wrong").await.unwrap();
        browser.follow("button.primary").await;
        assert!(browser.text(".fault").await.contains("no administrator's key"));
        browser.find("#key").await.send_keys("ops-key").await.unwrap();
        browser.follow("button.primary").await;
        assert_eq!(browser.path().await, "/console/lineage");
        // No script sees the session.
        assert_eq!(browser.run("return document.cookie").await, "");
        // A form with another token is refused, and nothing happens.
        browser
            .run("document.querySelector('.who [name=token]').value = 'x'")
            .await;
        browser.follow(".who button").await;
        assert!(
            browser
                .text("main")
                .await
                .contains("The form did not come from this page")
        );
        browser.open("/console").await;
        assert_eq!(browser.path().await, "/console");
        browser.follow(".who button").await;
        assert_eq!(browser.path().await, "/console/login");
        browser.open("/console").await;
        assert_eq!(browser.path().await, "/console/login");
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    });
}

#[test]
fn the_policy_refuses_what_is_not_ours() {
    let console = Console::kept();
    look(console.address(), async |browser| {
        browser.open("/console").await;
        browser
            .run("const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s); document.body.setAttribute('style', 'display: none')")
            .await;
        assert_eq!(browser.run("return document.title").await, "Overview · Sluice");
        assert_eq!(
            browser
                .run("return getComputedStyle(document.body).display")
                .await,
            "block"
        );
        let refused = browser.complaints().await;
        assert!(
            refused
                .iter()
                .all(|entry| entry.contains("Content Security Policy"))
                && refused.len() >= 2,
            "{refused:?}"
        );
    });
}
