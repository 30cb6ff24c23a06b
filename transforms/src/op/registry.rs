//! The one list of operators, in the order in which the documentation shows them.

use super::entry::Entry;

/// Every operator.
pub const OPERATORS: &[Entry] = &[
    super::relocate::RENAME,
    super::relocate::MOVE,
    super::hoist::HOIST,
    super::hoist::WRAP,
    super::add::ADD,
    super::add::REMOVE,
    super::values::VALUES,
    super::convert::CONVERT,
    super::pattern::PATTERN,
    super::constant::CONSTANT,
    super::default::DEFAULT,
    super::derived::DERIVED,
    super::rename_case::RENAME_CASE,
    super::text_to_object::TEXT_TO_OBJECT,
    super::group::GROUP,
    super::group::UNGROUP,
    super::single_to_list::SINGLE_TO_LIST,
    super::single_to_list::LIST_TO_SINGLE,
    super::list_to_map::LIST_TO_MAP,
    super::when::WHEN,
    super::each::EACH,
    super::script::SCRIPT,
];

/// The operator of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    OPERATORS.iter().find(|entry| entry.name == name)
}
