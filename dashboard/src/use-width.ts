import { useEffect, useRef, useState, type RefObject } from "react";

/** The width of an element in px, now and whenever it changes; 0 before it is there. */
export function useWidth<E extends HTMLElement>(): [RefObject<E | null>, number] {
  const place = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current!;
    const look = (): void => setWidth(element.clientWidth);
    const resized = new ResizeObserver(look);
    resized.observe(element);
    look();
    return () => resized.disconnect();
  }, []);
  return [place, width];
}
