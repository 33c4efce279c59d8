// Files on their way to the host, with progress.
import { headersOf, SITE, sessionHasEnded } from "../api/client.ts";
import { Problem, secondsOf, Unreachable } from "../api/problem.ts";
import type { SentFile } from "./outbox.ts";

export interface Upload {
  readonly done: Promise<SentFile>;
  cancel(): void;
}

// fetch tells nothing of how far a body went.
export function upload(file: File, progress: (share: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<SentFile>((resolve, reject) => {
    request.open("POST", `${SITE}/api/v1/desk/files`);
    for (const [name, value] of Object.entries(headersOf())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onerror = () => reject(new Unreachable());
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    request.onload = () => {
      if (request.status === 201) {
        const { id, name, type, size } = request.response as SentFile;
        return resolve({ id, name, type, size });
      }
      if (request.status === 401) sessionHasEnded();
      reject(
        new Problem(
          request.status,
          (request.response ?? {}) as object,
          secondsOf(request.getResponseHeader("retry-after")),
        ),
      );
    };
    const form = new FormData();
    form.append("file", file, file.name || "file");
    request.send(form);
  });
  return { done, cancel: () => request.abort() };
}
