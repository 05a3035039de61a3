"""Makes DICOM objects with pydicom and highdicom, and reads series with SimpleITK; called by python.rs.

make FOLDER KIND   makes the objects of a kind (images, activity, regions) below FOLDER and prints what a reader must find
read FOLDER OUT    reads the series in FOLDER with SimpleITK; voxels go to OUT (float32, x fastest), the position is printed
Exit status 77: a package is missing.
"""

import json
import os
import struct
import sys
import zlib

try:
    import numpy
    import openjpeg  # pylibjpeg-openjpeg, which packs JPEG 2000
    import pydicom
    import highdicom
    import SimpleITK
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.sequence import Sequence
    from pydicom.sr.codedict import codes
    from pydicom.uid import UID, generate_uid
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(77)

IMPLICIT, EXPLICIT, DEFLATED, BIG = (UID("1.2.840.10008.1.2" + end) for end in ("", ".1", ".1.99", ".2"))
RLE, JPEG_LOSSLESS, J2K = UID("1.2.840.10008.1.2.5"), UID("1.2.840.10008.1.2.4.70"), UID("1.2.840.10008.1.2.4.90")
CT, ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1"
PET, NM, RTSTRUCT = "1.2.840.10008.5.1.4.1.1.128", "1.2.840.10008.5.1.4.1.1.20", "1.2.840.10008.5.1.4.1.1.481.3"
SHAPE = (4, 70, 66)  # slices, rows, columns


def ds(x):
    return f"{x:.10g}"


def rotation(axis, angle):
    axis = numpy.array(axis, float) / numpy.linalg.norm(axis)
    k = numpy.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return numpy.eye(3) + numpy.sin(angle) * k + (1 - numpy.cos(angle)) * k @ k


AXIAL = numpy.eye(3)
CORONAL = numpy.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]).T
OBLIQUE = rotation((1, 2, -0.5), 0.7)
ORIGIN, SPACING = numpy.array([-31.25, 12.5, -100.0]), numpy.array([1.5, 2.25, 3.0])
FRAME = "1.2.826.0.1.3680043.8.498.1"


def base(sop_class, modality, **more):
    data = Dataset()
    data.SOPClassUID, data.Modality, data.SOPInstanceUID = sop_class, modality, generate_uid()
    data.StudyInstanceUID, data.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.2", FRAME
    data.PatientName, data.PatientID = "Doe^Jane", "7"
    for key, value in more.items():
        setattr(data, key, value)
    return data


def save(data, path, syntax=EXPLICIT, bare=False):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.get("SOPClassUID") or CT
    meta.MediaStorageSOPInstanceUID = data.get("SOPInstanceUID") or generate_uid()
    meta.TransferSyntaxUID = syntax
    if bare:
        pydicom.dcmwrite(path, data, implicit_vr=True, little_endian=True, enforce_file_format=False)
        return
    data.file_meta = meta
    pydicom.dcmwrite(path, data, enforce_file_format=True)


def pixels(data, frames, stored, signed, allocated=16):
    """frames: array [frame, row, column] of stored numbers."""
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = frames.shape[1:]
    data.BitsAllocated, data.BitsStored, data.HighBit = allocated, stored, stored - 1
    data.PixelRepresentation = int(signed)
    kind = {8: "1", 16: "2", 32: "4"}[allocated]
    words = frames.astype(("<i" if signed else "<u") + kind).tobytes()
    data.PixelData = words + b"\0" * (len(words) % 2)
    data["PixelData"].VR = "OB" if allocated == 8 else "OW"


def place(data, direction, origin, spacing):
    data.ImageOrientationPatient = [ds(x) for x in (*direction[:, 0], *direction[:, 1])]
    data.ImagePositionPatient = [ds(x) for x in origin]
    data.PixelSpacing = [ds(spacing[1]), ds(spacing[0])]


