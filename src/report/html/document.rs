//! Pieces of a page. Every text that goes in is escaped here; markup is made here and nowhere else from text.

use super::regions::Cell;
pub(super) use crate::report::plot::escape;
use crate::report::text::digits;

/// A cell of a table.
#[derive(Debug, Clone)]
pub(super) struct Td(String);

/// A text.
pub(super) fn word(text: &str) -> Td {
    Td(format!("<td>{}</td>", escape(text)))
}

/// The name of a row.
pub(super) fn name(text: &str) -> Td {
    Td(format!("<th scope=\"row\">{}</th>", escape(text)))
}

/// A number as it is shown.
pub(super) fn number(shown: &str) -> Td {
    Td(format!("<td class=\"n\">{}</td>", escape(shown)))
}

/// A number of a column of `regions.csv`, which is kept beside what is shown; empty where there is none.
pub(super) fn cell(column: &str, cell: Option<Cell<'_>>, shown: impl Fn(f64) -> String) -> Td {
    let content = cell.map_or_else(String::new, |c| data(c.text, &shown(c.value)));
    Td(format!("<td class=\"n\" data-column=\"{}\">{content}</td>", escape(column)))
}

/// A mean and its standard error, likewise.
pub(super) fn with_sigma(columns: [&str; 2], mean: Option<Cell<'_>>, sigma: Option<Cell<'_>>) -> Td {
    let content = match (mean, sigma) {
        (Some(m), Some(s)) => {
            let shown = crate::report::text::with_sigma(m.value, s.value);
            let (mean, sigma) = shown.split_once(" ± ").unwrap_or((&shown, ""));
            format!("{} ± {}", data(m.text, mean), data(s.text, sigma))
        }
        (Some(m), None) => data(m.text, &digits(m.value, 4)),
        (None, _) => String::new(),
    };
    Td(format!("<td class=\"n\" data-column=\"{}\">{content}</td>", escape(&columns.join(" "))))
}

/// What is shown of a number, with the number.
fn data(value: &str, shown: &str) -> String {
    format!("<data value=\"{}\">{}</data>", escape(value), escape(shown))
}

/// A row, with attributes that say of what.
#[derive(Debug, Clone)]
pub(super) struct Row {
    attributes: String,
    cells: Vec<Td>,
}

impl Row {
    pub(super) fn new(cells: Vec<Td>) -> Self {
        Self { attributes: String::new(), cells }
    }

    /// The row of a region in `regions.csv`; the line of all voxels is set apart.
    pub(super) fn of_region(region: &str, fraction: &str, cells: Vec<Td>) -> Self {
        let class = if region == crate::dose::regions::WHOLE { " class=\"whole\"" } else { "" };
        Self { attributes: format!(" data-region=\"{}\" data-fraction=\"{}\"{class}", escape(region), escape(fraction)), cells }
    }
}

/// A table with its caption; columns of text to the left, of numbers to the right.
pub(super) fn table(caption: &str, head: &[String], rows: &[Row]) -> String {
    let mut out = format!("<div class=\"scroll\"><table><caption>{}</caption>\n<thead><tr>", escape(caption));
    let first = rows.first().map(|r| r.cells.as_slice()).unwrap_or_default();
    for (i, name) in head.iter().enumerate() {
        let class = if first.get(i).is_some_and(|td| td.0.starts_with("<td class=\"n\"")) { " class=\"n\"" } else { "" };
        out += &format!("<th scope=\"col\"{class}>{}</th>", escape(name));
    }
    out += "</tr></thead>\n<tbody>\n";
    for row in rows {
        out += &format!("<tr{}>{}</tr>\n", row.attributes, row.cells.iter().map(|td| td.0.as_str()).collect::<String>());
    }
    out + "</tbody></table></div>\n"
}

/// Columns by their names.
pub(super) fn head<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(String::from).to_vec()
}

/// A list of sentences.
pub(super) fn list(items: &[String]) -> String {
    let lines: String = items.iter().map(|item| format!("<li>{}</li>\n", escape(item))).collect();
    format!("<ul>\n{lines}</ul>\n")
}

/// Something that opens on demand.
pub(super) fn details(title: &str, content: &str) -> String {
    format!("<details><summary>{}</summary>\n{content}</details>\n", escape(title))
}

/// A part of the page; empty where it has no content.
pub(super) fn section(id: &str, title: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!("<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{}</h2>\n{content}</section>\n", escape(title))
}

/// A paragraph.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}

/// A remark in small letters.
pub(super) fn note(text: &str) -> String {
    format!("<p class=\"note\">{}</p>\n", escape(text))
}

/// A picture with what it shows.
pub(super) fn figure(svg: &str, label: &str) -> String {
    format!("<figure class=\"plot\">{}</figure>\n", super::svg::labelled(svg, label))
}

/// Tabs, one of which is open; all are when printed. Names and contents.
pub(super) fn tabs(id: &str, label: &str, panels: &[(String, String)]) -> String {
    if let [(_, content)] = panels {
        return content.clone();
    }
    let mut out = format!("<div class=\"tabs\" role=\"tablist\" aria-label=\"{}\">", escape(label));
    for (n, (name, _)) in panels.iter().enumerate() {
        out += &tab_button(id, n, name, &format!("{id}-panel-{n}"));
    }
    out += "</div>\n";
    for (n, (_, content)) in panels.iter().enumerate() {
        out +=
            &format!("<div class=\"panel\" role=\"tabpanel\" id=\"{id}-panel-{n}\" aria-labelledby=\"{id}-tab-{n}\">\n{content}</div>\n");
    }
    out
}

/// One button of a row of tabs.
pub(super) fn tab_button(id: &str, n: usize, name: &str, controls: &str) -> String {
    let chosen = n == 0;
    let index = if chosen { "0" } else { "-1" };
    format!(
        "<button type=\"button\" role=\"tab\" id=\"{id}-tab-{n}\" aria-controls=\"{controls}\" aria-selected=\"{chosen}\" tabindex=\"{index}\">{}</button>",
        escape(name)
    )
}

/// "1 fraction", "2 fractions".
pub(super) fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// With a capital letter at the beginning.
pub(super) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |c| c.to_uppercase().chain(characters).collect())
}
