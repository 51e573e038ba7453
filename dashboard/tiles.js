// The figures under the verdict.
import { count, decimal, span } from "./format.js";

const KEEP = 30;

/** A small curve of the latest values, with its last, smallest and largest in words for those who cannot see it. */
class Spark {
  #values = [];
  #svg;
  #unit;

  constructor(svg, unit) {
    this.#svg = svg;
    this.#unit = unit;
  }

  push(value) {
    this.#values.push(value);
    if (this.#values.length > KEEP) this.#values.shift();
    this.#draw();
  }

  #draw() {
    const values = this.#values;
    const top = Math.max(...values, 1e-9);
    const step = 120 / (KEEP - 1);
    const x = (i) => (120 - (values.length - 1 - i) * step).toFixed(1);
    const y = (v) => (26 - (v / top) * 23).toFixed(1);
    const line = values.map((v, i) => `${i ? "L" : "M"}${x(i)} ${y(v)}`).join("");
    this.#svg.querySelector(".stroke").setAttribute("d", line);
    this.#svg.querySelector(".area").setAttribute("d", `${line}L120 28L${x(0)} 28Z`);
    const text = (v) => `${decimal(v)} ${this.#unit}`;
    this.#svg.setAttribute(
      "aria-label",
      `The last ${values.length}: now ${text(values.at(-1))}, least ${text(Math.min(...values))}, most ${text(top)}`,
    );
  }
}

class Tile {
  #root;

  constructor(id) {
    this.#root = document.getElementById(id);
  }
  set(part, text) {
    const element = this.#root.querySelector(`[data-part="${part}"]`);
    if (element.textContent !== text) element.textContent = text;
  }
  tone(tone) {
    this.#root.dataset.tone = tone;
  }
  spark(unit) {
    return new Spark(this.#root.querySelector(".spark"), unit);
  }
  get meter() {
    return this.#root.querySelector("meter");
  }
}

export class Tiles {
  #mode = new Tile("tile-mode");
  #latency = new Tile("tile-latency");
  #rate = new Tile("tile-rate");
  #duration = new Tile("tile-duration");
  #errors = new Tile("tile-errors");
  #clients = new Tile("tile-clients");
  #latencySpark = this.#latency.spark("milliseconds");
  #rateSpark = this.#rate.spark("statements per second");
  #durationSpark = this.#duration.spark("milliseconds");
  #lastHealth;
  #samples = [];

  /** connection: DatabaseConnection of GET /api/status. */
  showConnection(connection) {
    this.#mode.set("value", connection.mode[0].toUpperCase() + connection.mode.slice(1));
    const errors = connection.errorCount;
    this.#mode.set(
      "note",
      errors > 0 ? `${connection.status}, ${count(errors)} errors in a row` : connection.status,
    );
  }

  showHealth(health, now) {
    if (health.timestamp !== this.#lastHealth) {
      this.#lastHealth = health.timestamp;
      this.#latencySpark.push(health.latency);
    }
    this.#latency.set("value", decimal(health.latency));
    this.#latency.tone(health.healthy ? "good" : "bad");
    const age = now - Date.parse(health.timestamp);
    this.#latency.set(
      "note",
      `${health.healthy ? "passed" : "failed"}, ${age < 2000 ? "just now" : `${span(age)} ago`}`,
    );
  }

  /** activity: of GET /api/status, with totals since start; at: the sidecar's clock in ms. */
  showActivity(activity, at) {
    const before = this.#samples.at(-1);
    this.#samples.push({ at, ...activity });
    while (at - this.#samples[0].at > 60_000) this.#samples.shift();
    if (before && activity.statementsTotal >= before.statementsTotal && at > before.at)
      this.#showRates(before, activity, at);
    this.#rate.set("note", `${count(activity.statementsTotal)} since start`);
    this.#showErrors(activity);
    this.#showClients(activity);
  }

  #showRates(before, activity, at) {
    const statements = activity.statementsTotal - before.statementsTotal;
    const rate = statements / ((at - before.at) / 1000);
    this.#rate.set("value", decimal(rate));
    this.#rateSpark.push(rate);
    if (statements === 0) return this.#duration.set("note", "no statement lately");
    const mean = (activity.statementMsTotal - before.statementMsTotal) / statements;
    this.#duration.set("value", decimal(mean));
    this.#durationSpark.push(mean);
    this.#duration.set("note", "per statement");
  }

  #showErrors(activity) {
    const lately = Math.max(0, activity.errorsTotal - this.#samples[0].errorsTotal);
    this.#errors.set("value", count(lately));
    this.#errors.tone(lately > 0 ? "bad" : "good");
    const ratio = activity.statementsTotal
      ? (100 * activity.errorsTotal) / activity.statementsTotal
      : 0;
    const share = ratio > 0 && ratio < 0.01 ? "under 0.01" : ratio.toFixed(2);
    this.#errors.set("note", `${count(activity.errorsTotal)} since start (${share} %)`);
  }

  #showClients(activity) {
    this.#clients.set("value", count(activity.clients));
    this.#clients.tone(activity.clientsWaiting > 0 ? "warn" : "good");
    this.#clients.meter.max = Math.max(activity.poolSize, 1);
    this.#clients.meter.value = activity.serversActive;
    const waiting =
      activity.clientsWaiting > 0 ? `${count(activity.clientsWaiting)} waiting, ` : "";
    this.#clients.set(
      "note",
      `${waiting}${activity.serversActive} of ${activity.poolSize} servers busy` +
        (activity.poolMode ? `, ${activity.poolMode} pool` : ""),
    );
  }
}
