//! Reading stored components back, with everything they depend on checked.

use std::path::Path;

use super::{Document, Entry, FILE, ImageEntry, MapKind, PhantomDigest, SCHEMA, digest};
use crate::{
    dose::{component::ScoredComponent, regions::WHOLE},
    error::{Error, Result},
    grid::VoxelGrid,
    io::image,
    phantom::Phantom,
    source::DecayPattern,
};

/// Components of an earlier run.
#[derive(Debug, Clone)]
pub struct StoredComponents {
    components: Vec<Stored>,
}

#[derive(Debug, Clone)]
struct Stored {
    pattern: String,
    emitter: String,
    histories: u64,
    batches: u32,
    /// Where the decays are, to single precision; results of older versions do not say.
    decays: Option<DecayPattern>,
    scored: ScoredComponent,
}

impl StoredComponents {
    /// The component with this decay pattern (see [`super::pattern_digest`]) and this emitter.
    pub fn find(&self, pattern: &str, emitter: &str) -> Option<ScoredComponent> {
        self.components.iter().find(|c| c.pattern == pattern && c.emitter == emitter).map(|c| c.scored.clone())
    }

    /// All components of an emitter that say where their decays are.
    pub fn transported(&self, emitter: &str) -> Vec<(&DecayPattern, &ScoredComponent)> {
        let same = self.components.iter().filter(|c| c.emitter == emitter);
        same.filter_map(|c| Some((c.decays.as_ref()?, &c.scored))).collect()
    }

    /// Why [`Self::find`] gave nothing, in words for the user.
    pub fn why_missing(&self, name: &str, pattern: &str, emitter: &str) -> String {
        let named = |list: Vec<&Stored>| list.iter().map(|c| format!("\"{}\"", c.scored.name)).collect::<Vec<_>>().join(", ");
        let same_place: Vec<&Stored> = self.components.iter().filter(|c| c.pattern == pattern).collect();
        let same_emission: Vec<&Stored> = self.components.iter().filter(|c| c.emitter == emitter).collect();
        let nearest = if !same_place.is_empty() {
            format!(
                "{} has its decays in the same places, but another nuclide, chain or transport setting (cuts, photons, water)",
                named(same_place)
            )
        } else if !same_emission.is_empty() {
            format!("{} emits the same, but with decays in other places", named(same_emission))
        } else {
            "none has its decays in the same places or emits the same".into()
        };
        format!("{name}: no stored component fits: {nearest}; the transport has to be run with this plan")
    }

    /// Number of components.
    pub fn len(&self) -> usize {
        self.components.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }

    /// Histories behind all components together.
    pub fn histories(&self) -> u64 {
        self.components.iter().map(|c| c.histories).sum()
    }

    /// Fewest statistical batches behind a component; 0 if there are none.
    pub fn batches(&self) -> u32 {
        self.components.iter().map(|c| c.batches).min().unwrap_or(0)
    }
}

/// Reads the components that a run left in a folder, for the same phantom.
///
/// `saturation`: y0 (keV/um) that the saturated lineal energy of alphas must have been scored with; `None`: any, or none.
///
/// # Errors
/// [`Error::Io`] if a file is missing; [`Error::Input`] with the file and what differs if it is another schema or phantom, was scored with
/// another y0, or an image is damaged or not the one that was written.
pub fn stored_components(folder: &Path, phantom: &Phantom, saturation: Option<f64>) -> Result<StoredComponents> {
    let path = folder.join(FILE);
    let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::input(format!(
            "{}: not there; a run stores dose per decay with [response.tme] or output.components = true",
            path.display()
        )),
        _ => Error::io(&path)(source),
    })?;
    let wrong = |what: String| Error::input(format!("{}: {what}", path.display()));
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|e| wrong(format!("not the JSON of stored components: {e}")))?;
    match value.get("schema").and_then(serde_json::Value::as_str) {
        Some(SCHEMA) => {}
        other => {
            return Err(wrong(format!(
                "schema {}; this version reads \"{SCHEMA}\"",
                other.map_or("missing".into(), |s| format!("\"{s}\""))
            )));
        }
    }
    let document: Document = serde_json::from_value(value).map_err(|e| wrong(format!("not as schema {SCHEMA} has it: {e}")))?;
    if let Some(what) = document.phantom.difference(&PhantomDigest::new(phantom)) {
        return Err(wrong(format!("the dose was scored in another phantom: {what} differ; the transport has to be run with this plan")));
    }
    if let Some(wanted) = saturation.filter(|&y0| document.saturation_kev_um != Some(y0)) {
        let found = document.saturation_kev_um.map_or("not scored".into(), |y0| format!("scored with {y0} keV/um"));
        return Err(wrong(format!(
            "saturated lineal energy was {found}, but the plan asks for saturation_lineal_energy = {wanted} keV/um; the transport has to be \
             run with this plan"
        )));
    }
    let read = |entry: Entry| {
        component(folder, phantom, entry).map_err(|error| match error {
            // What an image reader says names the image already.
            Fault::Image(error) => error,
            Fault::Entry(what) => wrong(what),
        })
    };
    Ok(StoredComponents { components: document.components.into_iter().map(read).collect::<Result<_>>()? })
}

