//! The resolved plan as a text: every value with its unit, and which of them the file left to defaults.

mod kinetics;
mod tme;

use std::fmt::Write as _;

use super::{
    ExternalDosePlan, FractionPlan, ImageQuantity, Medium, OutputPlan, PhantomPlan, PhotonMode, Plan, Prediction, RegionPlan, ResponsePlan,
    Shape, TissueParameters, TransportPlan, UptakePattern, WaterData,
    show::{activity, count, energy, length, number, percent, time, vector, with_unit},
};
use crate::error::{Error, Result};

/// Values longer than this do not push the notes of the others to the right.
const VALUE_WIDTH: usize = 40;

impl Plan {
    /// The whole plan in aligned lines: what the file says, and every default with where it came from in parentheses.
    pub fn describe(&self) -> String {
        let mut sheet = Sheet { plan: self, rows: Vec::new() };
        sheet.heading(0, "plan");
        sheet.entry("title", self.title.clone(), "plan.title");
        sheet.entry("file", self.source.path.display().to_string(), "");
        sheet.entry("sha256", self.source.sha256.clone(), "");
        sheet.phantom(&self.phantom);
        self.regions.iter().for_each(|r| sheet.region(r));
        for nuclide in &self.nuclides {
            let path = format!("nuclide.{}", nuclide.name);
            sheet.heading(0, &format!("nuclide {}", nuclide.name));
            sheet.entry("daughters", yes_no(nuclide.daughters), &format!("{path}.daughters"));
            for (at, rule) in nuclide.redistribution.iter().enumerate() {
                sheet.redistribution(rule, &format!("{path}.redistribution.{at}"));
            }
        }
        self.fractions.iter().for_each(|f| sheet.fraction(f));
        self.external.iter().for_each(|e| sheet.external(e));
        sheet.transport(&self.transport);
        sheet.response(&self.response);
        sheet.output(&self.output);
        sheet.render()
    }

    /// The resolved plan as JSON, in the program's units (see the types).
    ///
    /// # Errors
    /// A file name that is not UTF-8.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|e| Error::input(format!("{}: {e}", self.source.path.display())))
    }
}

fn yes_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

enum Row<'p> {
    Heading(usize, String),
    Entry(usize, String, String, Option<&'p str>),
}

struct Sheet<'p> {
    plan: &'p Plan,
    rows: Vec<Row<'p>>,
}

impl<'p> Sheet<'p> {
    fn heading(&mut self, level: usize, text: &str) {
        self.rows.push(Row::Heading(level, text.to_owned()));
    }

    /// A value and the note of the default at `path`, if it is one.
    fn entry(&mut self, key: &str, value: String, path: &str) {
        let level = self.rows.iter().rev().find_map(|r| if let Row::Heading(level, _) = r { Some(level + 1) } else { None });
        let note = self.plan.defaults.get(path).map(String::as_str);
        self.rows.push(Row::Entry(level.unwrap_or(0), key.to_owned(), value, note));
    }

    fn render(&self) -> String {
        let widths = self.rows.iter().filter_map(|r| match r {
            Row::Entry(level, key, value, _) => Some((level * 2 + key.chars().count(), value.chars().count())),
            Row::Heading(..) => None,
        });
        let (keys, values) = widths.fold((0, 0), |(k, v), (key, value)| (k.max(key), if value <= VALUE_WIDTH { v.max(value) } else { v }));
        let mut out = String::new();
        for row in &self.rows {
            // Writing into a String cannot fail.
            let _ = match row {
                Row::Heading(0, text) if out.is_empty() => writeln!(out, "{text}"),
                Row::Heading(0, text) => writeln!(out, "\n{text}"),
                Row::Heading(level, text) => writeln!(out, "{}{text}", "  ".repeat(*level)),
                Row::Entry(level, key, value, None) => writeln!(out, "{:keys$}  {value}", format!("{}{key}", "  ".repeat(*level))),
                Row::Entry(level, key, value, Some(note)) => {
                    writeln!(out, "{:keys$}  {value:values$}  ({note})", format!("{}{key}", "  ".repeat(*level)))
                }
            };
        }
        out
    }

