import { useEffect, useState } from "react";

const names = ["text", "muted", "line", "grid", "card", "bad", "outage", "s1", "s2", "s3"] as const;
export type Theme = Record<(typeof names)[number], string>;

function read(): Theme {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Theme;
}

/** The page's colours for what is painted and not styled; anew when the machine goes dark or light. */
export function useTheme(): Theme {
  const [theme, setTheme] = useState(read);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const change = (): void => setTheme(read());
    dark.addEventListener("change", change);
    return () => dark.removeEventListener("change", change);
  }, []);
  return theme;
}
