// Drawings of the design, 20 by 20, in the colour of their text.
import type { JSX, SVGProps } from "react";

const SHAPES = {
  back: (
    <>
      <path d="M12 5.5 7.5 10l4.5 4.5" />
    </>
  ),
  bad: (
    <>
      <path d="M6.9 2.800h6.200l4.1 4.100v6.200l-4.1 4.100H6.900l-4.1-4.100V6.900z" />
      <path d="m7.5 7.5 5 5M12.5 7.500l-5 5" />
    </>
  ),
  ask: (
    <>
      <circle cx="10" cy="10" r="7.2" />
      <path d="M8 8.200a2 2 0 1 1 2.9 1.800c-.6.3-.9.7-.9 1.400M10 13.700v.1" />
    </>
  ),
  bell: (
    <>
      <path d="M5.2 13.500V9a4.8 4.8 0 0 1 9.6 0v4.500l1.2 1.300H4z" />
      <path d="M8.3 17.200c.9.7 2.5.7 3.4 0" />
    </>
  ),
  bolt: (
    <>
      <path d="M11 2.8 4.5 11.500h4.700L8.7 17.200l6.8-9h-4.900z" />
    </>
  ),
  busy: (
    <>
      <path d="M16.8 10a6.8 6.8 0 1 1-3.3-5.8" />
      <path d="M10.5 10h-.01" />
    </>
  ),
  case: (
    <>
      <rect x="3" y="6.5" width="14" height="10" rx="2" />
      <path d="M7.5 6.500V4.500h5v2M3 11h14" />
    </>
  ),
  check: (
    <>
      <path d="m4 10.5 4 4 8-9" />
    </>
  ),
  check2: (
    <>
      <path d="m1.8 10.8 3.7 3.7 7-8.500M10 13.600l.9.9 7.3-8.5" />
    </>
  ),
  clip: (
    <>
      <path d="m15.5 9.3-5.6 5.600a3.4 3.4 0 0 1-4.8-4.800l6-6a2.3 2.3 0 0 1 3.2 3.200l-5.8 5.800a1.1 1.1 0 0 1-1.6-1.600l5.1-5.1" />
    </>
  ),
  contact: (
    <>
      <circle cx="10" cy="7" r="3.2" />
      <path d="M3.8 16.8c.7-3.2 3.1-4.8 6.2-4.8s5.5 1.6 6.2 4.8" />
    </>
  ),
  copy: (
    <>
      <rect x="7" y="7" width="9.5" height="9.5" rx="1.8" />
      <path d="M13 7V5.200c0-1-.7-1.7-1.7-1.700H5.200c-1 0-1.7.7-1.7 1.700v6.100c0 1 .7 1.7 1.7 1.700H7" />
    </>
  ),
  desk: (
    <>
      <path d="M3.5 5.5A2 2 0 0 1 5.5 3.5h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H9l-3.6 3v-3a2 2 0 0 1-1.9-2z" />
    </>
  ),
  dl: (
    <>
      <path d="M10 3.500v9M6.3 9l3.7 3.700L13.7 9M4 16.500h12" />
    </>
  ),
  down: (
    <>
      <path d="m5.5 8 4.5 4.500L14.5 8" />
    </>
  ),
  ext: (
    <>
      <path d="M11.5 3.500h5v5M16.5 3.500l-7 7M14 11.500v5H3.500V6h5" />
    </>
  ),
  eye: (
    <>
      <path d="M2.5 10C4.5 6.5 7 5 10 5s5.5 1.5 7.5 5c-2 3.5-4.5 5-7.5 5s-5.5-1.5-7.5-5z" />
      <circle cx="10" cy="10" r="2.3" />
    </>
  ),
  file: (
    <>
      <path d="M5 2.800h6.500l4 4v10.400H5z" />
      <path d="M11.5 2.800v4h4" />
    </>
  ),
  img: (
    <>
      <rect x="3" y="3.5" width="14" height="13" rx="2" />
      <circle cx="7.3" cy="7.8" r="1.3" />
      <path d="m3.5 14.5 4-3.5 3 2.5 2.5-2 3.5 3" />
    </>
  ),
  globe: (
    <>
      <circle cx="10" cy="10" r="7.2" />
      <path d="M2.8 10h14.400M10 2.800c4.4 4.3 4.4 10.1 0 14.400M10 2.800c-4.4 4.3-4.4 10.1 0 14.4" />
    </>
  ),
  mail: (
    <>
      <rect x="2.8" y="4.3" width="14.4" height="11.4" rx="2" />
      <path d="m3.4 6 6.6 5 6.6-5" />
    </>
  ),
  menu: (
    <>
      <path d="M3 6h14M3 10h14M3 14h14" />
    </>
  ),
  more: (
    <>
      <path d="M4.5 10h.01M10 10h.01M15.5 10h.01" strokeWidth="2.6" />
    </>
  ),
  next: (
    <>
      <path d="m8 5.5 4.5 4.500L8 14.5" />
    </>
  ),
  note: (
    <>
      <path d="M4 3.500h12v9l-4 4H4z" />
      <path d="M12 16.500v-4h4M7 7.500h6M7 10.500h3" />
    </>
  ),
  off: (
    <>
      <circle cx="10" cy="10" r="7.2" />
      <path d="M8.2 7.500v5M11.8 7.500v5" />
    </>
  ),
  ok: (
    <>
      <circle cx="10" cy="10" r="7.2" />
      <path d="m6.8 10.2 2.3 2.3 4.2-4.6" />
    </>
  ),
  people: (
    <>
      <circle cx="7.5" cy="7" r="2.8" />
      <path d="M2.5 16c.5-2.9 2.4-4.3 5-4.300s4.5 1.4 5 4.300M13 4.600a2.7 2.7 0 0 1 0 4.900M15 12.300c1.5.6 2.3 1.9 2.6 3.7" />
    </>
  ),
  phone: (
    <>
      <path d="M4 3.500h3l1.5 4-2 1.300a9.5 9.5 0 0 0 4.7 4.700l1.3-2 4 1.500v3c0 .6-.5 1-1 1A12.5 12.5 0 0 1 3 4.500c0-.5.4-1 1-1z" />
    </>
  ),
  plus: (
    <>
      <path d="M10 4v12M4 10h12" />
    </>
  ),
  re: (
    <>
      <path d="M16.5 8A6.8 6.8 0 0 0 4.2 6.500M3.5 3v4h4M3.5 12a6.8 6.8 0 0 0 12.3 1.500M16.5 17v-4h-4" />
    </>
  ),
  reply: (
    <>
      <path d="M8 4.5 3 9.500l5 5M3 9.500h8.500a5.5 5.5 0 0 1 5.5 5.500v1" />
    </>
  ),
  search: (
    <>
      <circle cx="9" cy="9" r="5.2" />
      <path d="m13 13 4 4" />
    </>
  ),
  send: (
    <>
      <path d="M3.3 16.7 17 10 3.3 3.300l1.7 6.700z" />
      <path d="M5 10h6" />
    </>
  ),
  sliders: (
    <>
      <path d="M3 6h7M14.5 6H17M3 14h2.500M10 14h7" />
      <circle cx="12.2" cy="6" r="2.2" />
      <circle cx="7.7" cy="14" r="2.2" />
    </>
  ),
  smile: (
    <>
      <circle cx="10" cy="10" r="7.2" />
      <path d="M7 11.800c1.5 2.2 4.5 2.2 6 0M7.5 7.800v.1M12.5 7.800v.1" />
    </>
  ),
  swap: (
    <>
      <path d="M4 7h11.500M12.5 4l3 3-3 3M16 13H4.500M7.5 10l-3 3 3 3" />
    </>
  ),
  wait: (
    <>
      <circle cx="10" cy="10" r="7.2" />
      <path d="M10 5.800V10l2.8 1.8" />
    </>
  ),
  warn: (
    <>
      <path d="M10 3 2.6 16.400h14.800z" />
      <path d="M10 8v4M10 14.200v.1" />
    </>
  ),
  x: (
    <>
      <path d="m5 5 10 10M15 5 5 15" />
    </>
  ),
  lock: (
    <>
      <rect x="4.5" y="9" width="11" height="8" rx="1.8" />
      <path d="M7 9V6.500a3 3 0 0 1 6 0V9" />
    </>
  ),
  plug: (
    <>
      <circle cx="5" cy="14.5" r="2.4" />
      <circle cx="15" cy="5.5" r="2.4" />
      <path d="M7.3 14.200c5.7-.4.5-8.2 5.4-8.6" />
    </>
  ),
} satisfies Record<string, JSX.Element>;

export type IconName = keyof typeof SHAPES;

type Props = Omit<SVGProps<SVGSVGElement>, "name"> & { name: IconName; size?: number };

// Says nothing by itself: a word stands beside it or its button has a name.
export function Icon({ name, size = 18, ...others }: Props) {
  return (
    <svg
      viewBox="0 0 20 20"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth={1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      {...others}
    >
      {SHAPES[name]}
    </svg>
  );
}
