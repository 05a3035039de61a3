"""Looks at exported files with readers that share no code with dosaic; called by tools.rs.

dicom FOLDER         where voxels of each RT Dose are (LPS, mm) and what they hold, by pydicom and SimpleITK
images FOLDER        the same for NRRD files (SimpleITK, pynrrd) and NumPy arrays
series FOLDER        times and hot voxels of 4-D NIfTI files, by nibabel
write FOLDER         writes NRRD files and arrays in many ways and prints what a reader must find
ct FOLDER            writes an axial CT series of water, 12 x 10 x 8 voxels, as DICOM; prints its identifiers
dvh DOSE STRUCTURES  writes an RTSTRUCT with one region and prints dicompyler-core's DVH of it
Exit status 77: a package is missing.
"""

import json
import os
import sys


def need(*names):
    try:
        return [__import__(name) for name in names]
    except ImportError as missing:
        print(missing, file=sys.stderr)
        sys.exit(77)


def summary(array, position):
    """array is indexed [i, j, k]; position maps an index to LPS."""
    import numpy

    hot = tuple(int(n) for n in numpy.unravel_index(numpy.argmax(array), array.shape))
    last = tuple(n - 1 for n in array.shape)
    return {
        "size": list(array.shape),
        "hot_value": float(array[hot]),
        "sum": float(array.astype(float).sum()),
        "hot_at": position(hot),
        "last_at": position(last),
    }


def read_dicom(folder):
    numpy, pydicom, SimpleITK = need("numpy", "pydicom", "SimpleITK")
    pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
    found = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        data = pydicom.dcmread(path)
        scale = float(data.DoseGridScaling)
        stored = data.pixel_array  # frames, rows, columns
        # The equation of PS3.3, C.7.6.2.1.1, with the offsets of C.8.8.3.2 along the normal.
        row = numpy.array([float(x) for x in data.ImageOrientationPatient[:3]])
        column = numpy.array([float(x) for x in data.ImageOrientationPatient[3:]])
        between_rows, between_columns = (float(x) for x in data.PixelSpacing)
        origin = numpy.array([float(x) for x in data.ImagePositionPatient])
        offsets = [float(x) for x in data.GridFrameOffsetVector]

        def position(ijk):
            i, j, k = ijk
            at = origin + row * between_columns * i + column * between_rows * j + numpy.cross(row, column) * offsets[k]
            return at.tolist()

        image = SimpleITK.ReadImage(path)  # raw integers: ITK does not apply DoseGridScaling
        array = SimpleITK.GetArrayFromImage(image).transpose() * scale
        decimal = [e for e in data if e.VR == "DS"]
        values = [(e.keyword, v.original_string) for e in decimal for v in (e.value if e.VM > 1 else [e.value])]
        found[name] = {
            "pydicom": summary(stored.transpose() * scale, position),
            "SimpleITK": summary(array, lambda ijk: list(image.TransformIndexToPhysicalPoint(ijk))),
            "attributes": {
                "comment": data.DoseComment,
                "too_long": [keyword for keyword, value in values if len(value) > 16],
            },
        }
    return found


def affine_of(numpy, vectors, origin):
    affine = numpy.eye(4)
    affine[:3, :3] = numpy.array(vectors).T
    affine[:3, 3] = origin
    return affine


def by_affine(numpy, affine):
    return lambda ijk: (affine @ numpy.array([*ijk, 1.0]))[:3].tolist()


def read_images(folder):
    numpy, SimpleITK, nrrd = need("numpy", "SimpleITK", "nrrd")
    found = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.endswith(".nrrd"):
            image = SimpleITK.ReadImage(path)
            array = SimpleITK.GetArrayFromImage(image).transpose()
            data, header = nrrd.read(path)
            assert header["space"] == "left-posterior-superior" and header["content"] == "absorbed dose [Gy]"
            affine = affine_of(numpy, header["space directions"], header["space origin"])
            found[name] = {
                "SimpleITK": summary(array, lambda ijk, image=image: list(image.TransformIndexToPhysicalPoint(ijk))),
                "pynrrd": summary(data, by_affine(numpy, affine)),
            }
        elif name.endswith(".npy"):
            with open(path[:-3] + "json") as beside:
                affine = numpy.array(json.load(beside)["affine_lps_mm"])
            found[name] = {"NumPy": summary(numpy.load(path).transpose(), by_affine(numpy, affine))}
    return found


