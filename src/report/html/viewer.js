"use strict";
(() => {
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);
  root.classList.add("js");

  // Theme: as the system has it, light, dark.
  const themes = ["automatic", "light", "dark"];
  let theme = 0;
  find("theme").addEventListener("click", () => {
    theme = (theme + 1) % themes.length;
    if (theme === 0) delete root.dataset.theme;
    else root.dataset.theme = themes[theme];
    find("theme").textContent = "Theme: " + themes[theme];
  });

  // Rows of tabs: click, or arrow keys; `chosen` hears of it.
  for (const list of document.querySelectorAll("[role=tablist]")) {
    const tabs = [...list.querySelectorAll("[role=tab]")];
    const choose = (n, focus) => {
      tabs.forEach((tab, i) => {
        tab.setAttribute("aria-selected", String(i === n));
        tab.tabIndex = i === n ? 0 : -1;
        const panel = find(tab.getAttribute("aria-controls"));
        if (panel.classList.contains("panel")) panel.hidden = i !== n;
        else if (i === n) panel.setAttribute("aria-labelledby", tab.id);
      });
      if (focus) tabs[n].focus();
      list.dispatchEvent(new CustomEvent("chosen", { detail: n }));
    };
    tabs.forEach((tab, n) => {
      tab.addEventListener("click", () => choose(n, false));
      tab.addEventListener("keydown", (event) => {
        const to = { ArrowRight: n + 1, ArrowLeft: n - 1, Home: 0, End: tabs.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        choose((to + tabs.length) % tabs.length, true);
      });
    });
    choose(0, false);
  }

  // Paper has nothing to click on.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((part) => (part.open = true));
  });
  window.addEventListener("afterprint", () => opened.forEach((part) => (part.open = false)));

  const source = find("scene");
  if (!source) return;
  const scene = JSON.parse(source.textContent);
  const [nx, ny, nz] = scene.size;
  // To the right, downwards, through; the second maybe against its axis.
  const planes = [
    { right: 0, down: 1, through: 2, up: false },
    { right: 0, down: 2, through: 1, up: true },
    { right: 1, down: 2, through: 0, up: true },
  ];
  const colours = Uint8Array.from({ length: 768 }, (_, i) => parseInt(scene.colours.slice(2 * i, 2 * i + 2), 16));
  const state = { layer: 0, at: [...scene.layers[0].peak], opacity: scene.opacity, from: scene.shown_from, windows: {}, grey: [0, scene.grey_top], air: false, hidden: new Set() };

  // Slices out of the picture that holds them side by side.
  async function decode({ columns, png }) {
    const picture = new Image();
    picture.src = png;
    await picture.decode();
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(picture, 0, 0);
    const pixels = pen.getImageData(0, 0, picture.width, picture.height).data;
    const voxels = new Uint8Array(nx * ny * nz);
    for (let z = 0, v = 0; z < nz; z++)
      for (let y = 0; y < ny; y++) {
        let p = 4 * ((Math.floor(z / columns) * ny + y) * picture.width + (z % columns) * nx);
        for (let x = 0; x < nx; x++, v++, p += 4) voxels[v] = pixels[p];
      }
    return voxels;
  }
  const decoded = new Map();
  const voxels = (atlas) => {
    if (!decoded.has(atlas)) decoded.set(atlas, decode(atlas));
    return decoded.get(atlas);
  };

  const index = ([x, y, z]) => x + nx * (y + ny * z);
  const value = (layer, code) => layer.top * (code / 255) ** 2;
  // Fractions share their colours.
  const group = (layer) => (layer.tab.startsWith("Fraction ") ? "fractions" : layer.tab);
  const highest = (layer) => Math.max(...scene.layers.filter((l) => group(l) === group(layer)).map((l) => l.top));
  const upTo = (layer) => state.windows[group(layer)] ?? layer.window;
  const plain = (x, figures = 3) => (x === 0 ? "0" : Math.abs(x) >= 1e5 || Math.abs(x) < 1e-3 ? x.toExponential(figures - 1) : String(Number(x.toPrecision(figures))));

  // Centre of a block, mm, LPS; the last block of an axis may be cut.
  function place(at) {
    const steps = at.map((b, a) => {
      const first = b * scene.block[a];
      return (first + (Math.min(scene.block[a], scene.voxels[a] - first) - 1) / 2) * scene.spacing[a];
    });
    return scene.origin.map((o, c) => o + steps.reduce((sum, step, a) => sum + step * scene.directions[a][c], 0));
  }

  // Numbers of its voxels in the images.
  function stored(at) {
    const names = ["", "", ""];
    at.forEach((b, a) => {
      const [axis, flip] = scene.stored[a];
      let low = b * scene.block[a];
      let high = Math.min(low + scene.block[a], scene.voxels[a]) - 1;
      if (flip) [low, high] = [scene.voxels[a] - 1 - high, scene.voxels[a] - 1 - low];
      names[axis] = low === high ? String(low) : low + "-" + high;
    });
    return names.join(", ");
  }

  let density = null;
  let regions = null;
  const buffers = planes.map((p) => new OffscreenCanvas(scene.size[p.right], scene.size[p.down]));

  function draw(n, dose, layer) {
    const plane = planes[n];
    const [w, h] = [scene.size[plane.right], scene.size[plane.down]];
    const pen = buffers[n].getContext("2d");
    const image = pen.createImageData(w, h);
    const span = upTo(layer);
    const most = scene.density ? scene.density.top : 1;
    const [low, high] = state.grey;
    const thinnest = density && !state.air ? scene.air : 0;
    const at = [...state.at];
    for (let row = 0, p = 0; row < h; row++) {
      at[plane.down] = plane.up ? h - 1 - row : row;
      for (let column = 0; column < w; column++, p += 4) {
        at[plane.right] = column;
        const v = index(at);
        const thick = density ? (most * density[v]) / 255 : 0;
        const grey = 255 * Math.min(Math.max((thick - low) / (high - low), 0), 1);
        const share = value(layer, dose[v]) / span;
        const a = share < state.from || dose[v] === 0 || thick < thinnest ? 0 : state.opacity * Math.min(share / scene.full_from, 1);
        const c = 3 * Math.round(255 * Math.min(share, 1));
        image.data[p] = a * colours[c] + (1 - a) * grey;
        image.data[p + 1] = a * colours[c + 1] + (1 - a) * grey;
        image.data[p + 2] = a * colours[c + 2] + (1 - a) * grey;
        image.data[p + 3] = 255;
      }
    }
    pen.putImageData(image, 0, 0);

    const canvas = find("plane-" + n);
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round((width * scene.extent[plane.down]) / scene.extent[plane.right]));
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const view = canvas.getContext("2d");
    // Blocks, as far as they lie in the grid.
    const across = scene.voxels[plane.right] / scene.block[plane.right];
    const along = scene.voxels[plane.down] / scene.block[plane.down];
    const [sx, sy] = [width / across, height / along];
    const top = plane.up ? h - along : 0;
    view.imageSmoothingEnabled = false;
    view.drawImage(buffers[n], 0, top, across, along, 0, 0, width, height);
    const y = (row) => (row - top) * sy;
    if (regions) outline(view, plane, w, h, sx, y, ratio);
    cross(view, plane, h, sx, y, width, height, ratio);
    letters(view, plane, width, height, ratio);
  }

  function outline(view, plane, w, h, sx, y, ratio) {
    const at = [...state.at];
    const label = (column, row) => {
      if (column < 0 || row < 0 || column >= w || row >= h) return 0;
      at[plane.right] = column;
      at[plane.down] = plane.up ? h - 1 - row : row;
      return regions[index(at)];
    };
    const paths = new Map();
    const edge = (a, b, ...line) => {
      if (a === b) return;
      // The later region was painted over the earlier one, so the edge is its own.
      const [first, second] = a > b ? [a, b] : [b, a];
      const owner = !state.hidden.has(first) ? first : state.hidden.has(second) ? 0 : second;
      if (owner === 0) return;
      if (!paths.has(owner)) paths.set(owner, new Path2D());
      paths.get(owner).moveTo(line[0], line[1]);
      paths.get(owner).lineTo(line[2], line[3]);
    };
    for (let row = 0; row < h; row++)
      for (let column = 0; column < w; column++) {
        const own = label(column, row);
        if (column + 1 < w) edge(own, label(column + 1, row), (column + 1) * sx, y(row), (column + 1) * sx, y(row + 1));
        if (row + 1 < h) edge(own, label(column, row + 1), column * sx, y(row + 1), (column + 1) * sx, y(row + 1));
      }
    view.lineWidth = 1.3 * ratio;
    view.lineCap = "square";
    for (const [owner, path] of paths) {
      view.strokeStyle = scene.outline[(owner - 1) % scene.outline.length];
      view.setLineDash(dashed(owner) ? [4 * ratio, 3 * ratio] : []);
      view.stroke(path);
    }
    view.setLineDash([]);
  }
  const dashed = (owner) => Math.floor((owner - 1) / scene.outline.length) % 2 === 1;

  function cross(view, plane, h, sx, y, width, height, ratio) {
    const row = plane.up ? h - 1 - state.at[plane.down] : state.at[plane.down];
    const cx = Math.min((state.at[plane.right] + 0.5) * sx, width - 1);
    const cy = Math.min(Math.max((y(row) + y(row + 1)) / 2, 0), height - 1);
    const gap = 7 * ratio;
    view.strokeStyle = "rgba(255,255,255,.75)";
    view.lineWidth = ratio;
    view.beginPath();
    for (const [x0, y0, x1, y1] of [[0, cy, cx - gap, cy], [cx + gap, cy, width, cy], [cx, 0, cx, cy - gap], [cx, cy + gap, cx, height]]) {
      view.moveTo(x0, y0);
      view.lineTo(x1, y1);
    }
    view.stroke();
  }

  function letters(view, plane, width, height, ratio) {
    const [left, right] = scene.letters[plane.right];
    const [low, high] = scene.letters[plane.down];
    const size = 13 * ratio;
    view.font = "600 " + size + "px sans-serif";
    view.lineWidth = 3 * ratio;
    view.strokeStyle = "#000";
    view.fillStyle = "#fff";
    const inset = 5 * ratio;
    const write = (text, x, y, align, base) => {
      view.textAlign = align;
      view.textBaseline = base;
      view.strokeText(text, x, y);
      view.fillText(text, x, y);
    };
    write(left, inset, height / 2, "left", "middle");
    write(right, width - inset, height / 2, "right", "middle");
    write(plane.up ? high : low, width / 2, inset, "center", "top");
    write(plane.up ? low : high, width / 2, height - inset, "center", "bottom");
  }

  function tell(dose, layer) {
    const code = dose[index(state.at)];
    const found = value(layer, code);
    const half = code === 0 ? layer.top * (0.5 / 255) ** 2 : (layer.top * code) / 255 ** 2;
    const figures = code === 0 ? 3 : Math.max(2, Math.ceil(Math.log10(found / half)) + 1);
    const cut = code === 255 && layer.max > 1.001 * layer.top;
    const shown = cut ? "at least " + plain(found) + " " + layer.unit : code === 0 ? "below " + plain(half, 2) + " " + layer.unit : plain(found, figures) + " ± " + plain(half, 1) + " " + layer.unit;
    const strong = document.createElement("strong");
    strong.textContent = shown;
    const parts = [" " + layer.quantity + (code === 0 || cut ? "" : " (± rounding to 8 bits)")];
    if (density) parts.push("density " + plain((scene.density.top * density[index(state.at)]) / 255, 3) + " g/cm³");
    if (regions) parts.push(scene.regions.names[regions[index(state.at)] - 1] ?? "no region");
    parts.push("at x, y, z = " + place(state.at).map((c) => plain(c, 5)).join(", ") + " mm (LPS)");
    parts.push((scene.block.every((b) => b === 1) ? "voxel " : "voxels ") + stored(state.at));
    find("readout").replaceChildren(strong, parts.join(" · "));
  }

  function describe(layer) {
    const span = upTo(layer);
    const unit = " " + layer.unit;
    find("bar").style.background = "linear-gradient(to right," + Array.from({ length: 17 }, (_, i) => "#" + scene.colours.slice(6 * Math.round((255 * i) / 16)).slice(0, 6)).join(",") + ")";
    find("bar-high").textContent = (layer.max > span * 1.0001 ? "≥ " : "") + plain(span) + unit;
    find("window-value").textContent = plain(span) + unit;
    find("from-value").textContent = plain(state.from * span, 2) + unit;
    find("opacity-value").textContent = Math.round(100 * state.opacity) + " %";
    // Two decades below the highest value kept.
    find("window").value = Math.max(0, Math.round(200 + 100 * Math.log10(span / (highest(layer) || 1))));
    find("from").value = Math.round(200 * state.from);
    find("opacity").value = Math.round(100 * state.opacity);
    const where = place(state.at);
    planes.forEach((plane, n) => {
      const slider = find("slice-" + n);
      slider.value = state.at[plane.through];
      const axis = ["x", "y", "z"][plane.through];
      const text = axis + " = " + plain(where[plane.through], 5) + " mm";
      slider.setAttribute("aria-valuetext", text);
      find("at-" + n).textContent = text;
    });
  }

  let wanted = 0;
  async function show() {
    const turn = ++wanted;
    const layer = scene.layers[state.layer];
    const dose = await voxels(layer.atlas);
    density ??= scene.density && (await voxels(scene.density.atlas));
    regions ??= scene.regions && (await voxels(scene.regions.atlas));
    // A later change overtook this one.
    if (turn !== wanted) return;
    describe(layer);
    planes.forEach((_, n) => draw(n, dose, layer));
    tell(dose, layer);
    find("planes").dataset.drawn = String(turn);
  }

  planes.forEach((plane, n) => {
    find("slice-" + n).addEventListener("input", (event) => {
      state.at[plane.through] = Number(event.target.value);
      show();
    });
    const canvas = find("plane-" + n);
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      const block = (share, axis) => Math.min(Math.max(Math.floor((share * scene.voxels[axis]) / scene.block[axis]), 0), scene.size[axis] - 1);
      const down = (event.clientY - box.top) / box.height;
      state.at[plane.right] = block((event.clientX - box.left) / box.width, plane.right);
      state.at[plane.down] = block(plane.up ? 1 - down : down, plane.down);
      show();
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      point(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) point(event);
    });
  });
  find("window").addEventListener("input", (event) => {
    const layer = scene.layers[state.layer];
    state.windows[group(layer)] = (highest(layer) || 1) * 10 ** ((Number(event.target.value) - 200) / 100);
    show();
  });
  find("from").addEventListener("input", (event) => {
    state.from = Number(event.target.value) / 200;
    show();
  });
  find("opacity").addEventListener("input", (event) => {
    state.opacity = Number(event.target.value) / 100;
    show();
  });
  find("anatomy").addEventListener("input", (event) => {
    state.grey = event.target.value.split(" ").map(Number);
    show();
  });
  find("air").addEventListener("input", (event) => {
    state.air = event.target.checked;
    show();
  });
  find("peak").addEventListener("click", () => {
    state.at = [...scene.layers[state.layer].peak];
    show();
  });
  document.querySelector("#viewer [role=tablist]").addEventListener("chosen", (event) => {
    state.layer = event.detail;
    show();
  });

  const outlines = find("outlines");
  outlines.hidden = !scene.regions;
  if (scene.regions)
    scene.regions.names.forEach((name, i) => {
      const box = document.createElement("input");
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("input", () => {
        if (box.checked) state.hidden.delete(i + 1);
        else state.hidden.add(i + 1);
        show();
      });
      const line = document.createElement("i");
      line.style.borderTopColor = scene.outline[i % scene.outline.length];
      if (dashed(i + 1)) line.style.borderTopStyle = "dashed";
      const label = document.createElement("label");
      label.append(box, line, name);
      outlines.append(label);
    });
  find("viewer").hidden = false;
  new ResizeObserver(() => show()).observe(find("planes"));
})();
