// Times, sizes and spans as people of the language write them.
import i18next from "i18next";

const t = i18next.t.bind(i18next);
const DAY_MS = 86_400_000;

// As the reader's own system writes the language: English with 24 hours or with 12.
function locale(): string {
  return navigator.languages.find((each) => each.startsWith(i18next.language)) ?? i18next.language;
}

export function clock(at: string | number | Date): string {
  return new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}

export function exact(at: string | number | Date): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "full", timeStyle: "long" }).format(new Date(at));
}

const dayOf = (at: Date): number => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
export const sameDay = (one: string, other: string): boolean => dayOf(new Date(one)) === dayOf(new Date(other));

// "Today", "Yesterday", "12 March".
export function day(at: string | number | Date, now = Date.now()): string {
  const then = new Date(at);
  const days = Math.round((dayOf(new Date(now)) - dayOf(then)) / DAY_MS);
  if (days === 0) return t("time.today");
  if (days === 1) return t("time.yesterday");
  const year = then.getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" as const };
  return new Intl.DateTimeFormat(locale(), { day: "numeric", month: "long", ...year }).format(then);
}

// In lists: the clock today, the day else.
export function brief(at: string | number | Date, now = Date.now()): string {
  const then = new Date(at);
  if (dayOf(then) === dayOf(new Date(now))) return clock(then);
  return new Intl.DateTimeFormat(locale(), { day: "numeric", month: "short" }).format(then);
}

// "0:48", "12:05", "3 h 20 min": how long something waits already.
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return t("time.hours", { hours: Math.floor(seconds / 3600), minutes: Math.floor((seconds % 3600) / 60) });
}

export function minutes(ms: number): string {
  const all = Math.max(0, Math.floor(ms / 60_000));
  if (all < 60) return t("time.minutes", { count: all });
  return t("time.hours", { hours: Math.floor(all / 60), minutes: all % 60 });
}

// In powers of two, as limits are set.
export function size(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    ++unit;
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1;
  return new Intl.NumberFormat(locale(), {
    style: "unit",
    unit: units[unit] ?? "byte",
    unitDisplay: "short",
    maximumFractionDigits: digits,
  }).format(value);
}

export const count = (value: number): string => new Intl.NumberFormat(locale()).format(value);

// Counters have three places at most.
export const counter = (value: number): string => (value > 99 ? "99+" : String(value));