    fn phantom(&mut self, phantom: &PhantomPlan) {
        self.heading(0, "phantom");
        match phantom {
            PhantomPlan::Procedural { grid, background } => {
                let [nx, ny, nz] = grid.size;
                let last = grid.center([nx - 1, ny - 1, nz - 1]);
                self.entry("voxels", format!("{nx} x {ny} x {nz} = {}", count(grid.len() as u64)), "");
                self.entry("spacing", vector(grid.spacing), "");
                self.entry("centre of first voxel", vector(grid.origin), "");
                self.entry("centre of grid", vector((grid.origin + last) * 0.5), "phantom.center");
                self.medium("background", background, "phantom.background.density");
            }
            PhantomPlan::Labels { image, background } => {
                self.entry("label image", image.display().to_string(), "");
                self.medium("background", background, "phantom.background.density");
            }
            PhantomPlan::Ct { image, labels, merge, registered } => {
                self.entry("CT image", image.display().to_string(), "");
                self.entry("label image", labels.as_ref().map_or("none".to_owned(), |l| l.display().to_string()), "");
                self.entry("CT voxels in one", format!("{} x {} x {}", merge[0], merge[1], merge[2]), "phantom.merge");
                if *registered {
                    self.entry("registered", "whatever frames of reference say".to_owned(), "");
                }
            }
        }
    }

    fn medium(&mut self, key: &str, medium: &Medium, path: &str) {
        self.entry(key, medium.material.clone(), "");
        match medium.density {
            Some(density) => self.entry("density", with_unit(density, "g/cm3"), ""),
            None => self.entry("density", "of the material".to_owned(), path),
        }
    }

    fn region(&mut self, region: &RegionPlan) {
        let path = format!("region.{}", region.name);
        self.heading(0, &format!("region {}", region.name));
        match &region.medium {
            Some(medium) => self.medium("material", medium, &format!("{path}.density")),
            None => self.entry("material", "of the CT".to_owned(), &format!("{path}.material")),
        }
        for (at, shape) in region.shapes.iter().enumerate() {
            // A shape of its own keeps its defaults under the region, one of a list under its place in the list.
            let listed = format!("{path}.shapes.{at}.axis");
            let axis = if self.plan.defaults.contains_key(&listed) { listed } else { format!("{path}.axis") };
            self.entry("shape", shape_text(shape), if matches!(shape, Shape::Cylinder { .. }) { &axis } else { "" });
        }
        if !region.labels.is_empty() {
            let labels: Vec<String> = region.labels.iter().map(u32::to_string).collect();
            self.entry("labels", labels.join(", "), "");
        }
        if !region.rois.is_empty() {
            self.entry("structures", region.rois.join(", "), "");
        }
    }

    fn fraction(&mut self, fraction: &FractionPlan) {
        let path = format!("fraction.{}", fraction.number);
        self.heading(0, &format!("fraction {}", fraction.number));
        self.entry("start", time(fraction.start), &format!("{path}.start"));
        let nuclide = self.plan.nuclides.get(fraction.nuclide).map_or("?", |n| n.name.as_str());
        self.entry("nuclide", nuclide.to_owned(), &format!("{path}.nuclide"));
        self.entry("administered", activity(fraction.administered), &format!("{path}.administered"));
        self.entry("histories", count(fraction.histories), &format!("{path}.histories"));
        self.entry(
            "counts",
            fraction.until.map_or("to infinity".to_owned(), |until| format!("until {} after its start", time(until))),
            &format!("{path}.until"),
        );
        if let Some(from) = fraction.predicted_from {
            self.entry("uptake", format!("predicted by the response from fraction {from}"), "");
        }
        if let Some(model) = &fraction.compartments {
            self.compartments(model);
        }
        for (at, uptake) in fraction.uptakes.iter().enumerate() {
            let path = format!("{path}.uptakes.{at}");
            self.heading(1, &format!("uptake in {}", uptake.region));
            self.prediction(fraction, uptake.predicted);
            self.kinetics(&uptake.kinetics, fraction, &path);
            self.pattern(&uptake.pattern, &path);
        }
        for (at, image) in fraction.images.iter().enumerate() {
            let path = format!("{path}.images.{at}");
            self.heading(1, "uptake from an image");
            self.prediction(fraction, image.predicted);
            self.entry("file", image.path.display().to_string(), &format!("{path}.path"));
            let unit = match image.quantity {
                ImageQuantity::Activity => "Bq per voxel".to_owned(),
                ImageQuantity::Concentration => "Bq/mL".to_owned(),
                ImageQuantity::TimeIntegratedActivity => "Bq s per voxel".to_owned(),
                ImageQuantity::Counts { per_count } => format!("counts per voxel, {} each", activity(per_count)),
                ImageQuantity::Relative { total } => format!("relative, {} in all", activity(total)),
            };
            self.entry("values", unit, &format!("{path}.quantity"));
            self.entry("region", image.region.clone().unwrap_or("whole image".to_owned()), &format!("{path}.region"));
            if image.quantity != ImageQuantity::TimeIntegratedActivity {
                self.entry("time after start", time(image.time), &format!("{path}.time"));
            }
            self.entry("effective half-life", time(image.effective_half_life), &format!("{path}.effective_half_life"));
        }
        for (at, series) in fraction.series.iter().enumerate() {
            self.series(series, &format!("{path}.series.{at}"));
            self.prediction(fraction, series.predicted);
        }
    }

