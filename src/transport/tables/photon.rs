//! Tables of photons.

use crate::{
    error::Result,
    physics::{
        bremsstrahlung,
        constants::ELECTRON_MASS,
        materials::Material,
        photon::{
            attenuation::PhotonCoefficients,
            compton::{ComptonShell, shells},
            fluorescence::{KLine, k_lines, k_share},
            interpolated,
            rayleigh::form_factor_squared,
        },
        quadrature::GAUSS_8,
    },
    transport::constants::*,
};

use super::{energy_nodes, node_value};

/// Energy up to which the Born approximation says nothing of use and both particles share the energy evenly at random, as in EGSnrc, MeV.
const BORN: f64 = 2.1;

/// Fine-structure constant.
const FINE_STRUCTURE: f64 = 1.0 / INVERSE_ALPHA as f64;

/// What was interpolated between elements, in words.
pub(super) fn notes(material: &Material) -> Vec<String> {
    let photons = interpolated(material).into_iter().map(|what| format!("{}: {what}", material.name));
    let spectra = bremsstrahlung::interpolated_elements(material).into_iter();
    photons.chain(spectra.map(|symbol| format!("{}: bremsstrahlung of {symbol} interpolated between elements", material.name))).collect()
}

/// Attenuation, Compton shells, K lines and form factors of a material.
#[derive(Debug)]
pub(super) struct Photons<'a> {
    material: &'a Material,
    coefficients: PhotonCoefficients,
    shells: Vec<ComptonShell>,
    /// The brightest K lines, and how many more were left out.
    lines: Vec<KLine>,
    left_out: usize,
}

impl<'a> Photons<'a> {
    /// Collects the data of a material.
    ///
    /// # Errors
    /// If an element lacks attenuation data.
    pub(super) fn new(material: &'a Material) -> Result<Self> {
        let mut lines = k_lines(material);
        // Brightness just above the edge.
        let bright = |line: &KLine| k_share(material, line.z, 1.01 * line.binding) * line.yield_;
        lines.sort_by(|a, b| bright(b).total_cmp(&bright(a)));
        let left_out = lines.len().saturating_sub(LINE_ROWS as usize);
        lines.truncate(LINE_ROWS as usize);
        let shells = shells(material);
        assert!(shells.len() <= SHELL_ROWS as usize, "{}: {} shells", material.name, shells.len());
        Ok(Self { coefficients: PhotonCoefficients::new(material)?, shells, lines, left_out, material })
    }

    /// What was left out, in words.
    pub(super) fn notes(&self) -> Vec<String> {
        if self.left_out == 0 {
            return Vec::new();
        }
        vec![format!("{}: K fluorescence of {} further elements deposits where it arises", self.material.name, self.left_out)]
    }

    /// Rows: cumulative coefficients over energy (total; Compton; and Rayleigh; and photoelectric), shells, K lines.
    pub(super) fn rows(&self) -> Vec<[f32; 4]> {
        let mut rows: Vec<[f32; 4]> = energy_nodes()
            .map(|e| {
                let c = self.coefficients.at(e);
                let scattered = c.incoherent + c.coherent;
                let total = scattered + c.photoelectric + c.pair + c.triplet;
                [total as f32, c.incoherent as f32, scattered as f32, (scattered + c.photoelectric) as f32]
            })
            .collect();
        let mut sum = 0.0;
        for k in 0..SHELL_ROWS as usize {
            rows.push(match self.shells.get(k) {
                Some(shell) => {
                    sum += shell.occupancy;
                    // Above every uniform number for the last one, whatever the rounding.
                    let end = if k + 1 == self.shells.len() { 2.0 } else { sum };
                    [end as f32, (shell.j0 * f64::from(INVERSE_ALPHA)) as f32, shell.binding as f32, 0.0]
                }
                None => [2.0, 1.0, 0.0, 0.0],
            });
        }
        for k in 0..LINE_ROWS as usize {
            rows.push(self.lines.get(k).map_or([0.0; 4], |l| [l.binding as f32, l.k_alpha as f32, l.k_beta as f32, l.alpha_share as f32]));
        }
        rows
    }

