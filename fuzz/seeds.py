"""Makes the small valid files that the corpora began with.

python3 seeds.py FOLDER RESULT   RESULT: the folder of `dosaic run small.toml`; needs pydicom, highdicom, SimpleITK and pylibjpeg-openjpeg
"""

import json
import os
import re
import struct
import sys
import zlib

import numpy
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "dicom"))
import objects
from objects import FRAME, J2K, JPEG_LOSSLESS, RLE, RTSTRUCT, base, ds, pixels, save

SHAPE = objects.SHAPE = (4, 4, 4)
RT_DOSE = "1.2.840.10008.5.1.4.1.1.481.2"


def rt_dose(out, name, bits):
    data = base(RT_DOSE, "RTDOSE", SeriesInstanceUID="1.2.3", SeriesDescription="dose")
    pixels(data, numpy.arange(48).reshape(3, 4, 4), bits, False, bits)
    data.NumberOfFrames, data.FrameIncrementPointer = 3, 0x3004000C
    objects.place(data, objects.AXIAL, objects.ORIGIN, objects.SPACING)
    data.GridFrameOffsetVector = ["0", "3", "6"]
    data.DoseUnits, data.DoseType, data.DoseSummationType, data.DoseGridScaling = "GY", "PHYSICAL", "PLAN", "0.125"
    plan = Dataset()
    plan.ReferencedSOPClassUID, plan.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.5", "1.2.4"
    data.ReferencedRTPlanSequence = Sequence([plan])
    save(data, os.path.join(out, name))


def structures(out, name):
    """A square of 4 mm on the slices 2 to 5 of the 8 x 8 x 8 voxels of readers.rs, with a hole; and a point."""

    def contour(points, kind="CLOSED_PLANAR"):
        item = Dataset()
        item.ContourGeometricType, item.NumberOfContourPoints = kind, len(points)
        item.ContourData = [ds(x) for p in points for x in p]
        return item

    def square(a, b, z):
        return contour([(a, a, z), (b, a, z), (b, b, z), (a, b, z)])

    data = base(RTSTRUCT, "RTSTRUCT", SeriesInstanceUID="1.2.3", StructureSetLabel="plan", SpecificCharacterSet="ISO_IR 192")
    data.StructureSetROISequence, data.ROIContourSequence = Sequence(), Sequence()
    drawn = [("ball", [square(a, b, z) for z in (2, 3, 4, 5) for a, b in ((1.2, 5.6), (2.7, 3.8))]), ("Größe", [contour([(3, 3, 3)], "POINT")])]
    for number, (label, contours) in enumerate(drawn, 1):
        roi, lines = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, label, FRAME
        lines.ReferencedROINumber, lines.ContourSequence = number, Sequence(contours)
        data.StructureSetROISequence.append(roi)
        data.ROIContourSequence.append(lines)
    save(data, os.path.join(out, name))


def segments(out):
    slices = []
    for k in range(2):
        data = base(objects.CT, "CT", SeriesInstanceUID="1.2.5", SeriesDescription="planning")
        objects.place(data, objects.AXIAL, numpy.array([0, 0, 1.0 * k]), numpy.array([1.0, 1.0, 1.0]))
        pixels(data, numpy.full((1, 4, 4), 1024), 12, False)
        data.PatientBirthDate, data.PatientSex, data.AccessionNumber, data.StudyDate, data.StudyTime, data.StudyID = "", "", "", "", "", ""
        data.ReferringPhysicianName, data.PositionReferenceIndicator, data.SeriesNumber, data.InstanceNumber = "", "", 1, k + 1
        data.RescaleSlope, data.RescaleIntercept, data.SliceThickness = "1", "-1024", "1"
        slices.append(data)
    ball = numpy.zeros((2, 4, 4), bool)
    ball[:, 1:3, 1:3] = True
    objects.segmentation(out, "segments.dcm", slices, [("ball", ball), ("rest", ~ball)])
    objects.segmentation(out, "fractional.dcm", slices, [("ball", ball.astype(float))], fractional=True)


def put(out, corpus, name, *parts):
    """An input of one file, or of several with a separator between them; names of files are the first line of their parts."""
    os.makedirs(os.path.join(out, corpus), exist_ok=True)
    with open(os.path.join(out, corpus, name), "wb") as file:
        file.write(b"\n--\n".join(part.encode() if isinstance(part, str) else part for part in parts))


