// Drives a report in headless Chromium over the DevTools protocol, on a pipe: no port, no packages.
//
//     node browser.mjs PAGE        prints JSON; exit code 77 without Chromium

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const names = [process.env.DOSAIC_CHROMIUM, "chromium", "chromium-browser", "google-chrome", "chrome"].filter(Boolean);
const program = names.find((name) => spawnSync(name, ["--version"]).status === 0);
if (!program) {
  console.error("no Chromium among " + names.join(", "));
  process.exit(77);
}
const profile = mkdtempSync(join(tmpdir(), "dosaic-browser-"));
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe", "--user-data-dir=" + profile, "about:blank"];
const browser = spawn(program, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const end = (code) => {
  browser.once("exit", () => {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    process.exit(code);
  });
  browser.kill();
};
const limit = setTimeout(() => {
  console.error("the browser did not answer within two minutes");
  end(1);
}, 120000);

const waiting = new Map();
const complaints = [];
let page;
let number = 0;
let text = "";
browser.stdio[4].on("data", (data) => {
  text += data;
  for (let at; (at = text.indexOf("\0")) >= 0; text = text.slice(at + 1)) {
    const message = JSON.parse(text.slice(0, at));
    if (message.id) {
      const { resolve, reject } = waiting.get(message.id);
      if (message.error) reject(new Error(JSON.stringify(message.error)));
      else resolve(message.result);
    } else listen(message);
  }
});
function listen({ method, params }) {
  if (method === "Runtime.exceptionThrown") complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
  if (method === "Runtime.consoleAPICalled") complaints.push(params.type + ": " + params.args.map((a) => a.value).join(" "));
  if (method === "Log.entryAdded") complaints.push(params.entry.text);
  if (method === "Network.requestWillBeSent" && !/^(file|data|blob):/.test(params.request.url)) complaints.push("request: " + params.request.url);
}
function send(method, params = {}, sessionId = page) {
  return new Promise((resolve, reject) => {
    waiting.set(++number, { resolve, reject });
    browser.stdio[3].write(JSON.stringify({ id: number, method, params, sessionId }) + "\0");
  });
}
async function evaluate(expression) {
  const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(expression + ": " + (exceptionDetails.exception?.description ?? exceptionDetails.text));
  return result.value;
}

// After a change: until the page has drawn, twice the same.
const drawn = () => evaluate("document.getElementById('planes').dataset.drawn ?? ''");
async function settle() {
  for (let last = null, tries = 0; tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    const now = await drawn();
    if (now !== "" && now === last) return;
    last = now;
  }
  throw new Error("the maps are never drawn");
}
const planes = () => evaluate("[0, 1, 2].map((n) => document.getElementById('plane-' + n).toDataURL())");
// How many pixels of the planes are not grey.
const coloured = () =>
  evaluate(`[0, 1, 2].map((n) => {
    const canvas = document.getElementById("plane-" + n);
    const pen = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    pen.drawImage(canvas, 0, 0);
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let p = 0; p < data.length; p += 4) count += Math.max(data[p], data[p + 1], data[p + 2]) - Math.min(data[p], data[p + 1], data[p + 2]) > 24;
    return count;
  })`);
const readout = () => evaluate("document.getElementById('readout').textContent");
async function place(selector, across = 0.5, down = 0.5) {
  const name = JSON.stringify(selector);
  const box = await evaluate(`(() => { const e = document.querySelector(${name}); e.scrollIntoView({ block: "center" }); const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()`);
  return { x: box[0] + across * box[2], y: box[1] + down * box[3] };
}
async function click(selector, across, down) {
  const at = await place(selector, across, down);
  for (const type of ["mousePressed", "mouseReleased"]) await send("Input.dispatchMouseEvent", { type, ...at, button: "left", clickCount: 1, buttons: 1 });
}
async function press(selector, key, code) {
  await evaluate(`document.querySelector(${JSON.stringify(selector)}).focus()`);
  for (const type of ["keyDown", "keyUp"]) await send("Input.dispatchKeyEvent", { type, key, code: key, windowsVirtualKeyCode: code });
}

const actions = {};
async function changes(name, look, act) {
  const before = JSON.stringify(await look());
  await act();
  await settle();
  actions[name] = JSON.stringify(await look()) !== before;
}

async function drive() {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" }, undefined);
  page = (await send("Target.attachToTarget", { targetId, flatten: true }, undefined)).sessionId;
  for (const part of ["Page", "Runtime", "Log", "Network"]) await send(part + ".enable");
  await send("Emulation.setDeviceMetricsOverride", { width: 1400, height: 1000, deviceScaleFactor: 1, mobile: false });
  await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "light" }] });
  await send("Page.navigate", { url: pathToFileURL(process.argv[2]).href });
  for (let tries = 0; (await evaluate("document.readyState")) !== "complete" || (await evaluate("location.href")) === "about:blank"; tries++) {
    if (tries > 200) throw new Error("the page is never complete");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await settle();

  // What the page says at the highest reliable voxel is what was put into it: the maximum, to the rounding of 8 bits.
  const peak = await evaluate("JSON.parse(document.getElementById('scene').textContent).layers[0].peak_value");
  const told = (await readout()).match(/^([0-9.e+-]+) ± ([0-9.e+-]+) Gy/);
  actions["the dose at the cursor"] = told !== null && Math.abs(Number(told[1]) - peak) <= 1.5 * Number(told[2]) && Number(told[2]) < 0.01 * peak;
  actions["dose is drawn in every plane"] = (await coloured()).every((count) => count > 100);

  for (const n of [0, 1, 2]) await changes("slice " + n + " by key", planes, () => press("#slice-" + n, "ArrowLeft", 37));
  await changes("slice by mouse", planes, () => click("#slice-0", 0.15, 0.5));
  await changes("a click in a plane moves the cross-hair", readout, () => click("#plane-0", 0.3, 0.3));
  await changes("back to the maximum", readout, () => click("#peak"));
  await changes("another map by mouse", planes, () => click("#map-tab-1"));
  actions["its tab is chosen"] = await evaluate("document.getElementById('map-tab-1').getAttribute('aria-selected') === 'true' && document.getElementById('map-tab-0').getAttribute('aria-selected') === 'false'");
  await changes("another map by key", () => evaluate("document.querySelector('[aria-controls=planes][aria-selected=true]').id"), () => press("#map-tab-1", "ArrowRight", 39));
  await changes("first map again", planes, () => click("#map-tab-0"));
  await changes("window", planes, () => click("#window", 0.3));
  await changes("threshold", planes, () => click("#from", 0.98));
  actions["above the threshold some is left"] = (await coloured()).some((count) => count > 0);
  await changes("opacity", planes, () => click("#opacity", 0.02));
  await changes("outlines", planes, () => click("#outlines input"));
  await changes("theme", () => evaluate("getComputedStyle(document.querySelector('section')).backgroundColor"), async () => {
    await click("#theme");
    await click("#theme");
  });
  actions["the theme is dark"] = await evaluate("document.documentElement.dataset.theme === 'dark'");
  const shown = "[...document.querySelectorAll('.panel')].map((p) => p.offsetHeight > 0)";
  if (await evaluate("document.getElementById('dvh-tab-1') !== null")) await changes("histograms of a fraction", () => evaluate(shown), () => click("#dvh-tab-1"));

  await send("Emulation.setEmulatedMedia", { media: "print" });
  actions["on paper: pictures, all panels, no controls"] = await evaluate(
    shown + ".every(Boolean) && document.querySelector('.static').offsetHeight > 0 && document.getElementById('viewer').offsetHeight === 0 && document.getElementById('theme').offsetHeight === 0",
  );
  await send("Emulation.setEmulatedMedia", { media: "" });
  // Narrow: nothing but tables may be wider than the page.
  await send("Emulation.setDeviceMetricsOverride", { width: 800, height: 1000, deviceScaleFactor: 1, mobile: false });
  await settle();
  actions["800 pixels suffice"] = await evaluate("document.documentElement.scrollWidth <= 800");
}

try {
  await drive();
  console.log(JSON.stringify({ complaints, actions }));
  clearTimeout(limit);
  end(0);
} catch (error) {
  console.error(String(error.stack ?? error) + "\n" + JSON.stringify({ complaints, actions }, null, 1));
  clearTimeout(limit);
  end(1);
}
