//! Constants of nature: CODATA 2018 recommended values (Tiesinga et al., Rev. Mod. Phys. 93 (2021) 025010).

/// Electron rest energy, MeV.
pub const ELECTRON_MASS: f64 = 0.510_998_950_00;
/// Alpha particle rest energy, MeV.
pub const ALPHA_MASS: f64 = 3_727.379_406_6;
/// Proton rest energy, MeV.
pub const PROTON_MASS: f64 = 938.272_088_16;
/// Atomic mass unit, MeV.
pub const ATOMIC_MASS_UNIT: f64 = 931.494_102_42;
/// Classical electron radius, cm.
pub const CLASSICAL_ELECTRON_RADIUS: f64 = 2.817_940_326_2e-13;
/// Avogadro constant, 1/mol (exact).
pub const AVOGADRO: f64 = 6.022_140_76e23;
/// Fine-structure constant.
pub const FINE_STRUCTURE: f64 = 7.297_352_569_3e-3;
/// Bohr radius, cm.
pub const BOHR_RADIUS: f64 = 5.291_772_109_03e-9;
/// Reduced Planck constant times speed of light, MeV fm.
pub const HBAR_C: f64 = 197.326_980_4;
/// Speed of light in vacuum, cm/s (exact).
pub const SPEED_OF_LIGHT: f64 = 2.997_924_58e10;
/// 2 pi N_A r_e^2 m_e c^2, MeV cm2/mol: the factor in front of every collision stopping power.
pub const STOPPING_FACTOR: f64 =
    2.0 * std::f64::consts::PI * AVOGADRO * CLASSICAL_ELECTRON_RADIUS * CLASSICAL_ELECTRON_RADIUS * ELECTRON_MASS;
/// Plasma energy, eV, of a medium with 1 mol of electrons per cm3: sqrt(4 pi N_A r_e^3) m_e c^2 / alpha.
pub const PLASMA_ENERGY: f64 = 28.816;

/// v^2/c^2 of a particle of kinetic energy `e` and rest energy `mass` (same unit).
pub fn beta_squared(e: f64, mass: f64) -> f64 {
    let tau = e / mass;
    tau * (tau + 2.0) / ((tau + 1.0) * (tau + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_hang_together() {
        // r_e m_e c2 = alpha hbar c; 1 fm = 1e-13 cm.
        let product = CLASSICAL_ELECTRON_RADIUS * 1e13 * ELECTRON_MASS;
        assert!((product / (FINE_STRUCTURE * HBAR_C) - 1.0).abs() < 1e-9);
        assert!((BOHR_RADIUS * FINE_STRUCTURE * FINE_STRUCTURE / CLASSICAL_ELECTRON_RADIUS - 1.0).abs() < 1e-9);
        assert!((STOPPING_FACTOR - 0.153_537_5).abs() < 1e-7);
        let plasma =
            (4.0 * std::f64::consts::PI * AVOGADRO * CLASSICAL_ELECTRON_RADIUS.powi(3)).sqrt() * ELECTRON_MASS * 1e6 / FINE_STRUCTURE;
        assert!((plasma - PLASMA_ENERGY).abs() < 1e-3, "{plasma}");
    }

    #[test]
    fn beta_has_its_limits() {
        assert!((beta_squared(1e-6, ELECTRON_MASS) - 2e-6 / ELECTRON_MASS).abs() < 1e-10);
        assert!((beta_squared(ELECTRON_MASS, ELECTRON_MASS) - 0.75).abs() < 1e-15);
    }
}
