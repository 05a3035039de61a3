//! Colours of the maps: viridis (Smith and van der Walt 2015), equal steps of which look equally large, also in grey.

/// Every eighth colour of viridis; between them linear, within 2 of 255.
const KNOTS: [[u8; 3]; 33] = [
    [68, 1, 84],
    [71, 13, 96],
    [72, 24, 106],
    [72, 35, 116],
    [71, 45, 123],
    [69, 54, 129],
    [66, 64, 134],
    [63, 73, 137],
    [59, 82, 139],
    [55, 90, 141],
    [51, 99, 141],
    [47, 106, 142],
    [44, 114, 142],
    [41, 122, 142],
    [38, 129, 142],
    [35, 137, 142],
    [33, 144, 140],
    [31, 152, 139],
    [31, 159, 136],
    [33, 166, 133],
    [40, 174, 128],
    [49, 181, 123],
    [62, 188, 116],
    [76, 194, 108],
    [93, 201, 99],
    [110, 206, 88],
    [130, 211, 76],
    [150, 216, 63],
    [171, 220, 50],
    [192, 223, 36],
    [213, 226, 26],
    [234, 229, 26],
    [253, 231, 37],
];

/// How the dose is laid over the anatomy: opacity where it is high, and the share of the window from which on it is.
pub(super) const OPACITY: f64 = 0.75;
pub(super) const FULL_FROM: f64 = 0.15;
/// Share of the window below which nothing is drawn.
pub(super) const SHOWN_FROM: f64 = 0.02;

/// Density (g/cm3) below which dose is not drawn: a single hit in air is a high dose to nobody.
pub(super) const AIR: f64 = 0.05;
/// Density (g/cm3) that is white.
pub(super) const GREY_TOP: f64 = 2.2;

/// Colours of regions on black, in the order of [`crate::report::plot::COLOURS`] and of the same hues.
pub(super) const ON_BLACK: [&str; 7] = ["#4db2ff", "#ff8f3d", "#2bd4a4", "#ee8fcf", "#e3b341", "#9edcff", "#e8e8e8"];

/// The colour at a share of the scale; ends are kept beyond 0 and 1.
pub(super) fn viridis(share: f64) -> [u8; 3] {
    let at = share.clamp(0.0, 1.0) * (KNOTS.len() - 1) as f64;
    let low = (at.floor() as usize).min(KNOTS.len() - 2);
    let t = at - low as f64;
    [0, 1, 2].map(|c| ((1.0 - t) * f64::from(KNOTS[low][c]) + t * f64::from(KNOTS[low + 1][c])).round() as u8)
}

/// All 256 colours, six hexadecimal digits each.
pub(super) fn table() -> String {
    (0..256).flat_map(|i| viridis(f64::from(i) / 255.0)).map(|c| format!("{c:02x}")).collect()
}

/// A dose, as a share of its window, over the grey of a density.
pub(super) fn over(density: f64, share: f64) -> [u8; 3] {
    let background = 255.0 * (density / GREY_TOP).clamp(0.0, 1.0);
    let a = if share < SHOWN_FROM || density < AIR { 0.0 } else { OPACITY * (share / FULL_FROM).min(1.0) };
    viridis(share).map(|c| (a * f64::from(c) + (1.0 - a) * background).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_dose_is_brighter_everywhere_on_the_scale() {
        let luminance = |i: usize| {
            let [r, g, b] = viridis(i as f64 / 255.0).map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        assert!((1..256).all(|i| luminance(i) > luminance(i - 1) - 0.3));
        assert_eq!((viridis(-1.0), viridis(2.0)), (KNOTS[0], KNOTS[32]));
        assert_eq!(table().len(), 256 * 6);
    }

    #[test]
    fn without_dose_the_anatomy_is_seen() {
        assert_eq!(over(1.1, 0.0), [128; 3]);
        assert_eq!(over(0.0012, 1.0), [0; 3], "dose in air");
        let [r, g, b] = over(0.3, 1.0);
        assert!(r > 150 && g > 150 && b < 60, "yellow over dark grey");
    }
}
