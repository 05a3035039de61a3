//! Constants that host and shaders share; `shaders/shared/constants.wgsl` is generated from them.

/// Energy quanta per MeV: 2^20, so one quantum is 0.95 eV and a `u32` holds 4096 MeV.
pub const QUANTA_PER_MEV: f32 = 1_048_576.0;
/// Quanta of energy times LET, or times lineal energy, per MeV keV/um.
pub const LET_QUANTA: f32 = 16_384.0;
/// keV/um per (MeV cm2/g x g/cm3).
pub const KEV_PER_UM: f32 = 0.1;

/// Smallest biased exponent of a tabulated residual range: 2^-18 g/cm2.
pub const RANGE_EXPONENT: u32 = 127 - 18;
/// log2 of the electron rows per octave of residual range.
pub const ELECTRON_LOG2: u32 = 5;
/// Octaves of residual range, electrons: up to 2^4 = 16 g/cm2.
pub const ELECTRON_OCTAVES: u32 = 22;
/// Electron rows per material.
pub const ELECTRON_ROWS: u32 = (ELECTRON_OCTAVES << ELECTRON_LOG2) + 1;
/// log2 of the alpha rows per octave of residual range.
pub const ALPHA_LOG2: u32 = 6;
/// Octaves of residual range, alphas: up to 2^-3 = 0.125 g/cm2, above the range of 15 MeV in lead.
pub const ALPHA_OCTAVES: u32 = 15;
/// Alpha rows per material; each row also holds its right neighbour.
pub const ALPHA_ROWS: u32 = ALPHA_OCTAVES << ALPHA_LOG2;
/// Smallest biased exponent of a tabulated energy: 2^-10 MeV.
pub const ENERGY_EXPONENT: u32 = 127 - 10;
/// log2 of the nodes per octave of energy.
pub const ENERGY_LOG2: u32 = 7;
/// Octaves of energy: up to 2^4 = 16 MeV.
pub const ENERGY_OCTAVES: u32 = 14;
/// Nodes of a table over energy.
pub const ENERGY_NODES: u32 = (ENERGY_OCTAVES << ENERGY_LOG2) + 1;

/// log2 of the scattering tables per octave of residual range.
pub const SCATTER_LOG2: u32 = 2;
/// Scattering tables per material.
pub const SCATTER_TABLES: u32 = (ELECTRON_OCTAVES << SCATTER_LOG2) + 1;
/// Floats per scattering table.
pub const SCATTER_STRIDE: u32 = crate::physics::goudsmit_saunderson::ROW as u32;
/// Octaves of 1 - u in a scattering table.
pub const SCATTER_OCTAVES: u32 = crate::physics::goudsmit_saunderson::OCTAVES as u32;
/// Linear pieces per octave of a scattering table.
pub const SCATTER_PIECES: u32 = crate::physics::goudsmit_saunderson::PIECES as u32;

/// Least range of an alpha relative to its mean: below 0.1 MeV, where the spread is as large as the range, a Gaussian would give it less than none.
pub const LEAST_STRAGGLED: f32 = 0.1;

/// Electron rest energy, MeV.
pub const REST_ENERGY: f32 = crate::physics::constants::ELECTRON_MASS as f32;

/// Place of the alpha rows among a material's rows, behind those of electrons and of positrons.
pub const ALPHA_ROWS_AT: u32 = 2 * ELECTRON_ROWS;
/// Place of the photon rows (over energy).
pub const PHOTON_ROWS_AT: u32 = ALPHA_ROWS_AT + ALPHA_ROWS;
/// Place of the shells for Compton scattering.
pub const SHELL_ROWS_AT: u32 = PHOTON_ROWS_AT + ENERGY_NODES;
/// Most shells of a material.
pub const SHELL_ROWS: u32 = 24;
/// Place of the K lines.
pub const LINE_ROWS_AT: u32 = SHELL_ROWS_AT + SHELL_ROWS;
/// Most elements of a material with K fluorescence.
pub const LINE_ROWS: u32 = 4;
/// Place of the row that holds the rules of steps: the longest coarse step and the residual range of absorption, g/cm2; shares of the residual range
/// that a fine and a coarse step have.
pub const STEP_ROW_AT: u32 = LINE_ROWS_AT + LINE_ROWS;
/// Rows (four floats each) per material.
pub const ROWS_PER_MATERIAL: u32 = STEP_ROW_AT + 1;

