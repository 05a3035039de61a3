//! `[[external_dose]]`: doses computed elsewhere that count beside the fractions.

use super::{Context, Section};
use crate::{
    plan::{
        ExternalDosePlan,
        frame::Fault,
        quantity::{Limits, TIME},
    },
    units::SECONDS_PER_DAY,
};

/// Most sessions of one external treatment.
pub(super) const FRACTIONS_MAX: u64 = 1000;
/// Earliest and latest start, s: a century.
pub(super) const START: Limits = Limits::between(-36_525.0 * SECONDS_PER_DAY, 36_525.0 * SECONDS_PER_DAY);
/// Shortest and longest distance of sessions, s.
pub(super) const INTERVAL: Limits = Limits::between(3600.0, 3652.5 * SECONDS_PER_DAY);

impl Context<'_> {
    /// All external doses, in the order of the file.
    pub(super) fn external_doses(self, root: &Section<'_>) -> Vec<ExternalDosePlan> {
        let mut doses: Vec<ExternalDosePlan> = Vec::new();
        for section in root.tables("external_dose", "[[external_dose]]", "external_dose", false) {
            section.only(&["name", "file", "fractions", "start", "interval"]);
            let name = section.text("name", "name = \"Prostate bed 2019\"");
            let name = section.required("name", name, "name = \"Prostate bed 2019\"");
            let path =
                section.required("file", self.file(&section, "file", "plan-dose.dcm"), "file = \"plan-dose.dcm\" (RT Dose or image in Gy)");
            let fractions = section.count("fractions", 1, FRACTIONS_MAX);
            let fractions = section.required("fractions", fractions, "fractions = 35 (sessions that deliver the dose, in equal parts)");
            let start = section.quantity("start", &TIME, START);
            let start = section.required("start", start, "start = \"-400 d\" (first session, before or after the plan's zero)");
            let interval = section.or_default("interval", section.quantity("interval", &TIME, INTERVAL), SECONDS_PER_DAY);
            let (Some(name), Some(path), Some(fractions), Some(start)) = (name, path, fractions, start) else { continue };
            if doses.iter().any(|other| other.name == name) {
                let span = section.raw("name").map_or(section.span.clone(), toml::Spanned::span);
                section.problem(span, Fault::new(format!("two external doses are called \"{name}\""), "give each a name of its own"));
            }
            let number = doses.len() as u32 + 1;
            doses.push(ExternalDosePlan { number, name: name.to_owned(), path, fractions: fractions as u32, start, interval });
        }
        doses
    }
}

#[cfg(test)]
mod tests {
    fn parsed(more: &str) -> Result<crate::plan::Plan, String> {
        // Any file that exists will do: it is opened when the plan is run.
        let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/test.toml"));
        let text = format!("{}{more}", crate::plan::ONE_REGION);
        crate::plan::parse(&text, path, &crate::plan::Vocabulary::built_in()).map_err(|e| e.to_string())
    }

    #[test]
    fn external_doses_have_sessions_and_a_start() {
        let plan = parsed("[[external_dose]]\nname = \"EBRT\"\nfile = \"Cargo.toml\"\nfractions = 35\nstart = \"-400 d\"\n")
            .unwrap_or_else(|e| panic!("{e}"));
        let [dose] = &plan.external[..] else { panic!("one dose") };
        assert_eq!((dose.number, dose.fractions, dose.start, dose.interval), (1, 35, -400.0 * 86_400.0, 86_400.0));
        assert!(plan.describe().contains("35 sessions"), "{}", plan.describe());
        for (wrong, expected) in [
            ("name = \"a\"\nfile = \"Cargo.toml\"\nstart = \"0 d\"", "lacks `fractions`"),
            ("name = \"a\"\nfile = \"Cargo.toml\"\nfractions = 5", "lacks `start`"),
            ("name = \"a\"\nfile = \"none.dcm\"\nfractions = 5\nstart = \"0 d\"", "none.dcm does not exist"),
            ("name = \"a\"\nfile = \"Cargo.toml\"\nfractions = 5\nstart = \"0 d\"\ninterval = \"1 min\"", "interval"),
            (
                "name = \"a\"\nfile = \"Cargo.toml\"\nfractions = 5\nstart = \"0 d\"\n[response.tme]\nregions = [\"a\"]",
                "external doses and [response.tme]",
            ),
        ] {
            let message = parsed(&format!("[[external_dose]]\n{wrong}\n")).expect_err(wrong);
            assert!(message.contains(expected), "{wrong}: {message}");
        }
    }
}
