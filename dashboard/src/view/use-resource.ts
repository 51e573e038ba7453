import { useStore } from "@pgsidecar/client/react";
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "../data/api.js";
import { useSidecar } from "./context.js";

export interface Resource<T> {
  /** The newest answer; stays while later ones fail. */
  data: T | null;
  fault: ApiError | null;
  refresh(): Promise<void>;
}

/** An answer of the API, asked for again and again while `active` and the page is seen. */
export function useResource<T>(path: string, everyMs: number, active = true): Resource<T> {
  const { api, token, contact } = useSidecar();
  const [state, setState] = useState<{ data: T | null; fault: ApiError | null }>({ data: null, fault: null });
  const open = useStore(token) === "fine";
  const reachable = useStore(contact).ok;
  const asked = useRef(0);

  const refresh = useCallback(async () => {
    const mine = ++asked.current;
    try {
      const data = await api.get<T>(path);
      if (mine === asked.current) setState({ data, fault: null });
    } catch (fault) {
      if (mine === asked.current) setState(({ data }) => ({ data, fault: fault as ApiError }));
    }
  }, [api, path]);

  useEffect(() => {
    if (!active || !open || !reachable) return;
    void refresh();
    const timer = setInterval(() => {
      if (!document.hidden) void refresh();
    }, everyMs);
    return () => clearInterval(timer);
  }, [refresh, everyMs, active, open, reachable]);

  return { ...state, refresh };
}
