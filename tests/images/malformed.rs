//! Damaged and unsuitable files: each a clear message and exit code 2, never a panic.

use dosaic::io::image;

use crate::{
    allocation,
    files::{
        gzip, meta_header, nifti1_header, put, put_f32, save, small_meta, small_meta_lines, small_meta_voxels, small_nifti1, small_nifti2,
        zlib,
    },
};

/// A NIfTI-1 file with some bytes overwritten.
fn nifti(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = small_nifti1();
    put(&mut file, at, bytes);
    file
}

fn nifti_f32(at: usize, values: &[f32]) -> Vec<u8> {
    let mut file = small_nifti1();
    put_f32(&mut file, at, values);
    file
}

/// A MetaImage with one header line replaced, or left out if `value` is empty.
fn meta(key: &str, value: &'static str) -> Vec<u8> {
    let mut lines = small_meta_lines();
    assert!(lines.iter().any(|line| line.0 == key), "{key} is a line");
    lines.retain_mut(|line| {
        if line.0 == key {
            line.1 = value;
        }
        line.0 != key || !value.is_empty()
    });
    [meta_header(&lines), small_meta_voxels()].concat()
}

/// A MetaImage with one more header line.
fn meta_plus(key: &'static str, value: &'static str) -> Vec<u8> {
    let mut lines = small_meta_lines();
    lines.insert(0, (key, value));
    [meta_header(&lines), small_meta_voxels()].concat()
}

