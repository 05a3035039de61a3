//! Mutation of DICOM objects element by element: lengths stay right, so that what is read from the values is reached and not only the parser.

use libfuzzer_sys::fuzzer_mutate;

use crate::readers::{SEPARATOR, parts};

/// Where the elements of a file begin: after the preamble and `DICM`.
const BEGIN: usize = 132;
const UNDEFINED: u32 = u32::MAX;
const ITEM: [u8; 4] = [0xfe, 0xff, 0x00, 0xe0];
const ITEM_END: [u8; 4] = [0xfe, 0xff, 0x0d, 0xe0];
const SEQUENCE_END: [u8; 4] = [0xfe, 0xff, 0xdd, 0xe0];
/// Deepest nesting that is taken apart.
const DEEPEST: usize = 8;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// An element in the explicit little-endian encoding.
#[derive(Clone)]
struct Element {
    tag: [u8; 4],
    vr: [u8; 2],
    value: Value,
}

#[derive(Clone)]
enum Value {
    Bytes(Vec<u8>),
    Items(Vec<Vec<Element>>),
    /// Pixel data in fragments.
    Fragments(Vec<Vec<u8>>),
}

fn is_long(vr: [u8; 2]) -> bool {
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"].contains(&&vr)
}

/// Takes `count` bytes from the front.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn u32_of(bytes: &mut &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(*take(bytes, 4)?.first_chunk()?))
}

/// Elements up to the end, or up to the delimiter of an item.
fn elements(bytes: &mut &[u8], depth: usize) -> Option<Vec<Element>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = *take(bytes, 4)?.first_chunk()?;
        if tag == ITEM_END {
            take(bytes, 4)?;
            break;
        }
        let vr = *take(bytes, 2)?.first_chunk()?;
        let length = if is_long(vr) {
            take(bytes, 2)?;
            u32_of(bytes)?
        } else {
            u16::from_le_bytes(*take(bytes, 2)?.first_chunk()?).into()
        };
        let value = match (&vr, length) {
            (b"SQ", UNDEFINED) => Value::Items(items(bytes, depth + 1)?),
            (b"SQ", length) => Value::Items(items(&mut take(bytes, length as usize)?, depth + 1)?),
            (_, UNDEFINED) => Value::Fragments(fragments(bytes)?),
            (_, length) => Value::Bytes(take(bytes, length as usize)?.to_vec()),
        };
        found.push(Element { tag, vr, value });
    }
    Some(found)
}

fn items(bytes: &mut &[u8], depth: usize) -> Option<Vec<Vec<Element>>> {
    let mut found = Vec::new();
    while depth < DEEPEST && !bytes.is_empty() {
        let tag = take(bytes, 4)?;
        let length = u32_of(bytes)?;
        match length {
            _ if tag == SEQUENCE_END => break,
            _ if tag != ITEM => return None,
            UNDEFINED => found.push(elements(bytes, depth)?),
            length => found.push(elements(&mut take(bytes, length as usize)?, depth)?),
        }
    }
    Some(found)
}

fn fragments(bytes: &mut &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    loop {
        let tag = take(bytes, 4)?;
        let length = u32_of(bytes)?;
        if tag == SEQUENCE_END {
            return Some(found);
        }
        found.push(take(bytes, length as usize)?.to_vec());
    }
}

fn write(elements: &[Element], bytes: &mut Vec<u8>) {
    let item = |bytes: &mut Vec<u8>, content: &[u8]| {
        bytes.extend(ITEM);
        bytes.extend((content.len() as u32).to_le_bytes());
        bytes.extend(content);
    };
    for Element { tag, vr, value } in elements {
        let mut content = Vec::new();
        match value {
            Value::Bytes(value) => content.clone_from(value),
            Value::Items(items) => {
                for elements in items {
                    let mut inner = Vec::new();
                    write(elements, &mut inner);
                    item(&mut content, &inner);
                }
            }
            Value::Fragments(fragments) => {
                fragments.iter().for_each(|fragment| item(&mut content, fragment));
                content.extend(SEQUENCE_END);
                content.extend([0; 4]);
            }
        }
        bytes.extend(tag);
        bytes.extend(vr);
        let length = if matches!(value, Value::Fragments(_)) { UNDEFINED } else { content.len() as u32 };
        if is_long(*vr) {
            bytes.extend([0, 0]);
            bytes.extend(length.to_le_bytes());
        } else {
            bytes.extend((length as u16).to_le_bytes());
        }
        bytes.extend(content);
    }
}

