//! `report.html`: well formed, complete, the numbers of the tables, nothing that is not there, the same bytes again.

mod browser;
mod markup;
mod results;

use std::{collections::BTreeSet, fs, path::Path};

use dosaic::{io::csv::Records, report::html::Report};
use markup::Node;
use results::{ALIVE, REGION, Run, TITLE, WITH_ALPHAS, WITHOUT, copy, dosaic};

const FORMAT_PAGE: &str = include_str!("../../docs/formats/results.md");

/// Something done to a copy of a result.
type Damage = Box<dyn Fn(&Path)>;

fn read(run: &Run) -> Node {
    markup::read(&run.page).unwrap_or_else(|fault| panic!("{fault}"))
}

#[test]
fn pages_are_well_formed_and_ask_no_network() {
    for run in [&*WITH_ALPHAS, &*WITHOUT, &*ALIVE] {
        let page = read(run);
        markup::check(&page);
        let policy =
            page.named("meta").iter().find_map(|m| m.attribute("content").filter(|c| c.contains("default-src"))).expect("a policy");
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        for word in ["@import", "fetch(", "XMLHttpRequest", "import("] {
            assert!(page.named("style").iter().chain(&page.named("script")).all(|n| !n.content.contains(word)), "{word}");
        }
    }
}

#[test]
fn the_reader_of_pages_sees_what_is_wrong() {
    let page = |body: &str| format!("<!DOCTYPE html>\n<html lang=\"en\"><body>{body}</body></html>");
    assert!(markup::read(&page("<p>a &amp; b<br/></p>")).is_ok());
    for body in
        ["<p>", "<p></b>", "a & b", "<p class=x></p>", "<p id=\"a\" id=\"b\"></p>", "<br>", "<p/>", "1 > 2", "<3", "<p title=\"<\"></p>"]
    {
        assert!(markup::read(&page(body)).is_err(), "{body}");
    }
}

/// Half a unit of the last digit that is shown.
fn rounding(shown: &str) -> f64 {
    let (mantissa, exponent) = shown.split_once('e').unwrap_or((shown, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, d)| d.len() as i32);
    0.5 * 10f64.powi(exponent.parse::<i32>().expect("an exponent") - decimals)
}

#[test]
fn every_number_of_the_region_tables_is_that_of_regions_csv() {
    for run in [&*WITH_ALPHAS, &*WITHOUT, &*ALIVE] {
        let page = read(run);
        let csv =
            Records::parse("regions.csv", &fs::read_to_string(run.folder.join("regions.csv")).expect("regions.csv")).expect("a table");
        let fractions: BTreeSet<&str> = csv.rows.iter().map(|r| r[0].as_str()).collect();
        let mut found = BTreeSet::new();
        for row in page.named("tr") {
            let (Some(region), Some(fraction)) = (row.attribute("data-region"), row.attribute("data-fraction")) else { continue };
            // Fractions side by side: a cell for each, the total last.
            let mut side_by_side = fractions.iter();
            for td in row.named("td") {
                let fraction = if fraction == "each" { *side_by_side.next().expect("a fraction") } else { fraction };
                let Some(columns) = td.attribute("data-column") else { continue };
                for (column, data) in columns.split(' ').zip(td.named("data")) {
                    let at = csv.column(column).expect("a column");
                    let line = csv.rows.iter().find(|r| r[0] == fraction && r[1] == region).expect("a line");
                    assert_eq!(data.attribute("value"), Some(line[at].as_str()), "{fraction} {region} {column}");
                    let (value, shown): (f64, f64) = (line[at].parse().expect("a number"), data.text().parse().expect("a number"));
                    let value = if column.starts_with('v') { 100.0 * value } else { value };
                    assert!((value - shown).abs() <= 1.000_001 * rounding(&data.text()), "{column}: {value} is shown as {shown}");
                    found.insert((fraction.to_owned(), region.to_owned(), column.to_owned()));
                }
            }
        }
        let shown = [
            "mass_g",
            "dose_mean_gy",
            "dose_mean_sigma_gy",
            "d98_gy",
            "d50_gy",
            "d2_gy",
            "bed_mean_gy",
            "eqd2_mean_gy",
            "eud_gy",
            "tcp",
            "ntcp",
        ];
        let alphas = ["dose_high_let_mean_gy", "let_mean_kev_um"];
        let levels = csv.head.iter().map(String::as_str).filter(|c| c.starts_with('v') && c.ends_with("gy"));
        let mut expected = BTreeSet::new();
        for column in shown.into_iter().chain(alphas).chain(levels) {
            let at = csv.column(column).expect("a column");
            // With one fraction the total stands alone.
            let lines = csv.rows.iter().filter(|r| !r[at].is_empty() && (fractions.len() > 2 || r[0] == "total"));
            expected.extend(lines.map(|r| (r[0].clone(), r[1].clone(), column.to_owned())));
        }
        let missing: Vec<_> = expected.difference(&found).collect();
        assert!(missing.is_empty(), "not in the report: {missing:?}");
    }
}

