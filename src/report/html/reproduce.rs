//! How to get this result again, and what it consists of.

use super::{
    document::{Row, details, escape, head, name, number, section, table, word},
    input::ReportInput,
};
use crate::report::text::digits;

/// Particles, energy and what was left out: for physicists.
pub(super) fn physics(input: &ReportInput) -> String {
    let s = &input.summary;
    let mut out = String::new();
    if !s.runs.is_empty() {
        let titles = head(["Component", "Radiation", "Per decay", "Histories", "Batches", "Source voxels"]);
        let rows: Vec<Row> = s
            .runs
            .iter()
            .map(|r| {
                Row::new(vec![
                    name(&r.component),
                    word(&r.radiation),
                    number(&digits(r.yield_per_decay, 4)),
                    number(&r.histories.to_string()),
                    number(&r.batches.to_string()),
                    number(&r.source_voxels.to_string()),
                ])
            })
            .collect();
        out += &table("Particles that were followed", &titles, &rows);
    }
    if !s.energy_balance.is_empty() {
        let titles = head(["Component", "Radiation", "Emitted (MeV)", "Deposited (MeV)", "Escaped (MeV)", "Balance"]);
        let rows: Vec<Row> = s
            .energy_balance
            .iter()
            .map(|b| {
                let energies = [b.emitted, b.deposited, b.escaped].map(|e| number(&digits(e.mev, 6)));
                let verdict = if b.balanced { "closed to the last quantum" } else { "BROKEN" };
                let [emitted, deposited, escaped] = energies;
                Row::new(vec![name(&b.component), word(&b.radiation), emitted, deposited, escaped, word(verdict)])
            })
            .collect();
        out += &table("Where the energy went", &titles, &rows);
    }
    for (caption, list) in [
        ("Energy deposited without transport", &s.local_deposits),
        ("Energy of the decays that is missing in the dose", &s.not_transported),
    ] {
        if !list.is_empty() {
            let titles = head(["Component", "What", "MeV per decay", "Treatment"]);
            let row = |p: &super::input::PerDecayFile| {
                Row::new(vec![name(&p.component), word(&p.what), number(&digits(p.mev_per_decay, 4)), word(&p.treatment)])
            };
            out += &table(caption, &titles, &list.iter().map(row).collect::<Vec<_>>());
        }
    }
    if let Some(activity) = &input.activity {
        let shown = |text: &String| text.parse::<f64>().map_or_else(|_| word(text), |v| number(&digits(v, 4)));
        let rows: Vec<Row> = activity.rows.iter().map(|row| Row::new(row.iter().map(shown).collect())).collect();
        let titles = [
            ("fraction", "Fraction"),
            ("component", "Source"),
            ("decays_of", "Decays of"),
            ("tia_bq_s", "Decays (Bq s)"),
            ("tiac_h", "per administered activity (h)"),
            ("mean_time_h", "Mean time (h)"),
            ("activity_relative_sigma", "Relative σ of the activity"),
            ("calibration_relative_sigma", "... of the calibration"),
            ("fate", "Fate"),
        ];
        let title =
            |column: &String| titles.iter().find(|(name, _)| name == column).map_or_else(|| column.clone(), |(_, t)| (*t).to_owned());
        let titles: Vec<String> = activity.head.iter().map(title).collect();
        out += &details("Time-integrated activities by source", &table("Time-integrated activities (activity.csv)", &titles, &rows));
    }
    out += &details("Settings of the transport", &pre(&serde_json::to_string_pretty(&input.provenance.physics).unwrap_or_default()));
    out
}

/// Command, plan, digests, data, files.
pub(super) fn write(input: &ReportInput) -> String {
    let p = &input.provenance;
    let facts = |list: &[(&str, String)]| -> String {
        let items: String =
            list.iter().map(|(name, value)| format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value))).collect();
        format!("<dl class=\"facts\">\n{items}</dl>\n")
    };
    let optional = |value: &Option<String>, none: &str| value.clone().unwrap_or_else(|| none.to_owned());
    let mut out = String::from("<h3>Command</h3>\n");
    out += &pre(&p.command_line.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "));
    out += &facts(&[
        ("Program", format!("{} {} ({}, {})", p.engine.name, p.engine.version, p.engine.profile, p.engine.platform)),
        ("Commit", optional(&p.engine.git_hash, "not recorded by the build")),
        ("Seed", p.seed.to_string()),
        ("Histories, batches", format!("{}, {}", p.histories, p.batches)),
        ("Device", device(input)),
        ("Shaders, SHA-256", optional(&p.shader_sha256, "none, CPU backend")),
        ("Plan, SHA-256", p.plan.sha256.clone()),
        ("Started, finished (UTC)", format!("{}, {}", p.started, p.finished)),
    ]);
    let again =
        if input.summary.runs.is_empty() { "The same stored doses and plan" } else { "The same plan, seed and version on the same device" };
    out += &format!("<p>{} give the same numbers to the last bit.</p>\n", escape(again));
    out += &format!("<h3>Plan</h3>\n<p><code>{}</code></p>\n{}", escape(&p.plan.path), details("Text of the plan", &pre(&p.plan.text)));
    if !p.inputs.is_empty() {
        let titles = head(["Role", "File", "Bytes", "SHA-256"]);
        let row = |i: &super::input::InputFile| Row::new(vec![name(&i.role), word(&i.path), number(&i.bytes.to_string()), word(&i.sha256)]);
        out += &table("Files that were read", &titles, &p.inputs.iter().map(row).collect::<Vec<_>>());
    }
    let data: Vec<String> = p.nuclide_data.split("; ").filter(|d| !d.is_empty()).map(String::from).chain(p.physics_data.clone()).collect();
    out += &details("Nuclear and physical data in use", &super::document::list(&data));
    let titles = head(["File", "Content", "Unit"]);
    let row = |f: &super::input::ListedFile| Row::new(vec![name(&f.name), word(&f.quantity), word(f.unit.as_deref().unwrap_or(""))]);
    let files = table(
        "Files of this result; this page and the quick-look pictures are made from them",
        &titles,
        &p.files.iter().map(row).collect::<Vec<_>>(),
    );
    out += &details(&super::document::counted(p.files.len(), "file"), &files);
    section("reproduce", "How to reproduce this result", &out)
}

/// The device, in one line.
pub(super) fn device(input: &ReportInput) -> String {
    let d = &input.provenance.device;
    let parts = [d.name.as_str(), &d.kind, &d.backend, &d.driver];
    let mut shown: Vec<&str> = Vec::new();
    for part in parts {
        // "CPU twin, 2 threads" need not be followed by "cpu".
        if !part.is_empty() && !shown.iter().any(|s| s.to_lowercase().contains(&part.to_lowercase())) {
            shown.push(part);
        }
    }
    shown.join(", ")
}

fn pre(text: &str) -> String {
    format!("<pre tabindex=\"0\">{}</pre>\n", escape(text.trim_end()))
}

/// A word of a command line as a shell would need it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
