//! Spectra of bremsstrahlung photons.
//!
//! Scaled cross sections chi = (beta^2 / Z^2) k dsigma/dk for nucleus and atomic electrons: S. M. Seltzer and M. J. Berger, At. Data Nucl. Data Tables 35 (1986)
//! 345. Normalised at every energy to the radiative stopping power that the transport uses, so that photons and continuous loss add up to it.
//! Positrons: the electrons' shape per element, with that element's ratio of radiative stopping powers ([`positron_radiative_ratio`]).

use std::{collections::BTreeMap, sync::LazyLock};

use super::{
    berger_seltzer::Charge,
    electron_stopping::ElectronStopping,
    elements::element,
    interpolation::LogLogSpline,
    materials::Material,
    radiative::positron_radiative_ratio,
    table::{numbers, rows},
};

/// Photons radiated by electrons or positrons in a material.
#[derive(Debug)]
pub struct Bremsstrahlung {
    /// Sum over the elements of w Z^2 / A chi, per energy of the table at its nodes of kappa.
    chi: Vec<Vec<f64>>,
    radiative: LogLogSpline,
}

impl Bremsstrahlung {
    /// Spectra in a material, normalised to the radiative stopping power of `stopping` for `charge`.
    ///
    /// [`interpolated_elements`] names the elements without a table.
    pub fn new(material: &Material, charge: Charge, stopping: &ElectronStopping) -> Self {
        let radiative = match charge {
            Charge::Electron => &stopping.radiative,
            Charge::Positron => &stopping.positron_radiative,
        };
        let table = table();
        let mut chi = vec![vec![0.0; table.kappa.len()]; table.energy.len()];
        for &(z, w) in &material.composition {
            let weight = w * f64::from(z).powi(2) / element(z).a;
            for ((sum, own), &e) in chi.iter_mut().zip(chi_of_element(z)).zip(&table.energy) {
                let ratio = if charge == Charge::Positron { positron_radiative_ratio(z, e) } else { 1.0 };
                sum.iter_mut().zip(own).for_each(|(s, x)| *s += weight * ratio * x);
            }
        }
        Self { chi, radiative: LogLogSpline::new(&stopping.energy, radiative) }
    }

    /// Photons of more than `k_cut` MeV per g/cm2 of way of a particle of `e` MeV; zero if `k_cut >= e`.
    pub fn photons(&self, e: f64, k_cut: f64) -> f64 {
        let nodes = self.nodes(e);
        self.scale(e, &nodes) * integral(&nodes, k_cut / e, 1.0, |a, b, x0, x1| a * (x1 / x0).ln() + b * (x1 - x0))
    }

    /// Energy radiated in photons of `k_low` to `k_high` MeV by a particle of `e` MeV, MeV cm2/g.
    pub fn loss(&self, e: f64, k_low: f64, k_high: f64) -> f64 {
        let nodes = self.nodes(e);
        self.scale(e, &nodes) * e * mean(&nodes, k_low / e, k_high / e)
    }

    /// Int k^2 dsigma over photons below `k_cut` MeV, MeV2 cm2/g: the straggling of soft photons.
    pub fn second_moment(&self, e: f64, k_cut: f64) -> f64 {
        let nodes = self.nodes(e);
        let moment = integral(&nodes, 0.0, k_cut / e, |a, b, x0, x1| 0.5 * a * (x1 * x1 - x0 * x0) + b / 3.0 * (x1.powi(3) - x0.powi(3)));
        self.scale(e, &nodes) * e * e * moment
    }

    /// k dsigma/dk at `kappa` = k / e, up to a factor that depends on `e` alone; zero above 1.
    pub fn shape(&self, e: f64, kappa: f64) -> f64 {
        let grid = &table().kappa;
        if !(0.0..=1.0).contains(&kappa) {
            return 0.0;
        }
        let nodes = self.nodes(e);
        let after = grid.partition_point(|&x| x <= kappa).clamp(1, grid.len() - 1);
        let share = (kappa - grid[after - 1]) / (grid[after] - grid[after - 1]);
        nodes[after - 1] + (nodes[after] - nodes[after - 1]) * share
    }

    /// chi at the nodes of kappa: cubic (Lagrange) in ln E; the shape of the end of the table (1 keV, 20 MeV) beyond it.
    fn nodes(&self, e: f64) -> Vec<f64> {
        let ln = &table().ln_energy;
        let x = e.ln().clamp(ln[0], ln[ln.len() - 1]);
        let first = ln.partition_point(|&v| v <= x).clamp(2, ln.len() - 2) - 2;
        let near = &ln[first..first + 4];
        let weight: [f64; 4] =
            std::array::from_fn(|i| (0..4).filter(|&j| j != i).map(|j| (x - near[j]) / (near[i] - near[j])).product::<f64>());
        (0..table().kappa.len()).map(|k| (0..4).map(|i| weight[i] * self.chi[first + i][k]).sum()).collect()
    }

