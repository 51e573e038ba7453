import preactLicence from "../../node_modules/preact/LICENSE?raw";
import uplotLicence from "../../node_modules/uplot/LICENSE?raw";
import { useRef, type ReactElement } from "react";

/** Licences of what is built in, and the keys. */
export function About(): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button type="button" className="link" id="about" onClick={() => dialog.current?.showModal()}>
        About
      </button>
      <dialog ref={dialog} id="about-dialog" className="wide" aria-labelledby="about-title">
        <form method="dialog">
          <h2 id="about-title">About this page</h2>
          <p>
            It comes out of the sidecar itself and asks nobody else. Key <kbd>p</kbd> holds the live operations still,{" "}
            <kbd>Esc</kbd> closes dialogs.
          </p>
          <h3>Charts by uPlot</h3>
          <pre tabIndex={0}>{uplotLicence}</pre>
          <h3>Built with Preact</h3>
          <pre tabIndex={0}>{preactLicence}</pre>
          <div className="buttons">
            <button type="submit" className="primary" autoFocus>
              Close
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
