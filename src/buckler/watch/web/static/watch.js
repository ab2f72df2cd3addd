"use strict";
(() => {
  const all = (what, from = document) => [...from.querySelectorAll(what)];

  // Copy.
  for (const button of all(".copy")) {
    if (!navigator.clipboard) continue;
    const name = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const block = button.closest(".block").querySelector("pre");
      await navigator.clipboard.writeText(button.dataset.copy || block.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = name; }, 1500);
    });
  }

  // Mark all findings of a page.
  const many = document.getElementById("many");
  const line = document.getElementById("all-line");
  if (many && line) {
    const boxes = all('[name="finding"]', many);
    const said = document.getElementById("marked");
    const tell = () => { said.textContent = `${boxes.filter((box) => box.checked).length} marked`; };
    line.hidden = false;
    document.getElementById("mark-all").addEventListener("click", () => {
      const on = boxes.some((box) => !box.checked);
      for (const box of boxes) box.checked = on;
      tell();
    });
    many.addEventListener("change", tell);
    tell();
  }

  // What was running has ended: the page shows what came of it.
  const running = () => document.querySelector("#running[hx-get]");
  if (running()) {
    new MutationObserver(() => {
      if (document.getElementById("running") && !running()) location.reload();
    }).observe(document.getElementById("main"), { childList: true });
  }

  // Charts that answer to the pointer, where uPlot is there.
  const draw = (figure) => {
    const points = JSON.parse(figure.dataset.points);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const plain = figure.querySelector("svg");
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const size = () => ({ width: Math.max(figure.clientWidth, 200), height: 200 });
    const box = document.createElement("div");
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", plain.getAttribute("aria-label"));
    plain.replaceWith(box);
    figure.classList.add("drawn");
    const day = 86400;
    const chart = new uPlot({
      ...size(),
      legend: { live: true },
      scales: { y: { range: [0, 100] } },
      axes: [{ ...axis, space: 90, incrs: [day, 2 * day, 7 * day, 30 * day, 90 * day, 365 * day], values: (_, at) => at.map((one) => new Date(one * 1000).toISOString().slice(0, 10)) }, { ...axis, size: 40 }],
      series: [{ label: "When", value: "{YYYY}-{MM}-{DD}" }, { label: figure.dataset.label, stroke: colour("--accent"), width: 2, points: { show: points.length < 40 } }],
    }, [points.map((p) => p[0]), points.map((p) => p[1])], box);
    new ResizeObserver(() => chart.setSize(size())).observe(figure);
  };
  if (window.uPlot) for (const figure of all(".chart[data-points]")) draw(figure);

  // Passkeys.
  const call = async (path, body) => {
    const answer = await fetch(`/auth${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(answer.status === 401 ? "Sign in again first." : "It was not taken.");
    return answer.json();
  };
  const said = document.getElementById("passkey-said");
  const passkey = (button, work) => {
    if (!button || !window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await work(button);
      } catch (error) {
        said.textContent = error.name === "NotAllowedError" ? "The browser did not show one." : error.message;
      }
    });
  };
  passkey(document.getElementById("passkey"), async (button) => {
    const asked = await call("/passkey/options");
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.options);
    const credential = await navigator.credentials.get({ publicKey });
    await call("/passkey", { ticket: asked.ticket, credential: credential.toJSON() });
    location.assign(button.dataset.next);
  });
  passkey(document.getElementById("add-passkey"), async () => {
    const asked = await call("/factors/passkeys/options");
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.options);
    const credential = await navigator.credentials.create({ publicKey });
    await call("/factors/passkeys", { ticket: asked.ticket, credential: credential.toJSON(), name: "passkey" });
    location.reload();
  });
})();
