//! Decay chains in time: Bateman's equations for any chain, any initial mix, any half-lives.
//!
//! Nuclei N and decays D since the start obey dN/dt = A N, dD/dt = Λ N, with A_ii = -λ_i, A_ij = b(j -> i) λ_j and Λ = diag(λ). Members are in
//! feeding order, so A is lower triangular; off the diagonal nothing is negative. Bateman's sum of exponentials (1910) divides by differences
//! of decay constants and loses all digits where half-lives are equal or nearly so. Here the exponential of the generator is formed without a
//! single subtraction of computed values, which keeps *every* entry to nearly full relative accuracy, however small (Xue & Ye, Math. Comp. 82
//! (2013) 1577; the conditioning: Numer. Math. 110 (2008) 393):
//!
//! - With α the largest decay constant and h = t / 2^k, α h <= 1: exp(h A) = e^(-αh) exp(h (A + α)), a Taylor series without negative terms.
//! - k doublings, N(2h) = N(h) N(h) and D(2h) = D(h) + D(h) N(h); the diagonals, exp(-λ t) and 1 - exp(-λ t), are set anew each time
//!   (after Al-Mohy & Higham, SIAM J. Matrix Anal. Appl. 31 (2009) 970), so that rounding errors add up as k times the length of the chain
//!   and not as 2^k.
//!
//! No member is put into equilibrium: Po-212 (0.3 us) in a year takes 47 doublings of a small triangle. What limits the result is the input: a
//! relative error of a decay constant enters multiplied by λ t. Nuclei fewer than 1e-300 of those at the start may come out as 0.

use std::f64::consts::LN_2;

use super::{Chain, name, table::DaughterKind, triangle::Triangle};
use crate::error::{Error, Result};

/// Half-lives and times that are accepted, seconds.
const SHORTEST: f64 = 1e-30;
const LONGEST: f64 = 1e30;

/// A member's name, half-life and decay constant.
#[derive(Debug, Clone)]
struct Member {
    name: String,
    half_life_s: f64,
    /// 1/s; 0 for what does not decay.
    decay_constant: f64,
}

/// A decay chain as it runs in time. Vectors over members are in the order of [`ChainInTime::names`].
#[derive(Debug, Clone)]
pub struct ChainInTime {
    members: Vec<Member>,
    /// Branching to the row's member from the column's; only left of the diagonal.
    branching: Triangle,
}

impl ChainInTime {
    /// The members of `chain`, those with an entry in the table; for decays over any time take [`super::chain::chain_within`] without limit.
    /// What decays to nuclei that are no members leaves the chain.
    pub fn of(chain: &Chain) -> Self {
        let members: Vec<Member> = (chain.members.iter())
            .map(|m| Member {
                name: m.nuclide.name.clone(),
                half_life_s: m.nuclide.half_life_s,
                decay_constant: m.nuclide.decay_constant(),
            })
            .collect();
        let mut branching = Triangle::zero(members.len());
        for (j, from) in chain.members.iter().enumerate() {
            for daughter in from.nuclide.daughters.iter().filter(|d| d.kind == DaughterKind::Tabulated) {
                if let Some(i) = members.iter().position(|m| m.name == daughter.name) {
                    *branching.at(i, j) += daughter.branching;
                }
            }
        }
        Self { members, branching }
    }

    /// Any chain: names with half-lives in seconds (infinite: stable), each after all that feed it, and (from, to, branching) by their indices.
    ///
    /// # Errors
    /// A half-life below 1e-30 s or above 1e30 s that is not infinite, a branching to an earlier or unknown member or to itself, negative or no
    /// number, or branchings of a member that add up to more than 1 (by more than the rounding of evaluations, 1e-5).
    pub fn new(members: &[(&str, f64)], branchings: &[(usize, usize, f64)]) -> Result<Self> {
        let name = |i: usize| members.get(i).map_or_else(|| format!("member {i}"), |m| m.0.to_owned());
        for (name, half_life) in members {
            if !((SHORTEST..=LONGEST).contains(half_life) || *half_life == f64::INFINITY) {
                return Err(Error::input(format!(
                    "{name}: a half-life of {half_life} s; it must be from {SHORTEST:e} to {LONGEST:e} s, or infinite for a stable one"
                )));
            }
        }
        let mut branching = Triangle::zero(members.len());
        let mut sums = vec![0.0; members.len()];
        for &(from, to, b) in branchings {
            if from >= to || to >= members.len() {
                return Err(Error::input(format!(
                    "branching from {} to {}: members must be listed after all that feed them",
                    name(from),
                    name(to)
                )));
            }
            sums[from] += b;
            if b.is_nan() || b < 0.0 || sums[from] > 1.0 + 1e-5 {
                return Err(Error::input(format!(
                    "branching {b} from {} to {}: those of a member are 0 to 1 together",
                    name(from),
                    name(to)
                )));
            }
            *branching.at(to, from) += b;
        }
        let members = (members.iter())
            .map(|&(name, half_life_s)| Member { name: name.to_owned(), half_life_s, decay_constant: LN_2 / half_life_s })
            .collect();
        Ok(Self { members, branching })
    }

