// Every word that the widget says by itself, in the language of the visitor.

const en = {
  title: "Chat with us",
  welcome: "Hello! How can we help?",
  open: "Open chat",
  close: "Close chat",
  unread: (count: number): string => `${count} unread`,
  messages: "Messages",
  write: "Write a message…",
  send: "Send",
  attach: "Attach a file",
  drop: "Drop files here",
  name: "Name",
  email: "E-mail",
  optional: "optional",
  begin: "Start chat",
  form: "Before we start",
  needed: "Fill this in",
  emailWrong: "An e-mail address looks like ann@example.org",
  sending: "Sending",
  sent: "Sent",
  failed: "Not sent",
  retry: "Try again",
  remove: "Remove",
  offline: "No connection. What you write is kept and sent later.",
  newer: "New messages",
  you: "You",
  operator: "Operator",
  gone: "no longer available",
  opens: "opens in a new tab",
  place: "Place on the map",
  today: "Today",
  yesterday: "Yesterday",
  file: "File",
  sizes: ["B", "kB", "MB"],
  reasons: {
    files_off: "Files cannot be sent here.",
    file_empty: "The file is empty.",
    file_size: "The file is larger than {max} MB.",
    file_type: "Files of this type cannot be sent here.",
    file_content: "The file is not what its name says, or is a program.",
    file_held_back: "The file did not get through; it is probably too large. Send a smaller one.",
    file_lost: "The page was reloaded before the file was sent. Choose it again.",
    text_long: "The message is too long.",
    unknown: "The message was not accepted.",
  } as Record<string, string>,
};

const ru: typeof en = {
  title: "Напишите нам",
  welcome: "Здравствуйте! Чем можем помочь?",
  open: "Открыть чат",
  close: "Закрыть чат",
  unread: (count) => `непрочитанных: ${count}`,
  messages: "Сообщения",
  write: "Напишите сообщение…",
  send: "Отправить",
  attach: "Прикрепить файл",
  drop: "Перетащите файлы сюда",
  name: "Имя",
  email: "Электронная почта",
  optional: "не обязательно",
  begin: "Начать чат",
  form: "Прежде чем начать",
  needed: "Заполните это поле",
  emailWrong: "Адрес выглядит так: anna@example.org",
  sending: "Отправляется",
  sent: "Отправлено",
  failed: "Не отправлено",
  retry: "Повторить",
  remove: "Убрать",
  offline: "Нет связи. Написанное сохранено и уйдёт позже.",
  newer: "Новые сообщения",
  you: "Вы",
  operator: "Оператор",
  gone: "больше недоступен",
  opens: "откроется в новой вкладке",
  place: "Место на карте",
  today: "Сегодня",
  yesterday: "Вчера",
  file: "Файл",
  sizes: ["Б", "кБ", "МБ"],
  reasons: {
    files_off: "Здесь нельзя отправлять файлы.",
    file_empty: "Файл пустой.",
    file_size: "Файл больше {max} МБ.",
    file_type: "Файлы такого типа здесь нельзя отправлять.",
    file_content: "Содержимое файла не то, о котором говорит имя, или это программа.",
    file_held_back: "Файл не дошёл: скорее всего, он слишком велик. Отправьте файл поменьше.",
    file_lost: "Страницу перезагрузили раньше, чем файл ушёл. Выберите его ещё раз.",
    text_long: "Сообщение слишком длинное.",
    unknown: "Сообщение не принято.",
  },
};

export type Texts = typeof en;

// `wanted`: of the settings or the page's attribute; then the page's own, then the browser's.
export function language(wanted: string): "en" | "ru" {
  for (const each of [wanted, document.documentElement.lang, navigator.language]) {
    const short = each.slice(0, 2).toLowerCase();
    if (short === "en" || short === "ru") return short;
    if (each && each !== "page") return "en";
  }
  return "en";
}

export const texts = (of: "en" | "ru"): Texts => (of === "ru" ? ru : en);

export function reason(words: Texts, code: string, maxMb: number): string {
  return (words.reasons[code] ?? words.reasons["unknown"]!).replace("{max}", String(maxMb));
}

export function size(words: Texts, bytes: number): string {
  const step = bytes < 1000 ? 0 : bytes < 1_000_000 ? 1 : 2;
  const value = bytes / 1000 ** step;
  return `${step === 2 && value < 10 ? value.toFixed(1) : Math.round(value)} ${words.sizes[step]}`;
}

export function day(words: Texts, of: string, at: number): string {
  const start = (time: number): number => new Date(time).setHours(0, 0, 0, 0);
  const days = Math.round((start(Date.now()) - start(at)) / 86_400_000);
  if (days === 0) return words.today;
  if (days === 1) return words.yesterday;
  return new Date(at).toLocaleDateString(of, { day: "numeric", month: "long" });
}

export const time = (of: string, at: number): string => new Date(at).toLocaleTimeString(of, { hour: "numeric", minute: "2-digit" });
