//! What is written is read back: values bit for bit, positions within what the format can say.

use dosaic::{
    grid::VoxelGrid,
    io::image::{self, write_metaimage, write_nifti},
    volume::Volume,
};
use glam::{DMat3, DVec3};

use crate::files::{
    dose, gzip, hot_voxel, meta_header, oblique_directions, off_centre, parallel_directions, put, put_f32, save, small_meta,
    small_meta_lines, small_meta_voxels, small_nifti1, small_nifti2, zlib,
};

#[test]
fn every_orientation_survives_both_formats() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let directions = [parallel_directions(), oblique_directions()].concat();
    assert_eq!(directions.len(), 48 + 4);
    for direction in directions {
        let volume = hot_voxel(VoxelGrid { direction, ..off_centre() });
        for name in ["a.nii.gz", "a.nii"] {
            let path = folder.path().join(name);
            write_nifti(&path, &volume, &dose()).expect("write");
            let read = image::read_with_notes(&path).expect("read");
            assert_eq!(read.volume.data, volume.data);
            assert_eq!(read.volume.grid.spacing, volume.grid.spacing, "decimals survive single precision");
            // Positions are single precision: 178 mm are good to 8e-6 mm.
            assert!(read.volume.grid.same_place(&volume.grid, 2e-5), "{:?} is not {:?}", read.volume.grid, volume.grid);
            assert_eq!(read.notes, [] as [&str; 0], "sform and qform agree");
        }
        let path = folder.path().join("a.mha");
        write_metaimage(&path, &volume, &dose()).expect("write");
        let read = image::read_with_notes(&path).expect("read");
        assert_eq!(read.volume.data, volume.data);
        assert!(read.volume.grid.same_place(&volume.grid, 1e-11) && read.volume.grid.spacing == volume.grid.spacing);
        assert_eq!(read.notes, [] as [&str; 0]);
        assert_eq!(image::read_grid(&path).expect("read"), read.volume.grid);
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 3, "no temporary files stay");
}

#[test]
fn axes_parallel_to_the_patient_are_read_back_exactly() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for direction in parallel_directions() {
        // Numbers that single precision has as decimals.
        let volume = hot_voxel(VoxelGrid { direction, ..off_centre() });
        for path in [folder.path().join("a.nii.gz"), folder.path().join("a.mha")] {
            let written = if path.extension().is_some_and(|e| e == "gz") {
                write_nifti(&path, &volume, &dose())
            } else {
                write_metaimage(&path, &volume, &dose())
            };
            written.expect("write");
            assert_eq!(image::read(&path).expect("read").grid, volume.grid);
        }
    }
}

#[test]
fn micrometre_voxels_survive() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for direction in [DMat3::IDENTITY, oblique_directions()[0]] {
        let grid = VoxelGrid { direction, spacing: DVec3::new(1e-3, 2e-3, 1.5e-3), origin: DVec3::new(-0.15, 0.2, 0.25), size: [7, 5, 3] };
        let volume = hot_voxel(VoxelGrid { size: [8, 5, 4], ..grid });
        for (name, tolerance) in [("a.nii.gz", 1e-7), ("a.mha", 1e-12)] {
            let path = folder.path().join(name);
            if name == "a.mha" { write_metaimage(&path, &volume, &dose()) } else { write_nifti(&path, &volume, &dose()) }.expect("write");
            let read = image::read(&path).expect("read").grid;
            assert_eq!(read.spacing, volume.grid.spacing);
            assert!(read.same_place(&volume.grid, tolerance), "{name}");
        }
    }
}

#[test]
fn the_header_is_the_documented_one() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let grid = VoxelGrid::axis_aligned([8, 6, 5], DVec3::new(2.0, 2.5, 3.0), DVec3::new(-10.0, -20.0, -30.0));
    let volume = hot_voxel(grid);
    let path = folder.path().join("dose.nii");
    write_nifti(&path, &volume, &dose()).expect("write");
    let file = std::fs::read(&path).expect("read");
    let f32s = |at: usize, n: usize| {
        (0..n).map(|i| f32::from_le_bytes(*file[at + 4 * i..].first_chunk().expect("four bytes"))).collect::<Vec<_>>()
    };
    let i16s =
        |at: usize, n: usize| (0..n).map(|i| i16::from_le_bytes(*file[at + 2 * i..].first_chunk().expect("two bytes"))).collect::<Vec<_>>();
    assert_eq!(i16s(40, 8), [3, 8, 6, 5, 1, 1, 1, 1]);
    assert_eq!((i16s(68, 3), f32s(108, 3)), (vec![1001, 16, 32], vec![352.0, 1.0, 0.0]));
    assert_eq!(f32s(76, 4), [1.0, 2.0, 2.5, 3.0]);
    assert_eq!(file[123], 2);
    assert_eq!(&file[148..167], b"absorbed dose [Gy]\0");
    assert_eq!(i16s(252, 2), [1, 1]);
    assert_eq!(f32s(256, 6), [0.0, 0.0, 1.0, 10.0, 20.0, -30.0]);
    assert_eq!(f32s(280, 12), [-2.0, 0.0, 0.0, 10.0, 0.0, -2.5, 0.0, 20.0, 0.0, 0.0, 3.0, -30.0]);
    assert_eq!((&file[328..333], &file[344..352]), (b"dose\0".as_slice(), b"n+1\0\0\0\0\0".as_slice()));
    assert_eq!(file.len(), 352 + 4 * 240);

    let path = folder.path().join("dose.mha");
    write_metaimage(&path, &volume, &dose()).expect("write");
    let file = std::fs::read(&path).expect("read");
    let expected = "ObjectType = Image\nNDims = 3\nComment = absorbed dose [Gy]\nBinaryData = True\nBinaryDataByteOrderMSB = False\n\
        CompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = -10 -20 -30\nCenterOfRotation = 0 0 0\n\
        AnatomicalOrientation = RAI\nElementSpacing = 2 2.5 3\nDimSize = 8 6 5\nElementType = MET_FLOAT\nElementDataFile = LOCAL\n";
    assert_eq!(std::str::from_utf8(&file[..expected.len()]).expect("text"), expected);
    assert_eq!(file.len(), expected.len() + 4 * 240);
}

