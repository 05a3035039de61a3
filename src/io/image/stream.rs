//! Bytes of an image file, decompressed on the way, with a bound on how many can come.

use std::{
    fs::File,
    io::{BufRead, BufReader, ErrorKind, Read, Seek},
    path::{Component, Path, PathBuf},
};

use flate2::{bufread::ZlibDecoder, read::MultiGzDecoder};

use crate::error::{Error, Result};

/// No deflate stream grows to more than 1032 times its size (258 bytes from 2 bits).
const MAX_INFLATION: u64 = 1032;

/// The file that holds the voxels of a header file: `place` must lead no further than the header's folder and those below.
pub(super) fn beside(header: &Path, place: &str) -> Option<PathBuf> {
    let is_list = place == "LIST" || place.starts_with("LIST ") || place.contains('%');
    let relative = Path::new(place);
    let stays = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (!is_list && stays && relative.file_name().is_some()).then(|| header.with_file_name("").join(relative))
}

/// A file being read, compressed (gzip, told by its first bytes) or not.
pub(super) struct Source {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    /// Bytes handed out so far, after decompression.
    position: u64,
    /// Most bytes that can ever be handed out; exact for a file that is not compressed.
    capacity: u64,
    compressed: Option<&'static str>,
}

impl Source {
    /// Opens a file and finds out whether it is compressed.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path).map_err(Error::io(path))?;
        let metadata = file.metadata().map_err(Error::io(path))?;
        if !metadata.is_file() {
            return Err(Error::input(format!("{}: not a regular file; expected an image", path.display())));
        }
        let mut magic = Vec::with_capacity(2);
        (&mut file).take(2).read_to_end(&mut magic).map_err(Error::io(path))?;
        file.rewind().map_err(Error::io(path))?;
        let source = Self {
            path: path.to_path_buf(),
            reader: Box::new(BufReader::with_capacity(1 << 16, file)),
            position: 0,
            capacity: metadata.len(),
            compressed: None,
        };
        Ok(if magic == [0x1f, 0x8b] { source.gunzip() } else { source })
    }

    /// The rest of the file is compressed, in zlib's or gzip's wrapping.
    pub(super) fn inflate(mut self) -> Result<Self> {
        if let Some(kind) = self.compressed {
            return Err(Error::input(format!("{}: a {kind} file with compressed data inside; decompress it once", self.name())));
        }
        let is_gzip = self.reader.fill_buf().map_err(Error::io(&self.path))?.starts_with(&[0x1f, 0x8b]);
        let left = self.capacity - self.position;
        if is_gzip {
            return Ok(Self { capacity: left, position: 0, ..self }.gunzip());
        }
        Ok(Self {
            reader: Box::new(BufReader::with_capacity(1 << 16, ZlibDecoder::new(self.reader))),
            position: 0,
            capacity: left.saturating_mul(MAX_INFLATION),
            compressed: Some("zlib"),
            ..self
        })
    }

    fn gunzip(self) -> Self {
        Self {
            reader: Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(self.reader))),
            capacity: self.capacity.saturating_mul(MAX_INFLATION),
            compressed: Some("gzip"),
            ..self
        }
    }

    /// The file's name for messages.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.compressed.is_some()
    }

    /// Bytes that are left; for compressed data the most that can be.
    pub(super) fn room(&self) -> u64 {
        self.capacity.saturating_sub(self.position)
    }

    /// Checks, before anything is allocated for it, that `bytes` more can come.
    pub(super) fn check_room(&self, bytes: u64, what: &str) -> Result<()> {
        if bytes <= self.room() {
            return Ok(());
        }
        let (name, at, room) = (self.name(), self.position, self.room());
        Err(Error::input(match self.compressed {
            None => format!("{name}: {what} take {bytes} bytes from byte {at} on, but only {room} are there"),
            Some(kind) => format!("{name}: {what} take {bytes} bytes, but its {kind} data can hold {room} at most"),
        }))
    }

    /// Fills `buffer`; `what` says what is being read.
    pub(super) fn read_exact(&mut self, buffer: &mut [u8], what: &str) -> Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => return Err(self.short(what, (buffer.len() - filled) as u64)),
                Ok(n) => {
                    filled += n;
                    self.position += n as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error, what)),
            }
        }
        Ok(())
    }

    /// Passes over `count` bytes.
    pub(super) fn skip(&mut self, count: u64, what: &str) -> Result<()> {
        self.check_room(count, what)?;
        let (mut left, mut scratch) = (count, [0_u8; 4096]);
        while left > 0 {
            let n = left.min(scratch.len() as u64);
            self.read_exact(&mut scratch[..n as usize], what)?;
            left -= n;
        }
        Ok(())
    }

    /// The next line without its end, of at most `limit` bytes; `None` at the end of the file.
    pub(super) fn line(&mut self, limit: usize) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        if let Err(error) = (&mut self.reader).take(limit as u64 + 1).read_until(b'\n', &mut line) {
            return Err(self.failed(error, "the header"));
        }
        self.position += line.len() as u64;
        if line.len() > limit {
            return Err(Error::input(format!(
                "{}: a header line of more than {limit} bytes up to byte {}; expected lines of `key = value`",
                self.name(),
                self.position
            )));
        }
        let ended = line.pop_if(|last| *last == b'\n').is_some();
        if !ended && line.is_empty() {
            return Ok(None);
        }
        line.pop_if(|last| *last == b'\r');
        Ok(Some(line))
    }

    /// Makes sure that nothing follows; this also checks the checksum of compressed data.
    pub(super) fn expect_end(&mut self) -> Result<()> {
        loop {
            match self.reader.fill_buf() {
                Ok([]) => return Ok(()),
                Ok(_) => {
                    let more = match self.compressed {
                        None => format!("{} bytes follow", self.room()),
                        Some(_) => "more data follows".to_owned(),
                    };
                    return Err(Error::input(format!(
                        "{}: {more} after the last voxel at byte {}; the header promises fewer voxels than the file holds",
                        self.name(),
                        self.position
                    )));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error, "the end of the voxels")),
            }
        }
    }

    fn short(&self, what: &str, missing: u64) -> Error {
        Error::input(format!("{}: ends at byte {} inside {what}; {missing} more bytes expected", self.name(), self.position))
    }

    /// A failed read: damaged contents are the user's input, anything else is the system's doing.
    fn failed(&self, error: std::io::Error, what: &str) -> Error {
        let kind = self.compressed.unwrap_or("file");
        match error.kind() {
            ErrorKind::UnexpectedEof => Error::input(format!(
                "{}: the {kind} data are cut off: after {} bytes the file ends inside {what}",
                self.name(),
                self.position
            )),
            ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                Error::input(format!("{}: the {kind} data are damaged after {} bytes, in {what}: {error}", self.name(), self.position))
            }
            _ => Error::io(&self.path)(error),
        }
    }
}