#[test]
fn names_are_shown_and_never_markup() {
    let page = read(&WITH_ALPHAS);
    assert_eq!(page.named("h1")[0].text(), TITLE);
    assert_eq!(page.named("title")[0].text(), format!("{TITLE} - dosaic"));
    assert!(page.named("b").is_empty(), "a region became markup");
    assert!(page.named("th").iter().any(|n| n.text() == REGION));
    assert!(page.named("svg").iter().any(|svg| svg.named("text").iter().any(|t| t.text() == REGION)), "the legend of the histogram");
    let scene: serde_json::Value = serde_json::from_str(&page.with_id("scene").expect("the maps").content).expect("JSON");
    assert_eq!(scene["regions"]["names"][0], REGION);
    assert!(page.named("pre").iter().any(|n| n.text().contains("les<b>ion &")), "the text of the plan");
}

#[test]
fn parts_that_a_plan_has_not_are_not_there() {
    let has = |run: &Run, id: &str| read(run).with_id(id).is_some();
    for id in ["doses", "histograms", "maps", "physics", "reproduce"] {
        assert!([&*WITH_ALPHAS, &*WITHOUT, &*ALIVE].iter().all(|run| has(run, id)), "{id}");
    }
    for (id, expected) in
        [("qualities-title", [true, false, false]), ("by-fraction", [true, false, true]), ("microenvironment", [false, false, true])]
    {
        assert_eq!([&*WITH_ALPHAS, &*WITHOUT, &*ALIVE].map(|run| has(run, id)), expected, "{id}");
    }
    let words = |run: &Run| read(run).named("main")[0].text();
    assert!(words(&WITH_ALPHAS).contains("LET") && !words(&WITHOUT).contains("LET"));
    assert!(words(&ALIVE).contains("not calibrated in humans") && !words(&WITHOUT).contains("calibrated"));
    let tabs = |run: &Run| -> Vec<String> {
        let page = read(run);
        page.named("button").iter().filter(|b| b.attribute("aria-controls") == Some("planes")).map(|b| b.text()).collect()
    };
    assert_eq!(tabs(&WITHOUT), ["Total", "BED", "Uncertainty"]);
    assert_eq!(tabs(&WITH_ALPHAS), ["Total", "Fraction 1", "Fraction 2", "High-LET dose", "LET", "BED", "Uncertainty"]);
}

