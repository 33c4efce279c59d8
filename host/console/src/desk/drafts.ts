// What is half written, per chat: it survives a reload, another chat and a broken connection.
import { keep, readKept, useKept } from "./kept.ts";
import type { SentFile } from "./outbox.ts";

export interface Draft {
  text: string;
  files: SentFile[];
}

export const NO_DRAFT: Record<string, Draft> = {};
const EMPTY: Draft = { text: "", files: [] };
const MOST = 200;

export function setDraft(chat: string, draft: Draft): void {
  const { [chat]: _, ...others } = readKept("drafts", NO_DRAFT);
  const isEmpty = draft.text === "" && draft.files.length === 0;
  keep(
    "drafts",
    Object.fromEntries([...Object.entries(others), ...(isEmpty ? [] : [[chat, draft] as const])].slice(-MOST)),
  );
}

export function useDraft(chat: string): Draft {
  return useKept<Record<string, Draft>>("drafts", NO_DRAFT)[0][chat] ?? EMPTY;
}
