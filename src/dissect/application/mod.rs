//! Main fields of what is carried on top.
