// One chat: its head, what was said, and where one writes.
import { Menu } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { Problem } from "../api/problem.ts";
import { useSession } from "../api/session.ts";
import { minutes } from "../i18n/format.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { Failed, reasonOf } from "../ui/Failed.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Loading } from "../ui/Loading.tsx";
import { Banner, Empty } from "../ui/pieces.tsx";
import { Lasting } from "../ui/Relative.tsx";
import { useShortcuts } from "../ui/shortcuts.ts";
import { toast } from "../ui/toasts.tsx";
import { useAttachments } from "./attachments.ts";
import { Composer } from "./Composer.tsx";
import styles from "./Conversation.module.css";
import { useChannel } from "./channel.ts";
import { accept, handBack, useChat, useColleagues, useDesk, useHistory, useMessages } from "./data.ts";
import { bringBack, finishNow, hide } from "./finishing.ts";
import { Log } from "./Log.tsx";
import { TransferDialog } from "./TransferDialog.tsx";

interface Props {
  id: string;
  isMine: boolean;
  isNarrow: boolean | undefined;
  card: (() => void) | undefined; // opens the client's card where it has no place of its own
}

export function Conversation({ id, isMine, isNarrow, card }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { user } = useSession();
  const chat = useChat(id);
  const messages = useMessages(id);
  const history = useHistory(id);
  const { data: desk } = useDesk();
  const { data: channel } = useChannel(id);
  const files = useAttachments(id, channel?.files);
  const [dragging, setDragging] = useState(0);

  if (chat.error && !chat.data) {
    const isGone = chat.error instanceof Problem && chat.error.status === 404;
    if (!isGone)
      return <Failed title={t("conversation.failed")} error={chat.error} again={() => void chat.refetch()} />;
    return (
      <Empty
        icon="desk"
        title={t("conversation.gone")}
        actions={<Button onClick={() => void navigate("/desk")}>{t("app.toDesk")}</Button>}
      >
        {t("conversation.goneWhat")}
      </Empty>
    );
  }
  const mine = desk?.chats.find((each) => each.id === id);
  const isOpen = mine?.state === "in_progress" && chat.data?.state !== "finished";
  const isOffered = !isOpen && (mine?.state === "assigned" || (desk?.offers.some((each) => each.id === id) ?? false));
  const since = history.data?.findLast(({ reason, operator }) => reason === "accepted" && operator === user.id)?.at;
  const drop = (event: React.DragEvent) => {
    event.preventDefault();
    setDragging(0);
    files.add([...event.dataTransfer.files]);
  };
  const hasFiles = (event: React.DragEvent) => event.dataTransfer.types.includes("Files");
  return (
    <>
      <Head
        id={id}
        title={chat.data?.title}
        since={isOpen ? since : undefined}
        isOpen={isOpen}
        isNarrow={isNarrow}
        card={card}
      />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button beside the text does the same */}
      <div
        className={styles.middle}
        onDragEnter={(event) => isOpen && hasFiles(event) && setDragging((depth) => depth + 1)}
        onDragLeave={(event) => isOpen && hasFiles(event) && setDragging((depth) => Math.max(0, depth - 1))}
        onDragOver={(event) => isOpen && hasFiles(event) && event.preventDefault()}
        onDrop={(event) => isOpen && hasFiles(event) && drop(event)}
      >
        {dragging > 0 && <div className={styles.drop}>{t("composer.dropHere")}</div>}
        {messages.error && !messages.data && (
          <Failed
            title={t("conversation.messagesFailed")}
            error={messages.error}
            again={() => void messages.refetch()}
          />
        )}
        {messages.isPending && <Loading rows={5} height={64} />}
        {messages.data && (
          <Log id={id} messages={messages.data} history={history.data ?? []} client={chat.data?.title ?? ""} />
        )}
        {isOpen && <Composer id={id} name={chat.data?.title ?? ""} channel={channel} files={files} />}
        {isOffered && <AcceptBar id={id} />}
        {chat.data && desk && !isOpen && !isOffered && (
          <div style={{ padding: 16 }}>
            <Banner icon={chat.data.state === "finished" ? "check" : "people"} role="status">
              {chat.data.state === "finished"
                ? t("conversation.finished")
                : isMine
                  ? t("conversation.closed")
                  : t("conversation.notYours")}
            </Banner>
          </div>
        )}
      </div>
    </>
  );
}

