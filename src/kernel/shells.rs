//! Radii of shells as a user gives them.

use std::path::Path;

use crate::{
    error::{Error, Result},
    io,
    plan::quantity::{LENGTH, parse_list},
};

/// Most shells of a kernel.
const MOST: f64 = 100_000.0;

/// Outer radii in cm from `WIDTH:MAX` with a unit behind the last or both (mm without one), or from a file with one radius in mm per line.
///
/// # Errors
/// If it is neither, or the radii do not rise.
pub fn radii(text: &str) -> Result<Vec<f64>> {
    if let Some((width, max)) = text.split_once(':').filter(|_| !Path::new(text).is_file()) {
        let bare = |part: &str| part.trim().parse::<f64>().is_ok();
        let unit = if bare(max) { " mm" } else { "" };
        let values = parse_list(&format!("{width}, {max}{unit}"), &LENGTH).map_err(|_| {
            Error::input(format!("--shells {text}: expected WIDTH:MAX with a unit, such as 0.1:3mm or 2um:60um, or a file"))
        })?;
        let [width, max] = values[..] else { return Err(Error::input(format!("--shells {text}: expected two lengths"))) };
        if !(width > 0.0 && max >= width && max / width <= MOST) {
            return Err(Error::input(format!(
                "--shells {text}: {width} mm to {max} mm; expected 0 < WIDTH <= MAX and at most {MOST} shells"
            )));
        }
        // A last shell that would be cut is left whole: MAX is reached or passed by less than a width.
        let count = (max / width - 1.0e-9).ceil() as u32;
        return Ok((1..=count).map(|i| 0.1 * width * f64::from(i)).collect());
    }
    let content = io::text::read(Path::new(text), "a file of radii has one in mm per line")?;
    let (mut radii, mut named) = (Vec::new(), false);
    for (number, line) in (1..).zip(content.trim_start_matches('\u{feff}').lines()) {
        let cell = line.split([',', ';', '\t']).next_back().unwrap_or_default().trim();
        match cell.parse::<f64>() {
            _ if line.starts_with('#') || cell.is_empty() => {}
            Ok(mm) if mm > radii.last().map_or(0.0, |&cm: &f64| 10.0 * cm) && mm.is_finite() => radii.push(0.1 * mm),
            Ok(mm) => {
                return Err(Error::input(format!("{text}, line {number}: {mm} mm; expected outer radii in mm that rise, from above 0")));
            }
            // The names of the columns.
            Err(_) if radii.is_empty() && !named && !cell.starts_with(|c: char| c.is_ascii_digit() || ".+-".contains(c)) => named = true,
            Err(_) => return Err(Error::input(format!("{text}, line {number}: {line:?}; expected an outer radius in mm"))),
        }
    }
    if radii.is_empty() { Err(Error::input(format!("{text}: no radius; expected one outer radius in mm per line"))) } else { Ok(radii) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_and_files_give_radii_in_cm() {
        for text in ["0.5:2mm", "0.5:2", "500um:2mm", "0.05 cm : 0.2 cm"] {
            let found = radii(text).expect(text);
            assert_eq!(found.len(), 4, "{text}");
            assert!((found[3] - 0.2).abs() < 1e-12 && (found[0] - 0.05).abs() < 1e-12, "{text}: {found:?}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.csv");
        std::fs::write(&path, "# radii\nr_low_mm,r_high_mm\n0,0.1\n0.1,0.4\n").expect("written");
        assert_eq!(radii(path.to_str().expect("UTF-8")).expect("radii"), [0.1 * 0.1, 0.1 * 0.4]);
    }

    #[test]
    fn mistakes_are_named() {
        for text in ["0:2mm", "3:2mm", "a:2mm", "1:2kg", "1nm:5m"] {
            assert!(radii(text).expect_err(text).to_string().contains("--shells"), "{text}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.txt");
        for (content, line) in [("0.1 mm\n0.2 mm\n0.3\n", "line 1"), ("r\nr\n0.3\n", "line 2"), ("0.3\n0.2\n", "line 2")] {
            std::fs::write(&path, content).expect("written");
            assert!(radii(path.to_str().expect("UTF-8")).expect_err(content).to_string().contains(line), "{content}");
        }
        assert_eq!(radii("no/such/file").expect_err("absent").exit_code(), 4);
    }
}
