//! Content codings (RFC 9110 section 8.4.1), undone while the content arrives.

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;

use brotli_decompressor::DecompressorWriter;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use sha2::{Digest, Sha256};
use zstd::stream::raw::{self, Operation};

use super::body::BodyFile;

/// The window that a zstd decoder has to support, as a power of two (RFC 9659 section 3).
const ZSTD_WINDOW: u32 = 23;
/// Octets of output that are taken from a decoder at once.
const BUFFER: usize = 32 << 10;

/// Bounds of what comes out of compressed contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Octets of one content.
    pub octets: u64,
    /// So many times the compressed octets, once more than `ratio_from` have come out.
    pub ratio: u64,
    /// Octets from which on the ratio counts.
    pub ratio_from: u64,
    /// Octets that all decoders together may take.
    pub memory: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { octets: 256 << 20, ratio: 200, ratio_from: 4 << 20, memory: 256 << 20 }
    }
}

/// What all decoders of a run have taken.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// Octets of memory at work, about.
    memory: Cell<u64>,
    /// Compressed octets, and what came out of them.
    read: Cell<u64>,
    written: Cell<u64>,
}

impl Budget {
    /// All contents together may come to so much, whatever went in.
    const WRITTEN: u64 = 256 << 20;
    /// And to so many times what went in.
    const RATIO: u64 = 20;

    fn is_spent(&self) -> bool {
        self.written.get() > Self::WRITTEN + Self::RATIO * self.read.get()
    }
}

/// A content coding that can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950; what some programs send instead, RFC 1951 alone, is read too.
    Deflate,
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
}

impl Coding {
    /// By its name in lower case (RFC 9110 section 18.6, RFC 8878 section 7.2, RFC 7932 section 13).
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "gzip" | "x-gzip" => Some(Coding::Gzip),
            "deflate" => Some(Coding::Deflate),
            "zstd" => Some(Coding::Zstd),
            "br" => Some(Coding::Brotli),
            _ => None,
        }
    }

    /// Octets that a decoder takes at most, about.
    const fn memory(self) -> u64 {
        match self {
            Coding::Gzip | Coding::Deflate => 128 << 10,
            Coding::Zstd => 10 << 20,
            Coding::Brotli => 18 << 20,
        }
    }
}

/// How undoing a coding ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeEnd {
    /// Whole, its own checks passed where it has any.
    Whole,
    /// Octets are missing at its end, or in it.
    Cut,
    /// It contradicts itself.
    Damaged,
    /// More came out than the bounds allow: perhaps a compression bomb.
    TooMuch,
}

impl DecodeEnd {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            DecodeEnd::Whole => "whole",
            DecodeEnd::Cut => "cut",
            DecodeEnd::Damaged => "damaged",
            DecodeEnd::TooMuch => "too_much",
        }
    }
}

/// Content with its coding undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Octets that came out.
    pub octets: u64,
    /// SHA-256 of them in hexadecimal, where they are all.
    pub sha256: Option<String>,
    /// How it ended.
    pub end: DecodeEnd,
}

/// Where decoded octets go: they are counted and hashed, and written to the file where there is one.
struct Plain {
    octets: u64,
    hash: Sha256,
    file: Option<Box<dyn BodyFile>>,
    limits: DecodeLimits,
    budget: Rc<Budget>,
    /// Compressed octets so far.
    read: u64,
    /// Nothing more is taken.
    full: bool,
}

