//! The plan file: TOML text to a checked [`Plan`], with every problem of the file reported at once.

mod drug;
mod external;
mod fraction;
mod kinetics;
mod ligand;
mod nuclide;
mod phantom;
mod region;
mod response;
pub(super) mod schema;
mod settings;
mod shape;
mod tme;
mod uptake;

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use toml::de::{DeTable, DeValue};

use super::{
    ImageFile, Medium, NuclidePlan, Plan, PlanSource, VoxelGrid,
    frame::{Fault, Findings, suggestion},
    quantity::{DENSITY, Limits},
    section::{Field, Section, text},
    vocabulary::Vocabulary,
};
use crate::{
    error::{Error, Result},
    io,
};

/// Reads and checks a plan file; file names in it are resolved against its folder.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Input`] with every problem framed by its line otherwise.
pub fn load_with(path: &Path, vocabulary: &Vocabulary) -> Result<Plan> {
    parse(&io::text::read(path, "a plan is a TOML text")?, path, vocabulary)
}

/// Checks the text of a plan as if read from `path`.
///
/// # Errors
/// [`Error::Input`] with every problem framed by its line.
pub fn parse(text: &str, path: &Path, vocabulary: &Vocabulary) -> Result<Plan> {
    let name = path.display().to_string();
    let findings = Findings::new(&name, text);
    let (tree, syntax) = DeTable::parse_recoverable(text);
    // After the first error of syntax the parser guesses; only that one is sure.
    if let Some(error) = syntax.iter().min_by_key(|e| e.span().map_or(0, |s| s.start)) {
        let span = error.span().unwrap_or(0..0);
        let help = unquoted_help(text, span.start);
        findings.problem(span, Fault { message: format!("TOML: {}", error.message()), help });
        return Err(findings.finish().err().unwrap_or_else(|| Error::input(format!("{name}: broken TOML"))));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let root = Section::new(&findings, tree.get_ref(), 0..0, "the plan", "plan");
    let draft = Context { vocabulary, folder }.plan(&root);
    let defaults = findings.finish()?;
    let mut plan = draft.ok_or_else(|| Error::input(format!("{name}: the plan is incomplete")))?;
    plan.defaults = defaults;
    plan.source = PlanSource { path: path.to_owned(), text: text.to_owned(), sha256: digest(text) };
    Ok(plan)
}

/// SHA-256 of a text, hexadecimal.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Advice for the commonest slip, `activity = 7.4 GBq` without quotes.
fn unquoted_help(text: &str, at: usize) -> Option<String> {
    let at = (0..=at.min(text.len())).rev().find(|&p| text.is_char_boundary(p))?;
    let start = text[..at].rfind('\n').map_or(0, |p| p + 1);
    let line = text[start..].lines().next()?;
    let (key, value) = line.split_once('=')?;
    let value = value.split('#').next()?.trim();
    let quantity =
        value.starts_with(|c: char| c.is_ascii_digit() || c == '-') && value.ends_with(|c: char| c.is_alphabetic() || c == '%' || c == '3');
    quantity.then(|| format!("a quantity stands in quotes: {} = \"{value}\"", key.trim()))
}

/// Densities, g/cm3.
const DENSITIES: Limits = Limits::between(1e-4, 25.0);

/// What reading needs besides the file itself.
#[derive(Clone, Copy)]
struct Context<'v> {
    vocabulary: &'v Vocabulary,
    folder: &'v Path,
}

/// A nuclide of the plan while reading: `half_life` is unknown if its name was wrong.
struct Nuclide {
    plan: NuclidePlan,
    half_life: Option<f64>,
}

/// The names of regions, for references to them.
struct RegionNames {
    names: Vec<String>,
    /// False if a region's own name is broken (which has been noted): then a name that is not here may be that one.
    complete: bool,
}

impl RegionNames {
    /// Checks a reference to a region; a problem is noted.
    fn check(&self, section: &Section<'_>, name: &str, span: Range<usize>) -> bool {
        let known = self.names.iter().any(|n| n == name);
        if !known && self.complete {
            let help = suggestion(name, self.names.iter().map(String::as_str), "regions");
            section.problem(span, Fault::new(format!("there is no region \"{name}\""), help));
        }
        known
    }
}

