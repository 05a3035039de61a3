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
    saturated_energy: f32,
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

struct TablePhoton {
    total: f32,
    compton: f32,
    scattered: f32,
    absorbed: f32,
}

fn table_family(material: u32, charge: u32) -> u32 {
    return 2u * material + charge;
}

fn table_family_rows(family: u32) -> u32 {
    return (family >> 1u) * ROWS_PER_MATERIAL + (family & 1u) * ELECTRON_ROWS;
}

fn table_family_scalars(family: u32) -> u32 {
    return (family >> 1u) * SCALARS_PER_MATERIAL + (family & 1u) * CHARGE_SCALARS;
}

fn table_electron(family: u32, range: f32) -> TableElectron {
    let place = table_place(range, RANGE_EXPONENT, ELECTRON_LOG2, ELECTRON_ROWS);
    let at = table_family_rows(family) + place.node;
    let a = table_rows[at];
    let b = table_rows[at + 1u];
    let row = a + (b - a) * place.share;
    return TableElectron(row.x * table_below(range), row.y, row.z, row.w);
}

fn table_electron_energy(family: u32, range: f32) -> f32 {
    let place = table_place(range, RANGE_EXPONENT, ELECTRON_LOG2, ELECTRON_ROWS);
    let at = table_family_rows(family) + place.node;
    let a = table_rows[at].x;
    let b = table_rows[at + 1u].x;
    return (a + (b - a) * place.share) * table_below(range);
}

fn table_alpha(material: u32, range: f32) -> TableAlpha {
    let place = table_place(range, RANGE_EXPONENT, ALPHA_LOG2, ALPHA_ROWS + 1u);
    let row = table_rows[material * ROWS_PER_MATERIAL + ALPHA_ROWS_AT + place.node];
    let below = table_below(range);
    let values = (row.xy + (row.zw - row.xy) * place.share) * below;
    var saturated = 0.0;
    if QUALITY {
        let at = material * SCALARS_PER_MATERIAL + ALPHA_SATURATED_AT + place.node;
        let a = table_scalars[at];
        let b = table_scalars[at + 1u];
        saturated = (a + (b - a) * place.share) * below;
    }
    return TableAlpha(values.x, values.y, saturated);
}

fn table_below(range: f32) -> f32 {
    return min(range * bitcast<f32>((254u - RANGE_EXPONENT) << 23u), 1.0);
}

fn table_over_energy(at: u32, energy: f32) -> f32 {
    let place = table_place(energy, ENERGY_EXPONENT, ENERGY_LOG2, ENERGY_NODES);
    let a = table_scalars[at + place.node];
    let b = table_scalars[at + place.node + 1u];
    return a + (b - a) * place.share;
}

fn table_energy(material: u32, offset: u32, energy: f32) -> f32 {
    return table_over_energy(material * SCALARS_PER_MATERIAL + offset, energy);
}

fn table_charge(family: u32, offset: u32, energy: f32) -> f32 {
    return table_over_energy(table_family_scalars(family) + offset, energy);
}

fn table_electron_range(family: u32, energy: f32) -> f32 {
    return table_charge(family, RANGE_AT, energy) * table_below_energy(energy);
}

fn table_alpha_range(material: u32, energy: f32) -> f32 {
    return table_energy(material, ALPHA_RANGE_AT, energy) * table_below_energy(energy);
}

fn table_radiation_energy(family: u32, energy: f32, count: f32) -> f32 {
    let base = table_family_scalars(family) + RADIATION_COUNT_AT;
    var low = 0u;
    var high = table_place(energy, ENERGY_EXPONENT, ENERGY_LOG2, ENERGY_NODES).node + 1u;
    for (var k = 0u; k < 12u; k++) {
        if high - low <= 1u {
            break;
        }
        let middle = (low + high) >> 1u;
        if table_scalars[base + middle] <= count {
            low = middle;
        } else {
            high = middle;
        }
    }
    let a = table_scalars[base + low];
    let b = table_scalars[base + low + 1u];
    var share = 0.0;
    if b > a {
        share = clamp((count - a) / (b - a), 0.0, 1.0);
    }
    let e = table_node(low, ENERGY_EXPONENT, ENERGY_LOG2);
    return min(e + share * (table_node(low + 1u, ENERGY_EXPONENT, ENERGY_LOG2) - e), energy);
}