#[test]
fn labels_survive_in_every_type_that_is_written() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (nifti, meta) = (folder.path().join("l.nii.gz"), folder.path().join("l.mha"));
    macro_rules! check {
        ($type:ty, $largest:expr) => {
            let mut data: Vec<$type> = (0..off_centre().len()).map(|n| (n % 100) as $type).collect();
            data[7] = $largest;
            let volume = Volume::new(off_centre(), data);
            write_nifti(&nifti, &volume, &dose()).expect("write");
            write_metaimage(&meta, &volume, &dose()).expect("write");
            let expected: Vec<u32> = volume.data.iter().map(|&x| x as u32).collect();
            assert_eq!(image::read_labels(&nifti).expect("read").data, expected);
            assert_eq!(image::read_labels(&meta).expect("read").data, expected);
        };
    }
    check!(u8, u8::MAX);
    check!(i16, i16::MAX);
    check!(u16, u16::MAX);
    check!(u32, u32::MAX);
    check!(f32, 16_777_215.0);
    check!(f64, 4_294_967_295.0);
}

#[test]
fn every_stored_type_and_both_byte_orders_are_read() {
    let folder = tempfile::tempdir().expect("temporary folder");
    macro_rules! check {
        ($type:ty, $datatype:literal, $meta:literal, $negative:literal) => {
            let values: Vec<$type> = (0..24_u8).map(|n| if n == 5 { $negative as $type } else { n as $type }).collect();
            let expected: Vec<f32> = values.iter().map(|&x| x as f32).collect();
            for big in [false, true] {
                let voxels: Vec<u8> = values.iter().flat_map(|x| if big { x.to_be_bytes() } else { x.to_le_bytes() }).collect();
                if !big {
                    let mut file = small_nifti1();
                    file.truncate(352);
                    put(&mut file, 70, &i16::to_le_bytes($datatype));
                    put(&mut file, 72, &(8 * size_of::<$type>() as i16).to_le_bytes());
                    file.extend(&voxels);
                    assert_eq!(image::read(save(folder.path(), "t.nii", &file)).expect($meta).data, expected, "{}", $meta);
                }
                let mut lines = small_meta_lines();
                lines[3].1 = if big { "True" } else { "False" };
                lines[11].1 = $meta;
                let file = [meta_header(&lines), voxels].concat();
                assert_eq!(image::read(save(folder.path(), "t.mha", &file)).expect($meta).data, expected, "{}", $meta);
            }
        };
    }
    check!(i8, 256, "MET_CHAR", -7);
    check!(u8, 2, "MET_UCHAR", 255);
    check!(i16, 4, "MET_SHORT", -700);
    check!(u16, 512, "MET_USHORT", 65535);
    check!(i32, 8, "MET_INT", -70000);
    check!(i32, 8, "MET_LONG", -70000);
    check!(u32, 768, "MET_UINT", 70000);
    check!(u32, 768, "MET_ULONG", 70000);
    check!(i64, 1024, "MET_LONG_LONG", -1_099_511_627_776_i64);
    check!(u64, 1280, "MET_ULONG_LONG", 1_099_511_627_776_u64);
    check!(f32, 16, "MET_FLOAT", -0.375);
    check!(f64, 64, "MET_DOUBLE", -0.375);
}

#[test]
fn nifti2_big_endian_with_scaling_micrometres_and_a_quaternion() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let image = image::read(save(folder.path(), "a.nii", &small_nifti2())).expect("read");
    assert_eq!(image.data[..3], [-1.0, -0.5, 0.0]);
    // RAS: x to +y, y to -x, z (flipped by qfac) to -z; LPS turns the signs of x and y.
    let direction = DMat3::from_cols(-DVec3::Y, DVec3::X, -DVec3::Z);
    let expected = VoxelGrid { size: [3, 4, 2], spacing: DVec3::new(0.003, 0.005, 0.007), origin: DVec3::new(-0.1, -0.2, 0.3), direction };
    assert_eq!(image.grid, expected);
}

