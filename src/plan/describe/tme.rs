//! The tumour microenvironment, as lines of the resolved plan.

use super::{Sheet, yes_no};
use crate::plan::{
    DrugKinetics, DrugPlan, Growth, Hook, Origin, OxygenPlan, Quality, TmePlan, TmeRegion,
    show::{number, percent, time, with_unit},
};

/// At most this many doses of a drug are listed one by one.
const DOSES_SHOWN: usize = 8;

impl Sheet<'_> {
    pub(super) fn tme(&mut self, tme: &TmePlan) {
        let path = |key: &str| format!("response.tme.{key}");
        self.heading(0, "tumour microenvironment");
        let names: Vec<&str> = tme.regions.iter().map(|r| r.region.as_str()).collect();
        self.entry("regions that evolve", names.join(", "), &path("regions"));
        self.entry("horizon", time(tme.horizon), &path("horizon"));
        self.entry("step", time(tme.step), &path("step"));
        let oxygen = match &tme.oxygen {
            OxygenPlan::Off => "off: all cells well oxygenated",
            OxygenPlan::Macro => "macro: capillaries inside voxels, by table",
            OxygenPlan::Micro(_) => "micro: diffusion between voxels",
        };
        self.entry("oxygen", oxygen.to_owned(), &path("oxygen"));
        if let OxygenPlan::Micro(micro) = &tme.oxygen {
            for (region, po2) in &micro.held {
                self.entry(&format!("pO2 held in {region}"), with_unit(*po2, "mmHg"), "");
            }
            let vessels = micro.vessels.map_or("none".to_owned(), |(share, seed)| format!("{} of the voxels, seed {seed}", percent(share)));
            self.entry("vessels inside", vessels, &path("vessels.seed"));
        }
        self.entry("lost cells leave their oxygen", yes_no(tme.reoxygenation), &path("reoxygenation"));
        let immune = if tme.immune { "on: research, not calibrated in humans" } else { "off" };
        self.entry("immune cells", immune.to_owned(), &path("immune"));
        self.entry("bystander signals", yes_no(tme.bystander), &path("bystander"));
        let growth = match tme.growth {
            Growth::Logistic => "logistic",
            Growth::Gompertz => "Gompertz",
        };
        self.entry("growth", growth.to_owned(), &path("growth"));
        let quality = match tme.quality {
            Quality::Rbe => "constant RBE",
            Quality::Let => "linear in LET, with overkill",
            Quality::Mkm => "microdosimetric-kinetic model, scored per track",
        };
        self.entry("alpha of high LET", quality.to_owned(), &path("quality"));
        self.entry("cells that no alpha meets survive", yes_no(tme.few_hits), &path("few_hits"));
        let blood = tme.blood.clone().unwrap_or("a share of the tumours' dose rate".to_owned());
        self.entry("blood", blood, &path("blood"));
        self.entry("marrow", tme.marrow.clone().unwrap_or("not followed".to_owned()), &path("marrow"));
        let maps: Vec<String> = tme.maps_at.iter().map(|&t| time(t)).collect();
        let maps = if maps.is_empty() { "none".to_owned() } else { maps.join(", ") };
        self.entry("maps at", maps, &path("maps_at"));
        self.entry("timeline every", time(tme.timeline), &path("timeline"));
        self.entry("uptake transported anew above", format!("{} change", percent(tme.retransport_above)), &path("retransport_above"));
        for region in &tme.regions {
            self.evolving(tme, region);
        }
        for (at, drug) in tme.drugs.iter().enumerate() {
            self.drug(drug, &format!("response.drug.{at}"));
        }
    }

    /// How many parameters are assumed, and those that are not the program's own.
    fn evolving(&mut self, tme: &TmePlan, region: &TmeRegion) {
        self.heading(1, &format!("parameters of {}", region.region));
        let (used, assumed) = (tme.used(region).count(), tme.used(region).filter(|(_, p)| p.is_assumed()).count());
        self.entry("assumed", format!("{assumed} of the {used} that are used"), "");
        for (name, p) in region.parameters.iter().filter(|(_, p)| p.origin != Origin::BuiltIn || p.is_unusual()) {
            let origin = match p.origin {
                Origin::BuiltIn => "",
                Origin::File => ", from the parameter file",
                Origin::Plan => ", from the plan",
            };
            let range = || format!("; outside the range thought possible, {} to {}", number(p.range[0]), with_unit(p.range[1], &p.unit));
            let unusual = if p.is_unusual() { range() } else { String::new() };
            let unused = if tme.uses(name, p) { "" } else { "; not used" };
            self.entry(name, format!("{}{origin}{unusual}{unused}", p.written), "");
        }
    }

    fn drug(&mut self, drug: &DrugPlan, path: &str) {
        self.heading(1, &format!("drug {}", drug.name));
        let (unit, mass) = match drug.kinetics {
            DrugKinetics::TwoCompartment { clearance, central, peripheral, exchange, nanomolar } => {
                self.entry("clearance", with_unit(clearance, "L/d"), &format!("{path}.clearance"));
                self.entry("central volume", with_unit(central, "L"), &format!("{path}.central"));
                self.entry("peripheral volume", with_unit(peripheral, "L"), &format!("{path}.peripheral"));
                self.entry("exchange", with_unit(exchange, "L/d"), &format!("{path}.exchange"));
                self.entry("1 mg/L", with_unit(nanomolar, "nM"), &format!("{path}.nanomolar"));
                (" mg", true)
            }
            DrugKinetics::OneCompartment { elimination, absorption } => {
                let half_life = |rate: f64| time(std::f64::consts::LN_2 / rate * crate::units::SECONDS_PER_DAY);
                self.entry("half-life", half_life(elimination), "");
                self.entry(
                    "absorption half-life",
                    absorption.map_or("none".to_owned(), half_life),
                    &format!("{path}.absorption_half_life"),
                );
                ("", false)
            }
        };
        let equal = drug.doses.windows(2).all(|pair| pair[0].1.total_cmp(&pair[1].1).is_eq());
        match (&drug.doses[..], equal) {
            ([first, .., last], true) if drug.doses.len() > DOSES_SHOWN => {
                let text = format!("{} of {}{unit}, {} to {}", drug.doses.len(), number(first.1), time(first.0), time(last.0));
                self.entry("doses", text, &format!("{path}.count"));
            }
            (doses, true) => {
                let times: Vec<String> = doses.iter().map(|d| time(d.0)).collect();
                let amount = doses.first().map_or(0.0, |d| d.1);
                self.entry("doses", format!("{}{unit} at {}", number(amount), times.join(", ")), &format!("{path}.count"));
            }
            (doses, false) => {
                let doses: Vec<String> = doses.iter().map(|d| format!("{}{unit} at {}", number(d.1), time(d.0))).collect();
                self.entry("doses", doses.join(", "), &format!("{path}.count"));
            }
        }
        for effect in &drug.effects {
            let text = if effect.hook == Hook::Checkpoint {
                format!("K_D {}", with_unit(effect.ec50, "nM"))
            } else {
                let half = if mass { with_unit(effect.ec50, "mg") } else { number(effect.ec50) };
                let strength = with_unit(effect.strength, effect.hook.unit());
                format!("{strength}, half at {half}, steepness {}", number(effect.hill))
            };
            self.entry(&format!("acts on {}", effect.hook.word()), text, &format!("{path}.effect"));
        }
    }
}