enum Fault {
    Image(Error),
    Entry(String),
}

fn component(folder: &Path, phantom: &Phantom, entry: Entry) -> std::result::Result<Stored, Fault> {
    let names: Vec<&str> = std::iter::once(WHOLE).chain(phantom.region_names.iter().map(String::as_str)).collect();
    if !entry.regions.iter().map(|r| r.region.as_str()).eq(names.iter().copied()) {
        return Err(Fault::Entry(format!("{}: energies of other regions than {}", entry.name, names.join(", "))));
    }
    let mut maps = MapKind::ALL.map(|_| None);
    for map in &entry.maps {
        let place = &mut maps[map.map as usize];
        if place.is_some() {
            return Err(Fault::Entry(format!("{}: the map \"{}\" is there twice", entry.name, map.map.stem())));
        }
        *place = Some(sparse(folder, &phantom.grid, &map.image)?);
    }
    let has = |map: MapKind| maps[map as usize].is_some();
    let alphas = [MapKind::Alpha, MapKind::DoseLet].map(has);
    if !has(MapKind::Low) || !has(MapKind::Sigma) || alphas[0] != alphas[1] || (alphas[0] && !has(MapKind::High)) {
        return Err(Fault::Entry(format!(
            "{}: maps are missing: low and sigma are always there, alpha with high and dose_let",
            entry.name
        )));
    }
    let mut voxels: Vec<u32> = maps.iter().flatten().flat_map(|map| map.iter().map(|&(voxel, _)| voxel)).collect();
    voxels.sort_unstable();
    voxels.dedup();
    let [low, high, alpha, dose_let, dose_quality, sigma] = maps.map(|map| map.map(|map| along(&voxels, &map)));
    let decays = match &entry.decays {
        Some(image) => {
            let (voxels, shares): (Vec<u32>, Vec<f64>) =
                sparse(folder, &phantom.grid, image)?.into_iter().map(|(voxel, share)| (voxel, f64::from(share))).unzip();
            let sum: f64 = shares.iter().sum();
            if (sum - 1.0).abs() > 1.0e-3 {
                return Err(Fault::Entry(format!("{}: the shares of the decays sum to {sum}, not 1", entry.name)));
            }
            Some(DecayPattern { voxels, shares: shares.iter().map(|share| share / sum).collect() })
        }
        None => None,
    };
    let regions = entry.regions.iter().map(super::RegionEntry::energy).collect();
    // Both are there: checked above.
    let (low, sigma) = (low.unwrap_or_default(), sigma.unwrap_or_default());
    Ok(Stored {
        pattern: entry.pattern_sha256,
        emitter: entry.emitter_sha256,
        histories: entry.histories,
        batches: entry.batches,
        decays,
        scored: ScoredComponent { name: entry.name, voxels, low, high, alpha, dose_let, dose_quality, sigma, regions },
    })
}

/// Reads an image and keeps the voxels that are not zero.
fn sparse(folder: &Path, grid: &VoxelGrid, map: &ImageEntry) -> std::result::Result<Vec<(u32, f32)>, Fault> {
    if Path::new(&map.file).file_name().is_none_or(|plain| plain != map.file.as_str()) {
        return Err(Fault::Entry(format!("\"{}\" is not the name of a file beside it", map.file)));
    }
    let path = folder.join(&map.file);
    let wrong = |what: String| Fault::Image(Error::input(format!("{}: {what}", path.display())));
    let volume = image::read(&path).map_err(Fault::Image)?;
    // NIfTI keeps places in single precision; the exact grid is part of the phantom's digest.
    if !volume.grid.same_place(grid, 1.0e-2 * grid.min_spacing()) {
        return Err(wrong(format!("{:?} voxels at another place than the phantom's {:?}", volume.grid.size, grid.size)));
    }
    if digest::values(&volume.data) != map.values_sha256 {
        return Err(wrong(format!("its values are not those that {FILE} was written with (SHA-256)")));
    }
    if let Some(voxel) = volume.data.iter().position(|&x| x < 0.0) {
        return Err(wrong(format!("{} in voxel {:?}; neither doses nor decays are negative", volume.data[voxel], grid.ijk(voxel))));
    }
    Ok((0u32..).zip(&volume.data).filter(|&(_, &x)| x > 0.0).map(|(voxel, &x)| (voxel, x)).collect())
}

/// A map at these voxels, which hold all of its own; both ascend.
fn along(voxels: &[u32], map: &[(u32, f32)]) -> Vec<f32> {
    let mut values = vec![0.0; voxels.len()];
    let mut at = 0;
    for &(voxel, value) in map {
        at += voxels[at..].partition_point(|&v| v < voxel);
        values[at] = value;
    }
    values
}
