//! Where particles move: the voxels of a phantom, or concentric spherical shells in one medium without end.

use crate::{
    error::{Error, Result},
    phantom::{MAX_VOXELS, Phantom, pack_voxel},
};

/// The geometry of a [`super::backend::World`].
#[derive(Debug, Clone, Copy)]
pub enum Geometry<'a> {
    /// The voxels of a phantom.
    Voxels(&'a Phantom),
    /// Spherical shells.
    Shells(&'a Shells),
}

/// Concentric spherical shells around the origin in a homogeneous medium without end: scores dose point kernels.
///
/// Cells are counted from the inside; the last one is everything beyond the outermost radius, where particles go on and may come back.
#[derive(Debug, Clone, PartialEq)]
pub struct Shells {
    /// Per cell (shells and beyond) the packed medium, then the bits of each shell's outer radius, cm.
    words: Vec<u32>,
    count: u32,
}

impl Shells {
    /// Shells with these outer radii (cm, ascending) in the material at position `material` of the tables, `density` in g/cm3.
    ///
    /// # Errors
    /// If there is no radius, one is not above the one before it in `f32`, or the density is not positive.
    pub fn new(material: u8, density: f64, radii: &[f64]) -> Result<Self> {
        if !(density > 0.0 && density.is_finite()) {
            return Err(Error::input(format!("a density of {density} g/cm3; expected a positive number")));
        }
        if radii.is_empty() || radii.len() as u64 >= MAX_VOXELS {
            return Err(Error::input(format!("{} shells; expected 1 to {}", radii.len(), MAX_VOXELS - 1)));
        }
        let mut words = vec![pack_voxel(material, density as f32); radii.len() + 1];
        let mut below = 0.0f32;
        for (i, &radius) in radii.iter().enumerate() {
            let rounded = radius as f32;
            if !(rounded > below && rounded < 1.0e9) {
                return Err(Error::input(format!(
                    "shell {} ends at {radius} cm after {below} cm; expected radii that rise, from above 0 to below 1e9 cm",
                    i + 1
                )));
            }
            words.push(rounded.to_bits());
            below = rounded;
        }
        Ok(Self { words, count: radii.len() as u32 })
    }

    /// Outer radii, cm, as the kernels see them.
    pub fn radii(&self) -> impl Iterator<Item = f32> + '_ {
        self.words[self.count as usize + 1..].iter().map(|&bits| f32::from_bits(bits))
    }
}

impl<'a> Geometry<'a> {
    /// Cells that are scored: voxels, or shells and what lies beyond them.
    pub fn len(self) -> usize {
        match self {
            Self::Voxels(phantom) => phantom.grid.len(),
            Self::Shells(shells) => shells.count as usize + 1,
        }
    }

    /// Never: there is at least one voxel or shell.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Contents of the `voxels` buffer of the kernels: [`Self::media`], and the radii of shells behind them.
    pub fn words(self) -> &'a [u32] {
        match self {
            Self::Voxels(phantom) => &phantom.voxels,
            Self::Shells(shells) => &shells.words,
        }
    }

    /// Packed material and density of every cell.
    pub fn media(self) -> &'a [u32] {
        match self {
            Self::Voxels(phantom) => &phantom.voxels,
            Self::Shells(shells) => &shells.words[..shells.count as usize + 1],
        }
    }

    /// Number of shells; 0 means voxels.
    pub fn shells(self) -> u32 {
        match self {
            Self::Voxels(_) => 0,
            Self::Shells(shells) => shells.count,
        }
    }

    /// Twice the largest distance to the nearest wall from anywhere in a cell with an end, cm.
    pub(super) fn widest(self) -> f32 {
        match self {
            Self::Voxels(phantom) => (0.1 * phantom.grid.min_spacing()) as f32,
            Self::Shells(shells) => {
                let mut inner = 0.0;
                shells.radii().fold(0.0, |widest: f32, outer| {
                    // The innermost shell is a ball, whose walls are a radius away.
                    let width = if inner > 0.0 { outer - inner } else { 2.0 * outer };
                    inner = outer;
                    widest.max(width)
                })
            }
        }
    }

    /// Cells along x, y, z.
    pub(super) fn size(self) -> [u32; 3] {
        match self {
            Self::Voxels(phantom) => phantom.grid.size,
            Self::Shells(shells) => [shells.count + 1, 1, 1],
        }
    }

    /// Voxel edges, cm; zero for shells, whose places are relative to the origin.
    pub(super) fn spacing(self) -> [f32; 3] {
        match self {
            Self::Voxels(phantom) => phantom.grid.spacing.to_array().map(|mm| (0.1 * mm) as f32),
            Self::Shells(_) => [0.0; 3],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_hold_media_and_then_radii() {
        let shells = Shells::new(3, 1.06, &[0.1, 0.25, 1.0]).expect("rising radii");
        let geometry = Geometry::Shells(&shells);
        assert_eq!((geometry.len(), geometry.shells(), geometry.size()), (4, 3, [4, 1, 1]));
        assert_eq!(geometry.media(), [pack_voxel(3, 1.06); 4]);
        assert_eq!(shells.radii().collect::<Vec<_>>(), [0.1, 0.25, 1.0]);
        assert_eq!(geometry.words().len(), 7);
    }

    #[test]
    fn impossible_shells_are_refused() {
        for (density, radii, phrase) in [
            (0.0, &[1.0][..], "density of 0"),
            (f64::NAN, &[1.0], "density of NaN"),
            (1.0, &[], "0 shells"),
            (1.0, &[0.0], "shell 1 ends at 0 cm"),
            (1.0, &[0.1, 0.1], "shell 2 ends at 0.1 cm after 0.1 cm"),
            (1.0, &[0.1, 0.1 + 1e-12], "shell 2"),
            (1.0, &[0.1, f64::NAN], "shell 2 ends at NaN"),
            (1.0, &[1.0e10], "below 1e9"),
        ] {
            let error = Shells::new(0, density, radii).expect_err("refused").to_string();
            assert!(error.contains(phrase), "{error}");
        }
    }
}
