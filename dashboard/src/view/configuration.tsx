import { useState, type ReactElement, type ReactNode } from "react";
import type { ConfigAnswer, Listener, ReloadAnswer, Setting } from "../data/types.js";
import { clock, count, none, span } from "../lib/format.js";
import { useSidecar } from "./context.js";
import { DataTable, type Column } from "./data-table.js";
import { Empty, Panel, staleNote, Unavailable } from "./panel.js";
import { useOnScreen } from "./use-on-screen.js";
import { useResource } from "./use-resource.js";
import { SearchField } from "./search-field.js";

/** What this process is and how it is set, secrets masked. */
export function Configuration(): ReactElement {
  const [panel, seen] = useOnScreen<HTMLElement>();
  const { data, fault, refresh } = useResource<ConfigAnswer>("api/config", 30_000, seen);
  return (
    <Panel
      id="configuration"
      title="Configuration"
      note={data ? staleNote(fault) : ""}
      ref={panel}
      tools={data?.mayReload && <Reload refresh={refresh} />}
    >
      {data === null ? (
        <Unavailable fault={fault} />
      ) : (
        <>
          <Facts data={data} />
          <Settings settings={data.settings} />
        </>
      )}
    </Panel>
  );
}

function Reload({ refresh }: { refresh: () => Promise<void> }): ReactElement {
  const sidecar = useSidecar();
  const [busy, setBusy] = useState(false);
  async function reload(): Promise<void> {
    setBusy(true);
    try {
      sidecar.tell("success", reloadText(await sidecar.api.post<ReloadAnswer>("api/reload")));
    } catch (fault) {
      sidecar.tell("error", `Not reloaded: ${(fault as Error).message}`);
    }
    setBusy(false);
    await refresh();
  }
  return (
    <button type="button" id="reload" disabled={busy} onClick={() => void reload()}>
      {busy ? "Reloading …" : "Reload configuration"}
    </button>
  );
}

function reloadText({ changed, needsRestart, warnings }: ReloadAnswer): string {
  const parts = [changed.length > 0 ? `Reloaded; changed: ${changed.join(", ")}.` : "Reloaded; nothing has changed."];
  if (needsRestart.length > 0) parts.push(`Needs a restart: ${needsRestart.join(", ")}.`);
  return [...parts, ...warnings].join(" ");
}

function Facts({ data }: { data: ConfigAnswer }): ReactElement {
  const { changeSource, lastReload } = data;
  return (
    <dl className="facts">
      <Fact name="Version">{data.version}</Fact>
      <Fact name="Up for">
        {span(data.uptimeMs)}, since {clock(data.startedAtMs)}
      </Fact>
      <Fact name="Upstream">
        <code>{data.upstream}</code>
      </Fact>
      <Fact name="TLS to it">{data.upstreamTls}</Fact>
      <Fact name="Pool mode">{data.poolMode}</Fact>
      <Fact name="Change source">
        {changeSource.origin}
        {changeSource.origin !== "none" && (changeSource.live ? ", live" : ", not live")}
      </Fact>
      <Fact name="Last reload">
        {lastReload.ok ? clock(lastReload.atMs) : <span className="wrong">refused; the settings of {clock(lastReload.atMs)} hold</span>}
      </Fact>
      {data.listeners.map((listener) => (
        <Fact key={listener.name} name={`Listens: ${listener.name}`}>
          <code>{address(listener)}</code>
          {listener.tls !== null && `, TLS ${listener.tls}`}
        </Fact>
      ))}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function address({ address: host, port }: Listener): string {
  return port === 0 ? host : `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

const columns: readonly Column<Setting>[] = [
  { key: "key", title: "Setting", cell: ({ key }) => <code>{key}</code> },
  { key: "value", title: "Value", cell: (setting) => <Value {...setting} /> },
  { key: "default", title: "Default", cell: (setting) => setting.default || none },
  { key: "source", title: "From", cell: ({ source }) => source },
  { key: "reloadable", title: "Takes effect", cell: ({ reloadable }) => (reloadable ? "by reload" : "by restart") },
];

function Value({ value, source }: Setting): ReactElement {
  return <span className={source === "default" ? "" : "strong"}>{value || none}</span>;
}

function Settings({ settings }: { settings: Setting[] }): ReactElement {
  const [wanted, setWanted] = useState("");
  const [all, setAll] = useState(false);
  const text = wanted.trim().toLowerCase();
  const rows = settings.filter(
    ({ key, value, source }) =>
      (all || text !== "" || source !== "default") && (text === "" || `${key} ${value} ${source}`.toLowerCase().includes(text)),
  );
  return (
    <div className="sub">
      <div className="sub-head">
        <h3>Settings</h3>
        <span className="muted">
          {count(rows.length)} of {count(settings.length)}
        </span>
        <span className="spacer" />
        <SearchField id="setting-filter" placeholder="Find a setting" label="Find a setting" value={wanted} onChange={setWanted} />
        <label className="toggle">
          <input type="checkbox" id="all-settings" checked={all} onChange={() => setAll(!all)} /> Also defaults
        </label>
      </div>
      {rows.length === 0 ? (
        <Empty title={text ? "No such setting" : "Everything has its default"} />
      ) : (
        <div className="tall" tabIndex={0} role="group" aria-label="Settings, scrolls">
          <DataTable caption="Settings" className="settings" bodyId="setting-rows" columns={columns} rows={rows} rowKey={({ key }) => key} />
        </div>
      )}
    </div>
  );
}
