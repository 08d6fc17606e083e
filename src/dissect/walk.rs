//! Where the walk through a packet stands.
