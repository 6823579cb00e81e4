// `<Cursors room={room}>`: the peers' cursors over an area of the page. Positions are part of the presence, in percent of the area, so that
// they fit other screen sizes.

/* eslint-disable @typescript-eslint/no-explicit-any -- any element can be the space, and any schema the room's */

import {
  createElement,
  type CSSProperties,
  type DetailedReactHTMLElement,
  type InputHTMLAttributes,
  type MouseEvent,
  type ReactElement,
  type ReactNode,
  type TouchEvent,
  useEffect,
  useMemo,
} from 'react';
import type { RoomSchemaShape } from 'triplane';
import { throttle } from '../lib/throttle.ts';
import { type Presence, type RoomRef, usePresence } from './room-hooks.ts';
import type { BackendRoom, InstantReactRoom } from './room.ts';

export function CursorShape({ color = 'black' }: { readonly color?: string | undefined }): ReactElement {
  const path = createElement('path', { d: 'M2 2l7 20 3-9 9-3z', fill: color, stroke: 'white', strokeWidth: 2, strokeLinejoin: 'round' });
  return createElement('svg', { width: 28, height: 28, viewBox: '0 0 24 24', 'aria-hidden': true }, path);
}

export interface CursorsProps<RoomSchema extends RoomSchemaShape, RoomType extends string & keyof RoomSchema> {
  /** Distinguishes several areas in one room. */
  spaceId?: string;
  room: InstantReactRoom<any, RoomSchema, RoomType> | BackendRoom<RoomSchema>;
  style?: CSSProperties;
  userCursorColor?: string;
  as?: any;
  className?: string;
  children?: ReactNode;
  renderCursor?: (props: { color: string; presence: RoomSchema[RoomType]['presence'] }) => ReactNode;
  propagate?: boolean;
  zIndex?: number;
}

/** Minimum interval between updates. The CSS transition interpolates between positions. */
const sendEveryMs = 50;

const overAll: CSSProperties = { position: 'absolute', top: 0, left: 0, bottom: 0, right: 0 };

/**
 * Renders an area with the cursors of all peers in a room.
 *
 * @example
 * <Cursors room={db.room('board', boardId)} userCursorColor="tomato">
 *   <Board />
 * </Cursors>
 */
export function Cursors<RoomSchema extends RoomSchemaShape, RoomType extends string & keyof RoomSchema>(
  props: CursorsProps<RoomSchema, RoomType>,
): DetailedReactHTMLElement<InputHTMLAttributes<HTMLInputElement>, HTMLInputElement> {
  const { className, style, userCursorColor: color, children, renderCursor, propagate, zIndex = 99_999 } = props;
  const room = props.room as RoomRef;
  const spaceId = props.spaceId ?? `cursors-space-default--${room.type}-${room.id}`;
  const { peers, publishPresence } = usePresence(room, { user: false, ...(!renderCursor && { keys: [spaceId] }) });
  const send = useMemo(() => throttle(publishPresence, sendEveryMs), [publishPresence]);
  useEffect(() => send.flush, [send]);

  const point = (event: MouseEvent | TouchEvent, at: { clientX: number; clientY: number }): void => {
    if (!propagate) event.stopPropagation();
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const [x, y] = [at.clientX, at.clientY];
    send({ [spaceId]: { x, y, xPercent: ((x - left) / width) * 100, yPercent: ((y - top) / height) * 100, color } });
  };
  const leave = (): void => send({ [spaceId]: undefined });
  const touch = (event: TouchEvent): void => {
    const finger = event.touches[0];
    if (finger && event.touches.length === 1) point(event, finger);
  };

  const renderPeer = ([peerId, peer]: [string, Presence]): ReactNode => {
    const cursor = peer[spaceId] as { xPercent: number; yPercent: number; color?: string } | null | undefined;
    if (!cursor) return null;
    const transform = `translate(${cursor.xPercent}%, ${cursor.yPercent}%)`;
    const content = renderCursor
      ? renderCursor({ color: cursor.color as string, presence: peer as RoomSchema[RoomType]['presence'] })
      : createElement(CursorShape, { color: cursor.color });
    return createElement(
      'div',
      { key: peerId, style: { ...overAll, transform, transformOrigin: '0 0', transition: 'transform 100ms' } },
      content,
    );
  };
  const layer: CSSProperties = { ...overAll, overflow: 'hidden', pointerEvents: 'none', userSelect: 'none', zIndex };
  return createElement<InputHTMLAttributes<HTMLInputElement>, HTMLInputElement>(
    (props.as ?? 'div') as 'input',
    {
      className,
      style: { position: 'relative', ...style },
      onMouseMove: (event) => point(event, event),
      onMouseOut: leave,
      onTouchMove: touch,
      onTouchEnd: leave,
    },
    children,
    createElement('div', { style: layer }, Object.entries(peers).map(renderPeer)),
  );
}
