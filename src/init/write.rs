//! The text of a plan from a CT.

use std::fmt::Write;

use super::{
    Draft, EXAMPLE, Found, Regions, Request,
    folder::Look,
    header_key,
    organs::{Organ, organ},
    quoted,
};
use crate::{
    grid::VoxelGrid,
    io::dicom::{self, ActivityUnit, Series},
    nuclide,
    plan::{ImageFile, tissue_names},
};

/// Bytes per voxel of a run of a few fractions, for the remark on memory; `dosaic validate` counts them.
const BYTES_PER_VOXEL: f64 = 300.0;
/// Longest comment line.
const WIDTH: usize = 140;

/// Text that grows; writing to it cannot fail.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{line}");
    }

    /// A comment, broken between words.
    fn remark(&mut self, text: &str) {
        let mut line = String::from("#");
        for word in text.split_whitespace() {
            if line.len() + word.len() >= WIDTH && line != "#" && line != "#  " {
                self.line(&line);
                "#  ".clone_into(&mut line);
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(line);
    }
}

/// The plan; `notes` says what was found and not used.
pub(super) fn plan(
    request: &Request,
    look: &Look,
    merge: [u32; 3],
    grid: &VoxelGrid,
    regions: Option<&Regions>,
    mut notes: Vec<String>,
) -> Draft {
    let mut page = Page::default();
    let usable: Vec<&Found> = regions.iter().flat_map(|r| &r.found).filter(|found| found.unusable.is_none()).collect();
    let mut warnings = std::mem::take(&mut notes);
    if let Some(regions) = regions {
        warnings.extend(regions.notes.iter().map(|note| format!("{}: {note}", regions.file.path.display())));
        let unusable =
            regions.found.iter().filter_map(|found| Some(format!("region \"{}\" is left out: {}", found.name, found.unusable.as_ref()?)));
        warnings.extend(unusable);
    } else {
        warnings.push(
            "no label image on the grid of the CT, no contours and no segments were found; regions have to be drawn: shapes in [[region]], or --labels FILE"
                .to_owned(),
        );
    }
    let images: Vec<(&Series, Result<ActivityUnit, String>)> =
        look.activity.iter().map(|series| (series, activity(look, series))).collect();
    for (series, read) in &images {
        if let Err(error) = read {
            warnings.push(format!("not used for uptake: {}: {error}", series.describe()));
        }
    }
    let mut about = vec![look.about.clone()];
    about.extend(regions.map(|regions| regions.about.clone()));
    about.extend(images.iter().filter(|(_, read)| read.is_ok()).map(|(series, _)| series.describe()));
    head(&mut page, request, look, &about, &warnings);
    phantom(&mut page, look, merge, grid, regions);
    self::regions(&mut page, regions);
    fraction(&mut page, request, look, &usable, &images);
    page.line("\n[transport]");
    page.line("histories = 1e6                        # per fraction; the run tells the statistical uncertainty");
    page.line("seed      = 1");
    response(&mut page, &usable);
    page.line("\n[output]");
    page.line("dicom = true                           # RT Dose objects too, for planning systems");
    Draft { text: page.0, warnings }
}

fn head(page: &mut Page, request: &Request, look: &Look, about: &[String], warnings: &[String]) {
    page.line("#:schema ./plan.schema.json");
    page.remark("The line above is for editors that complete and check TOML: `dosaic schema --out plan.schema.json` in this folder makes that file.");
    page.line("#");
    page.remark(&format!("Made by `dosaic init` from \"{}\". What is still to do, in this order:", request.path.display()));
    page.remark("1. `administered`, and the uptake of at least one region, below under [[fraction]]: nothing else is needed for a run");
    page.remark("2. `dosaic validate PLAN`: what the plan means, memory, and the time a run would take");
    page.remark("3. `dosaic run PLAN`");
    page.remark(&format!("A line with \"{EXAMPLE}\" holds a number that nobody measured. docs/plan.md describes every key."));
    page.line("#");
    for (title, list) in [("Found:", about), ("To judge:", warnings)] {
        if !list.is_empty() {
            page.remark(title);
            list.iter().for_each(|line| page.remark(&format!("- {line}")));
        }
    }
    page.line(format!("\ntitle = {}", quoted(&format!("{}, {}", request.nuclide, name_of(look)))));
}

fn name_of(look: &Look) -> String {
    let path = if look.folder.as_os_str().is_empty() { &look.ct.path } else { &look.folder };
    path.file_name().map_or_else(|| "patient".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// An image as a plan names it.
fn image(file: &ImageFile) -> String {
    let path = quoted(&file.path.display().to_string());
    match &file.series {
        None => path,
        Some(series) => format!("{{ path = {path}, series = {} }}", quoted(series)),
    }
}

fn phantom(page: &mut Page, look: &Look, merge: [u32; 3], grid: &VoxelGrid, regions: Option<&Regions>) {
    page.line("\n[phantom]");
    page.line(format!("ct     = {}", image(&look.ct)));
    if let Some(regions) = regions {
        page.line(format!("labels = {}", image(&regions.file)));
    }
    let ([x, y, z], s, ct) = (grid.size, grid.spacing, &look.grid);
    let [nx, ny, nz] = ct.size;
    let (voxels, memory) = (grid.len(), (grid.len() as f64 * BYTES_PER_VOXEL / 1e6).max(10.0));
    let of_ct = format!("The CT has {nx} x {ny} x {nz} voxels of {:.3} x {:.3} x {:.3} mm", ct.spacing.x, ct.spacing.y, ct.spacing.z);
    page.remark(&if ct.size == grid.size {
        format!("{of_ct}, which are those of the phantom: some {memory:.0} MB in a run. [2, 2, 1] would join four of them.")
    } else {
        format!(
            "{of_ct}. Blocks of them are joined (HU averaged, the most frequent label kept) to {x} x {y} x {z} = {voxels} voxels of {:.2} x {:.2} x {:.2} mm, some \
             {memory:.0} MB in a run; SPECT and PET resolve no more. [1, 1, 1] keeps the voxels of the CT, {:.0} times as many.",
            s.x,
            s.y,
            s.z,
            ct.len() as f64 / voxels as f64
        )
    });
    page.line(format!("merge  = [{}, {}, {}]", merge[0], merge[1], merge[2]));
}

fn regions(page: &mut Page, regions: Option<&Regions>) {
    let Some(regions) = regions else {
        page.line("");
        page.remark("Regions: named parts of the body that take up activity or are reported. Here one to be drawn; x to the left, y to the back, z to the head, in mm of the CT.");
        for line in ["[[region]]", "name   = \"lesion\"", "shape  = \"sphere\"", "center = \" mm\"", "radius = \" mm\""] {
            page.line(format!("#{line}"));
        }
        return;
    };
    page.line("");
    page.remark("Regions take material and density from the CT. Where they overlap, the later one has the voxel. Those that are not needed can go, or be joined: labels = [2, 3].");
    for found in &regions.found {
        page.line("");
        let off = if found.unusable.is_some() { "#" } else { "" };
        if let Some(why) = &found.unusable {
            page.remark(&format!("left out: {why}"));
        }
        page.line(format!("{off}[[region]]"));
        page.line(format!("{off}name  = {}", quoted(&found.name)));
        let (key, value) = found.voxels.split_once(" = ").unwrap_or((&found.voxels, ""));
        let volume = if found.unusable.is_some() { String::new() } else { format!("   # {}", volume(found.volume)) };
        page.line(format!("{off}{key:<5} = {value}{volume}"));
    }
}

fn volume(ml: f64) -> String {
    if ml < 10.0 { format!("{ml:.2} mL") } else { format!("{ml:.0} mL") }
}

fn fraction(page: &mut Page, request: &Request, look: &Look, usable: &[&Found], images: &[(&Series, Result<ActivityUnit, String>)]) {
    page.line(format!("\n[[nuclide]]\nname = {}", quoted(&request.nuclide)));
    page.line(
        "\n[[fraction]]                           # the first therapy cycle; copy this part for more, with `start = \"56 d\"` and so on",
    );
    page.line(format!("administered = \"{}\"                 # {EXAMPLE}", example_activity(&request.nuclide)));
    page.line("");
    page.remark(
        "Uptake. For each region that has any: remove the # of its lines and write what was measured: the activity at the start (extrapolated), or `fraction = \"2 %\"` of the \
         administered one, and the effective half-life. Regions without uptake stay out. Measured time points go into `samples` (docs/plan.md).",
    );
    for found in usable {
        page.line(format!("\n#[fraction.uptake.{}]", header_key(&found.name)));
        page.line("#activity  = \" MBq\"");
        page.line("#half_life = \" h\"");
    }
    if usable.is_empty() {
        page.line("\n#[fraction.uptake.lesion]\n#activity  = \" MBq\"\n#half_life = \" h\"");
    }
    for (series, read) in images {
        let Ok(unit) = read else { continue };
        page.line("");
        page.remark(&format!(
            "Or from the image {}: its time after the administration, and the effective half-life from then on.",
            series.describe()
        ));
        let selector = series.files[0].series.clone().or_else(|| Some(series.files[0].description.clone()).filter(|text| !text.is_empty()));
        page.line("#[[fraction.image]]");
        page.line(format!("#file      = {}", image(&ImageFile { path: look.folder.clone(), series: selector })));
        match unit {
            ActivityUnit::Concentration => page.line("#unit      = \"Bq/mL\""),
            ActivityUnit::Counts => {
                page.line("#unit      = \"counts\"");
                page.line("#per_count = \" Bq\"                     # activity that one count stands for: the calibration of the camera");
            }
        }
        page.line("#time      = \" h\"");
        page.line("#half_life = \" h\"");
    }
}

/// What an image of activity holds.
fn activity(look: &Look, series: &Series) -> Result<ActivityUnit, String> {
    let frames = series.frames_of_reference();
    if let (Some(ct), [frame]) = (&look.frame, &frames[..])
        && ct != frame
    {
        return Err(format!("its frame of reference is {frame}, that of the CT {ct}; register it to the CT first"));
    }
    let first = &series.files[0];
    let selector = first.series.clone().unwrap_or_else(|| first.description.clone());
    let selector = Some(selector.as_str()).filter(|text| !text.is_empty());
    dicom::read_activity(&look.folder, selector).map(|read| read.unit).map_err(|error| error.to_string())
}

/// An activity of the order that is given: alpha emitters far less than others.
pub(super) fn example_activity(name: &str) -> &'static str {
    let alphas = nuclide::emissions(name, true).is_ok_and(|chain| !chain.total.alphas.is_empty());
    if alphas { "8 MBq" } else { "7.4 GBq" }
}

fn response(page: &mut Page, usable: &[&Found]) {
    page.line("");
    page.remark(
        "Radiobiology. Tissues come from a table whose values are for the most part recalled or assumed; `dosaic validate` shows each with its source, and every report says so. Regions \
         without an entry count as `normal` tissue.",
    );
    for found in usable {
        match organ(&found.name) {
            Organ::Tissue(tissue) => {
                page.line(format!("\n[response.region.{}]\ntissue = \"{tissue}\"", header_key(&found.name)));
            }
            Organ::Tumour => {
                let tumours = tissue_names().filter(|name| ["dtc", "hcc", "net", "prostate-metastasis"].contains(name)).collect::<Vec<_>>();
                page.line(format!("\n#[response.region.{}]", header_key(&found.name)));
                page.line(format!("#tissue = \"\"                            # of which kind: {}", tumours.join(", ")));
            }
            Organ::Other => {}
        }
    }
}
