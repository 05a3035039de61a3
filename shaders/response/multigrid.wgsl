// Diffusion with sinks on a grid by multigrid: what is done for one cell. Twin: src/response/tme/cpu/multigrid.rs, which explains it.

struct MultigridStep {
    size: vec3<u32>,
    first: u32,
    coarse_size: vec3<u32>,
    coarse_first: u32,
    factor: vec3<u32>,
    cells: u32,
    reads: u32,
    weight: f32,
    half_use: f32,
    origin: u32,
}

struct MultigridTerms {
    loss: f32,
    source: f32,
    demand: f32,
}

struct MultigridFaces {
    sum: f32,
    inflow: f32,
}

struct MultigridLinear {
    right: f32,
    mass: f32,
}

@group(0) @binding(0) var<uniform> multigrid_step: MultigridStep;
// Couplings along x, then y, then z.
@group(0) @binding(1) var<storage, read_write> multigrid_coupling: array<f32>;
@group(0) @binding(2) var<storage, read_write> multigrid_mass: array<f32>;
@group(0) @binding(3) var<storage, read_write> multigrid_right: array<f32>;
// Both halves, one after the other.
@group(0) @binding(4) var<storage, read_write> multigrid_value: array<f32>;
@group(0) @binding(5) var<storage, read_write> multigrid_field: array<f32>;
@group(0) @binding(6) var<storage, read> multigrid_terms: array<MultigridTerms>;
// Largest right side and largest change, as bits of floats that are not negative.
@group(0) @binding(7) var<storage, read_write> multigrid_report: array<atomic<u32>>;

// Position in the values of a cell in the half that is read.
fn multigrid_read(cell: u32) -> u32 {
    return multigrid_step.reads * multigrid_step.cells + cell;
}

// Position in the values of a cell in the half that is written.
fn multigrid_written(cell: u32) -> u32 {
    return (1u - multigrid_step.reads) * multigrid_step.cells + cell;
}

fn multigrid_faces(cell: u32) -> MultigridFaces {
    let cells = multigrid_step.cells;
    let row = multigrid_step.size.x;
    let plane = row * multigrid_step.size.y;
    let at = multigrid_read(cell);
    let west = multigrid_coupling[cell - 1u];
    let east = multigrid_coupling[cell];
    let north = multigrid_coupling[cells + cell - row];
    let south = multigrid_coupling[cells + cell];
    let below = multigrid_coupling[2u * cells + cell - plane];
    let above = multigrid_coupling[2u * cells + cell];
    let inflow = (west * multigrid_value[at - 1u] + east * multigrid_value[at + 1u])
        + (north * multigrid_value[at - row] + south * multigrid_value[at + row])
        + (below * multigrid_value[at - plane] + above * multigrid_value[at + plane]);
    return MultigridFaces((west + east) + (north + south) + (below + above), inflow);
}

// First relaxation, from zero.
fn multigrid_start(cell: u32) -> f32 {
    let diagonal = multigrid_faces(cell).sum + multigrid_mass[cell];
    if diagonal > 0.0 {
        return multigrid_step.weight * multigrid_right[cell] / diagonal;
    }
    return 0.0;
}

// A relaxation (Jacobi's, with the weight of the step).
fn multigrid_relax(cell: u32) -> f32 {
    let faces = multigrid_faces(cell);
    let diagonal = faces.sum + multigrid_mass[cell];
    let here = multigrid_value[multigrid_read(cell)];
    let residual = multigrid_right[cell] + faces.inflow - diagonal * here;
    if diagonal > 0.0 {
        return here + multigrid_step.weight * residual / diagonal;
    }
    return 0.0;
}

// What is missing in the equation of a cell.
fn multigrid_residual(cell: u32) -> f32 {
    let faces = multigrid_faces(cell);
    return multigrid_right[cell] + faces.inflow - (faces.sum + multigrid_mass[cell]) * multigrid_value[multigrid_read(cell)];
}

// Cell (i, j, k) of a level of this size at a position counted from its first.
fn multigrid_place(size: vec3<u32>, position: u32) -> vec3<u32> {
    let plane = size.x * size.y;
    let within = position % plane;
    return vec3<u32>(within % size.x, within / size.x, position / plane);
}

