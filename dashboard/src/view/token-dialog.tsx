import { useStore } from "@pgsidecar/client/react";
import { useEffect, useRef, useState, type ReactElement } from "react";
import { useSidecar } from "./context.js";

/** Opens when the sidecar wants a token; closed by Escape, it leaves a button behind. */
export function TokenDialog(): ReactElement | null {
  const sidecar = useSidecar();
  const state = useStore(sidecar.token);
  const dialog = useRef<HTMLDialogElement>(null);
  const [value, setValue] = useState("");
  const wanted = state !== "fine";
  useEffect(() => {
    if (wanted) dialog.current?.showModal();
    else dialog.current?.close();
  }, [wanted, state]);
  return (
    <>
      {wanted && (
        <div className="banner" data-tone="warn">
          <span>This sidecar is protected.</span>
          <button type="button" id="enter-token" onClick={() => dialog.current?.showModal()}>
            Enter token
          </button>
        </div>
      )}
      <dialog id="token-dialog" aria-labelledby="token-title" ref={dialog}>
        <form
          id="token-form"
          onSubmit={(event) => {
            event.preventDefault();
            sidecar.giveToken(value);
            setValue("");
          }}
        >
          <h2 id="token-title">A token is needed</h2>
          <p className="muted">
            This sidecar is protected. Enter the value of its setting <code>http.token</code>, or a token you were given; it is
            kept in this tab only.
          </p>
          <label className="field">
            Token
            <input type="password" id="token" autoComplete="off" required value={value} onChange={({ currentTarget }) => setValue(currentTarget.value)} />
          </label>
          {state === "refused" && (
            <p className="wrong" id="token-wrong">
              That token was refused.
            </p>
          )}
          <div className="buttons">
            <button type="submit" className="primary">
              Continue
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
