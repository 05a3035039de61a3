//! Phantoms hold what the plan says: every shape, every order of painting, every image; and what cannot be is refused or told.

use dosaic::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::dicom::StructureName,
    phantom::{self, CtVoxel, Phantom, PhantomInputs, voxel_density, voxel_material},
    physics::materials::Material,
    plan::{ImageFile, Medium, PhantomPlan, RegionPlan, Shape},
    volume::Volume,
};
use glam::{DMat3, DVec3};

/// Images and materials from memory. Materials: any name that starts with "m" exists, with density 1 g/cm3.
#[derive(Default)]
struct Memory {
    ct: Option<Volume<f32>>,
    labels: Option<Volume<u32>>,
    /// Whether the label file is one of structures.
    structured: bool,
}

fn material(name: &str) -> Material {
    Material { name: name.to_string(), density: 1.0, i_value: 75.0, composition: vec![(1, 0.2), (8, 0.8)], source: "test".into() }
}

impl PhantomInputs for Memory {
    fn image(&self, path: &ImageFile) -> Result<Volume<f32>> {
        self.ct.clone().ok_or_else(|| Error::input(format!("{}: no image", path.display())))
    }

    fn labels(&self, path: &ImageFile) -> Result<Volume<u32>> {
        self.labels.clone().ok_or_else(|| Error::input(format!("{}: no labels", path.display())))
    }

    /// "roi" makes the first voxels, as many as its name has digits after it; numbers make that one voxel.
    fn structures(&self, _: &ImageFile, _: &VoxelGrid, wanted: &[StructureName]) -> Result<Option<Vec<Vec<u32>>>> {
        let voxels = |name: &StructureName| match name {
            StructureName::Name(name) => (0..name.trim_start_matches("roi").parse().expect("a count")).collect(),
            StructureName::Number(voxel) => vec![*voxel],
        };
        Ok(self.structured.then(|| wanted.iter().map(voxels).collect()))
    }

    fn material(&self, name: &str) -> Option<Material> {
        name.starts_with('m').then(|| material(name))
    }

    fn ct_materials(&self) -> Vec<Material> {
        vec![material("air"), material("soft"), material("bone")]
    }

    /// Air below -500 HU, bone above 200 HU, density 1 + HU/1000, ramp from -1000 HU (density 0.001) to 2000 HU.
    fn ct_convert(&self, hu: f32) -> CtVoxel {
        let inside = f64::from(hu).clamp(-999.0, 2000.0);
        let bin = if inside < -500.0 { 0 } else { usize::from(inside > 200.0) + 1 };
        CtVoxel { bin, density: 1.0 + inside / 1000.0, clamped: !(-1000.0..=2000.0).contains(&hu) }
    }
}

fn medium(name: &str, density: f64) -> Medium {
    Medium { material: name.to_string(), density: Some(density) }
}

fn region(name: &str, density: f64, shapes: Vec<Shape>) -> RegionPlan {
    RegionPlan { name: name.to_string(), medium: Some(medium("m_tissue", density)), shapes, labels: vec![], rois: vec![] }
}

fn labelled(name: &str, density: Option<f64>, labels: Vec<u32>) -> RegionPlan {
    RegionPlan { name: name.to_string(), medium: density.map(|d| medium("m_tissue", d)), shapes: vec![], labels, rois: vec![] }
}

fn cube(n: u32, spacing: f64) -> VoxelGrid {
    VoxelGrid::axis_aligned([n; 3], DVec3::splat(spacing), DVec3::splat(-0.5 * spacing * f64::from(n - 1)))
}

fn paint(grid: VoxelGrid, regions: &[RegionPlan]) -> Result<Phantom> {
    phantom::build(&PhantomPlan::Procedural { grid, background: medium("m_air", 0.0012) }, regions, &Memory::default())
}

fn count(phantom: &Phantom, region: usize) -> usize {
    phantom.region_voxels(region).count()
}

fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(error @ Error::Input(_)) => error.to_string(),
        other => panic!("expected wrong input, got {other:?}"),
    }
}

fn sphere(x: f64, y: f64, z: f64, radius: f64) -> Shape {
    Shape::Sphere { center: DVec3::new(x, y, z), radius }
}

fn labels_of(grid: VoxelGrid, label: impl Fn([u32; 3]) -> u32) -> Volume<u32> {
    Volume::new(grid, (0..grid.len()).map(|v| label(grid.ijk(v))).collect())
}

#[test]
fn each_shape_covers_exactly_the_centres_inside_it_on_an_oblique_grid() {
    let direction = DMat3::from_euler(glam::EulerRot::ZYX, 0.4, -0.7, 0.2);
    let grid = VoxelGrid { size: [31, 27, 23], spacing: DVec3::new(0.8, 1.1, 1.7), origin: DVec3::new(-14.0, 3.0, -9.0), direction };
    let c = grid.to_patient(DVec3::new(14.3, 12.1, 10.6));
    let axis = DVec3::new(1.0, -2.0, 0.5);
    let r = |p: DVec3| (p - c).length();
    type Inside<'a> = Box<dyn Fn(DVec3) -> bool + 'a>;
    let cases: Vec<(Shape, Inside<'_>)> = vec![
        (
            Shape::Box { center: c, size: DVec3::new(9.0, 5.0, 12.0) },
            Box::new(|p| (p.x - c.x).abs() < 4.5 && (p.y - c.y).abs() < 2.5 && (p.z - c.z).abs() < 6.0),
        ),
        (Shape::Sphere { center: c, radius: 6.2 }, Box::new(|p| r(p) <= 6.2)),
        (
            Shape::Ellipsoid { center: c, semi_axes: DVec3::new(3.0, 7.0, 5.0) },
            Box::new(|p| ((p.x - c.x) / 3.0).powi(2) + ((p.y - c.y) / 7.0).powi(2) + ((p.z - c.z) / 5.0).powi(2) <= 1.0),
        ),
        (
            Shape::Cylinder { center: c, axis, radius: 4.0, height: 13.0 },
            Box::new(|p| {
                let along = (p - c).dot(axis) / axis.length();
                along.abs() < 6.5 && (p - c).cross(axis).length() / axis.length() <= 4.0
            }),
        ),
        (Shape::Shell { center: c, inner_radius: 3.0, outer_radius: 7.0 }, Box::new(|p| r(p) > 3.0 && r(p) <= 7.0)),
        (Shape::Slab { axis: 1, from: c.y - 2.0, to: c.y + 3.0 }, Box::new(|p| p.y >= c.y - 2.0 && p.y < c.y + 3.0)),
        (Shape::HalfSpace { point: c, normal: axis }, Box::new(|p| (p - c).dot(axis) >= 0.0)),
    ];
    for (shape, inside) in cases {
        let phantom = paint(grid, &[region("r", 1.06, vec![shape.clone()])]).unwrap();
        let wrong: Vec<_> =
            (0..grid.len()).filter(|&v| (phantom.regions[v] == 1) != inside(grid.center(grid.ijk(v)))).map(|v| grid.ijk(v)).collect();
        assert!(wrong.is_empty(), "{shape:?}: {} voxels differ, first {:?}", wrong.len(), wrong[0]);
        assert!(count(&phantom, 0) > 100, "{shape:?} must cover enough voxels to be a test");
    }
}

