use super::*;
use crate::dose::fixtures::{means, relative_sigma, row};

const GY: f64 = 1.602_176_634e-10;

fn close(found: f32, expected: f64) {
    assert!((f64::from(found) / expected - 1.0).abs() < 3e-7, "{found} instead of {expected}");
}

fn everywhere(phantom: &Phantom) -> DecayPattern {
    let n = phantom.grid.len();
    DecayPattern { voxels: (0..n as u32).collect(), shares: vec![1.0 / n as f64; n] }
}

fn low(means: &TallyMeans, yield_per_decay: f64) -> ScoredRun<'_> {
    ScoredRun { class: LetClass::Low, yield_per_decay, means }
}

#[test]
fn dose_per_decay_is_energy_times_yield_over_mass() {
    // 3-mm voxels of water and of bone 1.85 g/cm3: 0.027 and 0.04995 g. 0.1 MeV per history, 2 particles per decay.
    let phantom = row(3.0, &[1.0, 1.85], &[1, 1]);
    let means = means(&phantom, &[0.1, 0.1], None, 1000);
    let scored = ScoredComponent::new("c", &phantom, &everywhere(&phantom), &[low(&means, 2.0)], &[]).unwrap();
    close(scored.low[0], 0.2 * GY / 0.027);
    assert!((f64::from(scored.low[1]) / (0.2 * GY / (0.027 * 1.85)) - 1.0).abs() < 1e-5, "density is packed to 2^-18");
    close(scored.sigma[0], 0.2 * GY / 0.027 * relative_sigma());
    assert!(scored.high.is_none() && scored.dose_let.is_none());
}

#[test]
fn dose_does_not_depend_on_histories_or_batches() {
    let phantom = row(3.0, &[1.0], &[1]);
    for histories in [10, 1000, 100_000] {
        let means = means(&phantom, &[0.147], None, histories);
        let scored = ScoredComponent::new("c", &phantom, &everywhere(&phantom), &[low(&means, 1.0)], &[]).unwrap();
        assert!((f64::from(scored.low[0]) / (0.147 * GY / 0.027) - 1.0).abs() < 1e-6);
    }
}

#[test]
fn no_mass_is_too_small() {
    // From 10 mm to 0.1 um (1e-15 g), and lung at 1e-3 g/cm3: dose times mass is the energy, always. A floor on the mass would show.
    for edge in [10.0, 0.1, 1e-3, 1e-4] {
        for density in [1.0f32, 0.0012] {
            let phantom = row(edge, &[density], &[0]);
            let means = means(&phantom, &[0.05], None, 100);
            let scored = ScoredComponent::new("c", &phantom, &everywhere(&phantom), &[low(&means, 1.0)], &[]).unwrap();
            let mass = edge.powi(3) * 1e-3 * f64::from(density);
            let energy = f64::from(scored.low[0]) * mass / GY;
            assert!((energy / 0.05 - 1.0).abs() < 1e-5, "{edge} mm, {density} g/cm3: {energy} MeV");
        }
    }
}

#[test]
fn sigma_survives_far_from_the_source() {
    // 1e-22 Gy per decay: the square of its error is below the smallest f32.
    let phantom = row(3.0, &[1.0], &[0]);
    let means = means(&phantom, &[0.5], None, 1000);
    let scored = ScoredComponent::new("c", &phantom, &everywhere(&phantom), &[low(&means, 1e-14)], &[]).unwrap();
    assert!(scored.low[0] < 1e-22);
    close(scored.sigma[0], f64::from(scored.low[0]) * relative_sigma());
    assert_eq!(scored.sigma[0] * scored.sigma[0], 0.0);
}

