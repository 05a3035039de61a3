//! The nuclide table the program carries, and looking names up in it.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Continuum, Line, name};
use crate::error::{Error, Result};

/// The table in text; its header explains the format.
const DECAY_TEXT: &str = include_str!("data/decay.txt");

/// Ratio of recoil to alpha energy times the daughter's mass number: the atomic mass of helium-4, u (AME 2020).
const ALPHA_MASS_U: f64 = 4.002_603_254;

/// What becomes of a nuclide after one of its decay branches.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Daughter {
    /// Such as "Bi-213".
    pub name: String,
    /// Fraction of the decays.
    pub branching: f64,
    /// Stable, radioactive with an entry in the table, or radioactive without.
    pub kind: DaughterKind,
}

/// How the table knows a daughter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum DaughterKind {
    /// Radioactive, with an entry of its own.
    Tabulated,
    /// Stable, or with a half-life beyond 1e15 years.
    Stable,
    /// Radioactive, but the evaluations used have no usable data (branches below 0.1 %); treated as stable and reported.
    Untabulated,
}

/// Energy emitted per decay, MeV, by kind of radiation as evaluations list it.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct KindEnergies {
    /// Alpha particles.
    pub alpha: f64,
    /// Beta-minus and beta-plus spectra.
    pub beta: f64,
    /// Conversion electrons.
    pub conversion: f64,
    /// Auger and Coster-Kronig electrons.
    pub auger: f64,
    /// Gamma rays, annihilation photons not included.
    pub gamma: f64,
    /// X-rays.
    pub xray: f64,
}

impl KindEnergies {
    /// The sum over all kinds, MeV per decay.
    pub fn total(&self) -> f64 {
        self.alpha + self.beta + self.conversion + self.auger + self.gamma + self.xray
    }

    /// The sum with others.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            alpha: self.alpha + other.alpha,
            beta: self.beta + other.beta,
            conversion: self.conversion + other.conversion,
            auger: self.auger + other.auger,
            gamma: self.gamma + other.gamma,
            xray: self.xray + other.xray,
        }
    }

    /// All times a number.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            alpha: factor * self.alpha,
            beta: factor * self.beta,
            conversion: factor * self.conversion,
            auger: factor * self.auger,
            gamma: factor * self.gamma,
            xray: factor * self.xray,
        }
    }

    /// The values by name, in the order they are printed.
    pub fn by_kind(&self) -> [(&'static str, f64); 6] {
        [
            ("alpha", self.alpha),
            ("beta", self.beta),
            ("conversion", self.conversion),
            ("Auger", self.auger),
            ("gamma", self.gamma),
            ("x-ray", self.xray),
        ]
    }
}

/// A nuclide: its decay and what it emits itself, without daughters. Lines ascend in energy; all intensities are per decay.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Nuclide {
    /// Such as "Lu-177" or "Tc-99m".
    pub name: String,
    /// Atomic number.
    pub z: u32,
    /// Mass number.
    pub a: u32,
    /// Seconds.
    pub half_life_s: f64,
    /// What it decays to.
    pub daughters: Vec<Daughter>,
    /// Alpha particles.
    pub alphas: Vec<Line>,
    /// Conversion electrons.
    pub conversion: Vec<Line>,
    /// Auger and Coster-Kronig electrons.
    pub auger: Vec<Line>,
    /// Gamma rays.
    pub gammas: Vec<Line>,
    /// X-rays.
    pub xrays: Vec<Line>,
    /// Annihilation photons of its positrons.
    pub annihilation: Vec<Line>,
    /// Beta-minus spectrum, all branches together.
    pub beta: Option<Continuum>,
    /// Beta-plus spectrum, all branches together.
    pub positron: Option<Continuum>,
    /// The evaluation the data come from.
    pub source: String,
    /// What is special or weak about the data, if anything.
    pub note: Option<String>,
    /// Energies of the full evaluation, before its weakest lines were dropped.
    pub evaluated: KindEnergies,
    /// Energies of ICRP Publication 107, to compare with.
    pub icrp107: KindEnergies,
    /// Half-life of ICRP Publication 107, seconds.
    pub icrp107_half_life_s: f64,
    /// Mean energies of the beta spectra on the finer grid they were computed on: (beta-minus, beta-plus), MeV per particle.
    pub computed_mean_energy: (Option<f64>, Option<f64>),
}

