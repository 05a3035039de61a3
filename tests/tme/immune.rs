//! The immune part between lesions, and rest states of several regions.

use dosaic::response::tme::{Field, model::field_of};

use super::{
    close,
    setting::{DAY, Setting},
};

#[test]
fn t42_an_irradiated_lesion_tells_the_other() {
    // Two equal lesions, one treated.
    let effectors = |treated: &[usize]| {
        let mut setting = Setting::new(2, 4, 60.0);
        setting.with_oxygen().set("lymphocyte_alpha", 0.0);
        setting.plan.immune = true;
        let mut run = setting.start::<f64>();
        if !treated.is_empty() {
            let source = run.source(treated);
            run.treat(source, 0.0, 20.0, 80.0);
        }
        let fields = run.to(60.0).fields();
        (field_of(&fields, Field::Effector).to_vec(), run.simulation.timeline().globals.last().expect("a row").antigen)
    };
    let (untreated, rest) = effectors(&[]);
    let (first, one) = effectors(&[0, 1, 2, 3]);
    let (second, other) = effectors(&[4, 5, 6, 7]);
    // The far lesion's T cells change though it got no dose.
    assert!((second[0] / untreated[0] - 1.0).abs() > 0.05 && (one / rest - 1.0).abs() > 0.05, "{second:?} {untreated:?} {one} {rest}");
    // Which of both is treated does not matter: bit for bit the mirror image.
    assert_eq!(one.to_bits(), other.to_bits());
    assert_eq!((&first[..4], &first[4..]), (&second[4..], &second[..4]));
    // Voxels of one lesion are alike.
    assert!(first[..4].iter().all(|value| value == &first[0]));
}

#[test]
fn rest_states_share_one_antigen() {
    // Regions of different T cells: each rests at the antigen that both present together.
    let mut setting = Setting::new(2, 3, 1.0);
    setting.plan.immune = true;
    setting.plan.regions[1].parameters.set("t_killing", 0.002);
    setting.plan.regions[1].parameters.set("t_apoptosis", 1.5);
    setting.plan.regions[1].parameters.set("initial_cells", 0.6);
    setting.plan.step = 0.01 * DAY;
    let mut run = setting.build::<f64>(|input| input.rows.iter_mut().for_each(|row| (row.growth, row.turnover) = (0.0, 0.0)));
    // Growth and killing set to zero: the tumour itself stands still, and so does all that depends on it.
    let before = run.fields();
    let after = run.to(1.0).fields();
    for field in [Field::Primed, Field::Effector, Field::PdL1] {
        for (after, before) in field_of(&after, field).iter().zip(field_of(&before, field)) {
            close(&format!("{field:?}"), *after, *before, 1e-12);
        }
    }
    let globals = &run.simulation.timeline().globals;
    close("antigen", globals[1].antigen, globals[0].antigen, 1e-12);
    let effectors = field_of(&before, Field::Effector);
    assert!(effectors[5] > 1.05 * effectors[0], "{effectors:?}");
    // One region alone, for comparison.
    let mut alone = Setting::new(1, 3, 1.0);
    alone.plan.immune = true;
    let rest = alone.start::<f64>().simulation.rest()[0];
    close("alone", rest.effector, 132.6252, 1e-6);
}

#[test]
fn a_killing_that_no_growth_replaces_is_refused() {
    let mut setting = Setting::new(1, 1, 1.0);
    setting.plan.immune = true;
    setting.set("natural_death", 0.5);
    let message = setting.try_build::<f64>(|_| {}).expect_err("growth cannot keep up").to_string();
    assert!(message.contains("lesion_0") && message.contains("natural_death"), "{message}");
}
