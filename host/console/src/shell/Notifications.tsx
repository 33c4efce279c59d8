import { Popover } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client.ts";
import { keys, queries } from "../api/queries.ts";
import { brief, exact } from "../i18n/format.ts";
import { Button, TipButton } from "../ui/Button.tsx";
import { Failed, reasonOf } from "../ui/Failed.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Loading } from "../ui/Loading.tsx";
import { Counter, Empty } from "../ui/pieces.tsx";
import { toast } from "../ui/toasts.tsx";
import styles from "./Shell.module.css";

const LIMIT = 50;

export function useNotifications() {
  return useQuery({
    queryKey: keys.notifications,
    queryFn: async () => {
      const [list, { unread }] = await Promise.all([
        take(api.GET("/api/v1/notifications", { params: { query: { limit: LIMIT } } })),
        take(api.GET("/api/v1/notifications/unread")),
      ]);
      return { items: list.items, unread };
    },
  });
}

export async function markRead(until?: string): Promise<void> {
  await take(api.POST("/api/v1/notifications/read", { body: until ? { until } : {} }));
  await queries.invalidateQueries({ queryKey: keys.notifications });
}

function look(kind: string): { icon: "bad" | "warn" | "off"; kind: string } {
  if (kind.startsWith("integration.")) return { icon: "bad", kind: "bad" };
  if (kind.startsWith("operator.")) return { icon: "off", kind: "off" };
  return { icon: "warn", kind: "warn" };
}

interface Props {
  className: string | undefined;
  labelClass: string | undefined;
  countClass: string | undefined;
  slim: boolean;
}

export function Notifications({ className, labelClass, countClass, slim }: Props) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const { data, error, refetch } = useNotifications();
  const newest = data?.items[0]?.id;
  const readAll = () => void markRead(newest).catch((reason) => toast(reasonOf(reason, t("common.unreachable"))));
  const unread = data?.unread ?? 0;
  return (
    <Popover opened={opened} onChange={setOpened} position="right-end" trapFocus returnFocus shadow="xl" radius="md">
      <Popover.Target>
        <TipButton
          tip={t("shell.notifications")}
          quiet={!slim || opened}
          className={className}
          onClick={() => setOpened(!opened)}
        >
          <Icon name="bell" size={className === styles.tab ? 20 : 18} />
          <span className={labelClass}>{t("shell.notifications")}</span>
          <span className={countClass}>
            <Counter value={unread} label={t("shell.unread", { count: unread })} />
          </span>
        </TipButton>
      </Popover.Target>
      <Popover.Dropdown p={0} className={styles.popover ?? ""} aria-label={t("shell.notifications")}>
        <div className={styles.popHead}>
          <h2>{t("shell.notifications")}</h2>
          {unread > 0 && (
            <Button size="small" tone="quiet" icon="check" onClick={readAll}>
              {t("shell.readAll")}
            </Button>
          )}
        </div>
        {error && !data && <Failed title={t("shell.notificationsFailed")} error={error} again={() => void refetch()} />}
        {!error && !data && <Loading rows={3} />}
        {data?.items.length === 0 && (
          <Empty kind="works" icon="ok" title={t("shell.nothingNew")}>
            {t("shell.nothingNewWhat")}
          </Empty>
        )}
        {data && data.items.length > 0 && (
          <ul className={styles.notes}>
            {data.items.map((one) => (
              <li key={one.id} className={styles.note} data-unread={!one.read || undefined}>
                <Icon name={look(one.kind).icon} data-kind={look(one.kind).kind} />
                <p>
                  {one.text}
                  {!one.read && <span className="sr"> ({t("shell.new")})</span>}
                </p>
                <time dateTime={one.at} title={exact(one.at)}>
                  {brief(one.at)}
                </time>
              </li>
            ))}
          </ul>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
