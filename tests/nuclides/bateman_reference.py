"""Writes bateman.csv: decay chains in time, from the half-lives and branchings of the nuclide table, at 250 digits.

    python3 tests/nuclides/bateman_reference.py > tests/nuclides/bateman.csv

Needs mpmath. Half-lives and branchings are the doubles that the program reads; all else is done at 250 digits. Two ways: the exponential of the
generator (mpmath.expm, Taylor with scaling and squaring) and, where no two half-lives are equal, the sum of exponentials with the amplitudes of
Bateman's recursion. They must agree within 1e-40, or the script fails.
"""

import pathlib
import sys

import mpmath as mp

mp.mp.dps = 250
TABLE = pathlib.Path(__file__).resolve().parents[2] / "src/nuclide/data/decay.txt"
DAY = 86400.0
PARENTS = {p: [1.0, 3600.0, DAY, 10 * DAY, 300 * DAY] for p in ["Ac-225", "Ra-223", "Th-227", "Pb-212", "Tb-149", "W-188"]}
# No real nuclides: half-lives equal, or equal within 1e-9; half-lives far below a nanosecond between long ones.
CLOSE = {
    "close-1": (1e4, {"close-2": 0.9, "close-3": 0.1}),
    "close-2": (1e4 * (1 + 1e-9), {"close-3": 1.0}),
    "close-3": (1e4, {"close-4": 0.6, "close-5": 0.4}),
    "close-4": (1e4 * (1 - 1e-7), {"close-6": 1.0}),
    "close-5": (1.001e4, {"close-6": 0.99}),
    "close-6": (1e4, {"close-7": 1.0}),
    "close-7": (1e5, {}),
}
QUICK = {
    "quick-1": (1e5, {"quick-2": 0.7, "quick-3": 0.3}),
    "quick-2": (1e-12, {"quick-3": 1.0}),
    "quick-3": (1e-20, {"quick-4": 1.0}),
    "quick-4": (1e5, {"quick-5": 0.25}),
    "quick-5": (1e-9, {}),
}
MADE_UP = {"close-1": (CLOSE, [1.0, 3600.0, DAY, 10 * DAY]), "quick-1": (QUICK, [1e-12, 1e-3, 3600.0, 10 * DAY])}


def read_table():
    nuclides, current = {}, None
    for words in (line.split() for line in TABLE.read_text().splitlines()):
        if words[:1] == ["nuclide"]:
            current = words[1]
            nuclides[current] = (float(words[4]), {})
        elif words[:1] == ["daughter"] and len(words) == 3:
            nuclides[current][1][words[1]] = float(words[2])
    return nuclides


def members(data, parent):
    """Every descendant once, each after all that feed it."""
    done = []

    def visit(name):
        for daughter in data[name][1]:
            if daughter not in done:
                visit(daughter)
        done.append(name)

    visit(parent)
    return done[::-1]


def by_exponential(rates, fed, start, time):
    n = len(rates)
    generator = mp.zeros(2 * n)
    for i in range(n):
        generator[i, i] = -rates[i]
        generator[n + i, i] = rates[i]
        for j, b in fed[i].items():
            generator[i, j] = b * rates[j]
    state = mp.expm(generator * time, method="taylor") * mp.matrix(start + [0] * n)
    return [state[i] * rates[i] for i in range(n)], [state[n + i] for i in range(n)]


def by_amplitudes(rates, fed, start, time):
    n = len(rates)
    c = mp.zeros(n)
    for i in range(n):
        for k in range(i):
            c[i, k] = sum((b * rates[j] * c[j, k] for j, b in fed[i].items()), mp.mpf(0)) / (rates[i] - rates[k])
        c[i, i] = start[i] - sum((c[i, k] for k in range(i)), mp.mpf(0))
    activity = [rates[i] * sum(c[i, k] * mp.exp(-rates[k] * time) for k in range(i + 1)) for i in range(n)]
    decays = [rates[i] * sum(c[i, k] * -mp.expm1(-rates[k] * time) / rates[k] for k in range(i + 1)) for i in range(n)]
    return activity, decays


def write(data, parent, times):
    names = members(data, parent)
    for name in names:
        half_life, daughters = data[name]
        print(f"member,{parent},{name},{half_life!r}," + ";".join(f"{d}={b!r}" for d, b in daughters.items()))
    rates = [mp.log(2) / mp.mpf(data[name][0]) for name in names]
    fed = [{j: mp.mpf(data[f][1][name]) for j, f in enumerate(names) if name in data[f][1]} for name in names]
    distinct = len(set(data[name][0] for name in names)) == len(names)
    for mix in ["parent", "equal"]:
        start = [1 / r if mix == "equal" or i == 0 else mp.mpf(0) for i, r in enumerate(rates)]
        for time in times:
            found = by_exponential(rates, fed, start, mp.mpf(time))
            if distinct:
                other = by_amplitudes(rates, fed, start, mp.mpf(time))
                for a, b in zip(found[0] + found[1], other[0] + other[1]):
                    assert abs(a / b - 1) < mp.mpf(10) ** -40, (parent, mix, time, a, b)
            for name, activity, decays in zip(names, *found):
                print(f"value,{parent},{mix},{time!r},{name},{mp.nstr(activity, 17)},{mp.nstr(decays, 17)}")
    print(f"{parent}: {'two ways' if distinct else 'exponential only'}", file=sys.stderr)


print(f"# Decay chains in time at 250 digits (mpmath {mp.__version__}, matrix exponential and Bateman's amplitudes); made by bateman_reference.py.")
print("# member: chain, name, half-life/s, daughters within the chain = branching. close-* and quick-* are no real nuclides.")
print("# value: chain, mix, time/s, member, activity/Bq, decays from 0 to that time. Mix at time 0: parent: 1 Bq of it alone; equal: 1 Bq of each.")
table = read_table()
for parent, times in PARENTS.items():
    write(table, parent, times)
for parent, (data, times) in MADE_UP.items():
    write(data, parent, times)
