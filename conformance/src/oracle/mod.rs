//! The specification of IntegrationHub, written by hand: what each version must see and what each write must leave.
//!
//! It follows `integrationhub/README.md` and no engine: it knows no chains, walks no lineage and asks of each
//! version only "how do you show this member?". Slow, obvious, and free to disagree with Sluice.
//!
//! ```text
//! facts.rs       the table "What changed between versions" as questions to a version
//! lower.rs       3.3 -> a version          write.rs   a version -> 3.3, into what is stored
//! place.rs       the address, both ways    money.rs   exact amounts    equal.rs   JSON values
//! errors.rs      error bodies, pointers    calls.rs   endpoints, lists
//! edit.rs        what clients do, right and wrong
//! ```
//!
//! Reads are to be compared as text ([`lower`] keeps order and the text of numbers, by DESIGN.md's "Output order");
//! writes with [`equal`], since no reader depends on the order in which a backend keeps members.
//!
//! Decisions where the specification is silent:
//! - `id` and `createdAt` may be left out of a PUT as of a create: they stay. One that differs is 422 with its
//!   pointer, and so is a PATCH that removes it.
//! - Members that no version knows are kept on a write where the client's version has no place to show them (in
//!   an address that is text, a balance that is a number, a consent that is a boolean, a phone that is text, hidden
//!   insights), also when the place changes. Where the version shows them, leaving them out removes them.
//! - `created` is the start of the second: fractions are cut off, also before 1970.
//! - Slots of an address text are not empty; only the street holds a comma; the region holds no white space. An
//!   address that would not be read back as it was cannot be lowered.
//! - Decimals are counted as written: `12345.670` has three, unless it equals the value shown.
//! - A country outside the table: 422 at `/address/country` before 3.0, at the whole text before 2.1, at
//!   `/address/country/code` in 3.0-hotfix. A member of that object beside `code` and `name` is 422: it has no place.
//! - In 4.0-beta `kind` is required and is `primary`. A missing `addresses` or one that is not exactly one is 422 there.
//! - A PATCH that names a member with a meaning elsewhere is 422, also when it says null.
//! - A write to a customer that the version cannot show is 502.
//! - An object that a version takes apart (balance before 2.0, consent before 1.2, insights before 3.3) has no
//!   place of its own: a pointer to it, or to a member that is not shown, is left out. Phones before 2.3 all go to
//!   `/phone`; `/address/country` goes to `/address/country/code` in 3.0-hotfix; `/address` to `/addresses/0` in 4.0-beta.
//! - Without a field, a problem has no `errors`. The phrase of 422 is that of RFC 9110: "Unprocessable Content".

mod calls;
mod edit;
mod equal;
mod errors;
mod facts;
mod lower;
mod money;
mod place;
mod write;

pub use calls::{Call, Endpoint, Listed, list, path};
pub use edit::{edit, invalid_edit};
pub use equal::{equal, merged};
pub use errors::{error, pointer};
pub use facts::VERSIONS;
pub use lower::{Lowered, lower};
pub use write::{Refused, create, patch, replace};
