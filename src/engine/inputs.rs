//! Files and tables behind the plan, as phantom and sources ask for them; remembers what was read.

use std::{cell::RefCell, fs::File, path::Path};

use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::{
        dicom::{
            self, ActivityUnit, StructureName,
            rtdose::{PatientContext, read_rt_dose},
        },
        image::{self, ImageRead},
    },
    phantom::{CtVoxel, PhantomInputs},
    physics::{
        ct_ramp::CtRamp,
        materials::{self, Material},
    },
    plan::{ImageFile, ImageQuantity, PhantomPlan, Plan},
    report::provenance::InputFile,
    source::UptakeInputs,
    volume::{Volume, resample_conserving},
};

/// The program's readers and tables.
#[derive(Debug, Default)]
pub struct Inputs {
    read: RefCell<Vec<(&'static str, ImageFile)>>,
    notes: RefCell<Vec<String>>,
    /// The plan says that images are registered to the CT, whatever their frames of reference.
    registered: bool,
    /// Frame of reference of a DICOM CT; `None` before it was read, where it names none, and with other formats.
    frame: RefCell<Option<String>>,
    /// What a DICOM CT says of patient and study.
    patient: RefCell<PatientContext>,
}

impl Inputs {
    /// Nothing read yet.
    pub fn new(plan: &Plan) -> Self {
        Self { registered: matches!(plan.phantom, PhantomPlan::Ct { registered: true, .. }), ..Self::default() }
    }

    /// What the readers had to say about the files, each once.
    pub fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    /// Size and fingerprint of every file that was read; of a DICOM folder, of the list of the SHA-256 (hexadecimal, one after
    /// the other) of the files of the series by name.
    ///
    /// # Errors
    /// If a file has gone since.
    pub fn digests(&self) -> Result<Vec<InputFile>> {
        let digest = |(role, file): &(&'static str, ImageFile)| {
            if !file.path.is_dir() {
                return InputFile::digest(*role, &file.path, File::open(&file.path).map_err(Error::io(&file.path))?);
            }
            let mut content = Vec::new();
            for path in dicom::files(&file.path, file.series.as_deref(), role)? {
                let mut opened = File::open(&path).map_err(Error::io(&path))?;
                content.extend(InputFile::digest(*role, &path, &mut opened)?.sha256.into_bytes());
            }
            InputFile::digest(*role, &file.path, &content[..])
        };
        self.read.borrow().iter().map(digest).collect()
    }

    /// Remembers a file and its notes, each once.
    fn remember(&self, role: &'static str, file: &ImageFile, notes: &[String]) {
        let mut read = self.read.borrow_mut();
        if !read.iter().any(|(_, known)| known == file) {
            read.push((role, file.clone()));
            self.notes.borrow_mut().extend(notes.iter().map(|note| format!("{}: {note}", file.display())));
        }
    }

    fn note<T>(&self, role: &'static str, file: &ImageFile, image: ImageRead<T>) -> Volume<T> {
        self.remember(role, file, &image.notes);
        image.volume
    }

    /// Objects that name another frame of reference than the CT are somewhere else, unless the plan knows better.
    fn check_frame(&self, file: &ImageFile, found: Option<&str>, notes: &mut Vec<String>) -> Result<()> {
        match (self.frame.borrow().as_deref(), found) {
            (Some(ct), Some(found)) if ct == found => {}
            (Some(ct), Some(found)) if self.registered => {
                notes.push(format!("is in the frame of reference {found}, the CT in {ct}; taken as registered, as the plan says"));
            }
            (Some(ct), Some(found)) => {
                return Err(Error::input(format!(
                    "{}: is in the frame of reference {found}, the CT in {ct}: positions in one mean nothing in the other; register and resample it to the CT, \
                     or write `registered = true` in [phantom] if it is registered already",
                    file.display()
                )));
            }
            (Some(_), None) => notes.push("names no frame of reference; taken to be in that of the CT".to_owned()),
            (None, _) => {}
        }
        Ok(())
    }
}

/// A series would say more than a plain file can have.
fn plain(file: &ImageFile) -> Result<()> {
    match &file.series {
        Some(series) => Err(Error::input(format!("{}: is no DICOM folder, so it has no series \"{series}\"", file.path.display()))),
        None => Ok(()),
    }
}

impl Inputs {
    /// Patient, study and frame of reference of a DICOM CT; empty where the phantom is none.
    pub fn patient(&self) -> PatientContext {
        self.patient.borrow().clone()
    }

