// The members of a room by id: a snapshot, single changes, and the difference between the members before and after a reconnection. Pure; live-room.ts
// turns the returned changes into events.

import type { Peer, PresenceSnapshot } from './room.ts';

/** A member as a server names it. */
export interface Member {
  readonly id: string;
  readonly kind: Peer['kind'];
  readonly joinedAt?: number;
}

export interface RosterChange {
  readonly type: 'join' | 'leave';
  readonly member: Member;
}

export class Roster {
  #members = new Map<string, Member>();
  #selfId: string | undefined;

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  has(id: string): boolean {
    return this.#members.has(id);
  }

  isSelf(id: string): boolean {
    return id === this.#selfId;
  }

  get(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** Replaces all members. Changes of the caller are not reported, because an anonymous id changes with every connection. */
  replace(members: readonly Member[], selfId: string | undefined): RosterChange[] {
    const [before, selfBefore] = [this.#members, this.#selfId];
    this.#members = new Map(members.map((member) => [member.id, member]));
    this.#selfId = selfId;
    const gone = [...before.values()].filter(({ id }) => !this.#members.has(id) && id !== selfBefore);
    const come = this.members.filter(({ id }) => !before.has(id) && id !== selfId);
    return [...changes('leave', gone), ...changes('join', come)];
  }

  /** Undefined if the member is known already. */
  add(member: Member): RosterChange | undefined {
    if (this.#members.has(member.id)) return undefined;
    this.#members.set(member.id, member);
    return this.isSelf(member.id) ? undefined : { type: 'join', member };
  }

  /** Undefined if the member is not known. */
  remove(id: string): RosterChange | undefined {
    const member = this.#members.get(id);
    if (!member) return undefined;
    this.#members.delete(id);
    return this.isSelf(id) ? undefined : { type: 'leave', member };
  }

  clear(): void {
    this.#members = new Map();
    this.#selfId = undefined;
  }

  snapshot(dataOf: (id: string) => unknown): PresenceSnapshot {
    const self = this.#selfId === undefined ? undefined : this.#members.get(this.#selfId);
    const others = this.members.filter(({ id }) => !this.isSelf(id));
    return { self: self ? this.peer(self, dataOf) : null, peers: others.map((member) => this.peer(member, dataOf)) };
  }

  peer(member: Member, dataOf: (id: string) => unknown): Peer {
    const data = dataOf(member.id);
    return { ...member, self: this.isSelf(member.id), ...(data !== undefined && { data }) };
  }
}

function changes(type: RosterChange['type'], members: readonly Member[]): RosterChange[] {
  return members.map((member) => ({ type, member }));
}
