//! Hypertext transfer, version 1 (RFC 9110, RFC 9112): requests and the responses to them, read from both directions
//! of a stream while they arrive.
//!
//! `half` tells heads and bodies of one direction apart, with `head`, `framing` and `chunked`; `pairing` puts
//! requests and responses together; `body` and `decode` take the contents. `hide` knows the secrets. HTTP/2 and what
//! a connection is upgraded to are named and handed on, not read.

mod body;
mod build;
mod chunked;
mod decode;
mod exchange;
mod framing;
mod half;
mod head;
mod hide;
mod pairing;
mod reader;
mod start;
#[cfg(test)]
mod tests;
mod text;

pub use body::{About, Bodies, BodyFile, Sharing};
pub use decode::{Coding, DecodeEnd, DecodeLimits, Decoded};
pub use exchange::{
    After, Authorization, Body, Chunks, Cut, Ends, Exchange, Field, Framing, Message, NoBody, Request,
    Response, Warning,
};
pub use pairing::Became;
pub use reader::{Limits, Reader};
pub use start::TargetForm;
pub use text::Text;
