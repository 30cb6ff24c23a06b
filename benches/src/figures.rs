//! Medians with their spread: a figure without its spread says nothing on a shared machine.

use std::fmt;

/// A median and the range around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Figure {
    /// The figure of these samples; all zero without any.
    pub(crate) fn of(samples: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = samples.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        let last = sorted.len().saturating_sub(1);
        Self {
            median: (at(last / 2) + at(last.div_ceil(2))) / 2.0,
            least: at(0),
            most: at(last),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, least, most } = self;
        write!(f, "{median:8.2}  ({least:.2} to {most:.2})")
    }
}

#[cfg(test)]
mod tests {
    use super::Figure;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((Figure::of([3.0, 1.0, 2.0]).median - 2.0).abs() < 1e-9);
        assert!((Figure::of([4.0, 1.0, 2.0, 3.0]).median - 2.5).abs() < 1e-9);
        assert!((Figure::of([]).median).abs() < 1e-9);
    }
}