#[test]
fn warnings_and_assumptions_are_all_there() {
    let run = &*ALIVE;
    let summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(run.folder.join("summary.json")).expect("summary")).expect("JSON");
    let provenance: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(run.folder.join("provenance.json")).expect("provenance")).expect("JSON");
    let page = read(run);
    let items: Vec<String> = page.named("li").iter().map(|li| li.text()).collect();
    let list = |value: &serde_json::Value| -> Vec<String> {
        value.as_array().expect("a list").iter().map(|v| v.as_str().expect("text").into()).collect()
    };
    let warnings = list(&summary["warnings"]);
    assert!(!warnings.is_empty());
    for sentence in warnings.iter().chain(&list(&provenance["approximations"])).chain(&list(&summary["tme"]["uncertain"])) {
        assert!(items.contains(sentence), "{sentence}");
    }
    assert_eq!(page.with_id("warnings-title").expect("warnings").text(), format!("{} warnings", warnings.len()));
    // Plots, endpoints and predicted uptake of the lesion; the immune part with its mark.
    let part = page.with_id("microenvironment").expect("the part").text();
    for word in ["Fewest clonogens", "Uptake that the model predicted", "Immune index at the end (research, not calibrated in humans)"] {
        assert!(part.contains(word), "{word}");
    }
    let plots = fs::read_dir(&run.folder)
        .expect("the folder")
        .filter(|e| e.as_ref().is_ok_and(|e| e.path().extension().is_some_and(|x| x == "svg")));
    assert_eq!(page.with_id("microenvironment").expect("the part").named("svg").len(), plots.count());
}

#[test]
fn made_again_it_is_the_same_to_the_byte() {
    for run in [&*WITH_ALPHAS, &*ALIVE] {
        let folder = copy(run);
        let names: Vec<String> = fs::read_dir(folder.path())
            .expect("the folder")
            .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|n| n == "report.html" || n.starts_with("quicklook_"))
            .collect();
        assert_eq!(names.len(), 4, "{names:?}");
        names.iter().for_each(|n| fs::remove_file(folder.path().join(n)).expect("removed"));
        let output = dosaic(folder.path(), &["report", "."]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for name in &names {
            let [old, new] = [run.folder.join(name), folder.path().join(name)].map(|p| fs::read(p).expect(name));
            assert!(old == new, "{name} differs");
        }
        // Elsewhere, and not over another file unless told.
        assert!(dosaic(folder.path(), &["report", ".", "--out", "again.html"]).status.success());
        assert_eq!(fs::read(folder.path().join("again.html")).expect("the page"), run.page.as_bytes());
        assert_eq!(dosaic(folder.path(), &["report", ".", "--out", "again.html"]).status.code(), Some(4));
        assert!(dosaic(folder.path(), &["report", ".", "--out", "again.html", "--force"]).status.success());
    }
}

#[test]
fn files_that_are_missing_are_told_and_the_rest_is_shown() {
    let folder = copy(&WITH_ALPHAS);
    for name in ["dvh.csv", "dose_fraction-02.nii.gz", "density.nii.gz"] {
        fs::remove_file(folder.path().join(name)).expect("removed");
    }
    let report = Report::of(folder.path()).expect("a report");
    let page = markup::read(&report.html).expect("a page");
    markup::check(&page);
    let items: Vec<String> = page.named("li").iter().map(|li| li.text()).filter(|t| t.contains("is not in the folder")).collect();
    assert_eq!(items.len(), 3, "{items:?}");
    assert!(page.with_id("histograms").is_none() && page.with_id("map-tab-1").is_some());
    assert_eq!(report.pictures.iter().map(|p| p.0.as_str()).collect::<Vec<_>>(), ["quicklook_dose.png", "quicklook_dose_fraction-01.png"]);

    fs::remove_file(folder.path().join("dose_total.nii.gz")).expect("removed");
    let report = Report::of(folder.path()).expect("a report");
    assert!(markup::read(&report.html).expect("a page").with_id("maps").is_none() && report.pictures.is_empty());
}

