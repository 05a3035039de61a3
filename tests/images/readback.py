"""Reads and writes images with nibabel and SimpleITK; called by python.rs.

read FOLDER   prints, for each image in FOLDER and each reader, where voxels are (LPS, mm) and what they hold
write FOLDER  writes images in many ways and prints what a reader must find
Exit status 77: a package is missing.
"""

import json
import os
import sys

try:
    import nibabel
    import numpy
    import SimpleITK
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(77)

LPS = numpy.diag([-1.0, -1.0, 1.0, 1.0])


def summary(array, position):
    """array is indexed [i, j, k]; position maps an index to LPS."""
    hot = tuple(int(n) for n in numpy.unravel_index(numpy.argmax(array), array.shape))
    last = tuple(n - 1 for n in array.shape)
    return {
        "size": list(array.shape),
        "hot": list(hot),
        "hot_value": float(array[hot]),
        "sum": float(array.astype(float).sum()),
        "first_at": position((0, 0, 0)),
        "hot_at": position(hot),
        "last_at": position(last),
    }


def by_affine(affine):
    return lambda ijk: (affine @ numpy.array([*ijk, 1.0]))[:3].tolist()


def read_nibabel(path):
    image = nibabel.load(path)
    header = image.header
    result = summary(image.get_fdata(), by_affine(LPS @ image.affine))
    corners = numpy.array([[i, j, k, 1.0] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    corners[:, :3] *= numpy.array(image.shape) - 1
    apart = numpy.linalg.norm(((header.get_sform() - header.get_qform()) @ corners.T)[:3], axis=0).max()
    result["header"] = {
        "descrip": header["descrip"].item().decode(),
        "intent_name": header["intent_name"].item().decode(),
        "units": header.get_xyzt_units()[0],
        "sform_code": int(header["sform_code"]),
        "qform_code": int(header["qform_code"]),
        "qform_apart": float(apart),
    }
    return result


def read_simpleitk(path):
    image = SimpleITK.ReadImage(path)
    array = SimpleITK.GetArrayFromImage(image).transpose()
    return summary(array, lambda ijk: list(image.TransformIndexToPhysicalPoint(ijk)))


def read(folder):
    found = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        found[name] = {"SimpleITK": read_simpleitk(path)}
        if ".nii" in name:
            found[name]["nibabel"] = read_nibabel(path)
    return found


def rotation(x, y, z):
    cx, sx, cy, sy, cz, sz = (f(a) for a in (x, y, z) for f in (numpy.cos, numpy.sin))
    about_x = numpy.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = numpy.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = numpy.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


SHAPE = (7, 5, 4)
SPACING = numpy.array([2.5, 0.8, 3.25])
PROBES = [(0, 0, 0), (6, 0, 0), (0, 4, 0), (0, 0, 3), (5, 1, 2), (6, 4, 3)]


def expected(array, position, labels=False):
    probes = [{"ijk": list(ijk), "at": position(ijk), "value": float(array[ijk])} for ijk in PROBES]
    return {"size": list(SHAPE), "probes": probes, "labels": labels}


def are_labels(array):
    return array.dtype.kind in "iu" and bool(array.min() >= 0)


def write(folder):
    counting = numpy.arange(numpy.prod(SHAPE)).reshape(SHAPE)
    made = {}

    def nifti(name, array, affine, kind=nibabel.Nifti1Image, unit="mm", form="s", order="<"):
        """The position is that of the affine in mm (RAS); the file holds it in `unit`."""
        per_mm = {"mm": 1.0, "meter": 1e-3, "micron": 1e3}[unit]
        stored = numpy.diag([per_mm] * 3 + [1.0]) @ affine
        header = kind.header_class(endianness=order)
        header.set_data_dtype(array.dtype)
        image = kind(array, stored, header)
        image.header.set_xyzt_units(unit)
        image.set_sform(stored, code=2 if form in "sb" else 0)
        image.set_qform(stored, code=1 if form in "qb" else 0)
        nibabel.save(image, os.path.join(folder, name))
        again = nibabel.load(os.path.join(folder, name))
        assert again.header.endianness == order and numpy.array_equal(again.get_fdata(), array)
        made[name] = expected(array, by_affine(LPS @ affine), labels=are_labels(array))

    def affine(axes, spacing=SPACING):
        full = numpy.eye(4)
        full[:3, :3] = axes * spacing
        full[:3, 3] = [31.5, -42.25, 100.125]
        return full

    tilted = rotation(0.2, -0.4, 0.9)
    flipped = tilted @ numpy.diag([1.0, 1.0, -1.0])
    nifti("ras.nii.gz", counting.astype(numpy.int16), affine(numpy.eye(3)))
    nifti("lps.nii", counting.astype(numpy.uint8), affine(numpy.diag([-1.0, -1.0, 1.0])))
    nifti("las.nii.gz", counting.astype(numpy.float32), affine(numpy.diag([-1.0, 1.0, 1.0])))
    nifti("permuted.nii.gz", counting.astype(numpy.uint16), affine(numpy.eye(3)[:, [2, 0, 1]]))
    nifti("tilted_s.nii.gz", counting.astype(numpy.int32), affine(tilted))
    nifti("tilted_q.nii.gz", counting.astype(numpy.float64), affine(tilted), form="q")
    nifti("flipped_q.nii.gz", counting.astype(numpy.int8), affine(flipped), form="q")
    nifti("both.nii", counting.astype(numpy.uint32), affine(flipped), form="b")
    nifti("big.nii.gz", counting.astype(numpy.int16), affine(tilted), order=">")
    nifti("metres.nii.gz", counting.astype(numpy.int16), affine(tilted), unit="meter")
    nifti("microns.nii.gz", counting.astype(numpy.int16), affine(tilted), unit="micron", form="q")
    nifti("nifti2.nii.gz", counting.astype(numpy.int64), affine(tilted), kind=nibabel.Nifti2Image)
    nifti("nifti2_big.nii", counting.astype(numpy.uint64), affine(flipped), kind=nibabel.Nifti2Image, form="q", order=">")
    nifti("fractions.nii.gz", counting * 0.125 - 0.5, affine(tilted))
    stored = nibabel.Nifti1Image(counting.astype(float) * 12.5 - 1000.0, affine(numpy.eye(3)))
    stored.set_data_dtype(numpy.int16)
    nibabel.save(stored, os.path.join(folder, "scaled_short.nii"))
    again = nibabel.load(os.path.join(folder, "scaled_short.nii"))
    assert again.dataobj.slope != 1.0
    made["scaled_short.nii"] = expected(again.get_fdata(), by_affine(LPS @ again.affine))
    frame = nibabel.Nifti1Image(counting.astype(numpy.int16)[..., None], affine(tilted))
    nibabel.save(frame, os.path.join(folder, "one_frame.nii.gz"))
    made["one_frame.nii.gz"] = expected(counting, by_affine(LPS @ affine(tilted)), labels=True)

    def itk(name, array, axes, compress):
        image = SimpleITK.GetImageFromArray(array.transpose())
        image.SetSpacing(SPACING.tolist())
        image.SetOrigin([-31.5, 42.25, 100.125])
        image.SetDirection(axes.flatten().tolist())
        image.SetMetaData("Remark", "unknown keys are passed over")
        SimpleITK.WriteImage(image, os.path.join(folder, name), useCompression=compress)
        position = lambda ijk: list(image.TransformIndexToPhysicalPoint(ijk))
        made[name] = expected(array, position, labels=are_labels(array))

    for n, kind in enumerate(["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]):
        array = counting.astype(kind)
        axes = [tilted, flipped, numpy.eye(3)[:, [1, 2, 0]]][n % 3]
        itk(f"itk_{kind}.mha", array, axes, n % 2 == 0)
        itk(f"itk_{kind}.mhd", array, axes, n % 2 == 1)
    itk("itk.nii.gz", counting.astype(numpy.float32), tilted, True)
    itk("itk_flipped.nii", counting.astype(numpy.float32), flipped, False)
    return made


print(json.dumps({"read": read, "write": write}[sys.argv[1]](sys.argv[2])))