impl Context<'_> {
    fn plan(self, root: &Section<'_>) -> Option<Plan> {
        root.only(&["title", "phantom", "region", "nuclide", "fraction", "external_dose", "transport", "response", "output"]);
        let title = root.text("title", "title = \"Four cycles of Lu-177\"");
        let title = root.or_default("title", title, "untitled").to_owned();
        let phantom = self.phantom(root);
        let grid = phantom.as_ref().and_then(phantom::Drafted::grid);
        let (regions, complete) = self.regions(root, phantom.as_ref().map(|p| p.kind), grid.as_ref());
        let names = RegionNames { names: regions.iter().map(|r| r.name.clone()).collect(), complete };
        let nuclides = self.nuclides(root, &names);
        let transport = settings::transport(root, &names);
        let fractions = self.fractions(root, &names, &nuclides, transport.histories);
        let response = response::response(self, root, &names, &fractions, grid.as_ref());
        ligand::check(root, &fractions, &response);
        let external = self.external_doses(root);
        if response.tme.is_some() && !external.is_empty() {
            root.problem(
                root.key_span("external_dose"),
                Fault::new(
                    "external doses and [response.tme] cannot be combined: the model of the microenvironment follows dose rates, not sessions",
                    "leave out one of them; BED, EQD2, EUD, TCP and NTCP without [response.tme] count the external dose",
                ),
            );
        }
        let output = settings::output(root);
        Some(Plan {
            title,
            source: PlanSource { path: PathBuf::new(), text: String::new(), sha256: String::new() },
            phantom: phantom?.plan?,
            regions,
            nuclides: nuclides.into_iter().map(|n| n.plan).collect(),
            fractions,
            external,
            transport,
            response,
            output,
            defaults: std::collections::BTreeMap::default(),
        })
    }

    /// A file named by a key: resolved against the plan's folder; it must exist.
    fn file(self, section: &Section<'_>, key: &str, example: &str) -> Field<PathBuf> {
        section.read(key, |value| self.existing(text(value, &format!("{key} = \"{example}\""))?))
    }

    /// An image: a file, a folder of DICOM files, or either in a table with the series that is meant.
    fn image_file(self, section: &Section<'_>, key: &str, example: &str) -> Field<ImageFile> {
        section.read(key, |value| self.existing_image(value, &format!("{key} = \"{example}\"")))
    }

    /// Several images.
    fn image_files(self, section: &Section<'_>, key: &str, example: &str) -> Field<Vec<ImageFile>> {
        let form = format!("{key} = [\"{example}\"]");
        section.read(key, |value| match value.as_array() {
            Some(array) if array.is_empty() => Err(Fault::new("the list is empty", format!("write for example {form}"))),
            Some(array) => array.iter().map(|item| self.existing_image(item.get_ref(), &form)).collect(),
            None => Ok(vec![self.existing_image(value, &form)?]),
        })
    }

    fn existing_image(self, value: &DeValue<'_>, example: &str) -> std::result::Result<ImageFile, Fault> {
        let Some(table) = value.as_table() else {
            let path = self.folder.join(text(value, example)?);
            return self.is_there(path).map(ImageFile::from);
        };
        let form = "write { path = \"dicom_folder\", series = \"UID or description\" }";
        let entry = |key: &str| table.get(key).map(|value| text(value.get_ref(), form)).transpose();
        if let Some((key, _)) = table.iter().find(|(key, _)| !["path", "series"].contains(&key.get_ref().as_ref())) {
            return Err(Fault::new(format!("unknown key `{}` of an image", key.get_ref()), form));
        }
        let path = entry("path")?.ok_or_else(|| Fault::new("an image lacks its `path`", form))?;
        Ok(ImageFile { path: self.is_there(self.folder.join(path))?, series: entry("series")?.map(str::to_owned) })
    }

    fn is_there(self, path: PathBuf) -> std::result::Result<PathBuf, Fault> {
        let there = path.is_file() || path.is_dir();
        there
            .then_some(())
            .ok_or_else(|| Fault::new(format!("{} does not exist", path.display()), "file names count from the folder of the plan"))?;
        Ok(path)
    }

    fn existing(self, name: &str) -> std::result::Result<PathBuf, Fault> {
        let path = self.folder.join(name);
        if path.is_file() {
            return Ok(path);
        }
        let what = if path.is_dir() { "is a folder, not a file" } else { "does not exist" };
        Err(Fault::new(format!("{} {what}", path.display()), "file names count from the folder of the plan"))
    }

    /// A material name; the resolved plan carries the table's own name.
    fn material(self, value: &DeValue<'_>) -> std::result::Result<String, Fault> {
        let name = text(value, "material = \"water\"")?;
        let known = self.vocabulary.material(name).map(|m| m.name.clone());
        known.ok_or_else(|| {
            Fault::new(format!("unknown material \"{name}\""), suggestion(name, self.vocabulary.material_names(), "materials"))
        })
    }

    /// Notes that a density is the tabulated one.
    fn note_tabulated(self, section: &Section<'_>, key: &str, material: &str) {
        if let Some(known) = self.vocabulary.material(material) {
            section.note_default(key, &format!("tabulated, {}", super::show::with_unit(known.density, "g/cm3")));
        }
    }

    /// `material` and `density` of a section; the density stays open (tabulated) when it is not written.
    fn medium(self, section: &Section<'_>) -> Field<Medium> {
        let material = section.read("material", |value| self.material(value));
        let density = section.quantity("density", &DENSITY, DENSITIES);
        match (material, density) {
            (Field::Value(material, span), Field::Absent) => {
                self.note_tabulated(section, "density", &material);
                Field::Value(Medium { material, density: None }, span)
            }
            (Field::Value(material, span), Field::Value(density, _)) => Field::Value(Medium { material, density: Some(density) }, span),
            (Field::Absent, Field::Absent) => Field::Absent,
            (Field::Absent, density) => {
                if let Field::Value(_, span) = density {
                    section.problem(span, Fault::new("a density without a material", "add material = \"...\""));
                }
                Field::Wrong
            }
            _ => Field::Wrong,
        }
    }
}
