// The page of `hemascope annotate review`. The labelme file on disk is the only state: every change is sent at once with
// the version it was made on, and a file that changed elsewhere is never written over.

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const SMALLEST_PX = 4; // a shorter drag is a click
const HANDLE_PX = 9; // on the screen

let classes = [];
let files = [];
let current = 0; // number of the field
let field = null; // as the server last gave it, with the boxes as they are now
let original = new Map(); // id -> box as it was first seen; only boxes that differ are sent
let history = []; // earlier states of this field, for undo
let selected = null; // id of a box
let scale = 1; // screen pixels a pixel of the image
let lastLabel = "wbc";
let saving = null; // the request under way
let isDirty = false; // changed since that request was made
let isBlocked = false; // the file changed elsewhere

async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw Object.assign(new Error("The program behind this page has ended: start the command again."), { code: "gone" });
  }
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.message), { code: body.code });
  return body;
}

// ---- one field -------------------------------------------------------------------------------------------------------

async function openField(number) {
  await saving;
  const wanted = Math.min(Math.max(number, 0), files.length - 1);
  current = wanted;
  location.hash = String(current + 1);
  $("files").value = String(current);
  history = [];
  original = new Map();
  selected = null;
  field = null;
  block(null);
  drawBoxes();
  try {
    const shown = await request(`api/files/${wanted}`);
    if (wanted !== current) return; // the person went on before the answer came
    take(shown);
  } catch (error) {
    if (wanted !== current) return;
    block(error.message);
    $("image").removeAttribute("src");
    return;
  }
  $("image").src = `api/images/${wanted}`;
  $("image").onerror = () => block("The image of this field cannot be shown; is the file still where it was?");
  fit();
  selectNextProposal();
}

function take(shown) {
  for (const shape of shown.shapes) if (!original.has(shape.id)) original.set(shape.id, shape.box_xyxy.join());
  field = shown;
}

function snapshot() {
  return { shapes: structuredClone(field.shapes), is_confirmed: field.is_confirmed, selected };
}

// Applies a change, remembers the state before it, shows and saves.
function change(edit) {
  if (!field || isBlocked) return;
  history.push(snapshot());
  edit();
  drawBoxes();
  save();
}

function undo() {
  if (!history.length || isBlocked) return;
  const before = history.pop();
  field.shapes = before.shapes;
  field.is_confirmed = before.is_confirmed;
  selected = before.selected;
  drawBoxes();
  save();
}

function save() {
  isDirty = true;
  saving ??= send().finally(() => { saving = null; });
  return saving;
}

async function send() {
  while (isDirty && !isBlocked) {
    isDirty = false;
    tell("Saving ...");
    const number = current;
    const body = {
      is_confirmed: field.is_confirmed,
      shapes: field.shapes.map((shape) => ({
        id: shape.id,
        label: shape.label,
        is_proposed: shape.is_proposed,
        box_xyxy: original.get(shape.id) === shape.box_xyxy.join() ? null : shape.box_xyxy,
      })),
    };
    try {
      const saved = await request(`api/files/${number}`, {
        method: "PUT",
        headers: { "Content-Type": "application/json", "If-Match": `"${field.version}"` },
        body: JSON.stringify(body),
      });
      field.version = saved.version;
      files[number].state = isDone() ? "done" : "open";
      drawProgress();
      tell("Saved");
    } catch (error) {
      block(error.message);
    }
  }
}

function isDone() {
  return field.is_confirmed || (field.shapes.length > 0 && !field.shapes.some((shape) => shape.is_proposed));
}

// ---- what a person does ----------------------------------------------------------------------------------------------

const chosen = () => field?.shapes.find((shape) => shape.id === selected) ?? null;