    /// Photons per g/cm2 and unit chi: what makes the whole loss equal to the radiative stopping power.
    fn scale(&self, e: f64, nodes: &[f64]) -> f64 {
        self.radiative.eval(e) / (e * mean(nodes, 0.0, 1.0))
    }
}

/// Int chi dkappa from `low` to `high`.
fn mean(nodes: &[f64], low: f64, high: f64) -> f64 {
    integral(nodes, low, high, |a, b, x0, x1| a * (x1 - x0) + 0.5 * b * (x1 * x1 - x0 * x0))
}

/// Sum over the lines a + b kappa between nodes of `piece(a, b, x0, x1)`, from `low` to `high` within 0 to 1.
fn integral(nodes: &[f64], low: f64, high: f64, piece: impl Fn(f64, f64, f64, f64) -> f64) -> f64 {
    let grid = &table().kappa;
    let mut sum = 0.0;
    for k in 1..grid.len() {
        let (x0, x1) = (grid[k - 1].max(low), grid[k].min(high));
        if x1 > x0 {
            let slope = (nodes[k] - nodes[k - 1]) / (grid[k] - grid[k - 1]);
            sum += piece(nodes[k - 1] - slope * grid[k - 1], slope, x0, x1);
        }
    }
    sum
}

/// Symbols of the elements of a material whose spectra are interpolated between tabulated elements (above lead: taken from it).
pub fn interpolated_elements(material: &Material) -> Vec<&'static str> {
    let lacking = material.composition.iter().filter(|(z, _)| !table().elements.contains_key(z));
    lacking.map(|(z, _)| element(*z).symbol.as_str()).collect()
}

struct Table {
    /// MeV.
    energy: Vec<f64>,
    ln_energy: Vec<f64>,
    /// Photon energy over kinetic energy.
    kappa: Vec<f64>,
    /// chi in mb, per energy.
    elements: BTreeMap<u8, Vec<Vec<f64>>>,
}

fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let mut lines = rows(include_str!("data/bremsstrahlung.csv"));
        let kappa = numbers(&lines.next().expect("a header"), 2);
        let (mut energy, mut elements) = (Vec::new(), BTreeMap::<u8, Vec<Vec<f64>>>::new());
        for row in lines {
            let own = elements.entry(row[0].parse().expect("an atomic number")).or_default();
            let mut fields = numbers(&row, 1);
            let e = fields.remove(0);
            if own.len() == energy.len() {
                energy.push(e);
            }
            assert_eq!(energy[own.len()], e, "all elements have one grid");
            own.push(fields);
        }
        Table { ln_energy: energy.iter().map(|e: &f64| e.ln()).collect(), energy, kappa, elements }
    });
    &TABLE
}