/// Values that have broken readers before, by type.
fn telling(vr: [u8; 2], random: &mut Random) -> Vec<u8> {
    const DECIMAL: [&str; 16] = [
        "",
        "0",
        "-1",
        "1",
        "2",
        "1e-300",
        "1e308",
        "-1e308",
        "1e30",
        "65535",
        "4294967296",
        "nan",
        "inf",
        "0.5",
        "1\\0\\0\\0\\1\\0",
        "0\\0\\1",
    ];
    const TEXT: [&str; 12] = [
        "",
        "\\",
        "MONOCHROME1",
        "START",
        "ADMIN",
        "NONE",
        "BQML",
        "20250102",
        "235959.999999",
        "00000000",
        "CLOSED_PLANAR",
        "ISO 2022 IR 87",
    ];
    const SHORT: [u16; 10] = [0, 1, 2, 7, 8, 16, 32, 0x7fff, 0x8000, 0xffff];
    match &vr {
        b"US" | b"SS" => random.of(&SHORT).to_le_bytes().to_vec(),
        b"UL" | b"SL" => random.of(&[0, 1, u32::MAX, 1 << 31, 65536]).to_le_bytes().to_vec(),
        b"FD" => random.of(&[0.0, -1.0, f64::NAN, f64::MAX, f64::MIN_POSITIVE]).to_le_bytes().to_vec(),
        b"DS" | b"IS" => random.of(&DECIMAL).into(),
        _ => random.of(&TEXT).into(),
    }
}

fn mutate_bytes(bytes: &mut Vec<u8>, room: usize) {
    let size = bytes.len();
    bytes.resize(size + room, 0);
    let size = fuzzer_mutate(bytes, size, size + room);
    bytes.truncate(size);
}

/// One change somewhere in the elements or in those of their items.
fn change(elements: &mut Vec<Element>, random: &mut Random) {
    if elements.is_empty() {
        return;
    }
    let at = random.below(elements.len());
    match random.below(16) {
        0 => drop(elements.remove(at)),
        // A value in the place of another, or an element twice.
        1 => {
            let value = elements[random.below(elements.len())].value.clone();
            elements[at].value = value;
        }
        2 => elements.insert(at, elements[at].clone()),
        3 => {
            let other = random.below(elements.len());
            elements.swap(at, other);
        }
        _ => match &mut elements[at] {
            Element { value: Value::Items(items), .. } if !items.is_empty() => {
                let item = random.below(items.len());
                match random.below(8) {
                    0 => drop(items.remove(item)),
                    1 if items.len() < 64 => items.insert(item, items[item].clone()),
                    _ => change(&mut items[item], random),
                }
            }
            Element { value: Value::Items(items), .. } => items.push(Vec::new()),
            Element { value: Value::Fragments(fragments), .. } if !fragments.is_empty() => {
                let fragment = random.below(fragments.len());
                match random.below(8) {
                    0 => drop(fragments.remove(fragment)),
                    1 if fragments.len() < 64 => fragments.insert(fragment, fragments[fragment].clone()),
                    _ => mutate_bytes(&mut fragments[fragment], 64),
                }
            }
            Element { value: Value::Fragments(fragments), .. } => fragments.push(Vec::new()),
            Element { value: Value::Bytes(bytes), vr, .. } => {
                if random.below(2) == 0 {
                    *bytes = telling(*vr, random);
                } else {
                    mutate_bytes(bytes, 32);
                }
                bytes.truncate(usize::from(u16::MAX));
            }
        },
    }
}

/// An object with some of its elements changed; `None` to mutate plain bytes: now and then, and where the file is not of elements.
pub fn mutated(bytes: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    if random.below(5) == 0 {
        return None;
    }
    let (head, mut body) = bytes.split_at_checked(BEGIN)?;
    let mut data = elements(&mut body, 0)?;
    for _ in 0..=random.below(3) {
        change(&mut data, random);
    }
    let mut mutated = head.to_vec();
    write(&data, &mut mutated);
    Some(mutated)
}

/// A series with one of its objects changed, or put in the place of another.
pub fn mutated_series(bytes: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = parts(bytes).into_iter().map(<[u8]>::to_vec).collect();
    let at = random.below(files.len());
    match random.below(12) {
        0 if files.len() > 1 => drop(files.remove(at)),
        1 if files.len() < 4 => files.push(files[at].clone()),
        // The same change in every file keeps them a series.
        2..=5 => {
            let seed = random.next();
            for file in &mut files {
                if let Some(changed) = mutated(file, &mut Random(seed)) {
                    *file = changed;
                }
            }
        }
        _ => files[at] = mutated(&files[at], random)?,
    }
    Some(files.join(SEPARATOR))
}