def images(out):
    shorts = struct.pack("<24h", *range(24))
    nifti = struct.pack("<i36x8h14xhh2x", 348, 3, 3, 4, 2, 1, 1, 1, 1, 4, 16) + struct.pack("<8f3f", 1, 2, 3, 4, 0, 0, 0, 0, 352, 0.5, -1) + b"\0\0\0\x02"
    nifti = nifti.ljust(252, b"\0") + struct.pack("<hh6f12f16x4s4x", 1, 1, 0, 0, 0.6, 5, 6, 7, 2, 0, 0, 10, 0, 3, 0, 20, 0, 0, 4, 30, b"n+1\0")
    big = struct.pack(">i8shhq8q", 540, b"n+2\0\r\n\x1a\n", 4, 16, 0, 3, 3, 4, 2, 1, 1, 1, 1).ljust(104, b"\0") + struct.pack(">8dq2d", -1, 3, 5, 7, 0, 0, 0, 0, 544, 1, 0)
    big = big.ljust(344, b"\0") + struct.pack(">2i6d12d", 1, 0, 0, 0, 0.5**0.5, 1, 2, 3, *[0] * 12)
    big = big.ljust(500, b"\0") + struct.pack(">i", 2)
    for form in "nz":
        put(out, "images", form, form.encode() + nifti + shorts)
        put(out, "images", form + "2", form.encode() + big.ljust(544, b"\0") + struct.pack(">24h", *range(24)))
    packer = zlib.compressobj(wbits=31)
    put(out, "images", "g", b"g" + packer.compress(nifti + shorts) + packer.flush())
    meta = ("ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = {}\nTransformMatrix = 0 1 0 -1 0 0 0 0 1\n"
            "Offset = -10.5 20 30\nCenterOfRotation = 0 0 0\nAnatomicalOrientation = RAI\nElementSpacing = 2 3 4\nDimSize = 3 4 2\nElementType = MET_SHORT\n{}ElementDataFile = {}\n")
    put(out, "images", "m", ("m" + meta.format(False, "", "LOCAL")).encode() + shorts)
    put(out, "images", "c", "c" + meta.format(True, "", "LOCAL"), shorts)
    put(out, "images", "h", "h" + meta.format(False, "HeaderSize = -1\n", "a.raw"), shorts)
    nrrd = ("NRRD0005\n# made by hand\ntype: short\ndimension: 3\nspace: {}\nsizes: 3 4 2\nspace directions: (0,2,0) (-3,0,0) (0,0,4)\nkinds: domain domain domain\n"
            "endian: {}\nencoding: {}\n{}space origin: (1,2,3)\nkey:=value\n\n")
    put(out, "images", "r", ("r" + nrrd.format("left-posterior-superior", "little", "raw", "")).encode() + shorts)
    put(out, "images", "p", "p" + nrrd.format("RAS", "big", "gzip", ""), shorts)
    put(out, "images", "d", "d" + nrrd.format("LAS", "little", "raw", "data file: a.raw\nbyte skip: -1\n"), shorts)
    place = dict(schema="dosaic-npy/1", description="x", index="array[k, j, i], C order", affine_lps_mm=[[2, 0, 0, 1], [0, 3, 0, 2], [0, 0, 4, 3], [0, 0, 0, 1]])
    head = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 4, 3), }".ljust(117) + "\n"
    put(out, "images", "y", "y" + json.dumps(place), b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head.encode() + shorts)


