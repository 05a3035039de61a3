//! S values of cells: mean absorbed dose per decay in concentric spheres of one medium, and in those of a neighbour.

use super::{
    BATCHES, Emitter, Part, Request,
    mird::formalism,
    point::conditions,
    score::{Estimate, balanced, score},
    sites::{CM, Cell, PAIRS, Site, local},
    stage::Stage,
};
use crate::{
    error::{Error, Result},
    io::csv::Table,
    transport::{
        backend::{DeviceInfo, Job, Settings, SourceShape, Sums},
        open::open,
    },
};

/// Shells of the kernel behind doses to neighbours, per width of the thinner of nucleus and cytoplasm.
const SHELLS_PER_PART: f64 = 10.0;
/// Most shells of that kernel.
const MOST_SHELLS: usize = 100_000;
/// S values of an emitter, Gy/(Bq s), in the order of [`PAIRS`].
#[derive(Debug)]
pub struct CellS {
    /// The cell.
    pub cell: Cell,
    /// Per part: of the cell that holds the source.
    pub own: [[Estimate; 6]; 3],
    /// By the MIRD formalism: of the cell that holds the source, then of each neighbour; see [`super::mird`].
    pub formalism: Vec<Option<[f64; 6]>>,
    /// Distance of centres (um) and, per part, S values of a neighbour.
    pub neighbours: Vec<(f64, [[Estimate; 6]; 3])>,
    /// g/cm3.
    pub density: f64,
    /// Settings of the transport.
    pub settings: Settings,
    /// Where it ran.
    pub device: DeviceInfo,
    /// Sums over all radiations and sources.
    pub sums: Sums,
}

/// The sources that are run for the cell itself, as a shell of it and a shape; a cell is a nucleus with cytoplasm.
const RUNS: [(Site, u32, SourceShape); 3] =
    [(Site::Nucleus, 0, SourceShape::Uniform), (Site::Cytoplasm, 1, SourceShape::Uniform), (Site::Surface, 1, SourceShape::Sphere)];

/// Computes the S values of a cell and, at `distances` (um, between centres), of its neighbours.
///
/// The cell itself: particles start in its parts and are scored in them. Neighbours: a point kernel in fine shells, folded with the chance that
/// two points that far apart lie in source and target, which every history helps with however small a target looks from afar.
///
/// # Errors
/// If neighbours overlap, the material is unknown, a radiation is not transported, or the device fails.
pub fn cell_s(emitter: &Emitter, cell: Cell, distances: &[f64], request: &Request, say: &dyn Fn(&str)) -> Result<CellS> {
    let density = request.density()?;
    let settings = request.settings(CM * cell.thinnest(), density);
    let kernel = Folding::new(cell, distances)?;
    let stage = Stage::shells(&request.material, density, &[CM * cell.nucleus, CM * cell.radius], settings)?;
    let (mut backend, line) = open(stage.world(), &request.device, request.threads)?;
    say(&line);
    let mut own = local(emitter, cell, density);
    let mut sums = Sums::default();
    let mut stream = 0;
    for beam in &emitter.beams {
        for (site, shell, shape) in RUNS {
            stream += 1;
            let source = [[u32::MAX, shell]];
            let job = job(beam, &source, shape, stream, request);
            // Nucleus, cytoplasm, both.
            let found = score(backend.as_mut(), &job, &|e| vec![e[0] as f64, e[1] as f64, (e[0] + e[1]) as f64])?;
            sums.add(&found.sums);
            add_own(&mut own[beam.radiation.part() as usize], cell, density, site, &found.estimates, beam.sampler.intensity());
        }
    }
    let device = backend.device();
    drop(backend);
    let mut neighbours: Vec<(f64, [[Estimate; 6]; 3])> = distances.iter().map(|&d| (d, Default::default())).collect();
    if !neighbours.is_empty() {
        let stage = Stage::shells(&request.material, density, &kernel.radii, settings)?;
        let (mut backend, _) = open(stage.world(), &request.device, request.threads)?;
        for beam in &emitter.beams {
            stream += 1;
            let job = job(beam, &[[u32::MAX, 0]], SourceShape::Centre, stream, request);
            let found = score(backend.as_mut(), &job, &|energy| kernel.fold(energy))?;
            sums.add(&found.sums);
            for ((_, s), energies) in neighbours.iter_mut().zip(found.estimates.chunks(PAIRS.len())) {
                let values = s[beam.radiation.part() as usize].iter_mut();
                for ((s, (target, _)), energy) in values.zip(PAIRS).zip(energies) {
                    *s = s.plus(energy.times(cell.gray_per_mev(target, density) * beam.sampler.intensity()));
                }
            }
        }
    }
    balanced(&sums)?;
    let formalism = std::iter::once(&0.0).chain(distances).map(|&d| formalism(emitter, cell, d, request)).collect::<Result<_>>()?;
    Ok(CellS { cell, own, formalism, neighbours, density, settings, device, sums })
}

fn job<'a>(beam: &'a super::emitter::Beam, source: &'a [[u32; 2]], shape: SourceShape, stream: u32, request: &Request) -> Job<'a> {
    Job {
        particle: beam.radiation.particle(),
        source,
        shape,
        spectrum: beam.sampler.rows(),
        stream,
        first_history: 0,
        histories: request.whole_histories(),
        batches: BATCHES,
    }
}

