//! A DICOM file taken apart: elements as slices of its bytes.
//!
//! Written here and not left to `dicom-object`, which allocates whatever a length field promises and recurses as deep as a file is nested: here lengths are
//! checked against the bytes that are there, and depth against a bound, so a damaged file is an error and nothing else.

use std::{fs::File, io::Read, path::Path};

use dicom_core::{
    Tag, VR,
    dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr},
};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

use crate::{
    error::{Error, Result},
    io::memory,
};

/// Where "DICM" stands in a file of part 10 of the standard.
const PREAMBLE: usize = 128;
/// Sequences in sequences; the deepest objects of the standard have fewer than ten.
const DEEPEST: usize = 24;
/// No deflate stream grows to more than 1032 times its size; data sets that are worth reading do not come near this.
const MOST_INFLATED: u64 = 4 << 30;
const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);
/// Retired, but in archives.
pub(super) const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
const UNDEFINED: u32 = u32::MAX;

/// A file's bytes, inflated where they were deflated.
pub(super) struct Contents {
    /// For messages.
    pub(super) name: String,
    bytes: Vec<u8>,
    /// Where the data set begins.
    body: usize,
    /// Transfer syntax UID.
    pub(super) syntax: String,
}

impl Contents {
    /// Reads a file; `None` if it is no DICOM file.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Input`] if it begins as DICOM and is damaged, or does not fit the memory.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let name = path.display().to_string();
        let mut file = File::open(path).map_err(Error::io(path))?;
        let length = file.metadata().map_err(Error::io(path))?.len();
        let mut bytes = Vec::new();
        (&mut file).take(PREAMBLE as u64 + 4).read_to_end(&mut bytes).map_err(Error::io(path))?;
        let part10 = bytes.get(PREAMBLE..) == Some(b"DICM");
        if !part10 && !looks_bare(&bytes) {
            return Ok(None);
        }
        memory::check(&name, length)?;
        file.read_to_end(&mut bytes).map_err(Error::io(path))?;
        if !part10 {
            let explicit = bytes[4..6].iter().all(u8::is_ascii_uppercase);
            let syntax = if explicit { uids::EXPLICIT_VR_LITTLE_ENDIAN } else { uids::IMPLICIT_VR_LITTLE_ENDIAN };
            return Ok(Some(Self { name, bytes, body: 0, syntax: syntax.to_owned() }));
        }
        let (syntax, body) = meta(&name, &bytes)?;
        if syntax == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
            let mut inflated = Vec::new();
            let most = memory::available().unwrap_or(MOST_INFLATED).min(MOST_INFLATED);
            let decoder = flate2::read::DeflateDecoder::new(&bytes[body..]);
            let count = decoder
                .take(most)
                .read_to_end(&mut inflated)
                .map_err(|error| Error::input(format!("{name}: the deflated data set is damaged: {error}")))?;
            if count as u64 == most {
                return Err(Error::input(format!("{name}: the deflated data set needs more than {most} bytes of memory")));
            }
            return Ok(Some(Self { name, bytes: inflated, body: 0, syntax }));
        }
        Ok(Some(Self { name, bytes, body, syntax }))
    }

    /// The elements of the file, its meta information left out.
    ///
    /// # Errors
    /// [`Error::Input`] where it is damaged.
    pub(super) fn parse(&self) -> Result<DataSet<'_>> {
        let encoding = Encoding { implicit: self.syntax == uids::IMPLICIT_VR_LITTLE_ENDIAN, big_endian: self.syntax == BIG_ENDIAN };
        let mut reader = Reader { bytes: &self.bytes, at: self.body, encoding };
        let mut data = reader.elements(0, None).map_err(|what| Error::input(format!("{}: {what}", self.name)))?;
        data.settle_charset(&SpecificCharacterSet::default());
        Ok(data)
    }
}

/// A data set without preamble, as some old exports have: its first element is of the group 0008.
fn looks_bare(bytes: &[u8]) -> bool {
    let [8, 0, element, 0, a, b, c, d, ..] = *bytes else { return false };
    let explicit = matches!(&[a, b], b"UL" | b"CS" | b"UI" | b"DA") && u16::from_le_bytes([c, d]) < 128;
    let implicit = u32::from_le_bytes([a, b, c, d]) < 128;
    element <= 0x18 && (explicit || implicit)
}

/// Transfer syntax and beginning of the data set, from the meta information (always explicit, little-endian).
fn meta(name: &str, bytes: &[u8]) -> Result<(String, usize)> {
    let damaged = |what: String| Error::input(format!("{name}: the DICOM meta information is damaged: {what}"));
    let mut reader = Reader { bytes, at: PREAMBLE + 4, encoding: Encoding { implicit: false, big_endian: false } };
    let data = reader.elements(0, Some(2)).map_err(damaged)?;
    let syntax = data.text(tags::TRANSFER_SYNTAX_UID).ok_or_else(|| damaged("it names no transfer syntax (0002,0010)".into()))?;
    Ok((syntax, reader.at))
}

