#!/usr/bin/env python3
"""Writes the nuclide table `decay.txt` from evaluated decay data.

usage: convert.py NUCLIDES.json CROSSCHECK.csv > decay.txt

NUCLIDES.json    per nuclide: Z, A, half_life_s, daughters, lines by kind, beta spectra, source (see README.md beside this script).
CROSSCHECK.csv   per nuclide: energy per decay by kind from the full evaluation and from ICRP Publication 107.

What is changed on the way is listed in README.md; everything else is copied digit by digit.
"""

import csv
import json
import sys

LINE_KINDS = [
    ("alpha", "alpha"),
    ("conversion", "conversion_electron"),
    ("auger", "auger_electron"),
    ("gamma", "gamma"),
    ("xray", "xray"),
    ("annihilation", "annihilation"),
]
SPECTRUM_KINDS = [("beta-", "beta_minus"), ("beta+", "beta_plus")]
CHECK_COLUMNS = ["alpha", "beta", "CE", "Auger", "gamma", "xray"]

# Radioactive daughters the evaluations here have no entry for; every other daughter without an entry is stable.
UNTABULATED = {"At-215", "Bi-215", "Ra-221", "Rn-217"}

# Branches the source set lacks although its own branching shows them: complement of 0.773 beta-minus.
ADDED_DAUGHTERS = {"Lu-177m": [("Lu-177", 0.227)]}

# Branchings of the source set that add up to more than 1.
CORRECTED_BRANCHINGS = {("Tc-99m", "Tc-99"): 0.99996}

NOTES = {
    "I-131": "lines include Xe-131m in full equilibrium (0.01086 per decay, DDEP): Xe-131m is no separate chain member",
    "Pd-103": "lines include Rh-103m in equilibrium; ICRP-107 lists it apart",
    "Zr-89": "lines include Y-89m in equilibrium",
    "Lu-177m": "radiations of the isomeric transition (0.227 per decay) are missing from the evaluation file; its daughter Lu-177 is added",
    "Y-90": "lacks its E0 branch (2e-4 MeV of conversion electrons in ICRP-107)",
    "Th-227": "conversion and Auger energy about 0.02 MeV low",
    "Tl-208": "conversion energy 0.036 MeV; ICRP-107 has 0.053 MeV",
    "Tc-99": "mean beta energy 16 % below ICRP-107",
    "Pm-145": "alpha branch (3e-9) below the resolution of the source, dropped",
    "Re-186": "daughter Os-186 (2e15 years) treated as stable",
    "Pb-209": "daughter Bi-209 (2e19 years) treated as stable",
}

OMITTED = [
    ("Ra-226", "its evaluation file has wrong or missing lines; for Rn-222 and below name that nuclide"),
    ("Cs-137", "its evaluation file mixes in the lines of Ba-137m; name Ba-137m for the 662 keV radiation"),
    ("Bi-215", "its evaluation file has wrong or missing lines"),
    ("I-120", "its evaluation file has wrong or missing lines"),
    ("In-115m", "its evaluation file has wrong or missing lines"),
]

HEADER = """\
# dosaic nuclide table, format 1. Made by convert.py from DDEP (LNE-LNHB, Monographie BIPM-5) where DDEP has the nuclide, else ENSDF (NNDC,
# September 2023); each nuclide names its evaluation. Atomic radiations: cascade on EADL. Beta spectra: computed (Fermi function, finite size,
# screening, unique-forbidden shapes). ICRP-107 energies for comparison only. Read README.md beside this file for units and known weak points.
#
# omitted NAME REASON                               asked for, but left out of the table
# nuclide NAME Z A HALF-LIFE/s                      starts a nuclide
#   source TEXT                                     evaluation
#   note TEXT                                       what is known to be special or weak
#   daughter NAME BRANCHING [stable|untabulated]    neither word: the daughter has an entry here
#   energies alpha beta CE Auger gamma xray         MeV per decay, of the full evaluation before its weakest lines were dropped
#   icrp107 HALF-LIFE/s alpha beta CE Auger gamma xray
#   lines KIND N                                    then N rows: energy/MeV, number per decay
#   spectrum KIND N YIELD MEAN/MeV                  then N rows: energy/MeV, dN/dE per MeV and decay; linear in between
"""


def number(x):
    """The shortest decimal that reads back as the same double, without a trailing '.0'."""
    s = repr(float(x))
    return s[:-2] if s.endswith(".0") else s


def clean_spectrum(energies, densities):
    """Merges points of equal energy (rounded together) and drops the inside of flat stretches: the same piecewise linear function."""
    points = []
    for e, p in zip(energies, densities):
        if points and e == points[-1][0]:
            if e == energies[-1]:
                points[-1] = (e, p)
            continue
        points.append((e, p))
    kept = [
        q
        for i, q in enumerate(points)
        if i in (0, len(points) - 1) or not points[i - 1][1] == q[1] == points[i + 1][1]
    ]
    return kept


def main(nuclides_path, crosscheck_path):
    with open(nuclides_path, encoding="utf-8") as f:
        nuclides = json.load(f)["nuclides"]
    with open(crosscheck_path, encoding="utf-8", newline="") as f:
        check = {row["nuclide"]: row for row in csv.DictReader(f)}
    out = [HEADER.rstrip()]
    for name, reason in OMITTED:
        out.append(f"omitted {name} {reason}")
    for name in sorted(nuclides, key=lambda n: (nuclides[n]["Z"], nuclides[n]["A"], n)):
        n = nuclides[name]
        out.append("")
        out.append(f"nuclide {name} {n['Z']} {n['A']} {number(n['half_life_s'])}")
        out.append(f"source {n['source']}")
        if name in NOTES:
            out.append(f"note {NOTES[name]}")
        daughters = [
            (d["nuclide"], CORRECTED_BRANCHINGS.get((name, d["nuclide"]), d["branching"])) for d in n["daughters"] if d["branching"] > 0.0
        ]
        for daughter, branching in daughters + ADDED_DAUGHTERS.get(name, []):
            mark = "" if daughter in nuclides else " untabulated" if daughter in UNTABULATED else " stable"
            out.append(f"daughter {daughter} {number(branching)}{mark}")
        row = check[name]
        out.append("energies " + " ".join(number(row[c]) for c in CHECK_COLUMNS))
        out.append(f"icrp107 {number(row['T_icrp'])} " + " ".join(number(row[c + "_icrp"]) for c in CHECK_COLUMNS))
        for kind, key in LINE_KINDS:
            lines = [(e, y) for e, y in n["lines"].get(key, []) if y > 0.0]
            if lines:
                out.append(f"lines {kind} {len(lines)}")
                out.extend(f"{number(e)} {number(y)}" for e, y in lines)
        for kind, key in SPECTRUM_KINDS:
            if key in n["beta"]:
                b = n["beta"][key]
                points = clean_spectrum(b["E"], b["dNdE"])
                out.append(f"spectrum {kind} {len(points)} {number(b['yield'])} {number(b['mean'])}")
                out.extend(f"{number(e)} {number(p)}" for e, p in points)
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
