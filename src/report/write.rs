//! The set of files a run writes. Names are an interface: see `docs/formats/results.md`.

use serde::Serialize;

use crate::{
    dose::{
        accumulate::DoseMaps,
        external::ExternalDose,
        rate::{RateAt, RateMaps},
        regions::{Period, RegionDvh, RegionRow},
    },
    error::{Error, Result},
    io::dicom::rtdose::RtDose,
    report::{
        anatomy::Anatomy,
        components::{ComponentSet, write_components},
        json,
        provenance::Provenance,
        rt_dose::{RtDoseSet, write_rt_doses},
        summary::Summary,
        tables,
        tme::{self, TmeResult},
    },
    units::SECONDS_PER_HOUR,
    volume::Volume,
};

/// What an image shows; goes into its header and into the list of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quantity {
    /// In words, e.g. "absorbed dose, fraction 2".
    pub name: String,
    /// Unit, e.g. "Gy"; "1" for ratios.
    pub unit: &'static str,
}

/// Format of an image file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// NIfTI-1, gzip: `.nii.gz`.
    Nifti,
    /// MetaImage in one file: `.mha`.
    MetaImage,
    /// NRRD in one file, gzip: `.nrrd`.
    Nrrd,
    /// NumPy array, `.npy`, with its position in a JSON file of the same stem.
    Npy,
}

impl ImageFormat {
    /// What the name ends with, dot included.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Nifti => ".nii.gz",
            Self::MetaImage => ".mha",
            Self::Nrrd => ".nrrd",
            Self::Npy => ".npy",
        }
    }

    /// Name of a second file that comes with an image.
    pub fn sidecar(self, stem: &str) -> Option<String> {
        (self == Self::Npy).then(|| format!("{stem}.json"))
    }

    /// The entries of an image in the list of files.
    pub(super) fn entries(self, stem: &str, quantity: &Quantity) -> Vec<FileEntry> {
        let name = format!("{stem}{}", self.suffix());
        let beside =
            self.sidecar(stem).map(|name| FileEntry { quantity: format!("position of the voxels in {stem}.npy"), name, unit: None });
        [FileEntry { name, quantity: quantity.name.clone(), unit: Some(quantity.unit) }].into_iter().chain(beside).collect()
    }
}

/// Where results go; the output folder of a run, or memory in tests. Names are plain file names without folders.
pub trait ResultWriter {
    /// Writes an image; `name` carries the suffix of `format`. With a NumPy array its [`ImageFormat::sidecar`] is written too.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn image(&mut self, name: &str, format: ImageFormat, volume: &Volume<f32>, quantity: &Quantity) -> Result<()>;

    /// Writes maps at several times (s, ascending) as one 4-D NIfTI file (`.nii.gz`); returns whether its header holds the times.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn series(&mut self, name: &str, volumes: &[&Volume<f32>], times: &[f64], quantity: &Quantity) -> Result<bool>;