#[derive(Debug, Clone, Copy)]
struct Encoding {
    implicit: bool,
    big_endian: bool,
}

/// What an element holds.
#[derive(Debug)]
enum Value<'a> {
    Bytes(&'a [u8]),
    Items(Vec<DataSet<'a>>),
    /// Encapsulated pixel data, the table of offsets first.
    Fragments(Vec<&'a [u8]>),
}

/// Elements in ascending order of their tags.
#[derive(Debug)]
pub(super) struct DataSet<'a> {
    elements: Vec<(Tag, Value<'a>)>,
    big_endian: bool,
    charset: SpecificCharacterSet,
}

/// The pixel data of an object.
pub(super) enum PixelBytes<'a> {
    /// As they are.
    Native(&'a [u8]),
    /// In fragments, the table of offsets first.
    Fragments(&'a [&'a [u8]]),
}

impl<'a> DataSet<'a> {
    fn settle_charset(&mut self, inherited: &SpecificCharacterSet) {
        // Text of several character sets begins with the first one; code extensions in it are left as they are.
        let named = self.text(tags::SPECIFIC_CHARACTER_SET);
        self.charset = named.as_deref().and_then(|names| names.split('\\').find_map(charset)).unwrap_or_else(|| inherited.clone());
        let own = self.charset.clone();
        for (_, value) in &mut self.elements {
            if let Value::Items(items) = value {
                items.iter_mut().for_each(|item| item.settle_charset(&own));
            }
        }
    }

    fn value(&self, tag: Tag) -> Option<&Value<'a>> {
        self.elements.iter().find(|(known, _)| *known == tag).map(|(_, value)| value)
    }

    pub(super) fn has(&self, tag: Tag) -> bool {
        self.value(tag).is_some()
    }

    pub(super) fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        match self.value(tag)? {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The items of a sequence; none if it is absent.
    pub(super) fn items(&self, tag: Tag) -> &[DataSet<'a>] {
        match self.value(tag) {
            Some(Value::Items(items)) => items,
            _ => &[],
        }
    }

    pub(super) fn first(&self, tag: Tag) -> Option<&DataSet<'a>> {
        self.items(tag).first()
    }

    pub(super) fn pixel_bytes(&self) -> Option<PixelBytes<'_>> {
        match self.value(tags::PIXEL_DATA)? {
            Value::Bytes(bytes) => Some(PixelBytes::Native(bytes)),
            Value::Fragments(fragments) => Some(PixelBytes::Fragments(fragments)),
            Value::Items(_) => None,
        }
    }

    /// A text without its padding; `None` if absent or empty.
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        let bytes = self.bytes(tag)?;
        let text = self.charset.decode(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned());
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The values of a text with several.
    pub(super) fn texts(&self, tag: Tag) -> Vec<String> {
        self.text(tag).map_or_else(Vec::new, |text| text.split('\\').map(|part| part.trim().to_owned()).collect())
    }

    /// Decimal numbers written as text (DS, IS); `None` if absent, empty, or one of them is no finite number.
    pub(super) fn decimals(&self, tag: Tag) -> Option<Vec<f64>> {
        let text = std::str::from_utf8(self.bytes(tag)?).ok()?.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        if text.is_empty() {
            return None;
        }
        text.split('\\').map(|part| part.trim().parse().ok().filter(|number: &f64| number.is_finite())).collect()
    }

    pub(super) fn decimal(&self, tag: Tag) -> Option<f64> {
        self.decimals(tag)?.first().copied()
    }

    /// Exactly `N` decimal numbers.
    pub(super) fn decimal_array<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        self.decimals(tag)?.try_into().ok()
    }

    /// The first 16-bit number, unsigned.
    pub(super) fn u16(&self, tag: Tag) -> Option<u16> {
        self.u16s(tag).first().copied()
    }

    /// 16-bit numbers, unsigned.
    pub(super) fn u16s(&self, tag: Tag) -> Vec<u16> {
        let number = |pair: &[u8; 2]| if self.big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
        self.bytes(tag).map_or_else(Vec::new, |bytes| bytes.as_chunks().0.iter().map(number).collect())
    }

    /// The first 64-bit real number.
    pub(super) fn f64(&self, tag: Tag) -> Option<f64> {
        let eight = self.bytes(tag)?.first_chunk()?;
        let number = if self.big_endian { f64::from_be_bytes(*eight) } else { f64::from_le_bytes(*eight) };
        number.is_finite().then_some(number)
    }

    pub(super) fn big_endian(&self) -> bool {
        self.big_endian
    }
}

