// The least that a page needs: a session, what the visitor says, and what comes back.
export async function open(base, onMessage) {
  const session = await (await fetch(`${base}/session`, { method: "POST" })).json();
  const events = new EventSource(`${base}/events?token=${session.token}`);
  events.onmessage = (event) => onMessage(JSON.parse(event.data));
  const say = (id, text) =>
    fetch(`${base}/in`, {
      method: "POST",
      headers: { authorization: `Bearer ${session.token}`, "content-type": "application/json" },
      body: JSON.stringify({ id, text }),
    });
  return { say, close: () => events.close() };
}