#[test]
fn bounded_shapes_have_their_volume() {
    let grid = cube(64, 0.5);
    let volume = |shape| count(&paint(grid, &[region("r", 1.0, vec![shape])]).unwrap(), 0) as f64 * 0.125;
    let pi = std::f64::consts::PI;
    let c = DVec3::new(0.13, -0.21, 0.07);
    for (shape, expected) in [
        (Shape::Sphere { center: c, radius: 12.0 }, 4.0 / 3.0 * pi * 1728.0),
        (Shape::Ellipsoid { center: c, semi_axes: DVec3::new(6.0, 9.0, 14.0) }, 4.0 / 3.0 * pi * 756.0),
        (Shape::Cylinder { center: c, axis: DVec3::new(1.0, 1.0, 1.0), radius: 7.0, height: 15.0 }, pi * 49.0 * 15.0),
        (Shape::Shell { center: c, inner_radius: 9.0, outer_radius: 13.0 }, 4.0 / 3.0 * pi * (2197.0 - 729.0)),
        (Shape::Box { center: DVec3::ZERO, size: DVec3::new(10.0, 20.0, 5.0) }, 1000.0),
    ] {
        let found = volume(shape.clone());
        assert!((found / expected - 1.0).abs() < 0.01, "{shape:?}: {found} mm3, expected {expected}");
    }
}

#[test]
fn neighbouring_shapes_tile_without_gap_or_overlap_even_through_voxel_centres() {
    // Centres lie on whole millimetres, and so do all surfaces.
    let grid = VoxelGrid::axis_aligned([21; 3], DVec3::ONE, DVec3::splat(-10.0));
    let covered = |a: Shape, b: Shape| {
        let one = |shape: Shape| count(&paint(grid, &[region("r", 1.0, vec![shape])]).unwrap(), 0);
        (one(a.clone()) + one(b.clone()), count(&paint(grid, &[region("r", 1.0, vec![a, b])]).unwrap(), 0))
    };
    let o = DVec3::ZERO;
    for (a, b, whole) in [
        (
            Shape::Sphere { center: o, radius: 5.0 },
            Shape::Shell { center: o, inner_radius: 5.0, outer_radius: 9.0 },
            Shape::Sphere { center: o, radius: 9.0 },
        ),
        (
            Shape::Slab { axis: 2, from: -4.0, to: 1.0 },
            Shape::Slab { axis: 2, from: 1.0, to: 6.0 },
            Shape::Slab { axis: 2, from: -4.0, to: 6.0 },
        ),
        (
            Shape::Box { center: DVec3::new(-3.0, 0.0, 0.0), size: DVec3::splat(6.0) },
            Shape::Box { center: DVec3::new(3.0, 0.0, 0.0), size: DVec3::splat(6.0) },
            Shape::Box { center: o, size: DVec3::new(12.0, 6.0, 6.0) },
        ),
        (
            Shape::Cylinder { center: DVec3::new(0.0, -3.0, 0.0), axis: DVec3::Y, radius: 5.0, height: 6.0 },
            Shape::Cylinder { center: DVec3::new(0.0, 3.0, 0.0), axis: DVec3::Y, radius: 5.0, height: 6.0 },
            Shape::Cylinder { center: o, axis: DVec3::Y, radius: 5.0, height: 12.0 },
        ),
    ] {
        let (sum, union) = covered(a, b);
        let whole = count(&paint(grid, &[region("r", 1.0, vec![whole])]).unwrap(), 0);
        assert_eq!((sum, union), (whole, whole));
    }
}

