//! Pages as people use them: on a narrow screen, in the dark, without scripts, with the keyboard alone.

use serde_json::json;
use sluice_conformance::console::Console;
use thirtyfour::Key;

use crate::browser::{Browser, look};

const PAGES: [&str; 5] = [
    "/console?version=2.0",
    "/console/lineage",
    "/console/playground",
    "/console/version?version=2.0",
    "/console/consumer?name=acme",
];

#[test]
fn a_narrow_screen_and_the_dark() {
    let console = Console::kept();
    console.fill();
    look(console.address(), async |browser| {
        for width in [320, 768] {
            browser.size(width, 700).await;
            for page in PAGES {
                browser.open(page).await;
                let wide = browser.run("return document.documentElement.scrollWidth").await;
                assert!(
                    wide.as_u64().unwrap() <= u64::from(width),
                    "{page} is {wide} wide on {width}"
                );
                scrolls_by_itself(browser, page).await;
            }
        }
        browser.size(1280, 900).await;
        for scheme in ["light", "dark"] {
            browser.scheme(scheme).await;
            for page in PAGES {
                browser.open(page).await;
                let faint = browser.run(CONTRAST).await;
                assert_eq!(faint, json!([]), "{page} in the {scheme}");
            }
            let ground = browser
                .find("body")
                .await
                .css_value("background-color")
                .await
                .unwrap();
            let expected = if scheme == "dark" {
                "rgba(14, 21, 26, 1)"
            } else {
                "rgba(245, 247, 248, 1)"
            };
            assert_eq!(ground, expected);
        }
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    });
}

/// What is wider than its place scrolls, has the focus, and has a name.
async fn scrolls_by_itself(browser: &Browser, page: &str) {
    let wrong = browser
        .run("return [...document.querySelectorAll('.scroll, pre.diff, pre.document')].filter(e => e.tabIndex != 0 || !document.getElementById(e.getAttribute('aria-labelledby'))).map(e => e.outerHTML.slice(0, 80))")
        .await;
    assert_eq!(wrong, json!([]), "{page}");
}

/// Texts that stand out from their ground by less than 4.5 to 1 (WCAG 2.2, 1.4.3).
const CONTRAST: &str = r"
const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const ground = element => {
  for (let at = element; at; at = at.parentElement) {
    const color = parse(getComputedStyle(at).backgroundColor);
    if (color.length && (color.length < 4 || color[3] > 0)) return color;
  }
  return [255, 255, 255];
};
const faint = new Set();
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const element = walk.currentNode.parentElement;
  if (!walk.currentNode.textContent.trim() || !element.checkVisibility()) continue;
  const style = getComputedStyle(element);
  const color = parse(element.closest('svg') ? style.fill : style.color);
  const pair = [luminance(color), luminance(ground(element))].sort((a, b) => b - a);
  const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
  if (ratio < 4.5) faint.add(`${element.tagName}.${element.className.baseVal ?? element.className} ${ratio.toFixed(2)}`);
}
return [...faint];
";

#[test]
fn it_has_landmarks_headings_and_names() {
    let console = Console::kept();
    console.fill();
    look(console.address(), async |browser| {
        for page in PAGES {
            browser.open(page).await;
            for landmark in ["header", "nav[aria-label]", "main", "footer", "h1"] {
                assert_eq!(
                    browser.count(&format!("body {landmark}")).await.min(1),
                    1,
                    "{page} {landmark}"
                );
            }
            let wrong = browser
                .run(r"
const named = e => e.labels?.length || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim();
const levels = [...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]));
const wrong = [];
levels.forEach((level, i) => { if (i && level > levels[i - 1] + 1) wrong.push('a heading of level ' + level + ' after ' + levels[i - 1]); });
document.querySelectorAll('select,textarea,button,a,input:not([type=hidden])').forEach(e => { if (!named(e)) wrong.push('no name: ' + e.outerHTML.slice(0, 80)); });
document.querySelectorAll('table').forEach(t => { if (!t.caption) wrong.push('no caption'); if (t.querySelector('th:not([scope])')) wrong.push('no scope'); });
document.querySelectorAll('svg[role=img]').forEach(s => { if (!s.querySelector('title') || !s.querySelector('desc')) wrong.push('no title or desc'); });
const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
ids.forEach((id, i) => { if (ids.indexOf(id) != i) wrong.push('twice: ' + id); });
return wrong;")
                .await;
            assert_eq!(wrong, json!([]), "{page}");
        }
    });
}

