//! Where frames come from and go to: files, standard input, compressed or not; and saving.
//!
//! [`Source`] reads: `input` finds out what a file is, `classic` reads the records of pcap, `pcapng` the blocks
//! of pcapng. [`Filter`] chooses, [`Saver`] writes, [`assign_captures`] tells which of several files
//! continue one another. The only user of libpcap. Nothing here looks into a frame.

mod block;
mod classic;
mod damage;
mod file;
mod filter;
mod input;
mod pcapng;
mod save;
mod save_classic;
mod save_pcapng;
mod series;
mod source;
mod window;

pub use damage::{Damage, OpenError};
pub use filter::{Filter, FilterError};
pub use input::Opened;
pub use save::{SaveError, Saver};
pub use series::{Extent, Joining, Neighbours, Span, assign_captures, span};
pub use source::{Interface, Source, SourceInfo};