// Position in the arrays of child `child` (bits 0 to 2: along x, y, z) of a coarse cell; the number of cells where there is none.
fn multigrid_child(coarse: vec3<u32>, child: u32) -> u32 {
    let bit = vec3<u32>(child & 1u, (child >> 1u) & 1u, child >> 2u);
    let at = coarse * multigrid_step.factor + bit;
    let size = multigrid_step.size;
    if all(bit < multigrid_step.factor) && all(at < size) {
        return multigrid_step.first + (at.z * size.y + at.y) * size.x + at.x;
    }
    return multigrid_step.cells;
}

// Right side of a coarse cell: what its children miss.
fn multigrid_restrict(coarse: vec3<u32>) -> f32 {
    var sum = 0.0;
    for (var child = 0u; child < 8u; child++) {
        let cell = multigrid_child(coarse, child);
        if cell < multigrid_step.cells {
            sum += multigrid_residual(cell);
        }
    }
    return sum;
}

// Mass of a coarse cell.
fn multigrid_coarse_mass(coarse: vec3<u32>) -> f32 {
    var sum = 0.0;
    for (var child = 0u; child < 8u; child++) {
        let cell = multigrid_child(coarse, child);
        if cell < multigrid_step.cells {
            sum += multigrid_mass[cell];
        }
    }
    return sum;
}

// Coupling of a coarse cell to the next along an axis.
fn multigrid_coarse_face(coarse: vec3<u32>, axis: u32) -> f32 {
    let factor = multigrid_step.factor[axis];
    var sum = 0.0;
    for (var child = 0u; child < 8u; child++) {
        let cell = multigrid_child(coarse, child);
        // Only the children at the far side have that neighbour.
        let side = (child >> axis) & 1u;
        if side + 1u == factor && cell < multigrid_step.cells {
            sum += multigrid_coupling[axis * multigrid_step.cells + cell];
        }
    }
    return sum / f32(factor);
}

// Correction of a fine cell from the coarse level, linear between cell centres.
fn multigrid_prolong(fine: vec3<u32>) -> f32 {
    let factor = multigrid_step.factor;
    let size = multigrid_step.coarse_size;
    let near = fine / factor;
    let odd = fine - near * factor;
    // The neighbour beyond a face of the grid would have the parent's own value: no flux.
    let low = near - min(near, vec3<u32>(1u));
    let high = min(near + vec3<u32>(1u), size - vec3<u32>(1u));
    let next = select(low, high, odd > vec3<u32>(0u));
    let share = select(vec3<f32>(0.0), vec3<f32>(0.25), factor > vec3<u32>(1u));
    var sum = 0.0;
    for (var corner = 0u; corner < 4u; corner++) {
        let far = vec2<bool>((corner & 1u) > 0u, (corner & 2u) > 0u);
        let at = select(near.yz, next.yz, far);
        let part = select(vec2<f32>(1.0) - share.yz, share.yz, far);
        let row = multigrid_read(multigrid_step.coarse_first + (at.y * size.y + at.x) * size.x);
        let here = multigrid_value[row + near.x];
        sum += part.x * part.y * (here + share.x * (multigrid_value[row + next.x] - here));
    }
    return sum;
}

// Newton's linearisation around the field.
fn multigrid_linearise(terms: MultigridTerms, cell: u32) -> MultigridLinear {
    let cells = multigrid_step.cells;
    let row = multigrid_step.size.x;
    let plane = row * multigrid_step.size.y;
    let here = multigrid_field[cell];
    // Differences first: they are small where the field is smooth, and nothing is lost by rounding.
    let x = multigrid_coupling[cell - 1u] * (multigrid_field[cell - 1u] - here)
        + multigrid_coupling[cell] * (multigrid_field[cell + 1u] - here);
    let y = multigrid_coupling[cells + cell - row] * (multigrid_field[cell - row] - here)
        + multigrid_coupling[cells + cell] * (multigrid_field[cell + row] - here);
    let z = multigrid_coupling[2u * cells + cell - plane] * (multigrid_field[cell - plane] - here)
        + multigrid_coupling[2u * cells + cell] * (multigrid_field[cell + plane] - here);
    let half_use = multigrid_step.half_use;
    let used = terms.demand / (here + half_use);
    let right = (x + y + z) + (terms.source - terms.loss * here) - used * here;
    return MultigridLinear(right, terms.loss + used * half_use / (here + half_use));
}

// A cell after Newton's step; concentrations do not fall below 0.
fn multigrid_update(here: f32, change: f32) -> f32 {
    return max(here + change, 0.0);
}