    /// Writes an RT Dose object (`.dcm`).
    ///
    /// # Errors
    /// If the file cannot be written.
    fn rt_dose(&mut self, name: &str, dose: &RtDose<'_>) -> Result<()>;

    /// Writes a text file (CSV, JSON), UTF-8.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn text(&mut self, name: &str, content: &str) -> Result<()>;
}

/// The maps of one fraction.
#[derive(Debug, Clone)]
pub struct FractionMaps {
    /// 1, 2, 3 ...
    pub number: u32,
    /// Dose maps.
    pub maps: DoseMaps,
    /// BED the fraction would have alone, Gy, where it was computed.
    pub bed: Option<Volume<f32>>,
    /// EQD2 the fraction would have alone, Gy, where it was computed.
    pub eqd2: Option<Volume<f32>>,
    /// Dose rate, where the plan asks for it.
    pub rate: Option<RateMaps>,
}

/// Everything a run found, ready to be written.
#[derive(Debug, Clone, Copy)]
pub struct RunResult<'a> {
    /// What the voxels are.
    pub anatomy: &'a Anatomy,
    /// Maps of all fractions together.
    pub total: &'a DoseMaps,
    /// BED of the whole treatment, Gy.
    pub bed_total: &'a Volume<f32>,
    /// EQD2 of the whole treatment, Gy, where it was computed.
    pub eqd2_total: Option<&'a Volume<f32>>,
    /// Maps per fraction; empty if the plan does not want them.
    pub fractions: &'a [FractionMaps],
    /// Dose rate of all fractions together at the times the plan asks for; empty if it asks for none.
    pub rates: &'a [RateAt],
    /// Doses computed elsewhere.
    pub external: &'a [ExternalDose],
    /// Region table, all fractions and the total.
    pub rows: &'a [RegionRow],
    /// DVHs in the same order.
    pub dvhs: &'a [RegionDvh],
    /// For `summary.json`.
    pub summary: &'a Summary,
    /// For `provenance.json`.
    pub provenance: &'a Provenance,
    /// Formats in which every image is written besides NIfTI.
    pub formats: &'a [ImageFormat],
    /// Also write doses in GATE's frame.
    pub gate_frame: bool,
    /// RT Dose objects; `None`: not asked for.
    pub rt_dose: Option<&'a RtDoseSet<'a>>,
    /// Dose per decay of the components, to be stored; `None`: not asked for.
    pub components: Option<&'a ComponentSet<'a>>,
    /// `activity.csv`, by [`super::activity::activity_csv`].
    pub activity: &'a str,
    /// `time_activity.json`, by [`super::activity::time_activity_json`].
    pub time_activity: &'a str,
    /// The microenvironment, where the plan asks for it.
    pub tme: Option<&'a TmeResult>,
}

/// One line of the list of files in `provenance.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileEntry {
    /// Plain file name.
    pub name: String,
    /// What it holds.
    pub quantity: String,
    /// Unit of an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
}

#[derive(Serialize)]
struct WithFiles<'a> {
    #[serde(flatten)]
    provenance: &'a Provenance,
    files: Vec<FileEntry>,
}

/// Writes all files of a run; returns their names in the order written, `provenance.json` last: where it is, all others are.
///
/// # Errors
/// Whatever the writer reports; or if a map holds a value that is not finite (nothing is written then).
pub fn write_all(result: &RunResult<'_>, writer: &mut dyn ResultWriter) -> Result<Vec<String>> {
    let images = images(result);
    for (stem, volume, _) in &images {
        if let Some(v) = volume.data.iter().position(|x| !x.is_finite()) {
            return Err(Error::input(format!(
                "{stem}: the value of voxel {:?} is {}, not a number that can be reported; nothing was written",
                volume.grid.ijk(v),
                volume.data[v]
            )));
        }
    }
    let mut files = Vec::new();
    let formats = &[&[ImageFormat::Nifti], result.formats].concat()[..];
    if let Some(tme) = result.tme {
        files.extend(tme::write(tme, formats, writer)?);
    }
    for &format in formats {
        for (stem, volume, quantity) in &images {
            let name = format!("{stem}{}", format.suffix());
            writer.image(&name, format, volume, quantity)?;
            files.extend(format.entries(stem, quantity));
        }
    }
    if result.gate_frame {
        files.extend(write_gate_frame(result, writer)?);
    }
    if result.rates.len() > 1 {
        files.extend(write_rate_series(result.rates, writer)?);
    }
    if let Some(set) = result.rt_dose {
        files.extend(write_rt_doses(result, set, writer)?);
    }
    if let Some(set) = result.components {
        files.extend(write_components(set, writer)?);
    }
    let mut texts = vec![
        ("regions.csv", "doses per region", tables::regions_csv(result.rows, &result.summary.dose_levels_gy)),
        ("dvh.csv", "cumulative dose-volume histograms", tables::dvh_csv(result.dvhs)),
        ("activity.csv", "time-integrated activities by source component", result.activity.to_owned()),
        ("time_activity.json", "activity in time: samples, fits, pieces", result.time_activity.to_owned()),
        ("summary.json", "energy balance, statistics, timings, regions", result.summary.to_json()?),
    ];
    if !result.rates.is_empty() {
        let total = result.rows.iter().filter(|row| row.fraction == Period::Total);
        let regions: Vec<(String, usize)> = total.map(|row| (row.region.clone(), row.voxels)).collect();
        texts.push(("dose_rate.csv", "dose rate per region at requested times", tables::dose_rate_csv(result.rates, &regions)));
    }
    if result.fractions.iter().any(|f| f.rate.is_some()) {
        let terms = result.fractions.iter().filter_map(|f| Some((f.number, f.rate.as_ref()?.terms.as_slice())));
        texts.push(("dose_rate_terms.csv", "times and rates of the dose-rate amplitudes", tables::dose_rate_terms_csv(terms)));
    }
    for (name, quantity, content) in texts {
        writer.text(name, &content)?;
        files.push(FileEntry { name: name.into(), quantity: quantity.into(), unit: None });
    }
    let mut names: Vec<String> = files.iter().map(|f| f.name.clone()).collect();
    writer.text("provenance.json", &json::pretty(&WithFiles { provenance: result.provenance, files })?)?;
    names.push("provenance.json".into());
    Ok(names)
}