function select(id) {
  selected = id;
  drawBoxes();
  document.querySelector("#list [aria-pressed=true]")?.scrollIntoView({ block: "nearest" });
  document.querySelector("#boxes .selected")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function step(by) {
  if (!field?.shapes.length) return;
  const at = field.shapes.findIndex((shape) => shape.id === selected);
  const count = field.shapes.length;
  select(field.shapes[at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count].id);
}

function selectNextProposal() {
  const at = field.shapes.findIndex((shape) => shape.id === selected);
  const rest = [...field.shapes.slice(at + 1), ...field.shapes.slice(0, at + 1)];
  select((rest.find((shape) => shape.is_proposed) ?? chosen())?.id ?? null);
}

function accept() {
  const shape = chosen();
  if (shape?.is_proposed) change(() => { shape.is_proposed = false; });
  if (shape) selectNextProposal();
}

function relabel(label) {
  lastLabel = label;
  const shape = chosen();
  if (shape) change(() => { shape.label = label; shape.is_proposed = false; });
  else tell(`The next box will be ${nameOf(label)}`);
}

function remove() {
  const at = field?.shapes.findIndex((shape) => shape.id === selected) ?? -1;
  if (at < 0) return;
  change(() => {
    field.shapes.splice(at, 1);
    selected = field.shapes[Math.min(at, field.shapes.length - 1)]?.id ?? null;
  });
}

function nudge(dx, dy) {
  const shape = chosen();
  if (shape?.kind !== "box") return;
  const [x1, y1, x2, y2] = shape.box_xyxy;
  dx = Math.min(Math.max(dx, -x1), field.width - x2);
  dy = Math.min(Math.max(dy, -y1), field.height - y2);
  change(() => { shape.box_xyxy = [x1 + dx, y1 + dy, x2 + dx, y2 + dy]; shape.is_proposed = false; });
}

async function confirmField() {
  change(() => {
    field.is_confirmed = true;
    for (const shape of field.shapes) shape.is_proposed = false;
  });
  await saving;
  if (isBlocked || !field?.is_confirmed) return;
  const open = (number) => files[number].state === "open";
  const order = files.map((_, i) => (current + 1 + i) % files.length);
  const next = order.find(open);
  if (next === undefined) tell("All fields are done");
  else await openField(next);
}

// ---- mouse -----------------------------------------------------------------------------------------------------------

function pointOf(event) {
  const frame = $("boxes").getBoundingClientRect();
  const clamp = (value, most) => Math.min(Math.max(value, 0), most);
  return [clamp((event.clientX - frame.left) / scale, field.width), clamp((event.clientY - frame.top) / scale, field.height)];
}

function startDrag(event) {
  if (!field || isBlocked || event.button !== 0) return;
  $("view").focus();
  const start = pointOf(event);
  const target = event.shiftKey ? null : event.target.closest("[data-id]");
  const shape = target ? field.shapes.find((one) => one.id === target.dataset.id) : null;
  if (shape) select(shape.id);
  const before = shape ? [...shape.box_xyxy] : null;
  const corner = target?.dataset.corner;
  let box = null;
  const move = (moved) => {
    const at = pointOf(moved);
    if (Math.hypot(at[0] - start[0], at[1] - start[1]) * scale < SMALLEST_PX && !box) return;
    if (shape && shape.kind !== "box") return;
    box = shape ? dragged(before, corner, at[0] - start[0], at[1] - start[1]) : cornersOf(start, at);
    drawBoxes({ id: shape?.id ?? null, box });
  };
  const end = () => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", end);
    if (!box) {
      if (!shape) select(null);
    } else if (shape) {
      change(() => { shape.box_xyxy = rounded(box); shape.is_proposed = false; });
    } else if ((box[2] - box[0]) >= 2 && (box[3] - box[1]) >= 2) {
      addBox(rounded(box));
    } else {
      drawBoxes();
    }
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", end);
}

function dragged([x1, y1, x2, y2], corner, dx, dy) {
  if (!corner) {
    dx = Math.min(Math.max(dx, -x1), field.width - x2);
    dy = Math.min(Math.max(dy, -y1), field.height - y2);
    return [x1 + dx, y1 + dy, x2 + dx, y2 + dy];
  }
  if (corner.includes("w")) x1 = Math.min(Math.max(x1 + dx, 0), x2 - 2);
  if (corner.includes("e")) x2 = Math.max(Math.min(x2 + dx, field.width), x1 + 2);
  if (corner.includes("n")) y1 = Math.min(Math.max(y1 + dy, 0), y2 - 2);
  if (corner.includes("s")) y2 = Math.max(Math.min(y2 + dy, field.height), y1 + 2);
  return [x1, y1, x2, y2];
}

const cornersOf = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
const rounded = (box) => box.map((value) => Math.round(value * 100) / 100);

function addBox(box) {
  const id = `new-${crypto.randomUUID()}`;
  change(() => {
    field.shapes.push({ id, label: lastLabel, box_xyxy: box, kind: "box", is_proposed: false, score: null, description: "" });
    selected = id;
  });
}

// ---- drawing ---------------------------------------------------------------------------------------------------------

const classOf = (label) => classes.find((one) => one.id === label);
const nameOf = (label) => classOf(label)?.name ?? label;
const colourOf = (label) => classOf(label)?.colour ?? "#808080";

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// `dragging` is a box that moves under the pointer: that of a shape, or a new one (id null).
function drawBoxes(dragging = null) {
  const svg = $("boxes");
  svg.replaceChildren();
  drawList();
  $("undo").disabled = !history.length || isBlocked;
  $("confirm").disabled = !field || isBlocked;
  if (!field) return;
  svg.setAttribute("viewBox", `0 0 ${field.width} ${field.height}`);
  const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
  const inOrder = [...field.shapes].sort(
    (a, b) => (a.id === selected) - (b.id === selected) || area(b.box_xyxy) - area(a.box_xyxy),
  ); // small ones lie on top of large ones, where the mouse reaches them
  for (const shape of inOrder) {
    const box = dragging?.id === shape.id ? dragging.box : shape.box_xyxy;
    drawBox(svg, box, shape);
  }
  if (dragging && dragging.id === null) svg.append(element("rect", { ...sides(dragging.box), class: "box selected", stroke: colourOf(lastLabel) }));
  const shape = chosen();
  if (shape) drawHandles(svg, dragging?.id === shape.id ? dragging.box : shape.box_xyxy, shape);
}

const sides = ([x1, y1, x2, y2]) => ({ x: x1, y: y1, width: Math.max(x2 - x1, 0), height: Math.max(y2 - y1, 0) });

function drawBox(svg, box, shape) {
  const state = `${shape.is_proposed && !field.is_confirmed ? " proposed" : ""}${shape.id === selected ? " selected" : ""}`;
  svg.append(element("rect", { ...sides(box), class: "under" }));
  svg.append(element("rect", { ...sides(box), class: `box${state}`, stroke: colourOf(shape.label), "data-id": shape.id }));
}

function drawHandles(svg, box, shape) {
  const [x1, y1, x2, y2] = box;
  const size = HANDLE_PX / scale;
  const above = y1 * scale > 16;
  const tag = element("text", { x: x1, y: above ? y1 - 5 / scale : y2 + 14 / scale, class: "tag", fill: "#1d2430" });
  tag.style.fontSize = `${13 / scale}px`;
  tag.style.strokeWidth = `${3 / scale}px`;
  tag.textContent = nameOf(shape.label);
  svg.append(tag);
  if (shape.kind !== "box") return;
  const corners = { nw: [x1, y1], ne: [x2, y1], sw: [x1, y2], se: [x2, y2] };
  for (const [corner, [x, y]] of Object.entries(corners)) {
    const handle = element("rect", { x: x - size / 2, y: y - size / 2, width: size, height: size, class: "handle", "data-id": shape.id, "data-corner": corner });
    handle.style.cursor = `${corner}-resize`;
    svg.append(handle);
  }
}

function drawList() {
  const shapes = field?.shapes ?? [];
  const open = field?.is_confirmed ? 0 : shapes.filter((shape) => shape.is_proposed).length;
  $("counts").textContent = field ? `${shapes.length}, ${field.is_confirmed ? "field confirmed" : `${open} to check`}` : "";
  $("list").replaceChildren(...shapes.map((shape) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.setAttribute("aria-pressed", String(shape.id === selected));
    button.title = shape.description;
    const score = shape.score === null ? "" : ` ${shape.score.toFixed(2)}`;
    const note = document.createElement("small");
    note.textContent = shape.is_proposed && !field.is_confirmed ? `to check${score}` : "accepted";
    button.append(dot(shape.label), nameOf(shape.label), note);
    button.onclick = () => { select(shape.id); $("view").focus(); };
    item.append(button);
    return item;
  }));
}

