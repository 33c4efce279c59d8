// Small things that many pages show.
import type { ReactNode } from "react";
import { counter } from "../i18n/format.ts";
import { Icon, type IconName } from "./Icon.tsx";
import styles from "./ui.module.css";

// "hot": waits for me; "bad": broken. What it counts is said by `label`.
export function Counter({ value, kind, label }: { value: number; kind?: "hot" | "bad"; label: string }) {
  if (value <= 0) return null;
  return (
    <span className={styles.counter} data-kind={kind}>
      <span aria-hidden="true">{counter(value)}</span>
      <span className="sr">{label}</span>
    </span>
  );
}

export const Tag = ({ children }: { children: ReactNode }) => <span className={styles.tag}>{children}</span>;

export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  if (letters.length === 1) return [...(letters[0] ?? "?")].slice(0, 2).join("").toLocaleUpperCase();
  return letters
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toLocaleUpperCase();
}

const COLOURS = [styles.c1, styles.c2, styles.c3, styles.c4];

// The same thing has the same colour everywhere; it means nothing.
function colourOf(key: string): string {
  let sum = 0;
  for (const char of key) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return COLOURS[sum % COLOURS.length] ?? "";
}

export function Avatar({ name, of, size }: { name: string; of: string; size?: "small" | "large" }) {
  return (
    <span className={`${styles.avatar} ${colourOf(of)}`} data-size={size} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

// Two letters of a channel's plugin; its name stands elsewhere too.
export function Tile({ name }: { name: string }) {
  return (
    <span className={`${styles.tile} ${colourOf(name)}`} aria-hidden="true">
      {name.slice(0, 1).toLocaleUpperCase()}
      {name.slice(1, 2)}
    </span>
  );
}

export function Banner({
  kind,
  icon,
  children,
  role,
}: {
  kind?: "warn" | "bad" | "info";
  icon: IconName;
  children: ReactNode;
  role?: "alert" | "status";
}) {
  return (
    <div className={styles.banner} data-kind={kind} role={role}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

interface EmptyProps {
  kind?: "works" | "stopped" | "plain";
  icon?: IconName;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}

export function Empty({ kind = "plain", icon, title, children, actions }: EmptyProps) {
  return (
    <div className={styles.empty} data-kind={kind} role={kind === "stopped" ? "alert" : undefined}>
      {icon && <Icon name={icon} size={20} />}
      <h3>{title}</h3>
      {children && <p>{children}</p>}
      {actions && <div className={styles.acts}>{actions}</div>}
    </div>
  );
}
