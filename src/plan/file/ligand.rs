//! `pattern = "ligand"` of an uptake: it needs a tumour into which the ligand can diffuse.

use std::ops::Range;

use super::Section;
use crate::plan::{FractionPlan, OxygenPlan, ResponsePlan, UptakePattern, frame::Fault};

/// Checks, wherever the pattern is written, that the region evolves in micro mode.
pub(super) fn check(root: &Section<'_>, fractions: &[FractionPlan], response: &ResponsePlan) {
    for fraction in fractions {
        for uptake in fraction.uptakes.iter().filter(|u| u.pattern == UptakePattern::Ligand) {
            let region = &uptake.region;
            let fault = match &response.tme {
                None => Fault::new(
                    "a ligand without [response.tme]",
                    "it binds to the cells of that model: add [response.tme], or choose another pattern",
                ),
                Some(tme) if !matches!(tme.oxygen, OxygenPlan::Micro(_)) => Fault::new(
                    "a ligand where diffusion between voxels is not followed",
                    "it enters as oxygen does with oxygen = \"micro\" (voxels of 50 um or less) and its supply: choose that, or another pattern",
                ),
                Some(tme) if !tme.regions.iter().any(|r| r.region == *region) => Fault::new(
                    format!("a ligand in region \"{region}\", which has no receptors: it does not evolve"),
                    "name the region in `regions` of [response.tme], or choose another pattern",
                ),
                Some(_) => continue,
            };
            if let Some(span) = written(root, fraction.number, region) {
                root.problem(span, fault);
            }
        }
    }
}

/// Where a fraction says that a region has this pattern; `None`: it takes it over from another one, where it is told.
fn written(root: &Section<'_>, number: u32, region: &str) -> Option<Range<usize>> {
    let fraction = root.raw("fraction")?.get_ref().as_array()?.get(number as usize - 1)?.get_ref().as_table()?;
    let uptake = fraction.get("uptake")?.get_ref().as_table()?.get(region)?;
    let tables = uptake.get_ref().as_array().map_or_else(|| vec![uptake], |all| all.iter().collect());
    let patterns = tables.into_iter().filter_map(|table| table.get_ref().as_table()?.get("pattern"));
    patterns.filter(|p| p.get_ref().as_str().is_some_and(|word| word.trim() == "ligand")).map(toml::Spanned::span).next()
}
