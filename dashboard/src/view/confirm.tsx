import { createContext, useContext, useLayoutEffect, useRef, useState, type ReactElement, type ReactNode } from "react";

export interface Question {
  title: string;
  text: string;
  /** On the button that does it. */
  action: string;
}

type Ask = (question: Question) => Promise<boolean>;

const ConfirmContext = createContext<Ask>(() => Promise.resolve(false));

/** Asks before something that cannot be taken back; Escape is no. */
export function useConfirm(): Ask {
  return useContext(ConfirmContext);
}

export function ConfirmProvider({ children }: { children: ReactNode }): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState<(Question & { answer: (yes: boolean) => void }) | null>(null);
  const ask = useRef<Ask>(
    (question) =>
      new Promise((answer) =>
        setOpen((before) => {
          before?.answer(false);
          return { ...question, answer };
        }),
      ),
  );
  useLayoutEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
  }, [open]);
  /** The event comes a moment after Escape; by then the next question may be asked. */
  const closed = (): void => {
    if (!dialog.current?.open) close(false);
  };
  const close = (yes: boolean): void => {
    open?.answer(yes);
    setOpen(null);
    dialog.current?.close();
  };
  return (
    <ConfirmContext.Provider value={ask.current}>
      {children}
      <dialog ref={dialog} id="confirm-dialog" aria-labelledby="confirm-title" onClose={closed}>
        {open && (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              close(true);
            }}
          >
            <h2 id="confirm-title">{open.title}</h2>
            <p>{open.text}</p>
            <div className="buttons">
              <button type="button" id="confirm-no" autoFocus onClick={() => close(false)}>
                Cancel
              </button>
              <button type="submit" id="confirm-yes" className="danger">
                {open.action}
              </button>
            </div>
          </form>
        )}
      </dialog>
    </ConfirmContext.Provider>
  );
}
