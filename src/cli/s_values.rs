//! `dosaic s-values`.

use clap::Args;
use glam::DVec3;

use super::emitters::EmitterArguments;
use crate::{
    error::{Error, Result},
    io::terminal,
    kernel::{cell::cell_s, sites::Cell, voxel_s::voxel_s},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    common: EmitterArguments,
    /// Voxel edges in mm, one or three: 3 or 2.4,2.4,3
    #[arg(long, default_value = "3", value_name = "MM", value_delimiter = ',', num_args = 1..=3)]
    voxel: Vec<f64>,
    /// Voxels from the source to the farthest target along each axis
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    radius: u32,
    /// Instead of voxels a cell, its radius in um: S values in Gy/(Bq s) between nucleus, cytoplasm, surface and whole cell
    #[arg(long, value_name = "UM", requires = "nucleus", conflicts_with_all = ["voxel", "radius"], allow_negative_numbers = true)]
    cell: Option<f64>,
    /// Radius of its nucleus in um, in the middle
    #[arg(long, value_name = "UM", requires = "cell", allow_negative_numbers = true)]
    nucleus: Option<f64>,
    /// Neighbours of the cell, by the distance of centres in um: 10,20,40
    #[arg(long, value_name = "UM", requires = "cell", value_delimiter = ',', allow_negative_numbers = true)]
    distance: Vec<f64>,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    let say = |line: &str| terminal::note(line);
    if let (Some(radius), Some(nucleus)) = (arguments.cell, arguments.nucleus) {
        let cell = Cell::new(radius, nucleus)?;
        let (emitter, request, output) = arguments.common.resolve()?;
        let found = cell_s(&emitter, cell, &arguments.distance, &request, &say)?;
        return output.write(found.table(&emitter, &request).as_str());
    }
    let edges = match arguments.voxel[..] {
        [edge] => DVec3::splat(edge),
        [x, y, z] => DVec3::new(x, y, z),
        _ => return Err(Error::input("--voxel takes one edge or three, in mm: 3 or 2.4,2.4,3")),
    };
    let (emitter, request, output) = arguments.common.resolve()?;
    let found = voxel_s(&emitter, edges, arguments.radius, &request, &say)?;
    output.write(found.table(&emitter, &request).as_str())
}