#[test]
fn later_regions_override_region_and_medium() {
    let grid = cube(20, 1.0);
    let phantom = paint(
        grid,
        &[
            region("body", 1.03, vec![Shape::Slab { axis: 0, from: -100.0, to: 100.0 }]),
            region("liver", 1.06, vec![sphere(0.0, 0.0, 0.0, 7.0)]),
            region("lesion", 1.04, vec![sphere(2.0, 0.0, 0.0, 3.0), sphere(-3.0, 0.0, 0.0, 2.0)]),
        ],
    )
    .unwrap();
    assert_eq!(phantom.region_names, ["body", "liver", "lesion"]);
    for (v, &voxel) in phantom.voxels.iter().enumerate() {
        let p = grid.center(grid.ijk(v));
        let lesion = p.distance(DVec3::X * 2.0) <= 3.0 || p.distance(DVec3::X * -3.0) <= 2.0;
        let (region, density) = if lesion {
            (3, 1.04f32)
        } else if p.length() <= 7.0 {
            (2, 1.06)
        } else {
            (1, 1.03)
        };
        assert_eq!(phantom.regions[v], region);
        assert!((voxel_density(voxel) / density - 1.0).abs() <= 2f32.powi(-17));
        assert_eq!(phantom.materials[usize::from(voxel_material(voxel))].name, "m_tissue");
    }
    assert!(phantom.warnings.is_empty(), "{:?}", phantom.warnings);
    // A medium without density takes the material's; what no shape covers is background.
    let own = RegionPlan {
        medium: Some(Medium { material: "m_own".into(), density: None }),
        ..region("own", 0.0, vec![sphere(0.0, 0.0, 0.0, 3.0)])
    };
    let phantom = paint(grid, &[own]).unwrap();
    let (inside, outside) = (phantom.voxels[grid.index([10; 3])], phantom.voxels[0]);
    assert_eq!((voxel_density(inside), phantom.materials[usize::from(voxel_material(inside))].name.as_str()), (1.0, "m_own"));
    assert_eq!((phantom.regions[0], phantom.materials[usize::from(voxel_material(outside))].name.as_str()), (0, "m_air"));
    assert!((voxel_density(outside) / 0.0012 - 1.0).abs() < 1.0e-5);
}

#[test]
fn labels_give_region_and_medium_and_must_all_be_named() {
    let grid = VoxelGrid::axis_aligned([4, 3, 2], DVec3::new(1.0, 2.0, 3.0), DVec3::new(5.0, 6.0, 7.0));
    let inputs = Memory { labels: Some(labels_of(grid, |[i, j, _]| if j == 2 { 0 } else { i })), ..Memory::default() };
    let plan = PhantomPlan::Labels { image: "organs.nii.gz".into(), background: medium("m_air", 0.0012) };
    let regions = [labelled("a", Some(1.1), vec![1, 3]), labelled("b", Some(1.2), vec![2, 9])];
    let phantom = phantom::build(&plan, &regions, &inputs).unwrap();
    assert_eq!(phantom.grid, grid);
    for v in 0..grid.len() {
        let [i, j, _] = grid.ijk(v);
        let (region, density) = match i {
            _ if j == 2 => (0, 0.0012f32),
            0 => (0, 0.0012),
            2 => (2, 1.2),
            _ => (1, 1.1),
        };
        assert_eq!(phantom.regions[v], region);
        assert!((voxel_density(phantom.voxels[v]) / density - 1.0).abs() < 1.0e-5);
    }
    assert_eq!(phantom.warnings, ["region \"b\": labels [9] do not occur in the label image"]);

    let error = message(phantom::build(&plan, &regions[..1], &inputs));
    assert!(error.contains("organs.nii.gz") && error.contains("label 2 (4 voxels)"), "{error}");
    let error = message(phantom::build(&plan, &[labelled("a", Some(1.1), vec![1, 2, 3, 9]), labelled("b", Some(1.1), vec![9])], &inputs));
    assert!(error.contains("label 9 is named by regions \"a\" and \"b\""), "{error}");
    let error = message(phantom::build(&plan, &[labelled("a", Some(1.1), vec![1, 2, 3]), labelled("b", Some(1.1), vec![8])], &inputs));
    assert!(error.contains("region \"b\" has no voxel") && error.contains("none of its labels"), "{error}");
    let error = message(phantom::build(&plan, &[labelled("a", None, vec![1, 2, 3])], &inputs));
    assert!(error.contains("needs a material"), "{error}");
}