impl Nuclide {
    /// One recoil nucleus per alpha particle, from momentum balance: E = E_alpha m(He-4) / A(daughter), non-relativistic (within 0.1 %).
    pub fn recoils(&self) -> Vec<Line> {
        let daughter_mass = f64::from(self.a) - 4.0;
        self.alphas.iter().map(|l| Line { energy: l.energy * ALPHA_MASS_U / daughter_mass, intensity: l.intensity }).collect()
    }

    /// Energy per decay by kind, MeV, added up from the lines and spectra here.
    pub fn energies(&self) -> KindEnergies {
        let spectrum = |c: &Option<Continuum>| c.as_ref().map_or(0.0, Continuum::energy_per_decay);
        KindEnergies {
            alpha: line_energy(&self.alphas),
            beta: spectrum(&self.beta) + spectrum(&self.positron),
            conversion: line_energy(&self.conversion),
            auger: line_energy(&self.auger),
            gamma: line_energy(&self.gammas),
            xray: line_energy(&self.xrays),
        }
    }

    /// Decay constant, 1/s.
    pub fn decay_constant(&self) -> f64 {
        std::f64::consts::LN_2 / self.half_life_s
    }
}

/// Energy of a set of lines, MeV per decay.
pub(super) fn line_energy(lines: &[Line]) -> f64 {
    // Not `sum`: that of nothing is -0, which shows in tables.
    lines.iter().fold(0.0, |sum, l| sum + l.energy * l.intensity)
}

/// The parsed table.
struct Table {
    nuclides: Vec<Nuclide>,
    by_key: HashMap<String, usize>,
    /// (name, reason) of nuclides left out on purpose.
    omitted: Vec<(String, String)>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // The text is part of the program and its parsing is tested, so a failure here is a broken build and not a user's mistake.
    TABLE.get_or_init(|| parse(DECAY_TEXT).expect("the built-in nuclide table is well formed"))
}

/// All nuclides of the table, by atomic and mass number.
pub fn all() -> &'static [Nuclide] {
    &table().nuclides
}

/// The nuclide of that name in any usual spelling ("Lu-177", "Lu177", "177Lu", "lu-177", "99mTc"), or none.
pub fn nuclide(name: &str) -> Option<&'static Nuclide> {
    let table = table();
    name::keys(name).iter().find_map(|key| table.by_key.get(key)).map(|&i| &table.nuclides[i])
}

/// Names in the table that a user who typed `name` may have meant, best first.
pub fn suggestions(name: &str) -> Vec<&'static str> {
    name::suggestions(name, all().iter().map(|n| n.name.as_str()))
}

/// Like [`nuclide`], but an unknown name is an input error that says what is close, or why the nuclide was left out.
pub fn find(name: &str) -> Result<&'static Nuclide> {
    if let Some(found) = nuclide(name) {
        return Ok(found);
    }
    let keys = name::keys(name);
    if let Some((omitted, reason)) = table().omitted.iter().find(|(omitted, _)| name::keys(omitted).iter().any(|k| keys.contains(k))) {
        return Err(Error::input(format!("nuclide \"{omitted}\" is not in the table: {reason}")));
    }
    let hint = match suggestions(name).as_slice() {
        [] => "a nuclide is written like \"Lu-177\" or \"Tc-99m\"; `dosaic nuclides` lists all".to_string(),
        close => format!("did you mean {}?", close.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ")),
    };
    Err(Error::input(format!("unknown nuclide \"{}\": {hint}", name.trim())))
}

