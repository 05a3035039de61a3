//! A positive quantity sampled in time: where it is least, when it crosses a level.

/// Logarithms at the times of the samples; exponential in between.
#[derive(Debug, Clone)]
pub(super) struct Course {
    times: Vec<f64>,
    ln: Vec<f64>,
}

/// Stands for zero, whose logarithm is none.
const ZERO: f64 = 1e-300;

impl Course {
    /// From times and values, times ascending; of several values at one time the last counts.
    pub(super) fn new(samples: impl Iterator<Item = (f64, f64)>) -> Self {
        let mut course = Self { times: Vec::new(), ln: Vec::new() };
        for (time, value) in samples {
            if course.times.last().is_some_and(|&last| time <= last) {
                course.times.pop();
                course.ln.pop();
            }
            course.times.push(time);
            course.ln.push(value.max(ZERO).ln());
        }
        course
    }

    /// The longest time between samples; 0 for fewer than two.
    pub(super) fn resolution(&self) -> f64 {
        self.times.windows(2).map(|w| w[1] - w[0]).fold(0.0, f64::max)
    }

    /// Time and value of the minimum, by a parabola through the logarithms of the least sample and its neighbours.
    ///
    /// # Panics
    /// Without samples: that is a programming error.
    pub(super) fn nadir(&self) -> (f64, f64) {
        let least = (0..self.ln.len()).min_by(|&a, &b| self.ln[a].total_cmp(&self.ln[b])).expect("a course has samples");
        let value = self.ln[least].exp();
        let sample = (self.times[least], if value > 2.0 * ZERO { value } else { 0.0 });
        if least == 0 || least + 1 == self.ln.len() {
            return sample;
        }
        let [t0, t1, t2] = [least - 1, least, least + 1].map(|i| self.times[i]);
        let [y0, y1, y2] = [least - 1, least, least + 1].map(|i| self.ln[i]);
        let (before, after) = ((y1 - y0) / (t1 - t0), (y2 - y1) / (t2 - t1));
        let curvature = (after - before) / (t2 - t0);
        // From or to zero, or flat: nothing to fit.
        if curvature <= 0.0 || y0.max(y2) - y1 > 20.0 {
            return sample;
        }
        let vertex = 0.5 * (t0 + t1) - 0.5 * before / curvature;
        (vertex, (y0 + before * (vertex - t0) + curvature * (vertex - t0) * (vertex - t1)).exp())
    }

    /// First time after `from` at which the value is back at `level` or above; `None` if it never is.
    pub(super) fn first_above(&self, level: f64, from: f64) -> Option<f64> {
        let level = level.max(ZERO).ln();
        let after = |i: &usize| self.times[*i] > from;
        let i = (0..self.times.len()).filter(after).find(|&i| self.ln[i] >= level)?;
        Some(self.crossing(i, level).max(from))
    }

    /// First time at which the value is below `level`; `None` if it never is.
    pub(super) fn first_below(&self, level: f64) -> Option<f64> {
        let level = level.max(ZERO).ln();
        let i = (0..self.times.len()).find(|&i| self.ln[i] < level)?;
        Some(self.crossing(i, level))
    }

    /// First time at which the value is `factor` times the least until then.
    pub(super) fn first_rise(&self, factor: f64) -> Option<f64> {
        let (nadir_time, nadir) = if self.ln.is_empty() { return None } else { self.nadir() };
        let mut least = f64::INFINITY;
        for i in 0..self.ln.len() {
            if self.ln[i] >= least + factor.ln() {
                return Some(self.crossing(i, least + factor.ln()));
            }
            least = least.min(self.ln[i]);
            if self.times[i] >= nadir_time {
                least = least.min(nadir.max(ZERO).ln());
            }
        }
        None
    }

    /// When the line from the sample before `i` to `i` passes a level.
    fn crossing(&self, i: usize, level: f64) -> f64 {
        if i == 0 {
            return self.times[0];
        }
        let ([t0, t1], [y0, y1]) = ([self.times[i - 1], self.times[i]], [self.ln[i - 1], self.ln[i]]);
        if (y1 - y0).abs() < f64::MIN_POSITIVE { t1 } else { t0 + (t1 - t0) * ((level - y0) / (y1 - y0)).clamp(0.0, 1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a e^(-k t) + b e^(r t)`: decline of what is doomed, regrowth of what is left.
    fn decline_and_regrowth(step: f64) -> Course {
        Course::new((0..=(400.0 / step) as usize).map(|i| i as f64 * step).map(|t| (t, 9.0 * (-0.05 * t).exp() + (0.01 * t).exp())))
    }

    #[test]
    fn minimum_and_crossings_of_decline_and_regrowth_are_the_analytic_ones() {
        let course = decline_and_regrowth(2.0);
        let (time, value) = course.nadir();
        let expected = (9.0 * 0.05 / 0.01f64).ln() / 0.06;
        assert!((time / expected - 1.0).abs() < 1e-3, "{time} against {expected}");
        let least = 9.0 * (-0.05 * expected).exp() + (0.01 * expected).exp();
        assert!((value / least - 1.0).abs() < 2e-5, "{value} against {least}");
        // Back at 10: e^(0.01 t) + 9 e^(-0.05 t) = 10; at 230 d the second term is 1e-4.
        let back = course.first_above(10.0, time).unwrap();
        let mut t = 230.0f64;
        for _ in 0..50 {
            t = (10.0 - 9.0 * (-0.05 * t).exp()).ln() / 0.01;
        }
        assert!((back / t - 1.0).abs() < 1e-3, "{back} against {t}");
        // 1.728 times the least.
        let risen = course.first_rise(1.728).unwrap();
        let at = |t: f64| 9.0 * (-0.05 * t).exp() + (0.01 * t).exp();
        assert!((at(risen) / (1.728 * least) - 1.0).abs() < 1e-3, "{risen}");
        let below = course.first_below(5.0).unwrap();
        assert!((at(below) / 5.0 - 1.0).abs() < 1e-3 && below < time);
        assert_eq!(course.resolution(), 2.0);
        assert_eq!((course.first_below(1.0), course.first_above(1e3, 0.0)), (None, None));
    }

    #[test]
    fn a_course_that_only_falls_or_rises_has_its_minimum_at_an_end() {
        let falling = Course::new((0..5).map(|i| (f64::from(i), (-f64::from(i)).exp())));
        assert_eq!(falling.nadir().0, 4.0);
        assert!((falling.nadir().1 - (-4.0f64).exp()).abs() < 1e-15);
        assert_eq!(falling.first_rise(1.2), None);
        let rising = Course::new((0..5).map(|i| (f64::from(i), f64::from(i).exp())));
        assert_eq!(rising.nadir().0, 0.0);
        assert!((rising.first_rise(1.728).unwrap() - 1.728f64.ln()).abs() < 1e-12, "a tumour that only grows has progressed");
    }

    #[test]
    fn zero_and_repeated_times_are_no_trouble() {
        let course = Course::new([(0.0, 10.0), (1.0, 0.0), (1.0, 0.0), (2.0, 0.0)].into_iter());
        assert_eq!(course.nadir().1, 0.0);
        let below = course.first_below(1.0).unwrap();
        assert!(below > 0.0 && below < 1.0);
    }
}