/// A CT of 10 x 10 x 10 voxels whose value rises with x from -900 HU in steps of 200, with one label on y < 5.
fn ct() -> (VoxelGrid, Memory, PhantomPlan) {
    let grid = cube(10, 2.0);
    let ct = Volume::new(grid, (0..grid.len()).map(|v| -900.0 + 200.0 * grid.ijk(v)[0] as f32).collect());
    let labels = labels_of(grid, |ijk| u32::from(ijk[1] < 5) * 4);
    let plan = PhantomPlan::Ct { image: "ct.nii".into(), labels: Some("seg.nii".into()), merge: [1; 3], registered: false };
    (grid, Memory { ct: Some(ct), labels: Some(labels), ..Memory::default() }, plan)
}

#[test]
fn labels_of_the_same_voxels_in_another_order_are_put_in_that_of_the_ct() {
    let (grid, inputs, plan) = ct();
    let last = grid.center([9, 0, 9]);
    // The first axis runs down, the second and third are exchanged.
    let direction = DMat3::from_cols(-DVec3::X, DVec3::Z, DVec3::Y);
    let turned = VoxelGrid { origin: grid.center([9, 0, 0]), direction, ..grid };
    assert_eq!(turned.center([0, 9, 0]), last);
    let regions = [labelled("half", None, vec![4])];
    let right = phantom::build(&plan, &regions, &inputs).unwrap().regions;
    let labels = labels_of(turned, |[_, _, k]| u32::from(k < 5) * 4);
    let found = phantom::build(&plan, &regions, &Memory { labels: Some(labels), ..inputs }).unwrap();
    assert_eq!(found.regions, right);
    assert_eq!(found.grid, grid);
}

#[test]
fn structures_lie_in_the_order_of_their_regions_and_may_overlap() {
    let (_, inputs, plan) = ct();
    let inputs = Memory { structured: true, ..inputs };
    let named = |name: &str, rois: &[&str], labels: Vec<u32>| RegionPlan {
        rois: rois.iter().map(ToString::to_string).collect(),
        ..labelled(name, None, labels)
    };
    let regions = [named("first", &["roi40"], vec![]), named("second", &["roi10", "roi12"], vec![77])];
    let phantom = phantom::build(&plan, &regions, &inputs).unwrap();
    let expected: Vec<u16> = (0..1000).map(|v| if v < 12 || v == 77 { 2 } else { u16::from(v < 40) }).collect();
    assert_eq!(phantom.regions, expected);
    let error = message(phantom::build(&plan, &[named("a", &["roi3"], vec![]), named("b", &["roi0"], vec![])], &inputs));
    assert!(error.contains("region \"b\" has no voxel, its structures enclose no voxel centre"), "{error}");
    let error = message(phantom::build(&plan, &[named("a", &["roi3"], vec![])], &Memory { structured: false, ..inputs }));
    assert!(error.contains("seg.nii: is a label image") && error.contains("[\"roi3\"]"), "{error}");
}

#[test]
fn a_ct_gives_media_and_regions_override_them_only_where_they_name_one() {
    let (grid, inputs, plan) = ct();
    let keeps = RegionPlan { medium: None, ..region("keeps", 0.0, vec![sphere(0.0, -6.0, 0.0, 4.0)]) };
    let bleeds = region("lead", 11.35, vec![sphere(0.0, 6.0, 0.0, 4.0), sphere(0.0, -6.0, 6.0, 2.5)]);
    let regions = [labelled("half", None, vec![4]), keeps, bleeds];
    let phantom = phantom::build(&plan, &regions, &inputs).unwrap();
    let mut seen = [0; 4];
    for v in 0..grid.len() {
        let (ijk, p) = (grid.ijk(v), grid.center(grid.ijk(v)));
        let lead = p.distance(DVec3::new(0.0, 6.0, 0.0)) <= 4.0 || p.distance(DVec3::new(0.0, -6.0, 6.0)) <= 2.5;
        let expected = if lead {
            3
        } else if p.distance(DVec3::new(0.0, -6.0, 0.0)) <= 4.0 {
            2
        } else {
            u16::from(ijk[1] < 5)
        };
        assert_eq!(phantom.regions[v], expected);
        seen[usize::from(expected)] += 1;
        let hu = -900.0 + 200.0 * f64::from(ijk[0]);
        let (density, name) = match hu {
            _ if lead => (11.35, "m_tissue"),
            hu if hu < -500.0 => (1.0 + hu / 1000.0, "air"),
            hu if hu > 200.0 => (1.0 + hu / 1000.0, "bone"),
            hu => (1.0 + hu / 1000.0, "soft"),
        };
        assert!((f64::from(voxel_density(phantom.voxels[v])) / density - 1.0).abs() < 1.0e-5);
        assert_eq!(phantom.materials[usize::from(voxel_material(phantom.voxels[v]))].name, name);
    }
    assert!(seen.iter().all(|&n| n > 10), "{seen:?}");
    assert!(phantom.warnings.is_empty(), "{:?}", phantom.warnings);
}