/// Doses as GATE's DoseActor writes them: along the axes of the grid and centred on it, wherever the patient is.
fn write_gate_frame(result: &RunResult<'_>, writer: &mut dyn ResultWriter) -> Result<Vec<FileEntry>> {
    let mut files = Vec::new();
    let fractions = result.fractions.iter().map(|f| (format!("dose_fraction-{:02}", f.number), &f.maps));
    for (stem, maps) in std::iter::once(("dose_total".to_owned(), result.total)).chain(fractions) {
        for (stem, map, what, unit) in [
            (format!("gate_{stem}"), &maps.dose, "absorbed dose in GATE's frame", "Gy"),
            (format!("gate_{stem}_uncertainty"), &maps.uncertainty, "relative standard error in GATE's frame", "1"),
        ] {
            let format = ImageFormat::MetaImage;
            let quantity = Quantity { name: what.into(), unit };
            let centred = Volume::new(map.grid.centred(), map.data.clone());
            writer.image(&format!("{stem}{}", format.suffix()), format, &centred, &quantity)?;
            files.extend(format.entries(&stem, &quantity));
        }
    }
    Ok(files)
}

#[derive(Serialize)]
struct RateSeries {
    schema: &'static str,
    image: &'static str,
    quantity: String,
    unit: &'static str,
    /// Hours after the start of the first fraction, one per frame.
    times_h: Vec<f64>,
    /// Whether the image's header holds them too.
    times_in_header: bool,
}

/// The dose rate of all fractions at all times asked for in one 4-D image, with its times beside it.
fn write_rate_series(rates: &[RateAt], writer: &mut dyn ResultWriter) -> Result<Vec<FileEntry>> {
    let image = "dose_rate_series.nii.gz";
    let quantity = Quantity { name: "dose rate of all fractions, in time".into(), unit: "Gy/h" };
    let maps: Vec<&Volume<f32>> = rates.iter().map(|rate| &rate.map).collect();
    let times: Vec<f64> = rates.iter().map(|rate| rate.time).collect();
    let times_in_header = writer.series(image, &maps, &times, &quantity)?;
    let beside = RateSeries {
        schema: "dosaic-rate-series/1",
        image,
        quantity: quantity.name.clone(),
        unit: quantity.unit,
        times_h: times.iter().map(|time| time / SECONDS_PER_HOUR).collect(),
        times_in_header,
    };
    let name = "dose_rate_series.json";
    writer.text(name, &json::pretty(&beside)?)?;
    Ok(vec![
        FileEntry { name: image.into(), quantity: quantity.name, unit: Some(quantity.unit) },
        FileEntry { name: name.into(), quantity: "times of dose_rate_series".into(), unit: None },
    ])
}