def jpeg_lossless(frame, precision):
    """ITU T.81 process 14, predictor 1: differences in 17 categories with codes of 5 bits."""
    rows, columns = frame.shape
    half = 1 << (precision - 1)
    bits = []
    for y in range(rows):
        for x in range(columns):
            left = int(frame[y, x - 1]) if x else (int(frame[y - 1, 0]) if y else half)
            difference = (int(frame[y, x]) - left + (1 << 15)) % (1 << 16) - (1 << 15)
            size = abs(difference).bit_length()
            bits.append(f"{size:05b}")
            if 0 < size < 16:
                value = difference if difference > 0 else difference + (1 << size) - 1
                bits.append(f"{value:0{size}b}")
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    scan = bytes(int(stream[n : n + 8], 2) for n in range(0, len(stream), 8)).replace(b"\xff", b"\xff\x00")
    marker = lambda code, body: struct.pack(">BBH", 0xFF, code, len(body) + 2) + body
    table = bytes([0, 0, 0, 0, 0, 17] + [0] * 11) + bytes(range(17))
    return (
        b"\xff\xd8"
        + marker(0xC3, struct.pack(">BHHBBBB", precision, rows, columns, 1, 1, 0x11, 0))
        + marker(0xC4, table)
        + marker(0xDA, bytes([1, 1, 0, 1, 0, 0]))
        + scan
        + b"\xff\xd9"
    )


def compress(data, syntax, stored):
    if syntax == JPEG_LOSSLESS:
        frame = numpy.frombuffer(data.PixelData, "<u2").reshape(data.Rows, data.Columns)
        data.PixelData = pydicom.encaps.encapsulate([jpeg_lossless(frame, stored)])
        data["PixelData"].VR = "OB"
        data["PixelData"].is_undefined_length = True
    else:
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = EXPLICIT
        data.compress(syntax, generate_instance_uid=False)


def found(name, values, direction, origin=ORIGIN, spacing=SPACING, out=None, **more):
    """values [slice, row, column] in the order of the grid's third axis."""
    path = os.path.join(out, name + ".f32")
    values.astype("<f4").tofile(path)
    size = list(values.shape[::-1])
    return dict(name=name, voxels=path, size=size, origin=list(map(float, origin)), spacing=list(map(float, spacing)),
                direction=[float(x) for x in direction.T.ravel()], **more)


def ct_series(out, name, direction=AXIAL, stored=12, signed=False, allocated=16, syntax=EXPLICIT, slopes=None, intercept=-1024.0,
              order=None, change=None, bare=False, dtype=None, description=None, uid=None, spacing=SPACING, origin=ORIGIN):
    """A CT in one folder; file names and instance numbers run as `order` says."""
    rng = numpy.random.default_rng(abs(hash_of(name)))
    low, high = (-(1 << (stored - 1)), (1 << (stored - 1)) - 1) if signed else (0, (1 << stored) - 1)
    numbers = rng.integers(low, high, SHAPE, endpoint=True)
    slopes = slopes or [1.0] * SHAPE[0]
    uid = uid or generate_uid()
    for at, k in enumerate(order or range(SHAPE[0])):
        data = base(CT, "CT", SeriesInstanceUID=uid, SeriesDescription=description or name, InstanceNumber=at + 1)
        place(data, direction, origin + k * spacing[2] * direction[:, 2], spacing)
        data.SliceThickness = ds(spacing[2])
        pixels(data, numbers[k : k + 1], stored, signed, allocated)
        data.RescaleSlope, data.RescaleIntercept, data.RescaleType = ds(slopes[k]), ds(intercept), "HU"
        if change:
            change(data, k)
        if syntax in (RLE, J2K, JPEG_LOSSLESS):
            compress(data, syntax, stored)
        save(data, os.path.join(out, name, f"{at:03}"), syntax, bare)
    values = numbers * numpy.array(slopes)[:, None, None] + intercept
    return found(name, values, direction, origin, spacing, out)


def hash_of(name):
    return zlib.crc32(name.encode())


