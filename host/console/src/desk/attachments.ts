// Files of the message that is being written: checked against the channel, then uploaded at once.
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { size } from "../i18n/format.ts";
import { reasonOf } from "../ui/Failed.tsx";
import { type FileLimit, troubleOf } from "./channel.ts";
import { type Draft, NO_DRAFT, setDraft, useDraft } from "./drafts.ts";
import { readKept } from "./kept.ts";
import type { SentFile } from "./outbox.ts";
import { type Upload, upload } from "./uploads.ts";

export interface Tile {
  key: string;
  name: string;
  type: string;
  size: number;
  share?: number; // of what went, while it goes
  problem?: string;
  preview?: string;
  retry?: () => void;
}

export interface Attachments {
  tiles: Tile[];
  ready: SentFile[];
  isBusy: boolean; // some are under way or refused
  add: (files: File[]) => void;
  remove: (key: string) => void;
  clear: () => void;
}

interface Going extends Tile {
  file: File;
  upload?: Upload;
}

const draftOf = (chat: string): Draft => readKept("drafts", NO_DRAFT)[chat] ?? { text: "", files: [] };

export function useAttachments(chat: string, limits: readonly FileLimit[] | undefined): Attachments {
  const { t } = useTranslation();
  const draft = useDraft(chat);
  const [going, setGoing] = useState<Going[]>([]);
  const previews = useRef(new Map<string, string>());
  const last = useRef(0);

  useEffect(() => {
    const all = previews.current;
    return () => {
      for (const address of all.values()) URL.revokeObjectURL(address);
    };
  }, []);

  const change = useCallback((key: string, next: Partial<Going>) => {
    setGoing((before) => before.map((each) => (each.key === key ? { ...each, ...next } : each)));
  }, []);

  const start = useCallback(
    (key: string, file: File) => {
      const run = upload(file, (share) => change(key, { share }));
      setGoing((before) =>
        before.map(({ problem: _, ...each }) =>
          each.key === key
            ? { ...each, upload: run, share: 0 }
            : { ...each, ...(_ === undefined ? {} : { problem: _ }) },
        ),
      );
      run.done.then(
        (done) => {
          const preview = previews.current.get(key);
          if (preview) previews.current.set(done.id, preview);
          setGoing((before) => before.filter((each) => each.key !== key));
          const { text, files } = draftOf(chat);
          setDraft(chat, { text, files: [...files, done] });
        },
        (error: unknown) => {
          if (error instanceof DOMException) return;
          change(key, { problem: reasonOf(error, t("composer.uploadBroken")) });
        },
      );
    },
    [change, chat, t],
  );

  const add = useCallback(
    (files: File[]) => {
      for (const file of files) {
        const key = `new-${++last.current}`;
        const trouble = limits ? troubleOf(file, limits) : null;
        const problem =
          file.size === 0
            ? t("composer.emptyFile")
            : trouble?.kind === "type"
              ? t("composer.wrongType")
              : trouble
                ? t("composer.tooBig", { max: size(trouble.max), size: size(file.size) })
                : undefined;
        if (file.type.startsWith("image/")) previews.current.set(key, URL.createObjectURL(file));
        const tile: Going = {
          key,
          name: file.name || t("composer.pasted"),
          type: file.type,
          size: file.size,
          file,
          ...(problem ? { problem } : {}),
        };
        setGoing((before) => [...before, tile]);
        if (!problem) start(key, file);
      }
    },
    [limits, start, t],
  );

  const remove = (key: string) => {
    going.find((each) => each.key === key)?.upload?.cancel();
    setGoing((before) => before.filter((each) => each.key !== key));
    const { text, files } = draftOf(chat);
    if (files.some(({ id }) => id === key)) setDraft(chat, { text, files: files.filter(({ id }) => id !== key) });
  };

  const shown = (key: string) => {
    const preview = previews.current.get(key);
    return preview ? { preview } : {};
  };
  const tiles: Tile[] = [
    ...draft.files.map((file) => ({
      key: file.id,
      name: file.name,
      type: file.type,
      size: file.size,
      ...shown(file.id),
    })),
    ...going.map(({ file, upload: run, ...tile }) => ({
      ...tile,
      ...shown(tile.key),
      ...(tile.problem && run ? { retry: () => start(tile.key, file) } : {}),
    })),
  ];
  return { tiles, ready: draft.files, isBusy: going.length > 0, add, remove, clear: () => setGoing([]) };
}
