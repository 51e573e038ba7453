// The table of the latest operations.
import { count, duration, preciseClock } from "./format.js";

const KEEP = 200;
const SLOW_MS = 100;
const CALM_MS = 500;
const words = { success: "✓ ok", failure: "✕ failed", unknown: "? unknown" };

export class OperationsTable {
  #rows = document.getElementById("rows");
  #empty = document.getElementById("empty");
  #note = document.getElementById("operations-note");
  #pause = document.getElementById("pause");
  #filter = document.getElementById("filter");
  #failures = document.getElementById("failures");
  #shown = []; // newest first
  #arrived = []; // not in the table yet, newest first
  #known = new Set();
  #skipped = 0;
  #paused = false;
  #frame = 0;
  #drawnAt = 0;

  constructor() {
    this.#pause.addEventListener("click", () => this.togglePause());
    this.#filter.addEventListener("input", () => this.#redraw());
    this.#failures.addEventListener("change", () => this.#redraw());
  }

  togglePause() {
    this.#paused = !this.#paused;
    this.#pause.setAttribute("aria-pressed", String(this.#paused));
    this.#schedule();
  }

  /** From GET /api/operations: newest first. */
  seed(operations) {
    for (const operation of [...operations].reverse()) this.add(operation, 0);
  }

  /** skipped: how many the sidecar left out before this one, because there were too many to show. */
  add(operation, skipped = 0) {
    this.#skipped += skipped;
    if (this.#known.has(operation.id)) return;
    this.#known.add(operation.id);
    this.#arrived.unshift(operation);
    if (this.#arrived.length > KEEP) this.#forget(this.#arrived.pop());
    this.#schedule();
  }

  #schedule() {
    // A hidden tab gets no animation frames; what came meanwhile is drawn when it is seen again.
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.#paused) this.#takeArrived();
      this.#describe();
    });
  }

  #takeArrived() {
    const fresh = this.#arrived.splice(0);
    if (fresh.length === 0) return;
    this.#shown.unshift(...fresh);
    // A new row lights up, but under steady traffic the whole table would.
    const calm = performance.now() - this.#drawnAt > CALM_MS && fresh.length <= 3;
    this.#drawnAt = performance.now();
    const visible = fresh
      .filter((operation) => this.#matches(operation))
      .map((operation) => this.#row(operation, calm));
    this.#rows.prepend(...visible);
    while (this.#shown.length > KEEP) this.#forget(this.#shown.pop());
    while (this.#rows.children.length > KEEP) this.#rows.lastElementChild.remove();
  }

  #forget(operation) {
    this.#known.delete(operation.id);
  }

  #redraw() {
    this.#rows.replaceChildren(
      ...this.#shown
        .filter((operation) => this.#matches(operation))
        .map((operation) => this.#row(operation, false)),
    );
    this.#describe();
  }

  #matches(operation) {
    if (this.#failures.checked && operation.success) return false;
    const wanted = this.#filter.value.trim().toLowerCase();
    if (!wanted) return true;
    return [
      operation.statement,
      operation.table,
      operation.type,
      operation.error,
      operation.service,
      operation.sqlstate,
    ].some((text) => text?.toLowerCase().includes(wanted));
  }

  #describe() {
    this.#empty.hidden = this.#shown.length > 0;
    this.#pause.textContent = this.#paused
      ? `Resume${this.#arrived.length ? ` (${this.#arrived.length >= KEEP ? `${KEEP}+` : this.#arrived.length} new)` : ""}`
      : "Pause";
    const parts = [];
    const rows = this.#rows.children.length;
    if (rows !== this.#shown.length)
      parts.push(`${count(rows)} of ${count(this.#shown.length)} match`);
    if (this.#skipped) parts.push(`busy: ${count(this.#skipped)} more were not sent to this page`);
    this.#note.textContent = parts.join(", ");
  }

  #row(operation, fresh) {
    const row = document.createElement("tr");
    if (fresh) row.className = "fresh";
    const type = document.createElement("span");
    type.className = "type";
    type.dataset.type = operation.type;
    type.textContent = operation.type;
    const statement = document.createElement("span");
    statement.textContent = operation.statement ?? "(text not seen)";
    statement.title = [operation.statement, operation.service && `from ${operation.service}`]
      .filter(Boolean)
      .join("\n");
    row.append(
      cell("time", preciseClock(operation.startTime)),
      cell("", type),
      cell("", operation.table ?? "–"),
      cell("statement", statement),
      cell(
        operation.durationMs >= SLOW_MS ? "number slow" : "number",
        operation.durationMs === undefined ? "–" : duration(operation.durationMs),
      ),
      cell("number", rowsOf(operation)),
      outcomeCell(operation),
    );
    return row;
  }
}

function rowsOf(operation) {
  if (operation.type === "transaction") return "–";
  const rows = operation.affectedRows ?? operation.rowsReturned;
  return rows === undefined ? "–" : count(rows);
}

function outcomeCell(operation) {
  const outcome = operation.outcome ?? (operation.success ? "success" : "failure");
  const word = document.createElement("span");
  word.className = "outcome";
  word.dataset.outcome = outcome;
  word.textContent =
    (words[outcome] ?? outcome) +
    (operation.sqlstate && !operation.success ? ` ${operation.sqlstate}` : "");
  const made = cell("", word);
  if (operation.error) {
    const why = document.createElement("span");
    why.className = "why";
    why.textContent = operation.error;
    made.append(why);
  }
  return made;
}

function cell(className, content) {
  const made = document.createElement("td");
  if (className) made.className = className;
  made.append(content);
  return made;
}
