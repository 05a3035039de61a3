// Tallies: 64-bit integer sums as pairs of u32 with carry. Twin: src/transport/cpu/tally.rs.
//
// Entry 2 i holds the low word of voxel i, entry 2 i + 1 the high word; alphas keep energy times LET behind all energies, and energy
// times saturated lineal energy, where that is scored, behind these.

fn tally_add(index: u32, quanta: u32) {
    if quanta != 0u {
        let before = atomicAdd(&tally[2u * index], quanta);
        if before + quanta < before {
            atomicAdd(&tally[2u * index + 1u], 1u);
        }
    }
}

fn tally_quanta(energy: f32) -> u32 {
    return u32(energy * QUANTA_PER_MEV + 0.5);
}

fn tally_mev(quanta: u32) -> f32 {
    return f32(quanta) * (1.0 / QUANTA_PER_MEV);
}

fn tally_let_quanta(value: f32) -> u32 {
    return u32(max(value, 0.0) * LET_QUANTA + 0.5);
}