/// Adds what a source sends to nucleus, cytoplasm and both (MeV per particle) wherever it counts.
fn add_own(s: &mut [Estimate; 6], cell: Cell, density: f64, site: Site, energy: &[Estimate], intensity: f64) {
    for ((target, source), s) in PAIRS.into_iter().zip(s) {
        let share = match (source, site) {
            (Site::Cell, Site::Nucleus) => cell.share(),
            (Site::Cell, Site::Cytoplasm) => 1.0 - cell.share(),
            _ => f64::from(u8::from(source == site)),
        };
        let energy = match target {
            Site::Nucleus => energy[0],
            Site::Cytoplasm => energy[1],
            Site::Cell | Site::Surface => energy[2],
        };
        if share > 0.0 {
            *s = s.plus(energy.times(share * intensity * cell.gray_per_mev(target, density)));
        }
    }
}

/// Shells of a point kernel, and the chances that fold it into energies of neighbours.
#[derive(Debug, Default)]
struct Folding {
    /// Outer radii, cm.
    radii: Vec<f64>,
    /// Per distance and pair: the first shell that counts, and the chances from there on.
    chances: Vec<(usize, Vec<f64>)>,
}

impl Folding {
    /// Shells from the nearest to the farthest that any pair of points can be apart.
    fn new(cell: Cell, distances: &[f64]) -> Result<Self> {
        if let Some(near) = distances.iter().find(|&&d| !(d >= 2.0 * cell.radius && d.is_finite())) {
            return Err(Error::input(format!(
                "a neighbour at {near} um; cells of radius {} um must be at least {} um apart, centre to centre",
                cell.radius,
                2.0 * cell.radius
            )));
        }
        let Some(farthest) = distances.iter().copied().reduce(f64::max) else { return Ok(Self::default()) };
        let nearest = distances.iter().copied().fold(f64::INFINITY, f64::min) - 2.0 * cell.radius;
        let width = cell.thinnest() / SHELLS_PER_PART;
        let (first, last) = ((nearest / width).floor().max(0.0) as usize, ((farthest + 2.0 * cell.radius) / width).ceil() as usize);
        if last - first > MOST_SHELLS {
            return Err(Error::input(format!(
                "neighbours up to {farthest} um would need {} shells of {width} um; at most {MOST_SHELLS} are possible: a larger cell, or \
                 distances nearer to each other",
                last - first
            )));
        }
        // The first shell is all that is too near to reach anything.
        let edges: Vec<f64> = (first..=last).map(|k| width * k as f64).filter(|&um| um > 0.0).collect();
        let low = |shell: usize| if shell == 0 { 0.0 } else { edges[shell - 1] };
        let chances = distances
            .iter()
            .flat_map(|&distance| PAIRS.map(|pair| (distance, pair)))
            .map(|(distance, pair)| {
                let start = edges.partition_point(|&um| um <= distance - 2.0 * cell.radius);
                let end = edges.partition_point(|&um| um < distance + 2.0 * cell.radius).min(edges.len() - 1);
                (start, (start..=end).map(|shell| cell.chance(pair, distance, low(shell), edges[shell])).collect())
            })
            .collect();
        Ok(Self { radii: edges.iter().map(|um| CM * um).collect(), chances })
    }

    /// Energies of neighbours from those of the shells.
    fn fold(&self, energy: &[u64]) -> Vec<f64> {
        self.chances
            .iter()
            .map(|(start, chances)| chances.iter().zip(&energy[*start..]).map(|(chance, &quanta)| chance * quanta as f64).sum())
            .collect()
    }
}

impl CellS {
    /// The table of `dosaic s-values --cell`; see docs/kernels.md.
    pub fn table(&self, emitter: &Emitter, request: &Request) -> Table {
        let Cell { radius, nucleus } = self.cell;
        let mut remarks = vec![format!(
            "cell S values in Gy/(Bq s), cell of radius {radius} um, concentric nucleus of radius {nucleus} um, one medium without end"
        )];
        remarks.extend(emitter.remarks());
        remarks.extend(conditions(request, self.density, &self.settings, &self.device, &self.sums));
        remarks.push("C cell, CS its surface, N nucleus, Cy cytoplasm; sources uniform; what is deposited where it is emitted counts half from the surface".into());
        remarks.push(
            "columns: distance of the centres of the cell that holds the source and of the target's (0: the same cell), target, source, S and its 1 sigma by the particle emitted"
                .into(),
        );
        remarks.push(
            "mird_s: the MIRD cellular formalism, straight tracks without straggling or delta rays, Cole's ranges of electrons, no photons and recoils; in water alone".into(),
        );
        let remarks: Vec<&str> = remarks.iter().map(String::as_str).collect();
        let mut head: Vec<String> = ["distance_um", "target", "source"].map(str::to_owned).to_vec();
        for name in Part::ALL.map(Part::name).into_iter().chain(["total"]) {
            head.extend([format!("{name}_s"), format!("{name}_sigma")]);
        }
        head.push("mird_s".into());
        let mut table = Table::with_remarks(&remarks, &head);
        let own = std::iter::once((0.0, &self.own));
        let all = own.chain(self.neighbours.iter().map(|(distance, s)| (*distance, s)));
        for ((distance, s), formalism) in all.zip(&self.formalism) {
            for (at, (target, source)) in PAIRS.into_iter().enumerate() {
                let mut row = vec![distance.to_string(), target.symbol().to_owned(), source.symbol().to_owned()];
                let parts = Part::ALL.map(|part| s[part as usize][at]);
                let total = parts.into_iter().sum::<Estimate>();
                for s in parts.into_iter().chain([total]) {
                    row.extend([format!("{:.6e}", s.mean), format!("{:.2e}", s.sigma)]);
                }
                row.push(formalism.map_or(String::new(), |s| format!("{:.6e}", s[at])));
                table.row(&row);
            }
        }
        table
    }

    /// Over all parts.
    pub fn totals(parts: &[[Estimate; 6]; 3]) -> [Estimate; 6] {
        std::array::from_fn(|at| parts.iter().map(|part| part[at]).sum())
    }
}
