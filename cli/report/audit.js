"use strict";
// The rack map at any moment: allocations are scanned anew, which is fast enough for 60,000.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const el = (id) => document.getElementById(id);
  const map = el("map"), marks = el("marks"), slider = el("slider");
  const COLOURS = { legality: "#c62828", crossing: "#d99000", "needless wait": "#7b3fb5",
    "wait until repacked": "#8fa3bf" };
  const most = Math.max(...data.eras.map((era) => era.sites.length), 1);
  const CELL = most <= 32 ? 20 : most <= 160 ? 13 : 8, GAP = 2;
  const names = data.eras.flatMap((era) => era.sites.map((site) => site.name.length));
  const LABEL = Math.min(14, Math.max(...names, 0)) * 7 + 10;
  let now = data.first, chosen = null, layout = null, shownEra = null, timer = null;

  const eraAt = (t) => data.eras.find((era) => t < era.end) || data.eras[data.eras.length - 1];
  const eachNode = (ranges, act) => {
    for (let i = 0; i < ranges.length; i += 2)
      for (let node = ranges[i]; node <= ranges[i + 1]; node++) act(node);
  };
  // No job is red: that is for findings.
  const hue = (job) => 40 + (job * 137.508) % 280;
  const iso = (t) => new Date(t * 1000).toISOString().replace(".000", "");

  // Sites flow into columns; a node's cell is found again for drawing, tips and findings.
  function arrange(era) {
    const widest = Math.max(1, ...era.sites.map((site) => site.nodes.length));
    const width = LABEL + widest * (CELL + GAP) + 16;
    const columns = Math.max(1, Math.floor(map.clientWidth / width));
    const rows = Math.ceil(era.sites.length / columns);
    const cells = new Map();
    era.sites.forEach((site, index) => {
      const x = Math.floor(index / rows) * width, y = (index % rows) * (CELL + 5) + 6;
      site.x = x; site.y = y;
      site.nodes.forEach((node, place) => {
        if (!cells.has(node))
          cells.set(node, { x: x + LABEL + place * (CELL + GAP), y, name: site.names[place] });
      });
    });
    return { cells, height: rows * (CELL + 5) + 12 };
  }

  function state(era, t) {
    const held = new Map();
    for (const [start, end, job, exclusive, ranges] of era.allocations)
      if (start <= t && t < end)
        eachNode(ranges, (node) => {
          const before = held.get(node);
          held.set(node, { job, exclusive, start, end, also: before ? before.job : null });
        });
    const down = new Set();
    for (const [start, end, ranges] of era.absences)
      if (start <= t && t < end) eachNode(ranges, (node) => down.add(node));
    return { held, down };
  }

  function draw() {
    const era = eraAt(now);
    if (era !== shownEra) { layout = arrange(era); shownEra = era; }
    const ratio = window.devicePixelRatio || 1, width = map.clientWidth;
    map.style.height = layout.height + "px";
    map.width = width * ratio; map.height = layout.height * ratio;
    const pen = map.getContext("2d");
    pen.scale(ratio, ratio); pen.font = "11px system-ui, sans-serif"; pen.textBaseline = "middle";
    const { held, down } = state(era, now);
    pen.fillStyle = "#667085";
    for (const site of era.sites)
      pen.fillText(site.name.slice(0, 14), site.x + 4, site.y + CELL / 2 + 1, LABEL - 10);
    for (const [node, cell] of layout.cells) {
      const use = held.get(node);
      pen.fillStyle = down.has(node) ? "#9aa3b2" : use
        ? `hsl(${hue(use.job)} 62% ${use.exclusive ? 42 : 62}%)` : "#eef1f5";
      pen.fillRect(cell.x, cell.y, CELL, CELL);
      if (use && use.exclusive) {
        pen.fillStyle = "#fff"; pen.fillRect(cell.x + 5, cell.y + 5, 3, 3);
      }
      if (use && use.also !== null && use.also !== use.job) {
        pen.fillStyle = "#c62828"; pen.fillRect(cell.x, cell.y + CELL / 2, CELL, CELL / 2);
      }
    }
    pen.lineWidth = 2;
    data.findings.forEach((finding, index) => {
      const isNow = finding.start <= now && now < Math.max(finding.end, finding.start + 1);
      if (!isNow || data.eras[finding.era] !== era) return;
      if (finding.kind !== "legality" && index !== chosen) return;
      pen.strokeStyle = index === chosen ? "#000" : COLOURS[finding.kind];
      eachNode(finding.nodes, (node) => {
        const cell = layout.cells.get(node);
        if (cell) pen.strokeRect(cell.x + 1, cell.y + 1, CELL - 2, CELL - 2);
      });
    });
    el("moment").textContent = iso(now);
    el("counts").textContent = `${held.size} nodes busy, ${down.size} down or reserved`;
    const share = (now - data.first) / Math.max(1, data.last - data.first);
    for (const line of document.querySelectorAll(".cursor")) {
      line.setAttribute("x1", share * 1000); line.setAttribute("x2", share * 1000);
    }
    drawMarks(share);
  }

  function drawMarks(share) {
    const ratio = window.devicePixelRatio || 1;
    marks.width = marks.clientWidth * ratio; marks.height = marks.clientHeight * ratio;
    const pen = marks.getContext("2d"), span = Math.max(1, data.last - data.first);
    const kinds = Object.keys(COLOURS), band = marks.height / kinds.length;
    pen.fillStyle = "#f5f7fa"; pen.fillRect(0, 0, marks.width, marks.height);
    for (const finding of data.findings) {
      pen.fillStyle = COLOURS[finding.kind];
      const x = (finding.start - data.first) / span * marks.width;
      const length = (finding.end - finding.start) / span * marks.width;
      pen.fillRect(x, kinds.indexOf(finding.kind) * band, Math.max(1.5 * ratio, length), band - 1);
    }
    pen.fillStyle = "#000"; pen.fillRect(share * marks.width - 1, 0, 2, marks.height);
  }

  function go(t) {
    now = Math.max(data.first, Math.min(data.last - 1, Math.round(t)));
    slider.value = String(now);
    draw();
  }

  function choose(index) {
    chosen = index;
    for (const row of document.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
    const row = document.querySelector(`tr[data-finding="${index}"]`);
    if (row) row.classList.add("chosen");
    go(data.findings[index].start);
  }

  function jump(step) {
    const starts = data.findings.map((finding, index) => [finding.start, index])
      .sort((one, other) => one[0] - other[0]);
    const found = step > 0 ? starts.find(([start]) => start > now)
      : starts.reverse().find(([start]) => start < now);
    if (found) choose(found[1]);
  }

  function play() {
    if (timer) { clearInterval(timer); timer = null; el("play").textContent = "Play"; return; }
    el("play").textContent = "Stop";
    const step = Math.max(1, (data.last - data.first) / 400);
    timer = setInterval(() => {
      if (now + step >= data.last) play(); else go(now + step);
    }, 60);
  }

  slider.min = String(data.first); slider.max = String(data.last - 1);
  slider.addEventListener("input", () => go(Number(slider.value)));
  el("before").addEventListener("click", () => jump(-1));
  el("after").addEventListener("click", () => jump(1));
  el("play").addEventListener("click", play);
  const fromClick = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    go(data.first + (event.clientX - box.left) / box.width * (data.last - data.first));
  };
  marks.addEventListener("click", fromClick);
  for (const curve of document.querySelectorAll("svg.curve"))
    curve.addEventListener("click", fromClick);
  for (const row of document.querySelectorAll("tr[data-finding]"))
    row.addEventListener("click", () => choose(Number(row.dataset.finding)));
  map.addEventListener("mousemove", (event) => {
    const box = map.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    let text = "";
    for (const [node, cell] of layout.cells)
      if (x >= cell.x && x < cell.x + CELL && y >= cell.y && y < cell.y + CELL) {
        const use = state(shownEra, now).held.get(node);
        text = cell.name + (use ? `: job ${data.jobs[use.job]}${use.exclusive ? " (exclusive)" : ""}`
          + `, ${iso(use.start)} to ${iso(use.end)}` : ": free");
        if (use && use.also !== null) text += `; also job ${data.jobs[use.also]}`;
        break;
      }
    el("tip").textContent = text;
  });
  window.addEventListener("resize", () => { shownEra = null; draw(); });
  if (data.findings.length) choose(0); else go(data.first + (data.last - data.first) / 2);
})();