#[test]
fn a_label_written_after_a_shape_has_the_voxel_but_leaves_the_shapes_medium() {
    let (grid, inputs, plan) = ct();
    let lead = region("lead", 11.35, vec![sphere(0.0, 0.0, 0.0, 5.0)]);
    let at = grid.index([5, 3, 5]);
    let built = |label: RegionPlan| phantom::build(&plan, &[lead.clone(), label], &inputs).unwrap();
    let phantom = built(labelled("half", None, vec![4]));
    assert_eq!((phantom.regions[at], voxel_density(phantom.voxels[at])), (2, voxel_density(phantom::pack_voxel(0, 11.35))));
    let phantom = built(labelled("half", Some(1.5), vec![4]));
    assert_eq!((phantom.regions[at], voxel_density(phantom.voxels[at])), (2, 1.5));
}

#[test]
fn odd_ct_values_and_labels_are_told_or_refused() {
    let (_, mut inputs, plan) = ct();
    let region = [labelled("half", None, vec![4])];
    let values = inputs.ct.as_mut().unwrap();
    (values.data[3], values.data[17], values.data[18]) = (3071.0, -1024.0, 2500.0);
    inputs.labels.as_mut().unwrap().data[999] = 6;
    let warnings = phantom::build(&plan, &region, &inputs).unwrap().warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("ct.nii: 3 of 1000 CT values") && warnings[0].contains("-1024 to 3071 HU"), "{warnings:?}");
    assert!(warnings[1].contains("label 6 (1 voxel)"), "{warnings:?}");

    inputs.ct.as_mut().unwrap().data[123] = f32::NAN;
    inputs.ct.as_mut().unwrap().data[124] = f32::INFINITY;
    let error = message(phantom::build(&plan, &region, &inputs));
    assert!(error.contains("2 CT values are not finite") && error.contains("[3, 2, 1]"), "{error}");
}

#[test]
fn labels_on_another_grid_than_the_ct_are_refused_with_both_grids() {
    let (grid, mut inputs, plan) = ct();
    let region = [labelled("half", None, vec![4])];
    for (grid, told) in [
        (VoxelGrid { origin: grid.origin + DVec3::new(0.0, 0.5, 0.0), ..grid }, "-8.5"),
        (VoxelGrid { spacing: DVec3::new(2.0, 2.0, 2.1), ..grid }, "2.1"),
        (VoxelGrid { direction: DMat3::from_rotation_z(0.1), ..grid }, "0.099833"),
        (VoxelGrid { size: [10, 10, 9], ..grid }, "10 x 10 x 9"),
    ] {
        inputs.labels = Some(labels_of(grid, |_| 4));
        let error = message(phantom::build(&plan, &region, &inputs));
        assert!(error.contains(told) && error.contains("ct.nii: 10 x 10 x 10") && error.contains("seg.nii"), "{error}");
    }
    inputs.labels = Some(labels_of(VoxelGrid { origin: grid.origin + DVec3::splat(0.005), ..grid }, |_| 4));
    assert!(phantom::build(&plan, &region, &inputs).is_ok(), "rounding in a header is no difference");
}

