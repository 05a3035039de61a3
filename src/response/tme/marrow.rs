//! Blood counts: a chain of maturing cells with feedback (Friberg 2002), its progenitors killed by dose in the marrow.

/// Longest step of the chain, d; its rates are below 2/d.
const STEP: f64 = 0.05;

/// Progenitors, three transit stages, circulating cells, in 10^9/L each:
/// `P' = k P (C0/C)^gamma - k P - alpha_m Ddot P`, `T1' = k (P - T1)` and so on, `C' = k (T3 - C)`, `k = 4/MTT`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chain {
    cells: [f64; 5],
    baseline: f64,
    rate: f64,
    feedback: f64,
    alpha: f64,
}

impl Chain {
    /// At rest; `baseline` in 10^9/L, `transit` the mean time from progenitor to blood in d, alpha in 1/Gy.
    pub fn new(baseline: f64, transit: f64, feedback: f64, alpha: f64) -> Self {
        Self { cells: [baseline; 5], baseline, rate: 4.0 / transit, feedback, alpha }
    }

    /// Circulating cells, 10^9/L.
    pub fn circulating(&self) -> f64 {
        self.cells[4]
    }

    /// Advances by `days`; `dose(from, to)` is the dose in marrow between two times counted from now, Gy.
    pub fn advance(&mut self, days: f64, dose: impl Fn(f64, f64) -> f64) {
        let steps = (days / STEP).ceil().max(1.0);
        let h = days / steps;
        for step in 0..steps as usize {
            let start = step as f64 * h;
            self.cells[0] *= (-self.alpha * dose(start, start + 0.5 * h)).exp();
            self.mature(h);
            self.cells[0] *= (-self.alpha * dose(start + 0.5 * h, start + h)).exp();
        }
    }

    fn rates(&self, cells: &[f64; 5]) -> [f64; 5] {
        let [progenitors, first, second, third, blood] = *cells;
        let born = progenitors * (self.baseline / blood).powf(self.feedback);
        [born - progenitors, progenitors - first, first - second, second - third, third - blood].map(|change| self.rate * change)
    }

    /// Runge and Kutta's step of fourth order.
    fn mature(&mut self, h: f64) {
        let along = |rates: &[f64; 5], h: f64| -> [f64; 5] { std::array::from_fn(|i| self.cells[i] + h * rates[i]) };
        let k1 = self.rates(&self.cells);
        let k2 = self.rates(&along(&k1, 0.5 * h));
        let k3 = self.rates(&along(&k2, 0.5 * h));
        let k4 = self.rates(&along(&k3, h));
        self.cells = std::array::from_fn(|i| self.cells[i] + h / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]));
    }
}
