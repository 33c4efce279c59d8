// Nothing for 300 ms, then rows of the final height.
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "./ui.module.css";

const PATIENCE_MS = 300;

export function useIsLate(pending: boolean, ms = PATIENCE_MS): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!pending) return;
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [pending, ms]);
  return pending && late;
}

const ROWS = ["one", "two", "three", "four", "five", "six"];

export function Loading({ rows = 3, height = 56 }: { rows?: number; height?: number }) {
  const { t } = useTranslation();
  const late = useIsLate(true);
  if (!late) return null;
  return (
    <div className={styles.skeleton} aria-busy="true" role="status" aria-label={t("common.loading")}>
      {ROWS.slice(0, rows).map((row) => (
        <span key={row} style={{ height }}>
          <i />
          <i />
          <i />
        </span>
      ))}
    </div>
  );
}