#[test]
fn regions_without_voxels_are_refused_by_name() {
    let grid = cube(20, 1.0);
    let body = || region("body", 1.0, vec![sphere(0.0, 0.0, 0.0, 8.0)]);
    for (regions, told) in [
        (vec![body(), region("far", 1.0, vec![sphere(50.0, 0.0, 0.0, 5.0)])], ["\"far\"", "outside the grid"]),
        (vec![body(), region("tiny", 1.0, vec![sphere(1.0, 1.0, 1.0, 0.2)])], ["\"tiny\"", "smaller than a voxel"]),
        (vec![region("under", 1.0, vec![sphere(0.0, 0.0, 0.0, 3.0)]), body()], ["\"under\"", "painted over all of the 136 voxels"]),
        (vec![body(), region("void", 1.0, vec![])], ["\"void\"", "neither shapes nor labels"]),
        (vec![body(), body()], ["\"body\"", "named twice"]),
        (vec![body(), labelled("label", Some(1.0), vec![1])], ["\"label\"", "no label image"]),
    ] {
        let error = message(paint(grid, &regions));
        assert!(told.iter().all(|told| error.contains(told)), "{error}");
    }
}

#[test]
fn what_a_shape_loses_is_told_with_numbers() {
    let grid = cube(20, 1.0);
    // Half of the first sphere (its centre on the grid's face) and none of the second lie outside: 50 % of 8/9 of the volume.
    let two = region("two", 1.0, vec![sphere(10.0, 0.0, 0.0, 4.0), sphere(-5.0, 0.0, 0.0, 2.0)]);
    let dots = region("dots", 1.0, vec![sphere(0.5, 7.5, 0.5, 0.4), sphere(2.0, 7.0, 2.0, 0.4), sphere(4.0, 7.0, 2.0, 0.4)]);
    let slab = region("slab", 1.0, vec![Shape::Slab { axis: 2, from: 9.0, to: 30.0 }]);
    let warnings = paint(grid, &[two, dots, slab]).unwrap().warnings;
    assert_eq!(warnings.len(), 3, "an unbounded slab loses nothing worth telling: {warnings:?}");
    let share: f64 = warnings[0].split("about ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
    assert!(warnings[0].contains("\"two\"") && (share - 100.0 * 0.5 * 64.0 / 72.0).abs() < 1.0, "{warnings:?}");
    assert!(warnings[1].contains("\"dots\": 2 of 3 shapes hold no voxel centre"), "{warnings:?}");
    assert!(warnings[2].contains("\"dots\" is a single voxel"), "{warnings:?}");
}

#[test]
fn materials_are_kept_once_and_256_is_the_limit() {
    let grid = VoxelGrid::axis_aligned([300, 1, 1], DVec3::ONE, DVec3::ZERO);
    let regions = |n: usize| -> Vec<RegionPlan> {
        (0..n)
            .map(|i| {
                let shapes = vec![Shape::Slab { axis: 0, from: i as f64 - 0.5, to: i as f64 + 0.5 }];
                RegionPlan { medium: Some(medium(&format!("m{i}"), 1.0)), ..region(&format!("r{i}"), 1.0, shapes) }
            })
            .collect()
    };
    // The background is the 256th.
    let phantom = paint(grid, &regions(255)).unwrap();
    assert_eq!(phantom.materials.len(), 256);
    for (v, &voxel) in phantom.voxels.iter().take(255).enumerate() {
        assert_eq!(phantom.materials[usize::from(voxel_material(voxel))].name, format!("m{v}"));
    }
    let error = message(paint(grid, &regions(256)));
    assert!(error.contains("more than 256 materials"), "{error}");
}

#[test]
fn impossible_shapes_media_and_grids_are_refused() {
    let grid = cube(8, 1.0);
    let o = DVec3::ZERO;
    for shape in [
        Shape::Box { center: o, size: DVec3::new(1.0, 0.0, 1.0) },
        Shape::Box { center: DVec3::new(f64::NAN, 0.0, 0.0), size: DVec3::ONE },
        Shape::Sphere { center: o, radius: -1.0 },
        Shape::Sphere { center: o, radius: f64::INFINITY },
        Shape::Ellipsoid { center: o, semi_axes: DVec3::new(1.0, 2.0, -3.0) },
        Shape::Cylinder { center: o, axis: DVec3::ZERO, radius: 1.0, height: 1.0 },
        Shape::Cylinder { center: o, axis: DVec3::X, radius: 1.0, height: f64::NAN },
        Shape::Shell { center: o, inner_radius: 3.0, outer_radius: 3.0 },
        Shape::Shell { center: o, inner_radius: -1.0, outer_radius: 3.0 },
        Shape::Slab { axis: 3, from: 0.0, to: 1.0 },
        Shape::Slab { axis: 0, from: 1.0, to: 1.0 },
        Shape::HalfSpace { point: o, normal: DVec3::ZERO },
    ] {
        let error = message(paint(grid, &[region("odd", 1.0, vec![shape])]));
        assert!(error.contains("region \"odd\""), "{error}");
    }
    for density in [0.0, -1.0, f64::NAN, f64::INFINITY, 1.0e3] {
        let error = message(paint(grid, &[region("odd", density, vec![sphere(0.0, 0.0, 0.0, 2.0)])]));
        assert!(error.contains("region \"odd\"") && error.contains("g/cm3"), "{error}");
    }
    let unknown = RegionPlan { medium: Some(medium("watr", 1.0)), ..region("odd", 1.0, vec![sphere(0.0, 0.0, 0.0, 2.0)]) };
    assert!(message(paint(grid, &[unknown])).contains("\"watr\""));
    for bad in [
        VoxelGrid { size: [8, 0, 8], ..grid },
        VoxelGrid { size: [u32::MAX; 3], ..grid },
        VoxelGrid { size: [2_000_000, 1, 1], ..grid },
        VoxelGrid { size: [2048, 2048, 1024], ..grid },
        VoxelGrid { spacing: DVec3::new(1.0, -1.0, 1.0), ..grid },
        VoxelGrid { origin: DVec3::new(f64::NAN, 0.0, 0.0), ..grid },
    ] {
        message(paint(bad, &[]));
    }
}

#[test]
fn only_the_bounding_box_of_a_shape_is_visited() {
    // A billion voxel visits (2000 whole grids of 80^3) would take minutes in a test build; the spheres' boxes hold 0.7 million.
    let grid = cube(80, 1.0);
    let shapes: Vec<Shape> = (0..2000).map(|n| sphere(f64::from(n % 70) - 35.0, f64::from(n / 70) - 15.0, f64::from(n % 7), 3.0)).collect();
    let started = std::time::Instant::now();
    let phantom = paint(grid, &[region("many", 1.0, shapes)]).unwrap();
    assert!(count(&phantom, 0) > 10_000);
    assert!(started.elapsed().as_secs_f64() < 2.0, "took {:?}", started.elapsed());
}

#[test]
fn memory_is_known_before_it_is_taken() {
    let phantom = paint(cube(4, 1.0), &[]).unwrap();
    let resident = size_of_val(&phantom.voxels[..]) + size_of_val(&phantom.regions[..]);
    assert_eq!(resident as u64, phantom.grid.len() as u64 * phantom::bytes_per_voxel());
    let procedural = PhantomPlan::Procedural { grid: cube(4, 1.0), background: medium("m", 1.0) };
    assert_eq!(phantom::building_bytes_per_voxel(&procedural), phantom::bytes_per_voxel());
    let ct = PhantomPlan::Ct { image: "ct.nii".into(), labels: None, merge: [1; 3], registered: false };
    assert_eq!(phantom::building_bytes_per_voxel(&ct), phantom::bytes_per_voxel() + 4);
}
