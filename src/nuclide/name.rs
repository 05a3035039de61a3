//! How people write a nuclide: "Lu-177", "Lu177", "177Lu", "99mTc".

/// Canonical keys ("lu177", "tc99m") a spelling may mean, most likely first; empty when it is no nuclide at all.
///
/// With the mass first, a leading m belongs to an element where there is one ("52Mn") and means metastable otherwise ("99mTc"): both are tried.
pub(super) fn keys(spelling: &str) -> Vec<String> {
    let compact: String = spelling.trim().chars().filter(|c| !matches!(c, '-' | '_' | ' ')).map(|c| c.to_ascii_lowercase()).collect();
    let Some(first_digit) = compact.find(|c: char| c.is_ascii_digit()) else { return Vec::new() };
    let (before, rest) = compact.split_at(first_digit);
    let digits_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (mass, after) = rest.split_at(digits_end);
    let is_word = |s: &str| !s.is_empty() && s.len() <= 3 && s.bytes().all(|b| b.is_ascii_lowercase());
    if is_word(before) && matches!(after, "" | "m") {
        return vec![format!("{before}{mass}{after}")];
    }
    if before.is_empty() && is_word(after) {
        let mut keys = vec![format!("{after}{mass}")];
        keys.extend(after.strip_prefix('m').filter(|s| !s.is_empty()).map(|symbol| format!("{symbol}{mass}m")));
        return keys;
    }
    Vec::new()
}

/// The names closest to a spelling, best first, at most four: another mass of the same element, or one slip.
pub(super) fn suggestions<'a>(spelling: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = keys(spelling).into_iter().next().unwrap_or_else(|| spelling.trim().to_ascii_lowercase());
    let symbol = |key: &str| key.trim_end_matches('m').trim_matches(|c: char| c.is_ascii_digit()).to_string();
    let mut close: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let key = keys(name).into_iter().next()?;
            let distance = strsim::damerau_levenshtein(&typed, &key);
            let same_element = symbol(&typed) == symbol(&key);
            (same_element || distance <= 1).then_some((2 * distance + usize::from(!same_element), name))
        })
        .collect();
    close.sort();
    close.into_iter().take(4).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_gives_the_same_key() {
        for s in ["Lu-177", "Lu177", "177Lu", "lu-177", "LU_177", " 177-Lu ", "lu 177"] {
            assert_eq!(keys(s)[0], "lu177", "{s}");
        }
        for s in ["Tc-99m", "tc99m", "Tc-99M"] {
            assert_eq!(keys(s), ["tc99m"], "{s}");
        }
        assert_eq!(keys("99mTc"), ["mtc99", "tc99m"]);
        assert_eq!(keys("52Mn"), ["mn52", "n52m"]);
    }

    #[test]
    fn what_is_no_nuclide_has_no_key() {
        for s in ["", "Lutetium", "177", "Lu-177x", "Lu-17-7a", "1Lu77", "Lu.177", "ルテチウム177"] {
            assert!(keys(s).is_empty(), "{s:?} gave {:?}", keys(s));
        }
    }
}