def enhanced_ct(out, name):
    numbers = numpy.random.default_rng(3).integers(0, 4095, SHAPE)
    data = base(ENHANCED_CT, "CT", SeriesInstanceUID=generate_uid(), SeriesDescription=name)
    order = [2, 0, 3, 1]
    pixels(data, numbers[order], 12, False)
    data.NumberOfFrames = len(order)
    shared = Dataset()
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [ds(SPACING[1]), ds(SPACING[0])], ds(SPACING[2])
    orientation.ImageOrientationPatient = [ds(x) for x in (*OBLIQUE[:, 0], *OBLIQUE[:, 1])]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([orientation])
    data.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for k in order:
        item, position, value = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [ds(x) for x in ORIGIN + k * SPACING[2] * OBLIQUE[:, 2]]
        value.RescaleSlope, value.RescaleIntercept, value.RescaleType = ds(1 + k), "-1000", "HU"
        item.PlanePositionSequence, item.PixelValueTransformationSequence = Sequence([position]), Sequence([value])
        frames.append(item)
    data.PerFrameFunctionalGroupsSequence = Sequence(frames)
    save(data, os.path.join(out, name, "one.dcm"))
    return found(name, numbers * (1 + numpy.arange(SHAPE[0]))[:, None, None] - 1000.0, OBLIQUE, out=out)


def blank(data, _):
    for key in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        setattr(data, key, "")


def images(out):
    reversed_order = [3, 2, 1, 0]
    good = [
        ct_series(out, "axial", order=reversed_order),
        ct_series(out, "coronal", CORONAL, order=[2, 0, 3, 1], signed=True, stored=16),
        ct_series(out, "oblique", OBLIQUE, order=reversed_order, slopes=[3, 1, 2, 4]),
        ct_series(out, "implicit", syntax=IMPLICIT, slopes=[1, 1.5, 2, 0.25]),
        ct_series(out, "deflated", syntax=DEFLATED),
        ct_series(out, "rle", syntax=RLE, stored=16),
        ct_series(out, "rle8", syntax=RLE, stored=8, allocated=8),
        ct_series(out, "jpeg", syntax=JPEG_LOSSLESS),
        ct_series(out, "jpeg16", syntax=JPEG_LOSSLESS, stored=16),
        ct_series(out, "jpeg2000", syntax=J2K),
        ct_series(out, "jpeg2000_signed", OBLIQUE, syntax=J2K, stored=16, signed=True),
        ct_series(out, "bits8", stored=8, allocated=8),
        ct_series(out, "bits32", stored=20, allocated=32, signed=True),
        ct_series(out, "bare", bare=True),
        ct_series(out, "blanked", change=blank),
        enhanced_ct(out, "enhanced"),
    ]
    refused(out)
    print(json.dumps(good))


