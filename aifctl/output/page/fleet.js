"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const cells = [...document.querySelectorAll(".hall .c")];
  const rows = [...document.querySelectorAll(".row")];
  const halls = [...document.querySelectorAll(".hall")];
  const sick = [...document.querySelectorAll("#sick [data-index]")];
  const at = (id) => document.getElementById(id);
  const wanted = { conditions: new Set(), incident: null };

  // A node is [name, condition, state, place, looked at, answered at, check, why, findings, letter's meaning].
  const nodes = data.nodes.map((n, index) => ({
    index, name: n[0], condition: data.conditions[n[1]], state: n[2], place: data.places[n[3]], lookedAt: n[4], seenAt: n[5],
    check: n[6], why: n[7], findings: n[8], meaning: n[9], cell: cells[index],
  }));
  for (const node of nodes) {
    const words = [node.name, node.condition, node.state, node.check, node.why, ...Object.values(node.place)];
    for (const one of node.findings) words.push(one.check, one.subject, one.code, one.message, one.action, one.result);
    node.words = words.join("\n").toLowerCase();
  }

  const age = (seconds) => {
    if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
    const minutes = Math.round(seconds / 60);
    if (seconds < 129600) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
    const hours = Math.round(seconds / 3600);
    return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  };
  const ago = (time) => (time ? `${age(data.at - time)} before this page` : "never");
  const make = (tag, text, kind) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  // ---- filters
  const matches = (node) => {
    const text = at("text").value.trim().toLowerCase();
    const rack = at("rack").value.trim();
    const check = at("check").value;
    if (wanted.conditions.size && !wanted.conditions.has(node.condition)) return false;
    if (wanted.incident && !wanted.incident.has(node.name)) return false;
    if (rack && node.place.rack !== rack) return false;
    if (check && node.check !== check && !node.findings.some((one) => one.check === check)) return false;
    return !text || text.split(/\s+/).every((word) => node.words.includes(word));
  };
  const filter = () => {
    const asked = wanted.conditions.size || wanted.incident || at("text").value.trim() || at("rack").value.trim() || at("check").value;
    const found = asked ? nodes.filter(matches) : nodes;
    const hit = new Set(found.map((node) => node.index));
    nodes.forEach((node) => node.cell.classList.toggle("dimmed", !hit.has(node.index)));
    const only = asked && at("only").checked;
    for (const row of rows) row.hidden = Boolean(only) && !row.querySelector(".c:not(.dimmed)");
    for (const hall of halls) hall.hidden = Boolean(only) && !hall.querySelector(".row:not([hidden])");
    for (const row of sick) row.hidden = Boolean(only) && !hit.has(Number(row.dataset.index));
    at("matches").textContent = asked ? `${found.length} of ${nodes.length} nodes` : "";
    const names = at("names");
    names.replaceChildren();
    names.hidden = !asked;
    for (const node of asked ? found.slice(0, 200) : []) {
      const item = make("li");
      item.append(link(node, node.name));
      names.append(item);
    }
    if (asked && found.length > 200) names.append(make("li", `and ${found.length - 200} more`));
    document.querySelectorAll(".chip").forEach((chip) => {
      chip.setAttribute("aria-pressed", wanted.conditions.has(chip.dataset.condition));
    });
  };
  const link = (node, text) => {
    const made = make("button", text, "link");
    made.type = "button";
    made.addEventListener("click", () => show(node));
    return made;
  };

  // ---- one node
  const fact = (list, name, value) => {
    if (value === "" || value === null || value === undefined) return;
    list.append(make("dt", name), make("dd", value));
  };
  const finding = (one) => {
    const made = make("div", undefined, "finding");
    const head = make("p");
    head.append(make("span", one.result, `tag ${data.conditions.includes(one.result) ? one.result : "unknown"}`), " ", make("b", one.check), ` ${one.subject} ${one.code}`);
    made.append(head, make("p", one.message));
    const facts = make("dl");
    fact(facts, "action", one.action);
    fact(facts, "first seen", ago(one.since));
    fact(facts, "observed", one.observed);
    fact(facts, "expected", one.expected);
    fact(facts, "source", one.source);
    made.append(facts);
    return made;
  };
  const show = (node) => {
    at("node-name").textContent = node.name;
    const line = at("node-line");
    line.replaceChildren(make("span", node.condition, `tag ${node.condition}`), [node.meaning === node.condition ? "" : ` ${node.meaning}`, node.why ? ` ${node.why}` : ""].join(""));
    const facts = at("node-facts");
    facts.replaceChildren();
    fact(facts, "state", node.state);
    for (const [name, value] of Object.entries(node.place)) fact(facts, name, value);
    fact(facts, "looked at", ago(node.lookedAt));
    fact(facts, "answered", ago(node.seenAt));
    for (const one of data.incidents) if (one.nodes.includes(node.name)) fact(facts, `incident ${one.numbers}`, one.text);
    const more = make("dd");
    more.append(make("code", `aifctl node why ${node.name}`));
    facts.append(make("dt", "more"), more);
    at("node-findings").replaceChildren(...node.findings.map(finding));
    if (!at("node").open) at("node").showModal();
  };

  // ---- wiring
  document.body.addEventListener("click", (event) => {
    const cell = event.target.closest(".hall .c");
    if (cell) show(nodes[cells.indexOf(cell)]);
    const named = event.target.closest("[data-node]");
    if (named) show(nodes[Number(named.dataset.node)]);
    const chip = event.target.closest(".chip");
    if (chip) {
      const condition = chip.dataset.condition;
      if (!wanted.conditions.delete(condition)) wanted.conditions.add(condition);
      filter();
    }
    const incident = event.target.closest("[data-incident]");
    if (incident) {
      wanted.incident = new Set(data.incidents[Number(incident.dataset.incident)].nodes);
      filter();
      at("filters").scrollIntoView({ block: "start" });
    }
    if (event.target === at("node")) at("node").close();
  });
  const filters = at("filters");
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => {
    wanted.conditions.clear();
    wanted.incident = null;
    setTimeout(filter);
  });
  const known = (values) => [...new Set(values)].filter(Boolean).sort(new Intl.Collator("en", { numeric: true }).compare);
  const option = (value) => {
    const made = make("option", value);
    made.value = value;
    return made;
  };
  at("racks").append(...known(nodes.map((node) => node.place.rack)).map(option));
  at("check").append(...known(nodes.flatMap((node) => [node.check, ...node.findings.map((one) => one.check)])).map(option));
  filters.hidden = false;

  // ---- the page grows old where it lies
  const growOld = () => {
    const seconds = Date.now() / 1000 - data.at;
    at("old").hidden = seconds < data.staleAfter;
    at("old").textContent = `This page is ${age(seconds)} old: it says nothing of now.`;
  };
  growOld();
  setInterval(growOld, 30000);
})();
