//! The text of `dosaic nuclides NAME --at TIMES`: activities of a chain at given times.

use std::fmt::Write as _;

use super::bateman::ChainInTime;
use super::chain::chain_within;
use super::describe::left_out;
use super::show::{significant, time};
use super::table::find;
use crate::error::Result;

/// Activities of a pure nuclide and all that comes of it, long-lived members included, at `times` (s after the start, with the heads of their
/// columns), per unit activity at the start; and decays of each member per decay of the parent, up to the last time and in all.
///
/// # Errors
/// An unknown name (with suggestions), or a time that is negative or no number.
pub fn course(name: &str, times: &[(String, f64)]) -> Result<String> {
    let chain = chain_within(&find(name)?.name, f64::INFINITY)?;
    let parent = &chain.members[0].nuclide.name;
    let in_time = ChainInTime::of(&chain);
    let start = in_time.mix(&[(parent, 1.0)])?;
    let columns = times.iter().map(|(_, seconds)| in_time.activities_at(&start, *seconds)).collect::<Result<Vec<_>>>()?;
    let last = times.iter().fold(("", 0.0), |last: (&str, f64), (label, seconds)| if *seconds > last.1 { (label, *seconds) } else { last });
    let decays = in_time.after(last.1)?.decays(&start);

    // Wide enough for what stands above a single column.
    let width = times.iter().map(|(label, _)| label.len() + 2).fold(if times.len() == 1 { 17 } else { 12 }, usize::max);
    let mut text = format!("{parent}, pure at the start, and all that comes of it: activities per activity of {parent} at the start\n\n");
    let (blank, activity) = ("", width * times.len() - 2);
    let _ = writeln!(text, "{blank:<23}{:<activity$}  decays per decay of {parent}", "activity after");
    let labels: String = times.iter().map(|(label, _)| format!("{label:>width$}")).collect();
    let until = if last.1 > 0.0 { format!("until {}", last.0) } else { String::new() };
    let _ = writeln!(text, "  {:<8}{:>11}{labels}{until:>16}{:>12}", "member", "half-life", "in all");
    for (i, member) in chain.members.iter().enumerate() {
        let activities: String = columns.iter().map(|c| format!("{:>width$}", number(c[i]))).collect();
        let share = if last.1 > 0.0 { number(decays[i] / decays[0]) } else { String::new() };
        let half_life = time(member.nuclide.half_life_s);
        let _ =
            writeln!(text, "  {:<8}{half_life:>11}{activities}{share:>16}{:>12}", member.nuclide.name, number(member.decays_per_parent));
    }
    left_out(&mut text, &chain);
    Ok(text)
}

/// A dot for none, so that tables stay readable.
fn number(x: f64) -> String {
    if x == 0.0 { "·".to_string() } else { significant(x, 5) }
}