    fn external(&mut self, external: &ExternalDosePlan) {
        let path = format!("external_dose.{}", external.number - 1);
        self.heading(0, &format!("external dose {}", external.name));
        self.entry("file", external.path.display().to_string(), "");
        let sessions = format!("{} session{}", external.fractions, if external.fractions == 1 { "" } else { "s" });
        self.entry("delivered", format!("in {sessions}, the first at {}", time(external.start)), "");
        self.entry("interval", time(external.interval), &format!("{path}.interval"));
    }

    /// Whether something in a fraction with prediction is predicted itself.
    fn prediction(&mut self, fraction: &FractionPlan, predicted: Option<Prediction>) {
        match predicted {
            Some(Prediction { from, .. }) => self.entry("changes by the response", format!("since fraction {from}"), ""),
            None if fraction.predicted_from.is_some() => self.entry("changes by the response", "no: measured".to_owned(), ""),
            None => {}
        }
    }

    fn pattern(&mut self, pattern: &UptakePattern, path: &str) {
        let kind = format!("{path}.pattern");
        let seed_path = format!("{path}.seed");
        match *pattern {
            UptakePattern::Uniform => self.entry("pattern", "uniform".to_owned(), &kind),
            UptakePattern::Ligand => self.entry("pattern", "ligand, bound where it arrives".to_owned(), &kind),
            UptakePattern::LogNormal { cv, correlation, seed } => {
                self.entry("pattern", "log-normal".to_owned(), &kind);
                self.entry("coefficient of variation", percent(cv), "");
                self.entry("correlation length", length(correlation), "");
                self.entry("seed", seed.to_string(), &seed_path);
            }
            UptakePattern::Rim { length: depth, core } => {
                self.entry("pattern", "rim".to_owned(), &kind);
                self.entry("depth of fall by e", length(depth), "");
                self.entry("core relative to rim", percent(core), &format!("{path}.core"));
            }
            UptakePattern::Vessels { spacing, length: distance, seed } => {
                self.entry("pattern", "vessels".to_owned(), &kind);
                self.entry("mean vessel spacing", length(spacing), "");
                self.entry("distance of fall by e", length(distance), "");
                self.entry("seed", seed.to_string(), &seed_path);
            }
        }
    }

    fn transport(&mut self, transport: &TransportPlan) {
        self.heading(0, "transport");
        self.entry("histories", format!("{} per fraction", count(transport.histories)), "transport.histories");
        self.entry("batches", transport.batches.to_string(), "transport.batches");
        match &transport.goal {
            None => self.entry("goal", "none".to_owned(), "transport.goal"),
            Some(goal) => {
                self.entry("goal", format!("{} per voxel in {}", percent(goal.relative), goal.region), "");
                self.entry("at most", format!("{} histories per fraction", count(goal.max_histories)), "transport.goal.max_histories");
            }
        }
        self.entry("seed", transport.seed.to_string(), "transport.seed");
        self.entry("device", transport.device.clone(), "transport.device");
        let water = match transport.water {
            WaterData::Icru90 => "ICRU 90, I = 78 eV",
            WaterData::Icru49 => "ICRU 37 and 49, I = 75 eV",
        };
        self.entry("water", water.to_owned(), "transport.water");
        let cut = |value: Option<f64>| value.map_or("from the voxel size".to_owned(), energy);
        self.entry("delta threshold", cut(transport.delta_threshold), "transport.delta_threshold");
        self.entry("electron cut", cut(transport.electron_cut), "transport.electron_cut");
        let photons = match transport.photons {
            PhotonMode::Analogue => "transported, with the electrons they set free",
            PhotonMode::TrackLength => "transported, dose by track length (collision kerma)",
            PhotonMode::Off => "not transported",
        };
        self.entry("photons", photons.to_owned(), "transport.photons");
        self.entry("photon threshold", cut(transport.photon_threshold), "transport.photon_threshold");
        self.entry("photon cut", transport.photon_cut.map_or("1 keV".to_owned(), energy), "transport.photon_cut");
        self.entry("range rejection", yes_no(transport.range_rejection), "transport.range_rejection");
    }

    fn response(&mut self, response: &ResponsePlan) {
        self.heading(0, "response");
        self.tissue("where no region has its own", &response.default, "response.default");
        for (region, parameters) in &response.regions {
            self.tissue(region, parameters, &format!("response.region.{region}"));
        }
        if let Some(tme) = &response.tme {
            self.tme(tme);
        }
    }

