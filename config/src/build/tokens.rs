//! Tokens: key sets, issuers, audiences; introspection endpoints.

use super::judge::Judge;
use crate::plan::{IntrospectionPlan, JwtPlan};
use crate::raw::{RawIntrospection, RawJwt};

/// Judges the settings of a scheme of JSON Web Tokens at `pointer`.
pub(super) fn jwt(_judge: &mut Judge<'_>, _pointer: &str, _raw: &RawJwt) -> Option<JwtPlan> {
    Some(JwtPlan::default())
}

/// Judges the settings of a scheme of introspection at `pointer`.
pub(super) fn introspection(
    _judge: &mut Judge<'_>,
    _pointer: &str,
    _raw: &RawIntrospection,
) -> Option<IntrospectionPlan> {
    Some(IntrospectionPlan::default())
}
