//! Diffusion with sinks on a grid by multigrid: what is done for one cell. Twin: `shaders/response/multigrid.wgsl`.
//!
//! The equation of a cell is `sum_faces c (x_neighbour - x) + right - mass x = 0`. All levels lie in the same arrays, the finest first. A
//! plane of empty cells stands before each level and after the last, and a face that leads out of the grid or into a voxel that is held
//! has c = 0; so neighbours are read without asking whether they exist. A cell without faces and mass (held voxels) keeps the value 0.
//! From level to level, equations of the children are added up; faces count half, as cells are then twice as far apart (along axes that
//! are joined). Corrections return by linear interpolation between cell centres.

use bytemuck::{Pod, Zeroable};

use crate::response::tme::real::Real;

/// One sweep over a level: where it lies, where the next coarser one lies, and what the sweep needs.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
pub struct MultigridStep {
    /// Cells along the axes.
    pub size: [u32; 3],
    /// Position of the first cell in the arrays.
    pub first: u32,
    /// The next coarser level; that of a sweep that fills it is the coarse one's size.
    pub coarse_size: [u32; 3],
    /// Position of its first cell.
    pub coarse_first: u32,
    /// Fine cells per coarse one along the axes: 1 or 2.
    pub factor: [u32; 3],
    /// Cells in the arrays, all levels and empty planes.
    pub cells: u32,
    /// Half of the values that is read: 0 or 1.
    pub reads: u32,
    /// Weight of a relaxation.
    pub weight: f32,
    /// Concentration of half the saturable sink.
    pub half_use: f32,
    /// Position of the first cell of the finest level.
    pub origin: u32,
}

/// Arrays that a sweep only reads.
#[derive(Debug, Clone, Copy)]
pub struct MultigridView<'a, R> {
    /// Coupling to the next cell along x of all cells, then along y, then along z.
    pub faces: &'a [R],
    /// Sinks per value.
    pub mass: &'a [R],
    /// Right sides.
    pub right: &'a [R],
    /// The half of the values that is read.
    pub value: &'a [R],
}

/// Couplings of a cell to its six neighbours, and their sum times their values.
#[derive(Debug, Clone, Copy)]
pub struct MultigridFaces<R> {
    /// Sum of couplings.
    pub sum: R,
    /// Sum of couplings times neighbours' values.
    pub inflow: R,
}

/// The faces of a cell.
#[inline(always)]
pub fn multigrid_faces<R: Real>(step: &MultigridStep, faces: &[R], value: &[R], cell: usize) -> MultigridFaces<R> {
    let cells = step.cells as usize;
    let (row, plane) = (step.size[0] as usize, (step.size[0] * step.size[1]) as usize);
    let (west, east) = (faces[cell - 1], faces[cell]);
    let (north, south) = (faces[cells + cell - row], faces[cells + cell]);
    let (below, above) = (faces[2 * cells + cell - plane], faces[2 * cells + cell]);
    let inflow = (west * value[cell - 1] + east * value[cell + 1])
        + (north * value[cell - row] + south * value[cell + row])
        + (below * value[cell - plane] + above * value[cell + plane]);
    MultigridFaces { sum: (west + east) + (north + south) + (below + above), inflow }
}

/// First relaxation, from zero.
#[inline(always)]
pub fn multigrid_start<R: Real>(step: &MultigridStep, view: &MultigridView<'_, R>, cell: usize) -> R {
    let diagonal = multigrid_faces(step, view.faces, view.value, cell).sum + view.mass[cell];
    if diagonal > R::zero() { R::of(step.weight.into()) * view.right[cell] / diagonal } else { R::zero() }
}

/// A relaxation (Jacobi's, with the weight of the step).
#[inline(always)]
pub fn multigrid_relax<R: Real>(step: &MultigridStep, view: &MultigridView<'_, R>, cell: usize) -> R {
    let faces = multigrid_faces(step, view.faces, view.value, cell);
    let diagonal = faces.sum + view.mass[cell];
    let here = view.value[cell];
    let residual = view.right[cell] + faces.inflow - diagonal * here;
    if diagonal > R::zero() { here + R::of(step.weight.into()) * residual / diagonal } else { R::zero() }
}

/// What is missing in the equation of a cell.
#[inline(always)]
pub fn multigrid_residual<R: Real>(step: &MultigridStep, view: &MultigridView<'_, R>, cell: usize) -> R {
    let faces = multigrid_faces(step, view.faces, view.value, cell);
    view.right[cell] + faces.inflow - (faces.sum + view.mass[cell]) * view.value[cell]
}

/// Cell (i, j, k) of a level of this size at a position counted from its first.
#[inline(always)]
pub fn multigrid_place(size: [u32; 3], position: u32) -> [u32; 3] {
    let plane = size[0] * size[1];
    let within = position % plane;
    [within % size[0], within / size[0], position / plane]
}

/// Position in the arrays of child `child` (bits 0 to 2: along x, y, z) of a coarse cell; the number of cells where there is none.
#[inline(always)]
pub fn multigrid_child(step: &MultigridStep, coarse: [u32; 3], child: u32) -> u32 {
    let bit = [child & 1, child >> 1 & 1, child >> 2];
    let mut at = [0; 3];
    let mut there = true;
    for axis in 0..3 {
        at[axis] = coarse[axis] * step.factor[axis] + bit[axis];
        there = there && bit[axis] < step.factor[axis] && at[axis] < step.size[axis];
    }
    if there { step.first + (at[2] * step.size[1] + at[1]) * step.size[0] + at[0] } else { step.cells }
}

