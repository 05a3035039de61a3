//! Where the voxels of a series are, for lists of what a folder holds.

use super::{activity, folder::Series, header::Kind, volume};
use crate::{error::Result, grid::VoxelGrid};

/// The grid of a CT, PET or reconstructed SPECT series, from headers alone; `None` for other objects, and for several NM objects in one series.
///
/// # Errors
/// What reading the series would say: gaps, tilt, missing positions.
pub fn outline(series: &Series) -> Result<Option<VoxelGrid>> {
    match (series.kind(), &series.files[..]) {
        (Kind::Ct | Kind::Pet, _) => volume::grid(&series.describe(), series).map(Some),
        (Kind::Nm, [header]) => activity::nm_outline(header).map(Some),
        _ => Ok(None),
    }
}
