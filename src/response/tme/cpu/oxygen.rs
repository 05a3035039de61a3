//! Oxygen of a voxel from the table. Twin: `shaders/response/oxygen.wgsl`.

pub use crate::response::tme::oxygen_state::Oxygen;
use crate::response::tme::real::Real;

/// Words before the values of a table.
pub const OXYGEN_HEADER: usize = 16;
/// Values of a node.
pub const OXYGEN_CHANNELS: usize = 4;

/// Place on an axis: the node below and the share of the way to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OxygenPlace<R> {
    node: u32,
    share: R,
}

/// A place on the axis described by three words (first value, nodes per unit, nodes) from `at`; ends hold beyond.
#[inline(always)]
fn oxygen_place<R: Real>(words: &[R], at: u32, value: R) -> OxygenPlace<R> {
    let last = oxygen_word(words, at + 2) - R::one();
    let place = ((value - oxygen_word(words, at)) * oxygen_word(words, at + 1)).max(R::zero()).min(last);
    let node = place.floor().min(last - R::one());
    OxygenPlace { node: node.wide() as u32, share: place - node }
}

/// A word of the table.
#[inline(always)]
fn oxygen_word<R: Real>(words: &[R], i: u32) -> R {
    words[i as usize]
}

/// Values of a node.
#[inline(always)]
fn oxygen_node<R: Real>(words: &[R], i: u32) -> [R; OXYGEN_CHANNELS] {
    let at = i as usize * OXYGEN_CHANNELS;
    std::array::from_fn(|channel| words[at..at + OXYGEN_CHANNELS][channel])
}

/// Where `share` of the way from `low` to `high` is.
#[inline(always)]
fn oxygen_mix<R: Real>(low: [R; OXYGEN_CHANNELS], high: [R; OXYGEN_CHANNELS], share: R) -> [R; OXYGEN_CHANNELS] {
    std::array::from_fn(|channel| low[channel] + share * (high[channel] - low[channel]))
}

/// Values between two neighbours on the first axis.
#[inline(always)]
fn oxygen_between<R: Real>(words: &[R], node: u32, share: R) -> [R; OXYGEN_CHANNELS] {
    oxygen_mix(oxygen_node(words, node), oxygen_node(words, node + 1), share)
}

/// Oxygen by trilinear interpolation in the table that begins at word `at` (a multiple of 4).
///
/// Axes: `ln(supply vessels/consumption)`, `ln consumption`, `ln supply`, the first running fastest; the supply is capillary pO2 less a
/// constant. On the first the result changes most and scales nearly exactly, so it varies little along the other two. Header: three axes
/// of three words (first value, nodes per unit, nodes), then lowest and highest perfusion, highest use, lowest and highest capillary pO2,
/// lowest use whose logarithm is taken, that constant. Values: `ln(pO2/capillary)`, hypoxic share, both factors.
#[inline(always)]
pub fn oxygen_lookup<R: Real>(words: &[R], at: u32, vessels: R, consumption: R, capillary: R) -> Oxygen<R> {
    let vessels = vessels.max(oxygen_word(words, at + 9)).min(oxygen_word(words, at + 10));
    let consumption = consumption.max(oxygen_word(words, at + 14)).min(oxygen_word(words, at + 11));
    let capillary = capillary.max(oxygen_word(words, at + 12)).min(oxygen_word(words, at + 13));
    let (use_log, supply_log) = (consumption.ln(), (capillary - oxygen_word(words, at + 15)).ln());
    let x = oxygen_place(words, at, supply_log + vessels.ln() - use_log);
    let y = oxygen_place(words, at + 3, use_log);
    let z = oxygen_place(words, at + 6, supply_log);
    let columns = oxygen_word(words, at + 2).wide() as u32;
    let rows = oxygen_word(words, at + 5).wide() as u32;
    let first = (at + OXYGEN_HEADER as u32) / OXYGEN_CHANNELS as u32 + (z.node * rows + y.node) * columns + x.node;
    let a = oxygen_between(words, first, x.share);
    let b = oxygen_between(words, first + columns, x.share);
    let c = oxygen_between(words, first + columns * rows, x.share);
    let d = oxygen_between(words, first + columns * rows + columns, x.share);
    let values = oxygen_mix(oxygen_mix(a, b, y.share), oxygen_mix(c, d, y.share), z.share);
    Oxygen { po2: capillary * values[0].exp(), hypoxic: values[1], oxic_weight: values[2], hypoxic_weight: values[3] }
}

/// Factor on alpha where a share `left` of the oxygen effect is left (`(1 - 1/m(LET))/(1 - 1/m)`), from that at the full effect.
///
/// Exact, also for means over a class: `w = 1 - (1 - 1/m) K/(p + K)` is linear in `1 - 1/m`.
#[inline(always)]
pub fn oxygen_let<R: Real>(weight: R, left: R) -> R {
    R::one() - left * (R::one() - weight)
}

/// Half the width of the band around the hypoxic limit in which [`oxygen_local`] passes from one class to the other, relative to it.
pub const OXYGEN_BAND: f64 = 0.1;

/// Oxygen of a voxel so fine that all of it has one pO2 (mmHg): `m` largest enhancement, `k` pO2 of half of it.
///
/// The hypoxic share goes from 1 to 0 smoothly around the limit: a jump would cost the splitting of time steps its second order.
#[inline(always)]
pub fn oxygen_local<R: Real>(po2: R, limit: R, m: R, k: R) -> Oxygen<R> {
    let band = R::of(OXYGEN_BAND);
    let place = (limit * (R::one() + band) - po2) / (R::of(2.0) * band * limit);
    let t = place.max(R::zero()).min(R::one());
    let weight = (m * po2 + k) / (m * (po2 + k));
    Oxygen { po2, hypoxic: t * t * (R::of(3.0) - R::of(2.0) * t), oxic_weight: weight, hypoxic_weight: weight }
}