function dot(label) {
  const made = document.createElement("span");
  made.className = "dot";
  made.style.background = colourOf(label);
  return made;
}

function drawClasses() {
  $("classes").replaceChildren(...classes.map((one) => {
    const button = document.createElement("button");
    const key = document.createElement("kbd");
    key.textContent = one.key ?? "";
    button.append(dot(one.id), one.name, ...(one.key ? [key] : []));
    button.onclick = () => { relabel(one.id); $("view").focus(); };
    return button;
  }));
}

function drawProgress() {
  const done = files.filter((file) => file.state === "done").length;
  $("progress").max = files.length;
  $("progress").value = done;
  $("progress-text").textContent = `${done} of ${files.length} fields done`;
  const marks = { done: "✓ ", broken: "! ", open: "" };
  for (const option of $("files").options) option.textContent = `${marks[files[option.value].state]}${files[option.value].name}`;
}

function zoom(factor) {
  setScale(scale * factor);
}

function fit() {
  if (!field) return;
  const view = $("view");
  setScale(Math.min((view.clientWidth - 16) / field.width, (view.clientHeight - 16) / field.height));
}

function setScale(wanted) {
  if (!field) return;
  const view = $("view");
  const centre = [(view.scrollLeft + view.clientWidth / 2) / scale, (view.scrollTop + view.clientHeight / 2) / scale];
  scale = Math.min(Math.max(wanted, 0.05), 16);
  $("canvas").style.width = `${field.width * scale}px`;
  $("canvas").style.height = `${field.height * scale}px`;
  view.scrollTo(centre[0] * scale - view.clientWidth / 2, centre[1] * scale - view.clientHeight / 2);
  drawBoxes();
}

