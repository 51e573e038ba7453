import { ConnectionToast, RealtimeProvider, useStore } from "@pgsidecar/client/react";
import { useEffect, useState, type ReactElement } from "react";
import type { Sidecar } from "../data/sidecar.js";
import { Banner } from "./banner.js";
import { Charts } from "./charts.js";
import { Configuration } from "./configuration.js";
import { ConfirmProvider } from "./confirm.js";
import { SidecarContext, useSidecar } from "./context.js";
import { Errors } from "./errors.js";
import { Footer } from "./footer.js";
import { Operations } from "./operations.js";
import { Sessions } from "./sessions.js";
import { Spool } from "./spool.js";
import { Statements } from "./statements.js";
import { Tiles } from "./tiles.js";
import { TokenDialog } from "./token-dialog.js";
import { TopBar } from "./top-bar.js";
import { useKnown } from "./use-known.js";
import { VerdictLine } from "./verdict-line.js";

export function App({ sidecar }: { sidecar: Sidecar }): ReactElement {
  return (
    <SidecarContext.Provider value={sidecar}>
      <RealtimeProvider client={sidecar.client}>
        <ConfirmProvider>
          <a className="skip" href="#operations">
            Skip to the live operations
          </a>
          <TokenDialog />
          <Banner />
          <TopBar />
          <Main />
          <Footer />
          <Toasts />
        </ConfirmProvider>
      </RealtimeProvider>
    </SidecarContext.Provider>
  );
}

function Main(): ReactElement {
  const { contact } = useKnown();
  useEffect(() => void (document.body.dataset["contact"] = contact ? "yes" : "no"), [contact]);
  return (
    <main>
      <VerdictLine />
      <Tiles />
      <Charts />
      <Operations />
      <Statements />
      <Sessions />
      <Spool />
      <Errors />
      <Configuration />
    </main>
  );
}

/** From the first connection on: that the page could connect at all is no news. */
function Toasts(): ReactElement | null {
  const { client } = useSidecar();
  const connected = useStore(client.connection).state === "connected";
  const [once, setOnce] = useState(false);
  useEffect(() => {
    if (connected) setOnce(true);
  }, [connected]);
  return once ? <ConnectionToast announce={false} /> : null;
}
