//! How far the reading has come, in octets, on standard error.

use indicatif::{ProgressBar, ProgressStyle};

use crate::capture::SourceInfo;

/// Captures smaller than this are read before anyone could look.
const WORTH_SHOWING: u64 = 16 << 20;

/// A progress bar, or none.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn new(wanted: bool, info: &SourceInfo) -> Self {
        let size = info.size.filter(|&size| wanted && size >= WORTH_SHOWING);
        Self(size.map(|size| {
            let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {eta}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(size).with_style(style)
        }))
    }

    pub(super) fn at(&mut self, position: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(position);
        }
    }

    pub(super) fn done(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}