/// chi of an element; without a table on a line in ln Z between its neighbours, above lead that of lead.
fn chi_of_element(z: u8) -> Vec<Vec<f64>> {
    let elements = &table().elements;
    let (below, low) = elements.range(..=z).next_back().expect("hydrogen is tabulated");
    let (above, high) = elements.range(z..).next().unwrap_or((below, low));
    let share = if above > below { (f64::from(z) / f64::from(*below)).ln() / (f64::from(*above) / f64::from(*below)).ln() } else { 0.0 };
    let between = |a: &Vec<f64>, b: &Vec<f64>| a.iter().zip(b).map(|(a, b)| a + (b - a) * share).collect();
    low.iter().zip(high).map(|(a, b)| between(a, b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        physics::{
            constants::{AVOGADRO, ELECTRON_MASS, beta_squared},
            electron_stopping::electron_stopping,
            materials::find,
            quadrature::integrate_log,
        },
        plan::WaterData,
    };

    fn spectra(name: &str, charge: Charge) -> (Bremsstrahlung, ElectronStopping) {
        let material = find(name).expect(name);
        let stopping = electron_stopping(&material, WaterData::Icru49).expect("data");
        (Bremsstrahlung::new(&material, charge, &stopping), stopping)
    }

    /// The cross sections before normalisation, Int k dsigma, against ESTAR's radiative stopping power.
    #[test]
    fn cross_sections_meet_the_stopping_power() {
        for name in ["water", "bone_cortical", "iodine", "lead"] {
            let (b, stopping) = spectra(name, Charge::Electron);
            for (&e, &radiative) in stopping.energy.iter().zip(&stopping.radiative).filter(|(e, _)| **e >= 0.01) {
                let absolute = AVOGADRO * 1e-27 / beta_squared(e, ELECTRON_MASS) * e * mean(&b.nodes(e), 0.0, 1.0);
                assert!((absolute / radiative - 1.0).abs() < 0.007, "{name}, {e} MeV: {absolute} {radiative}");
            }
        }
    }

    #[test]
    fn losses_add_up_to_the_radiative_stopping_power() {
        for charge in [Charge::Electron, Charge::Positron] {
            let (b, stopping) = spectra("water", charge);
            let radiative = if charge == Charge::Electron { &stopping.radiative } else { &stopping.positron_radiative };
            for (&e, &s) in stopping.energy.iter().zip(radiative) {
                assert!((b.loss(e, 0.0, e) / s - 1.0).abs() < 1e-12);
                let parts = b.loss(e, 0.0, 0.02 * e) + b.loss(e, 0.02 * e, 0.7 * e) + b.loss(e, 0.7 * e, e);
                assert!((parts / s - 1.0).abs() < 1e-12, "{e}");
            }
        }
    }

    #[test]
    fn numbers_and_moments_by_other_means() {
        let (b, stopping) = spectra("bone_cortical", Charge::Electron);
        for (e, cut) in [(0.05, 0.01), (1.0, 0.01), (1.0, 0.9), (7.0, 0.1)] {
            // dN/dk = C chi / k with C from the radiative stopping power; the trapezoidal rule on 20000 points.
            let n = 20_000;
            let radiative = LogLogSpline::new(&stopping.energy, &stopping.radiative).eval(e);
            let points: Vec<f64> = (0..=n).map(|i| b.shape(e, f64::from(i) / f64::from(n))).collect();
            let area = points.windows(2).map(|p| 0.5 * (p[0] + p[1])).sum::<f64>() * e / f64::from(n);
            let count = integrate_log(cut, e, 200, |k| radiative / area * b.shape(e, k / e) / k);
            assert!((b.photons(e, cut) / count - 1.0).abs() < 1e-4, "{e} {cut}: {} {count}", b.photons(e, cut));
            let square = integrate_log(1e-9, cut, 400, |k| radiative / area * b.shape(e, k / e) * k);
            assert!((b.second_moment(e, cut) / square - 1.0).abs() < 1e-4, "{e} {cut}");
        }
        assert_eq!(b.photons(0.1, 0.1), 0.0);
        assert_eq!(b.shape(0.1, 1.1), 0.0);
    }

    #[test]
    fn slow_and_fast_electrons_have_different_spectra() {
        let (b, _) = spectra("water", Charge::Electron);
        // Near the upper end slow electrons radiate more, relative to the lower end.
        let ratio = |e: f64| b.shape(e, 0.95) / b.shape(e, 0.05);
        assert!(ratio(0.01) > 2.0 * ratio(2.0), "{} {}", ratio(0.01), ratio(2.0));
        // Positrons: fewer photons at low energies.
        let (p, _) = spectra("water", Charge::Positron);
        assert!(p.photons(0.05, 0.01) < 0.9 * b.photons(0.05, 0.01));
    }

    /// Each table left out in turn and interpolated.
    #[test]
    fn interpolated_elements_resemble_their_tables() {
        for z in [4u8, 7, 12, 17, 22, 26, 50, 79] {
            let elements = &table().elements;
            let (low, a) = elements.range(..z).next_back().expect("lighter");
            let (high, b) = elements.range(z + 1..).next().expect("heavier");
            let share = (f64::from(z) / f64::from(*low)).ln() / (f64::from(*high) / f64::from(*low)).ln();
            for (i, e) in table().energy.iter().enumerate().filter(|(_, e)| (0.02..=10.0).contains(*e)) {
                for k in [0, 5, 10, 16] {
                    let guess = a[i][k] + (b[i][k] - a[i][k]) * share;
                    assert!((guess / elements[&z][i][k] - 1.0).abs() < 0.04, "Z {z}, {e} MeV, node {k}: {guess}");
                }
            }
        }
        let radium = Material::new("radium", 5.0, None, &[(56, 0.5), (88, 0.5)], "").expect("valid");
        assert_eq!(interpolated_elements(&radium), ["Ba", "Ra"]);
    }

    /// What one material costs when tables are built: below a tenth of a second for all photon and bremsstrahlung data together.
    #[test]
    fn tables_build_fast() {
        use crate::physics::photon::{attenuation::PhotonCoefficients, compton, fluorescence, rayleigh};
        let bone = find("bone_cortical").expect("bone");
        let stopping = electron_stopping(&bone, WaterData::Icru49).expect("data");
        let build = || {
            let coefficients = PhotonCoefficients::new(&bone).expect("data");
            let b = Bremsstrahlung::new(&bone, Charge::Electron, &stopping);
            let mut sum = compton::shells(&bone).len() as f64;
            for i in 0..1800 {
                let e = 1e-3 * 20_000f64.powf(f64::from(i) / 1800.0);
                sum += coefficients.at(e).total() + coefficients.energy_absorption(e);
                sum += compton::scattering_function(&bone, 1e3 * e) + rayleigh::form_factor_squared(&bone, 1e3 * e);
                sum += fluorescence::k_share(&bone, 20, e)
                    + b.photons(e, 0.001)
                    + b.loss(e, 0.0, 0.01)
                    + b.second_moment(e, 0.01)
                    + b.shape(e, 0.5);
            }
            sum
        };
        let first = build();
        let begin = std::time::Instant::now();
        assert_eq!(build(), first);
        let seconds = begin.elapsed().as_secs_f64();
        eprintln!("photon and bremsstrahlung data of one material: {:.1} ms", 1e3 * seconds);
        assert!(seconds < 0.5, "{seconds} s");
    }
}
