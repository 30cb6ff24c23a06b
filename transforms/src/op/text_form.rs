//! Texts with named slots: `{street...}, {city}, {region} {postal_code}, {country}`.
//!
//! A text is read from both ends towards the slot marked `...`: up to it each slot ends at the first occurrence of the
//! fixed text that follows it; what comes after it begins as late as it can, and is then read the same way. Without a
//! marked slot the whole is read from the left. No slot is empty.
//!
//! So that no two ways of reading differ, a slot that is not marked holds no visible character sequence of the fixed
//! texts beside it (in the example: no city, region, postal code or country holds a comma), and no white space where
//! white space alone follows it (a region is one word, a postal code may hold spaces).

/// A text with slots, in the order in which they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextForm {
    source: String,
    slots: Vec<String>,
    /// The fixed texts before, between and after the slots: one more than there are slots.
    fixed: Vec<String>,
    marked: Option<usize>,
}

impl TextForm {
    /// Reads a form as mapping files write it.
    pub(super) fn parse(source: &str) -> Result<Self, &'static str> {
        let mut form = Self {
            source: source.to_owned(),
            slots: Vec::new(),
            fixed: Vec::new(),
            marked: None,
        };
        let mut rest = source;
        while let Some((fixed, after)) = rest.split_once('{') {
            let (slot, after) = after.split_once('}').ok_or("a { is never closed")?;
            form.fixed.push(fixed.to_owned());
            form.slot(slot)?;
            rest = after;
        }
        form.fixed.push(rest.to_owned());
        form.checked()
    }

    fn slot(&mut self, slot: &str) -> Result<(), &'static str> {
        let name = slot.strip_suffix("...").unwrap_or(slot);
        if name != slot && self.marked.replace(self.slots.len()).is_some() {
            return Err("only one slot may be marked with ...");
        }
        if name.is_empty() || name.contains(['{', '}']) {
            return Err("a slot is {name} or {name...}");
        }
        if self.slots.iter().any(|s| s == name) {
            return Err("a slot's name stands twice");
        }
        self.slots.push(name.to_owned());
        Ok(())
    }

    fn checked(self) -> Result<Self, &'static str> {
        let inner = self.fixed.get(1..self.slots.len()).unwrap_or_default();
        if self.slots.is_empty() {
            Err("it has no {slot}")
        } else if self.fixed.iter().any(|f| f.contains('}')) {
            Err("a } stands alone")
        } else if inner.iter().any(String::is_empty) {
            Err("something must stand between two slots, or nobody could tell where one ends")
        } else {
            Ok(self)
        }
    }

    /// The names of the slots in order.
    pub(super) fn slots(&self) -> &[String] {
        &self.slots
    }

    /// The form as it was written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// What fills the slots of a text; `None` if it is not of this form.
    pub(super) fn read<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let count = self.slots.len();
        let rest = text.strip_prefix(self.fixed[0].as_str())?;
        let rest = rest.strip_suffix(self.fixed[count].as_str())?;
        let mut values = Vec::with_capacity(count);
        let marked = self.marked.unwrap_or(0);
        let mut rest = if self.marked.is_some() {
            let rest = self.forward(rest, 0..marked, &mut values)?;
            self.split_marked(rest, marked, &mut values)?
        } else {
            rest
        };
        if values.len() < count {
            rest = self.forward(rest, values.len()..count - 1, &mut values)?;
            values.push(rest);
        }
        let fits = |(slot, value): (usize, &&str)| self.fits(slot, value);
        values.iter().enumerate().all(fits).then_some(values)
    }

    /// Reads slots that each end at the first occurrence of what follows them. Gives what is left.
    fn forward<'t>(
        &self,
        mut rest: &'t str,
        slots: std::ops::Range<usize>,
        values: &mut Vec<&'t str>,
    ) -> Option<&'t str> {
        for slot in slots {
            let fixed = self.fixed[slot + 1].as_str();
            let first = rest.chars().next()?.len_utf8();
            let end = first + rest[first..].find(fixed)?;
            values.push(&rest[..end]);
            rest = &rest[end + fixed.len()..];
        }
        Some(rest)
    }

    /// Takes the marked slot: it ends where the rest of the form finds room as late as it can.
    fn split_marked<'t>(&self, text: &'t str, marked: usize, values: &mut Vec<&'t str>) -> Option<&'t str> {
        let mut end = text.len();
        for fixed in self.fixed[marked + 1..self.slots.len()].iter().rev() {
            let (last, _) = text[..end].char_indices().next_back()?;
            end = text[..last].rfind(fixed.as_str())?;
        }
        values.push(&text[..end]);
        let after = self.fixed[marked + 1..self.slots.len()].first();
        Some(&text[end + after.map_or(0, String::len)..])
    }

    /// Whether a value may stand in a slot.
    fn fits(&self, slot: usize, value: &str) -> bool {
        if value.is_empty() || self.marked == Some(slot) {
            return !value.is_empty();
        }
        let before = self.fixed[slot].trim();
        let clash = |mark: &str| !mark.is_empty() && value.contains(mark);
        if slot > 0 && clash(before) {
            return false;
        }
        match self.fixed[slot + 1].trim() {
            _ if slot + 1 == self.slots.len() => true,
            "" => !value.contains(char::is_whitespace),
            after => !clash(after),
        }
    }

    /// The text of these values, one for each slot.
    pub(super) fn write(&self, values: &[impl AsRef<str>]) -> String {
        let mut text = self.fixed[0].clone();
        for (value, fixed) in values.iter().zip(&self.fixed[1..]) {
            text.push_str(value.as_ref());
            text.push_str(fixed);
        }
        text
    }

    /// The first slot whose value would not be read back from the text.
    pub(super) fn offender(&self, values: &[impl AsRef<str>]) -> Option<usize> {
        let misfit = |(slot, value): (usize, &_)| !self.fits(slot, AsRef::<str>::as_ref(value));
        values.iter().enumerate().position(misfit).or_else(|| {
            let text = self.write(values);
            let Some(read) = self.read(&text) else {
                return Some(self.marked.unwrap_or(0));
            };
            read.iter().zip(values).position(|(read, v)| *read != v.as_ref())
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ADDRESS: &str = "{street...}, {city}, {region} {postal_code}, {country}";

    fn read(form: &str, text: &str) -> Option<Vec<String>> {
        let form = TextForm::parse(form).unwrap();
        let values = form.read(text)?;
        assert_eq!(form.write(&values), text, "a text is the text of its values");
        assert_eq!(form.offender(&values), None, "and they are read back from it");
        Some(values.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn the_marked_slot_takes_the_separators() {
        let read = |text: &str| read(ADDRESS, text).map(|v| v.join("|"));
        let full = "Flat 2, 12 St James Square, London, LND SW1Y 4JH, United Kingdom";
        let parts = "Flat 2, 12 St James Square|London|LND|SW1Y 4JH|United Kingdom";
        assert_eq!(read(full).as_deref(), Some(parts));
        assert_eq!(
            read("S, New York, NY 1, US").as_deref(),
            Some("S|New York|NY|1|US")
        );
        assert_eq!(read("Ö, é, ü ß, ñ").as_deref(), Some("Ö|é|ü|ß|ñ"));
        assert_eq!(read("a,, b, c d, e").as_deref(), Some("a,|b|c|d|e"));
    }

    #[test]
    fn what_is_not_of_the_form_is_not_read() {
        for text in [
            "",
            "S",
            ", , , ",
            "A, B, London, LND, UK",
            "S, C, R P",
            "S, , R P, C",
            "S, Lon,don, R P, C",
            "S, C, R P, Uni,ted",
            "S, C, R\u{a0}x P, C",
            ", C, R P, C",
        ] {
            assert_eq!(read(ADDRESS, text), None, "{text:?}");
        }
    }

    #[test]
    fn ends_and_forms_without_a_marked_slot() {
        let read = |form: &str, text: &str| read(form, text).map(|v| v.join("|"));
        assert_eq!(read("{a}-{b}", "x-y z").as_deref(), Some("x|y z"));
        assert_eq!(read("{a}-{b}", "x-y-z"), None);
        assert_eq!(read("<{a...}>", "<x>>").as_deref(), Some("x>"));
        assert_eq!(
            read("{a}: {b...} ({c})", "k: v (w) (x)").as_deref(),
            Some("k|v (w)|x")
        );
        assert_eq!(read("{a} {b...}", "x y z").as_deref(), Some("x|y z"));
        assert_eq!(read("{a...}", "").as_deref(), None);
    }

    #[test]
    fn forms_that_nobody_could_read_are_refused() {
        for form in [
            "",
            "x",
            "{a}{b}",
            "{a}, {a}",
            "{a...} {b...}",
            "{a",
            "a}",
            "{}",
            "{...}",
            "{{a}}",
        ] {
            assert!(TextForm::parse(form).is_err(), "{form}");
        }
    }

    #[test]
    fn values_that_would_read_back_differently_are_named() {
        let form = TextForm::parse(ADDRESS).unwrap();
        let offender = |values: [&str; 5]| form.offender(&values);
        assert_eq!(offender(["s", "c", "r", "p q", "k"]), None);
        assert_eq!(offender(["", "c", "r", "p", "k"]), Some(0));
        assert_eq!(offender(["s", "c, d", "r", "p", "k"]), Some(1));
        assert_eq!(offender(["s", "c", "r q", "p", "k"]), Some(2));
        let dashes = TextForm::parse("{a}--{b...}").unwrap();
        assert_eq!(dashes.offender(&["x-", "b"]), Some(0));
    }
}
