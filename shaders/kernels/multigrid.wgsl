// Sweeps over a level of the grid, one thread for a cell. Twin: src/response/tme/micro/cpu.rs, CpuSweeps::sweep.

// Threads of a workgroup.
const KERNEL_CELLS: u32 = 64u;

// The cell of a thread, where workgroups lie in a plane because one axis may not hold them all.
fn kernel_cell(thread: vec3<u32>, groups: vec3<u32>) -> u32 {
    return thread.y * groups.x * KERNEL_CELLS + thread.x;
}

fn kernel_count(size: vec3<u32>) -> u32 {
    return size.x * size.y * size.z;
}

@compute @workgroup_size(KERNEL_CELLS)
fn kernel_multigrid_coarse_faces(@builtin(global_invocation_id) thread: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = kernel_cell(thread, groups);
    if i >= kernel_count(multigrid_step.coarse_size) {
        return;
    }
    let coarse = multigrid_place(multigrid_step.coarse_size, i);
    for (var axis = 0u; axis < 3u; axis++) {
        multigrid_coupling[axis * multigrid_step.cells + multigrid_step.coarse_first + i] = multigrid_coarse_face(coarse, axis);
    }
}

@compute @workgroup_size(KERNEL_CELLS)
fn kernel_multigrid_linearise(@builtin(global_invocation_id) thread: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = kernel_cell(thread, groups);
    if i >= kernel_count(multigrid_step.size) {
        return;
    }
    let cell = multigrid_step.first + i;
    let linear = multigrid_linearise(multigrid_terms[i], cell);
    multigrid_right[cell] = linear.right;
    multigrid_mass[cell] = linear.mass;
    atomicMax(&multigrid_report[0], bitcast<u32>(abs(linear.right)));
}

@compute @workgroup_size(KERNEL_CELLS)
fn kernel_multigrid_coarse_mass(@builtin(global_invocation_id) thread: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = kernel_cell(thread, groups);
    if i >= kernel_count(multigrid_step.coarse_size) {
        return;
    }
    multigrid_mass[multigrid_step.coarse_first + i] = multigrid_coarse_mass(multigrid_place(multigrid_step.coarse_size, i));
}

@compute @workgroup_size(KERNEL_CELLS)
fn kernel_multigrid_start(@builtin(global_invocation_id) thread: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = kernel_cell(thread, groups);
    if i >= kernel_count(multigrid_step.size) {
        return;
    }
    let cell = multigrid_step.first + i;
    multigrid_value[multigrid_written(cell)] = multigrid_start(cell);
}

@compute @workgroup_size(KERNEL_CELLS)
fn kernel_multigrid_relax(@builtin(global_invocation_id) thread: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = kernel_cell(thread, groups);
    if i >= kernel_count(multigrid_step.size) {
        return;
    }
    let cell = multigrid_step.first + i;
    multigrid_value[multigrid_written(cell)] = multigrid_relax(cell);
}

@compute @workgroup_size(KERNEL_CELLS)
fn kernel_multigrid_restrict(@builtin(global_invocation_id) thread: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = kernel_cell(thread, groups);
    if i >= kernel_count(multigrid_step.coarse_size) {
        return;
    }
    multigrid_right[multigrid_step.coarse_first + i] = multigrid_restrict(multigrid_place(multigrid_step.coarse_size, i));
}

@compute @workgroup_size(KERNEL_CELLS)
fn kernel_multigrid_prolong(@builtin(global_invocation_id) thread: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = kernel_cell(thread, groups);
    if i >= kernel_count(multigrid_step.size) {
        return;
    }
    let cell = multigrid_step.first + i;
    let correction = multigrid_prolong(multigrid_place(multigrid_step.size, i));
    multigrid_value[multigrid_written(cell)] = multigrid_value[multigrid_read(cell)] + correction;
}

@compute @workgroup_size(KERNEL_CELLS)
fn kernel_multigrid_update(@builtin(global_invocation_id) thread: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = kernel_cell(thread, groups);
    if i >= kernel_count(multigrid_step.size) {
        return;
    }
    let cell = multigrid_step.first + i;
    let here = multigrid_field[cell];
    let changed = multigrid_update(here, multigrid_value[multigrid_read(cell)]);
    multigrid_field[cell] = changed;
    atomicMax(&multigrid_report[1], bitcast<u32>(abs(changed - here)));
}
