//! The reference of fleet.yaml, written from its types.
