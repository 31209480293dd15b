"use strict";

(() => {
  const content = JSON.parse(document.getElementById("map-content").textContent);
  const { texts, features } = content;
  const box = document.getElementById("map");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const tone = (name) => style(`--map-${name}`);
  const rowOf = (number) => document.querySelector(`tr[data-n="${number}"]`);
  // A parcel is smaller than a pixel on a map of the province: a dot says where it is.
  const DOT_SPAN_DEGREES = 0.03;
  // As maps of the administration write them.
  const SHORTER = [[/^Thành phố /, "TP. "], [/^Thị xã /, "TX. "], [/^Huyện /, "H. "], [/^Thị trấn /, "TT. "]];
  const names = [];
  const empty = { type: "FeatureCollection", features: [] };

  const note = box.querySelector(".map-note");
  if (!document.createElement("canvas").getContext("webgl2")) {
    note.textContent = texts["no-webgl"];
    return;
  }
  note.remove();

  function extend(bounds, coordinates) {
    if (typeof coordinates[0] === "number") bounds.extend([coordinates[0], coordinates[1]]);
    else for (const each of coordinates) extend(bounds, each);
    return bounds;
  }

  function boundsOf(collection) {
    const bounds = new maplibregl.LngLatBounds();
    for (const each of collection.features) extend(bounds, each.geometry.coordinates);
    return bounds;
  }

  const map = new maplibregl.Map({
    container: box,
    style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: {} }] },
    center: [106.9, 11.75],
    zoom: 7.5,
    maxZoom: 20,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    cooperativeGestures: matchMedia("(pointer: coarse)").matches,
    locale: {
      "NavigationControl.ZoomIn": texts["zoom-in"],
      "NavigationControl.ZoomOut": texts["zoom-out"],
      "Map.Title": box.getAttribute("aria-label"),
      "Popup.Close": texts.close,
      "CooperativeGesturesHandler.WindowsHelpText": texts.gesture,
      "CooperativeGesturesHandler.MacHelpText": texts.gesture,
      "CooperativeGesturesHandler.MobileHelpText": texts.gesture,
    },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl({ unit: "metric" }));
  map.getCanvas().setAttribute("aria-label", box.getAttribute("aria-label"));

  function fit(collection, animate, padding = 40) {
    const bounds = boundsOf(collection);
    if (!bounds.isEmpty()) map.fitBounds(bounds, { padding, maxZoom: 18.5, animate: animate && !calm });
  }

  function dots() {
    const places = [];
    for (const each of features.features) {
      const bounds = boundsOf({ features: [each] });
      const span = Math.max(bounds.getEast() - bounds.getWest(), bounds.getNorth() - bounds.getSouth());
      if (each.geometry.type === "Point" || span > DOT_SPAN_DEGREES) continue;
      const geometry = { type: "Point", coordinates: bounds.getCenter().toArray() };
      places.push({ type: "Feature", properties: each.properties, geometry });
    }
    return { type: "FeatureCollection", features: places };
  }

  const fading = (full) => ["interpolate", ["linear"], ["zoom"], 11, full, 13, 0];
  const chosen = ["boolean", ["feature-state", "chosen"], false];
  const paints = () => ({
    ground: { "background-color": tone("ground") },
    // "cap" is the level of a unit: 1 province, 2 district, 3 commune.
    boundaries: {
      "line-color": tone("line"),
      "line-width": ["match", ["coalesce", ["get", "cap"], 2], 1, 2.2, 2, 1.6, 0.7],
    },
    areas: { "fill-color": ["case", chosen, tone("hover"), tone("fill")], "fill-opacity": ["case", chosen, 0.6, 0.28] },
    edges: { "line-color": ["case", chosen, tone("hover"), tone("edge")], "line-width": ["case", chosen, 3, 1.3] },
    dots: {
      "circle-color": ["case", chosen, tone("hover"), tone("fill")],
      "circle-radius": 5,
      "circle-opacity": fading(0.9),
      "circle-stroke-color": tone("edge"),
      "circle-stroke-width": 1,
      "circle-stroke-opacity": fading(1),
    },
    points: {
      "circle-color": ["case", chosen, tone("hover"), tone("fill")],
      "circle-radius": 6,
      "circle-stroke-color": tone("edge"),
      "circle-stroke-width": 1.5,
    },
  });

  function paint() {
    for (const [layer, values] of Object.entries(paints())) {
      for (const [name, value] of Object.entries(values)) map.setPaintProperty(layer, name, value);
    }
    pictures();
  }

  // The library writes text with glyphs from a server; names are drawn here and placed by it as images, without overlap.
  function picture(name) {
    const scale = Math.ceil(devicePixelRatio);
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    const font = `500 ${12 * scale}px ${style("--sans")}`;
    pen.font = font;
    canvas.width = Math.ceil(pen.measureText(name).width) + 6 * scale;
    canvas.height = 18 * scale;
    Object.assign(pen, { font, textBaseline: "middle", lineJoin: "round", lineWidth: 4 * scale });
    pen.strokeStyle = tone("ground");
    pen.fillStyle = style("--ink");
    pen.strokeText(name, 3 * scale, 9 * scale);
    pen.fillText(name, 3 * scale, 9 * scale);
    return [pen.getImageData(0, 0, canvas.width, canvas.height), { pixelRatio: scale }];
  }

  function pictures() {
    for (const name of names) {
      if (map.hasImage(name)) map.removeImage(name);
      map.addImage(name, ...picture(name));
    }
  }

  // Twice the area of a ring, and the centre of its area.
  function middle(ring) {
    let [area, x, y] = [0, 0, 0];
    ring.slice(1).forEach(([x2, y2], index) => {
      const [x1, y1] = ring[index];
      const part = x1 * y2 - x2 * y1;
      [area, x, y] = [area + part, x + (x1 + x2) * part, y + (y1 + y2) * part];
    });
    return { area: Math.abs(area), centre: [x / (3 * area), y / (3 * area)] };
  }

  function named(each) {
    const { type, coordinates } = each.geometry;
    const rings = (type === "Polygon" ? [coordinates] : coordinates).map((polygon) => middle(polygon[0]));
    const { area, centre } = rings.reduce((one, other) => (other.area > one.area ? other : one));
    const name = SHORTER.reduce((text, [long, short]) => text.replace(long, short), each.properties.ten);
    return { type: "Feature", properties: { name, area }, geometry: { type: "Point", coordinates: centre } };
  }

  // Move names that would meet one step aside, on the map as it is fitted; small units, which have no room, come first.
  function spread(features) {
    const taken = [];
    const { clientWidth } = box;
    for (const each of features) {
      const { x, y } = map.project(each.geometry.coordinates);
      const image = map.getImage(each.properties.name);
      // With a margin: to the library, what touches meets.
      const [width, height] = [image.data.width / image.pixelRatio + 4, image.data.height / image.pixelRatio + 4];
      const isFree = ([dx, dy]) => Math.abs(x + dx - clientWidth / 2) * 2 < clientWidth - width &&
        taken.every(([left, top, w, h]) => Math.abs(x + dx - left) * 2 >= width + w || Math.abs(y + dy - top) * 2 >= height + h);
      const steps = [0, -0.25, 0.25, -0.5, 0.5].flatMap((part) => [0, height, -height].map((dy) => [part * width, dy]));
      const offset = steps.find(isFree) ?? [0, 0];
      each.properties.offset = offset;
      taken.push([x + offset[0], y + offset[1], width, height]);
    }
  }

  // Districts; where the law knows none any more, communes.
  function label(boundaries) {
    const areas = boundaries.features.filter((each) => each.properties?.ten && each.geometry.type.endsWith("Polygon"));
    const districts = areas.filter((each) => (each.properties.cap ?? 2) === 2);
    const features = (districts.length ? districts : areas.filter((each) => each.properties.cap === 3)).map(named);
    features.sort((one, other) => one.properties.area - other.properties.area);
    names.push(...new Set(features.map((each) => each.properties.name)));
    pictures();
    spread(features);
    map.addSource("names", { type: "geojson", data: { type: "FeatureCollection", features } });
    const layout = { "icon-image": ["get", "name"], "icon-offset": ["get", "offset"], "symbol-sort-key": ["get", "area"], "icon-padding": 1 };
    map.addLayer({ id: "names", type: "symbol", source: "names", layout });
  }

  async function drawBoundaries() {
    const answer = await fetch(content.basemap, { headers: { Accept: "application/geo+json" } });
    if (!answer.ok) return;
    const boundaries = await answer.json();
    boundaries.features = boundaries.features.filter((each) => each.geometry);
    map.getSource("boundaries").setData(boundaries);
    if (features.features.length) return;
    fit(boundaries, false, 16);
    label(boundaries);
  }

  // Attributes are read from the table: what the map tells is what the page tells.
  function attributes(row) {
    const list = document.createElement("dl");
    list.className = "popup";
    const heads = row.closest("table").tHead.rows[0].cells;
    [...row.cells].slice(1).forEach((cell, index) => {
      const value = cell.textContent.trim();
      if (value === "—") return;
      const [name, text] = [document.createElement("dt"), document.createElement("dd")];
      name.textContent = heads[index + 1].textContent.trim();
      text.textContent = value;
      list.append(name, text);
    });
    const whole = document.createElement("div");
    const link = row.querySelector("th a");
    if (link) {
      const open = link.cloneNode(false);
      open.textContent = texts.open;
      whole.append(open);
    }
    // The popup gives the focus to its first link: below the list it would scroll the list away.
    whole.append(list);
    return whole;
  }

  function mark(number, isChosen) {
    for (const source of ["items", "dots"]) map.setFeatureState({ source, id: number }, { chosen: isChosen });
  }

  let current = null;
  function choose(number) {
    if (current !== null) mark(current, false);
    document.querySelector("tr.chosen")?.classList.remove("chosen");
    current = number;
    if (number === null) return;
    mark(number, true);
    rowOf(number)?.classList.add("chosen");
  }

  function listen() {
    const layers = ["dots", "areas", "edges", "points"];
    map.on("click", (event) => {
      const [hit] = map.queryRenderedFeatures(event.point, { layers });
      const row = hit && rowOf(hit.properties.n);
      if (!row) return;
      choose(hit.properties.n);
      new maplibregl.Popup({ maxWidth: "20rem" }).setLngLat(event.lngLat).setDOMContent(attributes(row)).addTo(map);
    });
    for (const layer of layers) {
      map.on("mouseenter", layer, () => { map.getCanvas().style.cursor = "pointer"; });
      map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
    }
    for (const row of document.querySelectorAll("tr[data-n]")) {
      const number = Number(row.dataset.n);
      row.addEventListener("mouseenter", () => choose(number));
      row.addEventListener("focusin", () => choose(number));
      row.addEventListener("mouseleave", () => choose(null));
    }
  }

  function search(bounds) {
    const field = document.getElementById("bbox");
    const [[west, south], [east, north]] = bounds.toArray();
    const held = [Math.max(west, -180), Math.max(south, -90), Math.min(east, 180), Math.min(north, 90)];
    field.value = held.map((each) => each.toFixed(6)).join(",");
    // The map speaks longitude and latitude, whatever the box before was written in.
    field.form.elements["bbox-crs"]?.remove();
    field.form.requestSubmit();
  }

  function drawBox(button) {
    const canvas = map.getCanvasContainer();
    const frame = document.createElement("div");
    frame.className = "map-box";
    let from = null;
    const at = (event) => {
      const edge = canvas.getBoundingClientRect();
      return [event.clientX - edge.left, event.clientY - edge.top];
    };
    const place = ([x, y]) => {
      Object.assign(frame.style, {
        left: `${Math.min(x, from[0])}px`, top: `${Math.min(y, from[1])}px`,
        width: `${Math.abs(x - from[0])}px`, height: `${Math.abs(y - from[1])}px`,
      });
    };
    const down = (event) => { from = at(event); canvas.append(frame); place(from); canvas.setPointerCapture(event.pointerId); };
    const move = (event) => { if (from) place(at(event)); };
    const up = (event) => {
      const to = at(event);
      const bounds = new maplibregl.LngLatBounds().extend(map.unproject(from)).extend(map.unproject(to));
      stop();
      if (Math.abs(to[0] - from[0]) > 4 && Math.abs(to[1] - from[1]) > 4) search(bounds);
    };
    const key = (event) => { if (event.key === "Escape") stop(); };
    function stop() {
      canvas.removeEventListener("pointerdown", down);
      canvas.removeEventListener("pointermove", move);
      canvas.removeEventListener("pointerup", up);
      document.removeEventListener("keydown", key);
      frame.remove();
      canvas.style.touchAction = "";
      map.dragPan.enable();
      button.setAttribute("aria-pressed", "false");
      button.textContent = texts.draw;
    }
    map.dragPan.disable();
    canvas.style.touchAction = "none";
    canvas.addEventListener("pointerdown", down);
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", up);
    document.addEventListener("keydown", key);
    button.setAttribute("aria-pressed", "true");
    button.textContent = texts["draw-hint"];
  }

  function tools() {
    const bar = document.createElement("div");
    bar.className = "map-tools";
    const add = (text, act) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.textContent = text;
      button.addEventListener("click", () => act(button));
      bar.append(button);
      return button;
    };
    if (box.dataset.searchable) {
      add(texts["search-here"], () => search(map.getBounds()));
      const draw = add(texts.draw, (button) => { if (button.getAttribute("aria-pressed") !== "true") drawBox(button); });
      draw.setAttribute("aria-pressed", "false");
    }
    if (features.features.length) add(texts.fit, () => fit(features, true));
    if (bar.children.length) box.after(bar);
  }

  map.on("load", () => {
    map.addSource("boundaries", { type: "geojson", data: empty });
    map.addSource("items", { type: "geojson", data: features, promoteId: "n", tolerance: 0.1 });
    map.addLayer({ id: "boundaries", type: "line", source: "boundaries" });
    const polygons = ["==", ["geometry-type"], "Polygon"];
    map.addLayer({ id: "areas", type: "fill", source: "items", filter: polygons });
    map.addLayer({ id: "edges", type: "line", source: "items" });
    map.addSource("dots", { type: "geojson", data: dots(), promoteId: "n" });
    map.addLayer({ id: "dots", type: "circle", source: "dots", maxzoom: 13 });
    map.addLayer({ id: "points", type: "circle", source: "items", filter: ["==", ["geometry-type"], "Point"] });
    paint();
    dark.addEventListener("change", paint);
    listen();
    if (content.basemap) drawBoundaries().catch(() => {});
    map.once("idle", () => { box.dataset.ready = "true"; });
  });
  fit(features, false);
  tools();
})();