    /// Scalars: energy absorption, cumulative probabilities of the K lines, cumulative squared form factor.
    pub(super) fn scalars(&self) -> Vec<f32> {
        let mut scalars: Vec<f32> = energy_nodes().map(|e| self.coefficients.energy_absorption(e) as f32).collect();
        let mut sums = vec![0.0; ENERGY_NODES as usize];
        for k in 0..LINE_ROWS as usize {
            if let Some(line) = self.lines.get(k) {
                for (sum, e) in sums.iter_mut().zip(energy_nodes()) {
                    *sum += line.yield_ * k_share(self.material, line.z, e);
                }
            }
            scalars.extend(sums.iter().map(|&sum| sum as f32));
        }
        scalars.extend(self.rayleigh());
        scalars.extend(self.splits());
        scalars
    }

    /// Int F^2 dq from 0, q the squared momentum transfer (1/Angstrom^2), relative to the last node.
    fn rayleigh(&self) -> Vec<f32> {
        let f2 = |q: f64| form_factor_squared(self.material, q.sqrt());
        let nodes: Vec<f64> = (0..RAYLEIGH_NODES).map(|k| node_value(k, RAYLEIGH_EXPONENT, RAYLEIGH_LOG2)).collect();
        let mut sum = nodes[0] * f2(0.0);
        let mut integral = vec![sum];
        for pair in nodes.windows(2) {
            let width = pair[1] - pair[0];
            sum += width * GAUSS_8.iter().map(|&(place, weight)| weight * f2(pair[0] + width * place)).sum::<f64>();
            integral.push(sum);
        }
        integral.iter().map(|i| (i / sum) as f32).collect()
    }

    /// How a pair shares its kinetic energy: Bethe and Heitler, Proc. R. Soc. A 146 (1934) 83, with exponential screening (PENELOPE manual,
    /// section 2.4) of Thomas-Fermi radius; the Coulomb correction enters only the cross section. Even up to [`BORN`].
    fn splits(&self) -> Vec<f32> {
        let weight = |power: i32| {
            self.material
                .composition
                .iter()
                .map(|&(z, w)| w / crate::physics::elements::element(z).a * f64::from(z).powi(power))
                .sum::<f64>()
        };
        let screening = 0.885_34 / FINE_STRUCTURE / (weight(3) / weight(2)).cbrt();
        let mut table = Vec::new();
        for node in 0..SPLIT_TABLES {
            let kappa = node_value(node, SPLIT_EXPONENT, SPLIT_LOG2) / ELECTRON_MASS;
            let density = |share: f64| {
                if kappa * ELECTRON_MASS <= BORN {
                    return 1.0;
                }
                let part = (1.0 + share * (kappa - 2.0)) / kappa;
                let b = screening / (2.0 * kappa * part * (1.0 - part));
                let bracket = 4.0 - 4.0 * b * (1.0 / b).atan() - 3.0 * (1.0 / (b * b)).ln_1p();
                let common = 4.0 * screening.ln() - 2.0 * (b * b).ln_1p();
                let first = 7.0 / 3.0 + common - 6.0 * b * (1.0 / b).atan() - b * b * bracket;
                let second = 11.0 / 6.0 + common - 3.0 * b * (1.0 / b).atan() + 0.5 * b * b * bracket;
                (2.0 * (0.5 - part).powi(2) * first + second).max(0.0)
            };
            // The ends are limits where the formula vanishes.
            let values: Vec<f64> = (0..=SPLIT_PIECES).map(|k| density(f64::from(k) / f64::from(SPLIT_PIECES))).collect();
            let largest = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
            table.extend(values.iter().map(|v| (v / largest) as f32));
        }
        table
    }
}
