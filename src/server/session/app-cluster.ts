// An app's view of the other servers that have it open: presence and broadcasts of its rooms, and messages for event streams.

import type { Clock } from '../../lib/clock.ts';
import { type ClusterMessage, receive, resumed } from '../rooms/cluster.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Relay } from '../storage/storage.ts';
import { isPushMessage, type Push, type PushMessage, PushRelay, type TakePush } from './push-relay.ts';
import type { Outgoing } from './subscriber.ts';

export interface AppClusterConfig {
  readonly appId: string;
  /** Missing if there are no other servers. */
  readonly relay: Relay | undefined;
  readonly rooms: Rooms;
  readonly clock: Clock;
  readonly uuid: () => string;
  readonly takePush: TakePush;
  readonly deliver: (outgoing: readonly Outgoing[]) => void;
  readonly roomsChanged: () => void;
}

export class AppCluster {
  readonly #config: AppClusterConfig;
  readonly #pushes: PushRelay;
  #end: () => void = () => {};

  constructor(config: AppClusterConfig) {
    this.#config = config;
    const { takePush: take, uuid, clock } = config;
    this.#pushes = new PushRelay({ send: (message) => this.send(message), take, uuid, clock });
  }

  join(): void {
    const { relay, appId, rooms, deliver, roomsChanged } = this.#config;
    if (!relay) return;
    this.#end = relay.listen(appId, {
      resumed: () => resumed(rooms).forEach((message) => this.send(message)),
      received: (from, message) => {
        if (isPushMessage(message)) return this.#pushes.received(message);
        const { outgoing, reply } = receive(from, message as ClusterMessage, rooms);
        deliver(outgoing);
        if (reply) this.send(reply);
        roomsChanged();
      },
      left: (server) => {
        rooms.forget(server);
        roomsChanged();
      },
    });
  }

  leave(): void {
    this.#end();
    this.#pushes.stop();
  }

  /** Resolves to whether another server accepted it. */
  async forwardPush(push: Push): Promise<boolean> {
    return this.#config.relay !== undefined && this.#pushes.forward(push);
  }

  /** Changes of local rooms since the last call. */
  tellChanges(): void {
    const peers = this.#config.rooms.drainClusterChanges();
    if (peers.length > 0) this.send({ is: 'changed', peers });
  }

  send(message: ClusterMessage | PushMessage): void {
    this.#config.relay?.send(this.#config.appId, message);
  }
}