/// Stem, data and meaning of every image.
fn images<'a>(result: &RunResult<'a>) -> Vec<(String, &'a Volume<f32>, Quantity)> {
    let mut list = Vec::new();
    let mut add = |stem: String, volume: Option<&'a Volume<f32>>, name: String, unit: &'static str| {
        if let Some(volume) = volume {
            list.push((stem, volume, Quantity { name, unit }));
        }
    };
    let t = result.total;
    let total = |what: &str| format!("{what}, all fractions");
    add("density".into(), Some(&result.anatomy.density), "density".into(), "g/cm3");
    add("regions".into(), Some(&result.anatomy.regions), "number of the region in the order of regions.csv, 0: none".into(), "1");
    add("dose_total".into(), Some(&t.dose), total("absorbed dose"), "Gy");
    add("dose_total_uncertainty".into(), Some(&t.uncertainty), total("relative standard error of the dose"), "1");
    let by_activity = "relative uncertainty of the dose from the activities";
    add("dose_total_activity_uncertainty".into(), t.activity_uncertainty.as_ref(), total(by_activity), "1");
    add("dose_high_let_total".into(), t.high.as_ref(), total("absorbed dose from alphas and recoils"), "Gy");
    add("let_total".into(), t.let_mean.as_ref(), total("dose-averaged LET of alphas"), "keV/um");
    add("bed_total".into(), Some(result.bed_total), total("biologically effective dose"), "Gy");
    add("eqd2_total".into(), result.eqd2_total, total("equieffective dose in 2-Gy fractions"), "Gy");
    for rate in result.rates {
        let hours = tables::hours(rate.time);
        let name = total(&format!("dose rate {hours} h after the first start"));
        add(format!("dose_rate_at-{hours}h"), Some(&rate.map), name, "Gy/h");
    }
    for external in result.external {
        let n = external.plan.number;
        add(format!("dose_external-{n:02}"), Some(&external.dose), format!("absorbed dose, external dose {n}"), "Gy");
    }
    for f in result.fractions {
        let n = f.number;
        let of = |what: &str| format!("{what}, fraction {n}");
        add(format!("dose_fraction-{n:02}"), Some(&f.maps.dose), of("absorbed dose"), "Gy");
        add(format!("dose_fraction-{n:02}_uncertainty"), Some(&f.maps.uncertainty), of("relative standard error of the dose"), "1");
        let name = format!("dose_fraction-{n:02}_activity_uncertainty");
        add(name, f.maps.activity_uncertainty.as_ref(), of(by_activity), "1");
        add(format!("dose_high_let_fraction-{n:02}"), f.maps.high.as_ref(), of("absorbed dose from alphas and recoils"), "Gy");
        add(format!("let_fraction-{n:02}"), f.maps.let_mean.as_ref(), of("dose-averaged LET of alphas"), "keV/um");
        add(format!("bed_fraction-{n:02}"), f.bed.as_ref(), of("biologically effective dose"), "Gy");
        add(format!("eqd2_fraction-{n:02}"), f.eqd2.as_ref(), of("equieffective dose in 2-Gy fractions"), "Gy");
        if let Some(rate) = &f.rate {
            add(format!("dose_rate_fraction-{n:02}"), Some(&rate.initial), of("dose rate at the start"), "Gy/h");
            add(format!("decay_constant_fraction-{n:02}"), Some(&rate.decay), of("one over the mean time of the dose"), "1/h");
            for (i, term) in rate.terms.iter().enumerate() {
                let name = of(&format!("amplitude of dose-rate term {}", i + 1));
                add(tables::term_stem(n, i), Some(&term.amplitude), name, tables::amplitude_unit(term.term.power));
            }
        }
    }
    list
}
