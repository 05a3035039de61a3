//! Oxygen enhancement (Alper & Howard-Flanders 1956).

/// Oxygen enhancement ratio at a partial pressure of oxygen (mmHg): `(m p + K)/(p + K)`; 1 in anoxia, m in full oxygen.
pub fn oer(pressure: f64, m: f64, k: f64) -> f64 {
    (m * pressure + k) / (pressure + k)
}

/// Factor on alpha and on sqrt(beta) of well-oxygenated cells, `OER(p)/m`, between 1/m and 1.
pub fn oxygen_factor(pressure: f64, m: f64, k: f64) -> f64 {
    oer(pressure, m, k) / m
}

/// Natural logarithm of survival with parameters quoted for full oxygen: alpha times the factor, beta times its square.
pub fn ln_survival(alpha: f64, beta: f64, dose: f64, g: f64, factor: f64) -> f64 {
    super::ln_survival(alpha * factor, beta * factor * factor, dose, g)
}
