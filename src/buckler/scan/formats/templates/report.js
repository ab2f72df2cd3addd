"use strict";
(() => {
  const all = (what, from = document) => [...from.querySelectorAll(what)];
  const findings = all(".cause .finding");

  // An address that names a finding opens it.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const details = target.closest("details");
    if (details) details.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  // Copy.
  const write = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  for (const button of all(".copy")) {
    button.hidden = false;
    const name = button.textContent;
    button.addEventListener("click", async () => {
      const block = button.closest(".block").querySelector("pre");
      await write(button.dataset.copy || block.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = name; }, 1500);
    });
  }

  // Filter.
  const form = document.getElementById("filter");
  if (form) {
    form.hidden = false;
    const words = document.getElementById("words");
    const shown = document.getElementById("shown");
    const texts = new Map(findings.map((item) => [
      item,
      (item.closest(".cause").querySelector("h3").textContent + " " +
        item.querySelector("summary").textContent).toLowerCase(),
    ]));
    const chosen = (name) => new Set(all(`[name=${name}]:checked`, form).map((box) => box.value));
    const apply = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      const severities = chosen("severity");
      const confidences = chosen("confidence");
      let count = 0;
      for (const item of findings) {
        const fits = severities.has(item.dataset.severity) && confidences.has(item.dataset.confidence) &&
          wanted.every((word) => texts.get(item).includes(word));
        item.hidden = !fits;
        count += fits;
      }
      for (const cause of all(".cause")) cause.hidden = !cause.querySelector(".finding:not([hidden])");
      shown.textContent = count === findings.length ? `${count} shown` : `${count} of ${findings.length} shown`;
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
    const every = (open) => () => { for (const item of findings) if (!item.hidden) item.open = open; };
    document.getElementById("open-all").addEventListener("click", every(true));
    document.getElementById("close-all").addEventListener("click", every(false));
  }

  // Sort.
  for (const table of all("table.sortable")) {
    all("th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of all("th", table)) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const text = (row) => row.cells[column].textContent.trim();
        const rows = all("tbody tr", table).sort((a, b) =>
          text(a).localeCompare(text(b), "en", { numeric: true }));
        table.tBodies[0].append(...(down ? rows.reverse() : rows));
      });
    });
  }

  // Paper shows what is folded, as long as it is not a book.
  addEventListener("beforeprint", () => {
    if (findings.length <= 60) for (const item of findings) item.open = true;
  });
})();
