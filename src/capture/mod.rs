//! Where frames come from and go to: files, standard input, compressed or not; and saving.
//!
//! The only user of libpcap. Nothing here looks into a frame.

mod damage;
mod file;
mod filter;
mod save;
mod source;

pub use damage::{Damage, OpenError};
pub use filter::{Filter, FilterError};
pub use save::{SaveError, Saver};
pub use source::{Interface, Source, SourceInfo};
