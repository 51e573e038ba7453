import { createContext, useContext } from "react";
import type { Sidecar } from "../data/sidecar.js";

export const SidecarContext = createContext<Sidecar | null>(null);

export function useSidecar(): Sidecar {
  const sidecar = useContext(SidecarContext);
  if (!sidecar) throw new Error("outside of the page");
  return sidecar;
}