function AcceptBar({ id }: { id: string }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const take = async () => {
    setBusy(true);
    await accept(id).catch((error) => toast(reasonOf(error, t("common.unreachable"))));
    setBusy(false);
  };
  return (
    <div style={{ padding: 16 }}>
      <Button tone="primary" size="large" wide busy={busy} onClick={() => void take()}>
        {t("offer.accept")}
      </Button>
    </div>
  );
}

interface HeadProps {
  id: string;
  title: string | undefined;
  since: string | undefined;
  isOpen: boolean;
  isNarrow: boolean | undefined;
  card: (() => void) | undefined;
}

function Head({ id, title, since, isOpen, isNarrow, card }: HeadProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data: chat } = useChat(id);
  const { data: channel } = useChannel(id);
  const { data: colleagues } = useColleagues();
  const [transferring, setTransferring] = useState(false);
  const name = title || t("desk.nameless");
  const queue = colleagues?.queues.find((each) => each.id === chat?.queue)?.name;

  const finishIt = () => {
    hide(id);
    void navigate("/desk");
    const back = () => {
      bringBack(id);
      void navigate(`/desk/chats/${id}`);
    };
    const end = () => void finishNow(id).catch((error) => toast(reasonOf(error, t("common.unreachable"))));
    toast(t("conversation.finishedToast", { name }), back, end);
  };
  const giveBack = async () => {
    try {
      await handBack(id);
      void navigate("/desk");
      toast(t("conversation.handedBack", { name }));
    } catch (error) {
      toast(reasonOf(error, t("common.unreachable")));
    }
  };
  useShortcuts(isOpen ? { t: () => setTransferring(true), "Shift+F": finishIt } : {});

  const facts = [channel?.name, queue && t("conversation.queue", { queue })].filter(Boolean).join(" · ");
  return (
    <header className={styles.head}>
      {isNarrow && <IconButton icon="back" label={t("conversation.back")} onClick={() => void navigate("/desk")} />}
      <div>
        <h2 className="cut" title={name}>
          {name}
        </h2>
        <p className="cut">
          {facts}
          {since && (
            <>
              {facts && " · "}
              {t("conversation.inProgress")} <Lasting since={since} show={minutes} everyMs={10_000} />
            </>
          )}
        </p>
      </div>
      {isOpen && !isNarrow && (
        <>
          <Button tone="quiet" icon="swap" keys="T" aria-keyshortcuts="T" onClick={() => setTransferring(true)}>
            {t("conversation.transfer")}
          </Button>
          <Button icon="check" keys="Shift F" aria-keyshortcuts="Shift+F" onClick={finishIt}>
            {t("conversation.finish")}
          </Button>
        </>
      )}
      {card && <IconButton icon="contact" label={t("client.title")} onClick={card} />}
      {isOpen && (
        <Menu position="bottom-end" shadow="xl" radius="md" width={220}>
          <Menu.Target>
            <IconButton icon="more" label={t("common.more")} />
          </Menu.Target>
          <Menu.Dropdown>
            {isNarrow && (
              <>
                <Menu.Item leftSection={<Icon name="check" size={16} />} onClick={finishIt}>
                  {t("conversation.finish")}
                </Menu.Item>
                <Menu.Item leftSection={<Icon name="swap" size={16} />} onClick={() => setTransferring(true)}>
                  {t("conversation.transfer")}
                </Menu.Item>
              </>
            )}
            <Menu.Item leftSection={<Icon name="reply" size={16} />} onClick={() => void giveBack()}>
              {t("conversation.handBack")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <TransferDialog id={id} name={name} opened={transferring} onClose={() => setTransferring(false)} />
    </header>
  );
}
