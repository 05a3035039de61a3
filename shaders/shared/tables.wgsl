// Reading the physics tables. Twin: src/transport/cpu/tables.rs.

struct TablePlace {
    node: u32,
    share: f32,
}

struct TableElectron {
    energy: f32,
    collisions: f32,
    spread: f32,
    drift: f32,
}

struct TableAlpha {
    energy: f32,
    stopping_energy: f32,
}

fn table_place(x: f32, exponent: u32, log2: u32, nodes: u32) -> TablePlace {
    let bits = bitcast<u32>(x);
    let start = exponent << 23u;
    if bits <= start {
        return TablePlace(0u, 0.0);
    }
    let shift = 23u - log2;
    let node = (bits - start) >> shift;
    if node >= nodes - 1u {
        return TablePlace(nodes - 2u, 1.0);
    }
    let share = f32(bits & ((1u << shift) - 1u)) / f32(1u << shift);
    return TablePlace(node, share);
}

fn table_electron(material: u32, range: f32) -> TableElectron {
    let place = table_place(range, RANGE_EXPONENT, ELECTRON_LOG2, ELECTRON_ROWS);
    let at = material * ROWS_PER_MATERIAL + place.node;
    let a = table_rows[at];
    let b = table_rows[at + 1u];
    let row = a + (b - a) * place.share;
    return TableElectron(row.x * table_below(range), row.y, row.z, row.w);
}

fn table_electron_energy(material: u32, range: f32) -> f32 {
    let place = table_place(range, RANGE_EXPONENT, ELECTRON_LOG2, ELECTRON_ROWS);
    let at = material * ROWS_PER_MATERIAL + place.node;
    let a = table_rows[at].x;
    let b = table_rows[at + 1u].x;
    return (a + (b - a) * place.share) * table_below(range);
}

fn table_electron_collisions(material: u32, range: f32) -> f32 {
    let place = table_place(range, RANGE_EXPONENT, ELECTRON_LOG2, ELECTRON_ROWS);
    let at = material * ROWS_PER_MATERIAL + place.node;
    let a = table_rows[at].y;
    let b = table_rows[at + 1u].y;
    return a + (b - a) * place.share;
}

fn table_alpha(material: u32, range: f32) -> TableAlpha {
    let place = table_place(range, RANGE_EXPONENT, ALPHA_LOG2, ALPHA_ROWS + 1u);
    let row = table_rows[material * ROWS_PER_MATERIAL + ELECTRON_ROWS + place.node];
    let values = (row.xy + (row.zw - row.xy) * place.share) * table_below(range);
    return TableAlpha(values.x, values.y);
}

fn table_below(range: f32) -> f32 {
    return min(range * bitcast<f32>((254u - RANGE_EXPONENT) << 23u), 1.0);
}

fn table_energy(material: u32, offset: u32, energy: f32) -> f32 {
    let place = table_place(energy, ENERGY_EXPONENT, ENERGY_LOG2, ENERGY_NODES);
    let at = material * SCALARS_PER_MATERIAL + offset + place.node;
    let a = table_scalars[at];
    let b = table_scalars[at + 1u];
    return a + (b - a) * place.share;
}

fn table_electron_range(material: u32, energy: f32) -> f32 {
    return table_energy(material, ELECTRON_RANGE_AT, energy) * table_below_energy(energy);
}

fn table_alpha_range(material: u32, energy: f32) -> f32 {
    return table_energy(material, ALPHA_RANGE_AT, energy) * table_below_energy(energy);
}

fn table_below_energy(energy: f32) -> f32 {
    return min(energy * bitcast<f32>((254u - ENERGY_EXPONENT) << 23u), 1.0);
}

fn table_deflection(material: u32, range: f32, word: u32, dither: u32) -> f32 {
    let moved = bitcast<u32>(range) + ((dither & 255u) << (15u - SCATTER_LOG2));
    let start = RANGE_EXPONENT << 23u;
    let table = min((max(moved, start) - start) >> (23u - SCATTER_LOG2), SCATTER_TABLES - 1u);
    let at = material * SCALARS_PER_MATERIAL + SCATTER_AT + table * SCATTER_STRIDE;
    let x = (f32(word >> 8u) + 0.5) * 5.9604645e-8 * table_scalars[at];
    if x >= 1.0 {
        return 0.0;
    }
    let octave = min(126u - (bitcast<u32>(x) >> 23u), SCATTER_OCTAVES - 1u);
    let top = bitcast<f32>((127u - octave) << 23u);
    let scale = select(2.0, 1.0, octave == SCATTER_OCTAVES - 1u);
    let along = (1.0 - x / top) * scale * f32(SCATTER_PIECES);
    let piece = min(u32(along), SCATTER_PIECES - 1u);
    let node = at + 1u + octave * SCATTER_PIECES + piece;
    let a0 = table_scalars[node];
    let a1 = table_scalars[node + 1u];
    let a = a0 + (a1 - a0) * (along - f32(piece));
    return a * (1.0 - x) / (a + x);
}
