//! The cases.

mod alphas;
mod cells;
mod invariance;
mod kernels;
mod parity;
mod photons;
mod slabs;
mod spheres;
mod voxels;

use super::Case;

/// All cases, in the order in which they run.
pub const CASES: &[Case] = &[
    Case { name: "alpha-ranges", about: "CSDA ranges in the tables of the kernels against ICRU 49 and ICRU 90", run: alphas::ranges },
    Case { name: "alpha-depth-dose", about: "parallel beam in 1-um slices of water against Geant4", run: alphas::depth_dose },
    Case { name: "alpha-kernels", about: "point kernels in 2-um shells of water against Geant4", run: alphas::kernels },
    Case { name: "alpha-voxel-s", about: "5.8 MeV between voxels of 10, 50 and 100 um against Geant4", run: alphas::voxel_s },
    Case { name: "cells", about: "S values of cells against Geant4, EGSnrc and the MIRD formalism", run: cells::cells },
    Case { name: "electron-kernels", about: "point kernels in shells of 0.05 ranges against EGSnrc", run: kernels::electrons },
    Case { name: "beta-kernels", about: "point kernels of Y-90 and Lu-177 against EGSnrc", run: kernels::betas },
    Case { name: "voxel-s", about: "S values of 3-mm voxels against EGSnrc, electron part", run: voxels::electrons },
    Case {
        name: "voxel-s-photons",
        about: "S values of 3-mm voxels against EGSnrc, photons and distant bremsstrahlung",
        run: voxels::photons,
    },
    Case { name: "spheres", about: "absorbed fractions of electrons in spheres against EGSnrc", run: spheres::electrons },
    Case { name: "slabs", about: "1-MeV electrons in layers of water, bone and lung against EGSnrc", run: slabs::layers },
    Case { name: "gamma-shells", about: "364-keV photons in 1-cm shells against EGSnrc", run: photons::shells },
    Case { name: "photon-spheres", about: "absorbed fractions of 364-keV photons in spheres against EGSnrc", run: photons::spheres },
    Case { name: "fano", about: "uniform source per mass: dose independent of the density pattern", run: invariance::fano },
    Case { name: "grid", about: "voxels 4 times smaller change nothing", run: invariance::grid },
    Case { name: "steps", about: "half the step, half the cut, lower thresholds change nothing", run: invariance::steps },
    Case { name: "parity", about: "the device against the CPU twin, same histories", run: parity::parity },
    Case { name: "energy-balance", about: "emitted = deposited + escaped, over all the runs above", run: parity::balance },
];
