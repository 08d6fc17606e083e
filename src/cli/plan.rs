//! What to do, made of the arguments.