/// Reads the text table. Strict: an unknown word, a missing row or a number that is none is an error with its line number.
fn parse(text: &str) -> std::result::Result<Table, String> {
    let mut rows =
        text.lines().enumerate().map(|(i, l)| (i + 1, l.trim())).filter(|(_, l)| !l.is_empty() && !l.starts_with('#')).peekable();
    let mut nuclides: Vec<Nuclide> = Vec::new();
    let mut omitted = Vec::new();
    while let Some((line, row)) = rows.next() {
        let fail = |what: &str| format!("line {line}: {what}: {row}");
        let (word, rest) = row.split_once(' ').ok_or_else(|| fail("expected a word and values"))?;
        match word {
            "omitted" => {
                let (name, reason) = rest.split_once(' ').ok_or_else(|| fail("expected a name and a reason"))?;
                omitted.push((name.to_string(), reason.to_string()));
                continue;
            }
            "nuclide" => {
                nuclides.push(start(rest).ok_or_else(|| fail("expected name, Z, A, half-life"))?);
                continue;
            }
            _ => {}
        }
        let current = nuclides.last_mut().ok_or_else(|| fail("row before the first nuclide"))?;
        let mut pairs = |count: usize| -> std::result::Result<Vec<(f64, f64)>, String> {
            let mut pairs = Vec::with_capacity(count);
            for _ in 0..count {
                let (line, row) = rows.next().ok_or("table ends inside a list")?;
                let values = numbers::<2>(row).ok_or_else(|| format!("line {line}: expected two numbers: {row}"))?;
                pairs.push((values[0], values[1]));
            }
            if pairs.windows(2).any(|w| w[1].0 < w[0].0) {
                return Err(format!("line {line}: energies do not ascend: {row}"));
            }
            Ok(pairs)
        };
        match word {
            "source" => current.source = rest.to_string(),
            "note" => current.note = Some(rest.to_string()),
            "daughter" => current.daughters.push(daughter(rest).ok_or_else(|| fail("expected name, branching and mark"))?),
            "energies" => current.evaluated = kind_energies(&numbers::<6>(rest).ok_or_else(|| fail("expected 6 energies"))?),
            "icrp107" => {
                let values = numbers::<7>(rest).ok_or_else(|| fail("expected half-life and 6 energies"))?;
                current.icrp107_half_life_s = values[0];
                current.icrp107 = kind_energies(&values[1..]);
            }
            "lines" => {
                let (kind, count) = rest.split_once(' ').ok_or_else(|| fail("expected kind and count"))?;
                let lines = pairs(count.parse().map_err(|_| fail("count is no number"))?)?;
                let lines = lines.into_iter().map(|(energy, intensity)| Line { energy, intensity }).collect();
                match kind {
                    "alpha" => current.alphas = lines,
                    "conversion" => current.conversion = lines,
                    "auger" => current.auger = lines,
                    "gamma" => current.gammas = lines,
                    "xray" => current.xrays = lines,
                    "annihilation" => current.annihilation = lines,
                    _ => return Err(fail("unknown kind of lines")),
                }
            }
            "spectrum" => {
                let (kind, values) = rest.split_once(' ').ok_or_else(|| fail("expected kind, count, yield, mean"))?;
                let [count, intensity, mean] = numbers::<3>(values).ok_or_else(|| fail("expected count, yield, mean"))?;
                let spectrum =
                    continuum(&pairs(count as usize)?, intensity).ok_or_else(|| fail("the spectrum does not integrate to its yield"))?;
                match kind {
                    "beta-" => (current.beta, current.computed_mean_energy.0) = (Some(spectrum), Some(mean)),
                    "beta+" => (current.positron, current.computed_mean_energy.1) = (Some(spectrum), Some(mean)),
                    _ => return Err(fail("unknown kind of spectrum")),
                }
            }
            _ => return Err(fail("unknown word")),
        }
    }
    let mut by_key = HashMap::new();
    for (i, n) in nuclides.iter().enumerate() {
        let key = name::keys(&n.name).into_iter().next().ok_or_else(|| format!("\"{}\" is no nuclide name", n.name))?;
        if by_key.insert(key, i).is_some() {
            return Err(format!("{} is listed twice", n.name));
        }
    }
    for n in &nuclides {
        for d in &n.daughters {
            let listed = name::keys(&d.name).first().is_some_and(|key| by_key.contains_key(key));
            if listed != (d.kind == DaughterKind::Tabulated) {
                return Err(format!("daughter {} of {}: its mark contradicts the table", d.name, n.name));
            }
        }
    }
    Ok(Table { nuclides, by_key, omitted })
}

