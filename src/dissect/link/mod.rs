//! Headers of the data link layer.

pub(crate) mod fcs;
