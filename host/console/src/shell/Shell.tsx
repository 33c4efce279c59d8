// What is around every page: rail or tab bar, the state of the connection, what one was told, oneself.
import { Tooltip, useMantineColorScheme } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, Outlet, useMatch, useNavigate } from "react-router";
import { live, useConnection } from "../api/live.ts";
import { applyEvent } from "../api/queries.ts";
import { useSession, useSessionState } from "../api/session.ts";
import { type Pending, usePending } from "../desk/pending.ts";
import { Brand } from "../ui/Brand.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Counter } from "../ui/pieces.tsx";
import { useShortcuts } from "../ui/shortcuts.ts";
import { Toasts, undoLast } from "../ui/toasts.tsx";
import { ConnectionLines, ConnectionState } from "./Connection.tsx";
import { KeysDialog } from "./KeysDialog.tsx";
import { MeMenu } from "./MeMenu.tsx";
import { Notifications } from "./Notifications.tsx";
import styles from "./Shell.module.css";

export interface Entry {
  to: string;
  icon: IconName;
  name: "shell.desk";
  needs: string | null; // an operation of the user; null: everybody
  waiting: (pending: Pending) => number;
}

// Pages that there are. Others come with their pages.
const ENTRIES: Entry[] = [
  { to: "/desk", icon: "desk", name: "shell.desk", needs: null, waiting: ({ offers, unread }) => offers + unread },
];

const KEPT = "pb.rail";

function useRail(): [boolean, () => void] {
  const [slim, setSlim] = useState(() => localStorage.getItem(KEPT) !== "wide");
  const toggle = () => {
    localStorage.setItem(KEPT, slim ? "wide" : "slim");
    setSlim(!slim);
  };
  return [slim, toggle];
}

function useLiveEvents(): void {
  const signedIn = useSessionState().kind === "in";
  useEffect(() => live.follow(applyEvent), []);
  useEffect(() => (signedIn ? live.start() : undefined), [signedIn]);
}

export function Shell() {
  const { t } = useTranslation();
  const { operations } = useSession();
  const navigate = useNavigate();
  const inChat = useMatch("/desk/chats/:chat") !== null;
  const [slim, toggleRail] = useRail();
  const [help, setHelp] = useState(false);
  const pending = usePending();
  const broken = useConnection().kind === "broken";
  useLiveEvents();
  useMantineColorScheme(); // follows the system's while nothing is chosen
  const [afterG, setAfterG] = useState(0);
  useShortcuts({
    "[": toggleRail,
    "?": () => setHelp(true),
    z: () => undoLast(),
    g: () => setAfterG(Date.now()),
    d: () => {
      if (Date.now() - afterG < 1500) void navigate("/desk");
    },
  });
  const entries = ENTRIES.filter(({ needs }) => needs === null || operations.includes(needs));
  const toContent = (event: { preventDefault: () => void }) => {
    event.preventDefault(); // below <base> an address of only a fragment leads to the front page
    const main = document.getElementById("main");
    main?.setAttribute("tabindex", "-1");
    main?.focus();
  };
  return (
    <div className={styles.app} data-slim={slim || undefined} data-whole={inChat || undefined}>
      {/* biome-ignore lint/a11y/useValidAnchor: it is one; only <base> makes it need help */}
      <a className={styles.skip} href="#main" onClick={toContent}>
        {t("shell.skip")}
      </a>
      <nav className={styles.rail} aria-label={t("shell.main")}>
        <div className={styles.brand}>
          <Brand />
          <span className={styles.label}>Patchbay</span>
        </div>
        {entries.map(({ to, icon, name, waiting }) => (
          <Tooltip key={to} label={t(name)} position="right" disabled={!slim}>
            <NavLink to={to} className={styles.nav ?? ""}>
              <Icon name={icon} />
              <span className={`${styles.label} cut`}>{t(name)}</span>
              <span className={styles.count}>
                <Counter value={waiting(pending)} kind="hot" label={t("shell.waiting", { count: waiting(pending) })} />
              </span>
            </NavLink>
          </Tooltip>
        ))}
        <div className={styles.foot}>
          <ConnectionState slim={slim} />
          <Notifications className={styles.nav} labelClass={styles.label} countClass={styles.count} slim={slim} />
          <MeMenu
            className={`${styles.nav} ${styles.me}`}
            labelClass={styles.label}
            slim={slim}
            onKeys={() => setHelp(true)}
          />
        </div>
      </nav>
      <div className={styles.lines}>
        <ConnectionLines />
      </div>
      <div className={styles.content} data-broken={broken || undefined}>
        <Outlet />
      </div>
      <nav className={styles.tabs} aria-label={t("shell.main")}>
        {entries.map(({ to, icon, name, waiting }) => (
          <NavLink key={to} to={to} className={styles.tab ?? ""}>
            <Icon name={icon} size={20} />
            <span className="cut">{t(name)}</span>
            <span className={styles.count}>
              <Counter value={waiting(pending)} kind="hot" label={t("shell.waiting", { count: waiting(pending) })} />
            </span>
          </NavLink>
        ))}
        <Notifications className={styles.tab} labelClass="cut" countClass={styles.count} slim={false} />
        <MeMenu className={styles.tab ?? ""} labelClass="cut" slim={false} onKeys={() => setHelp(true)} brief />
      </nav>
      <KeysDialog opened={help} onClose={() => setHelp(false)} />
      <Toasts />
    </div>
  );
}
