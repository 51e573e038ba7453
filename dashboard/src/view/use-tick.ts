import { useEffect, useState } from "react";

/** Draws the component again each second while the page is seen: for ages and countdowns. */
export function useTick(): void {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) tick((n) => n + 1);
    }, 1000);
    return () => clearInterval(timer);
  }, []);
}