#[test]
fn everything_is_there_without_scripts() {
    let console = Console::kept();
    console.fill();
    look(console.address(), async |browser| {
        browser.cdp("DOM.enable", json!({})).await;
        browser
            .cdp("Emulation.setScriptExecutionDisabled", json!({"value": true}))
            .await;
        browser.open("/console?version=2.0").await;
        let page = browser.source("main").await;
        assert!(page.contains("1,234") && page.contains("<svg") && !page.contains("class=\"copy\""));
        browser.open("/console/playground").await;
        browser.touch("button.primary").await;
        browser.wait("#result").await;
        let result = browser.source("main").await;
        assert!(
            result.contains("Carried from 1.0 to 3.3 through 10 changes"),
            "{result}"
        );
        browser
            .cdp("Emulation.setScriptExecutionDisabled", json!({"value": false}))
            .await;
    });
}

/// The button keeps its name, so a screen reader hears of a copy from an element that is there before.
#[test]
fn whether_a_command_was_copied_is_told() {
    let console = Console::kept();
    console.fill();
    look(console.address(), async |browser| {
        browser.open("/console").await;
        let status = "return document.querySelector('p.unseen[role=status]').textContent";
        assert_eq!(browser.run(status).await, "");
        browser.find("button.copy").await.click().await.unwrap();
        let begun = std::time::Instant::now();
        loop {
            // Whether it may depends on the browser.
            let told = browser.run(status).await;
            if told == "Copied" || told == "Not copied" {
                break;
            }
            assert!(begun.elapsed() < sluice_conformance::stage::PATIENCE, "{told}");
        }
    });
}

#[test]
fn the_keyboard_is_enough() {
    let console = Console::kept();
    console.fill();
    look(console.address(), async |browser| {
        browser.size(1280, 900).await;
        browser.open("/console").await;
        browser.press(Key::Tab).await;
        assert_eq!(focus(browser).await, "Skip to the content");
        assert!(is_outlined(browser).await);
        browser.press(Key::Enter).await;
        assert_eq!(browser.run("return location.hash").await, "#main");
        // On from there: everything that can be reached shows that it is.
        let mut reached = Vec::new();
        for _ in 0..200 {
            browser.press(Key::Tab).await;
            let at = browser
                .run("const e = document.activeElement; return e.closest('section')?.id || e.tagName")
                .await;
            let at = at.as_str().unwrap().to_owned();
            if at == "BODY" {
                break;
            }
            assert!(is_outlined(browser).await, "{}", focus(browser).await);
            reached.push(at);
        }
        for panel in [
            "status",
            "timeline",
            "blockers",
            "fields",
            "health",
            "protection",
            "reloads",
        ] {
            assert!(
                reached.iter().any(|at| at == panel),
                "{panel} is not reached: {reached:?}"
            );
        }
        // To the playground and through its form.
        browser.open("/console").await;
        for _ in 0..5 {
            browser.press(Key::Tab).await;
        }
        assert_eq!(focus(browser).await, "Playground");
        browser.leave().await;
        browser.press(Key::Enter).await;
        browser.arrive().await;
        browser.find("#document").await.focus().await.unwrap();
        browser.press(Key::Tab).await;
        assert_eq!(focus(browser).await, "Carry it");
        browser.leave().await;
        browser.press(Key::Enter).await;
        browser.arrive().await;
        assert!(browser.text("#result").await.contains("Carried from 1.0 to 3.3"));
    });
}

async fn focus(browser: &Browser) -> String {
    let text = browser
        .run("return document.activeElement.textContent.trim().slice(0, 60)")
        .await;
    text.as_str().unwrap_or_default().to_owned()
}

async fn is_outlined(browser: &Browser) -> bool {
    let style = browser.run("const s = getComputedStyle(document.activeElement); return s.outlineStyle != 'none' && parseFloat(s.outlineWidth) >= 2").await;
    style == true
}

#[test]
fn the_playground_carries_a_document() {
    let console = Console::kept();
    look(console.address(), async |browser| {
        browser.size(1280, 900).await;
        browser.open("/console/playground?from=2.0&to=3.1").await;
        let area = browser.find("#document").await;
        let example = area.value().await.unwrap().unwrap();
        assert!(example.contains("\"address\""), "{example}");
        browser.follow("button.primary").await;
        let result = browser.text(".result").await;
        assert!(
            result.contains("Carried from 2.0 to 3.1 through 5 changes"),
            "{result}"
        );
        assert_eq!(browser.count(".passage").await, 5);
        assert!(browser.count(".diff del").await > 0 && browser.count(".diff ins").await > 0);
        let result = browser.text("pre.document").await;
        assert!(result.contains("\"postalCode\""), "{result}");
        // A document that cannot be carried says where and why; what was pasted stays.
        let area = browser.find("#document").await;
        area.clear().await.unwrap();
        area.send_keys("{\"status\": \"</textarea><script>document.title=1</script>\"}")
            .await
            .unwrap();
        browser.follow("button.primary").await;
        assert!(browser.text(".result .fault").await.len() > 5);
        let kept = browser.find("#document").await.value().await.unwrap().unwrap();
        assert!(kept.contains("</textarea><script>"), "{kept}");
        assert_eq!(browser.run("return document.title").await, "Playground · Sluice");
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    });
}
