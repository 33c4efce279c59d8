// How long something lasts already, ticking; the exact time in the tooltip.
import { useEffect, useState } from "react";
import { exact } from "../i18n/format.ts";

export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function Lasting({
  since,
  show,
  everyMs = 1000,
}: {
  since: string;
  show: (ms: number) => string;
  everyMs?: number;
}) {
  const now = useNow(everyMs);
  return (
    <time dateTime={since} title={exact(since)} className="num">
      {show(now - new Date(since).getTime())}
    </time>
  );
}
