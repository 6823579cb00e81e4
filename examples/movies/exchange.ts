// What two clients say to each other, scene by scene, with the time each thing took. Every line is printed when what it tells of has been
// seen; a scene whose end is not seen within ten seconds fails, and the demo with it.

import { type ConnectionStatus, id } from 'triplane';

import { liveValue } from './follow.ts';
import type { SwitchableConnection } from './line.ts';
import type { Database } from './load.ts';
import { dim, green, red, print, Scene, stars } from './terminal.ts';

export interface Client {
  readonly name: string;
  readonly db: Database;
  readonly connection: SwitchableConnection;
}

export async function exchange(ana: Client, bea: Client): Promise<void> {
  const alien = await runQuery(ana, bea);
  await rate(ana, bea, alien);
  await add(ana, bea);
  await tryForbiddenWrite(ana, bea);
  await meet(ana, bea);
  await goOffline(ana, bea, alien);
}

async function runQuery(ana: Client, bea: Client): Promise<string> {
  const scene = new Scene('A question: horror with more than 20,000 votes, best first, five of them, and who made them');
  const query = {
    films: {
      $: { where: { 'genre.name': 'Horror', votes: { $gt: 20_000 } }, order: { imdb: 'desc' }, limit: 5 },
      director: {},
      distributor: {},
    },
  } as const;
  let alien = '';
  for (const { name, db } of [ana, bea]) {
    scene.restart();
    const { data } = await db.queryOnce(query);
    scene.at(name, `has ${data.films.length} films`);
    if (name !== ana.name) continue;
    for (const { title, year, imdb, director, distributor } of data.films) {
      const makers = [director?.name, distributor?.name].filter((maker) => maker !== undefined).join(', ');
      scene.note(`${title.padEnd(24)} ${year}  ${imdb?.toFixed(1)}  ${dim(makers || 'makers not in the list')}`);
    }
    alien = data.films.find(({ title }) => title === 'Alien')?.id ?? '';
  }
  if (alien === '') throw new Error("'Alien' should be among them");
  return alien;
}

async function rate(ana: Client, bea: Client, filmId: string): Promise<void> {
  const query = { films: { $: { where: { id: filmId } } } };
  const here = await liveValue(ana.db, query);
  const there = await liveValue(bea.db, query);
  const scene = new Scene('A write: Ana gives Alien five stars');
  const isRated = ({ films }: { films: { stars?: number | undefined }[] }): boolean => films[0]?.stars === 5;
  const write = ana.db.transact(ana.db.tx.films[filmId]?.update({ stars: 5 }) ?? []);
  await Promise.all([
    here.until(isRated).then(() => scene.at('Ana', `sees ${stars(5)}, before the server has heard of it`)),
    there.until(isRated).then(() => scene.at('Bea', `sees ${stars(5)}`)),
    write.settled.then(() => scene.at('server', 'has confirmed it')),
  ]);
  here.stop();
  there.stop();
}

async function add(ana: Client, bea: Client): Promise<void> {
  const { db } = bea;
  const recent = { films: { $: { where: { director: { $isNull: false }, year: { $gte: 2020 } } }, director: {}, genre: {} } } as const;
  const [here, there] = [await liveValue(db, recent), await liveValue(ana.db, recent)];
  const { data } = await db.queryOnce({ genres: { $: { where: { name: 'Documentary' } } } });
  const scene = new Scene('A write with links: Bea adds a film and its director, and links the genre that is there');
  const [filmId, directorId] = [id(), id()];
  const write = db.transact(
    [
      db.tx.directors[directorId]?.create({ name: 'Agnès Varda' }) ?? [],
      db.tx.films[filmId]
        ?.create({ title: 'Varda by Agnès', year: 2021 })
        .link({ director: directorId, genre: data.genres[0]?.id ?? '' }) ?? [],
    ].flat(),
  );
  type Seen = ReturnType<typeof here.now>;
  const reported = ({ films: [film] }: Seen): string =>
    `sees ${film?.title}, by ${film?.director?.name}${film?.genre ? `, a ${film.genre.name}` : ''}`;
  await Promise.all([
    // That there is a genre of this id she knows; what it is called comes with the answer to this query.
    here.until(({ films }) => films.length === 1).then((seen) => scene.at('Bea', reported(seen))),
    here.until(({ films: [film] }) => film?.genre !== undefined).then((seen) => scene.at('Bea', reported(seen))),
    there.until(({ films }) => films.length === 1).then((seen) => scene.at('Ana', reported(seen))),
    write.settled.then(() => scene.at('server', 'has confirmed it')),
  ]);
  here.stop();
  there.stop();
}

