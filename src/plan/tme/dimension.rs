//! Units of the model's parameters, to the units it computes in: d, Gy, um, mmHg, nM, mL, keV.

use crate::plan::quantity::{
    DOSE, Dimension, PER_DOSE, PER_VOLUME,
    Scale::{self, Factor, Power},
};

/// A dimension of the parameter file; numbers need their unit unless `bare`.
const fn dimension(name: &'static str, units: &'static [(&'static str, Scale)], typical: &'static str, example: &'static str) -> Dimension {
    Dimension { name, units, typical, example, bare: false }
}

/// A number without unit, or per cent.
pub(in crate::plan) const NUMBER: Dimension =
    Dimension { name: "a number", units: &[("%", Power(-2))], typical: "%", example: "25", bare: true };
/// Time; d.
const TIME: Dimension = dimension(
    "a time",
    &[
        ("s", Factor(1.0 / 86400.0)),
        ("min", Factor(1.0 / 1440.0)),
        ("h", Factor(1.0 / 24.0)),
        ("d", Power(0)),
        ("wk", Factor(7.0)),
        ("y", Factor(365.25)),
    ],
    "d",
    "20",
);
/// Per time; 1/d.
pub(in crate::plan) const RATE: Dimension =
    dimension("a rate", &[("/s", Factor(86400.0)), ("/min", Factor(1440.0)), ("/h", Factor(24.0)), ("/d", Power(0))], "/d", "0.1");
/// Length; um.
const LENGTH: Dimension = dimension("a length", &[("nm", Power(-3)), ("um", Power(0)), ("mm", Power(3))], "um", "5");
/// Partial pressure; mmHg. 1 kPa = 7.50062 mmHg.
pub(in crate::plan) const PRESSURE: Dimension =
    dimension("a partial pressure", &[("mmHg", Power(0)), ("kPa", Factor(7.500_616_827))], "mmHg", "40");
/// Use of oxygen; mmHg/d.
const OXYGEN_USE: Dimension = dimension(
    "a partial pressure per time",
    &[("mmHg/s", Factor(86400.0)), ("mmHg/min", Factor(1440.0)), ("mmHg/d", Power(0))],
    "mmHg/s",
    "15",
);
/// Diffusivity; um2/d.
const DIFFUSIVITY: Dimension = dimension(
    "a diffusivity",
    &[("um2/s", Factor(86400.0)), ("mm2/s", Factor(8.64e10)), ("cm2/s", Factor(8.64e12)), ("m2/s", Factor(8.64e16)), ("um2/d", Power(0))],
    "um2/s",
    "2000",
);
/// Per dose squared; 1/Gy2.
const PER_DOSE2: Dimension = dimension("a value per dose squared", &[("/Gy2", Power(0))], "/Gy2", "0.03");
/// Concentration; nM.
pub(in crate::plan) const CONCENTRATION: Dimension =
    dimension("a concentration", &[("pM", Power(-3)), ("nM", Power(0)), ("uM", Power(3))], "nM", "2.6");
/// Binding; 1/(nM d).
const BINDING: Dimension = dimension(
    "a rate per concentration",
    &[("/(nM d)", Power(0)), ("/(nM s)", Factor(86400.0)), ("/(M s)", Factor(8.64e-5))],
    "/(M s)",
    "1e6",
);
/// Linear energy transfer, lineal energy; keV/um.
const LET: Dimension = dimension("a linear energy transfer", &[("keV/um", Power(0)), ("MeV/cm", Power(-1))], "keV/um", "100");
/// Per linear energy transfer; um/keV.
const PER_LET: Dimension = dimension("a value per linear energy transfer", &[("um/keV", Power(0)), ("cm/MeV", Power(1))], "um/keV", "0.04");
/// Volume; mL.
const VOLUME: Dimension = dimension("a volume", &[("uL", Power(-3)), ("mL", Power(0)), ("L", Power(3))], "mL", "100");
/// Mass of a drug; mg.
pub(in crate::plan) const MASS: Dimension = dimension("a mass", &[("ug", Power(-3)), ("mg", Power(0)), ("g", Power(3))], "mg", "200");
/// Clearance of a drug; L/d.
pub(in crate::plan) const CLEARANCE: Dimension =
    dimension("a clearance", &[("L/d", Power(0)), ("L/h", Factor(24.0)), ("mL/min", Factor(1.44)), ("mL/h", Factor(0.024))], "L/d", "0.22");
/// Volume of distribution of a drug; L.
pub(in crate::plan) const DISTRIBUTION: Dimension = dimension("a volume", &[("mL", Power(-3)), ("L", Power(0))], "L", "3.5");
/// Molar mass of a drug; kDa.
pub(in crate::plan) const MOLAR_MASS: Dimension =
    dimension("a molar mass", &[("Da", Power(-3)), ("kDa", Power(0)), ("g/mol", Power(-3))], "kDa", "149");

/// Dimensions of the parameter file; no two share a unit.
const ALL: [&Dimension; 15] = [
    &TIME,
    &RATE,
    &LENGTH,
    &PRESSURE,
    &OXYGEN_USE,
    &DIFFUSIVITY,
    &DOSE,
    &PER_DOSE,
    &PER_DOSE2,
    &PER_VOLUME,
    &CONCENTRATION,
    &BINDING,
    &LET,
    &PER_LET,
    &VOLUME,
];

/// Dimensions that only this model knows, to recognise a unit in the wrong place.
pub(in crate::plan) const OWN: [&Dimension; 12] =
    [&PRESSURE, &OXYGEN_USE, &DIFFUSIVITY, &PER_DOSE2, &CONCENTRATION, &BINDING, &LET, &PER_LET, &MASS, &CLEARANCE, &VOLUME, &MOLAR_MASS];

/// The dimension whose unit this is; no unit: a number.
pub(super) fn of_unit(unit: &str) -> Option<&'static Dimension> {
    if unit.is_empty() || unit == "%" {
        return Some(&NUMBER);
    }
    ALL.into_iter().find(|d| d.units.iter().any(|u| u.0 == unit))
}

/// The unit in which the model computes.
pub(in crate::plan) fn model_unit(dimension: &Dimension) -> &'static str {
    if dimension.bare { "" } else { dimension.units.iter().find(|u| u.1 == Power(0)).map_or("", |u| u.0) }
}
