//! Spectra that users bring: energies and yields per MeV, the particle named in a comment.

use std::path::Path;

use super::emitter::Radiation;
use crate::{
    error::{Error, Result},
    io::text,
    nuclide::Continuum,
};

/// Reads a table of energy (MeV) and yield per MeV, linear between the points. A line `# particle: electron` (positron, photon, alpha) says
/// what it is of; other lines with `#` and one line of column names are passed over.
pub(super) fn read(path: &str) -> Result<(Radiation, Continuum)> {
    let text = text::read(Path::new(path), "a spectrum is a table of energies and yields")?;
    parse(path, &text)
}

fn parse(path: &str, text: &str) -> Result<(Radiation, Continuum)> {
    let mut radiation = None;
    let (mut energy, mut density) = (Vec::new(), Vec::new());
    let mut named = false;
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let wrong = |what: String| Error::input(format!("{path}, line {number}: {what}"));
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.split([':', '=', ' ', ',']).filter(|word| !word.is_empty());
            if words.next().is_some_and(|word| word.eq_ignore_ascii_case("particle")) {
                let name = words.next().unwrap_or_default();
                let known = match name {
                    "electron" => Radiation::Electron,
                    "positron" => Radiation::Positron,
                    "photon" => Radiation::Photon,
                    "alpha" => Radiation::Alpha,
                    _ => return Err(wrong(format!("the particle {name:?}; expected electron, positron, photon or alpha"))),
                };
                if radiation.is_some_and(|earlier| earlier != known) {
                    return Err(wrong(format!("{name:?} after another particle; a file is of one")));
                }
                radiation = Some(known);
            }
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let cells: Vec<&str> = line.split([',', ';', '\t', ' ']).filter(|cell| !cell.is_empty()).collect();
        let numbers: Vec<Option<f64>> = cells.iter().map(|cell| cell.parse().ok()).collect();
        if numbers.iter().all(Option::is_none) && energy.is_empty() && !named {
            named = true;
            continue;
        }
        let &[Some(e), Some(p)] = numbers.as_slice() else {
            return Err(wrong(format!("{line:?}; expected two numbers, energy in MeV and yield per MeV")));
        };
        if !(e.is_finite() && e >= 0.0 && p.is_finite() && p >= 0.0) {
            return Err(wrong(format!("{line:?}; energy and yield must be 0 or greater")));
        }
        if energy.last().is_some_and(|&last| e <= last) {
            return Err(wrong(format!("{e} MeV after {} MeV; energies must rise", energy[energy.len() - 1])));
        }
        energy.push(e);
        density.push(p);
    }
    let Some(radiation) = radiation else {
        return Err(Error::input(format!(
            "{path}: no line \"# particle: electron\" (or positron, photon, alpha) says what the spectrum is of"
        )));
    };
    let mut spectrum = Continuum { energy, density, intensity: 0.0 };
    spectrum.intensity = spectrum.integral();
    if spectrum.intensity > 0.0 {
        Ok((radiation, spectrum))
    } else {
        Err(Error::input(format!("{path}: fewer than two points, or no yield at any energy")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spectrum_has_its_particle_and_integral() {
        let (radiation, spectrum) =
            parse("s.csv", "# of a test\n# particle: electron\nenergy_mev,per_mev\n0,1\n0.5,3\n1,0\n").expect("well formed");
        assert_eq!(radiation, Radiation::Electron);
        assert!((spectrum.intensity - (1.0 + 0.75)).abs() < 1e-12);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, phrase) in [
            ("0,1\n1,2\n", "# particle"),
            ("# particle: muon\n", "line 1: the particle \"muon\""),
            ("# particle: photon\n0,1\n1\n", "line 3: \"1\""),
            ("# particle: photon\n0,1\n1,-2\n", "line 3"),
            ("# particle: photon\n1,1\n1,2\n", "line 3: 1 MeV after 1 MeV"),
            ("# particle: photon\n1,1\n", "fewer than two points"),
            ("# particle: photon\n1,1\nx,y\n", "line 3"),
        ] {
            let error = parse("s.csv", text).expect_err("refused").to_string();
            assert!(error.contains(phrase), "{error}");
        }
    }
}
