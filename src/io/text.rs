//! Texts that users name: plans, parameters, spectra. Their length is bounded, so that another file by mistake, or a device without end, is an
//! error and not a flood of memory.

use std::{fs::File, io::Read, path::Path};

use crate::error::{Error, Result};

/// A text longer than this is some other file, bytes.
const LONGEST: u64 = 16 << 20;

/// Reads a text in UTF-8; `what` it is is said in messages, "a plan is a TOML text".
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Input`] if it is longer than 16 MiB, or no UTF-8, with the line.
pub fn read(path: &Path, what: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Error::io(path))?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(Error::io(path))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Error::input(format!("{}: more than {LONGEST} bytes are too many; {what}", path.display())));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Error::input(format!("{}:{line}: not a text in UTF-8; {what}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_and_utf8() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan.toml");
        let file = File::create(&path).expect("created");
        file.set_len(LONGEST + 1).expect("sparse");
        let message = read(&path, "a plan is a TOML text").expect_err("too long").to_string();
        assert!(message.ends_with("plan.toml: more than 16777216 bytes are too many; a plan is a TOML text"), "{message}");
        std::fs::write(&path, b"a\nb\xff").expect("written");
        let message = read(&path, "a plan is a TOML text").expect_err("binary").to_string();
        assert!(message.ends_with("plan.toml:2: not a text in UTF-8; a plan is a TOML text"), "{message}");
        std::fs::write(&path, "\u{b5}").expect("written");
        assert_eq!(read(&path, "").expect("a text"), "\u{b5}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_without_end_is_refused() {
        let message = read(Path::new("/dev/zero"), "a plan is a TOML text").expect_err("endless").to_string();
        assert!(message.contains("too many"), "{message}");
    }
}