def refused(out):
    def shifted(by):
        def change(data, k):
            data.ImagePositionPatient = [ds(x) for x in ORIGIN + by(k)]
        return change

    def put(key, value, only=None):
        def change(data, k):
            if only is None or k == only:
                setattr(data, key, value)
        return change

    ct_series(out, "gap", change=shifted(lambda k: numpy.array([0, 0, 3.0 * (k + (k > 1))])))
    ct_series(out, "uneven", change=shifted(lambda k: numpy.array([0, 0, 3.0 * k + (k == 3)])))
    ct_series(out, "double", change=shifted(lambda k: numpy.array([0, 0, 3.0 * min(k, 2)])))
    ct_series(out, "tilted", change=shifted(lambda k: numpy.array([0, 0.6 * k, 3.0 * k])))
    ct_series(out, "turned", change=put("ImageOrientationPatient", [ds(x) for x in (0, 1, 0, 0, 0, -1)], 2))
    ct_series(out, "inverted", change=put("PhotometricInterpretation", "MONOCHROME1"))
    ct_series(out, "unscaled", change=put("RescaleSlope", None))
    ct_series(out, "not_hu", change=put("RescaleType", "OD"))
    ct_series(out, "nowhere", change=put("ImagePositionPatient", None))
    ct_series(out, "frames", change=put("FrameOfReferenceUID", "1.2.3", 1))
    ct_series(out, "padded", signed=True, stored=16, change=lambda data, k: (put("PixelPaddingValue", -2000)(data, k), pad(data)))
    ct_series(out, "mixed", description="first")
    ct_series(out, "mixed/second", description="second", uid="1.2.826.0.1.3680043.8.498.77")
    ct_series(out, "mixed/scout", change=put("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    with open(os.path.join(out, "mixed", "readme.txt"), "w") as file:
        file.write("not DICOM" * 100)


def pad(data):
    words = numpy.frombuffer(data.PixelData, "<i2").copy()
    words[:3] = -2000
    data.PixelData = words.tobytes()
    data["PixelData"].VR = "OW"


def pet_series(out, name, correction="START", units="BQML", slopes=(0.5, 2.0, 1.25, 3.0), change=None, direction=OBLIQUE):
    """Scan at 10:30, injection at 9:30 (both on one day); half-life one hour; slices measured 10 minutes after each other."""
    numbers = numpy.random.default_rng(hash_of("pet")).integers(0, 32767, SHAPE)
    uid = generate_uid()
    for at, k in enumerate([1, 3, 0, 2]):
        data = base(PET, "PT", SeriesInstanceUID=uid, SeriesDescription=name, InstanceNumber=at + 1)
        place(data, direction, ORIGIN + k * SPACING[2] * direction[:, 2], SPACING)
        pixels(data, numbers[k : k + 1], 16, True)
        data.Units, data.DecayCorrection, data.SeriesType = units, correction, ["STATIC", "IMAGE"]
        data.SeriesDate, data.SeriesTime, data.AcquisitionDate, data.AcquisitionTime = "20250102", "103000", "20250102", "103000"
        data.FrameReferenceTime = ds(600000.0 * k)
        data.RescaleSlope, data.RescaleIntercept = ds(slopes[k]), "0"
        drug = Dataset()
        drug.RadiopharmaceuticalStartDateTime, drug.RadionuclideHalfLife = "20250102093000.00", "3600"
        data.RadiopharmaceuticalInformationSequence = Sequence([drug])
        if change:
            change(data, k)
        save(data, os.path.join(out, name, f"{at}.dcm"))
    back = {"START": numpy.ones(4), "ADMIN": numpy.full(4, 0.5), "NONE": 2.0 ** (numpy.arange(4) / 6.0)}[correction]
    return found(name, numbers * (numpy.array(slopes) * back)[:, None, None], direction, out=out)


def nm(out, name, sign=1, change=None, top=False, direction=OBLIQUE, order=(0, 1, 2, 3)):
    """A reconstructed SPECT; the first slice is at ORIGIN, the others on the side that the sign of the spacing says."""
    numbers = numpy.random.default_rng(hash_of("nm")).integers(0, 65535, SHAPE)
    data = base(NM, "NM", SeriesInstanceUID=generate_uid(), SeriesDescription=name)
    data.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    pixels(data, numbers[list(order)], 16, False)
    data.NumberOfFrames, data.FrameIncrementPointer = SHAPE[0], 0x00540080
    data.NumberOfSlices, data.SliceVector = SHAPE[0], [k + 1 for k in order]
    data.SpacingBetweenSlices, data.SliceThickness = ds(sign * SPACING[2]), ds(SPACING[2])
    data.PixelSpacing = [ds(SPACING[1]), ds(SPACING[0])]
    where = data if top else Dataset()
    where.ImageOrientationPatient = [ds(x) for x in (*direction[:, 0], *direction[:, 1])]
    where.ImagePositionPatient = [ds(x) for x in ORIGIN]
    if not top:
        data.DetectorInformationSequence = Sequence([where])
    if change:
        change(data)
    save(data, os.path.join(out, name + ".dcm"))
    columns = direction * numpy.array([1, 1, sign])
    return found(name, numbers.astype(float), columns, out=out)


def real_world(data):
    item, code = Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "Bq/ml", "UCUM", "Becquerels/milliliter"
    item.RealWorldValueSlope, item.RealWorldValueIntercept, item.MeasurementUnitsCodeSequence = 2.0, 0.0, Sequence([code])
    item.RealWorldValueFirstValueMapped, item.RealWorldValueLastValueMapped = 0, 65535
    data.RealWorldValueMappingSequence = Sequence([item])


def activity(out):
    def put(key, value):
        return lambda data, *_: setattr(data, key, value)

    good = [pet_series(out, "start"), pet_series(out, "admin", "ADMIN"), pet_series(out, "none", "NONE")]
    time_only = Dataset()
    time_only.RadiopharmaceuticalStartTime, time_only.RadionuclideHalfLife = "093000", "3600"
    good.append(pet_series(out, "time_only", "ADMIN", change=put("RadiopharmaceuticalInformationSequence", Sequence([time_only]))))
    good += [nm(out, "up"), nm(out, "down", -1), nm(out, "shuffled", order=(2, 0, 3, 1)), nm(out, "top", top=True)]
    quantitative = nm(out, "quantitative", change=real_world)
    values = 2.0 * numpy.fromfile(quantitative["voxels"], "<f4")
    values.astype("<f4").tofile(quantitative["voxels"])
    good.append(quantitative)
    pet_series(out, "suv", units="GML")
    pet_series(out, "gated", change=put("SeriesType", ["GATED", "IMAGE"]))
    pet_series(out, "uncorrected", change=put("DecayCorrection", ""))
    pet_series(out, "no_half_life", "ADMIN", change=put("RadiopharmaceuticalInformationSequence", Sequence([])))
    nm(out, "projections", change=put("ImageType", ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]))
    nm(out, "lost", change=put("DetectorInformationSequence", Sequence([Dataset()])))
    nm(out, "gated_nm", change=put("SliceVector", [1, 2, 1, 2]))
    print(json.dumps(good))


def regions(out):
    """A CT of 64 x 60 x 20 voxels of 1 x 1 x 2 mm in a turned frame, with contours and segments in it."""
    size, spacing, direction = (20, 60, 64), numpy.array([1.0, 1.0, 2.0]), OBLIQUE
    uid = generate_uid()
    slices = []
    for k in range(size[0]):
        data = base(CT, "CT", SeriesInstanceUID=uid, SeriesDescription="planning")
        place(data, direction, ORIGIN + k * spacing[2] * direction[:, 2], spacing)
        pixels(data, numpy.full((1, *size[1:]), 1024), 12, False)
        data.PatientBirthDate, data.PatientSex, data.AccessionNumber, data.StudyDate, data.StudyTime, data.StudyID = "", "", "", "", "", ""
        data.ReferringPhysicianName, data.PositionReferenceIndicator, data.SeriesNumber, data.InstanceNumber = "", "", 1, k + 1
        data.RescaleSlope, data.RescaleIntercept, data.SliceThickness = "1", "-1024", ds(spacing[2])
        slices.append(data)
        save(data, os.path.join(out, "ct", f"{k:02}.dcm"))

    def contour(points, kind="CLOSED_PLANAR"):
        item = Dataset()
        item.ContourGeometricType, item.NumberOfContourPoints = kind, len(points)
        item.ContourData = [ds(x) for p in points for x in ORIGIN + direction @ numpy.array(p)]
        return item

    def circle(radius, z, x=31.4, y=29.7):
        angles = numpy.arange(360) * numpy.pi / 180
        return contour([(x + radius * numpy.cos(a), y + radius * numpy.sin(a), z) for a in angles])

    heights = [2.0 * k for k in range(4, 16)]
    rois = {
        "cylinder": [circle(20, z) for z in heights],
        "ring": [circle(radius, z) for z in heights for radius in (20, 12)],
        "two": [circle(8, z, x) for z in heights for x in (15.2, 45.3)],
        "Größe": [circle((15**2 - z**2) ** 0.5, 19 + z) for z in numpy.arange(-14.5, 15, 1.0)],
        "seed": [contour([(31, 29, 20)], "POINT")],
        "tilted": [contour([(10, 10, 10), (40, 10, 12), (40, 40, 12), (10, 40, 10)])],
    }

    def structure_set(name, frame):
        data = base(RTSTRUCT, "RTSTRUCT", SeriesInstanceUID=generate_uid(), StructureSetLabel="plan", SpecificCharacterSet="ISO_IR 192")
        data.FrameOfReferenceUID = frame
        data.StructureSetROISequence, data.ROIContourSequence = Sequence(), Sequence()
        for number, (roi, contours) in enumerate(rois.items(), 1):
            item, drawn = Dataset(), Dataset()
            item.ROINumber, item.ROIName, item.ReferencedFrameOfReferenceUID = number, roi, frame
            drawn.ReferencedROINumber, drawn.ContourSequence = number, Sequence(contours)
            data.StructureSetROISequence.append(item)
            data.ROIContourSequence.append(drawn)
        save(data, os.path.join(out, name))

    shift = 3.0 * direction[:, 0] + 2.0 * direction[:, 1] + 4.0 * direction[:, 2]
    spect(out, direction, ORIGIN + shift)
    structure_set("rtstruct.dcm", FRAME)
    structure_set("elsewhere.dcm", "1.2.3")
    z, y, x = numpy.meshgrid(*map(numpy.arange, size), indexing="ij")
    ball = ((x - 31) ** 2 + (y - 29) ** 2 + 4 * (z - 9) ** 2) <= 14**2
    box = (x >= 30) & (x < 50) & (y >= 5) & (y < 50) & (z >= 2) & (z < 6)
    apart = ball & ~box
    counts = {"ball": int(ball.sum()), "box": int(box.sum()), "apart": int(apart.sum())}
    segmentation(out, "seg.dcm", slices, [("ball", ball), ("box", box)])
    segmentation(out, "labels.dcm", slices, [("apart", apart), ("box", box)])
    segmentation(out, "fractional.dcm", slices, [("ball", ball.astype(float))], fractional=True)
    labels = numpy.where(apart, 1, 0) + numpy.where(box, 2, 0)
    rows = [k for k in range(size[0]) if labels[k].any()]
    labels = labels[rows[0] : rows[-1] + 1]
    spots = found("labels", labels, direction, ORIGIN + rows[0] * spacing[2] * direction[:, 2], spacing, out)
    print(json.dumps(dict(counts=counts, labels=spots)))


def spect(out, direction, origin):
    """Two hot voxels of 2 x 2 x 2 mm inside of the ring and beside it: 700 and 300 counts."""
    numbers = numpy.zeros((4, 24, 24))
    numbers[2, 13, 22] = 700
    numbers[2, 1, 1] = 300
    for name, frame in (("spect.dcm", FRAME), ("spect_elsewhere.dcm", "1.2.3")):
        data = base(NM, "NM", SeriesInstanceUID=generate_uid(), SeriesDescription=name)
        data.ImageType, data.FrameOfReferenceUID = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"], frame
        pixels(data, numbers, 16, False)
        data.NumberOfFrames, data.SliceVector = 4, [1, 2, 3, 4]
        data.SpacingBetweenSlices, data.PixelSpacing = "2", ["2", "2"]
        where = Dataset()
        where.ImageOrientationPatient = [ds(x) for x in (*direction[:, 0], *direction[:, 1])]
        where.ImagePositionPatient = [ds(x) for x in origin]
        data.DetectorInformationSequence = Sequence([where])
        save(data, os.path.join(out, name))


def segmentation(out, name, slices, masks, fractional=False):
    descriptions = [
        highdicom.seg.SegmentDescription(
            segment_number=n, segment_label=label, segmented_property_category=codes.SCT.Organ, segmented_property_type=codes.SCT.Liver,
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL)
        for n, (label, _) in enumerate(masks, 1)
    ]
    kinds = highdicom.seg.SegmentationTypeValues
    stacked = numpy.stack([mask for _, mask in masks], axis=-1)
    for data in slices:
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = EXPLICIT
    result = highdicom.seg.Segmentation(
        source_images=slices, pixel_array=stacked if fractional else stacked.astype(numpy.uint8), segmentation_type=kinds.FRACTIONAL if fractional else kinds.BINARY,
        segment_descriptions=descriptions, series_instance_uid=generate_uid(), series_number=2, sop_instance_uid=generate_uid(), instance_number=1,
        manufacturer="x", manufacturer_model_name="x", software_versions="1", device_serial_number="1")
    result.save_as(os.path.join(out, name))


def read(folder, out):
    reader = SimpleITK.ImageSeriesReader()
    names = reader.GetGDCMSeriesFileNames(folder)
    image = SimpleITK.ReadImage(names)
    SimpleITK.GetArrayFromImage(image).astype("<f4").tofile(out)
    matrix = numpy.array(image.GetDirection()).reshape(3, 3)
    print(json.dumps(dict(name=folder, voxels=out, size=image.GetSize(), origin=image.GetOrigin(), spacing=image.GetSpacing(),
                          direction=matrix.T.ravel().tolist())))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        globals()[sys.argv[3]](sys.argv[2])
    else:
        read(sys.argv[2], sys.argv[3])
