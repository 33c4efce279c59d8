// Short tones, made here: no file is loaded. A browser may refuse until the page was touched.
const KEPT = "pb.sound";
const QUIET_MS = 10_000;
let context: AudioContext | undefined;
const lastAt = new Map<string, number>();

export const soundIsOn = (): boolean => localStorage.getItem(KEPT) !== "off";

export function switchSound(): boolean {
  const on = !soundIsOn();
  localStorage.setItem(KEPT, on ? "on" : "off");
  return on;
}

const TONES = { offer: [660, 880], message: [740] } as const;

// Of one thing once in 10 s.
export function ring(kind: keyof typeof TONES, of: string): void {
  const now = Date.now();
  if (!soundIsOn() || now - (lastAt.get(of) ?? 0) < QUIET_MS) return;
  lastAt.set(of, now);
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") return;
    let at = context.currentTime;
    for (const frequency of TONES[kind]) {
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0.08, at);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.18);
      tone.connect(volume).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.2);
      at += 0.14;
    }
  } catch {
    // no sound on this machine
  }
}

// The first touch of the page allows sound.
window.addEventListener("pointerdown", () => void context?.resume(), { passive: true });
window.addEventListener("keydown", () => void context?.resume(), { passive: true });
