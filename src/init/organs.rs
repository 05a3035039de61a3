//! Which tissue of the response table a region is, by its name.

/// A region's tissue, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Organ {
    /// A tissue of the table.
    Tissue(&'static str),
    /// A tumour, of a kind that the name does not tell.
    Tumour,
    /// Nothing that the table has.
    Other,
}

/// Words of names and what they stand for; those that mean something else come first.
const WORDS: [(&[&str], Organ); 9] = [
    (&["cyst", "adrenal", "suprarenal", "pelvis", "vein", "artery"], Organ::Other),
    (&["lesion", "tumor", "tumour", "metastasis", "metastases", "met", "mets", "gtv", "ctv", "ptv", "hcc", "carcinoma"], Organ::Tumour),
    (&["kidney", "kidneys", "renal"], Organ::Tissue("kidney")),
    (&["liver", "hepar"], Organ::Tissue("liver")),
    (&["spleen"], Organ::Tissue("spleen")),
    (&["lung", "lungs"], Organ::Tissue("lung")),
    (&["parotid", "parotids", "submandibular", "salivary"], Organ::Tissue("salivary")),
    (&["marrow"], Organ::Tissue("marrow")),
    (&[], Organ::Other),
];

/// By whole words of the name, whatever their case; digits at the end of a word do not count.
pub(super) fn organ(name: &str) -> Organ {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    let fits = |known: &&(&[&str], Organ)| known.0.is_empty() || known.0.iter().any(|word| words.contains(word));
    WORDS.iter().find(fits).map_or(Organ::Other, |known| known.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tissue_names;

    #[test]
    fn names_tell_tissues_where_they_mean_them() {
        for (name, expected) in [
            ("kidney_right", Organ::Tissue("kidney")),
            ("Kidney L", Organ::Tissue("kidney")),
            ("kidney_cyst_left", Organ::Other),
            ("adrenal_gland_left", Organ::Other),
            ("portal_vein_and_splenic_vein", Organ::Other),
            ("LIVER", Organ::Tissue("liver")),
            ("liver met 2", Organ::Tumour),
            ("Lesion1", Organ::Tumour),
            ("lung_upper_lobe_left", Organ::Tissue("lung")),
            ("Metal artefact", Organ::Other),
            ("stomach", Organ::Other),
        ] {
            assert_eq!(organ(name), expected, "{name}");
        }
    }

    #[test]
    fn every_tissue_named_exists() {
        for (_, organ) in WORDS {
            if let Organ::Tissue(tissue) = organ {
                assert!(tissue_names().any(|name| name == tissue), "{tissue}");
            }
        }
    }
}
