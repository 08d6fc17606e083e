//! Secrets of TLS on their way: from key logs and captures to the conversations, and into what is saved.

use super::{Run, Stop};
use crate::capture::SourceInfo;

impl Run {
    /// Reads the key logs for the first time; those of a live capture may grow.
    pub(super) fn keys_begin(&mut self) -> Result<(), Stop> {
        if let Some(keys) = self.conversations.keys().filter(|_| self.keys.are_any()) {
            keys.expect_more(true);
        }
        if let Some(saver) = self.saver.as_mut().filter(|_| self.plan.embeds_keys) {
            // says to who reads the capture that keys may come behind the packets that need them
            let begun = saver.secrets(&[]);
            self.saved(begun)?;
        }
        self.read_keys()?;
        if let Some(keys) = self.conversations.keys().filter(|_| self.plan.live.is_none()) {
            keys.end_of_text();
            keys.expect_more(false);
        }
        Ok(())
    }

    /// What was written to the key logs since they were read last.
    pub(super) fn read_keys(&mut self) -> Result<(), Stop> {
        if !self.keys.are_any() {
            return Ok(());
        }
        let mut text = Vec::new();
        self.keys.read(|octets| text.extend_from_slice(octets));
        self.add_keys(&text)
    }

    /// Secrets that the source brought.
    pub(super) fn take_secrets(&mut self, info: &SourceInfo) -> Result<(), Stop> {
        for block in info.secrets.behind(self.secrets_taken) {
            self.secrets_taken += 1;
            self.add_keys(block)?;
            if let Some(keys) = self.conversations.keys() {
                keys.end_of_text();
                keys.expect_more(true);
            }
            self.conversations.keys_came();
        }
        Ok(())
    }

    fn add_keys(&mut self, text: &[u8]) -> Result<(), Stop> {
        if text.is_empty() {
            return Ok(());
        }
        if let Some(keys) = self.conversations.keys() {
            keys.add(text);
        }
        self.conversations.keys_came();
        if let Some(saver) = self.saver.as_mut().filter(|_| self.plan.embeds_keys) {
            let written = saver.secrets(text);
            self.saved(written)?;
        }
        Ok(())
    }

    /// No more keys come.
    pub(super) fn keys_end(&mut self) -> Result<(), Stop> {
        self.read_keys()?;
        let Some(keys) = self.conversations.keys().cloned() else { return Ok(()) };
        keys.end_of_text();
        self.conversations.keys_came();
        keys.expect_more(false);
        if !self.plan.quiet {
            self.keys.tell(&keys);
        }
        self.tell_finished(None)
    }
}