    /// Members' names, each after all that feed it.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.members.iter().map(|m| m.name.as_str())
    }

    /// Members' half-lives, s; infinite for a stable one.
    pub fn half_lives(&self) -> impl ExactSizeIterator<Item = f64> {
        self.members.iter().map(|m| m.half_life_s)
    }

    /// Fraction of the decays of one member, by its index, that make the other; 0 for none.
    pub fn branching(&self, from: usize, to: usize) -> f64 {
        if from < to && to < self.members.len() { self.branching.get(to, from) } else { 0.0 }
    }

    /// Nuclei of each member from activities in Bq by name, in any usual spelling; members not named have none, one named twice has the sum.
    ///
    /// # Errors
    /// A name that is no member, an activity that is negative or not finite, or one of a stable member.
    pub fn mix(&self, activities: &[(&str, f64)]) -> Result<Vec<f64>> {
        let mut nuclei = vec![0.0; self.members.len()];
        for &(wanted, activity) in activities {
            let keys = name::keys(wanted);
            let same = |m: &Member| m.name == wanted || name::keys(&m.name).iter().any(|k| keys.contains(k));
            let Some(i) = self.members.iter().position(same) else {
                let names: Vec<&str> = self.names().collect();
                return Err(Error::input(format!("\"{wanted}\" is no member of the chain; its members are {}", names.join(", "))));
            };
            let member = &self.members[i];
            if !(activity.is_finite() && activity >= 0.0) {
                return Err(Error::input(format!("{wanted}: an activity of {activity} Bq; it must be a number, 0 or more")));
            }
            if member.decay_constant == 0.0 {
                return Err(Error::input(format!("{wanted} is stable and has no activity; give its number of nuclei")));
            }
            nuclei[i] += activity / member.decay_constant;
        }
        Ok(nuclei)
    }

    /// Activities, Bq, of so many nuclei of each member.
    ///
    /// # Panics
    /// If `nuclei` has not one number per member.
    pub fn activities(&self, nuclei: &[f64]) -> Vec<f64> {
        assert_eq!(nuclei.len(), self.members.len(), "one number of nuclei per member");
        self.members.iter().zip(nuclei).map(|(m, n)| m.decay_constant * n).collect()
    }

    /// What a time of `seconds` does to any mix; infinite is allowed.
    ///
    /// # Errors
    /// A time that is negative, no number, or finite and above 1e30 s.
    pub fn after(&self, seconds: f64) -> Result<Propagator> {
        if seconds == f64::INFINITY {
            return Ok(self.at_the_end());
        }
        if !(0.0..=LONGEST).contains(&seconds) {
            return Err(Error::input(format!("a decay over {seconds} s; the time must be from 0 to {LONGEST:e} s, or infinite")));
        }
        let fastest = self.members.iter().map(|m| m.decay_constant).fold(0.0, f64::max);
        let doublings = (fastest * seconds).max(1.0).log2().ceil() as i32;
        let part = |halvings: i32| seconds * 0.5_f64.powi(halvings);
        let mut propagator = self.over_short_time(part(doublings), fastest);
        self.set_diagonals(&mut propagator, part(doublings));
        for halvings in (0..doublings).rev() {
            propagator.double();
            self.set_diagonals(&mut propagator, part(halvings));
        }
        Ok(propagator)
    }

    /// Nuclei of each member `seconds` after there were `start`.
    ///
    /// # Errors
    /// As [`Self::after`].
    ///
    /// # Panics
    /// If `start` has not one number per member.
    pub fn nuclei_at(&self, start: &[f64], seconds: f64) -> Result<Vec<f64>> {
        Ok(self.after(seconds)?.nuclei(start))
    }

    /// Activities of the members, Bq, `seconds` after there were `start` nuclei.
    ///
    /// # Errors
    /// As [`Self::after`].
    ///
    /// # Panics
    /// If `start` has not one number per member.
    pub fn activities_at(&self, start: &[f64], seconds: f64) -> Result<Vec<f64>> {
        Ok(self.activities(&self.nuclei_at(start, seconds)?))
    }

    /// Number of decays of each member between two times after there were `start` nuclei, s; the second may be infinite.
    ///
    /// # Errors
    /// As [`Self::after`], or if the interval ends before it begins or begins at infinity.
    ///
    /// # Panics
    /// If `start` has not one number per member.
    pub fn decays_between(&self, start: &[f64], from: f64, to: f64) -> Result<Vec<f64>> {
        if from > to || !from.is_finite() {
            return Err(Error::input(format!("decays from {from} s to {to} s; an interval begins at a finite time and ends later")));
        }
        Ok(self.after(to - from)?.decays(&self.nuclei_at(start, from)?))
    }

    /// Taylor series of the generator plus `fastest`, to be used for `fastest` times `seconds` <= 1.
    fn over_short_time(&self, seconds: f64, fastest: f64) -> Propagator {
        let size = self.members.len();
        let mut generator = Triangle::zero(size);
        for i in 0..size {
            for j in 0..i {
                *generator.at(i, j) = self.branching.get(i, j) * self.members[j].decay_constant * seconds;
            }
            *generator.at(i, i) = (fastest - self.members[i].decay_constant) * seconds;
        }
        let shift = fastest * seconds;
        let mut term = Propagator { nuclei: Triangle::identity(size), decays: Triangle::zero(size) };
        let mut sum = term.clone();
        for order in 1_u32.. {
            let scale = 1.0 / f64::from(order);
            term.decays = Triangle::from(size, |i, j| {
                scale * (self.members[i].decay_constant * seconds * term.nuclei.get(i, j) + shift * term.decays.get(i, j))
            });
            let nuclei = generator.times(&term.nuclei);
            term.nuclei = Triangle::from(size, |i, j| scale * nuclei.get(i, j));
            sum.nuclei.add(&term.nuclei);
            sum.decays.add(&term.decays);
            // Beyond the length of the chain every path has begun to count, and each term is at most half of the one before.
            if order as usize > size + 1 && term.nuclei.is_lost_in(&sum.nuclei) && term.decays.is_lost_in(&sum.decays) {
                break;
            }
        }
        let unshift = (-shift).exp();
        Propagator {
            nuclei: Triangle::from(size, |i, j| unshift * sum.nuclei.get(i, j)),
            decays: Triangle::from(size, |i, j| unshift * sum.decays.get(i, j)),
        }
    }

    fn set_diagonals(&self, propagator: &mut Propagator, seconds: f64) {
        for (i, member) in self.members.iter().enumerate() {
            let exponent = -member.decay_constant * seconds;
            *propagator.nuclei.at(i, i) = exponent.exp();
            *propagator.decays.at(i, i) = -exponent.exp_m1();
        }
    }

    /// After infinite time only stable members are left, and each of the others decays as often as it was there or was fed.
    fn at_the_end(&self) -> Propagator {
        let size = self.members.len();
        let mut end = Propagator { nuclei: Triangle::zero(size), decays: Triangle::zero(size) };
        for j in 0..size {
            for i in j..size {
                let fed: f64 = (j..i).map(|k| self.branching.get(i, k) * end.decays.get(k, j)).sum();
                let all = if i == j { 1.0 } else { fed };
                let stable = self.members[i].decay_constant == 0.0;
                *(if stable { &mut end.nuclei } else { &mut end.decays }).at(i, j) = all;
            }
        }
        end
    }
}

/// What a stretch of time does to a chain, for any mix at its beginning.
#[derive(Debug, Clone)]
pub struct Propagator {
    nuclei: Triangle,
    decays: Triangle,
}

impl Propagator {
    /// Nuclei of each member at the end, of `start` nuclei at the beginning.
    ///
    /// # Panics
    /// If `start` has not one number per member.
    pub fn nuclei(&self, start: &[f64]) -> Vec<f64> {
        self.nuclei.of(start)
    }

    /// Decays of each member meanwhile, of `start` nuclei at the beginning.
    ///
    /// # Panics
    /// If `start` has not one number per member.
    pub fn decays(&self, start: &[f64]) -> Vec<f64> {
        self.decays.of(start)
    }

    /// Twice the time.
    fn double(&mut self) {
        self.decays.add(&self.decays.times(&self.nuclei));
        self.nuclei = self.nuclei.times(&self.nuclei);
    }
}
