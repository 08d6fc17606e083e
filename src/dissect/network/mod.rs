//! Headers of the network layer.
