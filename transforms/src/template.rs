//! Paths with named slots: `/customers/{id}`, `/jobs/{id}:cancel`.

use std::fmt;

/// A path template. A slot fills a segment, between an optional fixed beginning and end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Slot {
        before: String,
        name: String,
        after: String,
    },
}

/// Why a text is not a path template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a path template: {why}")]
pub struct TemplateFault {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl PathTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// When it does not begin with `/`, a brace is open, or a name is empty or stands twice.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let fault = |why| TemplateFault {
            text: text.to_owned(),
            why,
        };
        let path = text
            .strip_prefix('/')
            .ok_or_else(|| fault("it must begin with /"))?;
        let segments: Vec<Segment> = path
            .split('/')
            .map(segment)
            .collect::<Option<_>>()
            .ok_or_else(|| fault("a slot must be one {name} in a segment"))?;
        let template = Self { segments };
        let names: Vec<&str> = template.slots().collect();
        if names.iter().enumerate().any(|(i, n)| names[..i].contains(n)) {
            return Err(fault("a slot's name stands twice"));
        }
        Ok(template)
    }

    /// The names of the slots in order.
    pub fn slots(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|s| match s {
            Segment::Slot { name, .. } => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// Whether these decoded segments are of this form.
    pub fn fits(&self, segments: &[impl AsRef<str>]) -> bool {
        self.fits_by(segments, |own, given| own == given)
    }

    /// The same, whatever the case of ASCII letters.
    pub fn fits_any_case(&self, segments: &[impl AsRef<str>]) -> bool {
        self.fits_by(segments, |own, given| own.eq_ignore_ascii_case(given))
    }

    fn fits_by(&self, segments: &[impl AsRef<str>], same: impl Fn(&[u8], &[u8]) -> bool) -> bool {
        let fits = |(own, given): (&Segment, &[u8])| match own {
            Segment::Literal(literal) => same(literal.as_bytes(), given),
            Segment::Slot { before, after, .. } => {
                let (before, after) = (before.as_bytes(), after.as_bytes());
                given.len() > before.len() + after.len()
                    && same(before, &given[..before.len()])
                    && same(after, &given[given.len() - after.len()..])
            }
        };
        let given = segments.iter().map(|segment| segment.as_ref().as_bytes());
        segments.len() == self.segments.len() && self.segments.iter().zip(given).all(fits)
    }

    /// What fills the slots, if these decoded segments are of this form.
    pub fn matches(&self, segments: &[impl AsRef<str>]) -> Option<Vec<(String, String)>> {
        if segments.len() != self.segments.len() {
            return None;
        }
        let mut filled = Vec::new();
        for (own, given) in self.segments.iter().zip(segments) {
            let given = given.as_ref();
            match own {
                Segment::Literal(literal) if literal == given => {}
                Segment::Literal(_) => return None,
                Segment::Slot { before, name, after } => {
                    let value = given
                        .strip_prefix(before.as_str())?
                        .strip_suffix(after.as_str())?;
                    filled.push((name.clone(), (!value.is_empty()).then(|| value.to_owned())?));
                }
            }
        }
        Some(filled)
    }

    /// The decoded segments with the slots filled; `None` if one has no value.
    pub fn fill<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Option<Vec<String>> {
        let fill = |segment: &Segment| match segment {
            Segment::Literal(literal) => Some(literal.clone()),
            Segment::Slot { before, name, after } => value(name).map(|v| format!("{before}{v}{after}")),
        };
        self.segments.iter().map(fill).collect()
    }

    /// Whether two templates have the same paths: only the names of their slots differ.
    pub fn same_paths(&self, other: &Self) -> bool {
        let form = |segment: &Segment| match segment {
            Segment::Literal(literal) => (literal.clone(), None),
            Segment::Slot { before, after, .. } => (before.clone(), Some(after.clone())),
        };
        self.segments.iter().map(form).eq(other.segments.iter().map(form))
    }

    /// How much of the path is fixed, segments first, then characters beside slots: of two templates that match, the
    /// one with more is meant. `/jobs/7:cancel` is `/jobs/{id}:cancel`, and not the job `7:cancel`.
    pub fn fixed(&self) -> (usize, usize) {
        self.segments
            .iter()
            .fold((0, 0), |(whole, beside), segment| match segment {
                Segment::Literal(_) => (whole + 1, beside),
                Segment::Slot { before, after, .. } => (whole, beside + before.len() + after.len()),
            })
    }
}

fn segment(text: &str) -> Option<Segment> {
    let Some((before, rest)) = text.split_once('{') else {
        return (!text.contains('}')).then(|| Segment::Literal(text.to_owned()));
    };
    let (name, after) = rest.split_once('}')?;
    let plain = |s: &str| !s.contains(['{', '}']);
    let good = !name.is_empty() && plain(name) && plain(after);
    good.then(|| Segment::Slot {
        before: before.to_owned(),
        name: name.to_owned(),
        after: after.to_owned(),
    })
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments.iter().try_for_each(|s| match s {
            Segment::Literal(literal) => write!(f, "/{literal}"),
            Segment::Slot { before, name, after } => write!(f, "/{before}{{{name}}}{after}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_and_read_back() {
        let template = PathTemplate::parse("/jobs/{id}:cancel").unwrap();
        assert_eq!(
            template.matches(&["jobs", "7:cancel"]),
            Some(vec![("id".to_owned(), "7".to_owned())])
        );
        assert_eq!(template.matches(&["jobs", ":cancel"]), None);
        assert!(template.fits(&["jobs", "7:cancel"]));
        assert!(
            !template.fits(&["jobs", ":cancel"])
                && !template.fits(&["jobs"])
                && !template.fits(&["job", "7:cancel"])
        );
        assert_eq!(
            template.fill(|_| Some("7")),
            Some(vec!["jobs".to_owned(), "7:cancel".to_owned()])
        );
        assert_eq!(template.to_string(), "/jobs/{id}:cancel");
        for bad in ["jobs", "/{", "/{}", "/{a}{b}", "/{a}/{a}", "/a}"] {
            assert!(PathTemplate::parse(bad).is_err(), "{bad}");
        }
    }
}
