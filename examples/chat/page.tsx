// A chat on the selected backend. The components only use rooms, so they are the same for all backends.

import { type FormEvent, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createInsforgeClient } from 'triplane/insforge';
import { type BackendRoom, i, id, init, rooms } from 'triplane/react';
import { createRealtimePlatformClient } from 'triplane/realtime-platform';

interface Config {
  readonly triplane: { readonly appId: string; readonly apiURI: string; readonly websocketURI: string };
  readonly insforge: { readonly baseUrl: string; readonly anonKey: string };
  readonly platform: { readonly url: string; readonly token: string; readonly applicationId: string };
}

const config = JSON.parse(document.querySelector('#config')?.textContent ?? '') as Config;
const schema = i.schema({
  entities: {},
  rooms: {
    chat: {
      presence: i.entity({ name: i.string(), typing: i.boolean().optional() }),
      topics: { said: i.entity({ id: i.string(), name: i.string(), text: i.string() }) },
    },
  },
});

/** A backend is connected when it is first selected. */
const backends: Readonly<Record<string, () => BackendRoom>> = {
  Triplane: () => init({ ...config.triplane, schema }).room('chat', 'lobby') as unknown as BackendRoom,
  InsForge: () => createInsforgeClient(config.insforge).room('chat', 'lobby', { sharePresence: true }),
  'Realtime Platform': () =>
    createRealtimePlatformClient({ ...config.platform, sharePresence: true, presencePollMs: 1_000 }).room('chat', 'lobby'),
};
const opened = new Map<string, BackendRoom>();

function roomOf(backend: string): BackendRoom {
  const room = opened.get(backend) ?? (backends[backend] as () => BackendRoom)();
  opened.set(backend, room);
  return room;
}

interface Said {
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

function Chat({ room, name }: { readonly room: BackendRoom; readonly name: string }) {
  const [messages, setMessages] = useState<readonly Said[]>([]);
  // Some backends send a message back to its sender: the id identifies the duplicate.
  const add = (said: Said): void => setMessages((all) => (all.some(({ id }) => id === said.id) ? all : [...all, said]));
  const publish = rooms.usePublishTopic(room, 'said');
  const { peers, isLoading, error } = rooms.usePresence(room, { initialPresence: { name } });
  const { active, inputProps } = rooms.useTypingIndicator(room, 'typing');
  rooms.useTopicEffect(room, 'said', add);
  rooms.useSyncPresence(room, { name });
  const [text, setText] = useState('');
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() === '') return;
    const said = { id: id(), name, text };
    add(said);
    publish(said);
    setText('');
  };
  const names = Object.values(peers as Readonly<Record<string, { readonly name?: string }>>).map((peer) => peer.name ?? 'someone');
  return (
    <>
      <p role="status">
        {error ?? (isLoading ? 'Connecting…' : names.length === 0 ? 'Nobody else is here.' : `Here: ${names.sort().join(', ')}`)}
      </p>
      <ul aria-label="Messages">
        {messages.map((said) => (
          <li key={said.id}>
            <b>{said.name}</b> {said.text}
          </li>
        ))}
      </ul>
      <p>
        {active.length > 0
          ? `${active.map((peer) => (peer as { readonly name?: string } | undefined)?.name ?? 'someone').join(', ')} is typing…`
          : ' '}
      </p>
      <form onSubmit={send}>
        <input aria-label="Message" value={text} onChange={({ target }) => setText(target.value)} {...inputProps} autoFocus />
        <button>Send</button>
      </form>
    </>
  );
}

function App() {
  const [backend, setBackend] = useState('Triplane');
  const [name] = useState(() => new URLSearchParams(location.search).get('me') ?? `Guest ${Math.floor(Math.random() * 1000)}`);
  return (
    <>
      <h1>Chat</h1>
      <label>
        Backend{' '}
        <select value={backend} onChange={({ target }) => setBackend(target.value)}>
          {Object.keys(backends).map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <Chat key={backend} room={roomOf(backend)} name={name} />
    </>
  );
}

const root = document.querySelector('#root');
if (root) createRoot(root).render(<App />);