fn charset(name: &str) -> Option<SpecificCharacterSet> {
    let name = name.trim();
    // Name of a set with code extensions: its first 128 characters are those of the set without.
    SpecificCharacterSet::from_code(name).or_else(|| SpecificCharacterSet::from_code(&name.replace("ISO 2022 IR", "ISO_IR")))
}

/// Reads elements from a place in the bytes on; errors are in words, without the file's name.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    encoding: Encoding,
}

type Parsed<T> = std::result::Result<T, String>;

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, what: &str) -> Parsed<&'a [u8]> {
        let left = self.bytes.len() - self.at;
        if count > left {
            return Err(format!(
                "{what} takes {count} bytes from byte {} on, but {left} are left: the file is cut off or damaged",
                self.at
            ));
        }
        let taken = &self.bytes[self.at..self.at + count];
        self.at += count;
        Ok(taken)
    }

    fn u16(&mut self) -> Parsed<u16> {
        let bytes = self.take(2, "an element's header")?;
        let pair = [bytes[0], bytes[1]];
        Ok(if self.encoding.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    }

    fn u32(&mut self) -> Parsed<u32> {
        let bytes = self.take(4, "an element's header")?;
        let four = [bytes[0], bytes[1], bytes[2], bytes[3]];
        Ok(if self.encoding.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }

    fn tag(&mut self) -> Parsed<Tag> {
        Ok(Tag(self.u16()?, self.u16()?))
    }

    /// Elements up to the end of the bytes or to the delimiter of an item; `group`: only while they are of this group.
    fn elements(&mut self, depth: usize, group: Option<u16>) -> Parsed<DataSet<'a>> {
        let mut elements: Vec<(Tag, Value<'a>)> = Vec::new();
        while self.at < self.bytes.len() {
            let begin = self.at;
            let tag = self.tag()?;
            if group.is_some_and(|group| group != tag.group()) {
                self.at = begin;
                break;
            }
            if tag == ITEM_END {
                self.u32()?;
                break;
            }
            // Padding of the whole file with zeros ends it; in the middle it is damage.
            if tag == Tag(0, 0) && self.bytes[begin..].iter().all(|&byte| byte == 0) {
                self.at = self.bytes.len();
                break;
            }
            elements.push((tag, self.element(tag, depth)?));
        }
        Ok(DataSet { elements, big_endian: self.encoding.big_endian, charset: SpecificCharacterSet::default() })
    }

    fn element(&mut self, tag: Tag, depth: usize) -> Parsed<Value<'a>> {
        let name = format!("element {tag}");
        let (vr, length) = if self.encoding.implicit {
            let length = self.u32()?;
            let entry = StandardDataDictionary.by_tag(tag);
            (entry.map(DataDictionaryEntry::vr).filter(|vr| *vr == VirtualVr::Exact(VR::SQ)).map(|_| VR::SQ), length)
        } else {
            let code = self.take(2, &name)?;
            if !code.iter().all(u8::is_ascii_uppercase) {
                return Err(format!("{name} before byte {} has no type that DICOM knows: the file is damaged", self.at));
            }
            let vr = VR::from_binary([code[0], code[1]]);
            // Types that are not known yet have the long form (part 5, 7.1.2).
            let short = vr.is_some_and(|vr| {
                !matches!(
                    vr,
                    VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::SQ | VR::SV | VR::UC | VR::UN | VR::UR | VR::UT | VR::UV
                )
            });
            if short {
                (vr, u32::from(self.u16()?))
            } else {
                self.u16()?;
                (vr, self.u32()?)
            }
        };
        if length == UNDEFINED {
            if tag == tags::PIXEL_DATA {
                return self.fragments().map(Value::Fragments);
            }
            // An unknown type of undefined length is a sequence in the implicit encoding (CP-246).
            let outer = self.encoding;
            if vr == Some(VR::UN) {
                self.encoding = Encoding { implicit: true, big_endian: false };
            }
            let items = self.items(depth + 1, &name);
            self.encoding = outer;
            return items.map(Value::Items);
        }
        let bytes = self.take(length as usize, &name)?;
        if vr == Some(VR::SQ) {
            let mut inner = Reader { bytes, at: 0, encoding: self.encoding };
            return inner.items(depth + 1, &name).map(Value::Items);
        }
        Ok(Value::Bytes(bytes))
    }

    /// Items up to the end of the bytes or to the delimiter of the sequence.
    fn items(&mut self, depth: usize, name: &str) -> Parsed<Vec<DataSet<'a>>> {
        if depth > DEEPEST {
            return Err(format!("{name}: sequences are nested more than {DEEPEST} deep; the file is damaged"));
        }
        let mut items = Vec::new();
        while self.at < self.bytes.len() {
            let tag = self.tag()?;
            let length = self.u32()?;
            match tag {
                SEQUENCE_END => break,
                ITEM if length == UNDEFINED => items.push(self.elements(depth, None)?),
                ITEM => {
                    let bytes = self.take(length as usize, &format!("an item of {name}"))?;
                    items.push(Reader { bytes, at: 0, encoding: self.encoding }.elements(depth, None)?);
                }
                other => return Err(format!("{name}: {other} stands where an item was expected, before byte {}", self.at)),
            }
        }
        Ok(items)
    }

    fn fragments(&mut self) -> Parsed<Vec<&'a [u8]>> {
        let mut fragments = Vec::new();
        loop {
            let tag = self.tag()?;
            let length = self.u32()?;
            match tag {
                SEQUENCE_END => return Ok(fragments),
                ITEM => fragments.push(self.take(length as usize, "a fragment of the pixel data")?),
                other => return Err(format!("the pixel data: {other} stands where a fragment was expected, before byte {}", self.at)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explicit(tag: (u16, u16), vr: &str, value: &[u8]) -> Vec<u8> {
        let mut bytes = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
        bytes.extend_from_slice(vr.as_bytes());
        if matches!(vr, "SQ" | "OB" | "OW" | "UN") {
            bytes.extend_from_slice(&[0, 0]);
            bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        } else {
            bytes.extend_from_slice(&(value.len() as u16).to_le_bytes());
        }
        [bytes, value.to_vec()].concat()
    }

    fn contents(bytes: Vec<u8>) -> Contents {
        Contents { name: "x.dcm".into(), bytes, body: 0, syntax: uids::EXPLICIT_VR_LITTLE_ENDIAN.into() }
    }

    #[test]
    fn elements_sequences_and_character_sets() {
        let item = explicit((0x3006, 0x0026), "LO", "Größe ".as_bytes());
        let mut sequence = vec![0xfe, 0xff, 0x00, 0xe0];
        sequence.extend_from_slice(&(item.len() as u32).to_le_bytes());
        sequence.extend_from_slice(&item);
        let bytes = [
            explicit((0x0008, 0x0005), "CS", b"ISO_IR 192"),
            explicit((0x0020, 0x0032), "DS", b"-1.5\\ 2e1\\3 "),
            explicit((0x0028, 0x0010), "US", &[0x39, 0x05]),
            explicit((0x3006, 0x0020), "SQ", &sequence),
        ]
        .concat();
        let contents = contents(bytes);
        let data = contents.parse().expect("data set");
        assert_eq!(data.decimal_array(tags::IMAGE_POSITION_PATIENT), Some([-1.5, 20.0, 3.0]));
        assert_eq!(data.u16(tags::ROWS), Some(1337));
        assert_eq!(data.first(tags::STRUCTURE_SET_ROI_SEQUENCE).and_then(|item| item.text(tags::ROI_NAME)).as_deref(), Some("Größe"));
        assert_eq!(data.text(tags::PATIENT_NAME), None);
        assert_eq!(data.decimals(tags::ROWS), None, "binary is no decimal text");
    }

    #[test]
    fn every_cut_is_an_error_or_a_shorter_data_set() {
        let bytes = [explicit((0x0028, 0x0010), "US", &[2, 0]), explicit((0x7fe0, 0x0010), "OW", &[7; 64])].concat();
        for length in 0..bytes.len() {
            match contents(bytes[..length].to_vec()).parse() {
                Ok(data) => assert!(!data.has(tags::PIXEL_DATA), "cut at {length}"),
                Err(error) => assert!(error.to_string().starts_with("x.dcm: "), "{error}"),
            }
        }
    }

    #[test]
    fn lengths_and_depths_beyond_the_file_are_refused() {
        let mut long = explicit((0x7fe0, 0x0010), "OW", &[]);
        let at = long.len() - 4;
        long[at..].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
        let message = contents(long).parse().expect_err("4 GiB").to_string();
        assert!(message.contains("takes 4294967280 bytes from byte 12 on, but 0 are left"), "{message}");
        let level = [&[0x06, 0x30, 0x20, 0x00][..], b"SQ\0\0", &[0xff; 4], &[0xfe, 0xff, 0x00, 0xe0], &[0xff; 4]].concat();
        let message = contents(level.repeat(100_000)).parse().expect_err("too deep").to_string();
        assert!(message.contains("nested more than 24 deep"), "{message}");
    }
}
