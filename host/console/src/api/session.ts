// Who is signed in.
import { useSyncExternalStore } from "react";
import { api, onSessionEnded, type SessionInfo, setToken, take } from "./client.ts";
import { Problem } from "./problem.ts";

// "ended": somebody was signed in, and what is on the page waits until he is again.
export type SessionState =
  | { kind: "unknown"; error?: unknown }
  | { kind: "none" }
  | { kind: "in"; session: SessionInfo }
  | { kind: "ended"; session: SessionInfo };

let state: SessionState = { kind: "unknown" };
const listeners = new Set<() => void>();

function become(next: SessionState): void {
  state = next;
  setToken(next.kind === "in" ? next.session.csrf_token : "");
  for (const listener of listeners) listener();
}

onSessionEnded(() => {
  if (state.kind === "in") become({ kind: "ended", session: state.session });
});

export const sessionNow = (): SessionState => state;

export function useSessionState(): SessionState {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, sessionNow);
}

export function useSession(): SessionInfo {
  const now = useSessionState();
  if (now.kind !== "in" && now.kind !== "ended") throw new Error("nobody is signed in");
  return now.session;
}

export async function lookWhoIsIn(): Promise<void> {
  try {
    become({ kind: "in", session: await take(api.GET("/api/v1/session")) });
  } catch (error) {
    if (error instanceof Problem && (error.status === 401 || error.status === 404)) become({ kind: "none" });
    else if (state.kind !== "in") become({ kind: "unknown", error });
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  const session = await take(api.POST("/api/v1/session", { body: { login, password } }));
  const before = state;
  // What is on the page is somebody else's.
  if (before.kind === "ended" && before.session.user.id !== session.user.id) location.reload();
  become({ kind: "in", session });
}

export async function signOut(): Promise<void> {
  try {
    const after = await take(api.DELETE("/api/v1/session"));
    if (after && typeof after === "object" && "continue" in after) {
      location.assign(String(after.continue));
      return;
    }
  } catch (error) {
    if (!(error instanceof Problem) || (error.status !== 401 && error.status !== 404)) throw error;
  }
  location.assign(document.baseURI);
}
