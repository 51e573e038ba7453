// Wires the line to the sidecar with what is on the page.
import { Feed } from "./feed.js";
import { clock, duration, span } from "./format.js";
import { OperationsTable } from "./operations.js";
import { Tiles } from "./tiles.js";
import { judge } from "./verdict.js";

const TOKEN_KEY = "pgsidecar.token";
const $ = (id) => document.getElementById(id);

const feed = new Feed(new URL(".", location.href));
const tiles = new Tiles();
const operations = new OperationsTable();
const known = {
  status: undefined,
  error: undefined,
  health: undefined,
  contact: false,
  lostAt: undefined,
};
let line = { state: "connecting" };
let clockAheadMs = 0; // the sidecar's clock against ours
let startedAt;

const sidecarNow = () => Date.now() + clockAheadMs;

function setText(element, text) {
  // Writing the same text again would make a screen reader say it again.
  if (element.textContent !== text) element.textContent = text;
}

function showVerdict() {
  const verdict = judge(known);
  $("verdict").dataset.tone = verdict.tone;
  $("verdict-icon").setAttribute("d", verdict.icon);
  setText($("verdict-word"), verdict.word);
  setText($("verdict-reason"), verdict.reason);
  setText(document.querySelector("title"), `${verdict.word} · pgsidecar`);
  const since = verdict.since === undefined ? undefined : new Date(verdict.since);
  const latency =
    verdict.tone === "good" && known.health ? `, last check ${duration(known.health.latency)}` : "";
  setText(
    $("verdict-since"),
    since ? `since ${clock(since)} (${span(sidecarNow() - since.getTime())})${latency}` : "",
  );
  $("reconnect").disabled =
    line.state !== "live" || !known.status || known.status.status === "connected";
  $("check").disabled = line.state !== "live";
}

function showLine() {
  const texts = { live: "Live", connecting: "Opening", lost: "Connection lost" };
  $("line").dataset.state = line.state;
  document.body.dataset.line = line.state;
  setText($("line-text"), texts[line.state]);
  const lost = line.state === "lost" || (line.state === "connecting" && known.lostAt !== undefined);
  $("banner").hidden = !lost;
  if (!lost) return;
  const wait = Math.max(0, Math.ceil((line.retryAt - Date.now()) / 1000));
  setText(
    $("banner-text"),
    line.state === "lost"
      ? `Connection to the sidecar lost. Next attempt in ${wait} s.`
      : "Connection to the sidecar lost. Trying again now.",
  );
}

function takeStatus(status) {
  if (known.status && known.status.status !== status.status) setText($("action-result"), "");
  known.status = status;
  if (status.status === "connected") known.error = undefined;
}

function takeHealth(health) {
  known.health = health;
  tiles.showHealth(health, sidecarNow());
}

const handlers = {
  "database:status": (message) => takeStatus(message.payload),
  "database:error": ({ payload }) => {
    if (["connect", "health", "reconnect"].includes(payload.operation)) known.error = payload;
  },
  "database:health": (message) => takeHealth(message.payload),
  "session:ready": () => subscribe(),
  operation: (message) => operations.add(message.payload, message.skipped ?? 0),
};

async function subscribe() {
  try {
    await feed.request("subscribe", { channel: "database:operations" });
    operations.seed((await feed.get("api/operations?limit=100")).operations);
  } catch {
    // The line broke meanwhile: the next session:ready does it again.
  }
}

feed.addEventListener("message", ({ detail }) => {
  known.contact = true;
  handlers[detail.type]?.(detail);
  showVerdict();
});

feed.addEventListener("line", ({ detail }) => {
  line = detail;
  if (detail.state === "live") {
    known.contact = true;
    known.lostAt = undefined;
  } else if (detail.state === "lost") {
    known.contact = false;
    known.lostAt ??= Date.now();
  }
  showLine();
  showVerdict();
});

feed.addEventListener("status", ({ detail }) => {
  clockAheadMs = Date.parse(detail.now) - Date.now();
  startedAt = Date.parse(detail.startedAt);
  setText($("version"), detail.server.replace("pgsidecar/", ""));
  tiles.showActivity(detail.activity, Date.parse(detail.now));
  tiles.showConnection(detail.connection);
  if (line.state !== "live") {
    // The socket is refused or not open yet, but the sidecar answers.
    known.contact = true;
    known.error = detail.error;
    takeStatus(detail.status);
  }
  if (detail.health && !(Date.parse(detail.health.timestamp) < Date.parse(known.health?.timestamp)))
    takeHealth(detail.health);
  showVerdict();
});

async function ask(type, button, done) {
  button.disabled = true;
  setText($("action-result"), "Asked …");
  try {
    const reply = await feed.request(type);
    setText($("action-result"), reply.ok ? done(reply.result) : reply.error.message);
  } catch (fault) {
    setText($("action-result"), `Not done: ${fault.message}.`);
  }
  showVerdict();
}

$("check").addEventListener("click", () =>
  ask("database:health:request", $("check"), (health) =>
    health.healthy
      ? `Checked at ${clock(health.timestamp)}: ${duration(health.latency)}.`
      : `Checked: ${health.error}`,
  ),
);
$("reconnect").addEventListener("click", () =>
  ask("database:reconnect", $("reconnect"), (result) => result.message),
);
$("banner-retry").addEventListener("click", () => feed.retryNow());

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.key === "p" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey)
    operations.togglePause();
});

setInterval(() => {
  if (document.hidden) return;
  showLine();
  showVerdict();
  if (known.health) tiles.showHealth(known.health, sidecarNow());
  if (startedAt) setText($("uptime"), `Sidecar up for ${span(sidecarNow() - startedAt)}`);
}, 1000);

/** A token may come in the fragment, which no server and no log ever sees. */
function storedToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(TOKEN_KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(TOKEN_KEY) ?? "";
}

function start() {
  const token = storedToken();
  // Links cannot carry a token without showing it in the address.
  document.querySelector("footer nav").hidden = token !== "";
  feed.start(token);
}

feed.addEventListener("unauthorized", () => {
  feed.stop();
  $("token-wrong").hidden = sessionStorage.getItem(TOKEN_KEY) === null;
  if (!$("token-dialog").open) $("token-dialog").showModal();
});

$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN_KEY, $("token").value);
  $("token").value = "";
  $("token-dialog").close();
  start();
});

start();