/// Offset of the residual range over energy among the scalars of a charge.
pub const RANGE_AT: u32 = 0;
/// Offset of the share of annihilations among hard events over energy.
pub const ANNIHILATION_AT: u32 = ENERGY_NODES;
/// Offset of the share of annihilations and bremsstrahlung among hard events over energy.
pub const RADIATION_AT: u32 = 2 * ENERGY_NODES;
/// Offset of the mean number of annihilations and hard photons until rest over energy.
pub const RADIATION_COUNT_AT: u32 = 3 * ENERGY_NODES;
/// Offset of the scattering tables.
pub const SCATTER_AT: u32 = 4 * ENERGY_NODES;
/// Offset of the bremsstrahlung spectra.
pub const SPECTRUM_AT: u32 = SCATTER_AT + SCATTER_TABLES * SCATTER_STRIDE;
/// log2 of the bremsstrahlung spectra per octave of energy.
pub const SPECTRUM_LOG2: u32 = 2;
/// Bremsstrahlung spectra.
pub const SPECTRUM_TABLES: u32 = (ENERGY_OCTAVES << SPECTRUM_LOG2) + 1;
/// Linear pieces of a bremsstrahlung spectrum over the photon's share of the energy.
pub const SPECTRUM_PIECES: u32 = 40;
/// Scalars of a charge.
pub const CHARGE_SCALARS: u32 = SPECTRUM_AT + SPECTRUM_TABLES * (SPECTRUM_PIECES + 1);
/// Offset of the alpha range over energy among a material's scalars, behind those of electrons and of positrons.
pub const ALPHA_RANGE_AT: u32 = 2 * CHARGE_SCALARS;
/// Offset of the alphas' relative range straggling over energy.
pub const ALPHA_SIGMA_AT: u32 = ALPHA_RANGE_AT + ENERGY_NODES;
/// Offset of the alphas' saturated energy over residual range; zeros where it is not scored.
pub const ALPHA_SATURATED_AT: u32 = ALPHA_SIGMA_AT + ENERGY_NODES;
/// Offset of the photons' mass energy-absorption coefficient over energy.
pub const ABSORPTION_AT: u32 = ALPHA_SATURATED_AT + ALPHA_ROWS + 1;
/// Offset of the cumulative probabilities of the K lines in a photoelectric absorption over energy, one table per line.
pub const LINE_AT: u32 = ABSORPTION_AT + ENERGY_NODES;
/// Offset of the cumulative squared form factor over the squared momentum transfer.
pub const RAYLEIGH_AT: u32 = LINE_AT + LINE_ROWS * ENERGY_NODES;
/// Smallest biased exponent of a tabulated squared momentum transfer: 2^-16 per square Angstrom.
pub const RAYLEIGH_EXPONENT: u32 = 127 - 16;
/// log2 of the nodes per octave of squared momentum transfer.
pub const RAYLEIGH_LOG2: u32 = 3;
/// Nodes of squared momentum transfer: 24 octaves.
pub const RAYLEIGH_NODES: u32 = (24 << RAYLEIGH_LOG2) + 1;
/// Offset of the distributions of a pair's energy over both particles.
pub const SPLIT_AT: u32 = RAYLEIGH_AT + RAYLEIGH_NODES;
/// Biased exponent of the smallest energy for which there is one: 1 MeV.
pub const SPLIT_EXPONENT: u32 = 127;
/// log2 of these distributions per octave of energy.
pub const SPLIT_LOG2: u32 = 2;
/// Number of these distributions: up to 16 MeV.
pub const SPLIT_TABLES: u32 = (4 << SPLIT_LOG2) + 1;
/// Linear pieces of each, over the positron's share of the kinetic energy.
pub const SPLIT_PIECES: u32 = 16;
/// Scalars per material.
pub const SCALARS_PER_MATERIAL: u32 = SPLIT_AT + SPLIT_TABLES * (SPLIT_PIECES + 1);

