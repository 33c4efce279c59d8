// Files in messages: pictures and sound are shown, the rest is offered for saving.
import { Modal } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Message } from "../api/client.ts";
import { size as sizeIn } from "../i18n/format.ts";
import { Icon } from "../ui/Icon.tsx";
import styles from "./Conversation.module.css";
import { fileAddress } from "./data.ts";

type Attachment = Message["attachments"][number];

// As the host lets a browser show them.
const PICTURES = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);
const SOUNDS = new Set(["audio/mpeg", "audio/ogg", "audio/wav", "audio/flac", "audio/mp4", "audio/webm"]);

export function shortType(name: string, type: string): string {
  const ending = /\.([a-z0-9]{1,4})$/i.exec(name)?.[1];
  return (ending ?? type.split("/")[1]?.slice(0, 4) ?? "file").toUpperCase();
}

interface TileProps {
  name: string;
  type: string;
  size?: number | null | undefined;
  says?: ReactNode;
  problem?: string | undefined;
  preview?: string | undefined;
  children?: ReactNode;
}

export function FileTile({ name, type, size, says, problem, preview, children }: TileProps) {
  return (
    <span className={styles.file}>
      {preview ? (
        <img className={styles.kind} src={preview} alt="" />
      ) : (
        <span className={styles.kind}>{shortType(name, type)}</span>
      )}
      <span className="cut">
        <b className="cut" title={name}>
          {name}
        </b>
        {problem ? (
          <small data-bad="">{problem}</small>
        ) : (
          <small className="cut">{says ?? (size ? sizeIn(size) : "")}</small>
        )}
      </span>
      <span>{children}</span>
    </span>
  );
}

export function MessageFile({ chat, file }: { chat: string; file: Attachment }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const name = file.name || t("message.kinds.document");
  if (!file.id || file.state === "failed") {
    return <FileTile name={name} type={file.type} problem={file.reason ?? t("message.fileFailed")} />;
  }
  if (file.state === "pending") return <FileTile name={name} type={file.type} says={t("message.filePending")} />;
  const address = fileAddress(chat, file.id);
  if (PICTURES.has(file.type)) {
    const alt = file.name ? t("message.picture", { name: file.name }) : t("message.kinds.image");
    const measures = file.width && file.height ? { width: file.width, height: file.height } : {};
    return (
      <>
        <button
          type="button"
          className={styles.picture}
          onClick={() => setOpened(true)}
          aria-label={t("message.enlarge", { name })}
        >
          <img src={address} alt={alt} loading="lazy" {...measures} />
        </button>
        <Modal
          opened={opened}
          onClose={() => setOpened(false)}
          title={name}
          size="auto"
          closeButtonProps={{ "aria-label": t("common.close") }}
        >
          <div className={styles.sheet}>
            <img src={address} alt={alt} />
          </div>
        </Modal>
      </>
    );
  }
  if (SOUNDS.has(file.type)) {
    // biome-ignore lint/a11y/useMediaCaption: nobody has written any
    return <audio className={styles.player} src={address} controls preload="none" aria-label={name} />;
  }
  if (file.type === "video/mp4") {
    // biome-ignore lint/a11y/useMediaCaption: nobody has written any
    return <video className={styles.player} src={address} controls preload="metadata" aria-label={name} />;
  }
  return (
    <FileTile name={name} type={file.type} size={file.size}>
      <a className={styles.download} href={address} download={name} aria-label={t("message.download", { name })}>
        <Icon name="dl" size={16} />
      </a>
    </FileTile>
  );
}