/// Exactly `N` finite numbers, not negative.
fn numbers<const N: usize>(text: &str) -> Option<[f64; N]> {
    let mut values = [0.0; N];
    let mut words = text.split_ascii_whitespace();
    for value in &mut values {
        *value = words.next()?.parse().ok().filter(|v: &f64| v.is_finite() && *v >= 0.0)?;
    }
    words.next().is_none().then_some(values)
}

fn start(rest: &str) -> Option<Nuclide> {
    let (name, values) = rest.split_once(' ')?;
    let [z, a, half_life_s] = numbers::<3>(values)?;
    (half_life_s > 0.0).then(|| Nuclide {
        name: name.to_string(),
        z: z as u32,
        a: a as u32,
        half_life_s,
        daughters: Vec::new(),
        alphas: Vec::new(),
        conversion: Vec::new(),
        auger: Vec::new(),
        gammas: Vec::new(),
        xrays: Vec::new(),
        annihilation: Vec::new(),
        beta: None,
        positron: None,
        source: String::new(),
        note: None,
        evaluated: KindEnergies::default(),
        icrp107: KindEnergies::default(),
        icrp107_half_life_s: 0.0,
        computed_mean_energy: (None, None),
    })
}

fn daughter(rest: &str) -> Option<Daughter> {
    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
    let kind = match words.get(2).copied() {
        None => DaughterKind::Tabulated,
        Some("stable") => DaughterKind::Stable,
        Some("untabulated") => DaughterKind::Untabulated,
        Some(_) => return None,
    };
    let branching = words.get(1)?.parse().ok().filter(|b| (0.0..=1.0).contains(b))?;
    (words.len() <= 3).then(|| Daughter { name: words[0].to_string(), branching, kind })
}

fn kind_energies(v: &[f64]) -> KindEnergies {
    KindEnergies { alpha: v[0], beta: v[1], conversion: v[2], auger: v[3], gamma: v[4], xray: v[5] }
}

/// The spectrum through `points`, scaled so that it holds exactly `intensity` particles; none if that takes more than 1e-4.
fn continuum(points: &[(f64, f64)], intensity: f64) -> Option<Continuum> {
    let raw = Continuum { energy: points.iter().map(|p| p.0).collect(), density: points.iter().map(|p| p.1).collect(), intensity };
    let integral = raw.integral();
    (intensity > 0.0 && (integral / intensity - 1.0).abs() < 1e-4).then(|| Continuum { intensity, ..raw.scaled(intensity / integral) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_reads_and_holds_every_nuclide() {
        let table = parse(DECAY_TEXT).unwrap();
        assert_eq!(table.nuclides.len(), 133);
        assert_eq!(DECAY_TEXT.lines().filter(|l| l.starts_with("nuclide ")).count(), 133);
        assert!(table.nuclides.iter().all(|n| !n.source.is_empty() && !n.daughters.is_empty()));
    }

    #[test]
    fn damage_to_the_text_is_an_error_that_names_the_line() {
        let good = "nuclide Xx-9 1 9 5\nsource s\ndaughter Yy-9 1 stable\nlines gamma 2\n0.1 1\n0.2 1\n";
        assert!(parse(good).is_ok());
        for (bad, what) in [
            (good.replace("0.2 1\n", ""), "table ends"),
            (good.replace("0.2 1", "0.2"), "line 6"),
            (good.replace("0.2 1", "0.05 1"), "ascend"),
            (good.replace("0.2 1", "0.2 nan"), "line 6"),
            (good.replace("gamma", "gama"), "unknown kind"),
            (good.replace("source", "sauce"), "line 2"),
            (good.replace(" stable", ""), "contradicts"),
            (good.replace(" stable", " stabel"), "line 3"),
            (good.replace("9 5", "9 -5"), "line 1"),
            (good.replace("9 5", "9 0"), "line 1"),
            (format!("{good}{good}"), "twice"),
            ("source s".to_string(), "before the first"),
            (format!("{good}spectrum beta- 2 0.9 0.5\n0 1\n1 1\n"), "integrate"),
        ] {
            let message = parse(&bad).err().unwrap_or_else(|| panic!("accepted:\n{bad}"));
            assert!(message.contains(what), "{message}");
        }
    }
}