/// Right side of a coarse cell: what its children miss.
#[inline(always)]
pub fn multigrid_restrict<R: Real>(step: &MultigridStep, view: &MultigridView<'_, R>, coarse: [u32; 3]) -> R {
    let mut sum = R::zero();
    for child in 0..8 {
        let cell = multigrid_child(step, coarse, child);
        if cell < step.cells {
            sum = sum + multigrid_residual(step, view, cell as usize);
        }
    }
    sum
}

/// Mass of a coarse cell.
#[inline(always)]
pub fn multigrid_coarse_mass<R: Real>(step: &MultigridStep, mass: &[R], coarse: [u32; 3]) -> R {
    let mut sum = R::zero();
    for child in 0..8 {
        let cell = multigrid_child(step, coarse, child);
        if cell < step.cells {
            sum = sum + mass[cell as usize];
        }
    }
    sum
}

/// Coupling of a coarse cell to the next along an axis; `faces`: of this axis.
#[inline(always)]
pub fn multigrid_coarse_face<R: Real>(step: &MultigridStep, faces: &[R], coarse: [u32; 3], axis: usize) -> R {
    let mut sum = R::zero();
    for child in 0..8u32 {
        let cell = multigrid_child(step, coarse, child);
        // Only the children at the far side have that neighbour.
        let far = child >> axis & 1 == step.factor[axis] - 1;
        if far && cell < step.cells {
            sum = sum + faces[cell as usize];
        }
    }
    sum / R::of(step.factor[axis].into())
}

/// Correction of a fine cell from the coarse level, linear between cell centres.
#[inline(always)]
pub fn multigrid_prolong<R: Real>(step: &MultigridStep, value: &[R], fine: [u32; 3]) -> R {
    let mut near = [0; 3];
    let mut next = [0; 3];
    let mut share = [R::zero(); 3];
    for axis in 0..3 {
        let parent = fine[axis] / step.factor[axis];
        let odd = fine[axis] - parent * step.factor[axis];
        // The neighbour beyond a face of the grid would have the parent's own value: no flux.
        let low = parent - parent.min(1);
        let high = (parent + 1).min(step.coarse_size[axis] - 1);
        near[axis] = parent;
        next[axis] = if odd > 0 { high } else { low };
        share[axis] = if step.factor[axis] > 1 { R::of(0.25) } else { R::zero() };
    }
    let (columns, rows) = (step.coarse_size[0], step.coarse_size[1]);
    let mut sum = R::zero();
    for corner in 0..4u32 {
        let y = if corner & 1 > 0 { next[1] } else { near[1] };
        let z = if corner & 2 > 0 { next[2] } else { near[2] };
        let b = if corner & 1 > 0 { share[1] } else { R::one() - share[1] };
        let c = if corner & 2 > 0 { share[2] } else { R::one() - share[2] };
        let row = step.coarse_first + (z * rows + y) * columns;
        let here = value[(row + near[0]) as usize];
        sum = sum + b * c * (here + share[0] * (value[(row + next[0]) as usize] - here));
    }
    sum
}

/// Right side and mass of a finest cell in Newton's method.
#[derive(Debug, Clone, Copy)]
pub struct MultigridLinear<R> {
    /// What is missing in its equation.
    pub right: R,
    /// Its losses per value.
    pub mass: R,
}

/// Losses and sources of a finest cell: `source - loss x - demand x/(x + half)`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MultigridTerms<R> {
    /// Per value.
    pub loss: R,
    /// Absolute.
    pub source: R,
    /// Largest saturable use.
    pub demand: R,
}

/// Newton's linearisation around the field; `field` as [`MultigridView::value`], `cell` in it.
#[inline(always)]
pub fn multigrid_linearise<R: Real>(
    step: &MultigridStep,
    faces: &[R],
    field: &[R],
    terms: &MultigridTerms<R>,
    cell: usize,
) -> MultigridLinear<R> {
    let cells = step.cells as usize;
    let (row, plane) = (step.size[0] as usize, (step.size[0] * step.size[1]) as usize);
    let here = field[cell];
    // Differences first: they are small where the field is smooth, and nothing is lost by rounding.
    let x = faces[cell - 1] * (field[cell - 1] - here) + faces[cell] * (field[cell + 1] - here);
    let y = faces[cells + cell - row] * (field[cell - row] - here) + faces[cells + cell] * (field[cell + row] - here);
    let z = faces[2 * cells + cell - plane] * (field[cell - plane] - here) + faces[2 * cells + cell] * (field[cell + plane] - here);
    let half = R::of(step.half_use.into());
    let used = terms.demand / (here + half);
    MultigridLinear {
        right: (x + y + z) + (terms.source - terms.loss * here) - used * here,
        mass: terms.loss + used * half / (here + half),
    }
}

/// A cell after Newton's step; concentrations do not fall below 0.
#[inline(always)]
pub fn multigrid_update<R: Real>(here: R, change: R) -> R {
    (here + change).max(R::zero())
}