/// Rest energy of an electron, quanta.
pub const REST_QUANTA: u32 = 535_821;
/// Momentum transfer sin(theta/2)/lambda per photon energy at theta = 180 degrees: 1 / (h c), 1/(Angstrom MeV).
pub const TRANSFER_PER_MEV: f32 = 80.655_44;
/// Reciprocal of the fine-structure constant: Compton profiles are tabulated in atomic units of momentum.
pub const INVERSE_ALPHA: f32 = 137.036;
/// 1 / sqrt 2 and sqrt 2: of the analytical Compton profiles.
pub const SQRT_HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// See [`SQRT_HALF`].
pub const SQRT_TWO: f32 = std::f32::consts::SQRT_2;
/// Keeps a quotient or logarithm finite where its argument would vanish.
pub const TINY: f32 = 1.0e-20;
/// Largest exponent of a vanishing tail.
pub const LARGEST_EXPONENT: f32 = 60.0;
/// Speed of a photoelectron below which its direction is sampled as for this one.
pub const LEAST_SPEED: f32 = 1.0e-3;
/// Added to the draw at which a particle was born: the second of two born at once.
pub const SECOND_BORN: u32 = 0x8000_0000;
/// Compton electron momentum, in units of m c, beyond which the flux factor is kept constant.
pub const FLUX_LIMIT: f32 = 0.2;
/// Particles that can wait on a history's stack. Each level at least halves the energy (but for that of a positron), so 15 hold 16 MeV down to 1 keV.
pub const STACK: u32 = 15;
/// Condensed steps after which a particle is given up (its energy deposited, the event counted).
pub const MAX_STEPS: u32 = 4096;
/// Segments (legs to a wall, hinge or collision) that a GPU thread makes at most; a watchdog, not a physical limit.
pub const MAX_SEGMENTS: u32 = 1 << 24;
/// Flights (to a real or virtual interaction) after which a photon is given up.
pub const MAX_FLIGHTS: u32 = 1 << 14;
/// Attempts of a rejection before the last proposal is taken (counted).
pub const MAX_REJECTIONS: u32 = 64;

/// Status bit: a particle met [`MAX_STEPS`].
pub const STATUS_STEPS: u32 = 1;
/// Status bit: the stack was full and a delta ray was deposited on the spot.
pub const STATUS_STACK: u32 = 2;
/// Status bit: a rejection loop met [`MAX_REJECTIONS`].
pub const STATUS_REJECTION: u32 = 4;
/// Status bit: a thread met its bound on segments with work left.
pub const STATUS_SEGMENTS: u32 = 8;
/// Status bit: a queue was full and a particle was deposited on the spot.
pub const STATUS_QUEUE: u32 = 16;
/// Status bit: a photon met [`MAX_FLIGHTS`].
pub const STATUS_FLIGHTS: u32 = 32;

/// Photon mode: collision kerma along the way is scored instead of what photons and their electrons deposit.
pub const MODE_TRACK_LENGTH: u32 = 1;
/// Photon mode: none are followed; those that positrons set free count as escaped.
pub const MODE_OFF: u32 = 2;

/// Kind of a queued particle: electron. Also the charge index of its tables.
pub const KIND_ELECTRON: u32 = 0;
/// Kind of a queued particle: positron. Also the charge index of its tables.
pub const KIND_POSITRON: u32 = 1;
/// Kind of a queued particle: photon.
pub const KIND_PHOTON: u32 = 2;

/// Share of the residual range that the last movement before absorption covers.
pub const FINAL_ADVANCE: f32 = 0.4;

/// Quadratic part of the sampled loss of a step, relative to its spread: gives soft losses about the skewness they have (model.md).
pub const LOSS_SKEWNESS: f32 = 1.3;
/// Variance of the square of a sum of three uniforms with variance 1 (its fourth moment, 2.6, less 1).
pub const NORMAL3_SQUARE_VARIANCE: f32 = 1.6;
/// Largest quadratic part, so that a loss of any spread stays positive.
pub const LOSS_QUADRATIC: f32 = 0.6;
/// Delta threshold, as a share of the energy, from which on a hard collision has no room: just below the half that indistinguishable electrons share.
pub const LARGEST_CUT: f32 = 0.499_999;

/// Distance to a wall that does not exist, cm.
pub const VOXEL_BEYOND: f32 = 1.0e30;
/// A straight way meets a sphere if the square of its half chord exceeds this share of the radius squared: shallower ways stay within the
/// last digit of a place, and crossing them could go on without end.
pub const VOXEL_GRAZE: f32 = 2.0e-7;

/// Source shape: centre of the voxel.
pub const SHAPE_CENTRE: u32 = 1;
/// Source shape: lower z wall, isotropic.
pub const SHAPE_PLANE: u32 = 2;
/// Source shape: lower z wall, along +z.
pub const SHAPE_BEAM: u32 = 3;
/// Source shape: outer sphere of a shell, isotropic.
pub const SHAPE_SPHERE: u32 = 4;