impl Write for Plain {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let octets_after = self.octets + octets.len() as u64;
        self.budget.written.set(self.budget.written.get() + octets.len() as u64);
        let expands = octets_after > self.limits.ratio_from
            && octets_after > self.limits.ratio.saturating_mul(self.read);
        if octets_after > self.limits.octets || expands || self.budget.is_spent() {
            self.full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.octets = octets_after;
        self.hash.update(octets);
        if let Some(file) = &mut self.file {
            file.octets(octets);
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The decoder of one coding. `Deflate` waits for the first octets, which tell which of two formats it is.
enum Machine {
    Gzip(MultiGzDecoder<Plain>),
    Waiting(Plain, Vec<u8>),
    Zlib(ZlibDecoder<Plain>),
    Deflate(DeflateDecoder<Plain>),
    Zstd(Box<Zstd>),
    Brotli(Box<DecompressorWriter<Plain>>),
}

/// The library's own writer does not tell whether the last frame has ended.
struct Zstd {
    decoder: raw::Decoder<'static>,
    buffer: Vec<u8>,
    /// The last frame has ended.
    whole: bool,
    plain: Plain,
}

impl Zstd {
    fn octets(&mut self, octets: &[u8]) -> io::Result<()> {
        let mut input = raw::InBuffer::around(octets);
        loop {
            let mut output = raw::OutBuffer::around(&mut self.buffer[..]);
            let left = self.decoder.run(&mut input, &mut output)?;
            let written = output.pos();
            self.plain.write_all(&self.buffer[..written])?;
            self.whole = left == 0;
            // a full buffer may not have been all that was to come out
            if input.pos() == octets.len() && (self.whole || written < self.buffer.len()) {
                return Ok(());
            }
        }
    }
}

impl Machine {
    fn plain(&mut self) -> &mut Plain {
        match self {
            Machine::Gzip(decoder) => decoder.get_mut(),
            Machine::Waiting(plain, _) => plain,
            Machine::Zlib(decoder) => decoder.get_mut(),
            Machine::Deflate(decoder) => decoder.get_mut(),
            Machine::Zstd(decoder) => &mut decoder.plain,
            Machine::Brotli(decoder) => decoder.get_mut(),
        }
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Machine::Gzip(decoder) => decoder.write_all(octets),
            Machine::Waiting(_, begin) => {
                begin.extend_from_slice(octets);
                Ok(())
            }
            Machine::Zlib(decoder) => decoder.write_all(octets),
            Machine::Deflate(decoder) => decoder.write_all(octets),
            Machine::Zstd(decoder) => decoder.octets(octets),
            Machine::Brotli(decoder) => decoder.write_all(octets),
        }
    }

    /// Ends it: an error where more was to come.
    fn close(&mut self) -> io::Result<()> {
        match self {
            Machine::Gzip(decoder) => decoder.try_finish(),
            Machine::Waiting(..) => Err(io::ErrorKind::UnexpectedEof.into()),
            Machine::Zlib(decoder) => decoder.try_finish(),
            Machine::Deflate(decoder) => decoder.try_finish(),
            Machine::Zstd(decoder) if decoder.whole => Ok(()),
            Machine::Zstd(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            Machine::Brotli(decoder) => decoder.close(),
        }
    }

    /// Whether octets are those of zlib (RFC 1950 section 2.2) and not of deflate alone.
    fn is_zlib(begin: [u8; 2]) -> bool {
        begin[0] & 0x0f == 8 && begin[0] >> 4 <= 7 && u16::from_be_bytes(begin).is_multiple_of(31)
    }
}

/// Undoes one coding.
pub(super) struct Decoder {
    machine: Machine,
    coding: Coding,
    budget: Rc<Budget>,
    /// How it ended, if it has.
    ended: Option<DecodeEnd>,
}

impl Decoder {
    /// Undoes this coding; what comes out goes to `file` too. `None`, and the file back, where all decoders
    /// together take too much already.
    pub(super) fn new(
        coding: Coding,
        limits: DecodeLimits,
        budget: &Rc<Budget>,
        file: Option<Box<dyn BodyFile>>,
    ) -> Result<Self, Option<Box<dyn BodyFile>>> {
        let memory = budget.memory.get() + coding.memory();
        if memory > limits.memory || budget.is_spent() {
            return Err(file);
        }
        let plain = Plain {
            octets: 0,
            hash: Sha256::new(),
            file,
            limits,
            budget: Rc::clone(budget),
            read: 0,
            full: false,
        };
        let machine = match coding {
            Coding::Gzip => Machine::Gzip(MultiGzDecoder::new(plain)),
            Coding::Deflate => Machine::Waiting(plain, Vec::new()),
            Coding::Zstd => {
                let mut decoder = raw::Decoder::new().map_err(|_| None)?;
                decoder.set_parameter(raw::DParameter::WindowLogMax(ZSTD_WINDOW)).map_err(|_| None)?;
                Machine::Zstd(Box::new(Zstd { decoder, buffer: vec![0; BUFFER], whole: false, plain }))
            }
            Coding::Brotli => Machine::Brotli(Box::new(DecompressorWriter::new(plain, BUFFER))),
        };
        budget.memory.set(memory);
        Ok(Self { machine, coding, budget: Rc::clone(budget), ended: None })
    }

    /// The next compressed octets.
    pub(super) fn octets(&mut self, octets: &[u8]) {
        if self.ended.is_some() {
            return;
        }
        self.budget.read.set(self.budget.read.get() + octets.len() as u64);
        self.machine.plain().read += octets.len() as u64;
        let mut outcome = self.machine.write(octets);
        if let Machine::Waiting(..) = self.machine
            && outcome.is_ok()
        {
            outcome = self.choose();
        }
        if outcome.is_err() {
            let too_much = self.machine.plain().full;
            self.ended = Some(if too_much { DecodeEnd::TooMuch } else { DecodeEnd::Damaged });
        }
    }

    /// The first octets of deflate have come: which of its two formats it is.
    fn choose(&mut self) -> io::Result<()> {
        let Machine::Waiting(plain, begin) = &mut self.machine else { return Ok(()) };
        let Some(&first) = begin.first_chunk::<2>() else { return Ok(()) };
        let begin = std::mem::take(begin);
        let nothing = Plain {
            octets: 0,
            hash: Sha256::new(),
            file: None,
            full: true,
            budget: Rc::clone(&plain.budget),
            ..*plain
        };
        let plain = std::mem::replace(plain, nothing);
        self.machine = if Machine::is_zlib(first) {
            Machine::Zlib(ZlibDecoder::new(plain))
        } else {
            Machine::Deflate(DeflateDecoder::new(plain))
        };
        self.machine.write(&begin)
    }

    /// Octets are missing: nothing behind them can be read.
    pub(super) fn gap(&mut self) {
        self.ended.get_or_insert(DecodeEnd::Cut);
    }

    /// The end; `complete` where all compressed octets have come.
    pub(super) fn finish(mut self, complete: bool) -> Decoded {
        if !complete {
            self.gap();
        }
        if self.ended.is_none() {
            let closed = self.machine.close();
            let full = self.machine.plain().full;
            self.ended = Some(match closed {
                Ok(()) => DecodeEnd::Whole,
                Err(_) if full => DecodeEnd::TooMuch,
                Err(_) => DecodeEnd::Cut,
            });
        }
        let end = self.ended.unwrap_or(DecodeEnd::Cut);
        let plain = self.machine.plain();
        plain.full = true;
        let whole = end == DecodeEnd::Whole;
        if let Some(mut file) = plain.file.take() {
            file.end(whole);
        }
        let hash = std::mem::take(&mut plain.hash);
        Decoded { octets: plain.octets, sha256: whole.then(|| super::body::hexadecimal(hash)), end }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // decoders write what they still hold when they are dropped
        self.machine.plain().full = true;
        self.budget.memory.set(self.budget.memory.get().saturating_sub(self.coding.memory()));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn all(mut reader: impl Read) -> Vec<u8> {
        let mut out = Vec::new();
        reader.read_to_end(&mut out).unwrap();
        out
    }

    fn decoded(coding: Coding, octets: &[u8], cut: usize, limits: DecodeLimits) -> Decoded {
        let budget = Rc::default();
        let mut decoder = Decoder::new(coding, limits, &budget, None).ok().unwrap();
        octets.chunks(cut).for_each(|piece| decoder.octets(piece));
        let decoded = decoder.finish(true);
        assert_eq!(budget.memory.get(), 0);
        decoded
    }

    const TEXT: &[u8] = b"one two three one two three one two three";

    fn compressed() -> Vec<(Coding, Vec<u8>)> {
        vec![
            (Coding::Gzip, all(GzEncoder::new(TEXT, Compression::best()))),
            (Coding::Deflate, all(ZlibEncoder::new(TEXT, Compression::best()))),
            (Coding::Deflate, all(DeflateEncoder::new(TEXT, Compression::best()))),
            (Coding::Zstd, zstd::encode_all(TEXT, 3).unwrap()),
            // the text above, stored (RFC 7932 section 9.2): window 16, a metablock of 41 octets, an empty last one
            (Coding::Brotli, [&[0x80, 0x02, 0x10][..], TEXT, &[0x03]].concat()),
        ]
    }

    #[test]
    fn each_coding_is_undone_however_it_is_cut() {
        for (coding, octets) in compressed() {
            for cut in 1..octets.len() {
                let decoded = decoded(coding, &octets, cut, DecodeLimits::default());
                let is = (decoded.octets, decoded.end, decoded.sha256.is_some());
                assert_eq!(is, (TEXT.len() as u64, DecodeEnd::Whole, true), "{coding:?} {cut}");
            }
        }
    }

    #[test]
    fn what_ends_early_is_cut_and_what_contradicts_itself_is_damaged() {
        for (coding, octets) in compressed() {
            let decoded = decoded(coding, &octets[..octets.len() - 3], 7, DecodeLimits::default());
            assert_eq!((decoded.end, decoded.sha256), (DecodeEnd::Cut, None), "{coding:?}");
        }
        let decoded = decoded(Coding::Gzip, b"<html>this is no gzip</html>", 9, DecodeLimits::default());
        assert_eq!((decoded.end, decoded.octets), (DecodeEnd::Damaged, 0));
    }

    #[test]
    fn a_compression_bomb_ends_at_the_bounds() {
        let zeros = vec![0; 32 << 20];
        for octets in [
            (Coding::Gzip, all(GzEncoder::new(&zeros[..], Compression::best()))),
            (Coding::Zstd, zstd::encode_all(&zeros[..], 3).unwrap()),
        ] {
            let decoded = decoded(octets.0, &octets.1, 1000, DecodeLimits::default());
            assert_eq!((decoded.end, decoded.sha256), (DecodeEnd::TooMuch, None));
            assert!(decoded.octets <= 5 << 20, "{}", decoded.octets);
        }
        let limits = DecodeLimits { octets: 10, ..DecodeLimits::default() };
        for (coding, octets) in compressed() {
            assert_eq!(decoded(coding, &octets, 1000, limits).end, DecodeEnd::TooMuch);
        }
    }

    #[test]
    fn decoders_together_have_a_bound() {
        let budget = Rc::default();
        let limits = DecodeLimits { memory: 300 << 10, ..DecodeLimits::default() };
        let new = || Decoder::new(Coding::Gzip, limits, &budget, None).ok();
        let two = (new().unwrap(), new().unwrap());
        assert!(new().is_none());
        drop(two);
        assert!(new().is_some());
    }
}
