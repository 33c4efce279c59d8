// The channel of a chat: what it is called and what it can carry.
import { useQuery } from "@tanstack/react-query";
import { api, take } from "../api/client.ts";
import { keys } from "../api/queries.ts";

export interface FileLimit {
  kind: string;
  types: string[];
  max_bytes: number;
}

export function useChannel(id: string) {
  return useQuery({
    queryKey: keys.channel(id),
    queryFn: () => take(api.GET("/api/v1/desk/chats/{id}/channel", { params: { path: { id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

const fits = (types: readonly string[], type: string): boolean =>
  types.some((each) => each === "*/*" || each === type || (each.endsWith("/*") && type.startsWith(each.slice(0, -1))));

export type FileTrouble = { kind: "type" } | { kind: "size"; max: number };

// As the host will judge: a file goes as its own kind where the channel takes that, else as a document.
export function troubleOf(file: { type: string; size: number }, limits: readonly FileLimit[]): FileTrouble | null {
  const type = file.type || "application/octet-stream";
  const own = type.split("/")[0] ?? "";
  const kinds = type === "image/gif" ? ["animation", "image"] : own === "audio" ? ["audio", "voice"] : [own];
  const found = [...kinds, "document"]
    .map((kind) => limits.find((each) => each.kind === kind && fits(each.types, type)))
    .find((each) => each !== undefined);
  if (!found) return { kind: "type" };
  return found.max_bytes > 0 && file.size > found.max_bytes ? { kind: "size", max: found.max_bytes } : null;
}
