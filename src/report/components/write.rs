//! Writing `components.json` and the images it names.

use super::{Document, Entry, FILE, ImageEntry, MapEntry, MapKind, PhantomDigest, RegionEntry, SCHEMA, digest, pattern_digest};
use crate::{
    dose::{component::ScoredComponent, regions::WHOLE},
    error::{Error, Result},
    phantom::Phantom,
    report::{
        json,
        provenance::Engine,
        write::{FileEntry, ImageFormat, Quantity, ResultWriter},
    },
    source::DecayPattern,
    volume::Volume,
};

/// A component to be stored.
#[derive(Debug, Clone)]
pub struct ComponentRecord<'a> {
    /// Its dose per decay.
    pub scored: &'a ScoredComponent,
    /// Where its decays are.
    pub pattern: &'a DecayPattern,
    /// Digest of what it emits and how that is transported.
    pub emitter: String,
    /// Histories of all its particles together.
    pub histories: u64,
    /// Batches behind the standard errors.
    pub batches: u32,
}

/// All components of a run.
#[derive(Debug, Clone)]
pub struct ComponentSet<'a> {
    /// The phantom they lie in.
    pub phantom: &'a Phantom,
    /// y0 of the saturated lineal energy, keV/um; `None`: it was not scored.
    pub saturation: Option<f64>,
    /// The components, in the order of their numbers.
    pub records: Vec<ComponentRecord<'a>>,
}

/// Writes the images `component-NN_*.nii.gz` and `components.json`; returns what was written, the latter last.
///
/// One image of the whole grid is in memory at a time.
pub(in crate::report) fn write_components(set: &ComponentSet<'_>, writer: &mut dyn ResultWriter) -> Result<Vec<FileEntry>> {
    let mut files = Vec::new();
    let mut components = Vec::new();
    for (i, record) in set.records.iter().enumerate() {
        let mut maps = Vec::new();
        let mut image = |stem: &str, (name, unit): (&str, &'static str), volume: &Volume<f32>| -> Result<ImageEntry> {
            let quantity = Quantity { name: format!("{name}, component {}", i + 1), unit };
            let file = format!("component-{:02}_{stem}{}", i + 1, ImageFormat::Nifti.suffix());
            writer.image(&file, ImageFormat::Nifti, volume, &quantity)?;
            files.push(FileEntry { name: file.clone(), quantity: quantity.name, unit: Some(unit) });
            Ok(ImageEntry { file, values_sha256: digest::values(&volume.data) })
        };
        for map in MapKind::ALL {
            let Some(values) = map.of(record.scored) else { continue };
            let volume = spread(set.phantom, record.scored, values)?;
            maps.push(MapEntry { map, image: image(map.stem(), map.quantity(), &volume)? });
        }
        let mut shares = Volume::new(set.phantom.grid, vec![0.0; set.phantom.grid.len()]);
        for (&voxel, &share) in record.pattern.voxels.iter().zip(&record.pattern.shares) {
            shares.data[voxel as usize] = share as f32;
        }
        let decays = Some(image("decays", ("share of the decays", "1"), &shares)?);
        let names = std::iter::once(WHOLE).chain(set.phantom.region_names.iter().map(String::as_str));
        components.push(Entry {
            name: record.scored.name.clone(),
            pattern_sha256: pattern_digest(record.pattern),
            emitter_sha256: record.emitter.clone(),
            histories: record.histories,
            batches: record.batches,
            maps,
            decays,
            regions: names.zip(&record.scored.regions).map(|(name, energy)| RegionEntry::new(name, energy)).collect(),
        });
    }
    let document = Document {
        schema: SCHEMA.into(),
        engine: Engine::this().version.into(),
        phantom: PhantomDigest::new(set.phantom),
        saturation_kev_um: set.saturation,
        components,
    };
    writer.text(FILE, &json::pretty(&document)?)?;
    files.push(FileEntry { name: FILE.into(), quantity: "what the images of dose per decay depend on".into(), unit: None });
    Ok(files)
}

/// A map over the whole grid.
fn spread(phantom: &Phantom, scored: &ScoredComponent, values: &[f32]) -> Result<Volume<f32>> {
    let mut data = vec![0.0; phantom.grid.len()];
    for (&voxel, &value) in scored.voxels.iter().zip(values) {
        if !value.is_finite() {
            return Err(Error::input(format!(
                "{}: dose per decay in voxel {:?} is {value}, not a number that can be stored",
                scored.name,
                phantom.grid.ijk(voxel as usize)
            )));
        }
        data[voxel as usize] = value;
    }
    Ok(Volume::new(phantom.grid, data))
}