def texts(out, result):
    top = os.path.join(HERE, "..")
    read = lambda *path: open(os.path.join(top, *path), encoding="utf-8").read()
    plain = lambda text: "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")) + "\n"
    for name in sorted(os.listdir(os.path.join(top, "phantoms"))):
        if name.endswith(".toml"):
            put(out, "plan", name, plain(read("phantoms", name)))
    for n, example in enumerate(re.findall("```toml\n(.*?)```", read("docs", "plan.md"), re.DOTALL)):
        put(out, "plan", f"guide{n}", plain(example))
    for n, file in enumerate(["src/plan/file/external.rs", "tests/good_plans.rs", "tests/tme_plans/main.rs", "tests/tme_plans/refused.rs"]):
        # Plans and pieces of them that tests have: small, and of every table there is.
        for m, piece in enumerate(re.findall(r'r#"(.*?)"#', read(file), re.DOTALL)):
            put(out, "plan", f"test{n}_{m}", plain(piece))
    parameters = '[radiobiology.alpha]\nvalue = "0.3 /Gy"\nmark = "assumed"\nsource = "none"\n'
    put(out, "plan", "parameters", plain(read("phantoms", "net-liver-lu177.toml")) + '\n[response.tme]\nparameters = "parameters.toml"\n', parameters)
    put(out, "tables", "c", 'ca,"b, ""c"""\r\n1,2\n"line\nbreak",\n')
    for n, text in enumerate(["7.4 GBq", "10, 0, -5 mm", "0.35 1/Gy", "2.1 %", "1e-3 g/cm3", "8 wk", "+5e0eV", "1 \u03bcm"]):
        put(out, "tables", f"q{n}", "q" + text)
    for n, text in enumerate(["Lu-177", "Ac-225:alpha", "F-18:beta+", "I-131:photons", "electron:0.5", "alpha:5.8MeV", "Tc-99m:auger"]):
        put(out, "tables", f"e{n}", "e" + text)
    put(out, "tables", "s", "s# of a test\n# particle: electron\nenergy_mev,per_mev\n0,1\n0.5,3\n1,0\n")
    put(out, "tables", "w", "w0.5:2mm")
    put(out, "tables", "w2", "w0.05 cm : 0.2 cm")
    put(out, "tables", "f", "f# radii\nr_low_mm,r_high_mm\n0,0.1\n0.1,0.4\n")
    stored(out, result)


def stored(out, result):
    """The files of a result, curves cut short and names of this machine taken out."""
    def part(name):
        content = open(os.path.join(result, name), "rb").read()
        if name == "dvh.csv":
            content = b"\n".join(content.splitlines()[:4]) + b"\n"
        if name == "provenance.json":
            record = json.loads(content)
            record["command_line"] = ["dosaic", "run", "small.toml"]
            content = json.dumps(record).encode()
        return name.encode() + b"\n" + content

    pictures = ["dose_total.nii.gz", "dose_fraction-01.nii.gz", "bed_total.nii.gz", "regions.nii.gz", "density.nii.gz"]
    put(out, "tables", "report", b"r" + part("summary.json"), *map(part, ["provenance.json", "regions.csv", "activity.csv", "dvh.csv", *pictures]))
    maps = sorted(name for name in os.listdir(result) if name.startswith("component-"))
    put(out, "tables", "components", b"r" + part("components.json"), *map(part, maps))


def main(out, result):
    images(out)
    texts(out, result)
    made = os.path.join(out, "made")
    kinds = dict(
        axial={}, implicit=dict(syntax=objects.IMPLICIT), deflated=dict(syntax=objects.DEFLATED), rle=dict(syntax=RLE, stored=16),
        jpeg=dict(syntax=JPEG_LOSSLESS), jpeg2000=dict(syntax=J2K), signed=dict(syntax=J2K, stored=16, signed=True), bits8=dict(stored=8, allocated=8),
        bits32=dict(stored=20, allocated=32, signed=True), bare=dict(bare=True), blanked=dict(change=objects.blank))
    for name, settings in kinds.items():
        # OpenJPEG's six resolutions need 32 pixels.
        objects.SHAPE = (2, 32, 32) if settings.get("syntax") == J2K else SHAPE
        objects.ct_series(made, name, **settings)
    objects.SHAPE = SHAPE
    objects.enhanced_ct(made, "enhanced")
    objects.pet_series(made, "start")
    objects.pet_series(made, "admin", "ADMIN")
    objects.pet_series(made, "none", "NONE")
    objects.nm(made, "up")
    objects.nm(made, "top", -1, top=True, change=objects.real_world)
    for bits in (16, 32):
        rt_dose(made, f"dose{bits}.dcm", bits)
    structures(made, "structures.dcm")
    segments(made)
    for folder in ("dicom", "dicom_series"):
        os.makedirs(os.path.join(out, folder), exist_ok=True)
    for name in sorted(os.listdir(made)):
        path = os.path.join(made, name)
        if name.endswith(".f32"):
            continue
        files = [os.path.join(path, file) for file in sorted(os.listdir(path))] if os.path.isdir(path) else [path]
        contents = [open(file, "rb").read() for file in files]
        plain = name.removesuffix(".dcm")
        with open(os.path.join(out, "dicom", plain), "wb") as file:
            file.write(contents[0])
        if len(contents) > 1:
            with open(os.path.join(out, "dicom_series", plain), "wb") as file:
                file.write(b"\n--\n".join(contents))


if __name__ == "__main__":
    main(*sys.argv[1:])