    /// A dose in Gy: an RT Dose of absorbed dose, or an image of any kind that is read.
    ///
    /// # Errors
    /// As the readers; an RT Dose of another type than PHYSICAL, or in another frame of reference than the CT.
    pub fn dose(&self, path: &Path) -> Result<Volume<f32>> {
        let (role, file) = ("external dose", ImageFile::from(path.to_path_buf()));
        if !path.is_file() || !dicom::is_dicom(path) {
            return Ok(self.note(role, &file, image::read_with_notes(path)?));
        }
        let mut dose = read_rt_dose(path)?;
        if dose.dose_type != "PHYSICAL" {
            return Err(Error::input(format!(
                "{}: DoseType is {}; expected PHYSICAL: BED is computed from the absorbed dose with the plan's own parameters",
                path.display(),
                dose.dose_type
            )));
        }
        let frame = Some(dose.frame_of_reference_uid.as_str()).filter(|uid| !uid.is_empty());
        self.check_frame(&file, frame, &mut dose.image.notes)?;
        Ok(self.note(role, &file, dose.image))
    }
}

impl PhantomInputs for Inputs {
    fn image(&self, file: &ImageFile) -> Result<Volume<f32>> {
        if dicom::is_dicom(&file.path) {
            let ct = dicom::read_ct(&file.path, file.series.as_deref())?;
            self.frame.replace(ct.frame_of_reference);
            self.patient.replace(ct.patient);
            return Ok(self.note("CT", file, ct.image));
        }
        plain(file)?;
        Ok(self.note("CT", file, image::read_with_notes(&file.path)?))
    }

    fn labels(&self, file: &ImageFile) -> Result<Volume<u32>> {
        if dicom::is_dicom(&file.path) {
            let (volume, notes) = dicom::read_segments(&file.path, file.series.as_deref())?;
            return Ok(self.note("labels", file, ImageRead { volume, notes }));
        }
        plain(file)?;
        Ok(self.note("labels", file, image::read_labels_with_notes(&file.path)?))
    }

    fn structures(&self, file: &ImageFile, grid: &VoxelGrid, wanted: &[StructureName]) -> Result<Option<Vec<Vec<u32>>>> {
        if !dicom::is_dicom(&file.path) {
            return Ok(None);
        }
        let mut read = dicom::read_structures(&file.path, file.series.as_deref(), grid, wanted)?;
        self.check_frame(file, read.frame_of_reference.as_deref(), &mut read.notes)?;
        self.remember("labels", file, &read.notes);
        Ok(Some(read.voxels))
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
    fn image(&self, file: &ImageFile, quantity: ImageQuantity) -> Result<Volume<f32>> {
        if !dicom::is_dicom(&file.path) {
            plain(file)?;
            return Ok(self.note("uptake", file, image::read_with_notes(&file.path)?));
        }
        let mut read = dicom::read_activity(&file.path, file.series.as_deref())?;
        let (found, units) = match read.unit {
            ActivityUnit::Concentration => ("Bq/mL", "unit = \"Bq/mL\" or \"relative\""),
            ActivityUnit::Counts => ("counts without calibration", "unit = \"counts\" with `per_count`, or \"relative\" with `total`"),
        };
        let fits = match quantity {
            ImageQuantity::Relative { .. } => true,
            ImageQuantity::Concentration => read.unit == ActivityUnit::Concentration,
            ImageQuantity::Counts { .. } => read.unit == ActivityUnit::Counts,
            ImageQuantity::Activity | ImageQuantity::TimeIntegratedActivity => false,
        };
        if !fits {
            return Err(Error::input(format!("{}: its values are {found}; the plan's unit is another: write {units}", file.display())));
        }
        self.check_frame(file, read.frame_of_reference.as_deref(), &mut read.image.notes)?;
        Ok(self.note("uptake", file, read.image))
    }

    fn resample_conserving(&self, image: &Volume<f32>, target: &VoxelGrid) -> (Volume<f64>, f64) {
        resample_conserving(image, target)
    }
}