function tell(text) {
  $("status").textContent = text;
}

// Shows what is wrong and takes no more changes until the field is loaded again; null: all is well.
function block(message) {
  isBlocked = message !== null;
  $("alert").hidden = !isBlocked;
  $("alert").querySelector("p").textContent = message ?? "";
  tell(isBlocked ? "Not saved" : "");
  $("undo").disabled = $("confirm").disabled = isBlocked;
}

// ---- keys ------------------------------------------------------------------------------------------------------------

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = {
  Enter: accept, Delete: remove, Backspace: remove, Escape: () => select(null), " ": confirmField,
  ",": () => openField(current - 1), ".": () => openField(current + 1), "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8),
};

function onKey(event) {
  if (event.target.closest("select, summary") || event.altKey) return;
  const key = event.key;
  if (event.ctrlKey || event.metaKey) {
    if (key.toLowerCase() !== "z" && key !== "0") return;
    key === "0" ? fit() : undo();
  } else if (key === "Tab" && event.target === $("view")) {
    step(event.shiftKey ? -1 : 1);
  } else if (event.target.closest("button") && (key === "Enter" || key === " ")) {
    return; // the button's own
  } else if (ARROWS[key]) {
    const by = event.shiftKey ? 10 : 1;
    nudge(ARROWS[key][0] * by, ARROWS[key][1] * by);
  } else if (KEYS[key]) {
    KEYS[key]();
  } else {
    const found = classes.find((one) => one.key === key);
    if (!found) return;
    relabel(found.id);
  }
  event.preventDefault();
}

// Another tab or program may have saved the file while this page was in the background.
async function checkVersion() {
  if (!field || isBlocked || saving || document.hidden) return;
  const number = current;
  try {
    const shown = await request(`api/files/${number}`);
    const isOther = number === current && field && !saving && shown.version !== field.version;
    if (isOther) block("This field was changed elsewhere (another tab or program) while you were away: load it again before you go on.");
  } catch (error) {
    block(error.message);
  }
}

// ---- start -----------------------------------------------------------------------------------------------------------

async function start() {
  [classes, files] = await Promise.all([request("api/classes"), request("api/files")]);
  $("files").replaceChildren(...files.map((file, number) => new Option(file.name, String(number))));
  drawClasses();
  drawProgress();
  $("previous").onclick = () => openField(current - 1);
  $("next").onclick = () => openField(current + 1);
  $("files").onchange = () => openField(Number($("files").value)).then(() => $("view").focus());
  $("undo").onclick = undo;
  $("confirm").onclick = confirmField;
  $("zoom-in").onclick = () => zoom(1.25);
  $("zoom-out").onclick = () => zoom(0.8);
  $("zoom-fit").onclick = fit;
  $("reload").onclick = () => openField(current);
  $("boxes").addEventListener("pointerdown", startDrag);
  $("view").addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15);
  }, { passive: false });
  addEventListener("keydown", onKey);
  addEventListener("focus", checkVersion);
  document.addEventListener("visibilitychange", checkVersion);
  addEventListener("beforeunload", (event) => { if (saving) event.preventDefault(); });
  const firstOpen = files.findIndex((file) => file.state === "open");
  await openField(/^#\d+$/.test(location.hash) ? Number(location.hash.slice(1)) - 1 : Math.max(firstOpen, 0));
  $("view").focus();
}

start().catch((error) => block(error.message));
