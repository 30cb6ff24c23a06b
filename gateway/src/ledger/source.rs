//! By whose fault an answer is a 5xx.

use crate::refusal::Kind;

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The gateway, or what it depends on beside the upstream.
    Gateway,
    /// The mapping between versions, or documents that it has no place for.
    Transformation,
    /// The upstream.
    Upstream,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Gateway, Self::Transformation, Self::Upstream];

    /// Its name in figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Transformation => "transformation",
            Self::Upstream => "upstream",
        }
    }

    /// Who is at fault; nobody where the answer is no 5xx, or one that is meant.
    pub fn of(refused: Option<Kind>, status: u16) -> Option<Self> {
        let Some(kind) = refused else {
            // What the gateway did not refuse the upstream has answered.
            return (status >= 500).then_some(Self::Upstream);
        };
        match kind {
            Kind::BrownoutRetry | Kind::VersionOff => None,
            Kind::UntranslatableAnswer | Kind::AnswerTooLarge => Some(Self::Transformation),
            Kind::UpstreamUnreachable
            | Kind::UpstreamUntrusted
            | Kind::UpstreamReset
            | Kind::UpstreamGarbage
            | Kind::UpstreamIncomplete
            | Kind::UpstreamTimeout
            | Kind::UpstreamBusy
            | Kind::NoEntityTag
            | Kind::InvalidAnswer => Some(Self::Upstream),
            kind if kind.status().is_server_error() => Some(Self::Gateway),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_with_5xx_has_a_source_unless_it_is_meant() {
        for kind in Kind::ALL {
            let source = Source::of(Some(*kind), kind.status().as_u16());
            let meant = matches!(kind, Kind::BrownoutRetry | Kind::VersionOff);
            let fails = kind.status().is_server_error() && !meant;
            assert_eq!(source.is_some(), fails, "{kind:?}");
        }
        assert_eq!(Source::of(None, 503), Some(Source::Upstream));
        assert_eq!(Source::of(None, 404), None);
    }
}