    fn tissue(&mut self, name: &str, p: &TissueParameters, path: &str) {
        self.heading(1, name);
        let path = |key: &str| format!("{path}.{key}");
        self.entry("alpha", with_unit(p.alpha, "/Gy"), &path("alpha"));
        self.entry("alpha/beta", with_unit(p.alpha_beta, "Gy"), &path("alpha_beta"));
        self.entry("repair half-time", time(p.repair_half_time), &path("repair_half_time"));
        self.entry("RBE of high LET (alpha)", number(p.rbe_high_let), &path("rbe_high_let"));
        self.entry("factor of high LET (beta)", number(p.high_let_beta), &path("high_let_beta"));
        if let Some(clonogens) = p.clonogens_per_ml {
            self.entry("clonogens", with_unit(clonogens, "/mL"), &path("clonogens"));
        }
        if let Some(repopulation) = p.repopulation {
            self.entry("doubling time", time(repopulation.doubling_time), &path("doubling_time"));
            self.entry("kick-off", time(repopulation.kick_off), &path("kick_off"));
        }
        if let Some(lkb) = p.lkb {
            self.entry("NTCP TD50", with_unit(lkb.td50, "Gy EQD2"), &path("td50"));
            self.entry("NTCP m", number(lkb.m), &path("m"));
            self.entry("NTCP n", number(lkb.n), &path("n"));
        }
        if let Some(limit) = p.bed_limit {
            self.entry("limit on mean BED", with_unit(limit, "Gy"), &path("bed_limit"));
        }
    }

    fn output(&mut self, output: &OutputPlan) {
        self.heading(0, "output");
        self.entry("MetaImage too", yes_no(output.metaimage), "output.metaimage");
        self.entry("NRRD too", yes_no(output.nrrd), "output.nrrd");
        self.entry("NumPy arrays too", yes_no(output.npy), "output.npy");
        self.entry("GATE's frame too", yes_no(output.gate_frame), "output.gate_frame");
        match &output.dicom {
            None => self.entry("RT Dose", "no".to_owned(), "output.dicom"),
            Some(dicom) => {
                let quantities: Vec<&str> = dicom.quantities.iter().map(|q| q.words()).collect();
                self.entry("RT Dose", quantities.join(", "), "output.dicom.quantities");
                self.entry("bits of RT Dose", u16::from(dicom.bits).to_string(), "output.dicom.bits");
            }
        }
        self.entry("anonymise", yes_no(output.anonymise), "output.anonymise");
        self.entry("dose of each fraction", yes_no(output.fractions), "output.fractions");
        self.entry("dose-rate maps", yes_no(output.dose_rate), "output.dose_rate");
        self.entry("dose per decay stored", yes_no(output.components), "output.components");
        let times: Vec<String> = output.dose_rate_at.iter().map(|&t| time(t)).collect();
        let times = if times.is_empty() { "none".to_owned() } else { format!("{} after the first start", times.join(", ")) };
        self.entry("dose rate at", times, "output.dose_rate_at");
        let levels: Vec<String> = output.dose_levels.iter().map(|&d| number(d)).collect();
        let levels = if levels.is_empty() { "none".to_owned() } else { format!("{} Gy", levels.join(", ")) };
        self.entry("V_x at", levels, "output.dose_levels");
        self.entry("DVH bin", output.dvh_bin.map_or("1/500 of the maximum".to_owned(), |b| with_unit(b, "Gy")), "output.dvh_bin");
    }
}

fn shape_text(shape: &Shape) -> String {
    match *shape {
        Shape::Box { center, size } => format!("box at {}, edges {}", vector(center), vector(size)),
        Shape::Sphere { center, radius } => format!("sphere at {}, radius {}", vector(center), length(radius)),
        Shape::Ellipsoid { center, semi_axes } => format!("ellipsoid at {}, semi-axes {}", vector(center), vector(semi_axes)),
        Shape::Cylinder { center, axis, radius, height } => format!(
            "cylinder at {}, radius {}, height {}, axis {}, {}, {}",
            vector(center),
            length(radius),
            length(height),
            number(axis.x),
            number(axis.y),
            number(axis.z)
        ),
        Shape::Shell { center, inner_radius, outer_radius } => {
            format!("shell at {}, radii {} to {}", vector(center), length(inner_radius), length(outer_radius))
        }
        Shape::Slab { axis, from, to } => format!("slab, {} from {} to {}", ["x", "y", "z"][axis.min(2)], length(from), length(to)),
        Shape::HalfSpace { point, normal } => {
            format!("half-space from {} towards {}, {}, {}", vector(point), number(normal.x), number(normal.y), number(normal.z))
        }
    }
}
