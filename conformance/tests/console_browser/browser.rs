//! A real browser: Chromium, driven through chromedriver on a free port of the loopback address, with a profile of its own.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sluice_conformance::stage::PATIENCE;
use tempfile::TempDir;
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;

/// One browser at a time: each takes a core and some hundred MiB.
static TURN: Mutex<()> = Mutex::new(());

const ARGUMENTS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
];

/// A browser.
pub(crate) struct Browser {
    driver: WebDriver,
    address: SocketAddr,
}

/// chromedriver and all that it started.
struct Service {
    child: Child,
    port: u16,
    profile: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        // It leads a group of its own, in which its browsers are.
        let group = format!("-{}", self.child.id());
        let _gone = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _gone = self.child.wait();
    }
}

impl Service {
    fn start() -> Option<Self> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let Ok(child) = child else {
            println!("skipped: there is no chromedriver; `apt-get install chromium chromium-driver` has it");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let service = Self {
            child,
            port,
            profile,
            _turn: turn,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "chromedriver does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(service)
    }

    async fn connect(&self) -> WebDriver {
        let mut wanted = DesiredCapabilities::chrome();
        for argument in ARGUMENTS {
            wanted.add_arg(argument).unwrap();
        }
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        wanted.add_arg(&profile).unwrap();
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let url = format!("http://127.0.0.1:{}", self.port);
        let builder = WebDriver::builder(url, wanted).request_timeout(4 * PATIENCE);
        builder.connect().await.expect("a browser")
    }
}

/// Looks at the console at this address with a browser; not where there is none.
pub(crate) fn look(address: SocketAddr, test: impl AsyncFnOnce(&Browser)) {
    let Some(service) = Service::start() else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let browser = Browser {
            driver: service.connect().await,
            address,
        };
        test(&browser).await;
        let _ended = browser.driver.quit().await;
    });
}

impl Browser {
    /// Opens a page.
    pub(crate) async fn open(&self, path: &str) {
        self.driver
            .goto(format!("http://{}{path}", self.address))
            .await
            .expect(path);
    }

    /// The element, which has to be there.
    pub(crate) async fn find(&self, selector: &str) -> WebElement {
        let found = self.driver.find(By::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    /// Clicks, and waits for the page that comes of it.
    pub(crate) async fn follow(&self, selector: &str) {
        self.leave().await;
        self.find(selector).await.click().await.unwrap();
        self.arrive().await;
    }

    /// The page that is open is about to go.
    pub(crate) async fn leave(&self) {
        self.run("window.isOld = true").await;
    }

    /// Waits until another page is there.
    pub(crate) async fn arrive(&self) {
        let begun = Instant::now();
        let script = "return !window.isOld && document.readyState == 'complete'";
        // Between two pages there is none to ask.
        while !self
            .driver
            .execute(script, Vec::new())
            .await
            .is_ok_and(|told| *told.json() == true)
        {
            assert!(begun.elapsed() < PATIENCE, "no other page comes");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// How many there are.
    pub(crate) async fn count(&self, selector: &str) -> usize {
        self.driver.find_all(By::Css(selector)).await.unwrap().len()
    }

    /// What a person reads of an element.
    pub(crate) async fn text(&self, selector: &str) -> String {
        self.find(selector).await.text().await.unwrap()
    }

    /// What a script says.
    pub(crate) async fn run(&self, script: &str) -> Value {
        let told = self.driver.execute(script, Vec::new()).await;
        told.unwrap_or_else(|error| panic!("{script}: {error}"))
            .json()
            .clone()
    }

    /// A command of the Chrome DevTools Protocol.
    pub(crate) async fn cdp(&self, command: &str, parameters: Value) -> Value {
        let done = self.driver.cdp().send_raw(command, parameters).await;
        done.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Where it is.
    pub(crate) async fn path(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        url.path().to_owned()
    }

    /// A window of this size.
    pub(crate) async fn size(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// The light or the dark.
    pub(crate) async fn scheme(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.cdp("Emulation.setEmulatedMedia", features).await;
    }

    /// Presses a key, whatever has the focus.
    pub(crate) async fn press(&self, key: impl Into<TypingData>) {
        self.driver.action_chain().send_keys(key).perform().await.unwrap();
    }

    /// What the browser complained of since this was asked last: refusals by the content security policy, scripts that
    /// failed. Advice is no complaint, nor that a page was answered with 4xx.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let entries = self.driver.browser_log().await.unwrap();
        let entries = entries
            .into_iter()
            .map(|entry| format!("{} {}", entry.level, entry.message));
        entries
            .filter(|entry| {
                !entry.starts_with("DEBUG") && !entry.contains("the server responded with a status of 4")
            })
            .collect()
    }

    /// A picture of the whole page, PNG.
    pub(crate) async fn picture(&self, most: f64) -> Vec<u8> {
        let metrics = self.cdp("Page.getLayoutMetrics", json!({})).await;
        let size = &metrics["cssContentSize"];
        let height = size["height"].as_f64().unwrap().min(most);
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1});
        let asked =
            json!({"format": "png", "captureBeyondViewport": true, "clip": clip, "optimizeForSpeed": false});
        let picture = self.cdp("Page.captureScreenshot", asked).await;
        let text = picture["data"].as_str().unwrap();
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap()
    }

    /// Clicks without any script of the page or of the driver.
    pub(crate) async fn touch(&self, selector: &str) {
        let node = self.node(selector).await;
        self.cdp("DOM.scrollIntoViewIfNeeded", json!({"nodeId": node}))
            .await;
        let model = self.cdp("DOM.getBoxModel", json!({"nodeId": node})).await;
        let corner = |at: usize| model["model"]["content"][at].as_f64().unwrap();
        let (x, y) = ((corner(0) + corner(4)) / 2.0, (corner(1) + corner(5)) / 2.0);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.cdp("Input.dispatchMouseEvent", event).await;
        }
    }

    /// What stands in an element, without any script.
    pub(crate) async fn source(&self, selector: &str) -> String {
        let node = self.node(selector).await;
        let html = self.cdp("DOM.getOuterHTML", json!({"nodeId": node})).await;
        html["outerHTML"].as_str().unwrap().to_owned()
    }

    /// Waits until an element is there, without any script.
    pub(crate) async fn wait(&self, selector: &str) {
        let begun = Instant::now();
        while self.node(selector).await == 0 {
            assert!(begun.elapsed() < PATIENCE, "{selector} does not come");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn node(&self, selector: &str) -> i64 {
        let document = self.cdp("DOM.getDocument", json!({"depth": 0})).await;
        let root = document["root"]["nodeId"].as_i64().unwrap();
        let asked = json!({"nodeId": root, "selector": selector});
        let found = self.driver.cdp().send_raw("DOM.querySelector", asked).await;
        // A page that is about to go has no nodes any more.
        found.map_or(0, |found| found["nodeId"].as_i64().unwrap_or(0))
    }
}
