//! `sluice check`: tells every fault.
