//! Dates and times of DICOM, as far as differences of them are needed.

use dicom_core::Tag;

use super::dataset::DataSet;

/// Seconds since 1 March of the year 0 (no time zone: those of one study are the same).
pub(super) fn moment(date: &str, time: &str) -> Option<f64> {
    Some(86_400.0 * days(date)? + seconds(time)?)
}

/// A date with time (DT), its offset from UTC left aside.
pub(super) fn date_time(text: &str) -> Option<f64> {
    let local = text.split(['+', '-', '&']).next()?;
    moment(local.get(..8)?, local.get(8..)?)
}

/// A moment from elements of a date and of a time.
pub(super) fn of(data: &DataSet<'_>, date: Tag, time: Tag) -> Option<f64> {
    moment(&data.text(date)?, &data.text(time)?)
}

/// YYYYMMDD in days of the Gregorian calendar.
fn days(date: &str) -> Option<f64> {
    let number = |part: Option<&str>| part?.parse::<i64>().ok();
    let (year, month, day) = (number(date.get(..4))?, number(date.get(4..6))?, number(date.get(6..8))?);
    if date.len() != 8 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some((365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day - 1) as f64)
}

/// HHMMSS.FFFFFF, of which the end may be missing.
fn seconds(time: &str) -> Option<f64> {
    let (hours, minutes) = (time.get(..2)?.parse::<u32>().ok()?, time.get(2..4).map_or(Some(0), |part| part.parse().ok())?);
    let seconds = match time.get(4..).filter(|rest| !rest.is_empty()) {
        Some(rest) => rest.parse::<f64>().ok()?,
        None => 0.0,
    };
    (hours < 24 && minutes < 60 && (0.0..=60.0).contains(&seconds)).then(|| f64::from(3600 * hours + 60 * minutes) + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_moments() {
        let at = |date, time| moment(date, time).expect("a moment");
        assert_eq!(at("20240301", "000000") - at("20240228", "235959.5"), 86_400.5, "a leap day lies between");
        assert_eq!(at("21000301", "00") - at("21000228", "0000"), 86_400.0, "1900 and 2100 have none");
        assert_eq!(at("20250101", "0130") - at("20241231", "230000"), 9000.0);
        assert_eq!(date_time("20250101013000.000000+0100"), moment("20250101", "013000"));
        for (date, time) in [("20251301", "00"), ("2025", "00"), ("20250101", "24"), ("20250101", ""), ("2025x101", "00"), ("äääää", "00")]
        {
            assert_eq!(moment(date, time), None, "{date} {time}");
        }
    }
}