#[test]
fn damaged_and_foreign_folders_are_errors_that_say_why() {
    let change = |name: &'static str, from: &'static str, to: &'static str| {
        move |folder: &Path| {
            let path = folder.join(name);
            let text = fs::read_to_string(&path).expect(name);
            assert!(text.contains(from), "{name} has no {from}");
            fs::write(path, text.replacen(from, to, 1)).expect(name);
        }
    };
    let remove = |name: &'static str| move |folder: &Path| fs::remove_file(folder.join(name)).expect(name);
    let cases: Vec<(&Run, Damage, &str)> = vec![
        (&WITHOUT, Box::new(remove("summary.json")), "not a result of `dosaic run` or `dosaic respond`: summary.json is missing"),
        (&WITHOUT, Box::new(remove("regions.csv")), "regions.csv is missing"),
        (
            &WITHOUT,
            Box::new(change("summary.json", "dosaic-summary/2", "dosaic-summary/99")),
            "schema \"dosaic-summary/99\"; this program reads \"dosaic-summary/2\"",
        ),
        (&WITHOUT, Box::new(change("provenance.json", "\"schema\"", "\"scheme\"")), "has no schema"),
        (&WITHOUT, Box::new(change("provenance.json", "{", "")), "not JSON"),
        (
            &WITHOUT,
            Box::new(change("summary.json", "\"warnings\"", "\"alarms\"")),
            "not as dosaic-summary/2 has it: missing field `warnings`",
        ),
        (&WITHOUT, Box::new(change("regions.csv", "mass_g", "weight")), "regions.csv: has no column mass_g"),
        (&WITHOUT, Box::new(change("regions.csv", "total,lesion,", "total,lesion,x")), "voxels is `x"),
        (&WITHOUT, Box::new(change("dvh.csv", "lesion,0,", "lesion,zero,")), "`zero` is not a number"),
        (&ALIVE, Box::new(change("tme_timeline_lesion.svg", "</svg>", "<script>alert(1)</script></svg>")), "element <script>"),
        (
            &WITHOUT,
            Box::new(|folder: &Path| fs::write(folder.join("dose_total.nii.gz"), b"\x1f\x8b nothing").expect("written")),
            "dose_total.nii.gz",
        ),
        (
            &WITHOUT,
            Box::new(|folder: &Path| {
                fs::copy(WITH_ALPHAS.folder.join("dose_total.nii.gz"), folder.join("dose_total.nii.gz")).expect("copied");
            }),
            "not of this result",
        ),
    ];
    for (run, damage, expected) in cases {
        let folder = copy(run);
        damage(folder.path());
        let before = fs::read(folder.path().join("report.html")).expect("the report of the run");
        let output = dosaic(folder.path(), &["report", "."]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(expected), "expected {expected}: {said}");
        assert!(matches!(output.status.code(), Some(2 | 4)), "{said}");
        assert_eq!(fs::read(folder.path().join("report.html")).expect("it"), before, "nothing is written");
    }
    let empty = tempfile::tempdir().expect("a folder");
    assert_eq!(dosaic(empty.path(), &["report", "."]).status.code(), Some(2));
    assert_eq!(dosaic(empty.path(), &["report", "nowhere"]).status.code(), Some(2));
}

#[test]
fn quick_looks_show_the_dose_where_it_is() {
    let run = &*WITHOUT;
    let picture = fs::read(run.folder.join("quicklook_dose.png")).expect("the picture");
    let mut reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().expect("a PNG file");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("pixels");
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    let bright = pixels.chunks_exact(3).filter(|p| p[0] > 150 && p[1] > 180 && p[2] < 90).count();
    let share = bright as f64 / f64::from(info.width * info.height);
    assert!((0.01..0.4).contains(&share), "a sphere of 7 mm in 30 x 27 x 24 mm is bright, the water around is not: {share}");
}

#[test]
fn the_files_are_documented() {
    for name in ["report.html", "quicklook_dose.png", "quicklook_dose_fraction-NN.png", "`density`", "`regions`"] {
        assert!(FORMAT_PAGE.contains(name), "{name}");
    }
}
