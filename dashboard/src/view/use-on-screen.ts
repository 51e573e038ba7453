import { useEffect, useRef, useState, type RefObject } from "react";

/** True while the element is on the screen or nearly so: only then it asks the sidecar for anything. */
export function useOnScreen<E extends Element>(): [RefObject<E | null>, boolean] {
  const element = useRef<E>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const watched = element.current;
    if (!watched) return;
    const observer = new IntersectionObserver(
      (entries) => setSeen(entries.some(({ isIntersecting }) => isIntersecting)),
      { rootMargin: "250px" },
    );
    observer.observe(watched);
    return () => observer.disconnect();
  }, []);
  return [element, seen];
}