fn table_node(node: u32, exponent: u32, log2: u32) -> f32 {
    return bitcast<f32>((exponent << 23u) + (node << (23u - log2)));
}

fn table_spectrum(family: u32, energy: f32, kappa: f32, dither: u32) -> f32 {
    let moved = bitcast<u32>(energy) + ((dither & 255u) << (15u - SPECTRUM_LOG2));
    let start = ENERGY_EXPONENT << 23u;
    let table = min((max(moved, start) - start) >> (23u - SPECTRUM_LOG2), SPECTRUM_TABLES - 1u);
    let along = kappa * f32(SPECTRUM_PIECES);
    let piece = min(u32(along), SPECTRUM_PIECES - 1u);
    let at = table_family_scalars(family) + SPECTRUM_AT + table * (SPECTRUM_PIECES + 1u) + piece;
    let a = table_scalars[at];
    let b = table_scalars[at + 1u];
    return a + (b - a) * (along - f32(piece));
}

fn table_split(material: u32, energy: f32, share: f32, dither: u32) -> f32 {
    let moved = bitcast<u32>(energy) + ((dither & 255u) << (15u - SPLIT_LOG2));
    let start = SPLIT_EXPONENT << 23u;
    let table = min((max(moved, start) - start) >> (23u - SPLIT_LOG2), SPLIT_TABLES - 1u);
    let along = share * f32(SPLIT_PIECES);
    let piece = min(u32(along), SPLIT_PIECES - 1u);
    let at = material * SCALARS_PER_MATERIAL + SPLIT_AT + table * (SPLIT_PIECES + 1u) + piece;
    let a = table_scalars[at];
    let b = table_scalars[at + 1u];
    return a + (b - a) * (along - f32(piece));
}

fn table_photon(material: u32, energy: f32) -> TablePhoton {
    let place = table_place(energy, ENERGY_EXPONENT, ENERGY_LOG2, ENERGY_NODES);
    let at = material * ROWS_PER_MATERIAL + PHOTON_ROWS_AT + place.node;
    let a = table_rows[at];
    let b = table_rows[at + 1u];
    let row = a + (b - a) * place.share;
    return TablePhoton(row.x, row.y, row.z, row.w);
}

fn table_rayleigh(material: u32, largest: f32, u: f32) -> f32 {
    let base = material * SCALARS_PER_MATERIAL + RAYLEIGH_AT;
    let first = bitcast<f32>(RAYLEIGH_EXPONENT << 23u);
    if largest <= first {
        return u * largest;
    }
    let place = table_place(largest, RAYLEIGH_EXPONENT, RAYLEIGH_LOG2, RAYLEIGH_NODES);
    let c = table_scalars[base + place.node];
    let d = table_scalars[base + place.node + 1u];
    let wanted = u * (c + (d - c) * place.share);
    let start = table_scalars[base];
    if wanted <= start {
        return wanted / start * first;
    }
    var low = 0u;
    var high = place.node + 1u;
    for (var k = 0u; k < 9u; k++) {
        if high - low <= 1u {
            break;
        }
        let middle = (low + high) >> 1u;
        if table_scalars[base + middle] <= wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    let a = table_scalars[base + low];
    let b = table_scalars[base + low + 1u];
    var share = 0.0;
    if b > a {
        share = min((wanted - a) / (b - a), 1.0);
    }
    let q = table_node(low, RAYLEIGH_EXPONENT, RAYLEIGH_LOG2);
    return min(q + share * (table_node(low + 1u, RAYLEIGH_EXPONENT, RAYLEIGH_LOG2) - q), largest);
}

fn table_below_energy(energy: f32) -> f32 {
    return min(energy * bitcast<f32>((254u - ENERGY_EXPONENT) << 23u), 1.0);
}

fn table_deflection(family: u32, range: f32, word: u32, dither: u32) -> f32 {
    let moved = bitcast<u32>(range) + ((dither & 255u) << (15u - SCATTER_LOG2));
    let start = RANGE_EXPONENT << 23u;
    let table = min((max(moved, start) - start) >> (23u - SCATTER_LOG2), SCATTER_TABLES - 1u);
    let at = table_family_scalars(family) + SCATTER_AT + table * SCATTER_STRIDE;
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
