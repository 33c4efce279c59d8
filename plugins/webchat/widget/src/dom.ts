// Nodes are made one by one: text is only ever text.

type Child = Node | string | false | undefined;

export function el<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child): child is Node | string => child !== false && child !== undefined));
  return made;
}

const SHAPES = {
  chat: "M4 5.5h16v11H11l-4.5 3.5v-3.5H4z",
  close: "M6 6l12 12M18 6L6 18",
  down: "M6 9l6 6 6-6",
  send: "M4.5 12L20 4.5 15 20l-3.2-6.3z",
  attach: "M20 11.5l-8.2 8.2a5 5 0 0 1-7.1-7.1l8.4-8.4a3.3 3.3 0 0 1 4.7 4.7l-8.3 8.3a1.7 1.7 0 0 1-2.4-2.4l7.6-7.6",
  file: "M7 3.5h7l4 4v13H7zM14 3.5v4h4",
  clock: "M12 7.5V12l3 2M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z",
  tick: "M5 12.5l4.5 4.5L19 7.5",
  alert: "M12 8v5M12 16.2v.1M8.3 3.5h7.4l5 5v7l-5 5H8.3l-5-5v-7z",
  place: "M12 21s-6.5-6-6.5-11a6.5 6.5 0 0 1 13 0c0 5-6.5 11-6.5 11zM12 12.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z",
};

export function icon(name: keyof typeof SHAPES): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

// What may be followed from a chat; nothing for javascript:, data: and whatever else somebody may think of.
export function safeLink(url: string | undefined): string | undefined {
  try {
    const parsed = new URL(url ?? "");
    return ["http:", "https:", "mailto:", "tel:"].includes(parsed.protocol) ? parsed.href : undefined;
  } catch {
    return undefined;
  }
}

export function link(url: string, ...children: Child[]): HTMLAnchorElement {
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}

const ADDRESS = /https?:\/\/[^\s<>"«»“”]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gu;

// Text with its addresses as links; marks at the end of a sentence belong to the sentence.
export function linked(text: string): (Node | string)[] {
  const out: (Node | string)[] = [];
  let done = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const words = found[0].replace(/[.,;:!?)\]}'"]+$/u, "");
    const url = safeLink(words.includes("://") ? words : `mailto:${words}`);
    if (!url) continue;
    out.push(text.slice(done, found.index), link(url, words));
    done = found.index! + words.length;
  }
  out.push(text.slice(done));
  return out;
}

// Black or white, whichever is read better on `#rrggbb` (WCAG 2, relative luminance).
export function inkOn(colour: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000000" : "#ffffff";
}