/// Name, contents, and what the message must say.
type Case = (&'static str, Vec<u8>, &'static [&'static str]);

fn nifti_cases() -> Vec<Case> {
    let i16s = |values: &[i16]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
    let good = small_nifti1();
    let packed = gzip(&good);
    let mut damaged = packed.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    let mut checksum = packed.clone();
    let end = checksum.len() - 6;
    checksum[end] ^= 1;
    let mut nifti2_dims = small_nifti2();
    put(&mut nifti2_dims, 24, &i64::MAX.to_be_bytes());
    put(&mut nifti2_dims, 32, &i64::MAX.to_be_bytes());
    let bomb = gzip(&[nifti1_header([32767, 32767, 32767]), vec![0; 1 << 16]].concat());
    vec![
        ("empty.nii", vec![], &["ends at byte 0 inside the NIfTI header"]),
        ("short.nii", good[..100].to_vec(), &["ends at byte 100 inside the NIfTI header", "248 more bytes"]),
        ("header_only.nii", good[..352].to_vec(), &["96 bytes from byte 352", "only 0 are there"]),
        ("short_data.nii", good[..440].to_vec(), &["96 bytes from byte 352", "only 88 are there"]),
        ("long_data.nii", [good.as_slice(), &[0; 8]].concat(), &["8 bytes follow after the last voxel at byte 448"]),
        ("cut.nii.gz", packed[..packed.len() - 20].to_vec(), &["gzip data are cut off"]),
        ("no_trailer.nii.gz", packed[..packed.len() - 8].to_vec(), &["gzip data are cut off", "448 bytes"]),
        ("only_magic.nii.gz", packed[..5].to_vec(), &["gzip data are cut off"]),
        ("damaged.nii.gz", damaged, &["damaged.nii.gz"]),
        ("checksum.nii.gz", checksum, &["gzip data are damaged"]),
        ("garbage.nii.gz", [packed.as_slice(), b"tail"].concat(), &["garbage.nii.gz: the gzip data are"]),
        ("text.nii", b"This is not an image, whatever its name says.".to_vec(), &["not a NIfTI file", "sizeof_hdr", "348"]),
        ("magic.nii", nifti(344, b"nope"), &["magic at byte 344 is `nope`", "expected `n+1"]),
        ("pair.nii", nifti(344, b"ni1\0"), &[".hdr/.img pair", "convert"]),
        ("rank.nii", nifti(40, &i16s(&[2])), &["dim[0] is 2", "expected 3"]),
        ("rank_wild.nii", nifti(40, &i16s(&[-3])), &["dim[0] is -3"]),
        ("frames.nii", nifti(40, &i16s(&[4, 3, 4, 2, 5])), &["dim[4] is 5 frames"]),
        ("negative.nii", nifti(42, &i16s(&[-3])), &["dim[1..3] is [-3, 4, 2]"]),
        ("zero.nii", nifti(46, &i16s(&[0])), &["dim[1..3] is [3, 4, 0]"]),
        ("huge.nii", nifti(42, &i16s(&[32767, 32767, 32767])), &["bytes from byte 352", "only 96 are there"]),
        ("overflow.nii", nifti2_dims, &["9223372036854775807", "expected three sizes from 1 to 32767"]),
        ("bomb.nii.gz", bomb, &["the voxels take 140724603846652 bytes", "gzip data can hold"]),
        ("datatype.nii", nifti(70, &i16s(&[77])), &["datatype is 77"]),
        ("colours.nii", nifti(70, &i16s(&[128, 24])), &["datatype is 128 (colours)"]),
        ("bitpix.nii", nifti(72, &i16s(&[16])), &["bitpix is 16", "expected 32"]),
        ("offset_small.nii", nifti_f32(108, &[348.0]), &["vox_offset is 348", "from 352 on"]),
        ("offset_nan.nii", nifti_f32(108, &[f32::NAN]), &["vox_offset is NaN"]),
        ("offset_wild.nii", nifti_f32(108, &[3.0e9]), &["header's extensions", "only 100 are there"]),
        ("offset_fraction.nii", nifti_f32(108, &[352.5]), &["vox_offset is 352.5"]),
        ("spacing_zero.nii", nifti_f32(80, &[0.0]), &["pixdim[1..3] are [0, 3, 4]", "positive"]),
        ("spacing_negative.nii", nifti_f32(84, &[-3.0]), &["pixdim[1..3] are [2, -3, 4]"]),
        ("spacing_nan.nii", nifti_f32(88, &[f32::NAN]), &["pixdim[1..3] are [2, 3, NaN]"]),
        ("slope.nii", nifti_f32(112, &[f32::INFINITY]), &["scl_slope, scl_inter are inf, 0"]),
        ("inter.nii", nifti_f32(112, &[2.0, f32::NAN]), &["scl_slope, scl_inter are 2, NaN"]),
        ("unit.nii", nifti(123, &[5]), &["unit of length 5"]),
        ("no_orientation.nii", nifti(254, &i16s(&[0])), &["qform_code and sform_code are 0", "left and right"]),
        ("code.nii", nifti(254, &i16s(&[-7])), &["sform_code is -7"]),
        ("sform_nan.nii", nifti_f32(280, &[f32::NAN]), &["sform: the step along axis 1", "finite"]),
        ("origin_inf.nii", nifti_f32(292, &[f32::INFINITY]), &["origin has x"]),
        ("sform_zero.nii", nifti_f32(280, &[0.0]), &["sform: the step along axis 1"]),
        ("shear.nii", nifti_f32(284, &[0.3]), &["sform: axes 1 and 2 are at", "degrees", "sheared"]),
        ("pixdim_sform.nii", nifti_f32(80, &[2.1]), &["pixdim[1] says 2.1 mm, the sform 2 mm"]),
        ("kilometres.nii", nifti(123, &[1]), &["voxel spacing 2000 mm along x"]),
        (
            "quaternion.nii",
            {
                let mut file = nifti(252, &i16s(&[1, 0]));
                put_f32(&mut file, 256, &[0.9, 0.9, 0.9]);
                file
            },
            &["quatern_b, c, d are 0.9, 0.9, 0.9"],
        ),
        (
            "not_finite.nii",
            {
                let mut file = nifti_f32(352 + 4 * 7, &[f32::NAN]);
                put_f32(&mut file, 352 + 4 * 20, &[f32::INFINITY]);
                file
            },
            &["2 of 24 voxels", "voxel [1, 2, 0] (from 0) with NaN", "finite"],
        ),
        ("scaled_too_far.nii", nifti_f32(112, &[3.0e38]), &["22 of 24 voxels", "[2, 0, 0]"]),
    ]
}

fn meta_cases() -> Vec<Case> {
    let header = |lines: &[(&str, &str)]| meta_header(lines);
    let compressed = |tail: &[u8]| {
        let mut lines = small_meta_lines();
        lines[4].1 = "True";
        [meta_header(&lines), tail.to_vec()].concat()
    };
    let zipped = zlib(&small_meta_voxels());
    vec![
        ("empty.mha", vec![], &["no `ElementDataFile"]),
        ("no_file.mha", header(&small_meta_lines()[..12]), &["no `ElementDataFile = ...` line"]),
        ("binary.mha", vec![0; 100_000], &["header line of more than 65536 bytes"]),
        ("no_equals.mha", b"ObjectType Image\n".to_vec(), &["header line 1 has no `=`"]),
        ("object.mha", meta("ObjectType", "Tube"), &["ObjectType is Tube"]),
        ("rank.mha", meta("NDims", "2"), &["NDims is 2; expected 3"]),
        ("no_rank.mha", meta("NDims", ""), &["NDims is missing"]),
        ("size_large.mha", meta("DimSize", "3 4 3"), &["72 bytes", "only 48 are there"]),
        ("size_small.mha", meta("DimSize", "3 4 1"), &["24 bytes follow after the last voxel"]),
        ("size_zero.mha", meta("DimSize", "3 0 2"), &["DimSize is [3, 0, 2]"]),
        ("size_negative.mha", meta("DimSize", "3 -4 2"), &["DimSize is [3, -4, 2]"]),
        ("size_wild.mha", meta("DimSize", "9999999999 9999999999 9999999999"), &["from 1 to 32767"]),
        ("size_beyond.mha", meta("DimSize", "99999999999999999999 1 1"), &["DimSize is `99999999999999999999 1 1`"]),
        ("size_two.mha", meta("DimSize", "3 4"), &["DimSize is `3 4`; expected 3 numbers"]),
        ("no_size.mha", meta("DimSize", ""), &["DimSize is missing"]),
        ("size_twice.mha", meta_plus("DimSize", "3 4 2"), &["DimSize is given twice"]),
        ("spacing.mha", meta("ElementSpacing", "2 -3 4"), &["ElementSpacing is [2, -3, 4]", "positive"]),
        ("spacing_zero.mha", meta("ElementSpacing", "2 3 0"), &["ElementSpacing is [2, 3, 0]"]),
        ("spacing_nan.mha", meta("ElementSpacing", "nan 3 4"), &["ElementSpacing is `nan 3 4`; expected finite"]),
        ("spacing_wild.mha", meta("ElementSpacing", "2 3 1e300"), &["mm along z"]),
        ("no_spacing.mha", meta("ElementSpacing", ""), &["ElementSpacing is missing"]),
        ("offset.mha", meta("Offset", "1 2 inf"), &["Offset is `1 2 inf`"]),
        ("shear.mha", meta("TransformMatrix", "1 0 0 0.1 0.99498743710662 0 0 0 1"), &["axes 1 and 2 are at 84.26", "sheared"]),
        ("scaled.mha", meta("TransformMatrix", "2 0 0 0 1 0 0 0 1"), &["axis 1 has the length 2"]),
        ("zero_axis.mha", meta("TransformMatrix", "0 0 0 0 1 0 0 0 1"), &["axis 1 has the length 0"]),
        ("type.mha", meta("ElementType", "MET_STRING"), &["ElementType is MET_STRING"]),
        ("no_type.mha", meta("ElementType", ""), &["ElementType is missing"]),
        ("ascii.mha", meta("BinaryData", "False"), &["BinaryData is False"]),
        ("flag.mha", meta("CompressedData", "maybe"), &["CompressedData is `maybe`; expected True or False"]),
        ("channels.mha", meta_plus("ElementNumberOfChannels", "3"), &["ElementNumberOfChannels is 3"]),
        ("unit.mha", meta_plus("DistanceUnits", "um"), &["DistanceUnits is um"]),
        ("skip_wild.mha", meta_plus("HeaderSize", "123456789012"), &["HeaderSize"]),
        ("skip_negative.mha", meta_plus("HeaderSize", "-2"), &["HeaderSize is -2"]),
        ("list.mhd", meta("ElementDataFile", "LIST"), &["ElementDataFile is `LIST`"]),
        ("pattern.mhd", meta("ElementDataFile", "slice%03d.raw 1 2 1"), &["ElementDataFile is `slice%03d.raw 1 2 1`"]),
        ("escape.mhd", meta("ElementDataFile", "../outside.raw"), &["`../outside.raw`", "beside or below"]),
        ("absolute.mhd", meta("ElementDataFile", "/etc/hostname"), &["`/etc/hostname`", "beside or below"]),
        ("zip_cut.mha", compressed(&zipped[..zipped.len() - 8]), &["zlib data are cut off"]),
        ("zip_none.mha", compressed(&small_meta_voxels()), &["zlib data are damaged"]),
        (
            "zip_size.mha",
            {
                let mut lines = small_meta_lines();
                lines[4].1 = "True";
                lines.insert(5, ("CompressedDataSize", "7"));
                [meta_header(&lines), zipped.clone()].concat()
            },
            &["CompressedDataSize is 7, but"],
        ),
        ("lines.mha", gzip(&vec![b'\n'; 4 << 20]), &["there is no `ElementDataFile = ...` line"]),
        ("zip_twice.mha", gzip(&compressed(&zipped)), &["decompress it once"]),
    ]
}

#[test]
fn each_damage_has_its_message() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let cases = [nifti_cases(), meta_cases()].concat();
    assert!(cases.len() >= 80, "{}", cases.len());
    for (name, bytes, expected) in cases {
        let path = save(folder.path(), name, &bytes);
        let (result, peak) = allocation::peak(|| image::read(&path));
        let error = result.expect_err(name);
        let message = error.to_string();
        assert_eq!(error.exit_code(), 2, "{name}: {message}");
        assert!(message.contains(name), "{name} is named: {message}");
        for part in expected {
            assert!(message.contains(part), "{name}: `{part}` is not in: {message}");
        }
        assert!(peak < 64 << 20, "{name}: {peak} bytes allocated");
    }
}

#[test]
fn labels_must_be_whole_and_not_negative() {
    let folder = tempfile::tempdir().expect("temporary folder");
    assert_eq!(image::read_labels(save(folder.path(), "good.nii", &small_nifti1())).expect("whole").data[23], 23);
    let cases: [(&str, &[f32], &str); 4] = [
        ("fraction.nii", &[0.5], "1 of 24 voxels cannot be used; the first is voxel [1, 2, 0] (from 0) with 0.5"),
        ("negative.nii", &[-1.0], "voxel [1, 2, 0] (from 0) with -1"),
        ("large.nii", &[4.3e9, 4.3e9], "2 of 24 voxels"),
        ("nan.nii", &[f32::NAN], "with NaN; expected whole numbers from 0 to 4294967295"),
    ];
    for (name, values, expected) in cases {
        let path = save(folder.path(), name, &nifti_f32(352 + 4 * 7, values));
        let error = image::read_labels(&path).expect_err(name);
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(expected), "{error}");
    }
    // Scaled values are what counts, not stored ones.
    let path = save(folder.path(), "scaled.nii", &nifti_f32(112, &[0.25]));
    assert!(image::read_labels(&path).expect_err("fractions").to_string().contains("18 of 24 voxels"));
}

