"""Looks at exported files with readers that share no code with dosaic; called by tools.rs.

dicom FOLDER         where voxels of each RT Dose are (LPS, mm) and what they hold, by pydicom and SimpleITK
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


print(json.dumps({"dicom": read_dicom, "dvh": dvh}[sys.argv[1]](*sys.argv[2:])))