def read_series(folder):
    numpy, nibabel = need("numpy", "nibabel")
    found = {}
    for name in sorted(os.listdir(folder)):
        if ".nii" not in name or name.startswith("no"):
            continue
        image = nibabel.load(os.path.join(folder, name))
        space, time = image.header.get_xyzt_units()
        position = by_affine(numpy, numpy.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine)
        array = image.get_fdata()
        hot = numpy.unravel_index(numpy.argmax(array[..., 0]), array.shape[:3])
        found[name] = {
            "shape": list(array.shape),
            "step": float(image.header["pixdim"][4]),
            "toffset": float(image.header["toffset"]),
            "space": space,
            "time": time,
            "hot": array[hot].tolist(),
            "hot_at": position(hot),
        }
    return found


def write_images(folder):
    numpy, SimpleITK, nrrd = need("numpy", "SimpleITK", "nrrd")
    shape = (7, 5, 4)
    counting = numpy.arange(numpy.prod(shape)).reshape(shape)
    probes = [(0, 0, 0), (6, 0, 0), (0, 4, 0), (0, 0, 3), (5, 1, 2), (6, 4, 3)]
    angle = 0.4
    turn = numpy.array([[numpy.cos(angle), -numpy.sin(angle), 0], [numpy.sin(angle), numpy.cos(angle), 0], [0, 0, 1]])
    vectors = turn * numpy.array([2.5, 0.8, 3.25])  # columns: steps along the axes, LPS
    origin = numpy.array([-31.5, 42.25, 100.125])
    affine = affine_of(numpy, vectors.T, origin)
    made = {}

    def expect(name, array, affine):
        position = by_affine(numpy, affine)
        made[name] = {
            "size": list(shape),
            "probes": [{"ijk": list(ijk), "at": position(ijk), "value": float(array[ijk])} for ijk in probes],
        }

    flips = {"left-posterior-superior": [1, 1, 1], "right-anterior-superior": [-1, -1, 1], "left-anterior-superior": [1, -1, 1]}
    for n, (kind, encoding) in enumerate(
        [("uint8", "raw"), ("int16", "gzip"), (">u2", "raw"), ("int32", "gz"), ("float32", "gzip"), (">f8", "raw"), ("int64", "gzip")]
    ):
        space = list(flips)[n % 3]
        flip = numpy.diag(flips[space])
        for ending in ["nrrd", "nhdr"]:
            name = f"{n}.{ending}"
            header = {
                "space": space,
                "space directions": (flip @ vectors).T,
                "space origin": flip @ origin,
                "kinds": ["domain"] * 3,
                "encoding": encoding,
                "a key": "with: a value",
            }
            array = counting.astype(kind)
            nrrd.write(os.path.join(folder, name), array, header, detached_header=ending == "nhdr")
            expect(name, array, affine)
    image = SimpleITK.GetImageFromArray(counting.astype("float32").transpose())
    image.SetSpacing([2.5, 0.8, 3.25])
    image.SetOrigin(origin.tolist())
    image.SetDirection(turn.flatten().tolist())
    for name, compress in [("itk.nrrd", False), ("itk_packed.nrrd", True), ("itk.nhdr", False)]:
        SimpleITK.WriteImage(image, os.path.join(folder, name), useCompression=compress)
        expect(name, counting, affine)
    for kind in ["<f8", ">i2", "|u1"]:
        name = f"array_{kind[1:]}.npy"
        array = numpy.ascontiguousarray(counting.astype(kind).transpose())
        numpy.save(os.path.join(folder, name), array)
        with open(os.path.join(folder, name[:-3] + "json"), "w") as beside:
            json.dump({"schema": "dosaic-npy/1", "index": "array[k, j, i], C order", "affine_lps_mm": affine.tolist()}, beside)
        expect(name, counting, affine)
    return made


