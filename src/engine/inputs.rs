//! Files and tables behind the plan, as phantom and sources ask for them; remembers what was read.

use std::{
    cell::RefCell,
    fs::File,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::{dicom::rtdose::read_rt_dose, image},
    phantom::{CtVoxel, PhantomInputs},
    physics::{
        ct_ramp::CtRamp,
        materials::{self, Material},
    },
    report::provenance::InputFile,
    source::UptakeInputs,
    volume::{Volume, resample_conserving},
};

/// The program's readers and tables.
#[derive(Debug, Default)]
pub struct Inputs {
    read: RefCell<Vec<(&'static str, PathBuf)>>,
    notes: RefCell<Vec<String>>,
}

impl Inputs {
    /// What the readers had to say about the files, each once.
    pub fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    /// Size and fingerprint of every file that was read.
    ///
    /// # Errors
    /// If a file has gone since.
    pub fn digests(&self) -> Result<Vec<InputFile>> {
        self.read.borrow().iter().map(|(role, path)| InputFile::digest(*role, path, File::open(path).map_err(Error::io(path))?)).collect()
    }

    fn note<T>(&self, role: &'static str, path: &Path, image: image::ImageRead<T>) -> Volume<T> {
        let mut read = self.read.borrow_mut();
        if !read.iter().any(|(_, known)| known == path) {
            read.push((role, path.to_path_buf()));
            self.notes.borrow_mut().extend(image.notes.iter().map(|note| format!("{}: {note}", path.display())));
        }
        image.volume
    }
}

impl Inputs {
    /// A dose in Gy: an RT Dose of absorbed dose, or an image of any kind that is read.
    ///
    /// # Errors
    /// As the readers; an RT Dose of another type than PHYSICAL.
    pub fn dose(&self, path: &Path) -> Result<Volume<f32>> {
        let role = "external dose";
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("dcm")) {
            return Ok(self.note(role, path, image::read_with_notes(path)?));
        }
        let dose = read_rt_dose(path)?;
        if dose.dose_type != "PHYSICAL" {
            return Err(Error::input(format!(
                "{}: DoseType is {}; expected PHYSICAL: BED is computed from the absorbed dose with the plan's own parameters",
                path.display(),
                dose.dose_type
            )));
        }
        Ok(self.note(role, path, dose.image))
    }
}

impl PhantomInputs for Inputs {
    fn image(&self, path: &Path) -> Result<Volume<f32>> {
        Ok(self.note("CT", path, image::read_with_notes(path)?))
    }

    fn labels(&self, path: &Path) -> Result<Volume<u32>> {
        Ok(self.note("labels", path, image::read_labels_with_notes(path)?))
    }

    fn material(&self, name: &str) -> Option<Material> {
        materials::find(name)
    }

    fn ct_materials(&self) -> Vec<Material> {
        CtRamp::schneider().material_bins().to_vec()
    }

    fn ct_convert(&self, hu: f32) -> CtVoxel {
        let tissue = CtRamp::schneider().convert(hu.into());
        CtVoxel { bin: tissue.bin, density: tissue.density, clamped: tissue.clamped }
    }
}

impl UptakeInputs for Inputs {
    fn image(&self, path: &Path) -> Result<Volume<f32>> {
        Ok(self.note("uptake", path, image::read_with_notes(path)?))
    }

    fn resample_conserving(&self, image: &Volume<f32>, target: &VoxelGrid) -> (Volume<f64>, f64) {
        resample_conserving(image, target)
    }
}
