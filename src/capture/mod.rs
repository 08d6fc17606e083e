//! Where frames come from and go to: files, standard input, compressed or not; the wire; and saving.
//!
//! [`Source`] reads: `input` finds out what a file is, `classic` reads the records of pcap, `pcapng` the blocks
//! of pcapng; [`Live`] takes frames from interfaces, perhaps while a [`RunningCommand`] runs. [`Filter`] chooses,
//! [`Saver`] writes, [`assign_captures`] tells which of several files continue one another. The only user of
//! libpcap. Nothing here looks into a frame, but for whether this host sent it.

mod block;
mod caller;
mod classic;
mod command;
mod damage;
mod file;
mod filter;
mod input;
mod interfaces;
mod live;
mod pcapng;
mod save;
mod save_classic;
mod save_pcapng;
mod series;
mod source;
mod window;

pub use caller::{Caller, UnknownCaller};
pub use command::{CommandError, RunningCommand};
pub use damage::{Damage, LiveError, OpenError};
pub use filter::{Filter, FilterError};
pub use input::Opened;
pub use interfaces::{LocalInterface, SeesFcs, interfaces, may_capture};
pub use live::{ANY, Live, LiveCounts, LiveOptions, SNAP_LENGTH, Stopper};
pub use save::{SaveError, Saver};
pub use series::{Extent, Joining, Neighbours, Span, assign_captures, span};
pub use source::{Interface, Secrets, Source, SourceInfo};