#[test]
fn independent_runs_add_in_quadrature_and_classes_stay_apart() {
    let phantom = row(1.0, &[1.0, 1.0], &[1, 2]);
    let beta = means(&phantom, &[0.3, 0.1], None, 1000);
    let alpha = means(&phantom, &[5.0, 0.0], Some(120.0), 1000);
    let runs = [low(&beta, 0.8), ScoredRun { class: LetClass::High, yield_per_decay: 4.0, means: &alpha }];
    let local = [LocalDeposit { what: "recoil nuclei".into(), class: LetClass::High, energy: 0.4 }];
    let scored = ScoredComponent::new("Ac-225", &phantom, &everywhere(&phantom), &runs, &local).unwrap();
    let per_mev = GY / 1e-3;
    close(scored.low[0], 0.24 * per_mev);
    // Recoils: half of 0.4 MeV in each voxel, exactly; they carry no LET.
    close(scored.high.as_ref().unwrap()[0], 20.2 * per_mev);
    close(scored.high.as_ref().unwrap()[1], 0.2 * per_mev);
    close(scored.alpha.as_ref().unwrap()[0], 20.0 * per_mev);
    assert_eq!(scored.alpha.as_ref().unwrap()[1], 0.0);
    close(scored.dose_let.as_ref().unwrap()[0], 20.0 * 120.0 * per_mev);
    close(scored.sigma[0], relative_sigma() * (0.24f64.powi(2) + 20.0f64.powi(2)).sqrt() * per_mev);

    let r1 = scored.regions[1];
    assert!((r1.low - 0.24).abs() < 1e-6 && (r1.high - 20.2).abs() < 1e-4 && (r1.alpha - 20.0).abs() < 1e-4);
    assert!((r1.alpha_let / r1.alpha - 120.0).abs() < 1e-4);
    let whole = scored.regions[0];
    assert!((whole.low - 0.32).abs() < 1e-6 && (whole.high - 20.4).abs() < 1e-4);
}

#[test]
fn local_deposits_follow_the_shares_and_have_no_error() {
    let phantom = row(2.0, &[1.0, 1.0, 1.0], &[1, 0, 1]);
    let pattern = DecayPattern { voxels: vec![0, 2], shares: vec![0.25, 0.75] };
    let local = [LocalDeposit { what: "electrons below the cut".into(), class: LetClass::Low, energy: 0.004 }];
    let scored = ScoredComponent::new("c", &phantom, &pattern, &[], &local).unwrap();
    assert_eq!(scored.voxels, [0, 2]);
    close(scored.low[0], 0.001 * GY / 8e-3);
    close(scored.low[1], 0.003 * GY / 8e-3);
    assert_eq!(scored.sigma, [0.0, 0.0]);
    assert!((scored.regions[1].low - 0.004).abs() < 1e-18 && scored.regions[1].variance == 0.0);
}

#[test]
fn sparse_maps_cross_chunks_and_spread_over_the_grid() {
    let n = 2 * CHUNK + 77;
    let phantom = row(1.0, &vec![1.0; n], &vec![0; n]);
    let mut mev = vec![0.0; n];
    for v in [0, CHUNK - 1, CHUNK, 2 * CHUNK, n - 1] {
        mev[v] = 0.25;
    }
    let means = means(&phantom, &mev, None, 100);
    let pattern = DecayPattern { voxels: vec![CHUNK as u32 + 5], shares: vec![1.0] };
    let local = [LocalDeposit { what: "x".into(), class: LetClass::Low, energy: 0.25 }];
    let scored = ScoredComponent::new("c", &phantom, &pattern, &[low(&means, 1.0)], &local).unwrap();
    assert_eq!(scored.voxels, [0, CHUNK - 1, CHUNK, CHUNK + 5, 2 * CHUNK, n - 1].map(|v| v as u32));
    assert_eq!(scored.bytes(), 6 * 12);
    let maps = scored.maps(n);
    assert_eq!(maps.low.len(), n);
    assert_eq!(maps.low.iter().filter(|&&d| d > 0.0).count(), 6);
    close(maps.low[CHUNK + 5], 0.25 * GY / 1e-3);
    assert_eq!(maps.sigma[CHUNK + 5], 0.0);
    assert!(maps.sigma[CHUNK] > 0.0);
}

#[test]
fn impossible_input_is_refused() {
    let phantom = row(1.0, &[1.0], &[0]);
    let m = means(&phantom, &[0.1], None, 10);
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(ScoredComponent::new("c", &phantom, &everywhere(&phantom), &[low(&m, bad)], &[]).is_err());
    }
    let mut vacuum = phantom.clone();
    vacuum.voxels[0] = 0;
    let error = ScoredComponent::new("c", &vacuum, &everywhere(&vacuum), &[low(&m, 1.0)], &[]).unwrap_err();
    assert!(error.to_string().contains("no mass"), "{error}");
}