macro_rules! listed {
    ($($name:ident: $kind:literal),* $(,)?) => {
        /// The text of `shaders/shared/constants.wgsl`.
        pub fn wgsl() -> String {
            let mut text = String::from("// Generated from src/transport/constants.rs; `DOSAIC_REGENERATE=1 cargo test --test shaders` rewrites it.\n\n");
            $(text += &match $kind {
                "f32" => format!("const {}: f32 = {:?};\n", stringify!($name), f64::from($name as f32)),
                _ => format!("const {}: u32 = {}u;\n", stringify!($name), $name as u64),
            };)*
            text
        }
    };
}

listed! {
    QUANTA_PER_MEV: "f32", REST_ENERGY: "f32", LEAST_STRAGGLED: "f32", LET_QUANTA: "f32", KEV_PER_UM: "f32", FINAL_ADVANCE: "f32",
    LOSS_SKEWNESS: "f32", LOSS_QUADRATIC: "f32", NORMAL3_SQUARE_VARIANCE: "f32", LARGEST_CUT: "f32",
    VOXEL_BEYOND: "f32", VOXEL_GRAZE: "f32",
    TRANSFER_PER_MEV: "f32", INVERSE_ALPHA: "f32", FLUX_LIMIT: "f32",
    SQRT_HALF: "f32", SQRT_TWO: "f32", TINY: "f32", LARGEST_EXPONENT: "f32", LEAST_SPEED: "f32",
    RANGE_EXPONENT: "u32", ELECTRON_LOG2: "u32", ELECTRON_ROWS: "u32", ALPHA_LOG2: "u32", ALPHA_ROWS: "u32",
    ENERGY_EXPONENT: "u32", ENERGY_LOG2: "u32", ENERGY_NODES: "u32",
    SCATTER_LOG2: "u32", SCATTER_TABLES: "u32", SCATTER_STRIDE: "u32", SCATTER_OCTAVES: "u32", SCATTER_PIECES: "u32",
    ALPHA_ROWS_AT: "u32", PHOTON_ROWS_AT: "u32", SHELL_ROWS_AT: "u32", SHELL_ROWS: "u32", LINE_ROWS_AT: "u32", LINE_ROWS: "u32",
    STEP_ROW_AT: "u32", ROWS_PER_MATERIAL: "u32",
    RANGE_AT: "u32", ANNIHILATION_AT: "u32", RADIATION_AT: "u32", RADIATION_COUNT_AT: "u32", SCATTER_AT: "u32",
    SPECTRUM_AT: "u32", SPECTRUM_LOG2: "u32", SPECTRUM_TABLES: "u32", SPECTRUM_PIECES: "u32", CHARGE_SCALARS: "u32",
    ALPHA_RANGE_AT: "u32", ALPHA_SIGMA_AT: "u32", ALPHA_SATURATED_AT: "u32", ABSORPTION_AT: "u32", LINE_AT: "u32",
    RAYLEIGH_AT: "u32", RAYLEIGH_EXPONENT: "u32", RAYLEIGH_LOG2: "u32", RAYLEIGH_NODES: "u32",
    SPLIT_AT: "u32", SPLIT_EXPONENT: "u32", SPLIT_LOG2: "u32", SPLIT_TABLES: "u32", SPLIT_PIECES: "u32", SCALARS_PER_MATERIAL: "u32",
    SHAPE_CENTRE: "u32", SHAPE_PLANE: "u32", SHAPE_BEAM: "u32", SHAPE_SPHERE: "u32", MODE_TRACK_LENGTH: "u32", MODE_OFF: "u32",
    REST_QUANTA: "u32", SECOND_BORN: "u32", STACK: "u32", MAX_STEPS: "u32", MAX_FLIGHTS: "u32", MAX_SEGMENTS: "u32", MAX_REJECTIONS: "u32",
    STATUS_STEPS: "u32", STATUS_STACK: "u32", STATUS_REJECTION: "u32", STATUS_SEGMENTS: "u32", STATUS_QUEUE: "u32", STATUS_FLIGHTS: "u32",
    KIND_ELECTRON: "u32", KIND_POSITRON: "u32", KIND_PHOTON: "u32",
}