def write_ct(folder):
    numpy, pydicom = need("numpy", "pydicom")
    from pydicom.dataset import FileDataset, FileMetaDataset

    study, series, frame = (pydicom.uid.generate_uid() for _ in range(3))
    for k in range(8):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
        meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        data.SpecificCharacterSet = "ISO_IR 100"
        data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        data.Modality, data.PatientName, data.PatientID = "CT", "Müller^Zoë", "4711"
        data.PatientBirthDate, data.PatientSex, data.StudyDate, data.StudyTime = "19500101", "F", "20260301", "101500"
        data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = study, series, frame
        data.InstanceNumber = 8 - k
        data.ImagePositionPatient = [3.5, -45.75, 26 + 4 * k]
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.PixelSpacing, data.SliceThickness = [3.5, 3], 4
        data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 10, 12, 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
        data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, 0, "HU"
        data.PixelData = numpy.zeros((10, 12), "<i2").tobytes()
        data.save_as(os.path.join(folder, f"{k}.dcm"), enforce_file_format=True)
    return {"study": study, "frame": frame}


def write_structures(dose, path, first, last):
    """An RTSTRUCT with a box along the outer faces of voxels first..last of an axial dose grid."""
    import pydicom
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.PatientID, data.PatientName = "RTSTRUCT", "", ""
    data.StructureSetLabel = "test"
    data.FrameOfReferenceUID = dose.FrameOfReferenceUID
    roi = Dataset()
    roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = 1, "box", dose.FrameOfReferenceUID
    data.StructureSetROISequence = [roi]
    observation = Dataset()
    observation.ObservationNumber, observation.ReferencedROINumber = 1, 1
    observation.RTROIInterpretedType, observation.ROIInterpreter = "ORGAN", ""
    data.RTROIObservationsSequence = [observation]
    x0, y0, z0 = (float(v) for v in dose.ImagePositionPatient)
    dy, dx = (float(v) for v in dose.PixelSpacing)
    low = [x0 + (first[0] - 0.5) * dx, y0 + (first[1] - 0.5) * dy]
    high = [x0 + (last[0] + 0.5) * dx, y0 + (last[1] + 0.5) * dy]
    contours = []
    for k in range(first[2], last[2] + 1):
        z = z0 + float(dose.GridFrameOffsetVector[k])
        contour = Dataset()
        contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", 4
        corners = [low[0], low[1], z, high[0], low[1], z, high[0], high[1], z, low[0], high[1], z]
        contour.ContourData = [f"{v:.6f}".rstrip("0") for v in corners]
        contours.append(contour)
    drawn = Dataset()
    drawn.ReferencedROINumber, drawn.ROIDisplayColor, drawn.ContourSequence = 1, [255, 0, 0], contours
    data.ROIContourSequence = [drawn]
    data.is_little_endian, data.is_implicit_VR = True, False
    data.save_as(path, write_like_original=False)


def dvh(dose_path, structures_path):
    _, pydicom = need("numpy", "pydicom")
    try:
        from dicompylercore import dvhcalc
    except ImportError as missing:
        print(f"dicompyler-core: {missing} (it needs pydicom < 3; name such a Python in DOSAIC_TEST_DICOMPYLER)", file=sys.stderr)
        sys.exit(77)
    write_structures(pydicom.dcmread(dose_path), structures_path, (5, 7, 3), (15, 16, 8))
    found = dvhcalc.get_dvh(structures_path, dose_path, 1)
    cumulative = found.cumulative
    return {
        "volume_cc": float(found.volume),
        "mean": float(found.mean),
        "D98": float(found.D98.value),
        "D50": float(found.D50.value),
        "D2": float(found.D2.value),
        "curve": [float(x) for x in cumulative.counts / cumulative.counts[0]],
    }


COMMANDS = {"dicom": read_dicom, "images": read_images, "series": read_series, "write": write_images, "ct": write_ct, "dvh": dvh}
print(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
