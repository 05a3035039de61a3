//! The levels of a grid and the sweeps over them: the same list for the CPU and the GPU.

use crate::{grid::VoxelGrid, response::tme::cpu::multigrid::MultigridStep};

/// Relaxations before and after each correction from a coarser level; odd, so that results come to lie in the first half of the values.
const RELAXATIONS: usize = 3;
/// Spectrum of Jacobi's matrix that relaxations must damp: of errors that a coarser level cannot see (in three dimensions from 1/3 on).
const SPECTRUM: [f64; 2] = [0.25, 2.0];
/// Axes whose cells are up to this much longer than the shortest are joined with it; others wait until the cells are alike.
const ALIKE: f64 = 1.5;

/// What a sweep does to every cell of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Couplings of the coarse level.
    CoarseFaces,
    /// Newton's linearisation on the finest level.
    Linearise,
    /// Masses of the coarse level.
    CoarseMass,
    /// First relaxation, from zero.
    Start,
    /// A relaxation.
    Relax,
    /// Right sides of the coarse level.
    Restrict,
    /// Correction from the coarse level.
    Prolong,
    /// Correction of the field.
    Update,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] =
        [Self::CoarseFaces, Self::Linearise, Self::CoarseMass, Self::Start, Self::Relax, Self::Restrict, Self::Prolong, Self::Update];

    /// The kernel that does it.
    pub fn entry(self) -> &'static str {
        match self {
            Self::CoarseFaces => "kernel_multigrid_coarse_faces",
            Self::Linearise => "kernel_multigrid_linearise",
            Self::CoarseMass => "kernel_multigrid_coarse_mass",
            Self::Start => "kernel_multigrid_start",
            Self::Relax => "kernel_multigrid_relax",
            Self::Restrict => "kernel_multigrid_restrict",
            Self::Prolong => "kernel_multigrid_prolong",
            Self::Update => "kernel_multigrid_update",
        }
    }

    /// Whether it fills the coarse level instead of the fine one.
    pub fn is_coarse(self) -> bool {
        matches!(self, Self::CoarseFaces | Self::CoarseMass | Self::Restrict)
    }
}

/// A sweep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sweep {
    /// What it does.
    pub kind: Kind,
    /// Where.
    pub step: MultigridStep,
}

impl Sweep {
    /// Cells that it fills.
    pub fn cells(&self) -> usize {
        let size = if self.kind.is_coarse() { self.step.coarse_size } else { self.step.size };
        size.iter().map(|&n| n as usize).product()
    }
}

/// The levels of a grid, finest first, in arrays of [`Self::cells`] cells.
#[derive(Debug, Clone)]
pub struct Levels {
    /// Of each level: its step without weight and halves; the coarse level of the last is itself.
    pub steps: Vec<MultigridStep>,
    /// Cells in the arrays.
    pub cells: usize,
}

impl Levels {
    /// Joins cells until one is left. `half`: concentration of half the saturable sink.
    pub fn new(grid: &VoxelGrid, half: f32) -> Self {
        let (mut size, mut spacing) = (grid.size, grid.spacing.to_array());
        let mut sizes = vec![(size, [1; 3])];
        while size.iter().any(|&n| n > 1) {
            let shortest = (0..3).filter(|&a| size[a] > 1).map(|a| spacing[a]).fold(f64::INFINITY, f64::min);
            let factor = [0, 1, 2].map(|a| if size[a] > 1 && spacing[a] <= ALIKE * shortest { 2 } else { 1 });
            if let Some(last) = sizes.last_mut() {
                last.1 = factor;
            }
            for axis in 0..3 {
                size[axis] = size[axis].div_ceil(factor[axis]);
                spacing[axis] *= f64::from(factor[axis]);
            }
            sizes.push((size, [1; 3]));
        }
        let plane = |size: [u32; 3]| size[0] * size[1];
        let (mut next, mut end) = (0, 0);
        let mut firsts = Vec::new();
        for &(size, _) in &sizes {
            let first = next + plane(size);
            next = first + plane(size) * size[2];
            end = end.max(next + plane(size));
            firsts.push(first);
        }
        let steps = (0..sizes.len())
            .map(|level| {
                let coarse = (level + 1).min(sizes.len() - 1);
                MultigridStep {
                    size: sizes[level].0,
                    first: firsts[level],
                    coarse_size: sizes[coarse].0,
                    coarse_first: firsts[coarse],
                    factor: sizes[level].1,
                    cells: end,
                    half_use: half,
                    origin: firsts[0],
                    ..MultigridStep::default()
                }
            })
            .collect();
        Self { steps, cells: end as usize }
    }

    /// Sweeps that follow a change of couplings.
    pub fn setup(&self) -> Vec<Sweep> {
        self.joints().map(|step| Sweep { kind: Kind::CoarseFaces, step }).collect()
    }

    /// Sweeps of one iteration: linearise, one V-cycle on the correction, update.
    pub fn iteration(&self) -> Vec<Sweep> {
        let weights = weights();
        let mut sweeps = vec![Sweep { kind: Kind::Linearise, step: self.steps[0] }];
        sweeps.extend(self.joints().map(|step| Sweep { kind: Kind::CoarseMass, step }));
        let mut push = |kind, step: MultigridStep, reads: usize, weight: f64| {
            sweeps.push(Sweep { kind, step: MultigridStep { reads: reads as u32, weight: weight as f32, ..step } });
        };
        // Half 0 is written first; each relaxation reads one half and writes the other.
        for step in self.joints() {
            push(Kind::Start, step, 1, weights[0]);
            for (i, &weight) in weights.iter().enumerate().skip(1) {
                push(Kind::Relax, step, (i + 1) % 2, weight);
            }
            push(Kind::Restrict, step, 0, 0.0);
        }
        // A single cell is solved at once.
        push(Kind::Start, self.steps[self.steps.len() - 1], 1, 1.0);
        for step in self.joints().rev() {
            push(Kind::Prolong, step, 0, 0.0);
            for (i, &weight) in weights.iter().rev().enumerate() {
                push(Kind::Relax, step, (i + 1) % 2, weight);
            }
        }
        push(Kind::Update, self.steps[0], 0, 0.0);
        sweeps
    }

    /// Levels that have a coarser one.
    fn joints(&self) -> impl DoubleEndedIterator<Item = MultigridStep> + '_ {
        self.steps[..self.steps.len() - 1].iter().copied()
    }
}

/// Weights of the relaxations: together they are the Chebyshev polynomial that is smallest on [`SPECTRUM`].
fn weights() -> [f64; RELAXATIONS] {
    let [low, high] = SPECTRUM;
    std::array::from_fn(|i| {
        let angle = std::f64::consts::PI * (2 * i + 1) as f64 / (2 * RELAXATIONS) as f64;
        2.0 / ((high + low) + (high - low) * angle.cos())
    })
}
