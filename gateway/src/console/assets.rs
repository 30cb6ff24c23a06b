//! What pages load: one style sheet and one script, from the binary, under names that change with their content.

use std::sync::LazyLock;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use sha2::{Digest, Sha256};

use crate::body::Body;

/// Below this path.
pub(super) const BELOW: &str = "/console/assets/";

/// A file of the binary.
pub(super) struct Asset {
    /// Its path.
    pub(super) path: String,
    text: &'static str,
    media_type: &'static str,
}

/// How pages look.
pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("css", "text/css; charset=utf-8", include_str!("console.css")));

/// What pages do by themselves where scripts run: nothing depends on it.
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("js", "text/javascript; charset=utf-8", include_str!("console.js")));

impl Asset {
    fn new(extension: &str, media_type: &'static str, text: &'static str) -> Self {
        let hash: String = Sha256::digest(text)
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            path: format!("{BELOW}console-{hash}.{extension}"),
            text,
            media_type,
        }
    }

    fn answer(&self) -> Response<Body> {
        let mut answer = Response::new(Body::full(self.text));
        let fields = answer.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        // Whatever is under this name never changes.
        let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
        fields.insert(CACHE_CONTROL, kept);
        answer
    }
}

/// The file of that path.
pub(super) fn find(path: &str) -> Option<Response<Body>> {
    let all = [&*STYLE, &*SCRIPT];
    all.into_iter()
        .find(|asset| asset.path == path)
        .map(Asset::answer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_its_content() {
        let answer = find(&STYLE.path).unwrap();
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
        let script = find(&SCRIPT.path).unwrap();
        assert_eq!(script.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert!(find("/console/assets/console-0000000000000000.css").is_none());
    }

    #[test]
    fn a_style_sheet_loads_nothing() {
        assert!(!STYLE.text.contains("url(") && !STYLE.text.contains("@import"));
    }
}
