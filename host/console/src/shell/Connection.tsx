import { Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { live, useConnection } from "../api/live.ts";
import { useSessionState } from "../api/session.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Banner } from "../ui/pieces.tsx";
import { useNow } from "../ui/Relative.tsx";
import styles from "./Shell.module.css";

const ICONS = { live: "ok", connecting: "busy", broken: "warn" } as const;

export function ConnectionState({ slim }: { slim: boolean }) {
  const { t } = useTranslation();
  const { kind } = useConnection();
  const says = t(`shell.connection.${kind}`);
  return (
    <Tooltip label={says} position="right" disabled={!slim}>
      <button type="button" className={styles.nav} onClick={() => live.hurry()} title={t("shell.connection.again")}>
        <span className={styles.state} data-kind={kind}>
          <Icon name={ICONS[kind]} />
        </span>
        <span className={styles.label} aria-live="polite">
          {says}
        </span>
      </button>
    </Tooltip>
  );
}

const BRIEF_S = 3;
const BACK_MS = 8_000;

// On top of the page: a connection that is broken for longer, and what came once it was back.
export function ConnectionLines() {
  const { t } = useTranslation();
  const connection = useConnection();
  const signedIn = useSessionState().kind === "in";
  const now = useNow(1000);
  const missed = connection.kind === "live" ? connection.missed : 0;
  const [back, setBack] = useState(0);
  useEffect(() => {
    setBack(missed);
    if (missed === 0) return;
    const timer = setTimeout(() => setBack(0), BACK_MS);
    return () => clearTimeout(timer);
  }, [missed]);
  if (connection.kind === "broken" && signedIn) {
    const seconds = Math.floor((now - connection.since) / 1000);
    if (seconds < BRIEF_S) return null;
    return (
      <Banner kind="warn" icon="busy" role="status">
        <b>{t("shell.lost", { count: Math.floor(seconds / 10) * 10 || BRIEF_S })}</b> {t("shell.lostWhat")}{" "}
        <Button size="small" tone="quiet" onClick={() => live.hurry()}>
          {t("common.tryNow")}
        </Button>
      </Banner>
    );
  }
  if (back === 0) return null;
  return (
    <Banner kind="info" icon="ok" role="status">
      <b>{t("shell.back")}</b> {t("shell.missed", { count: back })}
    </Banner>
  );
}