#[test]
fn names_and_places_that_are_no_images() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let error = image::read(save(folder.path(), "ct.dcm", &small_nifti1())).expect_err("extension");
    assert!(error.exit_code() == 2 && error.to_string().contains(".mhd, .nrrd, .nhdr or .npy"), "{error}");
    let error = image::read(folder.path().join("missing.nii.gz")).expect_err("missing");
    assert!(error.exit_code() == 4 && error.to_string().contains("missing.nii.gz"), "{error}");
    let error = image::read(save(folder.path(), "lonely.mhd", &meta("ElementDataFile", "v.raw"))).expect_err("missing");
    assert!(error.exit_code() == 4 && error.to_string().contains("v.raw"), "{error}");
    std::fs::create_dir(folder.path().join("folder.nii")).expect("create");
    assert!(image::read(folder.path().join("folder.nii")).is_err());
    // A header may name itself: its text is then the voxels, and does not fit.
    assert!(image::read(save(folder.path(), "self.mhd", &meta("ElementDataFile", "self.mhd"))).is_err());
    assert_eq!(image::read(save(folder.path(), "fine.mha", &small_meta())).expect("the base of the cases is valid").data[23], 23.0);
}

#[test]
fn writers_refuse_what_a_header_cannot_say() {
    use dosaic::{grid::VoxelGrid, io::image::Description, volume::Volume};
    use glam::DVec3;
    let folder = tempfile::tempdir().expect("temporary folder");
    let description = Description::new(&"d".repeat(79), "", "fifteen letters").expect("just fits");
    let long = "d".repeat(76);
    for (quantity, unit, name) in
        [(long.as_str(), "Gy", "dose"), ("dose", "\u{b5}Gy", "dose"), ("dose", "Gy", "sixteen  letters"), ("a\nb", "", "dose")]
    {
        let error = Description::new(quantity, unit, name).expect_err(quantity);
        assert!(error.exit_code() == 2 && error.to_string().contains("expected printable ASCII"), "{error}");
    }
    let long = VoxelGrid::axis_aligned([40_000, 1, 1], DVec3::ONE, DVec3::ZERO);
    let volume = Volume::new(long, vec![0.0_f32; 40_000]);
    for path in [folder.path().join("a.nii.gz"), folder.path().join("a.mha")] {
        let written = if path.ends_with("a.mha") {
            image::write_metaimage(&path, &volume, &description)
        } else {
            image::write_nifti(&path, &volume, &description)
        };
        assert!(written.expect_err("too long").to_string().contains("40000 voxels along x"));
        assert!(!path.exists());
    }
}
