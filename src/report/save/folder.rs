//! A folder that files are made in: never outside of it, never over another file, never through a link.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use ahash::AHashMap;
use rustix::fs::{CWD, Mode, OFlags, openat, renameat};

/// Files that are open at a time; others are opened again when more is to be written to them.
const MAX_OPEN: usize = 64;
/// Octets collected before they are written to a file.
const BUFFER: usize = 64 << 10;
/// Names that are tried before a folder is taken for full of them.
const MAX_TRIES: u32 = 10_000;

/// What a file that is being written is known by.
pub(super) type Id = u64;

/// The folder. Its files are made relative to the open folder: moving it, or putting a link in its place,
/// leads nowhere else.
pub(super) struct Folder {
    folder: File,
    begun: AHashMap<Id, Begun>,
    open: Vec<Open>,
    next_id: Id,
    clock: u64,
}

/// A file that is being written.
struct Begun {
    name: String,
    identity: (u64, u64),
}

struct Open {
    id: Id,
    used: u64,
    file: BufWriter<File>,
}

impl Folder {
    /// Opens a folder; makes it, but none that it would stand in, where it does not exist.
    ///
    /// # Errors
    /// When it cannot be made or is no folder.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        match std::fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        // of a pipe of that name, opening would wait for a writer
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let folder = File::from(openat(CWD, path, flags, Mode::empty())?);
        Ok(Self { folder, begun: AHashMap::new(), open: Vec::new(), next_id: 0, clock: 0 })
    }

    /// Begins a file of this name, or, where there is one, of `stem-2`, `stem-3`, ...
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn begin(&mut self, stem: &str, extension: &str) -> io::Result<Id> {
        let (file, name) = self.create(stem, extension)?;
        let metadata = file.metadata()?;
        let id = self.next_id;
        self.next_id += 1;
        self.begun.insert(id, Begun { name, identity: (metadata.dev(), metadata.ino()) });
        self.keep_open(id, file)?;
        Ok(id)
    }

    /// Writes to a file that was begun.
    ///
    /// # Errors
    /// When the disk is full, or another file has taken its place.
    pub(super) fn write(&mut self, id: Id, octets: &[u8]) -> io::Result<()> {
        self.clock += 1;
        let index = match self.open.iter().position(|open| open.id == id) {
            Some(index) => index,
            None => {
                let file = self.open_again(id)?;
                self.keep_open(id, file)?;
                self.open.len() - 1
            }
        };
        let Some(open) = self.open.get_mut(index) else { return Ok(()) };
        open.used = self.clock;
        open.file.write_all(octets)
    }

    /// Ends a file under the name that it has: that name.
    ///
    /// # Errors
    /// When the rest cannot be written.
    pub(super) fn end(&mut self, id: Id) -> io::Result<String> {
        if let Some(index) = self.open.iter().position(|open| open.id == id) {
            self.open.swap_remove(index).file.flush()?;
        }
        Ok(self.begun.remove(&id).map(|begun| begun.name).unwrap_or_default())
    }

    /// Ends a file and gives it another name, by the same rules as [`Folder::begin`]: that name.
    ///
    /// # Errors
    /// When the rest cannot be written, or the name cannot be given.
    pub(super) fn end_as(&mut self, id: Id, stem: &str, extension: &str) -> io::Result<String> {
        let before = self.end(id)?;
        // the name is taken with an empty file, which is ours to be replaced
        let (_, name) = self.create(stem, extension)?;
        renameat(&self.folder, before.as_str(), &self.folder, name.as_str())?;
        Ok(name)
    }

    /// `O_EXCL`: neither over a file nor through a link. Only the owner may read mail.
    fn create(&self, stem: &str, extension: &str) -> io::Result<(File, String)> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for number in 1..=MAX_TRIES {
            let name = match number {
                1 => format!("{stem}{extension}"),
                number => format!("{stem}-{number}{extension}"),
            };
            match openat(&self.folder, name.as_str(), flags, Mode::RUSR | Mode::WUSR) {
                Ok(file) => return Ok((file.into(), name)),
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn open_again(&self, id: Id) -> io::Result<File> {
        let begun = self.begun.get(&id).ok_or(io::ErrorKind::NotFound)?;
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(&self.folder, begun.name.as_str(), flags, Mode::empty())?);
        let metadata = file.metadata()?;
        if (metadata.dev(), metadata.ino()) != begun.identity {
            return Err(io::Error::other("another file has taken its place"));
        }
        Ok(file)
    }

    fn keep_open(&mut self, id: Id, file: File) -> io::Result<()> {
        if self.open.len() >= MAX_OPEN
            && let Some(oldest) = (0..self.open.len()).min_by_key(|&index| self.open[index].used)
        {
            self.open.swap_remove(oldest).file.flush()?;
        }
        self.open.push(Open { id, used: self.clock, file: BufWriter::with_capacity(BUFFER, file) });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_files_than_may_be_open_are_written_in_turn() {
        let place = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(place.path()).unwrap();
        let ids: Vec<_> =
            (0..3 * MAX_OPEN).map(|n| folder.begin(&format!("f{n}"), ".partial").unwrap()).collect();
        for turn in ["one ", "two"] {
            ids.iter().for_each(|&id| folder.write(id, turn.as_bytes()).unwrap());
        }
        for (n, &id) in ids.iter().enumerate() {
            assert_eq!(folder.end_as(id, &format!("f{n}"), ".txt").unwrap(), format!("f{n}.txt"));
            assert_eq!(std::fs::read(place.path().join(format!("f{n}.txt"))).unwrap(), b"one two");
        }
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), ids.len());
    }

    #[test]
    fn a_link_is_neither_followed_nor_replaced() {
        let place = tempfile::tempdir().unwrap();
        let outside = place.path().join("outside");
        let inside = place.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("f.eml")).unwrap();
        let mut folder = Folder::open(&inside).unwrap();
        let id = folder.begin("f", ".eml").unwrap();
        folder.write(id, b"x").unwrap();
        assert_eq!(folder.end(id).unwrap(), "f-2.eml");
        assert!(!outside.exists());
    }

    #[test]
    fn a_file_in_the_place_of_another_is_not_written_to() {
        let place = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(place.path()).unwrap();
        let id = folder.begin("f", "").unwrap();
        for n in 0..MAX_OPEN {
            folder.begin(&format!("g{n}"), "").unwrap();
        }
        std::fs::rename(place.path().join("f"), place.path().join("moved")).unwrap();
        std::fs::write(place.path().join("f"), b"precious").unwrap();
        assert!(folder.write(id, b"x").is_err());
        assert_eq!(std::fs::read(place.path().join("f")).unwrap(), b"precious");
    }
}
