//! Documents as people read them, and how two of them differ.