#[test]
fn metres_extensions_and_gzip_under_any_name() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut file = small_nifti1();
    file[123] = 1; // m
    put_f32(&mut file, 76, &[1.0, 0.002, 0.003, 0.004]);
    put_f32(&mut file, 280, &[-0.002, 0.0, 0.0, 0.01, 0.0, -0.003, 0.0, 0.02, 0.0, 0.0, 0.004, 0.03]);
    put_f32(&mut file, 108, &[384.0]);
    let voxels = file.split_off(352);
    file.extend([1; 32]);
    file.extend(voxels);
    for (name, bytes) in [("a.nii", file.clone()), ("a.nii.gz", gzip(&file)), ("packed.nii", gzip(&file)), ("plain.nii.gz", file)] {
        let image = image::read(save(folder.path(), name, &bytes)).expect(name);
        assert_eq!((image.grid.spacing, image.grid.origin), (DVec3::new(2.0, 3.0, 4.0), DVec3::new(-10.0, -20.0, 30.0)), "{name}");
        assert_eq!(image.data[23], 23.0);
    }
    // Two gzip members make one file (bgzip, pigz).
    let file = small_nifti1();
    let members = [gzip(&file[..100]), gzip(&file[100..])].concat();
    assert_eq!(image::read(save(folder.path(), "members.nii.gz", &members)).expect("read").data[23], 23.0);
}

#[test]
fn metaimage_voxels_may_be_compressed_or_in_a_file_of_their_own() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let expected = image::read(save(folder.path(), "local.mha", &small_meta())).expect("read");
    assert_eq!(expected.data[..3], [0.0, 1.0, 2.0]);
    assert_eq!(expected.grid.direction, DMat3::from_cols(DVec3::Y, -DVec3::X, DVec3::Z), "three numbers per axis");
    let with = |changes: &[(&'static str, &'static str)]| {
        let mut lines = small_meta_lines();
        for &(key, value) in changes {
            lines.retain(|line| line.0 != key);
            lines.insert(lines.len() - usize::from(key != "ElementDataFile"), (key, value));
        }
        meta_header(&lines)
    };
    let voxels = small_meta_voxels();
    std::fs::create_dir(folder.path().join("sub")).expect("create");
    save(folder.path(), "v.raw", &voxels);
    save(folder.path(), "sub/v.raw", &[b"header".as_slice(), &voxels].concat());
    save(folder.path(), "v.zraw", &zlib(&voxels));
    save(folder.path(), "v.raw.gz", &gzip(&voxels));
    let compressed = ("CompressedData", "True");
    let zipped = zlib(&voxels);
    let size: &'static str = Box::leak(zipped.len().to_string().into_boxed_str());
    let cases = [
        ("raw.mhd", with(&[("ElementDataFile", "v.raw")])),
        ("skip.mhd", with(&[("ElementDataFile", "sub/v.raw"), ("HeaderSize", "6")])),
        ("tail.mhd", with(&[("ElementDataFile", "./sub/v.raw"), ("HeaderSize", "-1")])),
        ("zraw.mhd", with(&[("ElementDataFile", "v.zraw"), compressed, ("CompressedDataSize", size)])),
        ("gz.mhd", with(&[("ElementDataFile", "v.raw.gz"), compressed])),
        ("local.mha", [with(&[compressed, ("CompressedDataSize", size)]), zipped].concat()),
        ("local_gz.mha", [with(&[compressed]), gzip(&voxels)].concat()),
        ("all.mha.gz", gzip(&small_meta())),
        ("crlf.mha", [String::from_utf8(with(&[])).expect("text").replace('\n', "\r\n").into_bytes(), voxels].concat()),
    ];
    for (name, bytes) in cases {
        assert_eq!(image::read(save(folder.path(), name, &bytes)).expect(name), expected, "{name}");
    }
}

#[test]
fn what_a_header_leaves_open_or_says_twice_is_noted() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let notes = |name: &str, bytes: &[u8]| image::read_with_notes(save(folder.path(), name, bytes)).expect(name).notes.join("; ");
    assert_eq!(notes("a.nii", &small_nifti1()), "");
    let mut file = small_nifti1();
    file[123] = 0;
    assert!(notes("a.nii", &file).contains("unit of length is not given"));
    // A qform that is 5 mm off.
    let mut file = small_nifti1();
    put(&mut file, 252, &1_i16.to_le_bytes());
    put_f32(&mut file, 256, &[0.0, 0.0, 1.0, 15.0, 20.0, 30.0]);
    assert!(notes("a.nii", &file).contains("up to 5.000 mm apart; the sform was used"));
    put_f32(&mut file, 268, &[10.0]);
    assert_eq!(notes("a.nii", &file), "");
    put_f32(&mut file, 256, &[2.0]);
    assert!(notes("a.nii", &file).contains("the qform was not used"));
    let lines: Vec<_> = small_meta_lines().into_iter().filter(|line| line.0 != "Offset" && line.0 != "TransformMatrix").collect();
    let found = notes("a.mha", &[meta_header(&lines), small_meta_voxels()].concat());
    assert!(found.contains("Offset is missing") && found.contains("TransformMatrix is missing"), "{found}");
}
