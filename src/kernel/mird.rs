//! The MIRD cellular formalism: what published S values of cells are computed with, to stand beside those of the transport.
//!
//! Particles go straight and lose energy continuously: S = 1/m Int dE/dx (residual range) chance(x) dx, with the chance of [`super::chords`]. Electrons follow the
//! range-energy relation of A. Cole (Radiat. Res. 38 (1969) 7), alphas this program's ranges. Photons, recoils, scattering, straggling and delta rays
//! are ignored (S. M. Goddu et al., J. Nucl. Med. 35 (1994) 303; MIRD Cellular S Values, 1997).

use super::{
    Emitter, Part, Request,
    emitter::Radiation,
    sites::{Cell, PAIRS, local},
};
use crate::{error::Result, physics::materials, transport::tables::AlphaRanges};

/// Pieces of the longest distance within a cell, or across the two cells of neighbours.
const PIECES: u32 = 400;
/// Slices of each interval of a spectrum: a slice has an end of its own, and few of them show as waves far away.
const SLICES: u32 = 16;
/// um per cm: of a way in g/cm2, in unit density.
const UM: f64 = 1.0e4;

/// Energy in keV of an electron with a range of `x` um in water of unit density: Cole's relation, 0 where it is negative.
fn cole_energy(x: f64) -> f64 {
    (5.9 * (x + 0.007).powf(0.565) + 0.00413 * x.powf(1.33) - 0.367).max(0.0)
}

/// Range in um of unit density of an electron of `kev`, by bisection of Cole's relation.
fn cole_range(kev: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0e6);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if cole_energy(middle) < kev { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The way that energy goes along a straight track.
enum Loss {
    Electron,
    Alpha(Box<AlphaRanges>),
}

impl Loss {
    /// Energies (MeV) left after each of `ways`, g/cm2, of a particle that starts with `energy`.
    fn left(&self, energy: f64, ways: &[f64]) -> Vec<f64> {
        match self {
            Self::Electron => {
                let range = cole_range(1.0e3 * energy);
                ways.iter().map(|way| range - UM * way).map(|rest| if rest > 0.0 { 1.0e-3 * cole_energy(rest) } else { 0.0 }).collect()
            }
            Self::Alpha(ranges) => {
                let range = ranges.range(energy);
                ways.iter().map(|way| range - way).map(|rest| if rest > 0.0 { ranges.energy(rest) } else { 0.0 }).collect()
            }
        }
    }
}

/// S values by the formalism in the order of [`PAIRS`], Gy/(Bq s), with the source in a cell whose centre is `distance` um away (0: the cell itself);
/// `None` in media other than water.
///
/// # Errors
/// If the material is unknown.
pub fn formalism(emitter: &Emitter, cell: Cell, distance: f64, request: &Request) -> Result<Option<[f64; 6]>> {
    let material = materials::require(&request.material)?;
    if !material.name.starts_with("water") {
        return Ok(None);
    }
    let density = request.density()?;
    let (low, high) = cell.span(distance);
    let ends: Vec<f64> = (0..=PIECES).map(|k| low + (high - low) * f64::from(k) / f64::from(PIECES)).collect();
    let ways: Vec<f64> = ends.iter().map(|um| um * density / UM).collect();
    let mut spent = vec![0.0; PIECES as usize];
    for beam in &emitter.beams {
        let loss = match beam.radiation {
            Radiation::Photon => continue,
            Radiation::Electron | Radiation::Positron => Loss::Electron,
            Radiation::Alpha => Loss::Alpha(Box::new(AlphaRanges::new(&material, request.water)?)),
        };
        for (energy, number) in beam.sampler.means(SLICES) {
            let left = loss.left(energy, &ways);
            spent.iter_mut().zip(left.windows(2)).for_each(|(s, l)| *s += number * (l[0] - l[1]));
        }
    }
    let local = local(emitter, cell, density)[Part::Electron as usize];
    Ok(Some(std::array::from_fn(|at| {
        let pair = PAIRS[at];
        let energy: f64 = spent.iter().zip(ends.windows(2)).map(|(mev, x)| mev * cell.chance(pair, distance, x[0], x[1])).sum();
        energy * cell.gray_per_mev(pair.0, density) + if distance > 0.0 { 0.0 } else { local[at].mean }
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_energies_of_cole_are_inverse() {
        // Beside the CSDA ranges of ICRU 37, um.
        for (kev, csda) in [(10.0, 2.522), (100.0, 143.1), (1000.0, 4367.0)] {
            let range = cole_range(kev);
            assert!((cole_energy(range) / kev - 1.0).abs() < 1e-9);
            assert!((range / csda - 1.0).abs() < 0.08, "{kev} keV: {range} um, ICRU {csda} um");
        }
        // The relation by hand: 5.9 x 10.007^0.565 + 0.00413 x 10^1.33 - 0.367.
        assert!((cole_energy(10.0) - 21.4).abs() < 0.1, "{}", cole_energy(10.0));
    }
}
