//! Lower triangular matrices, as small as a decay chain.

/// A lower triangular matrix.
#[derive(Debug, Clone)]
pub(super) struct Triangle {
    size: usize,
    /// Row by row, whole rows.
    values: Vec<f64>,
}

impl Triangle {
    /// All zero.
    pub(super) fn zero(size: usize) -> Self {
        Self { size, values: vec![0.0; size * size] }
    }

    /// One on the diagonal.
    pub(super) fn identity(size: usize) -> Self {
        Self::from(size, |i, j| f64::from(u8::from(i == j)))
    }

    /// Entries by row and column.
    pub(super) fn from(size: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let mut made = Self::zero(size);
        for i in 0..size {
            for j in 0..=i {
                *made.at(i, j) = value(i, j);
            }
        }
        made
    }

    /// Entry of a row and column.
    pub(super) fn get(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.size + j]
    }

    /// The same, to set.
    pub(super) fn at(&mut self, i: usize, j: usize) -> &mut f64 {
        &mut self.values[i * self.size + j]
    }

    /// The matrix product.
    pub(super) fn times(&self, right: &Self) -> Self {
        Self::from(self.size, |i, j| (j..=i).map(|k| self.get(i, k) * right.get(k, j)).sum())
    }

    /// Adds entry by entry.
    pub(super) fn add(&mut self, other: &Self) {
        for (value, more) in self.values.iter_mut().zip(&other.values) {
            *value += more;
        }
    }

    /// Whether adding this to `sum` once more, and as much again, changes no entry.
    pub(super) fn is_lost_in(&self, sum: &Self) -> bool {
        self.values.iter().zip(&sum.values).all(|(term, sum)| *term <= 0.25 * f64::EPSILON * sum)
    }

    /// The product with a vector.
    ///
    /// # Panics
    /// If `start` has not one number per column.
    pub(super) fn of(&self, start: &[f64]) -> Vec<f64> {
        assert_eq!(start.len(), self.size, "one number of nuclei per member");
        self.values.chunks(self.size.max(1)).map(|row| row.iter().zip(start).map(|(a, b)| a * b).sum()).collect()
    }
}
