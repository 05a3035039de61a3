//! Dose point kernels: energy per spherical shell around a point source in a medium without end.

use super::{
    BATCHES, Emitter, Part, Request,
    score::{Estimate, balanced, cells, score},
    stage::Stage,
};
use crate::{
    error::Result,
    io::csv::Table,
    plan::PhotonMode,
    transport::{
        backend::{DeviceInfo, Job, Settings, SourceShape, Sums},
        open::open,
    },
};

/// A kernel.
#[derive(Debug)]
pub struct PointKernel {
    /// Outer radii, cm.
    pub radii: Vec<f64>,
    /// Per part: MeV per decay in each shell and, last, beyond them.
    pub parts: [Vec<Estimate>; 3],
    /// MeV per decay of the emitter.
    pub energy_per_decay: f64,
    /// g/cm3.
    pub density: f64,
    /// Settings of the transport.
    pub settings: Settings,
    /// Where it ran.
    pub device: DeviceInfo,
    /// Sums over all radiations.
    pub sums: Sums,
}

/// Shells where none are asked for: 60 up to 1.2 ranges of the most energetic charged particle; 40 of 5 mm for photons alone.
///
/// # Errors
/// If the material lacks data.
pub fn default_radii(emitter: &Emitter, request: &Request) -> Result<Vec<f64>> {
    let reach = emitter.reach(request)?;
    let (width, count) = if reach > 0.0 { (0.02 * reach, 60) } else { (0.5, 40) };
    Ok((1..=count).map(|i| width * f64::from(i)).collect())
}

/// Computes the kernel of an emitter. Cuts and thresholds are those of voxels as wide as the thinnest shell.
///
/// # Errors
/// If the material is unknown, a radiation is not transported, or the device fails.
pub fn point_kernel(emitter: &Emitter, radii: &[f64], request: &Request, say: &dyn Fn(&str)) -> Result<PointKernel> {
    let density = request.density()?;
    let thinnest = radii.iter().scan(0.0, |below, &r| Some(r - std::mem::replace(below, r))).fold(f64::INFINITY, f64::min);
    let settings = request.settings(thinnest, density);
    let stage = Stage::shells(&request.material, density, radii, settings)?;
    let (mut backend, line) = open(stage.world(), &request.device, request.threads)?;
    say(&line);
    let mut parts: [Vec<Estimate>; 3] = std::array::from_fn(|_| vec![Estimate::default(); radii.len() + 1]);
    for part in Part::ALL {
        parts[part as usize][0].mean += emitter.local[part as usize];
    }
    let mut sums = Sums::default();
    for (stream, beam) in (1..).zip(&emitter.beams) {
        let job = Job {
            particle: beam.radiation.particle(),
            source: &[[u32::MAX, 0]],
            shape: SourceShape::Centre,
            spectrum: beam.sampler.rows(),
            stream,
            first_history: 0,
            histories: request.whole_histories(),
            batches: BATCHES,
        };
        let found = score(backend.as_mut(), &job, &cells)?;
        sums.add(&found.sums);
        for (total, own) in parts[beam.radiation.part() as usize].iter_mut().zip(&found.estimates) {
            *total = total.plus(own.times(beam.sampler.intensity()));
        }
    }
    balanced(&sums)?;
    let device = backend.device();
    Ok(PointKernel { radii: radii.to_vec(), parts, energy_per_decay: emitter.energy_per_decay(), density, settings, device, sums })
}

impl PointKernel {
    /// Fraction of the emitted energy in a shell (the last: beyond them), of one part.
    pub fn fraction(&self, part: Part, shell: usize) -> Estimate {
        self.parts[part as usize][shell].times(1.0 / self.energy_per_decay)
    }

    /// The table of `dosaic kernel`; see docs/kernels.md.
    pub fn table(&self, emitter: &Emitter, request: &Request) -> Table {
        let mut remarks = vec!["energy fraction per spherical shell around a point source in a medium without end".to_owned()];
        remarks.extend(emitter.remarks());
        remarks.extend(conditions(request, self.density, &self.settings, &self.device, &self.sums));
        remarks.push("columns: shell from r_low to r_high (the last row: all beyond); fraction of the emitted energy and its 1 sigma, by the particle emitted".into());
        let remarks: Vec<&str> = remarks.iter().map(String::as_str).collect();
        let mut head = vec!["r_low_mm".to_owned(), "r_high_mm".to_owned()];
        for name in Part::ALL.map(Part::name).into_iter().chain(["total"]) {
            head.extend([format!("{name}_fraction"), format!("{name}_sigma")]);
        }
        let mut table = Table::with_remarks(&remarks, &head);
        for shell in 0..=self.radii.len() {
            let low = if shell == 0 { 0.0 } else { self.radii[shell - 1] };
            let high = self.radii.get(shell).map_or("inf".to_owned(), |r| length(10.0 * r));
            let mut row = vec![length(10.0 * low), high];
            let mut total = Estimate::default();
            for part in Part::ALL {
                let fraction = self.fraction(part, shell);
                total = total.plus(fraction);
                row.extend([format!("{:.6e}", fraction.mean), format!("{:.2e}", fraction.sigma)]);
            }
            row.extend([format!("{:.6e}", total.mean), format!("{:.2e}", total.sigma)]);
            table.row(&row);
        }
        table
    }
}

/// A length without digits that rounding left behind.
pub(super) fn length(mm: f64) -> String {
    let text = format!("{mm:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Lines for the head of a table: medium, histories, device, cuts.
pub(super) fn conditions(request: &Request, density: f64, settings: &Settings, device: &DeviceInfo, sums: &Sums) -> Vec<String> {
    vec![
        format!("material {}, {density} g/cm3, water data {:?}", request.material, request.water),
        format!("{} histories of each kind of particle in {BATCHES} batches, seed {}", request.whole_histories(), request.seed),
        format!(
            "delta rays from {:.4} MeV or {} of the energy, absorption below {:.3e} cm of residual range or {} MeV",
            settings.tables.delta_floor, settings.tables.delta_share, settings.tables.cut_length, settings.electron_cut
        ),
        match settings.photons {
            PhotonMode::TrackLength => {
                "photons score collision kerma along their way, which is dose where electrons reach less far than a cell".into()
            }
            _ => "photons score what the electrons they set free deposit".into(),
        },
        format!("emergency exits: {}", sums.incidents),
        format!("dosaic {}, {} ({})", env!("CARGO_PKG_VERSION"), device.name, device.backend),
    ]
}
