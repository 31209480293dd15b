"use strict";

// A map page of another address than the service: a public client with PKCE. The token lives in this page alone.
(async () => {
  const { service, client } = await (await fetch("config.json")).json();
  const here = location.origin + location.pathname;
  const told = document.getElementById("told");
  const base64url = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

  async function signIn() {
    const verifier = random();
    const state = random();
    sessionStorage.setItem("flow", JSON.stringify({ verifier, state }));
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    location.href = `${service}/oauth/authorize?` + new URLSearchParams({
      response_type: "code", client_id: client, redirect_uri: here, scope: "features:read", state,
      code_challenge: base64url(digest), code_challenge_method: "S256",
    });
  }

  async function tokenFor(answer) {
    const flow = JSON.parse(sessionStorage.getItem("flow") || "{}");
    sessionStorage.removeItem("flow");
    history.replaceState(null, "", here);
    if (answer.get("state") !== flow.state || answer.get("iss") !== service) throw new Error("not our answer");
    if (answer.has("error")) throw new Error(answer.get("error"));
    const body = new URLSearchParams({
      grant_type: "authorization_code", client_id: client, redirect_uri: here, code: answer.get("code"),
      code_verifier: flow.verifier,
    });
    const given = await (await fetch(`${service}/oauth/token`, { method: "POST", body })).json();
    if (!given.access_token) throw new Error(given.error);
    return given.access_token;
  }

  function extend(bounds, coordinates) {
    if (typeof coordinates[0] === "number") bounds.extend(coordinates);
    else for (const each of coordinates) extend(bounds, each);
  }

  function draw(token) {
    const map = new maplibregl.Map({
      container: "map",
      style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": "#eef1ec" } }] },
      center: [106.9, 11.75],
      zoom: 8,
      transformRequest: (url) =>
        url.startsWith(`${service}/`) ? { url, headers: { Authorization: `Bearer ${token}` } } : { url },
    });
    map.on("error", ({ error }) => (told.textContent = `Không có thửa đất nào để xem (${error.status ?? error.message})`));
    map.on("load", async () => {
      map.addSource("parcels", { type: "geojson", data: `${service}/collections/thua-dat/items?limit=10000` });
      map.addLayer({ id: "areas", type: "fill", source: "parcels", paint: { "fill-color": "#2f7d4f", "fill-opacity": 0.35 } });
      map.addLayer({ id: "edges", type: "line", source: "parcels", paint: { "line-color": "#1d5635" } });
      map.once("idle", async () => {
        const { features } = await map.getSource("parcels").getData();
        if (!features) return;
        const bounds = new maplibregl.LngLatBounds();
        for (const each of features) extend(bounds, each.geometry.coordinates);
        map.fitBounds(bounds, { padding: 40, animate: false });
        map.once("idle", () => {
          const drawn = map.queryRenderedFeatures({ layers: ["areas"] })
            .map(({ properties: { xa_id, so_to, so_thua } }) => `${xa_id}/${so_to}/${so_thua}`);
          document.body.dataset.drawn = JSON.stringify([...new Set(drawn)]);
          document.body.dataset.columns = JSON.stringify(Object.keys(features[0].properties));
          told.textContent = `${features.length} thửa đất`;
        });
      });
    });
  }

  const answer = new URLSearchParams(location.search);
  if (!answer.has("code") && !answer.has("error")) return signIn();
  try {
    draw(await tokenFor(answer));
  } catch (error) {
    told.textContent = `Không đăng nhập được: ${error.message}`;
  }
})();