async function tryForbiddenWrite(ana: Client, bea: Client): Promise<void> {
  const { db } = ana;
  const [here, there] = [await liveValue(db, { genres: {} }), await liveValue(bea.db, { genres: {} })];
  const before = here.now().genres.length;
  const scene = new Scene("Writes that cannot be: Ana adds a second genre called 'Drama'; then a rating that is no number");
  const seen: number[] = [];
  const stop = bea.db.subscribeQuery({ genres: {} }, ({ data: reported }) => void (reported && seen.push(reported.genres.length)));
  const write = db.transact(db.tx.genres[id()]?.create({ name: 'Drama' }) ?? []);
  await here.until(({ genres }) => genres.length === before + 1);
  scene.at('Ana', `sees ${before + 1} genres`);
  const rejection = await write.settled.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(rejection instanceof Error)) throw new Error('The server should have refused it');
  scene.at('server', red(`no: ${rejection.message}`));
  await here.until(({ genres }) => genres.length === before);
  scene.at('Ana', `sees ${before} again: it was rolled back`);
  scene.at('Bea', `has seen ${Math.max(...seen)} all along`);
  stop();
  here.stop();
  there.stop();
  scene.restart();
  try {
    await db.transact(db.tx.films[id()]?.update({ stars: 'many' as unknown as number }) ?? []);
  } catch (error) {
    scene.at('Ana', red(`is told at once: ${(error as Error).message}`));
  }
}

async function meet(ana: Client, bea: Client): Promise<void> {
  const scene = new Scene('Presence: both enter the cinema');
  const rooms = [ana, bea].map(({ name, db }) => ({
    name,
    room: db.joinRoom('cinema', 'foyer', { initialPresence: { name, colour: 'red' } }),
  }));
  await Promise.all(
    rooms.map(
      ({ name, room }) =>
        new Promise<void>((resolve) => {
          const stop = room.subscribePresence({}, ({ peers }) => {
            const others = Object.values(peers).map((peer) => peer.name);
            if (others.length === 0) return;
            scene.at(name, `is not alone: ${green(others.join(', '))} is here`);
            queueMicrotask(() => stop());
            resolve();
          });
        }),
    ),
  );
  for (const { room } of rooms) room.leaveRoom();
}

async function goOffline(ana: Client, bea: Client, filmId: string): Promise<void> {
  const query = { films: { $: { where: { id: filmId } } } };
  const [here, there] = [await liveValue(bea.db, query), await liveValue(ana.db, query)];
  const scene = new Scene('Offline: Bea loses her line and takes a star away');
  bea.connection.switch(false);
  await status(bea, 'closed');
  scene.at('Bea', 'is offline');
  const write = bea.db.transact(bea.db.tx.films[filmId]?.update({ stars: 4 }) ?? []);
  await here.until(({ films }) => films[0]?.stars === 4);
  scene.at('Bea', `sees ${stars(4)}; the write waits for a line`);
  await write.queued;
  scene.at('Ana', `still sees ${stars(there.now().films[0]?.stars ?? 0)}`);
  bea.connection.switch(true);
  await status(bea, 'authenticated');
  scene.at('Bea', 'is back');
  await Promise.all([
    there.until(({ films }) => films[0]?.stars === 4).then(() => scene.at('Ana', `sees ${stars(4)}`)),
    write.settled.then(() => scene.at('server', 'has confirmed it')),
  ]);
  here.stop();
  there.stop();
  print();
}

function status({ db }: Client, wanted: ConnectionStatus): Promise<void> {
  return new Promise((resolve) => {
    const stop = db.subscribeConnectionStatus((reported) => {
      if (reported !== wanted) return;
      stop();
      resolve();
    });
  });
}
