// One vocabulary of states: nobody chooses colours, and a word stands beside each icon.
import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon.tsx";
import styles from "./ui.module.css";

export type StateName = "works" | "running" | "waiting" | "uncertain" | "attention" | "stopped" | "off";

const ICONS: Record<StateName, IconName> = {
  works: "ok",
  running: "busy",
  waiting: "wait",
  uncertain: "ask",
  attention: "warn",
  stopped: "bad",
  off: "off",
};

export function State({ state, children }: { state: StateName; children: ReactNode }) {
  return (
    <span className={styles.state} data-state={state}>
      <Icon name={ICONS[state]} size={16} />
      {children}
    </span>
  );
}
